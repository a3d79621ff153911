"""Balls of the dual field, one per voxel: their part of the dual steps, and cutting a field to them."""

import numpy as np
from numba import njit, prange

from .planes import planes


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def advance_row(field, first, start, sigma, rows, c, square):
    """``rows[:, c] ← p + σ rows[:, c]``; adds the squared lengths to `square`.

    p are the components `first` and following of a field in planes, from voxel `start`; `rows` is
    (component, channel, x).
    """
    # One component after the other, and channels within components: LLVM checks once per outer loop
    # whether rows overlap, over all of its iterations, and gives up vectors where they interleave.
    nx = square.size
    for k in range(rows.shape[0]):
        p, row = field[first + k, start : start + nx], rows[k, c]
        for x in range(nx):
            row[x] = p[x] + sigma * row[x]
            square[x] += row[x] * row[x]


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def shrink_row(square, radius):
    """Turn squared lengths into the factors that bring vectors of such lengths into the ball."""
    for x in range(square.size):
        norm = np.sqrt(square[x])
        square[x] = radius / norm if norm > radius else np.float32(1.0)


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def relax_row(field, first, start, rows, c, shrink, relax):
    """``p ← p + ρ (shrink · rows[:, c] − p)``; see `advance_row`."""
    nx = shrink.size
    for k in range(rows.shape[0]):
        p, row = field[first + k, start : start + nx], rows[k, c]
        for x in range(nx):
            p[x] += relax * (shrink[x] * row[x] - p[x])


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def add_squares(rows, c, gamma, square):
    """Add ``γ² Σ rows[:, c]²`` to `square`."""
    share = gamma * gamma
    for k in range(rows.shape[0]):
        row = rows[k, c]
        for x in range(square.size):
            square[x] += share * row[x] * row[x]


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def move_row(old, ahead, tau, slope, bounds, relax, gamma):
    """Primal step of one row; `ahead` holds the back projection before it.

    ``new ← clip(old − τ (ahead + γ slope), bounds)``, ``ahead ← 2 new − old`` and
    ``old ← old + ρ (new − old)``.
    """
    lower, upper = bounds
    for x in range(old.size):
        new = old[x] - tau[x] * (ahead[x] + gamma * slope[x])
        new = new if new > lower else lower
        new = new if new < upper else upper
        ahead[x] = new + new - old[x]
        old[x] += relax * (new - old[x])


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def clip_planes(field, channels, first, count, size, nx, radius):
    """Project components [first, first + count) of all channels onto one ball per voxel, in place."""
    every = field.shape[0] // channels
    rows = size // nx
    for i in prange(rows):
        start, stop = i * nx, (i + 1) * nx
        shrink = np.zeros(nx, np.float32)
        for c in range(channels):
            for k in range(first, first + count):
                p = field[c * every + k, start:stop]
                for x in range(nx):
                    shrink[x] += p[x] * p[x]
        shrink_row(shrink, radius)
        for c in range(channels):
            for k in range(first, first + count):
                p = field[c * every + k, start:stop]
                for x in range(nx):
                    p[x] *= shrink[x]


def clip_field(field: np.ndarray, radius: float, first: int = 0, count: int | None = None) -> None:
    """Project onto |field| ≤ radius per voxel, jointly over channels, in place.

    Parameters
    ----------
    field : ndarray of float32, shape ([channel,] component, z, y, x)
    radius : float
    first, count : int, optional
        The components that the ball joins; all when omitted.
    """
    components = field.shape[-4]
    channels = field.shape[0] if field.ndim == 5 else 1
    count = components - first if count is None else count
    nx = field.shape[-1]
    size = int(np.prod(field.shape[-3:]))
    clip_planes(planes(field), channels, first, count, size, nx, np.float32(radius))
