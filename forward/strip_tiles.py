"""The strip model's weights, sorted into tiles of pixels that stay in the nearest caches."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit, prange

from .strip import shadow_integral

# Pixels of a tile along z and y: 128 rows of 64 to 128 floats are 32 to 64 KiB. With at most 256 of them
# a byte tells them apart.
TILE_Z, TILE_Y = 8, 16
TILE = TILE_Z * TILE_Y
# Tiles are taken in squares of so many pixels: the rays that meet one, 64 to 128 columns of them, fit
# in a second-level cache for some dozens of tilts.
_SQUARE = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class StripTiles:
    """The non-zero shares of every pixel in every bin, twice: ready to gather rays, and to gather pixels.

    A tile is 8 × 16 pixels (z, y); a pixel's number in its tile is 16 z + y. Entries of one tile follow
    each other in both orders, and there are equally many of them.

    Parameters
    ----------
    shape : tuple of int
        Pixels along (z, y).
    bins : int
        Bins of the detector.
    corners : ndarray of int64, shape (tile, 2)
        First pixel (z, y) of each tile.
    first_bin : ndarray of int32, shape (tile, tilt)
        First bin that the shadow of the tile touches.
    first_ray : ndarray of int64, shape (tile * tilt + 1,)
        Place of that bin in `ray_starts`; the following bins come after it.
    ray_starts : ndarray of int64, shape (rays of all tiles + 1,)
        Where the entries of each bin touched by a tile start.
    ray_pixels : ndarray of uint8, shape (entry,)
        Pixels of the tile that cast their shadow on the bin.
    ray_weights : ndarray of float32, shape (entry,)
        Their shares.
    pixel_starts : ndarray of int64, shape (tile * 128 + 1,)
        Where the entries of each pixel start; pixels outside the volume have none.
    pixel_rays : ndarray of uint16 or uint32, shape (entry,)
        ``tilt * bins + bin`` of the bins that the pixel's shadow touches.
    pixel_weights : ndarray of float32, shape (entry,)
        Its share in them.
    """

    shape: tuple[int, int]
    bins: int
    corners: np.ndarray
    first_bin: np.ndarray
    first_ray: np.ndarray
    ray_starts: np.ndarray
    ray_pixels: np.ndarray
    ray_weights: np.ndarray
    pixel_starts: np.ndarray
    pixel_rays: np.ndarray
    pixel_weights: np.ndarray

    @cached_property
    def entries_per_tilt(self) -> np.ndarray:
        """Non-zero shares of each tilt; int64 (tilt,)."""
        return np.diff(self.ray_starts[self.first_ray]).reshape(self.first_bin.shape).sum(axis=0)


def strip_tiles(
    shape: tuple[int, int],
    angles_deg: np.ndarray,
    *,
    bins: int,
    bin_width: float,
    offsets: np.ndarray | None = None,
) -> StripTiles:
    """Return the weights of `strip.strip_matrix`, sorted into tiles.

    Parameters
    ----------
    shape : tuple of int
        Pixels along (z, y).
    angles_deg : ndarray of float64, shape (tilt,)
        Tilt angles, degrees.
    bins : int
        Bins of the detector, centred on the axis.
    bin_width : float
        Width of a bin, in pixels.
    offsets : ndarray of float64, shape (tilt,), optional
        Shift of each projection along the bins, in pixels; none when omitted.

    Returns
    -------
    StripTiles

    Examples
    --------
    >>> tiles = strip_tiles((4, 4), np.array([0.0, 90.0]), bins=4, bin_width=1.0)
    >>> tiles.ray_weights.size  # along the axes every pixel falls into one bin
    32
    """
    nz, ny = shape
    tilts = angles_deg.size
    corners = _corners(nz, ny)
    tiles = corners.shape[0]
    radians = np.deg2rad(angles_deg)
    shifts = np.zeros(tilts) if offsets is None else np.ascontiguousarray(offsets, dtype=np.float64)
    geometry = (nz, ny, np.cos(radians), np.sin(radians), shifts, bins, float(bin_width), corners)
    first_bin = np.empty((tiles, tilts), np.int32)
    rays = np.empty((tiles, tilts), np.int64)
    per_pixel = np.empty(tiles * TILE, np.int64)
    _count(*geometry, first_bin, rays, per_pixel)
    pixel_starts, first_ray = _running(per_pixel), _running(rays.ravel())
    entries = int(pixel_starts[-1])
    found = StripTiles(
        shape=shape,
        bins=bins,
        corners=corners,
        first_bin=first_bin,
        first_ray=first_ray,
        ray_starts=np.empty(first_ray[-1] + 1, np.int64),
        ray_pixels=np.empty(entries, np.uint8),
        ray_weights=np.empty(entries, np.float32),
        pixel_starts=pixel_starts,
        pixel_rays=np.empty(entries, np.uint16 if tilts * bins <= 2**16 else np.uint32),
        pixel_weights=np.empty(entries, np.float32),
    )
    _fill(
        *geometry,
        first_bin,
        first_ray,
        found.ray_starts,
        found.ray_pixels,
        found.ray_weights,
        pixel_starts,
        found.pixel_rays,
        found.pixel_weights,
    )
    return found


def bytes_per_tilt(shape: tuple[int, int], angles_deg: np.ndarray, bin_width: float) -> np.ndarray:
    """Estimate the memory that `strip_tiles` takes for each tilt, bytes; float64 (tilt,).

    A shadow of length s touches s / bin + 1 bins on average, and an entry takes at most 13 bytes.
    """
    radians = np.deg2rad(angles_deg)
    shadow = (np.abs(np.cos(radians)) + np.abs(np.sin(radians))) / bin_width
    return 13.0 * shape[0] * shape[1] * (shadow + 1.0)


def _corners(nz: int, ny: int) -> np.ndarray:
    """First pixels of all tiles, square by square."""
    z, y = (c.ravel() for c in np.mgrid[0:nz:TILE_Z, 0:ny:TILE_Y])
    order = np.lexsort((y, z, y // _SQUARE, z // _SQUARE))
    return np.stack([z[order], y[order]], axis=1)


def _running(counts: np.ndarray) -> np.ndarray:
    starts = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


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
def _count(nz, ny, cosines, sines, offsets, bins, bin_width, corners, first_bin, rays, per_pixel):
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
def _fill(
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
