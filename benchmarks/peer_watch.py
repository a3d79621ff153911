"""The clock and the judge of a peer's solve."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..recon import Problem
from .stopwatch import PausedClock


class EnoughError(Exception):
    """Raised in a peer's callback to end its run."""


@dataclass(kw_only=True)
class Watch:
    """The callback of a peer's run: keeps the clock, judges the volume now and then, ends the run.

    Parameters
    ----------
    problem : Problem
        Whose objective counts.
    bound : float
        Certified lower bound of that objective.
    gap : float
        Relative gap at which the run ends.
    seconds : float
        Clocked time after which it ends.
    """

    problem: Problem
    bound: float
    gap: float
    seconds: float
    clock: PausedClock = field(default_factory=PausedClock)
    durations: list[float] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)
    reached: bool = False
    _next: int = 5

    def __call__(self, volume: Callable[[], np.ndarray]) -> None:
        """Note that one more iteration is over; `volume` gives its volume (z, y, x) if it is wanted."""
        self.durations.append(self.clock.stop())
        late = self.clock.seconds >= self.seconds
        if late or len(self.durations) >= self._next:
            self._next = math.ceil(1.05 * len(self.durations)) + 4
            objective = self.problem.objective(np.maximum(volume(), 0.0).astype(np.float32))
            gap = (objective - self.bound) / objective if objective > 0 else 0.0
            self.curve.append((self.clock.seconds, gap))
            self.reached = gap <= self.gap
            if late or self.reached or not math.isfinite(gap):
                raise EnoughError
        self.clock.start()

    def run(self, solve: Callable[["Watch"], object]) -> None:
        """Run a peer's solve until it has done enough."""
        self.clock = PausedClock()
        try:
            solve(self)
        except EnoughError:
            return
