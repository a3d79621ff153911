"""Masks with a soft edge, whose own spectrum does not pass for that of the volume."""

import numpy as np

from .checks import as_mask
from .interior import depth_inside


def soft_mask(mask: np.ndarray, edge_voxels: float = 4.0) -> np.ndarray:
    """Weights that are 1 inside a mask and fall to 0 over a cosine edge outside it.

    Parameters
    ----------
    mask : numpy.ndarray
        (z, y, x) bool.
    edge_voxels : float
        Width of the edge, voxels; 0 leaves the mask sharp.

    Returns
    -------
    numpy.ndarray
        (z, y, x) float64 in [0, 1]: ½(1 + cos πd/w) at a distance d < w from the mask.

    Raises
    ------
    ValueError
        If the mask is empty or the width negative.

    Examples
    --------
    >>> line = np.zeros((1, 1, 7), dtype=bool)
    >>> line[..., :3] = True
    >>> soft_mask(line, 4.0).round(2).tolist()
    [[[1.0, 1.0, 1.0, 0.85, 0.5, 0.15, 0.0]]]
    """
    mask = as_mask("mask", mask, np.shape(mask))
    if not mask.any():
        raise ValueError("`mask` must hold some voxels, got none")
    if not edge_voxels >= 0:
        raise ValueError(f"`edge_voxels` must not be negative, got {edge_voxels}")
    if mask.all() or edge_voxels == 0:
        return mask.astype(np.float64)
    distance = depth_inside(~mask, frame=False)
    return np.where(distance < edge_voxels, 0.5 * (1 + np.cos(np.pi * distance / edge_voxels)), 0.0)
