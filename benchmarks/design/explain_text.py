"""An explanation for readers: a few lines and tables on a terminal."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .explain import Explanation

Row = dict[str, object]


def number(value: float, digits: int = 3) -> str:
    """Write a number with so many significant digits, powers of ten as in a design file.

    Examples
    --------
    >>> number(1477.4), number(748981088.9, 2), number(0.000012), number(713.0)
    ('1480', '7.5e8', '1.2e-5', '713')
    """
    if value == 0 or 1e-3 <= abs(value) < 10**5:
        rounded = float(f"{value:.{digits}g}")
        return f"{rounded:.0f}" if abs(rounded) >= 10 ** (digits - 1) else f"{rounded:g}"
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    return f"{float(mantissa):g}e{int(power)}"


def headline(found: "Explanation") -> list[str]:
    """The design in a few lines.

    Returns
    -------
    list of str
    """
    dose, time, sampling, particle = found.dose, found.time, found.sampling, found.particle
    metals = ", ".join(f"{density:.2g} {element} nm⁻³" for element, density in particle["metal_nm3"].items())
    step = "" if sampling.widest_gap_deg is None else f", widest step {sampling.widest_gap_deg:.3g}°"
    lines = [
        f"Particle    {particle['mixing_state'] or 'unknown'}, {particle['diameter_nm']:.0f} nm across, "
        f"{particle['thickness_nm']:.0f} nm thick at 0°, {metals or 'no metal'}",
        f"Tilts       {len(found.tilts)} from {sampling.low_deg:g}° to {sampling.high_deg:g}°{step}; "
        f"missing wedge {sampling.missing_wedge_deg:.3g}°{_elongation(sampling.elongation)}",
        f"Dose        {number(dose['current_na'])} nA × {_seconds(dose['dwell_s'])} per scan pixel of "
        f"{dose['scan_pixel_nm']:g} nm = {number(dose['fluence_e_nm2'], 2)} e nm⁻² a tilt, "
        f"{number(dose['total_fluence_e_nm2'], 2)} in all",
    ]
    if dose["absorbed_mgy"]:
        most = max(dose["absorbed_mgy"].values())
        lines.append(f"Absorbed    up to {number(most, 2)} MGy at {dose['voltage_kv']:g} kV")
    lines.append(
        f"Time        {_hours(time['minutes'])} at the microscope, {_hours(time['beam_minutes'])} of it beam"
        + (f"; standards {_hours(time['calibration_minutes'])}" if "calibration_minutes" in time else "")
    )
    lines.append(f"Detectors   {found.share_seen_at_0_deg:.0%} of the solid angle sees the particle at 0°")
    cost = found.cost
    seconds = "" if cost.seconds is None else f"about {cost.seconds:.2g} s on one core, "
    lines.append(f"Replicate   {seconds}{cost.memory_mb:.0f} MB of memory")
    return lines


def tables(found: "Explanation") -> list[tuple[str, list[Row]]]:
    """The tables of an explanation, each with its heading.

    Returns
    -------
    list of tuple of str and list of dict
    """
    counts: list[Row] = [
        {
            "line": row["line"],
            "fullest pixel": number(row["fullest_pixel"]),
            "mean pixel": number(row["mean_pixel"]),
            "mean scan pixel": number(row["mean_scan_pixel"]),
            "worst tilt": number(row["mean_at_worst_tilt"]),
            "best tilt": number(row["mean_at_best_tilt"]),
        }
        for row in found.counts
    ]
    limits: list[Row] = [
        {
            "material": row["material"],
            "fluence (e/nm²)": number(row["fluence_e_nm2"], 2),
            "series is": f"{number(row['times'], 2)} ×",
            "in tilt": row["reached_in_tilt"],
            "what happens there": row["effect"],
            "doi": row["doi"],
        }
        for row in found.limits
    ]
    return [
        (f"Counts expected at {found.counts[0]['tilt_deg']:g}°, in pixels of the reconstruction", counts),
        ("Fluence beside published ones (crystals, for want of measured glasses)", limits),
        ("Tilts in the order of acquisition", [_tilt_row(row) for row in found.tilts]),
    ]


def _tilt_row(row: dict[str, Any]) -> Row:
    lines = [key.removeprefix("gain_") for key in row if key.startswith("gain_")]
    gains = {row[f"gain_{line}"] for line in lines}
    # Hard lines pass a holder alike; two equal columns would only take room.
    gain: Row = (
        {"gain": f"{row[f'gain_{lines[0]}']:.2f}"}
        if max(gains) - min(gains) < 5e-4
        else {f"gain {line}": f"{row[f'gain_{line}']:.2f}" for line in lines}
    )
    dose = row["dose_after_mgy"]
    return {
        "tilt (°)": f"{row['tilt_deg']:.1f}",
        "fluence after (e/nm²)": number(row["fluence_after_e_nm2"], 2),
        "dose after (MGy)": None if dose is None else number(dose, 2),
        **gain,
        **{f"counts {line}": f"{row[f'mean_counts_{line}']:.3g}" for line in lines},
    }


def _elongation(factor: float | None) -> str:
    return "" if factor is None else f" (a linear method stretches along the beam by {factor:.2f})"


def _seconds(value: float) -> str:
    """Write a time with the prefix that keeps it short.

    Examples
    --------
    >>> _seconds(0.2), _seconds(2e-5), _seconds(0.0004)
    ('0.2 s', '20 µs', '0.4 ms')
    """
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= 0.1 * factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def _hours(minutes: float) -> str:
    return f"{minutes:.3g} min" if minutes < 120 else f"{minutes / 60:.3g} h"
