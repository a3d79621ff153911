"""Depth below the surface: how far a voxel lies inside a mask."""

import numpy as np


def depth_inside(mask: np.ndarray, *, frame: bool = True) -> np.ndarray:
    """Distance of every voxel of a mask to the nearest voxel outside it.

    Parameters
    ----------
    mask : numpy.ndarray
        (z, y, x) or (y, x) bool.
    frame : bool
        Whether the outside of the array counts as outside the mask.

    Returns
    -------
    numpy.ndarray
        Voxels, 0 outside the mask; 1 for a voxel of the mask's outermost layer.

    Examples
    --------
    >>> depth_inside(np.ones((3, 3), dtype=bool)).tolist()
    [[1.0, 1.0, 1.0], [1.0, 2.0, 1.0], [1.0, 1.0, 1.0]]
    """
    from scipy.ndimage import distance_transform_edt

    if not frame:
        if mask.all():
            return np.full(mask.shape, np.inf)
        return np.asarray(distance_transform_edt(mask), dtype=np.float64)
    inner = tuple(slice(1, -1) for _ in range(mask.ndim))
    return np.asarray(distance_transform_edt(np.pad(mask, 1)), dtype=np.float64)[inner]
