"""Designs: acquisitions to be judged before they are booked."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....forward import HOLDERS, MICROSCOPES
from ....phantoms import PHANTOMS
from ....phantoms.parameters import Parameters
from ....recon import METHODS
from ...design.design import WANTED, Design
from ...design.sections import Beam, Imperfections, Instrument, Inversion, Specimen, Tilts, Wanted
from .holder import support_grids
from .imperfection import acquisition_errors, beam_damages, contaminations, probes
from .particle import particles


def tilt_plans() -> SearchStrategy[Tilts]:
    """Draw the tilts of a design: uniform, Saxton, golden ratio, symmetric about 0° or not.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(tilt_plans(), lambda tilts: tilts.scheme == "golden_ratio").count
    2
    """
    ends = st.tuples(st.integers(-90, -1), st.integers(1, 90))
    count = st.integers(2, 60)
    order = st.sampled_from(["increasing", "decreasing", "from_zero", "dose_symmetric"])
    uniform = st.builds(_tilts, ends, scheme=st.just("uniform"), count=count, order=order)
    jumping = st.builds(_tilts, ends, scheme=st.just("golden_ratio"), count=count)
    # Saxton's tilts are symmetric about 0°, which is one of them.
    symmetric = st.integers(1, 89).map(lambda reach: (-reach, reach))
    odd = st.integers(1, 30).map(lambda half: 2 * half + 1)
    saxton = st.builds(_tilts, symmetric, scheme=st.just("saxton"), count=odd, order=order)
    return st.just(Tilts()) | uniform | jumping | saxton


def inversions() -> SearchStrategy[Inversion]:
    """Draw how a design reconstructs: any method of the library and any rule for λ."""
    return st.just(Inversion()) | st.builds(
        Inversion,
        method=st.sampled_from(list(METHODS)),
        lam=st.sampled_from(["discrepancy", "noise", "cross_validation"]) | st.floats(1e-6, 1),
        gains=st.sampled_from(["model", "constant_total", "ignore"]),
        upper=st.none() | st.floats(1, 20),
        gap=st.floats(1e-6, 0.5),
        max_iterations=st.integers(1, 5000),
    )


def designs(*, perfect: bool = False) -> SearchStrategy[Design]:
    """Draw designs: specimens of the library and exact ones, any tilts, dose, instrument and solver.

    Parameters
    ----------
    perfect : bool
        Without imperfections and support grids.

    Notes
    -----
    They are for tests of designs themselves: sizes run to 96 voxels and 60 tilts, so that simulating them
    takes seconds to minutes. Nothing is simulated when one is drawn. Shrinks to the default design with
    16 voxels along every edge.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> design = smallest(designs(), lambda design: design.beam.total_fluence_e_nm2 is not None)
    >>> design.specimen.size, design.tilts.count, design.beam.total_fluence_e_nm2
    (16, 15, 1.0)
    """
    off = st.none()
    perfectly = st.just(Imperfections())
    return st.builds(
        Design,
        specimen=_specimens(),
        tilts=tilt_plans(),
        beam=_beams(),
        instrument=st.just(Instrument())
        | st.builds(
            Instrument,
            microscope=st.sampled_from(list(MICROSCOPES)),
            holder=st.sampled_from(list(HOLDERS)),
            support_grid=off if perfect else off | support_grids().filter(_in_files),
        ),
        imperfections=perfectly if perfect else perfectly | _imperfections().filter(_in_files),
        reconstruction=inversions(),
        wanted=_wanted(),
    )


def _tilts(ends: tuple[int, int], **fields: Any) -> Tilts:
    start, stop = ends
    return Tilts(start_deg=float(start), stop_deg=float(stop), **fields)


def _specimens() -> SearchStrategy[Specimen]:
    size = st.integers(8, 48).map(lambda half: 2 * half)
    view = st.floats(100, 1000)
    return (
        st.just(Specimen(size=16))
        | st.builds(Specimen, particle=st.sampled_from(list(PHANTOMS)), field_of_view_nm=view, size=size)
        | st.builds(
            Specimen,
            particle=st.none(),
            analytic=particles().filter(_in_files),
            field_of_view_nm=view,
            size=size,
        )
    )


def _beams() -> SearchStrategy[Beam]:
    current, pixel = st.floats(0.01, 10), st.floats(0.5, 20)
    return st.one_of(
        st.just(Beam()),
        st.builds(Beam, current_na=current, pixel_nm=pixel, dwell_s=st.none() | st.floats(1e-6, 10)),
        st.builds(Beam, current_na=current, pixel_nm=pixel, total_fluence_e_nm2=st.floats(1, 1e11)),
    )


def _imperfections() -> SearchStrategy[Imperfections]:
    off = st.none()
    return st.builds(
        Imperfections,
        absorption=st.booleans(),
        probe=off | probes(),
        errors=off | acquisition_errors(),
        damage=off | beam_damages(),
        contamination=off | contaminations(),
    )


def _wanted() -> SearchStrategy[Wanted]:
    names = [name for name in Wanted.model_fields if name not in ("mixing_state", "cross_section_bias")]
    some = st.dictionaries(st.sampled_from(names), st.floats(1e-3, 10), min_size=1, max_size=3)
    return st.just(WANTED) | some.map(lambda fields: Wanted(**fields))


def _in_files(noun: Parameters) -> bool:
    """Whether files of designs take all its numbers: 0, or 1e-30 to 1e30 in size."""
    return all(_taken(value) for value in noun.model_dump().values())


def _taken(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_taken(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(_taken(item) for item in value)
    return not isinstance(value, float) or value == 0 or 1e-30 <= abs(value) <= 1e30
