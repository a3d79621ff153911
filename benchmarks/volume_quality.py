"""How good volumes are, method by method: errors, resolution by direction, elongation, efficiency."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..forward import draw_counts
from ..metrics import dice, nrmse, ssim
from ..metrics.efficiency import Efficiency, statistical_efficiency
from ..metrics.replicate_maps import ErrorBudget, ReplicateMaps
from ..metrics.resolution_by_direction import DirectionalResolution, directional_resolution
from ..metrics.shell_correlation import FourierShell, fourier_shell
from ..metrics.stretch import Elongation, elongation
from ..recon import reconstruct
from .volume_case import Case

AXES = ("z", "y", "x")
# A voxel belongs to the particle when the body fills it to rounding.
_FULL = 0.999


@dataclass(frozen=True, kw_only=True, eq=False)
class Quality:
    """How good the zinc volumes of one method are, over replicates of one case.

    Attributes
    ----------
    method : str
    spacing_nm : float
        Edge of a voxel.
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
    spacing_nm: float
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

    def repeated_nm(self) -> float:
        """Resolution that two replicates claim of each other, without the truth."""
        found = fourier_shell(self.first, self.second, spacing_nm=self.spacing_nm, halves=True)
        return found.resolution().nm

    def row(self) -> dict[str, str]:
        """Return the method's row of the table, as text."""
        edges = np.array([one.edges for one in self.elongations])
        particle = np.array([one.particle for one in self.elongations])
        return {
            "method": self.method,
            "NRMSE": _spread(self.nrmse, 3),
            "SSIM": _spread(self.ssim, 3),
            "Dice": _spread(self.dice, 3),
            **{f"{axis} nm": self._length(self.resolution_nm(axis)) for axis in AXES[::-1]},
            "repeats claim": self._length(np.array([self.repeated_nm()])),
            "elongation, edges": _spread(edges, 2),
            "particle": _spread(particle, 2),
            "bias nm⁻³": f"{self.budget.bias:.2f}",
            "noise nm⁻³": f"{self.budget.noise:.2f}",
        }

    def _length(self, values: np.ndarray) -> str:
        """Median resolution; two voxels are a bound, and infinity is nothing resolved."""
        middle = float(np.median(values))
        if not np.isfinite(middle):
            return "none"
        # The Nyquist frequency of an odd grid lies just beyond its last shell.
        finest = 1.0 / float(self.shells[0].frequency_per_nm[-1])
        return f"≤ {finest:.0f}" if middle <= finest * (1 + 1e-9) else f"{middle:.0f}"


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
    return Quality(
        method=method,
        spacing_nm=case.spacing_nm,
        nrmse=table[0],
        ssim=table[1],
        dice=table[2],
        shells=tuple(shells),
        directions=tuple(directions),
        elongations=tuple(elongations),
        budget=maps.budget(true, inside),
        maps=maps,
        region_means=np.array(means),
        efficiency=statistical_efficiency(np.array(means), case.bound_variance, truth=case.true_means),
        first=kept[0],
        second=kept[1],
    )


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


def _spread(values: np.ndarray, digits: int) -> str:
    """Mean ± standard deviation of the replicates that have a value."""
    known = values[np.isfinite(values)]
    if known.size < values.size:
        return f"– ({values.size - known.size} of {values.size})"
    return f"{known.mean():.{digits}f} ± {known.std(ddof=1):.{digits}f}"
