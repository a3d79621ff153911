"""Solvers of `glasstomo.recon.Problem` as entries of the league."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .channel_task import ChannelTask, solve_channels
from .league_answer import STATUSES, LeagueAnswer
from .league_data import LeagueData


def by_channel(solver: Callable[..., Any]) -> Callable[..., LeagueAnswer]:
    """Turn ``solver(problem, **options)`` into an entry's ``solve(data, **options)``.

    Parameters
    ----------
    solver : callable
        Takes one channel as a `Problem`, with inverse variances as weights, the gains in the operator,
        and λ of TV by the noise; returns a volume (z, y, x), an object with `volume` and perhaps `status`
        and `iterations` (`Reconstruction`, `Solve`), or a pair whose first part is the volume.

    Returns
    -------
    callable
        It passes ``regulariser`` to the problem and all other options to the solver, and a ``max_seconds``
        too where the solver takes that.

    Examples
    --------
    >>> data = LeagueData(
    ...     counts=np.full((1, 1, 4, 2), 8), angles_deg=[0.0], spacing_nm=2.0, channels=("ADF",),
    ...     signal="ADF")
    >>> mean = by_channel(lambda problem: np.full(problem.shape, problem.data.mean() / 8.0))
    >>> mean(data).volume[0, 0, 0]
    array([1., 1.], dtype=float32)
    """

    def solve(data: LeagueData, *, regulariser: str = "tv", **options: Any) -> LeagueAnswer:
        timed = _takes(solver, "max_seconds") and "max_seconds" not in options

        def one(task: ChannelTask) -> LeagueAnswer:
            more = dict(options)
            if timed and np.isfinite(task.seconds):
                more["max_seconds"] = max(task.seconds_left, 1e-3)
            return _answer(solver(task.problem, **more), task)

        return solve_channels(data, one, regulariser=regulariser)

    return solve


def _answer(found: Any, task: ChannelTask) -> LeagueAnswer:
    if isinstance(found, tuple) and found and not hasattr(found, "volume"):
        found = found[0]
    word = getattr(getattr(found, "status", None), "value", None)
    iterations = getattr(found, "iterations", None)
    volume = np.asarray(getattr(found, "volume", found))
    if volume.shape != task.problem.shape:
        raise ValueError(
            f"the solver must return a volume (z, y, x) of shape {task.problem.shape}, got {volume.shape}"
        )
    return LeagueAnswer(
        volume=volume,
        status=word if word in STATUSES else "unknown",
        iterations=iterations if isinstance(iterations, int) else None,
    )


def _takes(solver: Callable[..., Any], name: str) -> bool:
    try:
        return name in inspect.signature(solver).parameters
    except (TypeError, ValueError):
        return False
