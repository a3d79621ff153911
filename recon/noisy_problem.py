"""From the counts of one channel to a problem: units, weights, and the misfit that the truth would have."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..forward import Projector, TiltSeries
from .lambda_choice.expected_deviance import expected_deviance
from .noise_level import checked_noise, gaussian_variance, poisson_variance
from .problem import Problem


@dataclass(frozen=True, kw_only=True)
class NoisyProblem:
    """A problem with the weights of its noise, and the misfit that the truth would have.

    Parameters
    ----------
    problem : Problem
    target : float
        Expected misfit of the truth.
    thin : callable
        ``thin(share, rng)`` parts the data into two independent ones, as a shorter and a still shorter
        exposure would have recorded them: the problem of the first, with `share` of the electrons, and
        that of the rest, to predict.
    """

    problem: Problem
    target: float
    thin: Callable[[float, np.random.Generator], tuple[Problem, Problem]]


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
    build = partial(
        Problem,
        background=None if background is None else np.asarray(background, np.float64) * scale,
        angles_deg=series.angles_deg,
        gains=_modelled(series, gains),  # pyright: ignore[reportArgumentType]
        spacing_nm=series.spacing_nm,
        depth=depth,
        projector=projector,
        **form,
    )
    if data_term == "kullback_leibler":
        target = float(expected_deviance(_expected_counts(counts, background)).sum())
    elif series.signal == "EDS_TEM" and series.variance is None:
        # A pixel expected to hold m < 1 counts has a weighted misfit of m on average, not 1.
        target = float(np.minimum(_expected_counts(counts, background), 1.0).sum())
    else:
        target = float(counts.size)
    if series.variance is None and series.signal == "EDS_TEM" and not (counts < 0).any():
        problem = _of_counts(counts, scale, data_term, background, build)
        whole = np.rint(counts).astype(np.int64)
        if np.array_equal(whole, counts):
            thin = partial(thinned_counts, whole, scale, data_term, background, build)
        elif data_term == "kullback_leibler":
            thin = _cannot_thin
        else:
            thin = partial(thinned_normal, problem)
    else:
        if series.variance is not None:
            variance = checked_noise(series.variance)
        elif series.signal == "EDS_TEM":
            variance = np.maximum(_expected_counts(counts, background), 1.0)
        else:
            variance = gaussian_variance(counts)
        problem = build(data=_single(counts * scale), weights=_single(1.0 / (variance * scale * scale)))
        thin = partial(thinned_normal, problem)
    return NoisyProblem(problem=problem, target=max(target, 1.0), thin=thin)


def _of_counts(
    counts: np.ndarray,
    scale: float,
    data_term: str,
    background: np.ndarray | None,
    build: Callable[..., Problem],
) -> Problem:
    """Build the problem of Poisson counts, each of which stands for `scale` of areal density."""
    if data_term == "kullback_leibler":
        weights = np.full(counts.shape, 1.0 / scale)
    else:
        weights = 1.0 / (np.maximum(_expected_counts(counts, background), 1.0) * scale * scale)
    return build(data=_single(counts * scale), weights=_single(weights), data_term=data_term)


def thinned_counts(
    counts: np.ndarray,
    scale: float,
    data_term: str,
    background: np.ndarray | None,
    build: Callable[..., Problem],
    share: float,
    rng: np.random.Generator,
) -> tuple[Problem, Problem]:
    """Deal every count to one of two exposures: independent Poisson counts of both.

    The first is a problem of the kind that was asked for; the second is to be predicted, by its deviance.
    """
    known = rng.binomial(counts, share)
    rest = counts - known
    first, second = (
        None if background is None else part * np.asarray(background, np.float64)
        for part in (share, 1 - share)
    )
    return (
        _of_counts(known, scale / share, data_term, first, build),
        _of_counts(rest, scale / (1 - share), "kullback_leibler", second, build),
    )


def thinned_normal(problem: Problem, share: float, rng: np.random.Generator) -> tuple[Problem, Problem]:
    """Part data of known variance into two that are independent where the noise is Gaussian.

    With z standard normal, ``d + σ z √((1 − s)/s)`` and ``d − σ z √(s/(1 − s))`` have variances σ²/s and
    σ²/(1 − s), and no covariance.
    """
    known = problem.weights > 0
    sigma = np.zeros(problem.weights.shape)
    sigma[known] = 1.0 / np.sqrt(problem.weights[known].astype(np.float64))
    draw = sigma * rng.standard_normal(problem.data.shape)
    ratio = np.sqrt((1 - share) / share)
    return (
        replace(problem, data=_single(problem.data + ratio * draw), weights=_single(share * problem.weights)),
        replace(
            problem, data=_single(problem.data - draw / ratio), weights=_single((1 - share) * problem.weights)
        ),
    )


def _cannot_thin(share: float, rng: np.random.Generator) -> tuple[Problem, Problem]:
    raise ValueError(
        "lam='thinning' with data_term='kullback_leibler' deals out single counts, and these are no whole "
        "numbers: use 'least_squares', or another rule for lambda"
    )


def _single(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)


def joined(channels: Sequence[NoisyProblem]) -> NoisyProblem:
    """Make one problem of several channels that are to share their edges.

    The regulariser sees each channel divided by its own scale of density, all times the mean scale:
    an edge counts by its relative height, whatever the units or abundance of an element, and the
    answer does not change when the unit of one channel does. An empty channel gets the weight 1.
    """

    def thin(share: float, rng: np.random.Generator) -> tuple[Problem, Problem]:
        pairs = [one.thin(share, rng) for one in channels]
        known, rest = (_joined([pair[side] for pair in pairs]) for side in (0, 1))
        return known, rest

    problem = _joined([one.problem for one in channels])
    return NoisyProblem(problem=problem, target=sum(one.target for one in channels), thin=thin)


def _joined(problems: Sequence[Problem]) -> Problem:
    scales = np.array([problem.density_scale if problem.data.any() else np.nan for problem in problems])
    inverse = 1.0 / scales
    filled = np.isfinite(inverse)
    inverse[filled] /= inverse[filled].mean() if filled.any() else 1.0
    inverse[~filled] = 1.0
    backgrounds = [problem.background for problem in problems]
    first = problems[0]
    return replace(
        first,
        data=np.stack([problem.data for problem in problems]),
        weights=np.stack([problem.weights for problem in problems]),
        gains=np.stack([problem.gains for problem in problems]),
        background=None if backgrounds[0] is None else np.stack(backgrounds),  # pyright: ignore[reportArgumentType, reportCallIssue]
        channel_weights=inverse,
    )


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
