"""Voxel grids."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....phantoms import Grid


def grids(*, max_side: int = 12, cubic: bool = False) -> SearchStrategy[Grid]:
    """Draw grids of odd and even, equal and unequal sides, with voxels of 0.5 to 30 nm.

    Parameters
    ----------
    max_side : int
        Most voxels along any axis.
    cubic : bool
        As many voxels along every axis.

    Notes
    -----
    Shrinks to a single voxel of 1 nm.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(grids(), lambda grid: grid.shape[0] > grid.shape[1])
    Grid(shape=(2, 1, 1), spacing_nm=1.0)
    """
    side = st.integers(1, max_side)
    sides = side.map(lambda n: (n, n, n)) if cubic else st.tuples(side, side, side)
    return st.builds(Grid, shape=sides, spacing_nm=st.floats(0.5, 30.0))
