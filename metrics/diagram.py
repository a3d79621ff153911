"""The phase diagram of a particle: element fraction against total density, voxel by voxel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .checks import same_shape
from .corrections import known_corrections, without_bias, without_noise
from .interior_voxels import diagram_voxels as diagram_voxels
from .interior_voxels import interior_of
from .interior_voxels import particle_mask as particle_mask
from .phase_errors import errors_from_blocks, errors_from_replicates
from .phases import MOST_METALS, Phase, phase_peaks, phases_of
from .resolution import resolution_voxels
from .threshold import EsfThreshold
from .voxel_covariance import VoxelErrors, interior_points, metal_stack, voxel_errors

Pair = tuple[np.ndarray, np.ndarray]
"""Volumes of the first metal (z, y, x) and of the other one, or several (metal, z, y, x)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PhaseDiagram:
    """Fraction against total density of a particle's interior voxels, with the phases in it.

    Attributes
    ----------
    fraction, density : numpy.ndarray
        (n,) per interior voxel: fraction of the first metal and total density, atoms nm⁻³.
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
        Phases by falling share, with the errors of their centres.
    names : tuple of str
        The metal whose fraction is given, then the others.
    threshold : EsfThreshold or None
        The threshold on the total density; None if the interior was given.
    fractions : numpy.ndarray
        (metals, n) fractions of all metals; they sum to one.
    errors : VoxelErrors or None
        Scatter of every voxel over the replicates; None without any.
    bias : numpy.ndarray or None
        (metals, n) bias of fractions (all but the last metal's) and density that the twins show,
        whether or not it was taken off; None without a model of the twins.
    resolution_voxels : float
        FWHM of the blur at the particle's surface, voxels; NaN where the particle has none.
    corrections : tuple of str
        What was corrected for, in the order in which it was done.
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
    fractions: np.ndarray
    errors: VoxelErrors | None = None
    bias: np.ndarray | None = None
    resolution_voxels: float = float("nan")
    corrections: tuple[str, ...] = ()

    @property
    def fraction_error(self) -> np.ndarray | None:
        """(n,) standard error of each voxel's fraction by noise; None without replicates."""
        return None if self.errors is None else self.errors.fraction_error

    @property
    def density_error(self) -> np.ndarray | None:
        """(n,) standard error of each voxel's density by noise, atoms nm⁻³; None without replicates."""
        return None if self.errors is None else self.errors.density_error

    @property
    def unassigned_share(self) -> float:
        """Share of the interior voxels that lie between phases."""
        return float(np.mean(self.labels < 0))


def phase_diagram(
    zn: np.ndarray,
    co: np.ndarray,
    *,
    interior: np.ndarray | str | None = None,
    erode: float | str = 2.0,
    names: tuple[str, ...] | None = None,
    bins: tuple[int, int] = (100, 100),
    density_max: float | None = None,
    replicates: Iterable[Pair] | None = None,
    model: Pair | None = None,
    corrections: Sequence[str] = (),
) -> PhaseDiagram:
    """Fraction X = zn/(zn + co) against total density zn + co over the interior voxels.

    Parameters
    ----------
    zn : numpy.ndarray
        (z, y, x) density of the metal whose fraction is wanted, atoms nm⁻³; zinc or any other.
    co : numpy.ndarray
        (z, y, x) density of the other metal, or (metal, z, y, x) of up to three. The phases of three
        or four metals are found in the space of all fractions but the last and of the density.
    interior : numpy.ndarray or "esf", optional
        Mask of the particle. Without one, the edge-spread threshold on the total density gives it.
    erode : float or "resolution"
        Depth in voxels below which a voxel counts as interior. Blur of 2.5 voxels (FWHM) brings the
        third layer to 98 % of the density inside; nearer the surface lies a tail towards zero.
        "resolution" takes the depth at which the measured blur of this volume leaves 2 %, at least 1.
    names : tuple of str, optional
        Names of the metals, the fraction's first; ("Zn", "Co") without.
    bins : tuple of int
        Bins of the histogram along fraction (0 to 1) and density (0 to `density_max`).
    density_max : float, optional
        Upper end of the density axis; the 99.9 % point of the density times 1.1 without it.
    replicates : iterable of (zn, co), optional
        The same volumes from other draws of the noise, real or simulated (`glasstomo.recon.twins`):
        two or more. They give every voxel and every phase its errors.
    model : (zn, co), optional
        The volumes that the replicates are twins of, such as `particle_model` makes; it tells the
        bias of every voxel.
    corrections : sequence of str
        Of `CORRECTIONS`: "bias" needs `replicates` and `model`, "noise" needs `replicates`.

    Returns
    -------
    PhaseDiagram

    Raises
    ------
    ValueError
        If shapes differ, no interior voxel is left (no particle found, or eroded away), or a
        correction lacks what it needs.

    Notes
    -----
    Errors of voxels and phases are those of noise, of the volumes as they were handed in. The
    covariances of the phases are those before the correction for noise. The bias of a
    regularised reconstruction is the larger part at most doses, lies at edges, and is not in them;
    `bias` estimates it.

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
    asked = known_corrections(corrections)
    _check_needs(asked, replicates, model)
    metals = metal_stack(zn, co)
    names = _metal_names(names, len(metals))
    inside, mask, threshold = interior_of(metals, interior, erode)
    total = metals.sum(axis=0)
    blurred = mask.any() and not mask.all()
    resolution = resolution_voxels(total, mask) if blurred else float("nan")
    points = interior_points(metals, inside)
    errors = None if replicates is None else voxel_errors(replicates, inside)
    bias = None
    if errors is not None and len(errors.mean) != len(metals):
        raise ValueError(
            f"`replicates` must be of {len(metals)} metals as the volumes are, got {len(errors.mean)}"
        )
    if errors is not None and model is not None:
        origin = interior_points(metal_stack(*model), inside)
        same_shape(points=points, model=origin, replicates=errors.mean)
        bias = errors.mean - origin
        if "bias" in asked:
            points = without_bias(points, errors.mean, origin)
    phases, labels, points = _phases(points, errors, inside, "noise" in asked)
    if bias is not None:
        phases = tuple(
            replace(phase, bias=bias[:, labels == index].mean(axis=1), bias_removed="bias" in asked)
            for index, phase in enumerate(phases)
        )
    fractions = np.vstack([points[:-1], 1.0 - points[:-1].sum(axis=0)])
    density = points[-1]
    top = density_max if density_max is not None else 1.1 * float(np.quantile(density, 0.999))
    edges = (np.linspace(0, 1, bins[0] + 1), np.linspace(0, top, bins[1] + 1))
    histogram = np.histogram2d(np.clip(fractions[0], 0, 1), density, bins=edges)[0].astype(np.int64)
    return PhaseDiagram(
        fraction=fractions[0], density=density, labels=labels, interior=inside, particle=mask,
        histogram=histogram,
        fraction_edges=edges[0], density_edges=edges[1], phases=phases, names=names,
        threshold=threshold, fractions=fractions, errors=errors, bias=bias, resolution_voxels=resolution,
        corrections=asked,
    )  # fmt: skip


def _phases(
    points: np.ndarray, errors: VoxelErrors | None, inside: np.ndarray, narrow: bool
) -> tuple[tuple[Phase, ...], np.ndarray, np.ndarray]:
    """Phases with their errors, the phase of every point, and the points, narrowed if asked for."""
    peaks = phase_peaks(points)
    if peaks is None:
        return (), np.full(points.shape[1], -1, dtype=np.int8), points
    phases, labels, basins = phases_of(points, peaks)
    if errors is None:
        return errors_from_blocks(phases, labels, points, inside), labels, points
    phases = errors_from_replicates(phases, labels, points, errors, peaks, basins)
    return phases, labels, without_noise(points, labels, phases) if narrow else points


def _check_needs(asked: tuple[str, ...], replicates: object, model: object) -> None:
    if asked and replicates is None:
        raise ValueError(
            f"the correction {asked[0]!r} needs `replicates`, got none; see glasstomo.recon.twins"
        )
    if "bias" in asked and model is None:
        raise ValueError("the correction 'bias' needs `model`, the volumes that the replicates are twins of")
    if model is not None and replicates is None:
        raise ValueError("`model` tells the bias of `replicates`, and there are none; give them, or drop it")


def _metal_names(names: tuple[str, ...] | None, metals: int) -> tuple[str, ...]:
    if not 2 <= metals <= MOST_METALS:
        raise ValueError(f"a diagram has two to {MOST_METALS} metals, got {metals}")
    if names is None:
        return ("Zn", "Co") if metals == 2 else tuple(f"metal {i + 1}" for i in range(metals))
    if len(names) != metals:
        raise ValueError(f"`names` must name all {metals} metals, got {len(names)}: {', '.join(names)}")
    return tuple(names)
