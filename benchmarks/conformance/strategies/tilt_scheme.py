"""Tilts, and the orders in which they are taken."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....forward import TiltScheme

ORDERS = ("increasing", "decreasing", "from_zero", "dose_symmetric")


def tilts_deg(*, most_deg: float = 90.0) -> SearchStrategy[float]:
    """Draw tilts of a stage, in hundredths of a degree; shrinks to 0.

    Parameters
    ----------
    most_deg : float
        Largest modulus, degrees.
    """
    steps = round(100 * most_deg)
    # Whole degrees come first: counterexamples shrink to them, and to 90 where a right angle matters.
    whole = st.integers(-int(most_deg), int(most_deg)).map(float)
    return whole | st.integers(-steps, steps).map(lambda step: step / 100)


def tilt_lists(
    *, min_count: int = 1, max_count: int = 8, most_deg: float = 90.0
) -> SearchStrategy[list[float]]:
    """Draw increasing lists of different tilts, degrees; shrinks to [0].

    Parameters
    ----------
    min_count, max_count : int
        Fewest and most tilts.
    most_deg : float
        Largest modulus, degrees.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(tilt_lists(), lambda tilts: len(tilts) == 3)
    [-1.0, 0.0, 1.0]
    """
    tilts = tilts_deg(most_deg=most_deg)
    return st.lists(tilts, min_size=min_count, max_size=max_count, unique=True).map(sorted)


def tilt_schemes(
    *, min_count: int = 1, max_count: int = 8, most_deg: float = 90.0, spelt_out: bool = True
) -> SearchStrategy[TiltScheme]:
    """Draw tilt schemes in every named order, and in orders that are spelt out.

    Parameters
    ----------
    min_count, max_count, most_deg
        As for `tilt_lists`.
    spelt_out : bool
        Whether orders beside the named ones are drawn.

    Notes
    -----
    Shrinks to the single tilt 0°, increasing.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(tilt_schemes(), lambda scheme: scheme.acquired_deg[0] > scheme.angles_deg[0])
    TiltScheme(angles_deg=(0.0, 1.0), order='decreasing')
    """
    angles = tilt_lists(min_count=min_count, max_count=max_count, most_deg=most_deg).map(tuple)
    return angles.flatmap(lambda taken: _in_any_order(taken, spelt_out))


def _in_any_order(angles: tuple[float, ...], spelt_out: bool) -> SearchStrategy[TiltScheme]:
    orders: SearchStrategy[str | tuple[int, ...]] = st.sampled_from(ORDERS)
    if spelt_out and len(angles) > 1:
        orders |= st.permutations(range(len(angles))).map(tuple)
    return st.builds(TiltScheme, angles_deg=st.just(angles), order=orders)
