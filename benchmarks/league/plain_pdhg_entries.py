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
from .settled import Settled


def plain_pdhg(data: LeagueData, *, peer: str, **options: Any) -> LeagueAnswer:
    """Run a peer's primal–dual method on weighted least squares and total variation, x ≥ 0.

    Parameters
    ----------
    data : LeagueData
    peer : str
        A name in `glasstomo.benchmarks.peers.PEERS` that has a solver.
    **options
        Further arguments of that solver.

    Returns
    -------
    LeagueAnswer

    Notes
    -----
    λ is that of our own entry by the noise, and the steps are those whose ratio is good for our data
    (`plain_steps`). The methods have no stopping rule of their own: `Settled` ends them.
    """

    def one(task: ChannelTask) -> LeagueAnswer:
        solve = load(PEERS[peer].solver)(task.problem, plain_steps(task.problem), 1, **options)
        watch = _Watch(task)
        with suppress(EnoughError):
            solve(cast(Any, watch))
        return LeagueAnswer(
            volume=watch.volume,
            status=watch.rule.status,
            iterations=watch.rule.iterations,
            lam=(task.problem.lam,),
        )

    return solve_channels(data, one)


class _Watch:
    """The callback of a peer's run: keeps the last volume that was looked at, and ends the run."""

    def __init__(self, task: ChannelTask) -> None:
        self.problem, self.rule = task.problem, Settled(task)
        self.volume = np.zeros(task.problem.shape, np.float32)

    def __call__(self, volume: Callable[[], np.ndarray]) -> None:
        if self.rule.due():
            self.volume = np.maximum(volume(), 0.0).astype(np.float32)
            if self.rule.ends(self.problem.objective(self.volume)):
                raise EnoughError
