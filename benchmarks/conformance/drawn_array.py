"""Arrays that are small to write down: a few entries, or a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# Values that floats of any precision hold exactly come first: counterexamples shrink to them.
_PLAIN = (1.0, -1.0, 2.0, 0.5, 3.0)


@dataclass(frozen=True)
class DrawnArray:
    """An array given by a few entries, or by the seed of normal noise.

    Parameters
    ----------
    shape : tuple of int
        Its shape.
    entries : tuple of (int, float)
        Flat index and value; all others are zero. Values at one index are added.
    seed : int, optional
        Where given, ``numpy.random.default_rng(seed).standard_normal(shape)`` is added to the entries.
    floor : float, optional
        Where given, values below it are reflected at it: a floor of 0 takes absolute values.

    Examples
    --------
    >>> DrawnArray((2, 3), ((4, 1.0),)).array()
    array([[0., 0., 0.],
           [0., 1., 0.]])
    >>> bool(DrawnArray((50,), seed=1, floor=0.0).array().min() >= 0)
    True
    """

    shape: tuple[int, ...]
    entries: tuple[tuple[int, float], ...] = ()
    seed: int | None = None
    floor: float | None = None

    def array(self, dtype: str | np.dtype = "float64") -> np.ndarray:
        """Return the array, C-contiguous."""
        values = np.zeros(self.shape)
        if self.seed is not None:
            values += np.random.default_rng(self.seed).standard_normal(self.shape)
        for index, value in self.entries:
            values.reshape(-1)[index] += value
        if self.floor is not None:
            values = self.floor + np.abs(values - self.floor)
        return np.ascontiguousarray(values, dtype)


def arrays(
    shape: Sequence[int], *, floor: float | None = None, entries: int = 4
) -> "SearchStrategy[DrawnArray]":
    """Hypothesis strategy of `DrawnArray`: some of few entries, some dense; shrinks to a single one.

    Parameters
    ----------
    shape : sequence of int
        Shape of the arrays; no axis may be empty.
    floor : float, optional
        As for `DrawnArray`.
    entries : int
        Most entries of those of few.
    """
    from hypothesis import strategies as st

    whole = tuple(int(n) for n in shape)
    size = int(np.prod(whole))
    value = st.sampled_from(_PLAIN) | st.floats(-100, 100, allow_subnormal=False, width=32)
    few = st.lists(st.tuples(st.integers(0, size - 1), value), min_size=1, max_size=entries).map(tuple)
    sparse = st.builds(DrawnArray, st.just(whole), few, floor=st.just(floor))
    seeds = st.integers(0, 2**32 - 1)
    dense = st.builds(DrawnArray, st.just(whole), seed=seeds, floor=st.just(floor))
    return sparse | dense
