"""Standard errors of every voxel of a phase diagram, from replicates of it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .checks import as_volume

_FEWEST = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class VoxelErrors:
    """What replicates of a diagram scatter by, voxel by voxel.

    Attributes
    ----------
    replicates : numpy.ndarray
        (replicate, metals, n) float32: fractions of all metals but the last, then the density.
    mean : numpy.ndarray
        (metals, n) their mean.
    covariance : numpy.ndarray
        (n, metals, metals) covariance of one replicate about their mean.
    """

    replicates: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray

    @property
    def fraction_error(self) -> np.ndarray:
        """(n,) standard error of the first metal's fraction."""
        return np.sqrt(self.covariance[:, 0, 0])

    @property
    def density_error(self) -> np.ndarray:
        """(n,) standard error of the total density, atoms nm⁻³."""
        return np.sqrt(self.covariance[:, -1, -1])


def voxel_errors(
    replicates: Iterable[tuple[np.ndarray, np.ndarray]],
    interior: np.ndarray,
    *,
    pool_voxels: float = 1.0,
) -> VoxelErrors:
    """Covariance of fraction and density at every interior voxel, from replicates.

    Parameters
    ----------
    replicates : iterable of (zn, co)
        Volumes (z, y, x) as `phase_diagram` takes them, of real repeats or of twins; two or more.
    interior : numpy.ndarray
        (z, y, x) bool: the voxels of the diagram.
    pool_voxels : float
        Width σ, in voxels, of the Gaussian over which neighbours within the interior share their
        covariances; 0 keeps every voxel by itself.

    Returns
    -------
    VoxelErrors
        It holds metals × n float32 for each replicate.

    Raises
    ------
    ValueError
        If there are fewer than two replicates, or their shapes differ from the interior's.

    Notes
    -----
    The covariance of R replicates has a relative standard error of √(2/(R − 1)), a half from nine.
    Noise varies in the volume more slowly than its own correlation, so that neighbours tell about a
    voxel as well: their covariances are averaged, not their values.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> draws = [(2.0 + 0.1 * rng.standard_normal((8, 8, 8)), np.full((8, 8, 8), 2.0)) for _ in range(9)]
    >>> errors = voxel_errors(draws, np.ones((8, 8, 8), dtype=bool))
    >>> float(errors.density_error.mean().round(2)), float(errors.fraction_error.mean().round(3))
    (0.1, 0.013)
    """
    if not pool_voxels >= 0:
        raise ValueError(f"`pool_voxels` must not be negative, got {pool_voxels}")
    points = np.array(
        [interior_points(metal_stack(zn, co), interior).astype(np.float32) for zn, co in replicates]
    )
    if len(points) < _FEWEST:
        raise ValueError(f"`replicates` must hold at least {_FEWEST} pairs (zn, co), got {len(points)}")
    mean = points.mean(axis=0, dtype=np.float64)
    away = points - mean
    covariance = np.einsum("rin,rjn->nij", away, away) / (len(points) - 1)
    if pool_voxels > 0:
        covariance = _pooled(covariance, interior, pool_voxels)
    return VoxelErrors(replicates=points, mean=mean, covariance=covariance)


def metal_stack(zn: np.ndarray, co: np.ndarray) -> np.ndarray:
    """Densities (metal, z, y, x) of the first metal and of the one or several others."""
    first = as_volume("zn", zn)
    stack = np.asarray(co)
    if stack.ndim == 4:
        others = [as_volume(f"co[{i}]", part) for i, part in enumerate(stack)]
    else:
        others = [as_volume("co", stack)]
    for part in others:
        if part.shape != first.shape:
            raise ValueError(f"shapes must agree: `zn` is {first.shape}, `co` is {part.shape}")
    return np.stack([first, *others], dtype=np.float64)


def interior_points(metals: np.ndarray, interior: np.ndarray) -> np.ndarray:
    """Points (metals, n): fractions of all metals but the last, then the total density.

    A voxel without any metal has the fractions of an equal mixture: no value is less wrong, and it must
    not make the rest of the diagram unusable.
    """
    if metals.shape[1:] != interior.shape:
        raise ValueError(f"shapes must agree: `interior` is {interior.shape}, a volume {metals.shape[1:]}")
    inside = metals[:, interior]
    total = inside.sum(axis=0)
    equal = np.full((len(inside) - 1, total.size), 1.0 / len(inside))
    fractions = np.divide(inside[:-1], total, out=equal, where=total > 0)
    return np.vstack([fractions, total[None]])


def _pooled(covariance: np.ndarray, interior: np.ndarray, width: float) -> np.ndarray:
    """Average covariances over a Gaussian neighbourhood within the interior."""
    from scipy.ndimage import gaussian_filter

    box = _box(interior, int(np.ceil(3 * width)))
    inside = interior[box]
    weight = gaussian_filter(inside.astype(np.float64), width, mode="constant", truncate=3.0)[inside]
    pooled = np.empty_like(covariance)
    field = np.zeros(inside.shape)
    for i in range(covariance.shape[1]):
        for j in range(i, covariance.shape[1]):
            field[inside] = covariance[:, i, j]
            near = gaussian_filter(field, width, mode="constant", truncate=3.0)[inside] / weight
            pooled[:, i, j] = pooled[:, j, i] = near
    return pooled


def _box(mask: np.ndarray, margin: int) -> tuple[slice, ...]:
    """Box of a mask with a margin, so that a small particle in a large volume costs little."""
    if not mask.any():
        raise ValueError("`interior` must hold at least one voxel")
    box = []
    for axis in range(mask.ndim):
        held = np.flatnonzero(mask.any(axis=tuple(i for i in range(mask.ndim) if i != axis)))
        box.append(slice(max(int(held[0]) - margin, 0), int(held[-1]) + 1 + margin))
    return tuple(box)
