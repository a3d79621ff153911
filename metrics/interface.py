"""Signed distance to the interface between two phases of different density."""

import numpy as np

from .interior import depth_inside

_FEWEST_VOXELS = 200


def interface_distance(
    zn: np.ndarray, total: np.ndarray, mask: np.ndarray, resolution: float
) -> np.ndarray | None:
    """Signed distance to the density interface, positive towards more zinc; None without a step."""
    found = _density_field(zn, total, mask, resolution)
    return None if found is None else _level_distance(*found, resolution)


def density_field(
    zn: np.ndarray, total: np.ndarray, mask: np.ndarray, resolution: float
) -> tuple[np.ndarray, np.ndarray] | str:
    """Smoothed total density about its level, positive where zinc is, and where it is known; or why not."""
    found = _density_field(zn, total, mask, resolution)
    if found is None:
        return "no step of the total density: one phase only"
    field, rich, known = found
    # Zinc lies on the side of more or of less density.
    return (field if np.mean(field[rich] > 0) > 0.5 else -field), known


def _density_field(
    zn: np.ndarray, total: np.ndarray, mask: np.ndarray, resolution: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Smoothed total density less the level between two phases, the zinc-rich side, and where it is known."""
    from scipy.ndimage import gaussian_filter

    sigma = resolution / 2.3548
    inner = depth_inside(mask) > np.ceil(resolution / 2) + 1
    if not inner.any():
        return None
    # A mean over the particle alone, so that the surface bends no level set.
    weight = gaussian_filter(inner.astype(np.float64), sigma)
    smooth = gaussian_filter(np.where(inner, total, 0.0), sigma) / np.maximum(weight, 1e-6)
    level = _two_means(smooth[inner])
    if level is None:
        return None
    known = weight > 1e-3
    dense = known & (smooth > level)
    dense = _without_islands(dense, known, max(resolution, 2.0) ** 3)
    thin = known & ~dense
    if min(np.count_nonzero(dense & inner), np.count_nonzero(thin & inner)) < _FEWEST_VOXELS:
        return None
    fraction = [zn[side & inner].sum() / total[side & inner].sum() for side in (dense, thin)]
    rich = dense if fraction[0] > fraction[1] else thin
    return smooth - level, rich, known


def _level_distance(field: np.ndarray, rich: np.ndarray, known: np.ndarray, resolution: float) -> np.ndarray:
    """Signed distance, positive in `rich`, to the level set zero of a field, finer than a voxel.

    Voxels beside the level set are moved onto it along the gradient; every other voxel then takes
    its distance to the tangent plane at the nearest of those points. (Distances between voxel
    centres would be off by up to 0.2 voxels where the interface is oblique.)
    """
    from scipy.ndimage import binary_dilation
    from scipy.spatial import KDTree

    beside = known & np.asarray(binary_dilation(rich)) & np.asarray(binary_dilation(known & ~rich))
    gradient = np.stack([g[beside] for g in np.gradient(field)], axis=1)
    slope = np.linalg.norm(gradient, axis=1)
    offset = np.clip(field[beside] / np.maximum(slope, 1e-12), -1.5, 1.5)
    normal = gradient / np.maximum(slope, 1e-12)[:, None]
    points = np.argwhere(beside) - offset[:, None] * normal
    voxels = np.argwhere(known)
    found = KDTree(points).query(voxels, distance_upper_bound=5 * resolution + 10)
    away, nearest = np.asarray(found[0]), np.asarray(found[1])
    found = np.isfinite(away)
    plane = np.abs(np.einsum("ij,ij->i", voxels[found] - points[nearest[found]], normal[nearest[found]]))
    distance = np.full(field.shape, np.inf)
    # Beyond a few voxels the tangent plane no longer holds; the point itself is then as good.
    distance[tuple(voxels[found].T)] = np.where(away[found] < 3, plane, away[found])
    return np.where(rich, distance, -distance)


def _without_islands(dense: np.ndarray, known: np.ndarray, smallest: float) -> np.ndarray:
    """Give islands of fewer voxels than a resolution element to the side that surrounds them."""
    from scipy.ndimage import label

    for side in (dense, known & ~dense):
        numbers = np.zeros(side.shape, dtype=np.int32)
        label(side, output=numbers)
        sizes = np.bincount(numbers.ravel())
        dense = dense ^ ((sizes < smallest)[numbers] & (numbers > 0))
    return dense


def _two_means(values: np.ndarray) -> float | None:
    """Level midway between two groups of densities; None if they do not stand apart."""
    level = float(0.5 * (np.quantile(values, 0.05) + np.quantile(values, 0.95)))
    low = high = level
    for _ in range(50):
        above = values > level
        if above.all() or not above.any():
            return None
        low, high = float(np.median(values[~above])), float(np.median(values[above]))
        if abs(0.5 * (low + high) - level) < 1e-6 * high:
            break
        level = 0.5 * (low + high)
    spread = np.hypot(np.std(values[values <= level]), np.std(values[values > level]))
    # One Gaussian cut in two has medians 1.35 and a joint spread of 0.85 standard deviations apart.
    return level if high - low > 2.5 * spread else None
