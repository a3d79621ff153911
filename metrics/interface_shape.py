"""Where an interface runs and what the body fills, smooth enough to be projected."""

from dataclasses import dataclass

import numpy as np

from .checks import as_volume, same_shape
from .diagram import particle_mask
from .diffuse_interface import midway_field
from .interface import density_field
from .interior import depth_inside
from .level_surface import level_points
from .resolution import resolution_voxels

_NEIGHBOURS = 24  # points of the surface that a voxel takes its distance from
_FEWEST_POINTS = 60
_FAR = 30.0  # voxels: beyond any profile that is asked about


@dataclass(frozen=True, kw_only=True, eq=False)
class InterfaceGeometry:
    """An interface and the body that it divides, on the voxels of a reconstruction.

    Attributes
    ----------
    distance : numpy.ndarray
        (z, y, x) signed distance to the interface in voxels, positive towards zinc; it goes on beyond the
        body.
    body : numpy.ndarray
        (z, y, x) share of each voxel in the body as far as the reconstruction tells: 1 deep inside, blurred
        at the surface as the reconstruction is.
    deep : numpy.ndarray
        (z, y, x) bool: voxels that the blur of the surface does not reach.
    resolution_voxels : float
        Full width at half maximum of the reconstruction's blur.
    reason : str
        Why there is no interface; empty if there is one.
    """

    distance: np.ndarray
    body: np.ndarray
    deep: np.ndarray
    resolution_voxels: float
    reason: str


def interface_geometry(
    zn: np.ndarray,
    co: np.ndarray,
    *,
    interior: np.ndarray | str | None = None,
    between: str = "fractions",
) -> InterfaceGeometry:
    """Locate the interface between two phases and the body around it.

    Parameters
    ----------
    zn, co : numpy.ndarray
        (z, y, x) densities, atoms nm⁻³.
    interior : numpy.ndarray or "esf", optional
        Mask of the particle; the edge-spread threshold on the total density without one.
    between : {"fractions", "densities"}
        What steps across the interface: the zinc fraction (two phases that do not mix) or the total density
        (two that interdiffuse up to a miscibility limit).

    Returns
    -------
    InterfaceGeometry

    Raises
    ------
    ValueError
        If shapes differ, no particle is found or `between` is unknown.

    Notes
    -----
    Points and normals of the level set midway between the two phases are taken where the particle's surface
    does not blur it, 1.2 resolutions deep. Every voxel then takes the weighted mean of its distances to the
    tangent planes at the nearest points, ``d = Σ w n·(x − p) / Σ w`` (implicit moving least squares:
    Kolluri, ACM Trans. Algorithms 4 (2008) 18, doi:10.1145/1361192.1361195), which averages the
    noise of the points and goes on straight where the interface nears the surface.
    """
    zn, co = (as_volume(n, v).astype(np.float64) for n, v in (("zn", zn), ("co", co)))
    same_shape(zn=zn, co=co)
    if between not in ("fractions", "densities"):
        raise ValueError(f"`between` must be 'fractions' or 'densities', got {between!r}")
    total = zn + co
    mask, _ = particle_mask(total, interior)
    if not mask.any() or mask.all() or min(zn.shape) < 4:
        return _none(zn.shape, "no surface: the particle fills the volume, or there is none")
    sharpness = resolution_voxels(total, mask)
    if not np.isfinite(sharpness):
        return _none(zn.shape, "no surface: the density does not fall at the particle's edge")
    depth = depth_inside(mask)
    deep = depth > 1.5 * sharpness
    find = midway_field if between == "fractions" else density_field
    found = find(zn, total, mask, sharpness)
    if isinstance(found, str):
        return _none(zn.shape, found)
    field, known = found
    points, normals = level_points(field, known & (depth > 1.2 * sharpness))
    if len(points) < _FEWEST_POINTS:
        return _none(zn.shape, f"too little interface deep inside the particle ({len(points)} points)")
    distance = _planes_distance(points, normals, zn.shape, max(sharpness, 2.0))
    # Far from the interface the sign is all that counts, and there the field itself knows better.
    far = known & (depth > 1.2 * sharpness) & (np.abs(distance) > 3) & (np.sign(field) != np.sign(distance))
    distance = np.where(far, -distance, distance)
    return InterfaceGeometry(
        distance=distance, body=_body(zn, co, distance, deep, sharpness, between), deep=deep,
        resolution_voxels=float(sharpness), reason="",
    )  # fmt: skip


def _planes_distance(points: np.ndarray, normals: np.ndarray, shape: tuple[int, ...], width: float):
    """Weighted mean of the distances to the tangent planes at the nearest points of a surface."""
    from scipy.spatial import KDTree

    voxels = np.argwhere(np.ones(shape, bool)).astype(np.float64)
    near = min(_NEIGHBOURS, len(points))
    away, index = KDTree(points).query(voxels, k=near)
    # Farther off, a wider mean: the noise of a normal counts by the distance.
    scale = np.hypot(width, 0.5 * away[:, :1])
    weight = np.exp(-0.5 * (away**2 - away[:, :1] ** 2) / scale**2)
    planes = np.einsum("vki,vki->vk", voxels[:, None] - points[index], normals[index])
    distance = (weight * planes).sum(axis=1) / weight.sum(axis=1)
    return np.clip(distance, -_FAR, _FAR).reshape(shape)


def _body(zn, co, distance, deep, sharpness: float, between: str) -> np.ndarray:
    """Share of the body: the metals in units of their phase, 1 where no surface is near."""
    sides = [deep & (distance < -sharpness), deep & (distance > sharpness)]
    levels = np.array([[np.median(v[side]) if side.any() else np.nan for v in (co, zn)] for side in sides])
    total = zn + co
    if between == "fractions" and np.isfinite(levels).all() and abs(np.linalg.det(levels)) > 1e-6:
        per = np.linalg.solve(levels, np.ones(2))
        share = per[0] * co + per[1] * zn
    else:
        sums = np.where(np.isfinite(levels.sum(axis=1)), levels.sum(axis=1), np.nanmean(levels.sum(axis=1)))
        share = total / np.where(distance < 0, sums[0], sums[1])
    return np.where(deep, 1.0, np.clip(share, 0.0, 1.5))


def _none(shape: tuple[int, ...], reason: str) -> InterfaceGeometry:
    return InterfaceGeometry(
        distance=np.full(shape, np.nan), body=np.zeros(shape), deep=np.zeros(shape, bool),
        resolution_voxels=float("nan"), reason=reason,
    )  # fmt: skip
