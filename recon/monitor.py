"""When a solve stops, and what it records on the way: gap, budgets, divergence, Ctrl-C."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .interruption import requested
from .reconstruction import Status

Callback = Callable[[int, float, float], object]


@dataclass(kw_only=True)
class Monitor:
    """The record of one solve, which decides when it ends.

    Parameters
    ----------
    gap : float
        Relative primal–dual gap at which to stop.
    max_iterations : int
        Iterations at most.
    max_seconds : float, optional
        Wall-clock seconds at most, looked at whenever the gap is evaluated; no limit when omitted.
    callback : callable, optional
        Called as ``callback(iteration, objective, relative_gap)`` at every evaluation of the gap; the
        solve stops when it returns True.

    Attributes
    ----------
    status : Status
        How it ended, `ITERATION_LIMIT` until something else happens.
    iteration, objective, relative_gap
        Of the latest evaluation.
    history : dict of str to list
        ``iteration``, ``objective``, ``relative_gap`` and ``seconds`` of all of them.

    Raises
    ------
    ValueError
        When no iteration or no time is allowed.

    Examples
    --------
    >>> monitor = Monitor(gap=0.1, max_iterations=100)
    >>> monitor.done(20, 2.0, 1.0), monitor.done(40, 1.9, 1.8)
    (False, True)
    >>> monitor.status.value, round(monitor.relative_gap, 4)
    ('converged', 0.0526)
    """

    gap: float = 1e-3
    max_iterations: int = 2000
    max_seconds: float | None = None
    callback: Callback | None = None
    status: Status = Status.ITERATION_LIMIT
    iteration: int = 0
    objective: float = float("inf")
    relative_gap: float = float("inf")
    history: dict[str, list] = field(
        default_factory=lambda: {"iteration": [], "objective": [], "relative_gap": [], "seconds": []}
    )

    def __post_init__(self) -> None:
        if self.max_iterations < 1:
            raise ValueError(f"`max_iterations` must be at least 1, got {self.max_iterations}")
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise ValueError(f"`max_seconds` must be positive, got {self.max_seconds}")
        self._began = time.perf_counter()

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C asks the solve to end, in a solver that is `interruption.interruptible`.

        Cheap: a solver looks at it in every iteration, and where it is True evaluates the gap at once
        and calls `done`, which then ends the solve.
        """
        return requested()

    def done(self, iteration: int, objective: float, bound: float) -> bool:
        """Record an evaluation and say whether the solve is to end.

        Parameters
        ----------
        iteration : int
            Iterations so far.
        objective, bound : float
            Of the present volume and dual variables, as from `gap.bracket`.

        Returns
        -------
        bool
        """
        self.iteration, self.objective = iteration, float(objective)
        # The divergence of counts is infinite while a ray that recorded some meets empty voxels only:
        # that passes, and the bound is sound.
        if np.isnan(objective) or not (np.isfinite(objective) or np.isfinite(bound)):
            self.status, self.relative_gap = Status.DIVERGED, float("inf")
            return True
        # No bound (NaN, or minus infinity) certifies nothing, but the volume may be sound.
        known = np.isfinite(objective) and np.isfinite(bound)
        self.relative_gap = float((objective - bound) / max(abs(objective), 1e-30)) if known else float("inf")
        seconds = time.perf_counter() - self._began
        row = (iteration, self.objective, self.relative_gap, seconds)
        for name, value in zip(self.history, row, strict=True):
            self.history[name].append(value)
        stopped = self.callback is not None and (
            self.callback(iteration, self.objective, self.relative_gap) is True
        )
        if self.relative_gap <= self.gap:
            self.status = Status.CONVERGED
        elif stopped or self.interrupted:
            self.status = Status.STOPPED
        elif self.max_seconds is not None and seconds >= self.max_seconds:
            self.status = Status.TIME_LIMIT
        else:
            return iteration >= self.max_iterations
        return True
