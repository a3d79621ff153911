"""The strip model's weights, sorted into tiles of pixels that stay in the nearest caches."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .strip_entries import TILE, TILE_Y, TILE_Z, count_entries, fill_entries

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
    count_entries(*geometry, first_bin, rays, per_pixel)
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
    fill_entries(
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
