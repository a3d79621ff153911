"""When to stop an iteration that would fit the noise: once the misfit is down to it."""

from collections.abc import Callable

import numpy as np

from .channel_task import ChannelTask
from .league_answer import LeagueAnswer


def until_noise(
    task: ChannelTask, advance: Callable[[int], np.ndarray], *, limit: int, first: int = 1
) -> LeagueAnswer:
    """Run an iteration until its volume fits the data as well as the truth would.

    Parameters
    ----------
    task : ChannelTask
        Which tells when that is, and when the time is up.
    advance : callable
        ``advance(n) -> volume`` runs n more iterations and returns the volume (z, y, x).
    limit : int
        Iterations at most.
    first : int
        Iterations before the first look.

    Returns
    -------
    LeagueAnswer
        The volume at the first look at which the misfit is down to its target: "noise_reached".

    Notes
    -----
    The discrepancy principle (Morozov) on the number of iterations. Looks grow apart by a fifth of the
    iterations so far, so that they cost little.

    Examples
    --------
    >>> from .league_data import LeagueData
    >>> data = LeagueData(
    ...     counts=np.full((1, 1, 4, 2), 6.0), angles_deg=[0.0], spacing_nm=1.0, channels=("ADF",),
    ...     signal="ADF")
    >>> volume = np.zeros((4, 4, 2), np.float32)
    >>> def halve_the_distance(n):
    ...     for _ in range(n):
    ...         volume[:] += 0.5 * (1.5 - volume)
    ...     return volume
    >>> found = until_noise(ChannelTask.of(data, "ADF"), halve_the_distance, limit=40)
    >>> found.status, found.iterations
    ('noise_reached', 10)
    """
    done, step = 0, min(first, limit)
    while True:
        volume = advance(step)
        done += step
        if not np.isfinite(volume).all():
            return LeagueAnswer(volume=volume, status="diverged", iterations=done)
        if task.down_to_noise(volume):
            return LeagueAnswer(volume=volume, status="noise_reached", iterations=done)
        if done >= limit:
            return LeagueAnswer(volume=volume, status="iteration_limit", iterations=done)
        if task.late:
            return LeagueAnswer(volume=volume, status="time_limit", iterations=done)
        step = min(max(done // 5, 1), limit - done)
