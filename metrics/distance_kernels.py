"""Exact squared distances to the outside of a mask, one axis after another."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def squared_depths(mask: np.ndarray, frame: bool) -> np.ndarray:  # pragma: no cover
    """Squared distance of every voxel of a (z, y, x) mask to the nearest voxel outside it.

    Two passes along every line of each axis, in integers (doi:10.1007/0-306-47025-X_36). With
    `frame` the outside of the array counts as outside the mask; without, lines and volumes that
    nothing bounds keep values above any squared distance that occurs.
    """
    nz, ny, nx = mask.shape
    # Its square stays below the largest int64, and above every distance.
    far = np.int64(nz + ny + nx + 1)
    squares = np.empty((nz, ny, nx), np.int64)
    for k in range(nz):
        for j in range(ny):
            run = np.int64(0) if frame else far
            for i in range(nx):
                run = min(run + 1, far) if mask[k, j, i] else np.int64(0)
                squares[k, j, i] = run
            run = np.int64(0) if frame else far
            for i in range(nx - 1, -1, -1):
                run = min(run + 1, far) if mask[k, j, i] else np.int64(0)
                nearer = min(run, squares[k, j, i])
                squares[k, j, i] = nearer * nearer
    longest = max(nz, ny)
    # Lines across a plane of its own: those across the volume would share a few sets of the cache.
    plane = np.empty((longest, nx), np.int64)
    line = np.empty(longest + 2, np.int64)
    seats = np.empty(longest + 2, np.int64)
    starts = np.empty(longest + 2, np.int64)
    for k in range(nz):
        plane[:ny] = squares[k]
        for i in range(nx):
            _lower_envelope(plane[:ny, i], frame, line, seats, starts)
        squares[k] = plane[:ny]
    for j in range(ny):
        plane[:nz] = squares[:, j]
        for i in range(nx):
            _lower_envelope(plane[:nz, i], frame, line, seats, starts)
        squares[:, j] = plane[:nz]
    return squares


@njit(cache=True, nogil=True)
def _lower_envelope(
    values: np.ndarray, frame: bool, line: np.ndarray, seats: np.ndarray, starts: np.ndarray
) -> None:  # pragma: no cover
    """Replace values f by min over j of f(j) + (i − j)², in place."""
    count = values.size
    if frame:
        # Zeros just beyond both ends.
        line[0] = 0
        for i in range(count):
            line[i + 1] = values[i]
        line[count + 1] = 0
        size, shift = count + 2, 1
    else:
        for i in range(count):
            line[i] = values[i]
        size, shift = count, 0
    top = 0
    seats[0], starts[0] = 0, 0
    for u in range(1, size):
        while top >= 0:
            t, s = starts[top], seats[top]
            if (t - s) * (t - s) + line[s] > (t - u) * (t - u) + line[u]:
                top -= 1
            else:
                break
        if top < 0:
            top = 0
            seats[0], starts[0] = u, 0
        else:
            s = seats[top]
            first = 1 + (u * u - s * s + line[u] - line[s]) // (2 * (u - s))
            if first < size:
                top += 1
                seats[top], starts[top] = u, first
    for u in range(size - 1, -1, -1):
        i = u - shift
        if 0 <= i < count:
            values[i] = (u - seats[top]) * (u - seats[top]) + line[seats[top]]
        if u == starts[top]:
            top -= 1
