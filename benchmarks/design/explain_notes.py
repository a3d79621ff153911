"""What deserves attention in a design, in plain words."""

from typing import TYPE_CHECKING

from .damage_limits import DAMAGE_LIMITS
from .design import LINES, Design

if TYPE_CHECKING:
    from .explain import Explanation

# Below this many counts Gaussian weights, which are read off the data, begin to bias densities.
_FEW_COUNTS = 10.0
# Below this share of the best tilt's gain a tilt tells little.
_DARK = 0.6
# Below this share of the detectors, cross-sections calibrated in the open would be far off.
_HIDDEN = 0.9
# Sums beyond which a session does not fit a working day.
_DAY_MINUTES = 8 * 60


def notes_on(design: Design, facts: "Explanation") -> tuple[str, ...]:
    """Return what a colleague would point at before the microscope is booked.

    Parameters
    ----------
    design : Design
    facts : Explanation
        Its numbers, without notes.

    Returns
    -------
    tuple of str
        One sentence or two each.
    """
    found = (
        *_damage(design, facts),
        *_time(design, facts),
        *_counts(design, facts),
        *_shadow(design, facts),
        *_sampling(design, facts),
        *_method(design),
    )
    return tuple(found)


def _damage(design: Design, facts: "Explanation") -> list[str]:
    total, first = design.total_fluence_e_nm2, design.fluence_e_nm2
    zif = next(limit for limit in DAMAGE_LIMITS if limit.material == "ZIF-8")
    knock_on = max(DAMAGE_LIMITS, key=lambda limit: limit.fluence_e_nm2)
    notes = []
    if first > zif.fluence_e_nm2:
        notes.append(
            f"The first tilt alone gives {first / zif.fluence_e_nm2:.2g} times the fluence at which ZIF-8 "
            "loses its crystallinity: whatever radiolysis does fast is done within it. What matters for a "
            "map of metals is what still changes between tilts (contraction, loss of mass)."
        )
    elif total > zif.fluence_e_nm2:
        notes.append(
            f"The fluence at which ZIF-8 loses its crystallinity is reached during the series, "
            f"{total / zif.fluence_e_nm2:.2g} times in all: expect the specimen to change between tilts."
        )
    if total > zif.fluence_e_nm2 and design.imperfections.damage is None:
        notes.append(
            "No damage is modelled. Images at 0 degrees before and after a series give contraction and loss "
            "of mass for [imperfections.damage]."
        )
    if total > knock_on.fluence_e_nm2:
        notes.append(
            "The series passes the 1000 C cm⁻² beyond which knock-on displacement counts even in conducting "
            "inorganic solids."
        )
    for when, state in facts.modelled_damage.items():
        if when == "after_last_tilt" and state["linear_scale"] < 0.99:
            notes.append(
                f"The modelled damage shrinks the particle to {state['linear_scale']:.3f} of its length, "
                f"which raises number densities by a factor {state['linear_scale'] ** -3:.2f}."
            )
    return notes


def _time(design: Design, facts: "Explanation") -> list[str]:
    minutes = facts.time["minutes"] + facts.time.get("calibration_minutes", 0.0)
    if minutes <= _DAY_MINUTES:
        return []
    return [
        f"The series takes {minutes / 60:.1f} h at the microscope, more than a working day; fewer pixels "
        "(beam.pixel_nm), more current or a shorter dwell shorten it."
    ]


def _counts(design: Design, facts: "Explanation") -> list[str]:
    seen = [row for row in facts.counts if row["fullest_pixel"] > 0]
    poor = [row for row in seen if row["mean_pixel"] < _FEW_COUNTS]
    if poor and design.reconstruction.data_term == "least_squares":
        least = min(poor, key=lambda row: row["mean_pixel"])
        return [
            f"{least['line']} counts {least['mean_pixel']:.2g} photons in a mean pixel: "
            'reconstruction.data_term = "kullback_leibler" has no bias at so few.'
        ]
    return []


def _shadow(design: Design, facts: "Explanation") -> list[str]:
    gains = {row["tilt_deg"]: min(row[f"gain_{line}"] for line in LINES) for row in facts.tilts}
    spread = max(gains.values()) / max(min(gains.values()), 1e-9)
    notes = []
    dark = [tilt for tilt, gain in gains.items() if gain < _DARK * max(gains.values())]
    if dark:
        notes.append(
            f"At {len(dark)} of {len(gains)} tilts the detectors see less than {_DARK:.0%} of what they see "
            f"at the best one: holder and grid hide them (nearest 0: {min(dark, key=abs):g} degrees)."
        )
    if facts.share_seen_at_0_deg < _HIDDEN:
        notes.append(
            f"At 0 degrees holder and grid leave {facts.share_seen_at_0_deg:.0%} of the solid angle. Counts "
            "are relative to cross-sections calibrated with the same holder and grid."
        )
    if design.reconstruction.gains == "ignore" and spread > 1.05:
        notes.append(
            f"The gain of the detectors changes by a factor {spread:.2g} over the tilts and "
            'reconstruction.gains = "ignore" leaves that out.'
        )
    return notes


def _sampling(design: Design, facts: "Explanation") -> list[str]:
    sampling = facts.sampling
    if sampling.crowther_nm is None:
        return ["A single tilt is no tomography: nothing is known along the beam."]
    if sampling.crowther_nm <= sampling.nyquist_nm:
        return []
    return [
        f"A linear reconstruction of these {len(facts.tilts)} tilts would resolve "
        f"{sampling.crowther_nm:.0f} nm (Crowther); {sampling.crowther_tilts} tilts would reach the "
        f"{sampling.nyquist_nm:.0f} nm of the grid. Total variation needs fewer where the particle is made "
        "of even regions: design check tells."
    ]


def _method(design: Design) -> list[str]:
    if design.reconstruction.lam == "oracle":
        return ['reconstruction.lam = "oracle" looks at the truth: no experiment can do as well.']
    return []
