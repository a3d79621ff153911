"""Our own methods as entries: as `reconstruct` runs them, and stopped where the misfit meets the noise."""

import time
from typing import Any

import numpy as np

from ...recon import reconstruct
from .channel_task import SHARE_OF_BUDGET, ChannelTask, solve_channels
from .league_answer import LeagueAnswer
from .league_data import LeagueData
from .settled import MOST_ITERATIONS, Settled

# Iterations at most of the methods that are stopped at the noise, which data with untold errors never come
# down to. CGLS with the weights of counts is badly conditioned and needs more than without.
_MOST = {"sirt": 200, "cgls": 200, "mlem": 100}


def by_reconstruct(data: LeagueData, *, method: str, **options: Any) -> LeagueAnswer:
    """Run `glasstomo.recon.reconstruct`.

    Parameters
    ----------
    data : LeagueData
    method : str
        One of `METHODS`.
    **options
        Further arguments of `reconstruct`: ``lam``, ``data_term``, ``joint``.

    Returns
    -------
    LeagueAnswer
    """
    budget = np.inf if data.seconds is None else SHARE_OF_BUDGET * data.seconds
    end = time.process_time() + budget
    found = reconstruct(
        data.series(),
        method,
        cross_section_barn=data.cross_section_barn or None,
        # Its own `max_seconds` would have a busy machine change the result.
        callback=lambda *_: time.process_time() > end,
        **options,
    )
    variational = bool(found.lam and np.isfinite(found.lam[0]))
    return LeagueAnswer(
        volume=found.volume.reshape(data.shape),
        status="time_limit" if found.status.value == "stopped" else found.status.value,
        iterations=found.iterations if variational else None,
        lam=found.lam if variational else (),
    )


def fista_tv(data: LeagueData) -> LeagueAnswer:
    """Run `glasstomo.recon.baselines.fista_tv` with λ by the noise until its objective stands still.

    Parameters
    ----------
    data : LeagueData

    Returns
    -------
    LeagueAnswer
        The method has no certificate: `Settled` ends it.
    """
    from ...recon.baselines.fista_tv import fista_tv as solve

    def one(task: ChannelTask) -> LeagueAnswer:
        rule = Settled(task)
        volume = solve(
            task.problem,
            iterations=MOST_ITERATIONS,
            callback=lambda iteration, objective, gap: rule.due() and rule.ends(objective),
        )
        return LeagueAnswer(
            volume=volume, status=rule.status, iterations=rule.iterations, lam=(task.problem.lam,)
        )

    return solve_channels(data, one)


def sirt_to_noise(data: LeagueData) -> LeagueAnswer:
    """Run SIRT until its weighted residual is down to what noise leaves.

    Parameters
    ----------
    data : LeagueData

    Returns
    -------
    LeagueAnswer

    Notes
    -----
    SIRT lessens ``½ Σ (b − A x)² / C`` with C the row sums; noise of variance v leaves ``½ Σ v / C``.
    """
    from ...recon.baselines.sirt import sirt

    def one(task: ChannelTask) -> LeagueAnswer:
        problem = task.problem
        rows = np.broadcast_to(
            problem.projector.row_sums()[:, :, None] * problem.column_gain, problem.data.shape
        )
        met = (problem.weights > 0) & (rows > 0)
        target = 0.5 * float((task.variance[met] / rows[met]).sum(dtype=np.float64))
        watch = _Watch(task, target)
        return watch.answer(sirt(problem, iterations=_MOST["sirt"], callback=watch))

    return solve_channels(data, one)


def cgls_to_noise(data: LeagueData) -> LeagueAnswer:
    """Run CGLS until χ² is down to what noise leaves.

    Parameters
    ----------
    data : LeagueData

    Returns
    -------
    LeagueAnswer
    """
    from ...recon.baselines.cgls import cgls

    def one(task: ChannelTask) -> LeagueAnswer:
        watch = _Watch(task, 0.5 * task.target)
        return watch.answer(cgls(task.problem, iterations=_MOST["cgls"], callback=watch))

    return solve_channels(data, one)


def mlem_to_noise(data: LeagueData) -> LeagueAnswer:
    """Run MLEM until the deviance of the counts is down to what noise leaves.

    Parameters
    ----------
    data : LeagueData
        X-ray counts.

    Returns
    -------
    LeagueAnswer

    Raises
    ------
    ValueError
        When the data are no counts.
    """
    from ...recon.baselines.mlem import mlem
    from ...recon.lambda_choice.expected_deviance import expected_deviance

    if data.signal != "EDS_TEM":
        raise ValueError(f"`data` must hold X-ray counts for this rule, got {data.signal} intensities")

    def one(task: ChannelTask) -> LeagueAnswer:
        mean = task.variance / task.per_count**2
        deviance = float(expected_deviance(mean).sum())
        # The divergence that MLEM reports is in areal densities, half a deviance times that of a count.
        watch = _Watch(task, 0.5 * deviance * task.per_count)
        return watch.answer(mlem(task.problem, iterations=_MOST["mlem"], callback=watch))

    return solve_channels(data, one)


class _Watch:
    """The callback of a baseline: ends it once what it lessens is down to its target."""

    def __init__(self, task: ChannelTask, target: float) -> None:
        self.task, self.target = task, target
        self.status, self.iterations = "iteration_limit", 0

    def __call__(self, iteration: int, value: float, _: float) -> bool:
        self.iterations = iteration
        if value <= self.target:
            self.status = "noise_reached"
        elif self.task.late:
            self.status = "time_limit"
        return self.status != "iteration_limit"

    def answer(self, volume: np.ndarray) -> LeagueAnswer:
        return LeagueAnswer(volume=volume, status=self.status, iterations=self.iterations)
