"""How good volumes are, method by method: errors, resolution by direction, elongation, efficiency."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..forward import MICROSCOPES, TiltSeries, draw_counts, expected_counts
from ..metrics import dice, nrmse, ssim
from ..metrics.directional_resolution import DirectionalResolution, directional_resolution
from ..metrics.efficiency import Efficiency, statistical_efficiency
from ..metrics.elongation import Elongation, elongation
from ..metrics.fourier_shell import FourierShell, fourier_shell
from ..metrics.interior import depth_inside
from ..metrics.replicate_maps import ErrorBudget, ReplicateMaps
from ..phantoms import Phantom
from ..recon import reconstruct
from ..recon.region_fit import fit_regions
from .design import Design
from .design.trial import draw_truth

LINE = "Zn_Ka"
ELEMENT = "Zn"
AXES = ("z", "y", "x")
# A voxel belongs to the particle when the body fills it to rounding.
_FULL = 0.999
# Voxels from any other phase, and from the vacuum, at which a region's mean is taken.
_DEPTH = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One particle under one acquisition: its truth and what its series records on average.

    Attributes
    ----------
    truth : Phantom
        On the grid of the reconstruction.
    expected : TiltSeries
        Expected counts of the zinc line.
    cross_section_barn : dict
        The true ones: calibration is no part of this.
    phases : tuple of str
        Those that hold zinc.
    regions : numpy.ndarray
        (phase, z, y, x) zinc of each voxel over the mean zinc density of its phase: partly filled voxels
        count in part.
    interiors : numpy.ndarray
        (phase, z, y, x) bool: voxels of a phase well away from all others.
    bound_variance : numpy.ndarray
        (phase,) Cramér–Rao bound of the zinc densities of the phases, their shapes known.
    """

    truth: Phantom
    expected: TiltSeries
    cross_section_barn: dict[str, float]
    phases: tuple[str, ...]
    regions: np.ndarray
    interiors: np.ndarray
    bound_variance: np.ndarray

    @property
    def density(self) -> np.ndarray:
        """True zinc atoms nm⁻³ (z, y, x)."""
        return self.truth.density(ELEMENT)

    @property
    def spacing_nm(self) -> float:
        """Edge of a voxel."""
        return self.truth.grid.spacing_nm


@dataclass(frozen=True, kw_only=True, eq=False)
class Quality:
    """How good the zinc volumes of one method are, over replicates of one case.

    Attributes
    ----------
    method : str
    nrmse, ssim, dice : numpy.ndarray
        (replicate,); SSIM over the particle's voxels.
    shells : tuple of FourierShell
    directions : tuple of DirectionalResolution
        Both against the truth.
    elongations : tuple of Elongation
    budget : ErrorBudget
        Root-mean-square error inside the particle, nm⁻³, split into bias and noise.
    maps : ReplicateMaps
    region_means : numpy.ndarray
        (replicate, phase) mean density of the phases' interiors, nm⁻³.
    efficiency : Efficiency
        Of these means.
    first, second : numpy.ndarray
        (z, y, x) volumes of the first two replicates.
    """

    method: str
    nrmse: np.ndarray
    ssim: np.ndarray
    dice: np.ndarray
    shells: tuple[FourierShell, ...]
    directions: tuple[DirectionalResolution, ...]
    elongations: tuple[Elongation, ...]
    budget: ErrorBudget
    maps: ReplicateMaps
    region_means: np.ndarray
    efficiency: Efficiency
    first: np.ndarray
    second: np.ndarray

    def resolution_nm(self, axis: str) -> np.ndarray:
        """Resolution of each replicate along an axis; infinity where nothing is resolved."""
        return np.array([found.along(axis).nm for found in self.directions])

    def row(self) -> dict[str, str]:
        """Return the method's row of the table, as text."""
        edges = np.array([one.edges for one in self.elongations])
        particle = np.array([one.particle for one in self.elongations])
        return {
            "method": self.method,
            "NRMSE": _spread(self.nrmse, 3),
            "SSIM": _spread(self.ssim, 3),
            "Dice": _spread(self.dice, 3),
            **{f"{axis} nm": _length(self.resolution_nm(axis), self._voxels_nm(axis)) for axis in AXES[::-1]},
            "elongation, edges": _spread(edges, 2),
            "particle": _spread(particle, 2),
            "bias nm⁻³": f"{self.budget.bias:.2f}",
            "noise nm⁻³": f"{self.budget.noise:.2f}",
        }

    def _voxels_nm(self, axis: str) -> float:
        return 1.0 / float(self.directions[0].axes[axis].frequency_per_nm[-1])


def make_case(design: Design, *, seed: int = 0) -> Case:
    """Draw the particle of a design and compute what its series records on average.

    Parameters
    ----------
    design : Design
        Specimen, beam, tilts and instrument; its reconstruction is not looked at.
    seed : int
        Of the particle.
    """
    fine = draw_truth(design.specimen, replicate=0, seed=seed)
    both = expected_counts(fine, design.acquisition)
    expected = both.channel(LINE)
    truth = fine.downsampled(2)
    phases, interiors = _deep_phases(truth)
    regions = _shares(truth, phases)
    sections = {LINE: MICROSCOPES[design.instrument.microscope].cross_section_barn[LINE]}
    bound = fit_regions(expected, regions, cross_section_barn=sections).covariance[0]
    return Case(
        truth=truth,
        expected=expected,
        cross_section_barn=sections,
        phases=phases,
        regions=regions,
        interiors=interiors,
        bound_variance=np.diagonal(bound).copy(),
    )


def judge(
    case: Case,
    method: str,
    *,
    replicates: int = 8,
    seed: int = 0,
    callback: Callable[[int], None] | None = None,
    **options: Any,
) -> Quality:
    """Reconstruct one method's replicates, one after another, and score them.

    Parameters
    ----------
    case : Case
        What is reconstructed.
    method : str
        A name in `glasstomo.recon.METHODS`.
    replicates : int
        Draws of the counts, two or more; the same ones for every method.
    seed : int
        Of the draws.
    callback : callable, optional
        Called with the number of replicates done.
    **options
        For `reconstruct`.
    """
    if replicates < 2:
        raise ValueError(f"`replicates` must be 2 or more, got {replicates}")
    true, inside = case.density, case.truth.fill > _FULL
    surface = 0.5 * float(true[inside].mean())
    maps, scores, means, kept = ReplicateMaps(), [], [], []
    shells: list[FourierShell] = []
    directions: list[DirectionalResolution] = []
    elongations: list[Elongation] = []
    for number in range(replicates):
        counts = draw_counts(case.expected, rng=np.random.default_rng([seed, number]))
        found = reconstruct(counts, method, cross_section_barn=case.cross_section_barn, **options).volume
        maps.add(found)
        scores.append(
            (nrmse(found, true), ssim(found, true, mask=inside), dice(found > surface, true > surface))
        )
        shells.append(fourier_shell(found, true, spacing_nm=case.spacing_nm))
        directions.append(directional_resolution(found, true, spacing_nm=case.spacing_nm))
        elongations.append(elongation(found, true, threshold=surface))
        means.append([float(found[part].mean(dtype=np.float64)) for part in case.interiors])
        kept += [found] if number < 2 else []
        if callback is not None:
            callback(number + 1)
    table = np.array(scores).T
    true_means = np.array([float(true[part].mean(dtype=np.float64)) for part in case.interiors])
    return Quality(
        method=method,
        nrmse=table[0],
        ssim=table[1],
        dice=table[2],
        shells=tuple(shells),
        directions=tuple(directions),
        elongations=tuple(elongations),
        budget=maps.budget(true, inside),
        maps=maps,
        region_means=np.array(means),
        efficiency=statistical_efficiency(np.array(means), case.bound_variance, truth=true_means),
        first=kept[0],
        second=kept[1],
    )


def fitted_regions(case: Case, *, replicates: int = 8, seed: int = 0) -> Efficiency:
    """Efficiency of fitting the phases' densities straight to the counts, their shapes known."""
    means = [
        fit_regions(
            draw_counts(case.expected, rng=np.random.default_rng([seed, number])),
            case.regions,
            cross_section_barn=case.cross_section_barn,
        ).densities[0]
        for number in range(replicates)
    ]
    true_means = np.array([float(case.density[part].mean(dtype=np.float64)) for part in case.interiors])
    return statistical_efficiency(np.array(means), case.bound_variance, truth=true_means)


def efficiency_rows(method: str, phases: tuple[str, ...], found: Efficiency) -> Iterator[dict[str, str]]:
    """Yield a row of the table of efficiencies for every phase, as text."""
    if found.bias is None or found.mse_value is None or found.bias_standard_error is None:
        raise ValueError("`found` must know the bias: give `statistical_efficiency` the truth")
    for i, phase in enumerate(phases):
        yield {
            "method": method,
            "phase": phase,
            "bias nm⁻³": f"{found.bias[i]:+.3f} ± {found.bias_standard_error[i]:.3f}",
            "σ nm⁻³": f"{np.sqrt(found.variance[i]):.4f}",
            "efficiency": f"{found.value[i]:.2g} ({found.low[i]:.2g} to {found.high[i]:.2g})",
            "with the bias": f"{found.mse_value[i]:.2g}",
        }


def _deep_phases(truth: Phantom) -> tuple[tuple[str, ...], np.ndarray]:
    """Phases that hold zinc and are thick enough, with the mask of the interior of each."""
    phases, interiors = [], []
    for label, name in enumerate(truth.phase_names, start=1):
        interior = depth_inside(truth.labels == label) >= _DEPTH
        if interior.any() and truth.density(ELEMENT)[interior].mean() > 0:
            phases.append(name)
            interiors.append(interior)
    if not phases:
        raise ValueError(
            f"a phase with zinc must be {2 * _DEPTH:g} voxels thick: take more voxels or another seed"
        )
    return tuple(phases), np.stack(interiors)


def _shares(truth: Phantom, phases: tuple[str, ...]) -> np.ndarray:
    """Zinc of each voxel over the mean density of its phase, or of the nearest one where it has none."""
    from scipy.ndimage import distance_transform_edt

    density = truth.density(ELEMENT).astype(np.float64)
    labels = [1 + truth.phase_names.index(name) for name in phases]
    # Labels are kept where a voxel lies wholly in a phase; the others go to the nearest.
    nearest = np.asarray(
        distance_transform_edt(~np.isin(truth.labels, labels), return_distances=False, return_indices=True)
    )
    owner = truth.labels[tuple(nearest)]
    shares = [
        np.where(owner == label, density, 0.0) / density[truth.labels == label].mean() for label in labels
    ]
    return np.stack(shares).astype(np.float32)


def _spread(values: np.ndarray, digits: int) -> str:
    """Mean ± standard deviation of the replicates that have a value."""
    known = values[np.isfinite(values)]
    if known.size < values.size:
        return f"– ({values.size - known.size} of {values.size})"
    return f"{known.mean():.{digits}f} ± {known.std(ddof=1):.{digits}f}"


def _length(values: np.ndarray, voxels_nm: float) -> str:
    """Median resolution; two voxels are a bound, and infinity is nothing resolved."""
    middle = float(np.median(values))
    if not np.isfinite(middle):
        return "none"
    return f"≤ {voxels_nm:.0f}" if middle <= voxels_nm * (1 + 1e-9) else f"{middle:.0f}"
