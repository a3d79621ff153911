"""Mixing rules: what the parts of a particle are made of and how they grade into each other."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....phantoms import FluxMelted, Interdiffused, Pure, Segregated
from .body import lengths_nm
from .material import phases


def pure_rules() -> SearchStrategy[Pure]:
    """Draw one phase throughout."""
    return st.builds(Pure, phase=phases("one"))


def segregated_rules(*, sharp: bool = False) -> SearchStrategy[Segregated]:
    """Draw two phases side by side, with interfaces of 0 to 40 nm.

    Parameters
    ----------
    sharp : bool
        Interfaces of no width only.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(segregated_rules(), lambda rule: rule.width_nm > 2).width_nm
    3.0
    """
    width = st.just(0.0) if sharp else st.just(0.0) | st.floats(0.1, 40.0)
    return st.builds(Segregated, first=phases("one"), second=phases("two"), width_nm=width)


def interdiffused_rules() -> SearchStrategy[Interdiffused]:
    """Draw two phases that diffused into each other over 1 to 60 nm."""
    return st.builds(
        Interdiffused,
        first=phases("one"),
        second=phases("two"),
        diffusion_length_nm=st.floats(1.0, 60.0),
    )


def flux_melted_rules() -> SearchStrategy[FluxMelted]:
    """Draw the flux-melted glass with diffusion lengths of 5 to 60 nm on either side."""
    return st.builds(FluxMelted, co_rich_length_nm=lengths_nm(), zn_rich_length_nm=lengths_nm())


def graded_rules() -> SearchStrategy[Segregated | Interdiffused | FluxMelted]:
    """Draw every rule that may grade with the distance to the interface.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(graded_rules(), lambda rule: rule.kind == "interdiffused").diffusion_length_nm
    1.0
    """
    return st.one_of(segregated_rules(), interdiffused_rules(), flux_melted_rules())
