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
    from .distance_kernels import squared_depths

    if mask.ndim == 2:
        # A volume of one slice that nothing bounds above and below.
        flat = np.pad(mask, 1) if frame else mask
        depth = depth_inside(flat[None], frame=False)[0]
        return depth[1:-1, 1:-1] if frame else depth
    if not frame and mask.all():
        return np.full(mask.shape, np.inf)
    box = _box(mask)
    depth = np.zeros(mask.shape)
    if box is None:
        return depth
    # Around a mask that stays clear of the edges, what bounds it is as good as a frame.
    clear = all(part.start > 0 and part.stop < count for part, count in zip(box, mask.shape, strict=True))
    if not frame and not clear:
        return np.sqrt(squared_depths(np.ascontiguousarray(mask), False))
    depth[box] = np.sqrt(squared_depths(np.ascontiguousarray(mask[box]), True))
    return depth


def _box(mask: np.ndarray) -> tuple[slice, ...] | None:
    """Smallest box that holds a mask; None for an empty one."""
    box = []
    for axis in range(mask.ndim):
        held = np.flatnonzero(mask.any(axis=tuple(i for i in range(mask.ndim) if i != axis)))
        if held.size == 0:
            return None
        box.append(slice(int(held[0]), int(held[-1]) + 1))
    return tuple(box)
