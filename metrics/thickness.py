"""Thickness of a particle along the beam."""

from itertools import pairwise

import numpy as np

from .checks import as_volume


def thickness_map(
    volume: np.ndarray,
    threshold: float | None = None,
    *,
    spacing_nm: float,
    axis: int = 0,
    subvoxel: bool = False,
) -> np.ndarray:
    """Thickness along one axis of the part of a volume that lies above a threshold.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x); a mask of booleans when no `threshold` is given.
    threshold : float, optional
        Level of the surface, as `esf_threshold` finds it.
    spacing_nm : float
        Edge of a voxel, nm.
    axis : int
        The axis of the beam; 0 (z) is the beam at 0° tilt.
    subvoxel : bool
        False sums whole voxels, as the published experiment does. True measures the length on which
        the volume, linearly interpolated between voxel centres, lies above the threshold: it removes
        the rounding of ±½ voxel at each surface.

    Returns
    -------
    numpy.ndarray
        Thickness in nm, float64, (y, x) for ``axis=0``.

    Raises
    ------
    ValueError
        If `spacing_nm` is not positive, the threshold is not finite, or a mask and a threshold are given.

    References
    ----------
    S. M. Collins et al., APL Materials 7, 091111 (2019), doi:10.1063/1.5120093

    Examples
    --------
    >>> ramp = np.array([0.0, 1.0, 4.0, 4.0, 0.0])[:, None, None]
    >>> thickness_map(ramp, 2.0, spacing_nm=6.0).item()
    12.0
    >>> thickness_map(ramp, 2.0, spacing_nm=6.0, subvoxel=True).item()
    13.0
    """
    if not spacing_nm > 0:
        raise ValueError(f"`spacing_nm` must be positive, got {spacing_nm}")
    is_mask = np.asarray(volume).dtype == np.bool_
    volume = as_volume("volume", volume)
    if threshold is None:
        if not is_mask:
            raise ValueError("`threshold` is missing: give one, or a mask of booleans")
        threshold = 0.5
    elif is_mask:
        raise ValueError(f"`threshold` must be left out for a mask, got {threshold}")
    if not np.isfinite(threshold):
        raise ValueError(f"`threshold` must be finite, got {threshold}; see the status of the threshold")
    if is_mask or not subvoxel:
        return np.asarray(np.sum(volume > threshold, axis=axis, dtype=np.float64)) * spacing_nm
    return _interpolated_length(np.moveaxis(volume, axis, 0), threshold) * spacing_nm


def _interpolated_length(volume: np.ndarray, threshold: float) -> np.ndarray:
    """Voxels of the first axis on which the linear interpolant lies above the threshold.

    Between neighbouring centres that part is (high − t)/(high − low), cut to [0, 1]; half a voxel
    beyond the first and the last centre keeps the value of that centre.
    """
    length = 0.5 * ((volume[0] > threshold).astype(np.float64) + (volume[-1] > threshold))
    for lower, upper in pairwise(volume):
        low, high = np.minimum(lower, upper).astype(np.float64), np.maximum(lower, upper).astype(np.float64)
        rise = np.where(high > low, high - low, 1.0)
        length += np.clip(np.where(high > low, (high - threshold) / rise, high > threshold), 0, 1)
    return length
