"""The voxels that a phase diagram is made of: inside a particle, below its blurred surface."""

import numpy as np

from .checks import as_mask
from .interior import depth_inside
from .resolution import resolution_voxels
from .threshold import EsfStatus, EsfThreshold, esf_threshold
from .voxel_covariance import interior_points, metal_stack


def diagram_voxels(
    zn: np.ndarray, co: np.ndarray, *, interior: np.ndarray | str | None = None, erode: float | str = 2.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, EsfThreshold | None]:
    """Fraction and density of the interior voxels alone, without a search for phases in them.

    Parameters
    ----------
    zn, co, interior, erode
        As for `phase_diagram`.

    Returns
    -------
    fraction, density : numpy.ndarray
        (n,) as in `PhaseDiagram`; `phase_diagram_distance` takes the two as a diagram.
    inside, particle : numpy.ndarray
        (z, y, x) bool: the interior, and the particle that was eroded to it.
    threshold : EsfThreshold or None
        None if the interior was given.

    Raises
    ------
    ValueError
        As for `phase_diagram`.
    """
    metals = metal_stack(zn, co)
    inside, mask, threshold = interior_of(metals, interior, erode)
    points = interior_points(metals, inside)
    return points[0], points[-1], inside, mask, threshold


def interior_of(
    metals: np.ndarray, interior: np.ndarray | str | None, erode: float | str
) -> tuple[np.ndarray, np.ndarray, EsfThreshold | None]:
    """Voxels of the diagram of some metals (metal, z, y, x), the particle, and its threshold."""
    total = metals.sum(axis=0)
    mask, threshold = particle_mask(total, interior)
    depth = _erosion(erode, total, mask)
    inside = mask & (total > 0)
    if depth > 0:
        inside &= depth_inside(mask) > depth
    if not inside.any():
        raise ValueError(
            f"no interior voxel is left of {np.count_nonzero(mask)} after eroding {depth:.3g} voxels; "
            "erode less"
        )
    return inside, mask, threshold


def _erosion(erode: float | str, total: np.ndarray, mask: np.ndarray) -> float:
    if not isinstance(erode, str):
        if not 0 <= erode < np.inf:
            raise ValueError(f"`erode` must be a number of voxels, 0 or more, got {erode}")
        return float(erode)
    if erode != "resolution":
        raise ValueError(f'`erode` must be a number of voxels or "resolution", got {erode!r}')
    if mask.all() or not mask.any():
        return 0.0
    # A Gaussian edge leaves Φ(−2.054) = 2 % at a depth of 2.054 σ.
    return max(1.0, 2.054 / 2.3548 * resolution_voxels(total, mask))


def particle_mask(
    total: np.ndarray, interior: np.ndarray | str | None = None, *, errors: bool = True
) -> tuple[np.ndarray, EsfThreshold | None]:
    """Mask of the particle: the one given, or where the total density exceeds its edge-spread threshold.

    Parameters
    ----------
    total : numpy.ndarray
        (z, y, x) total density.
    interior : numpy.ndarray or "esf", optional
        A mask of booleans, or "esf" (as None) for the edge-spread threshold.
    errors : bool
        As for `esf_threshold`.

    Returns
    -------
    mask : numpy.ndarray
        (z, y, x) bool.
    threshold : EsfThreshold or None

    Raises
    ------
    ValueError
        If no threshold is found, with the status' cure.
    """
    if interior is not None and not isinstance(interior, str):
        return as_mask("interior", interior, total.shape), None
    if isinstance(interior, str) and interior != "esf":
        raise ValueError(f'`interior` must be a mask, "esf" or None, got {interior!r}')
    threshold = esf_threshold(total, errors=errors)
    if threshold.status is EsfStatus.FAILED:
        raise ValueError(f"`interior`: {threshold.status.message}")
    return total > threshold.threshold, threshold
