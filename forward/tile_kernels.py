"""Project and back project by gathering rows of x, tile by tile of the (z, y) plane."""

import math

import numpy as np
from numba import get_num_threads, njit, prange

from .lanes import MOST_LANES, add_rows, lanes_for, sum_rows
from .strip_tiles import TILE, TILE_Y, TILE_Z, StripTiles

# A pixel reads about 2 rays per tilt; with 64 columns those of 31 tilts still fit in the first cache.
_ADJOINT_LANES = 64


def project(tiles: StripTiles, volume: np.ndarray, factors: np.ndarray, out: np.ndarray) -> None:
    """Fill `out`, (tilt, bin, x), with the projections of `volume`, (z, y, x), times a factor per tilt."""
    nx, tilts, threads = volume.shape[2], out.shape[0], get_num_threads()
    # With few tilts, narrower blocks keep all threads busy.
    lanes = lanes_for(nx, min(MOST_LANES, lanes_for(-(-nx // -(-threads // tilts)), nx + 16)))
    groups = _parts(-(-nx // lanes), threads, tilts)
    work = np.cumsum(tiles.entries_per_tilt)
    edges = np.searchsorted(work, np.arange(1, groups) * (work[-1] / groups))
    project_tiles(
        volume,
        tiles.first_bin,
        tiles.first_ray,
        tiles.ray_starts,
        tiles.ray_pixels,
        tiles.ray_weights,
        factors,
        lanes,
        np.concatenate([[0], edges, [tilts]]),
        out,
    )


def back_project(
    tiles: StripTiles, series: np.ndarray, factors: np.ndarray, out: np.ndarray, *, accumulate: bool = False
) -> None:
    """Fill `out`, (z, y, x), with the back projection of `series`, (tilt, bin, x), or add it to `out`."""
    nx = series.shape[2]
    lanes = lanes_for(nx, _ADJOINT_LANES)
    bands = _parts(-(-nx // lanes), get_num_threads(), tiles.first_bin.shape[0])
    back_project_tiles(
        series,
        tiles.pixel_starts,
        tiles.pixel_rays,
        tiles.pixel_weights,
        factors,
        lanes,
        bands,
        accumulate,
        out,
    )


def _parts(blocks: int, threads: int, most: int) -> int:
    """Parts of each block, so that blocks × parts can be shared evenly among the threads."""
    return min(threads // math.gcd(blocks, threads), most)


@njit(cache=True)
def _aligned_rows(rows, lanes):
    """Zeros, (rows, lanes) float32, that start on a cache line: vectors that straddle two are slower."""
    buffer = np.zeros(rows * lanes + 16, np.float32)
    start = (-(buffer.ctypes.data // 4)) % 16
    return buffer[start : start + rows * lanes].reshape(rows, lanes)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def project_tiles(
    volume,
    first_bin,
    first_ray,
    ray_starts,
    ray_pixels,
    ray_weights,
    factors,
    lanes,
    tilt_edges,
    out,
):
    """``out[t, k, x] = factors[t] Σ_(z, y) w[t, k; z, y] volume[z, y, x]``.

    A block of `lanes` columns and a group of tilts belong to one iteration. It takes the tiles in turn:
    the tile's rows, packed, stay in the nearest cache while they are added to all the rays that they meet.
    Each sum runs in the order of tiles and pixels, so its bits depend on neither blocks nor threads.

    Parameters
    ----------
    volume : ndarray of float32, shape (z, y, x)
    first_bin, first_ray, ray_starts, ray_pixels, ray_weights : ndarray
        Of `StripTiles`.
    factors : ndarray of float32, shape (tilt,)
    lanes : int
        Columns of a block; see `lanes.add_rows`.
    tilt_edges : ndarray of int64, shape (group + 1,)
        Where groups of tilts begin and end.
    out : ndarray of float32, shape (tilt, bin, x)
        Overwritten.
    """
    nz, ny, nx = volume.shape
    tilts, bins = out.shape[:2]
    across = -(-ny // TILE_Y)
    groups = tilt_edges.size - 1
    blocks = -(-nx // lanes)
    for task in prange(blocks * groups):
        x0 = (task // groups) * lanes
        x1 = min(x0 + lanes, nx)
        t0, t1 = tilt_edges[task % groups], tilt_edges[task % groups + 1]
        source = _aligned_rows(TILE, lanes)
        totals = _aligned_rows((t1 - t0) * bins, lanes)
        for tile in range(first_bin.shape[0]):
            z0, y0 = (tile // across) * TILE_Z, (tile % across) * TILE_Y
            for i in range(min(TILE_Z, nz - z0)):
                for j in range(min(TILE_Y, ny - y0)):
                    target = source[i * TILE_Y + j]
                    row = volume[z0 + i, y0 + j, x0:x1]
                    for x in range(row.size):
                        target[x] = row[x]
            for t in range(t0, t1):
                ray = first_ray[tile * tilts + t]
                place = (t - t0) * bins + first_bin[tile, t] - ray
                for r in range(ray, first_ray[tile * tilts + t + 1]):
                    start, stop = ray_starts[r], ray_starts[r + 1]
                    add_rows(lanes, totals, place + r, source, ray_pixels, ray_weights, start, stop)
        for t in range(t0, t1):
            factor = factors[t]
            for k in range(bins):
                total = totals[(t - t0) * bins + k]
                target = out[t, k, x0:x1]
                for x in range(target.size):
                    target[x] = factor * total[x]


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def back_project_tiles(
    series,
    pixel_starts,
    pixel_rays,
    pixel_weights,
    factors,
    lanes,
    bands,
    accumulate,
    out,
):
    """``out[z, y, x] = Σ_(t, k) w[t, k; z, y] factors[t] series[t, k, x]``.

    A block of `lanes` columns and a band of tiles belong to one iteration, which first packs its block of
    the series. Neighbouring pixels read nearly the same rays, so these stay in the nearest caches.

    Parameters
    ----------
    series : ndarray of float32, shape (tilt, bin, x)
    pixel_starts, pixel_rays, pixel_weights : ndarray
        Of `StripTiles`.
    factors : ndarray of float32, shape (tilt,)
    lanes : int
        Columns of a block; see `lanes.sum_rows`.
    bands : int
        Parts of equal numbers of tiles.
    accumulate : bool
        Add to `out` rather than overwrite it.
    out : ndarray of float32, shape (z, y, x)
    """
    nz, ny, nx = out.shape
    tilts, bins = series.shape[:2]
    across = -(-ny // TILE_Y)
    tiles = across * -(-nz // TILE_Z)
    blocks = -(-nx // lanes)
    rows = out.reshape(nz * ny, nx)
    for task in prange(blocks * bands):
        x0 = (task // bands) * lanes
        x1 = min(x0 + lanes, nx)
        band = task % bands
        packed = _aligned_rows(tilts * bins, lanes)
        total = _aligned_rows(1, lanes)
        for t in range(tilts):
            factor = factors[t]
            for k in range(bins):
                target = packed[t * bins + k]
                row = series[t, k, x0:x1]
                for x in range(row.size):
                    target[x] = factor * row[x]
        for tile in range(band * tiles // bands, (band + 1) * tiles // bands):
            z0, y0 = (tile // across) * TILE_Z, (tile % across) * TILE_Y
            for i in range(min(TILE_Z, nz - z0)):
                for j in range(min(TILE_Y, ny - y0)):
                    p = tile * TILE + i * TILE_Y + j
                    row = (z0 + i) * ny + y0 + j
                    start, stop = pixel_starts[p], pixel_starts[p + 1]
                    if x1 - x0 == lanes and not accumulate:
                        sum_rows(lanes, rows, row, x0, packed, pixel_rays, pixel_weights, start, stop)
                    else:
                        sum_rows(lanes, total, 0, 0, packed, pixel_rays, pixel_weights, start, stop)
                        target = rows[row, x0:x1]
                        for x in range(target.size):
                            target[x] = target[x] + total[0, x] if accumulate else total[0, x]
