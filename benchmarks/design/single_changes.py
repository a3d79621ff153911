"""Changes of one thing at a time that might mend a design, from free ones to costly ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .design import Design

METHODS_TO_TRY = ("tv2", "tv", "tgv2")
DOSES = (2.0, 4.0, 10.0)
MORE_TILTS = (1.5, 2.0, 3.0)
RANGES_DEG = (75.0, 80.0)
MOST_TILTS = 181


@dataclass(frozen=True)
class Change:
    """One change of a design.

    Attributes
    ----------
    label : str
        For readers.
    fields : dict
        Dotted field to its new value, as for `Design.with_fields`.
    """

    label: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Ladder:
    """Changes of one kind, each more than the one before, of which the first that helps is wanted.

    Attributes
    ----------
    kind : str
        "solver", "holder", "calibration", "tilts", "range", or "dose".
    rungs : tuple of Change
    """

    kind: str
    rungs: tuple[Change, ...]


def single_changes(design: "Design", missed: set[str]) -> tuple[Ladder, ...]:
    """Changes that are worth a try, cheap kinds first.

    Parameters
    ----------
    design : Design
    missed : set of str
        Wanted precisions that it does not reach. Cross-sections come from standards, which neither tilts
        nor solver of the particle's series concern.

    Returns
    -------
    tuple of Ladder
        Only what differs from the design.

    Examples
    --------
    >>> from glasstomo.benchmarks.design.design import Design
    >>> ladders = single_changes(Design(), {"density_2sigma"})
    >>> [ladder.kind for ladder in ladders if len(ladder.rungs) > 1]
    ['tilts', 'range', 'tilts', 'dose']
    >>> ladders[-1].rungs[0].fields
    {'beam.dwell_s': 0.4}
    """
    ladders: list[Ladder] = []
    standards = {name for name in missed if name.startswith("cross_section_bias")}
    if missed - standards:
        ladders += [Ladder("solver", (change,)) for change in _solvers(design)]
        ladders += [Ladder("holder", (change,)) for change in _holders(design)]
    if standards or design.calibration.cross_sections == "measured":
        ladders += _standards(design)
    if missed - standards and design.tilts.angles_deg is None:
        ladders += [
            Ladder("tilts", tuple(_tilts(design, same_total=True))),
            Ladder("range", tuple(_ranges(design))),
            Ladder("tilts", tuple(_tilts(design, same_total=False))),
        ]
    ladders.append(Ladder("dose", tuple(_doses(design))))
    return tuple(ladder for ladder in ladders if ladder.rungs)


def _solvers(design: "Design") -> Iterator[Change]:
    now = design.reconstruction
    if now.gains != "model":
        yield Change("model the shadowing", {"reconstruction.gains": "model"})
    for method in METHODS_TO_TRY:
        if method != now.method:
            yield Change(f"reconstruct by {method}", {"reconstruction.method": method})
    rule = "cross_validation" if now.lam == "discrepancy" else "discrepancy"
    yield Change(f"lambda by {rule.replace('_', '-')}", {"reconstruction.lam": rule})
    if now.data_term != "kullback_leibler":
        yield Change("Poisson data term", {"reconstruction.data_term": "kullback_leibler"})


def _holders(design: "Design") -> Iterator[Change]:
    from ...forward import HOLDERS

    for name in HOLDERS:
        # No holder at all is not to be had.
        if name not in ("none", design.instrument.holder):
            yield Change(f"holder {name}", {"instrument.holder": name})


def _standards(design: "Design") -> Iterator[Ladder]:
    plan = design.calibration
    tilts = tuple(min(round(plan.adf_tilts * factor), 361) for factor in (2, 4))
    yield Ladder(
        "calibration",
        tuple(
            Change(f"{count} ADF tilts of each standard", {"calibration.adf_tilts": count})
            for count in dict.fromkeys(tilts)
            if count > plan.adf_tilts
        ),
    )
    wider = tuple(reach for reach in RANGES_DEG if reach > plan.adf_range_deg)
    yield Ladder(
        "calibration",
        tuple(
            Change(f"ADF tilts of the standards to ±{reach:g}°", {"calibration.adf_range_deg": reach})
            for reach in wider
        ),
    )
    yield Ladder(
        "calibration",
        tuple(
            Change(f"{factor:g} × the ADF dwell", {"beam.adf_dwell_s": factor * design.beam.adf_dwell_s})
            for factor in (4.0, 16.0)
        ),
    )


def _tilts(design: "Design", *, same_total: bool) -> Iterator[Change]:
    count = design.tilts.count
    wanted = dict.fromkeys(min(round(count * factor), MOST_TILTS) for factor in MORE_TILTS)
    for more in (number for number in wanted if number > count):
        dose = _fluence(design, 1.0 if same_total else more / count, more / count)
        words = "the same total dose" if same_total else "the same dose in each"
        yield Change(f"{more} tilts at {words}", {"tilts.count": more, **dose})


def _ranges(design: "Design") -> Iterator[Change]:
    start, stop = design.tilts.start_deg, design.tilts.stop_deg
    for reach in RANGES_DEG:
        low, high = min(start, -reach), max(stop, reach)
        if (low, high) != (start, stop):
            yield Change(
                f"tilts from {low:g}° to {high:g}°", {"tilts.start_deg": low, "tilts.stop_deg": high}
            )


def _doses(design: "Design") -> Iterator[Change]:
    for factor in DOSES:
        yield Change(f"{factor:g} × the dose", _fluence(design, factor, 1.0))


def _fluence(design: "Design", total: float, tilts: float) -> dict[str, float]:
    """Fields that multiply the dose of a design whose number of tilts is multiplied as well."""
    if design.beam.total_fluence_e_nm2 is not None:
        return {} if total == 1.0 else {"beam.total_fluence_e_nm2": total * design.total_fluence_e_nm2}
    return {} if total == tilts else {"beam.dwell_s": design.dwell_s * total / tilts}
