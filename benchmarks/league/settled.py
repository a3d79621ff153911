"""When to end a method that minimises an objective but has no stopping rule of its own."""

import numpy as np

from .channel_task import ChannelTask

MOST_ITERATIONS = 3000
# Iterations between two looks at the objective, and its relative change over one such span that ends a run.
LOOK = 50
_SETTLED = 1e-3


class Settled:
    """Ends a run when the objective stands still, when time is up, or after `MOST_ITERATIONS`.

    Parameters
    ----------
    task : ChannelTask
        Which tells when the time is up.

    Attributes
    ----------
    status : str
        As in `LeagueAnswer`; "converged" in the sense of this rule, which proves nothing.
    iterations : int
        Noted so far.

    Notes
    -----
    An objective stands still when it has changed, in either direction, by less than 1e-3 of itself over
    50 iterations.

    Examples
    --------
    >>> from .league_data import LeagueData
    >>> data = LeagueData(
    ...     counts=np.ones((1, 1, 4, 2)), angles_deg=[0.0], spacing_nm=2.0, channels=("ADF",), signal="ADF")
    >>> rule = Settled(ChannelTask.of(data, "ADF"))
    >>> for _ in range(1000):
    ...     if rule.due() and rule.ends(1.0 + np.exp(-rule.iterations / 30)):
    ...         break
    >>> rule.status, rule.iterations
    ('converged', 300)
    """

    def __init__(self, task: ChannelTask) -> None:
        self.task, self.status, self.iterations = task, "iteration_limit", 0
        self._objective = np.inf

    def due(self) -> bool:
        """Note one more iteration; say whether it is time to look at the objective."""
        self.iterations += 1
        return self.iterations % LOOK == 0 or self.iterations >= MOST_ITERATIONS or self.task.late

    def ends(self, objective: float) -> bool:
        """Take the objective; say whether the run is over."""
        before, self._objective = self._objective, objective
        if not np.isfinite(objective):
            self.status = "diverged"
        elif self.iterations % LOOK == 0 and abs(before - objective) <= _SETTLED * abs(objective):
            self.status = "converged"
        elif self.task.late:
            self.status = "time_limit"
        return self.status != "iteration_limit" or self.iterations >= MOST_ITERATIONS
