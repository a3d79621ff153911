"""Agreement of two volumes, voxel by voxel."""

from typing import Any

import numpy as np

from .checks import as_mask, as_volume, same_shape


def nrmse(volume: np.ndarray, truth: np.ndarray) -> float:
    """Root-mean-square error over the root-mean-square of the truth.

    Parameters
    ----------
    volume, truth : numpy.ndarray
        (z, y, x), same units.

    Returns
    -------
    float
        0 is perfect, 1 is what an empty volume scores.

    Examples
    --------
    >>> truth = np.ones((2, 2, 2))
    >>> nrmse(truth, truth), nrmse(0 * truth, truth)
    (0.0, 1.0)
    """
    volume, truth = as_volume("volume", volume), as_volume("truth", truth)
    same_shape(volume=volume, truth=truth)
    scale = float(np.sum(np.square(truth, dtype=np.float64)))
    if scale == 0:
        raise ValueError("`truth` must not be zero everywhere: the error has no scale")
    difference = np.subtract(volume, truth, dtype=np.float64)
    return float(np.sqrt(np.sum(np.square(difference)) / scale))


def dice(mask: np.ndarray, truth: np.ndarray) -> float:
    """Dice overlap of two masks: twice the intersection over the sum of the volumes.

    Parameters
    ----------
    mask, truth : numpy.ndarray
        (z, y, x) bool.

    Returns
    -------
    float
        1 is perfect, 0 is no overlap; 1 if both are empty.

    Examples
    --------
    >>> dice(np.array([[[True, True]]]), np.array([[[True, False]]]))
    0.6666666666666666
    """
    truth = as_mask("truth", truth, np.shape(truth))
    mask = as_mask("mask", mask, truth.shape)
    total = int(np.count_nonzero(mask)) + int(np.count_nonzero(truth))
    return 2 * int(np.count_nonzero(mask & truth)) / total if total else 1.0


def ssim(volume: np.ndarray, truth: np.ndarray, *, mask: np.ndarray | None = None) -> float:
    """Structural similarity of two volumes, with the range of the truth as data range.

    Parameters
    ----------
    volume, truth : numpy.ndarray
        (z, y, x), at least seven voxels along every axis.
    mask : numpy.ndarray, optional
        (z, y, x) bool: the voxels whose similarities are averaged; all when omitted. Vacuum is easily
        perfect: over a whole volume, a small particle in much of it scores well whatever it is like.

    Returns
    -------
    float
        1 is perfect, about 0 what shuffled voxels score.

    Raises
    ------
    ValueError
        If the truth is constant, an axis is shorter than seven voxels, or the mask is empty.

    Notes
    -----
    With means μ, variances σ² (n − 1) and covariance over the cube of seven voxels around each voxel, and
    C₁ = (0.01 L)², C₂ = (0.03 L)² for a range L of the truth,
    ``(2 μ_v μ_t + C₁)(2 σ_vt + C₂) / ((μ_v² + μ_t² + C₁)(σ_v² + σ_t² + C₂))``. Without a mask, the three
    outermost layers, whose cubes would stick out, are left out of the mean.

    References
    ----------
    Z. Wang et al., IEEE Trans. Image Process. 13, 600 (2004), doi:10.1109/TIP.2003.819861
    """
    from skimage.metrics import structural_similarity

    volume, truth = as_volume("volume", volume), as_volume("truth", truth)
    same_shape(volume=volume, truth=truth)
    span = float(np.ptp(truth))
    if min(truth.shape) < 7 or span == 0:
        raise ValueError(
            f"`truth` must vary and have 7 voxels or more along each axis, got shape {truth.shape}"
        )
    pair = truth.astype(np.float64), volume.astype(np.float64)
    if mask is None:
        return float(np.asarray(structural_similarity(*pair, data_range=span)))
    mask = as_mask("mask", mask, truth.shape)
    if not mask.any():
        raise ValueError("`mask` must hold some voxels, got none")
    similarity: Any = structural_similarity(*pair, data_range=span, full=True)[1]
    return float(np.mean(np.asarray(similarity)[mask]))
