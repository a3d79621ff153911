"""Kernels that compute the strip model's weights tile by tile of pixels."""

import math

import numpy as np
from numba import njit, prange

from .strip import shadow_integral

# Pixels of a tile along z and y: 128 rows of 64 to 128 floats are 32 to 64 KiB. With at most 256 of them
# a byte tells them apart.
TILE_Z, TILE_Y = 8, 16
TILE = TILE_Z * TILE_Y


@njit(cache=True)
def _touched(v, base, bins, bin_width):
    """First and last bin, plus one, on the detector under a shadow from ``v − base`` to ``v + base``."""
    first = math.floor((v - base) / bin_width + 0.5 * bins)
    stop = math.ceil((v + base) / bin_width + 0.5 * bins)
    first = min(max(first, 0), bins)
    return first, max(min(stop, bins), first)


@njit(cache=True)
def _centre(i, j, nz, ny, cosine, sine, offset):
    """Where the shadow of pixel (i, j) is centred, in pixels: ``y cos α + z sin α + offset``."""
    return (j - 0.5 * (ny - 1)) * cosine + (i - 0.5 * (nz - 1)) * sine + offset


@njit(cache=True)
def _count_tile(tile, nz, ny, cosines, sines, offsets, bins, bin_width, corners, first_bin, rays, per_pixel):
    z0, y0 = corners[tile]
    z1, y1 = min(z0 + TILE_Z, nz), min(y0 + TILE_Y, ny)
    for local in range(TILE):
        per_pixel[tile * TILE + local] = 0
    for t in range(cosines.size):
        base = 0.5 * (abs(cosines[t]) + abs(sines[t]))
        low, high = bins, 0
        for i in range(z0, z1):
            for j in range(y0, y1):
                v = _centre(i, j, nz, ny, cosines[t], sines[t], offsets[t])
                first, stop = _touched(v, base, bins, bin_width)
                if stop > first:
                    low, high = min(low, first), max(high, stop)
                    per_pixel[tile * TILE + (i - z0) * TILE_Y + j - y0] += stop - first
        first_bin[tile, t] = low
        rays[tile, t] = max(high - low, 0)


@njit(cache=True, parallel=True)
def count_entries(nz, ny, cosines, sines, offsets, bins, bin_width, corners, first_bin, rays, per_pixel):
    """Find the bins under each tile, and count the entries of each pixel."""
    for tile in prange(first_bin.shape[0]):
        # numba's parallel loops count in uint64, which would compile the tile's function once more.
        _count_tile(
            np.int64(tile),
            nz,
            ny,
            cosines,
            sines,
            offsets,
            bins,
            bin_width,
            corners,
            first_bin,
            rays,
            per_pixel,
        )


@njit(cache=True)
def _fill_tile(
    tile,
    nz,
    ny,
    cosines,
    sines,
    offsets,
    bins,
    bin_width,
    corners,
    first_bin,
    first_ray,
    ray_starts,
    ray_pixels,
    ray_weights,
    pixel_starts,
    pixel_rays,
    pixel_weights,
):
    tilts = cosines.size
    z0, y0 = corners[tile]
    z1, y1 = min(z0 + TILE_Z, nz), min(y0 + TILE_Y, ny)
    cursor = np.empty(TILE, np.int64)
    for local in range(TILE):
        cursor[local] = pixel_starts[tile * TILE + local]
    place = pixel_starts[tile * TILE]
    for t in range(tilts):
        c, s = abs(cosines[t]), abs(sines[t])
        wide, narrow = (c, s) if c > s else (s, c)
        base = 0.5 * (wide + narrow)
        ray, low = first_ray[tile * tilts + t], first_bin[tile, t]
        following = np.zeros(first_ray[tile * tilts + t + 1] - ray, np.int64)
        for i in range(z0, z1):
            for j in range(y0, y1):
                v = _centre(i, j, nz, ny, cosines[t], sines[t], offsets[t])
                first, stop = _touched(v, base, bins, bin_width)
                local = (i - z0) * TILE_Y + j - y0
                below = shadow_integral((first - 0.5 * bins) * bin_width - v, wide, narrow)
                for k in range(first, stop):
                    upto = shadow_integral((k + 1 - 0.5 * bins) * bin_width - v, wide, narrow)
                    pixel_rays[cursor[local]] = t * bins + k
                    pixel_weights[cursor[local]] = upto - below
                    cursor[local] += 1
                    following[k - low] += 1
                    below = upto
        for b in range(following.size):
            ray_starts[ray + b] = place
            place += following[b]
            following[b] = ray_starts[ray + b]
        # The entries just made, sorted by bin.
        for i in range(z0, z1):
            for j in range(y0, y1):
                v = _centre(i, j, nz, ny, cosines[t], sines[t], offsets[t])
                first, stop = _touched(v, base, bins, bin_width)
                local = (i - z0) * TILE_Y + j - y0
                for k in range(first, stop):
                    at = following[k - low]
                    ray_pixels[at] = local
                    ray_weights[at] = pixel_weights[cursor[local] - stop + k]
                    following[k - low] += 1


@njit(cache=True, parallel=True)
def fill_entries(
    nz,
    ny,
    cosines,
    sines,
    offsets,
    bins,
    bin_width,
    corners,
    first_bin,
    first_ray,
    ray_starts,
    ray_pixels,
    ray_weights,
    pixel_starts,
    pixel_rays,
    pixel_weights,
):
    """Share of pixel (i, j) in bin k: ``F(right edge − v) − F(left edge − v)``, F the `shadow_integral`."""
    ray_starts[-1] = ray_pixels.size
    for tile in prange(first_bin.shape[0]):
        _fill_tile(
            np.int64(tile),
            nz,
            ny,
            cosines,
            sines,
            offsets,
            bins,
            bin_width,
            corners,
            first_bin,
            first_ray,
            ray_starts,
            ray_pixels,
            ray_weights,
            pixel_starts,
            pixel_rays,
            pixel_weights,
        )
