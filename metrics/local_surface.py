"""Surfaces of particles whose density varies: halfway to what lies below, place by place."""

import numpy as np

from .edge_fit import midmean
from .particle_regions import Regions, deep_voxels, largest_piece

# One level no longer serves the whole surface when a twentieth of it lies over less than three quarters, or
# over more than four thirds, of the middle level.
_UNEVEN = 0.75
# The largest connected piece of a particle holds at least this share of what is bright.
_ONE_PIECE = 0.5
_FEWEST = 30  # voxels
_FEWEST_DEEP = 100  # voxels
_OVER_NOISE = 6.0
# An outline at an eighth of the contrast lies 1.2 σ outside a Gaussian edge; 1.2 σ inside it are 88 %.
_DEEP_SIGMAS = 2.4


def is_compact(regions: Regions) -> bool:
    """Whether what is bright is one piece that stands clear of the noise, rather than noise itself.

    Parameters
    ----------
    regions : Regions
        As `find_regions` gives them.
    """
    values = regions.smooth.ravel()
    low, high = midmean(values[regions.far]), midmean(values[regions.core])
    noise = float(np.std(values[regions.far], dtype=np.float64))
    if not high - low > _OVER_NOISE * noise:
        return False
    bright = regions.smooth > 0.5 * (low + high)
    held = np.count_nonzero(largest_piece(bright))
    return bool(held >= max(_ONE_PIECE * np.count_nonzero(bright), _FEWEST))


def levels_below(regions: Regions) -> np.ndarray | None:
    """Contrast of the deep voxel nearest to each voxel; None for particles of hardly any depth.

    Parameters
    ----------
    regions : Regions
        As `find_regions` gives them.

    Returns
    -------
    numpy.ndarray or None
        (z, y, x), over the background; the deep voxels themselves have a level of zero.
    """
    from scipy.ndimage import distance_transform_edt

    deep = deep_voxels(regions, sigmas=_DEEP_SIGMAS)
    if np.count_nonzero(deep) < _FEWEST_DEEP:
        return None
    low = midmean(regions.smooth.ravel()[regions.far])
    nearest = np.asarray(distance_transform_edt(~deep, return_distances=False, return_indices=True))
    levels = regions.smooth[tuple(nearest)] - low
    levels[deep] = 0
    return levels


def is_uneven(regions: Regions, levels: np.ndarray) -> bool:
    """Whether the density below the surface differs so much that one threshold cannot be right.

    Parameters
    ----------
    regions : Regions
        As `find_regions` gives them.
    levels : numpy.ndarray
        (z, y, x), as `levels_below` gives them.
    """
    low = midmean(regions.smooth.ravel()[regions.far])
    share = regions.smooth - low
    beside = (levels > 0) & (share > 0.3 * levels) & (share < 0.7 * levels)
    if not beside.any():
        return False
    least, middle, most = np.quantile(levels[beside], [0.05, 0.5, 0.95])
    return bool(least < _UNEVEN * middle or most > middle / _UNEVEN)


def local_surface(
    volume: np.ndarray, regions: Regions, levels: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """Mask of what exceeds half the contrast of the nearest deep voxel.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x).
    regions : Regions
        As `find_regions` gives them.
    levels : numpy.ndarray
        (z, y, x), as `levels_below` gives them.

    Returns
    -------
    mask : numpy.ndarray
        (z, y, x) bool.
    level : float
        Upper end of the levels below the surface (95 %).
    error : float
        Half of what the volume changes by between 0.45 and 0.55 of the levels instead of half: the
        level below a place is worth no more.
    """
    low = midmean(volume.ravel()[regions.far])
    contrast = volume - low
    sizes = [float(np.count_nonzero(contrast > share * levels)) for share in (0.45, 0.55)]
    mask = (contrast > 0.5 * levels) | (levels == 0)
    return mask, low + float(np.quantile(levels[levels > 0], 0.95)), 0.5 * abs(sizes[0] - sizes[1])
