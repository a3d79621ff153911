"""Microscopes."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....forward import MICROSCOPES, Microscope
from .detector import adf_detectors, eds_detectors

_LINES = ("Co_Ka", "Co_Kb", "Zn_Ka", "Zn_Kb")


def microscopes() -> SearchStrategy[Microscope]:
    """Draw the microscopes of the library, then others with the four K lines of cobalt and zinc.

    Notes
    -----
    Drawn ones have 60 to 300 kV, cross-sections of 0.01 to 10 barn and any detectors. Shrinks to the
    first of the library.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(microscopes(), lambda microscope: True).name
    'osiris'
    >>> smallest(microscopes(), lambda microscope: microscope.name == "drawn").accelerating_voltage_kv
    60.0
    """
    drawn = st.builds(
        Microscope,
        name=st.just("drawn"),
        accelerating_voltage_kv=st.floats(60, 300),
        cross_section_barn=st.fixed_dictionaries({line: st.floats(0.01, 10) for line in _LINES}),
        convergence_mrad=st.floats(0, 40),
        eds=eds_detectors(),
        adf=adf_detectors(),
    )
    return st.sampled_from(list(MICROSCOPES.values())) | drawn
