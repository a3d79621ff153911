"""Signed distances to a level set of a volume, finer than a voxel, with its normals."""

from dataclasses import dataclass

import numpy as np

# Beyond the rim of a surface, where the nearest point lies aside rather than straight across, its tangent
# plane says nothing, and the distance to the point itself counts; not within this many voxels.
_BESIDE = 3.0
_ASIDE = 0.8
_NEAR = 0.7  # voxels


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelSurface:
    """A level set seen from the voxels around it.

    Attributes
    ----------
    distance : numpy.ndarray
        (z, y, x) signed distance, voxels, positive where the field exceeds the level; infinite beyond
        the reach and where nothing is known.
    nearest : numpy.ndarray
        (z, y, x) int, row of the nearest point of the surface; −1 where the distance is infinite.
    points, normals : numpy.ndarray
        (points, 3) voxel coordinates of the surface, and unit normals towards larger values.
    """

    distance: np.ndarray
    nearest: np.ndarray
    points: np.ndarray
    normals: np.ndarray


def level_surface(field: np.ndarray, known: np.ndarray, *, reach: float) -> LevelSurface | None:
    """Distances of voxels to the zero level of a field.

    Parameters
    ----------
    field : numpy.ndarray
        (z, y, x) values less the level; smooth over a few voxels.
    known : numpy.ndarray
        (z, y, x) bool: where the field means anything.
    reach : float
        Voxels beyond which nobody asks.

    Returns
    -------
    LevelSurface or None
        None where the field crosses zero nowhere.

    Notes
    -----
    Voxels beside the level set are moved onto it along the gradient, by field over slope; every voxel
    then takes its distance to the tangent plane at the point that came from the nearest of them.
    Distances between voxel centres would be off by up to 0.2 voxels where the surface is oblique.

    Examples
    --------
    >>> x = np.broadcast_to(np.arange(9.0), (5, 5, 9))
    >>> level_surface(x - 4.3, x >= 0, reach=9).distance[2, 2].round(2).tolist()
    [-4.3, -3.3, -2.3, -1.3, -0.3, 0.7, 1.7, 2.7, 3.7]
    """
    from scipy.ndimage import distance_transform_edt

    above = known & (field > 0)
    beside, points, normals = _beside(field, known)
    if not beside.any():
        return None
    row = np.full(field.shape, -1)
    row[beside] = np.arange(len(points))
    nearest = distance_transform_edt(~beside, return_distances=False, return_indices=True)
    row = row[tuple(np.asarray(nearest))]
    voxels = np.argwhere(known)
    mine = row[known]
    away = np.linalg.norm(voxels - points[mine], axis=1)
    plane = np.abs(np.einsum("ij,ij->i", voxels - points[mine], normals[mine]))
    held = away <= reach
    distance = np.full(field.shape, np.inf)
    distance[known] = np.where(
        held, np.where((away < _BESIDE) | (plane > _ASIDE * away), plane, away), np.inf
    )
    row[~(distance < np.inf)] = -1
    return LevelSurface(
        distance=np.where(above, distance, -distance), nearest=row, points=points, normals=normals
    )


def level_points(field: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) of the zero level of a field, voxels, and unit normals towards larger values."""
    return _beside(field, known)[1:]


def _beside(field: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voxels beside the zero level, the points of it that they move to, and its normals there."""
    from scipy.ndimage import binary_dilation

    above = known & (field > 0)
    below = known & ~above
    beside = known & np.asarray(binary_dilation(above)) & np.asarray(binary_dilation(below))
    gradient = np.stack([slope[beside] for slope in np.gradient(field)], axis=1)
    slope = np.linalg.norm(gradient, axis=1)
    # Half a voxel along one axis brings everything to the level; field over slope overshoots from farther.
    near = (slope > 1e-9) & (np.abs(field[beside]) < _NEAR * slope)
    offset = field[beside][near] / slope[near]
    beside[beside] = near
    normals = gradient[near] / slope[near, None]
    return beside, np.argwhere(beside) - offset[:, None] * normals, normals
