"""Rays through a volume: samples along them, and the light that a fog sends along them.

A ray's sample (k, i, j), counted from front to back, down and right, lies at the voxel coordinates
``start + k steps[0] + i steps[1] + j steps[2]``. Values between voxels are trilinear, those beyond the
centres of the outermost voxels zero.
"""

import numpy as np
from numba import njit, prange

# A ray of which less than this share is left adds less than a third of a step of an 8-bit picture.
_SPENT = np.float32(1.0 / 1024)
# Rounding must not push a sample on the face of the volume out of it.
_ROUNDING = np.float32(1e-4)
# Densities over the typical one between which vacuum turns into matter.
_VACUUM, _MATTER = np.float32(0.3), np.float32(0.6)


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def inside(shape, z, y, x):
    """Whether a point lies within the centres of the outermost voxels."""
    return (
        -_ROUNDING <= z <= shape[0] - 1 + _ROUNDING
        and -_ROUNDING <= y <= shape[1] - 1 + _ROUNDING
        and -_ROUNDING <= x <= shape[2] - 1 + _ROUNDING
    )


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def cell(count, place):
    """Lower index and weight of the upper of the two voxels about a place along one axis."""
    low = min(max(int(place), 0), max(count - 2, 0))
    return low, min(low + 1, count - 1), np.float32(place - low)


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def between(volume, z, y, x):
    """Trilinear value of a volume at a point inside it."""
    z0, z1, c = cell(volume.shape[0], z)
    y0, y1, b = cell(volume.shape[1], y)
    x0, x1, a = cell(volume.shape[2], x)
    near, far = volume[z0], volume[z1]
    one = np.float32(1.0)
    front = (near[y0, x0] * (one - a) + near[y0, x1] * a) * (one - b)
    front += (near[y1, x0] * (one - a) + near[y1, x1] * a) * b
    back = (far[y0, x0] * (one - a) + far[y0, x1] * a) * (one - b)
    back += (far[y1, x0] * (one - a) + far[y1, x1] * a) * b
    return front * (one - c) + back * c


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def fill_samples(volume, start, steps, out):
    """Sample a volume (z, y, x) on rays, into `out` (k, i, j); all float32."""
    depth, rows, columns = out.shape
    for k in prange(depth):
        for i in range(rows):
            z0 = start[0] + k * steps[0, 0] + i * steps[1, 0]
            y0 = start[1] + k * steps[0, 1] + i * steps[1, 1]
            x0 = start[2] + k * steps[0, 2] + i * steps[1, 2]
            for j in range(columns):
                z = z0 + j * steps[2, 0]
                y = y0 + j * steps[2, 1]
                x = x0 + j * steps[2, 2]
                out[k, i, j] = between(volume, z, y, x) if inside(volume.shape, z, y, x) else np.float32(0.0)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def fill_fog(total, part, shade, start, steps, depth, plane, absorption, table, out):
    """Sum the light of a fog along rays, front to back.

    Parameters
    ----------
    total, part, shade : ndarray of float32, shape (z, y, x)
        Density of the fog over its typical one, the share of it whose fraction gives the colour, in the
        same unit, and the brightness.
    start, steps : ndarray of float32, shape (3,) and (3, 3)
        Of the rays.
    depth : int
        Samples along each.
    plane : ndarray of float32, shape (4,)
        Outward normal (z, y, x) and offset of the cut: kept is ``plane[:3] @ point <= plane[3]``, with a
        ramp of one voxel.
    absorption : float32
        Of a sample of typical density.
    table : ndarray of float32, shape (n, 3)
        Colours (red, green, blue) of the fractions from 0 to 1.
    out : ndarray of float32, shape (i, j, 4)
        Red, green and blue that reach the eye, and the share of the light that is left.
    """
    rows, columns, _ = out.shape
    zero, one = np.float32(0.0), np.float32(1.0)
    last = len(table) - 1
    for i in prange(rows):
        for j in range(columns):
            red, green, blue, left = zero, zero, zero, one
            for k in range(depth):
                z = start[0] + k * steps[0, 0] + i * steps[1, 0] + j * steps[2, 0]
                y = start[1] + k * steps[0, 1] + i * steps[1, 1] + j * steps[2, 1]
                x = start[2] + k * steps[0, 2] + i * steps[1, 2] + j * steps[2, 2]
                if not inside(total.shape, z, y, x):
                    continue
                kept = np.float32(0.5) + plane[3] - plane[0] * z - plane[1] * y - plane[2] * x
                if kept <= zero:
                    continue
                dense = between(total, z, y, x)
                # Noise of the surrounding vacuum would veil the particle.
                if dense <= _VACUUM:
                    continue
                rise = min((dense - _VACUUM) / (_MATTER - _VACUUM), one)
                fog = dense * rise * rise * (np.float32(3.0) - np.float32(2.0) * rise) * min(kept, one)
                light = left * (one - np.exp(-absorption * fog))
                left -= light
                fraction = min(max(between(part, z, y, x) / dense, zero), one)
                light *= between(shade, z, y, x)
                colour = table[int(fraction * last)]
                red += light * colour[0]
                green += light * colour[1]
                blue += light * colour[2]
                if left < _SPENT:
                    break
            out[i, j, 0], out[i, j, 1], out[i, j, 2], out[i, j, 3] = red, green, blue, left
