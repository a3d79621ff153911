"""From the counts of one channel to a problem: units, weights, and the misfit that the truth would have."""

from dataclasses import dataclass

import numpy as np

from ..forward import Projector, TiltSeries
from .noise_level import checked_noise, gaussian_variance, poisson_variance
from .problem import Problem


@dataclass(frozen=True, kw_only=True)
class NoisyProblem:
    """A problem whose weights are inverse variances, and the misfit that the truth would have."""

    problem: Problem
    target: float


def noisy_problem(
    series: TiltSeries,
    cross_section_barn: dict[str, float] | None,
    gains: str,
    depth: int | None,
    projector: Projector,
) -> NoisyProblem:
    """Put one channel into the units of the answer, with weights and the expected misfit.

    Parameters
    ----------
    series : TiltSeries
        One channel, data (tilt, y, x).
    cross_section_barn : dict, optional
        Partial cross-section of the line, barn: data are then areal densities, atoms nm⁻².
    gains : {"model", "ignore"}
        Put the gains of the series into the operator, or leave them out.
    depth : int, optional
        Voxels along the beam.
    projector : Projector
        Of the geometry of the series.

    Returns
    -------
    NoisyProblem
    """
    counts = series.data
    scale = 1.0
    if cross_section_barn is not None and series.signal == "EDS_TEM" and series.electrons_per_pixel:
        # One count is this areal density at gain 1; the gain belongs to the operator.
        unit = TiltSeries(
            data=np.ones((1, 1, 1)),
            angles_deg=np.zeros(1),
            spacing_nm=series.spacing_nm,
            channels=series.channels,
            signal=series.signal,
            electrons_per_pixel=series.electrons_per_pixel,
        )
        scale = float(unit.areal_density(cross_section_barn).flat[0])
    if series.variance is not None:
        variance = checked_noise(series.variance)
        target = float(counts.size)
    elif series.signal == "EDS_TEM":
        mean = poisson_variance(counts, floor=0.0)
        variance = np.maximum(mean, 1.0)
        # A pixel expected to hold m < 1 counts has a weighted misfit of m on average, not 1.
        target = float(np.minimum(mean, 1.0).sum())
    else:
        variance = gaussian_variance(counts)
        target = float(counts.size)
    problem = Problem(
        data=(counts * scale).astype(np.float32),
        weights=(1.0 / (variance * scale * scale)).astype(np.float32),
        angles_deg=series.angles_deg,
        gains=_modelled(series, gains),  # pyright: ignore[reportArgumentType]
        spacing_nm=series.spacing_nm,
        depth=depth,
        projector=projector,
    )
    return NoisyProblem(problem=problem, target=max(target, 1.0))


def _modelled(series: TiltSeries, gains: str) -> np.ndarray | None:
    """Factors of the operator, one per tilt: exposure (always known), and gains where they are modelled."""
    if gains == "ignore" or series.gains is None:
        return series.exposure
    return series.sensitivity[0]
