"""Project and back project by gathering rows of x, tile by tile of the (z, y) plane."""

import math

import numpy as np
from numba import get_num_threads, njit, prange

from .lanes import MOST_LANES, add_rows, lanes_for, sum_rows
from .strip_entries import TILE, TILE_Y, TILE_Z
from .strip_tiles import StripTiles

# A pixel reads about 2 rays per tilt; with 64 columns those of 31 tilts still fit in the first cache.
_ADJOINT_LANES = 64
# Blocks times tilts for which the rays of a tile fit in a second-level cache.
_ADJOINT_SPAN = 128


def project(tiles: StripTiles, volume: np.ndarray, factors: np.ndarray, out: np.ndarray) -> None:
    """Fill `out`, (tilt, bin, x), with the projections of `volume`, (z, y, x), times a factor per tilt."""
    nx, tilts, threads = volume.shape[2], out.shape[0], get_num_threads()
    if nx == 0:
        return
    # With few tilts, narrower blocks keep all threads busy.
    lanes = lanes_for(nx, min(MOST_LANES, lanes_for(-(-nx // -(-threads // tilts)), nx + 16)))
    # Blocks times groups can be shared evenly among the threads.
    groups = min(threads // math.gcd(-(-nx // lanes), threads), tilts)
    work = np.cumsum(tiles.entries_per_tilt)
    edges = np.searchsorted(work, np.arange(1, groups) * (work[-1] / groups))
    project_tiles(
        volume,
        tiles.corners,
        tiles.ray_starts,
        tiles.first_bin,
        tiles.first_ray,
        tiles.ray_pixels,
        tiles.ray_weights,
        factors,
        lanes,
        np.concatenate([[0], edges, [tilts]]),
        out,
    )


def back_project(
    tiles: StripTiles,
    series: np.ndarray,
    factors: np.ndarray,
    out: np.ndarray,
    *,
    accumulate: bool = False,
) -> None:
    """Fill `out`, (z, y, x), with the back projection of `series`, (tilt, bin, x), or add it to `out`."""
    nx = series.shape[2]
    if nx == 0:
        return
    lanes = lanes_for(nx, _ADJOINT_LANES)
    span = max(_ADJOINT_SPAN // series.shape[0], 1)
    back_project_tiles(
        series,
        tiles.corners,
        tiles.pixel_starts,
        tiles.pixel_rays,
        tiles.pixel_weights,
        factors,
        lanes,
        span,
        accumulate,
        out,
    )


@njit(cache=True)
def _aligned_rows(rows, lanes):
    """Zeros, (rows, lanes) float32, that start on a cache line: vectors that straddle two are slower."""
    buffer = np.zeros(rows * lanes + 16, np.float32)
    start = (-(buffer.ctypes.data // 4)) % 16
    return buffer[start : start + rows * lanes].reshape(rows, lanes)


@njit(cache=True)
def _project_block(
    volume,
    corners,
    starts,
    first_bin,
    first_ray,
    pixels,
    weights,
    factors,
    lanes,
    x0,
    t0,
    t1,
    out,
):
    """Project a block of `lanes` columns from `x0` at tilts from `t0` up to `t1`; see `project_tiles`.

    The rows of one tile, packed, stay in the nearest cache while they are added to all the rays they meet.
    """
    nz, ny, nx = volume.shape
    tilts, bins = out.shape[:2]
    x1 = min(x0 + lanes, nx)
    source = _aligned_rows(TILE, lanes)
    totals = _aligned_rows((t1 - t0) * bins, lanes)
    for tile in range(corners.shape[0]):
        z0, y0 = corners[tile]
        for i in range(min(TILE_Z, nz - z0)):
            for j in range(min(TILE_Y, ny - y0)):
                packed, row = source[i * TILE_Y + j], volume[z0 + i, y0 + j, x0:x1]
                for x in range(row.size):
                    packed[x] = row[x]
        for t in range(t0, t1):
            ray = first_ray[tile * tilts + t]
            place = (t - t0) * bins + first_bin[tile, t] - ray
            for r in range(ray, first_ray[tile * tilts + t + 1]):
                add_rows(
                    lanes,
                    totals,
                    place + r,
                    source,
                    pixels,
                    weights,
                    starts[r],
                    starts[r + 1],
                )
    for t in range(t0, t1):
        for k in range(bins):
            projection, total, factor = (
                out[t, k, x0:x1],
                totals[(t - t0) * bins + k],
                factors[t],
            )
            for x in range(projection.size):
                projection[x] = factor * total[x]


@njit(cache=True, parallel=True)
def project_tiles(
    volume,
    corners,
    starts,
    first_bin,
    first_ray,
    pixels,
    weights,
    factors,
    lanes,
    tilt_edges,
    out,
):
    """``out[t, k, x] = factors[t] Σ_(z, y) w[t, k; z, y] volume[z, y, x]``.

    A block of columns and a group of tilts belong to one iteration. Each sum runs in the order of tiles
    and pixels, so its bits depend on neither blocks nor threads.

    Parameters
    ----------
    volume : ndarray of float32, shape (z, y, x)
    corners, starts, first_bin, first_ray, pixels, weights : ndarray
        `StripTiles.corners`, `ray_starts`, `first_bin`, `first_ray`, `ray_pixels` and `ray_weights`.
    factors : ndarray of float32, shape (tilt,)
    lanes : int
        Columns of a block; see `lanes.add_rows`.
    tilt_edges : ndarray of int64, shape (group + 1,)
        Where groups of tilts begin and end.
    out : ndarray of float32, shape (tilt, bin, x)
        Overwritten.
    """
    groups = tilt_edges.size - 1
    for task in prange(-(-volume.shape[2] // lanes) * groups):
        x0, group = (task // groups) * lanes, task % groups
        t0, t1 = tilt_edges[group], tilt_edges[group + 1]
        _project_block(
            volume,
            corners,
            starts,
            first_bin,
            first_ray,
            pixels,
            weights,
            factors,
            lanes,
            x0,
            t0,
            t1,
            out,
        )


@njit(cache=True)
def _back_project_tile(packed, z0, y0, starts, rays, weights, lanes, x0, accumulate, out):
    """Gather the pixels of one tile for a block of `lanes` columns from `x0`; see `back_project_tiles`."""
    nz, ny, nx = out.shape
    voxels = out.reshape(nz * ny, nx)
    total = np.empty((1, lanes), np.float32)
    whole = x0 + lanes <= nx and not accumulate
    for i in range(min(TILE_Z, nz - z0)):
        for j in range(min(TILE_Y, ny - y0)):
            start, stop = starts[i * TILE_Y + j], starts[i * TILE_Y + j + 1]
            row = (z0 + i) * ny + y0 + j
            if whole:
                sum_rows(lanes, voxels, row, x0, packed, rays, weights, start, stop)
            else:
                sum_rows(lanes, total, 0, 0, packed, rays, weights, start, stop)
                for x in range(min(lanes, nx - x0)):
                    before = voxels[row, x0 + x] if accumulate else np.float32(0.0)
                    voxels[row, x0 + x] = before + total[0, x]


@njit(cache=True, parallel=True)
def back_project_tiles(series, corners, starts, rays, weights, factors, lanes, span, accumulate, out):
    """``out[z, y, x] = Σ_(t, k) w[t, k; z, y] factors[t] series[t, k, x]``.

    The series is packed into blocks of columns first. Then a tile and a few blocks belong to one
    iteration. Neighbouring pixels read nearly the same rays, so these stay in the nearest caches.

    Parameters
    ----------
    series : ndarray of float32, shape (tilt, bin, x)
    corners, starts, rays, weights : ndarray
        `StripTiles.corners`, `pixel_starts`, `pixel_rays` and `pixel_weights`.
    factors : ndarray of float32, shape (tilt,)
    lanes : int
        Columns of a block; see `lanes.sum_rows`.
    span : int
        Blocks for which the weights of a tile are read once.
    accumulate : bool
        Add to `out` rather than overwrite it.
    out : ndarray of float32, shape (z, y, x)
    """
    tilts, bins, nx = series.shape
    blocks = -(-nx // lanes)
    rows = tilts * bins
    packed = _aligned_rows(blocks * rows, lanes)
    for row in prange(rows):
        t, k = row // bins, row % bins
        factor = factors[t]
        for block in range(blocks):
            target, source = (
                packed[block * rows + row],
                series[t, k, block * lanes : (block + 1) * lanes],
            )
            for x in range(source.size):
                target[x] = factor * source[x]
    tiles = corners.shape[0]
    for task in prange(-(-blocks // span) * tiles):
        tile = task % tiles
        first = task // tiles * span
        for block in range(first, min(first + span, blocks)):
            _back_project_tile(
                packed[block * rows : (block + 1) * rows],
                corners[tile, 0],
                corners[tile, 1],
                starts[tile * TILE : (tile + 1) * TILE + 1],
                rays,
                weights,
                lanes,
                block * lanes,
                accumulate,
                out,
            )
