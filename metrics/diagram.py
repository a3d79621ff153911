"""The phase diagram of a particle: element fraction against total density, voxel by voxel."""

from dataclasses import dataclass

import numpy as np

from .checks import as_mask, as_volume
from .interior import depth_inside
from .phases import Phase, find_phases
from .threshold import EsfStatus, EsfThreshold, esf_threshold


@dataclass(frozen=True, kw_only=True, eq=False)
class PhaseDiagram:
    """Fraction against total density of a particle's interior voxels, with the phases in it.

    Attributes
    ----------
    fraction, density : numpy.ndarray
        (n,) per interior voxel: element fraction and total density, atoms nm⁻³.
    labels : numpy.ndarray
        (n,) int8: index of the voxel's phase, −1 between phases.
    interior : numpy.ndarray
        (z, y, x) bool: where those voxels lie, in C order.
    particle : numpy.ndarray
        (z, y, x) bool: the particle that was eroded to `interior`; hand it to `mixing_state` and
        `miscibility_limit`, which otherwise find the threshold anew.
    histogram : numpy.ndarray
        (fraction bin, density bin) counts of voxels; the last bin of each axis is closed.
    fraction_edges, density_edges : numpy.ndarray
        Edges of the bins.
    phases : tuple of Phase
        Phases by falling share.
    names : tuple of str
        The element whose fraction is given, then the others.
    threshold : EsfThreshold or None
        The threshold on the total density; None if the interior was given.
    """

    fraction: np.ndarray
    density: np.ndarray
    labels: np.ndarray
    interior: np.ndarray
    particle: np.ndarray
    histogram: np.ndarray
    fraction_edges: np.ndarray
    density_edges: np.ndarray
    phases: tuple[Phase, ...]
    names: tuple[str, ...]
    threshold: EsfThreshold | None


def phase_diagram(
    zn: np.ndarray,
    co: np.ndarray,
    *,
    interior: np.ndarray | str | None = None,
    erode: float = 2.0,
    names: tuple[str, ...] = ("Zn", "Co"),
    bins: tuple[int, int] = (100, 100),
    density_max: float | None = None,
) -> PhaseDiagram:
    """Fraction X = zn/(zn + co) against total density zn + co over the interior voxels.

    Parameters
    ----------
    zn : numpy.ndarray
        (z, y, x) density of the element whose fraction is wanted, atoms nm⁻³; zinc or any other.
    co : numpy.ndarray
        (z, y, x) density of the other element, or (element, z, y, x) of several.
    interior : numpy.ndarray or "esf", optional
        Mask of the particle. Without one, the edge-spread threshold on the total density gives it.
    erode : float
        Depth in voxels below which a voxel counts as interior. Blur of 2.5 voxels (FWHM) brings the
        third layer to 98 % of the density inside; nearer the surface lies a tail towards zero.
    names : tuple of str
        Names of the elements, the fraction's first.
    bins : tuple of int
        Bins of the histogram along fraction (0 to 1) and density (0 to `density_max`).
    density_max : float, optional
        Upper end of the density axis; the 99.9 % point of the density times 1.1 without it.

    Returns
    -------
    PhaseDiagram

    Raises
    ------
    ValueError
        If shapes differ, or no interior voxel is left: no particle found, or eroded away.

    References
    ----------
    S. M. Collins et al., APL Materials 7, 091111 (2019), doi:10.1063/1.5120093

    Examples
    --------
    >>> zn = np.zeros((32, 32, 32)); zn[4:28, 4:28, 4:16] = 4.0
    >>> co = np.zeros((32, 32, 32)); co[4:28, 4:28, 16:28] = 5.0
    >>> [(round(p.fraction, 2), round(p.density, 2), p.share) for p in phase_diagram(zn, co).phases]
    [(1.0, 4.0, 0.5), (0.0, 5.0, 0.5)]
    """
    fraction, density, inside, mask, threshold = diagram_voxels(zn, co, interior=interior, erode=erode)
    top = density_max if density_max is not None else 1.1 * float(np.quantile(density, 0.999))
    edges = (np.linspace(0, 1, bins[0] + 1), np.linspace(0, top, bins[1] + 1))
    histogram = np.histogram2d(np.clip(fraction, 0, 1), density, bins=edges)[0].astype(np.int64)
    phases, labels = find_phases(fraction, density)
    return PhaseDiagram(
        fraction=fraction, density=density, labels=labels, interior=inside, particle=mask,
        histogram=histogram,
        fraction_edges=edges[0], density_edges=edges[1], phases=phases, names=tuple(names),
        threshold=threshold,
    )  # fmt: skip


def diagram_voxels(
    zn: np.ndarray, co: np.ndarray, *, interior: np.ndarray | str | None = None, erode: float = 2.0
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
    zn = as_volume("zn", zn)
    total = zn.astype(np.float64) + _others(co, zn.shape)
    mask, threshold = particle_mask(total, interior)
    inside = mask & (total > 0)
    if erode > 0:
        inside &= depth_inside(mask) > erode
    if not inside.any():
        raise ValueError(
            f"no interior voxel is left of {np.count_nonzero(mask)} after eroding {erode} voxels; erode less"
        )
    density = total[inside]
    return zn[inside] / density, density, inside, mask, threshold


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


def _others(co: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    stack = np.asarray(co)
    if stack.ndim == 4:
        parts = [as_volume(f"co[{i}]", part) for i, part in enumerate(stack)]
    else:
        parts = [as_volume("co", stack)]
    for part in parts:
        if part.shape != shape:
            raise ValueError(f"shapes must agree: `zn` is {shape}, `co` is {part.shape}")
    return np.asarray(np.sum(np.stack(parts), axis=0, dtype=np.float64))
