"""From the counts of one channel to a problem: units, weights, and the misfit that the truth would have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..forward import Projector, TiltSeries
from .lambda_choice.expected_deviance import expected_deviance
from .noise_level import checked_noise, gaussian_variance, poisson_variance
from .problem import Problem


@dataclass(frozen=True, kw_only=True)
class NoisyProblem:
    """A problem with the weights of its noise, and the misfit that the truth would have."""

    problem: Problem
    target: float


def noisy_problem(
    series: TiltSeries,
    cross_section_barn: dict[str, float] | None,
    gains: str,
    depth: int | None,
    projector: Projector,
    *,
    data_term: str = "least_squares",
    background: np.ndarray | None = None,
    **form: Any,
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
    data_term : {"least_squares", "kullback_leibler"}
        Gaussian noise of estimated variance, or Poisson counts as they are.
    background : ndarray, optional
        Expected background, in units of the recorded data, broadcastable to them.
    **form
        Further fields of the problem: regulariser, upper, second_order_share, tgv_ratio.

    Returns
    -------
    NoisyProblem

    Raises
    ------
    ValueError
        When ``kullback_leibler`` is asked for data that are not Poisson counts.
    """
    counts = series.data
    if data_term == "kullback_leibler":
        _check_counts(series)
    scale = areal_density_of_a_count(series, cross_section_barn)
    if data_term == "kullback_leibler":
        weights = np.full(counts.shape, 1.0 / scale)
        target = float(expected_deviance(_expected_counts(counts, background)).sum())
    elif series.variance is not None:
        weights = 1.0 / (checked_noise(series.variance) * scale * scale)
        target = float(counts.size)
    elif series.signal == "EDS_TEM":
        mean = _expected_counts(counts, background)
        weights = 1.0 / (np.maximum(mean, 1.0) * scale * scale)
        # A pixel expected to hold m < 1 counts has a weighted misfit of m on average, not 1.
        target = float(np.minimum(mean, 1.0).sum())
    else:
        weights = 1.0 / (gaussian_variance(counts) * scale * scale)
        target = float(counts.size)
    problem = Problem(
        data=(counts * scale).astype(np.float32),
        weights=weights.astype(np.float32),
        background=None if background is None else np.asarray(background, np.float64) * scale,
        angles_deg=series.angles_deg,
        gains=_modelled(series, gains),  # pyright: ignore[reportArgumentType]
        spacing_nm=series.spacing_nm,
        depth=depth,
        projector=projector,
        data_term=data_term,
        **form,
    )
    return NoisyProblem(problem=problem, target=max(target, 1.0))


def joined(channels: Sequence[NoisyProblem]) -> NoisyProblem:
    """Make one problem of several channels that are to share their edges.

    The regulariser sees each channel divided by its own scale of density, all times the mean scale:
    an edge counts by its relative height, whatever the units or abundance of an element, and the
    answer does not change when the unit of one channel does. An empty channel gets the weight 1.
    """
    problems = [one.problem for one in channels]
    scales = np.array([problem.density_scale if problem.data.any() else np.nan for problem in problems])
    inverse = 1.0 / scales
    filled = np.isfinite(inverse)
    inverse[filled] /= inverse[filled].mean() if filled.any() else 1.0
    inverse[~filled] = 1.0
    backgrounds = [problem.background for problem in problems]
    first = problems[0]
    problem = replace(
        first,
        data=np.stack([problem.data for problem in problems]),
        weights=np.stack([problem.weights for problem in problems]),
        gains=np.stack([problem.gains for problem in problems]),
        background=None if backgrounds[0] is None else np.stack(backgrounds),  # pyright: ignore[reportArgumentType, reportCallIssue]
        channel_weights=inverse,
    )
    return NoisyProblem(problem=problem, target=sum(one.target for one in channels))


def areal_density_of_a_count(series: TiltSeries, cross_section_barn: dict[str, float] | None) -> float:
    """Areal density that one count stands for at gain 1, atoms nm⁻²; 1 where it cannot be known."""
    if cross_section_barn is None or series.signal != "EDS_TEM" or not series.electrons_per_pixel:
        return 1.0
    unit = TiltSeries(
        data=np.ones((1, 1, 1)),
        angles_deg=np.zeros(1),
        spacing_nm=series.spacing_nm,
        channels=series.channels,
        signal=series.signal,
        electrons_per_pixel=series.electrons_per_pixel,
    )
    return float(unit.areal_density(cross_section_barn).flat[0])


def _expected_counts(counts: np.ndarray, background: np.ndarray | None) -> np.ndarray:
    """Mean of the counts as their neighbours suggest, no less than the known background."""
    mean = poisson_variance(counts, floor=0.0)
    return mean if background is None else np.maximum(mean, background)


def _check_counts(series: TiltSeries) -> None:
    reason = None
    if series.signal != "EDS_TEM":
        reason = f"{series.signal} intensities have another noise"
    elif series.variance is not None:
        reason = "net counts with a variance carry the noise of the background that was taken off"
    elif (series.data < 0).any():
        reason = f"negative values ({series.data.min():g}) are no counts"
    if reason is not None:
        raise ValueError(
            f"`data_term` 'kullback_leibler' needs Poisson counts, and {reason}: use 'least_squares', "
            "or gross counts with their expected `background`"
        )


def _modelled(series: TiltSeries, gains: str) -> np.ndarray | None:
    """Factors of the operator, one per tilt: exposure (always known), and gains where they are modelled."""
    if gains == "ignore" or series.gains is None:
        return series.exposure
    return series.sensitivity[0]
