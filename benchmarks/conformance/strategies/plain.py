"""Plain values that many nouns hold: seeds, energies, fluences, metadata."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


def seeds() -> SearchStrategy[int]:
    """Draw seeds of `numpy.random.default_rng`, below 2³²; shrinks to 0."""
    return st.integers(0, 2**32 - 1)


def energies_kev() -> SearchStrategy[float]:
    """Draw X-ray energies, 0.1 to 30 keV; shrinks to 1 keV."""
    return st.floats(0.1, 30)


def fluences_e_nm2() -> SearchStrategy[float]:
    """Draw fluences, 1 to 1e9 e nm⁻²; shrinks to 1."""
    return st.floats(1, 1e9)


def json_values() -> SearchStrategy[Any]:
    """Draw what JSON can hold, nested up to six leaves, any text; shrinks to None.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(json_values(), lambda value: isinstance(value, list) and len(value) > 1)
    [None, None]
    """
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(10**9), 10**9)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text()
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )


def metadata() -> SearchStrategy[dict[str, Any]]:
    """Draw metadata of a tilt series: up to four entries of `json_values`; shrinks to none."""
    return st.dictionaries(st.text(), json_values(), max_size=4)
