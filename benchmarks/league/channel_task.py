"""One channel of the league's data as a problem, with its share of the time and the misfit to aim at."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ...forward import Projector
from ...recon import Problem
from ...recon.lambda_choice.noise import noise_lambda
from ...recon.noisy_problem import noisy_problem
from .equal_gains import seen_tilts
from .league_answer import LeagueAnswer, stacked
from .league_data import LeagueData

# Of the budget; the rest is for what comes after the last look at the clock. Core time is measured, so that
# a busy machine changes no result.
SHARE_OF_BUDGET = 0.85


@dataclass(frozen=True, kw_only=True, eq=False)
class ChannelTask:
    """What a method that takes one channel at a time gets.

    Parameters
    ----------
    problem : Problem
        Areal densities with inverse variances as weights and the gains in the operator; least squares and
        TV with λ by the noise (`noise_lambda`).
    target : float
        Misfit χ² that the truth would have, as noise leaves it.
    variance : ndarray, shape (tilt, y, x)
        Of the data, in their units squared; may be zero where nothing was counted.
    per_count : float
        Areal density that one count stands for at gain 1.
    seconds : float
        Of one core, for this channel, from when it was made; infinite without a budget.

    Examples
    --------
    >>> data = LeagueData(
    ...     counts=np.ones((1, 1, 4, 2)), angles_deg=[0.0], spacing_nm=2.0, channels=("ADF",), signal="ADF")
    >>> (task,) = (ChannelTask.of(data, channel) for channel in data.channels)
    >>> task.problem.shape, task.late, task.down_to_noise(np.full((4, 4, 2), 0.125))
    ((4, 4, 2), False, True)
    """

    problem: Problem
    target: float
    variance: np.ndarray
    per_count: float = 1.0
    seconds: float = np.inf
    _began: float = field(default_factory=time.process_time)

    @classmethod
    def of(
        cls,
        data: LeagueData,
        channel: str,
        *,
        projector: Projector | None = None,
        seconds: float = np.inf,
        regulariser: str = "tv",
    ) -> "ChannelTask":
        """Make the task of one channel; channels of one geometry may share a projector."""
        from ...recon.noise_level import poisson_variance

        began = time.process_time()
        series = data.series().channel(channel)
        ny = series.data.shape[1]
        projector = projector or Projector(
            shape=(ny, ny), bins=ny, angles_deg=series.angles_deg, spacing_nm=series.spacing_nm
        )
        noisy = noisy_problem(
            series, data.cross_section_barn or None, "model", None, projector, regulariser=regulariser
        )
        per_count = 1.0 / float(data.counts_per_areal_density[data.channels.index(channel)])
        if data.signal == "EDS_TEM":
            variance = poisson_variance(series.data, floor=0.0) * per_count**2
        else:
            variance = 1.0 / noisy.problem.weights.astype(np.float64)
        problem = noisy.problem
        return cls(
            problem=problem.with_lam(noise_lambda(problem)),
            target=noisy.target,
            variance=variance,
            per_count=per_count,
            seconds=seconds,
            _began=began,
        )

    @property
    def seconds_left(self) -> float:
        """Core seconds until this channel's share of the time is used up; may be negative."""
        return self.seconds - (time.process_time() - self._began)

    @property
    def late(self) -> bool:
        """Whether the time is used up."""
        return self.seconds_left <= 0

    def down_to_noise(self, volume: np.ndarray) -> bool:
        """Whether a volume (z, y, x) fits the data as well as the truth would, all pixels counting alike.

        That is ``Σ (b − A x)² / g² ≤ Σ v / g²`` over the tilts that the detector saw, for methods that know
        neither weights nor gains: what they lessen is down to what noise leaves of it.
        """
        problem = self.problem
        seen = seen_tilts(problem.gains)
        column = problem.gains[seen, None, None]
        projected = problem.forward(np.ascontiguousarray(volume, np.float32))
        residual = (projected - problem.data)[seen] / column
        return float(np.sum(residual**2)) <= float(np.sum(self.variance[seen] / column**2))


def solve_channels(
    data: LeagueData, solve: Callable[[ChannelTask], LeagueAnswer], *, regulariser: str = "tv"
) -> LeagueAnswer:
    """Solve one channel after the other, each with an equal part of the time that is left.

    Parameters
    ----------
    data : LeagueData
    solve : callable
        ``solve(task) -> LeagueAnswer`` with a volume (z, y, x). It is not called for a channel without
        a single count: that volume is zero.
    regulariser : str
        Of the problem, one of those of `Problem`.

    Returns
    -------
    LeagueAnswer
        Volume (channel, z, y, x).
    """
    began = time.process_time()
    budget = np.inf if data.seconds is None else SHARE_OF_BUDGET * data.seconds
    ny = data.shape[2]
    projector = Projector(shape=(ny, ny), bins=ny, angles_deg=data.angles_deg, spacing_nm=data.spacing_nm)
    answers = []
    for index, channel in enumerate(data.channels):
        left = max(budget - (time.process_time() - began), 0.0)
        task = ChannelTask.of(
            data,
            channel,
            projector=projector,
            seconds=left / (len(data.channels) - index),
            regulariser=regulariser,
        )
        if task.problem.data.any():
            answers.append(solve(task))
        else:
            answers.append(LeagueAnswer(volume=np.zeros(task.problem.shape, np.float32)))
    return stacked(answers)
