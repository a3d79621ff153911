"""Other packages' primal–dual methods on our objective: TV with λ by the noise."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import numpy as np

from ..peer_watch import EnoughError
from ..peers import PEERS, load
from ..plain_steps import plain_steps
from .channel_task import ChannelTask, solve_channels
from .league_answer import LeagueAnswer
from .league_data import LeagueData

_MOST = 3000
# Iterations between two looks at the objective, and its relative change over one such span that ends a run.
_LOOK = 50
_SETTLED = 1e-3


def plain_pdhg(data: LeagueData, *, peer: str) -> LeagueAnswer:
    """Run a peer's primal–dual method on weighted least squares and total variation, x ≥ 0.

    Parameters
    ----------
    data : LeagueData
    peer : str
        A name in `glasstomo.benchmarks.peers.PEERS` that has a solver.

    Returns
    -------
    LeagueAnswer
        "converged" in the sense of its stopping rule, which proves nothing.

    Notes
    -----
    λ is that of our own entry by the noise, and the steps are those whose ratio is good for our data
    (`plain_steps`). The methods have no stopping rule of their own: they end once the objective has changed
    by less than 1e-3 of itself over 50 iterations.
    """

    def one(task: ChannelTask) -> LeagueAnswer:
        solve = load(PEERS[peer].solver)(task.problem, plain_steps(task.problem), 1)
        watch = _Settled(task)
        with suppress(EnoughError):
            solve(cast(Any, watch))
        return LeagueAnswer(
            volume=watch.volume, status=watch.status, iterations=watch.iterations, lam=(task.problem.lam,)
        )

    return solve_channels(data, one)


class _Settled:
    """The callback of a peer's run: keeps the last volume, and ends it when the objective stands still."""

    def __init__(self, task: ChannelTask) -> None:
        self.task, self.status, self.iterations = task, "iteration_limit", 0
        self.volume = np.zeros(task.problem.shape, np.float32)
        self.objective = np.inf

    def __call__(self, volume: Callable[[], np.ndarray]) -> None:
        self.iterations += 1
        late = self.task.late
        if self.iterations % _LOOK and not late and self.iterations < _MOST:
            return
        self.volume = np.maximum(volume(), 0.0).astype(np.float32)
        objective = self.task.problem.objective(self.volume)
        # Not while it rises: a primal–dual method may, and then has not settled.
        settled = abs(self.objective - objective) <= _SETTLED * objective
        self.objective = objective
        if settled or not np.isfinite(objective):
            self.status = "converged"
        elif late:
            self.status = "time_limit"
        if settled or late or not np.isfinite(objective) or self.iterations >= _MOST:
            raise EnoughError
