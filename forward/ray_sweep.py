"""The kernel of absorption: optical depth along parallel rays, one sweep through the layers of a volume.

The volume is cut into layers across the axis along which the rays travel fastest. The layers are
visited from the side where the rays leave. A sheet T, on which each ray keeps its place, holds the
optical depth of the layers behind the present one. From layer to layer the sheet moves by a constant
offset (m, p) + (f, g), with m, p whole and f, g in [0, 1), so that a layer takes two stencils of
four points, one to read the sheet and one, its transpose, to add the layer::

    τ[b, c]          = h/2 μ[b, c] + Σ w T[b + m + {0, 1}, c + p + {0, 1}]
    T[b + m, c + p] += h Σ w μ[b − {0, 1}, c − {0, 1}]

h is the path through a layer and w the bilinear weights of (f, g). Because the sheet never moves its
contents, a ray is interpolated twice, however many layers it crosses. (Interpolating the
depth anew in every layer, as short characteristics do, would blur it by √(n f (1 − f)) voxels after
n layers.)
"""

import math

import numpy as np
from numba import njit, prange

# Rows of the sheet that one task carries through all layers: with their row buffers they stay in the
# first-level cache, and there are enough tasks for a dozen threads.
BLOCK = 16

_LOG2E = np.float32(1 / math.log(2))
_LN2 = np.float32(math.log(2))
# exp(-87.3) is the smallest normal float32: transmissions stay above zero.
_MOST_HALVINGS = np.float32(126.0)


@njit(cache=True, parallel=True)
def matter_extents(rows):
    """First and past-the-last column of each row that is not zero; (row, 2), (columns, 0) where all are."""
    columns = rows.shape[1]
    extents = np.empty((rows.shape[0], 2), np.int32)
    for i in prange(rows.shape[0]):
        row = rows[i]
        low, high = 0, columns
        while low < columns and row[low] == 0:
            low += 1
        while high > low and row[high - 1] == 0:
            high -= 1
        extents[i, 0] = low
        extents[i, 1] = high if high > low else 0
    return extents


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def add_transmission(mu, extents, geometry, drifts, step, weight, out):
    """Add ``weight × exp(−τ)`` of every voxel to `out`.

    Parameters
    ----------
    mu : ndarray of float32, shape (row, column)
        Attenuation per nm. Row ``i · along + b · across`` is row b of layer i.
    extents : ndarray of int32, shape (row, 2)
        `matter_extents` of `mu`.
    geometry : tuple of int
        (layers, rows per layer, along, across, ahead): the rays leave behind the last layer when
        `ahead` is 1, before the first when it is 0.
    drifts : tuple of float
        How far a ray moves along b and c per layer towards its exit, voxels, within ±1.
    step : float
        Path per layer, nm.
    weight : float32
    out : ndarray of float32, shape (row, column)

    Notes
    -----
    Every task owns `BLOCK` rows of the sheet and the voxels that read their first row there, so the
    bits do not depend on the number of threads.
    """
    layers, rows, along, across, ahead = geometry
    columns = mu.shape[1]
    spread_b = math.ceil((layers - 1) * abs(drifts[0]))
    spread_c = math.ceil((layers - 1) * abs(drifts[1]))
    first_b = spread_b if drifts[0] < 0 else 0
    first_c = spread_c if drifts[1] < 0 else 0
    tasks = (rows + spread_b + BLOCK) // BLOCK
    for task in prange(tasks):
        top = task * BLOCK
        sheet = np.zeros((BLOCK + 1, columns + spread_c + 2), np.float32)
        touched = np.zeros((BLOCK + 1, 2), np.int32)
        touched[:, 0] = sheet.shape[1]
        mixed = np.zeros(columns + 2, np.float32)
        powers = np.empty(columns, np.int32)
        for n in range(layers):
            layer = layers - 1 - n if ahead == 1 else n
            m, p = math.floor(n * drifts[0]), math.floor(n * drifts[1])
            f, g = n * drifts[0] - m, n * drifts[1] - p
            m, p = m + first_b, p + first_c
            for r in range(BLOCK + 1):
                b = top + r - m
                if b < 0 or b > rows:
                    continue
                row = layer * along + b * across
                if b < rows and r < BLOCK:
                    low, high = _reach(touched[r], touched[r + 1], p, extents[row])
                    shifts = (p, f, g, step)
                    _add_exponential(
                        mu[row], sheet[r], sheet[r + 1], shifts, low, high, weight, mixed, powers, out[row]
                    )
                _deposit(mu, extents, row, row - across, b, rows, p, f, g, step, mixed, sheet[r], touched[r])


@njit(cache=True, inline="always")
def _reach(upper, lower, p, own):
    """Columns of a voxel row that see matter: its own, or what two rows of the sheet hold."""
    low = min(min(upper[0], lower[0]) - p - 1, own[0])
    high = max(max(upper[1], lower[1]) - p, own[1])
    return max(low, 0), max(high, 0)


@njit(cache=True, fastmath={"contract", "nsz"})
def _add_exponential(own, upper, lower, shifts, low, high, weight, rest, powers, out):
    """Add ``weight × exp(−τ)`` of one row of voxels, in a form that compiles to vector instructions.

    exp(−τ) = 2^−k exp(−r ln 2) with k + r = τ log₂ e and |r| <= 1/2, where Taylor's series of
    degree 6 is good to 2e-7. Columns outside [low, high) see no matter.
    """
    p, f, g, step = shifts
    high = min(high, own.size)
    low = min(low, high)
    for c in range(low):
        out[c] += weight
    for c in range(high, own.size):
        out[c] += weight
    # Slices that start at zero: numba then drops its test for negative indices, and loops vectorise.
    own, out = own[low:high], out[low:high]
    upper, lower = upper[p + low : p + high + 1], lower[p + low : p + high + 1]
    half = np.float32(0.5 * step)
    w00, w01 = np.float32((1 - f) * (1 - g)), np.float32((1 - f) * g)
    w10, w11 = np.float32(f * (1 - g)), np.float32(f * g)
    for c in range(own.size):
        depth = half * own[c] + w00 * upper[c] + w01 * upper[c + 1]
        depth += w10 * lower[c] + w11 * lower[c + 1]
        halvings = min(depth * _LOG2E, _MOST_HALVINGS)
        whole = np.int32(halvings + np.float32(0.5))
        rest[c] = halvings - np.float32(whole)
        powers[c] = (np.int32(127) - whole) << np.int32(23)
    scale = powers.view(np.float32)
    for c in range(own.size):
        x = -_LN2 * rest[c]
        series = np.float32(1 / 720)
        series = series * x + np.float32(1 / 120)
        series = series * x + np.float32(1 / 24)
        series = series * x + np.float32(1 / 6)
        series = series * x + np.float32(0.5)
        series = series * x + np.float32(1)
        series = series * x + np.float32(1)
        out[c] += weight * (series * scale[c])


@njit(cache=True, fastmath={"contract", "nsz"})
def _deposit(mu, extents, row, before, b, rows, p, f, g, step, mixed, target, touched):
    """Add rows b and b − 1 of a layer to the row of the sheet that stands over them."""
    columns = mu.shape[1]
    low, high = columns, 0
    if b < rows:
        low, high = extents[row, 0], extents[row, 1]
    if b > 0:
        low, high = min(low, extents[before, 0]), max(high, extents[before, 1])
    if high <= low:
        return
    here, there = np.float32(step * (1 - f)), np.float32(step * f)
    g0, g1 = np.float32(1 - g), np.float32(g)
    width = high - low
    mixed[0] = np.float32(0)
    mixed[width + 1] = np.float32(0)
    if b == rows:
        second = mu[before, low:high]
        for c in range(width):
            mixed[c + 1] = there * second[c]
    elif b == 0:
        first = mu[row, low:high]
        for c in range(width):
            mixed[c + 1] = here * first[c]
    else:
        first, second = mu[row, low:high], mu[before, low:high]
        for c in range(width):
            mixed[c + 1] = here * first[c] + there * second[c]
    window = target[p + low : p + high + 1]
    for c in range(width + 1):
        window[c] += g0 * mixed[c + 1] + g1 * mixed[c]
    touched[0] = min(touched[0], p + low)
    touched[1] = max(touched[1], p + high + 1)


@njit(cache=True, parallel=True)
def transpose(rows, out, add):
    """Write the transpose of a matrix, or add it.

    Tiles go through a small buffer: rows of a power of two compete for the same lines of the cache.
    """
    tile = 16
    for i in prange((rows.shape[0] + tile - 1) // tile):
        buffer = np.empty((tile, tile), rows.dtype)
        strip = rows[i * tile : (i + 1) * tile]
        for j0 in range(0, rows.shape[1], tile):
            part = strip[:, j0 : j0 + tile]
            for k in range(part.shape[0]):
                for j in range(part.shape[1]):
                    buffer[j, k] = part[k, j]
            for j in range(part.shape[1]):
                target = out[j0 + j, i * tile : (i + 1) * tile]
                for k in range(target.size):
                    if add:
                        target[k] += buffer[j, k]
                    else:
                        target[k] = buffer[j, k]
