"""Checks of the arrays that every metric takes, with messages of one line."""

import numpy as np


def as_volume(name: str, value: np.ndarray) -> np.ndarray:
    """Return `value` as a finite (z, y, x) float array, or raise a one-line `ValueError`."""
    array = np.asarray(value)
    if array.ndim != 3 or array.size == 0:
        raise ValueError(f"`{name}` must be a volume (z, y, x), got shape {array.shape}")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"`{name}` must hold real numbers, got dtype {array.dtype}")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(
            f"`{name}` must be finite, got {np.count_nonzero(~np.isfinite(array))} NaN or infinity"
        )
    return array


def as_mask(name: str, value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return `value` as a boolean array of `shape`, or raise a one-line error."""
    array = np.asarray(value)
    if array.dtype != np.bool_:
        raise TypeError(
            f"`{name}` must be a mask of booleans, got dtype {array.dtype}; compare with a threshold"
        )
    if array.shape != tuple(shape):
        raise ValueError(f"`{name}` must have the shape of the volume {tuple(shape)}, got {array.shape}")
    return array


def same_shape(**arrays: np.ndarray) -> None:
    """Raise a one-line `ValueError` unless all arrays have one shape."""
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError("shapes must agree: " + ", ".join(f"`{n}` is {s}" for n, s in shapes.items()))
