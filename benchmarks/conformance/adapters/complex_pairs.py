"""Complex arrays as pairs of real ones, for operators that the laws see through real inner products."""

import numpy as np


def pair(values: np.ndarray) -> np.ndarray:
    """Stack real and imaginary part along a new first axis.

    Examples
    --------
    >>> pair(np.array([1 + 2j, 3]))
    array([[1., 3.],
           [2., 0.]])
    """
    return np.stack([np.real(values), np.imag(values)])


def whole(parts: np.ndarray) -> np.ndarray:
    """Put real and imaginary part, stacked along the first axis, together again.

    Examples
    --------
    >>> whole(np.array([[1.0, 3.0], [2.0, 0.0]]))
    array([1.+2.j, 3.+0.j])
    """
    return parts[0] + 1j * parts[1]
