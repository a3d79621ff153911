"""Dense float64 matrices of projection and differences, written down apart from the kernels they judge."""

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=64)
def strip_matrix(nz: int, ny: int, bins: int, angles_deg: tuple[float, ...]) -> np.ndarray:
    """Share of the shadow of each pixel that falls into each bin.

    Parameters
    ----------
    nz, ny : int
        Pixels along z and y; their edge is the unit of length, as is the width of a bin.
    bins : int
        Bins, centred on the axis.
    angles_deg : tuple of float
        Tilt angles, degrees.

    Returns
    -------
    ndarray of float64, shape (tilt × bin, z × y)

    Notes
    -----
    The shadow of a square seen under α is the convolution of two boxes of widths |cos α| and |sin α|,
    centred where its middle lands, ``v = y cos α + z sin α``. The share up to an edge is its integral.

    Examples
    --------
    >>> strip_matrix(1, 2, 2, (0.0,))
    array([[1., 0.],
           [0., 1.]])
    """
    z, y = (a.ravel() for a in np.meshgrid(_centred(nz), _centred(ny), indexing="ij"))
    edges = np.arange(bins + 1) - bins / 2.0
    parts = []
    for angle in np.deg2rad(angles_deg):
        middle = y * np.cos(angle) + z * np.sin(angle)
        below = _share_below(edges[:, None] - middle, abs(np.cos(angle)), abs(np.sin(angle)))
        parts.append(np.diff(below, axis=0))
    return np.concatenate(parts)


def _centred(count: int) -> np.ndarray:
    return np.arange(count) - (count - 1) / 2.0


def _share_below(v: np.ndarray, one: float, other: float) -> np.ndarray:
    """Integral up to v of the unit trapezoid that boxes of two widths make."""
    wide, narrow = max(one, other), min(one, other)
    if narrow < 1e-12:
        return np.clip(v / wide + 0.5, 0.0, 1.0)
    near, far = (wide - narrow) / 2.0, (wide + narrow) / 2.0

    def ramp(t: np.ndarray) -> np.ndarray:
        return 0.5 * np.square(np.maximum(t, 0.0))

    total = ramp(v + far) - ramp(v + near) - ramp(v - near) + ramp(v - far)
    return np.where(v >= far, 1.0, np.where(v <= -far, 0.0, total / (wide * narrow)))


@lru_cache(maxsize=64)
def gradient_matrix(grid: tuple[int, int, int]) -> np.ndarray:
    """Forward differences along z, y, x, zero at the far faces; shape (3, voxel, voxel)."""
    return np.stack([_along(grid, {axis: _forward}) for axis in range(3)])


@lru_cache(maxsize=64)
def hessian_matrix(grid: tuple[int, int, int]) -> np.ndarray:
    """Second differences (zz, yy, xx, √2 zy, √2 zx, √2 yx), zero where a neighbour is missing.

    Shape (6, voxel, voxel). The mixed ones stand twice in the Frobenius norm: √2 once is the same.
    """
    straight = [_along(grid, {axis: _second}) for axis in range(3)]
    mixed = [np.sqrt(2.0) * _along(grid, {a: _forward, b: _forward}) for a, b in ((0, 1), (0, 2), (1, 2))]
    return np.stack(straight + mixed)


@lru_cache(maxsize=64)
def inside_matrix(grid: tuple[int, int, int]) -> np.ndarray:
    """The part of a gradient that exists: zero behind the far faces; shape (3, voxel, 3, voxel)."""
    voxels = int(np.prod(grid))
    matrix = np.zeros((3, voxels, 3, voxels))
    for axis in range(3):
        matrix[axis, :, axis] = _along(grid, {axis: _not_last})
    return matrix


@lru_cache(maxsize=64)
def symmetrised_matrix(grid: tuple[int, int, int]) -> np.ndarray:
    """Symmetrised differences of a gradient field, such that of ∇x they are the Hessian of x.

    Shape (6, voxel, 3, voxel).
    """
    voxels = int(np.prod(grid))
    matrix = np.zeros((6, voxels, 3, voxels))
    for axis in range(3):
        matrix[axis, :, axis] = _along(grid, {axis: _backward})
    for row, (a, b) in enumerate(((0, 1), (0, 2), (1, 2)), start=3):
        matrix[row, :, a] = np.sqrt(0.5) * _along(grid, {a: _not_last, b: _forward})
        matrix[row, :, b] = np.sqrt(0.5) * _along(grid, {b: _not_last, a: _forward})
    return matrix


def _along(grid, factors) -> np.ndarray:
    """Kronecker product over z, y, x of what acts along each axis; the identity where nothing does."""
    matrix = np.ones((1, 1))
    for axis, count in enumerate(grid):
        make = factors.get(axis, np.eye)
        matrix = np.kron(matrix, make(count))
    return matrix


def _forward(count: int) -> np.ndarray:
    matrix = np.eye(count, k=1) - np.eye(count)
    matrix[-1] = 0.0
    return matrix


def _second(count: int) -> np.ndarray:
    matrix = np.eye(count, k=1) - 2.0 * np.eye(count) + np.eye(count, k=-1)
    matrix[0] = matrix[-1] = 0.0
    return matrix


def _backward(count: int) -> np.ndarray:
    """``v[i] − v[i − 1]`` for 0 < i < n − 1: behind the far face there is no v."""
    matrix = np.eye(count) - np.eye(count, k=-1)
    matrix[0] = matrix[-1] = 0.0
    return matrix


def _not_last(count: int) -> np.ndarray:
    matrix = np.eye(count)
    matrix[-1, -1] = 0.0
    return matrix
