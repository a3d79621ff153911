"""The resolution of a volume, estimated from the sharpness of the particle's own surface."""

import numpy as np

from .checks import as_mask, as_volume
from .interior import depth_inside

# Central differences of a perfectly sharp step see half of it per voxel: 1/(0.5 √(2π)).
_SHARPEST_SIGMA = 0.8


def resolution_voxels(total: np.ndarray, mask: np.ndarray) -> float:
    """Width of the blur at a particle's surface, as the FWHM of a Gaussian.

    Parameters
    ----------
    total : numpy.ndarray
        (z, y, x) total density; the particle is sharp in truth.
    mask : numpy.ndarray
        (z, y, x) bool: the particle.

    Returns
    -------
    float
        FWHM in voxels; never below 1.9, what central differences make of a perfectly sharp step.

    Raises
    ------
    ValueError
        If the mask holds no voxel or every voxel.

    Notes
    -----
    A step of height h blurred by a Gaussian of width s has the slope ``h/(s √(2π))`` in its middle.
    The slope is the median magnitude of the central-difference gradient over the voxels on both
    sides of the mask's boundary, the height the median density of the deeper half of the particle
    less that of the background.

    Examples
    --------
    >>> ball = sum(axis**2 for axis in np.mgrid[-10:11, -10:11, -10:11]) < 49
    >>> round(resolution_voxels(4.0 * ball, ball), 1)
    1.9
    """
    total = as_volume("total", total)
    mask = as_mask("mask", mask, total.shape)
    if mask.all() or not mask.any():
        raise ValueError(
            f"`mask` must hold some voxels and leave some out, got {np.count_nonzero(mask)} of {mask.size}"
        )
    inner, outer = depth_inside(mask, frame=False), depth_inside(~mask, frame=False)
    surface = ((inner > 0) & (inner < 1.5)) | ((outer > 0) & (outer < 1.5))
    height = np.median(total[inner >= np.median(inner[mask])]) - np.median(
        total[outer >= np.median(outer[~mask])]
    )
    square = np.zeros(np.count_nonzero(surface))
    for axis in range(3):
        square += np.gradient(total.astype(np.float64), axis=axis)[surface] ** 2
    slope = float(np.median(np.sqrt(square)))
    sigma = height / (slope * np.sqrt(2 * np.pi)) if slope > 0 else np.inf
    return 2.3548 * max(float(sigma), _SHARPEST_SIGMA)
