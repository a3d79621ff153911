"""What blur takes from the volume of a convex particle, and the level that regains it."""

import numpy as np

from .esf_result import EsfThreshold
from .interior import edge_variance
from .resolution import resolution_voxels


def blur_loss_voxels(volume: np.ndarray, mask: np.ndarray) -> float:
    """Volume by which the middle of a blurred edge falls short of a ball as large as the particle.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x), any units.
    mask : numpy.ndarray
        (z, y, x) bool: the particle, as the middle of its edge bounds it.

    Returns
    -------
    float
        Voxels that are missing, 0 or more.

    Raises
    ------
    ValueError
        If the mask holds no voxel or every voxel.

    Notes
    -----
    A surface of mean curvature κ blurred by a Gaussian of width σ recedes by σ²κ. Over a ball of
    radius R that is ``V·3σ²/R²``; over other convex bodies of that volume more, since their
    integrated mean curvature is larger (Minkowski's inequality). σ comes from the sharpness of the
    surface, `resolution_voxels`, freed of what differences between voxels add to it.

    It is an estimate for the reader, and no part of `esf_threshold`: reconstructions err in other
    ways as well, and regularisers round corners without a Gaussian blur.

    Examples
    --------
    >>> from scipy.ndimage import gaussian_filter
    >>> ball = sum((axis - 0.3) ** 2 for axis in np.mgrid[-16:17, -16:17, -16:17]) < 12.0**2
    >>> soft = gaussian_filter(ball.astype(float), 1.5)
    >>> missing, expected = blur_loss_voxels(soft, soft > 0.5), ball.sum() * 3 * 1.5**2 / 12**2
    >>> bool(0.85 < missing / expected < 1.15)
    True
    """
    resolution = resolution_voxels(volume, mask)
    held = float(np.count_nonzero(mask))
    radius = (3 * held / (4 * np.pi)) ** (1 / 3)
    return held * min(3 * edge_variance(resolution) / radius**2, 1.0)


def regained_threshold(volume: np.ndarray, found: EsfThreshold) -> float:
    """Level that encloses the volume of an edge-spread threshold and what blur took from it.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x), the volume in which the threshold was found.
    found : EsfThreshold
        As `esf_threshold` gives it.

    Returns
    -------
    float
        In the units of the volume; NaN where no particle was found.

    Notes
    -----
    One level for all phases, at the lower end of the edge rather than at its steepest point: right in
    volume and thickness on average, not in shape where densities differ.

    Examples
    --------
    >>> from glasstomo.metrics import esf_threshold
    >>> r = np.sqrt(sum((axis - 0.3) ** 2 for axis in np.mgrid[-16:17, -16:17, -16:17]))
    >>> from scipy.ndimage import gaussian_filter
    >>> soft = gaussian_filter(np.clip(10.5 - r, 0, 1), 1.2)
    >>> found = esf_threshold(soft)
    >>> bool(regained_threshold(soft, found) < found.threshold)
    True
    """
    if not found.mask.any() or found.mask.all():
        return found.threshold
    held = round(found.volume_voxels + blur_loss_voxels(volume, found.mask))
    if held >= found.mask.size:
        return found.threshold
    return float(np.partition(np.ravel(volume), -held - 1)[-held - 1])
