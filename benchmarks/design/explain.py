"""What a design means before anything is simulated: dose, damage, time, counts, shadowing, missing wedge."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...forward import LINES as XRAY_LINES
from ...forward import TiltSeries, absorbed_dose_mgy, dose_table, expected_counts, history_of
from ...phantoms import Phantom
from .angular_sampling import AngularSampling, angular_sampling
from .damage_limits import compared
from .design import LINES, Design
from .explain_notes import notes_on
from .trial_cost import TrialCost, trial_cost

# Enough voxels along an edge to tell counts and sizes within a few per cent.
_ENOUGH = 32
# A pixel sees an element where it counts more than this part of the fullest pixel.
_SEEN = 0.1


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A design in numbers.

    Attributes
    ----------
    title, key : str
        Of the design.
    dose : dict
        ``fluence_e_nm2`` of a tilt, ``total_fluence_e_nm2``, ``electrons_per_scan_pixel``, ``dwell_s``
        per scan pixel, ``current_na``, and ``absorbed_mgy`` by material.
    limits : list of dict
        The series beside published fluences; see `damage_limits.compared`.
    modelled_damage : dict
        Linear scale and share of each element left after the first and the last tilt, where the design
        has damage; empty otherwise.
    time : dict
        ``minutes`` of the series, ``beam_minutes`` of it with the beam on the specimen, and
        ``calibration_minutes`` for the standards where they are measured.
    particle : dict
        Of one draw: ``diameter_nm`` across the tilt axis, ``thickness_nm`` along the beam at 0°,
        ``volume_nm3``, ``mixing_state``, ``metal_nm3`` (atoms per nm³ by element where there are any).
    counts : list of dict
        For each line: counts expected in a pixel of the reconstruction and in one of the scan at the
        tilt nearest 0°, in the fullest pixel and on average over those that see the element, and the
        average over the series at the best and the worst tilt.
    tilts : list of dict
        One row for each tilt in the order of acquisition: angle, fluence and absorbed dose after it,
        gain of each line relative to 0°, mean counts of each line.
    share_seen_at_0_deg : float
        Share of the detectors' solid angle that holder and grid leave at 0°.
    sampling : AngularSampling
        Missing wedge, elongation, Crowther's resolution.
    cost : TrialCost
        Estimated time and memory of one replicate.
    notes : tuple of str
        What deserves attention, in plain words.
    """

    title: str
    key: str
    dose: dict[str, Any]
    limits: list[dict[str, Any]]
    modelled_damage: dict[str, Any]
    time: dict[str, float]
    particle: dict[str, Any]
    counts: list[dict[str, Any]]
    tilts: list[dict[str, Any]]
    share_seen_at_0_deg: float
    sampling: AngularSampling
    cost: TrialCost
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {**asdict(self), "notes": list(self.notes)}


def explain(design: Design, *, seed: int = 0) -> Explanation:
    """Say what a design means for the specimen, the microscope and the reconstruction.

    Parameters
    ----------
    design : Design
    seed : int, optional
        Of the particle that is looked at: that of replicate 0 under this seed.

    Returns
    -------
    Explanation

    Raises
    ------
    ValueError
        When the design cannot be simulated.

    Notes
    -----
    Fluence counts electrons across the beam per area of the image. Absorbed dose is fluence times
    Bethe's stopping power, an upper bound in a thin particle (`absorbed_dose_mgy`). Counts are the
    expectations that a replicate draws from, on a coarser grid, without errors of position and current.

    Examples
    --------
    >>> found = explain(Design(specimen={"size": 32}))
    >>> f"{found.dose['total_fluence_e_nm2']:.2g} e/nm2, {found.time['minutes']:.0f} min"
    '7.5e+08 e/nm2, 468 min'
    >>> found.sampling.missing_wedge_deg
    40.0
    """
    specimen = design.specimen
    coarse = design.replace(specimen=specimen.replace(size=min(specimen.size, _ENOUGH)))
    phantom, series, history = _taken(coarse, seed)
    # Counts of a pixel of the design's own size, from those of the coarser one.
    area = (specimen.spacing_nm / coarse.specimen.spacing_nm) ** 2
    particle = _particle(phantom)
    sampling = angular_sampling(
        design.tilts.tilt_scheme,
        diameter_nm=particle["diameter_nm"],
        spacing_nm=specimen.spacing_nm,
    )
    rows, counts = _rows(design, phantom, series, area)
    damage = _modelled_damage(design, history)
    facts = Explanation(
        title=design.title,
        key=design.key,
        dose=_dose(design, phantom),
        limits=compared(design.total_fluence_e_nm2, design.fluence_e_nm2),
        modelled_damage=damage,
        time=_time(design),
        particle=particle,
        counts=counts,
        tilts=rows,
        share_seen_at_0_deg=_share_seen(design),
        sampling=sampling,
        cost=trial_cost(design),
    )
    return Explanation(**{**facts.__dict__, "notes": notes_on(design, facts)})


def _taken(design: Design, seed: int) -> tuple[Phantom, TiltSeries, Any]:
    """The particle, its expected series, and what happened to it, without random errors."""
    from .trial import draw_truth

    phantom = draw_truth(design.specimen, replicate=0, seed=seed)
    acquisition = design.acquisition.replace(errors=None)
    history = history_of(phantom, acquisition)
    return phantom, expected_counts(phantom, acquisition, history=history), history


def _particle(phantom: Phantom) -> dict[str, Any]:
    spacing = phantom.grid.spacing_nm
    inside = phantom.fill > 0.5
    metals = {
        element: float(phantom.density(element)[phantom.density(element) > 0].max(initial=0.0))
        for element in ("Co", "Zn")
        if phantom.density(element).any()
    }
    truth = phantom.particle
    return {
        "diameter_nm": _diameter(np.asarray(inside.any(axis=2))) * spacing,
        "thickness_nm": float(phantom.fill.sum(axis=0).max()) * spacing,
        "volume_nm3": phantom.volume_nm3,
        "mixing_state": None if truth is None else truth.mixing_state,
        "metal_nm3": metals,
    }


def _diameter(mask: np.ndarray) -> float:
    """Largest width of a (z, y) silhouette in any direction, pixels."""
    points = np.argwhere(mask)
    directions = np.deg2rad(np.arange(0, 180, 3))
    along = points @ np.stack([np.cos(directions), np.sin(directions)])
    return float(np.ptp(along, axis=0).max()) + 1.0 if len(points) else 0.0


def _dose(design: Design, phantom: Phantom) -> dict[str, Any]:
    voltage = design.acquisition.microscope.accelerating_voltage_kv
    materials = () if phantom.particle is None else phantom.particle.mixing.materials
    absorbed = {
        name: float(absorbed_dose_mgy(design.total_fluence_e_nm2, name, voltage_kv=voltage))
        for name in materials
    }
    return {
        "current_na": design.beam.current_na,
        "dwell_s": design.dwell_s,
        "scan_pixel_nm": design.beam.pixel_nm,
        "electrons_per_scan_pixel": design.fluence_e_nm2 * design.beam.pixel_nm**2,
        "voltage_kv": voltage,
        "fluence_e_nm2": design.fluence_e_nm2,
        "total_fluence_e_nm2": design.total_fluence_e_nm2,
        "absorbed_mgy": absorbed,
    }


def _modelled_damage(design: Design, history: Any) -> dict[str, Any]:
    """What the design's own damage does by the end of the first and of the last tilt."""
    damage = design.imperfections.damage
    if damage is None:
        return {}
    order = design.tilts.tilt_scheme.acquisition_order
    seen = [float(history.fluence_before_e_nm2[i] + history.fluence_e_nm2[i]) for i in (order[0], order[-1])]
    first, last = (
        {
            "linear_scale": float(damage.scale(fluence)),
            "mass_left": {element: float(damage.mass_left(element, fluence)) for element in damage.mass_loss},
        }
        for fluence in seen
    )
    return {"after_first_tilt": first, "after_last_tilt": last}


def _time(design: Design) -> dict[str, float]:
    tilts = design.tilts.tilt_scheme.count
    pixels = (design.specimen.field_of_view_nm / design.beam.pixel_nm) ** 2
    found = {"minutes": design.minutes, "beam_minutes": tilts * pixels * design.dwell_s / 60.0}
    if design.calibrates:
        from ..experiment import STANDARDS, STANDARDS_EACH

        plan, beam = design.calibration, design.beam
        each = plan.adf_tilts * (pixels * beam.adf_dwell_s + beam.overhead_s) + pixels * design.dwell_s
        found["calibration_minutes"] = len(STANDARDS) * STANDARDS_EACH * each / 60.0
    return found


def _rows(
    design: Design, phantom: Phantom, series: TiltSeries, area: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the tilts in the order of acquisition, and of the lines."""
    acquisition = design.acquisition
    materials = () if phantom.particle is None else phantom.particle.mixing.materials
    spacing = design.specimen.spacing_nm
    table = dose_table(acquisition, pixel_nm=spacing, formula=materials[0] if materials else None)
    angles = np.array(design.tilts.tilt_scheme.angles_deg)
    zero = int(np.argmin(np.abs(angles)))
    scan = (design.beam.pixel_nm / spacing) ** 2
    per_line, counts = {}, []
    for line in LINES:
        images = np.asarray(series.channel(line).data, np.float64) * area
        gain = acquisition.relative_gain(angles, XRAY_LINES[line].energy_kev, separate=False)
        means = np.array([_mean_seen(image) for image in images])
        per_line[line] = (np.ravel(gain), means)
        full = float(images[zero].max())
        counts.append(
            {
                "line": line,
                "tilt_deg": float(angles[zero]),
                "fullest_pixel": full,
                "mean_pixel": float(means[zero]),
                "fullest_scan_pixel": full * scan,
                "mean_scan_pixel": float(means[zero]) * scan,
                "mean_at_best_tilt": float(means.max()),
                "mean_at_worst_tilt": float(means.min()),
            }
        )
    rows = []
    for tilt in table.index:
        row = {
            "tilt_deg": float(angles[tilt]),
            "fluence_after_e_nm2": float(table.loc[tilt, "after_e_nm2"]),
            "dose_after_mgy": float(table.loc[tilt, "dose_after_mgy"]) if materials else None,
        }
        row |= {f"gain_{line}": float(per_line[line][0][tilt]) for line in LINES}
        row |= {f"mean_counts_{line}": float(per_line[line][1][tilt]) for line in LINES}
        rows.append(row)
    return rows, counts


def _mean_seen(image: np.ndarray) -> float:
    """Mean over the pixels that see the element."""
    seen = image > _SEEN * image.max()
    return float(image[seen].mean()) if seen.any() else 0.0


def _share_seen(design: Design) -> float:
    acquisition = design.acquisition
    eds = acquisition.microscope.eds
    gains = eds.gains(
        [0.0],
        holder=acquisition.holder,
        support_grid=acquisition.turned_grid,
        energy_kev=XRAY_LINES[LINES[0]].energy_kev,
    )[:, 0]
    share = float(eds.solid_angles_sr @ gains / eds.solid_angle_sr)
    return share if math.isfinite(share) else 0.0
