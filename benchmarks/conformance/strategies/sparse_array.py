"""Arrays of a few values over an even ground, for arrays whose shape is drawn too."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Cells = tuple[float, list[tuple[int, float]]]


def cells(values: SearchStrategy[Any], *, most: int = 4) -> SearchStrategy[Cells]:
    """Draw a ground value, and up to a few other values with their places; shrinks to the ground alone.

    Parameters
    ----------
    values : SearchStrategy
        Of the numbers.
    most : int
        Most values beside the ground.

    Notes
    -----
    What is drawn does not depend on the shape of the array that `filled` makes of it, so that shapes
    shrink on their own.
    """
    return st.tuples(values, st.lists(st.tuples(st.integers(0, 1000), values), max_size=most))


def filled(shape: Sequence[int], drawn: Cells, dtype: str | np.dtype = "float64") -> np.ndarray:
    """Return an array of the ground value with the others at their places, counted around its size.

    Examples
    --------
    >>> filled((2, 3), (0.0, [(4, 1.0), (7, 2.0)]))
    array([[0., 2., 0.],
           [0., 1., 0.]])
    """
    ground, others = drawn
    array = np.full(tuple(shape), ground, dtype)
    for place, value in others:
        array.reshape(-1)[place % array.size] = value
    return array
