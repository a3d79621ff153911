"""Timing that survives a busy machine: warm, interleaved, repeated; medians, never a single shot."""

import gc
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from .progress import Stage

# A sample shorter than this is repeated inside the clock, whose own reading then does not count.
_SHORTEST_S = 4e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Timing:
    """What one task took.

    Parameters
    ----------
    seconds : ndarray of float64, shape (sample,)
        Per call, in the order in which they were taken.

    Raises
    ------
    ValueError
        When there are fewer than two samples.

    Examples
    --------
    >>> slow, quick = Timing(seconds=[3.0, 5.0, 3.5]), Timing(seconds=[1.0, 2.9, 1.5])
    >>> slow.median, slow.best, slow.beyond(quick).median
    (3.5, 3.0, 2.0)
    """

    seconds: np.ndarray

    def __post_init__(self) -> None:
        seconds = np.array(self.seconds, np.float64)
        if seconds.ndim != 1 or seconds.size < 2:
            raise ValueError(f"`seconds` must hold at least two samples, got {seconds.size}; measure again")
        object.__setattr__(self, "seconds", seconds)

    @property
    def median(self) -> float:
        """Median, s."""
        return float(np.median(self.seconds))

    @property
    def best(self) -> float:
        """Least, s: what the machine can do when nobody disturbs it."""
        return float(self.seconds.min())

    def beyond(self, shorter: "Timing", parts: int = 1) -> "Timing":
        """Return the time beyond a shorter task of the same rounds, sample by sample, as `parts` equal parts.

        What both tasks share (set-up, a check at the end) falls out, and so does what disturbed both.
        """
        return Timing(seconds=(self.seconds - shorter.seconds) / parts)


def time_tasks(
    tasks: Mapping[str, Callable[[], object]],
    *,
    repeats: int = 5,
    warm_up: bool = True,
    stage: Stage | None = None,
) -> dict[str, Timing]:
    """Time several tasks against each other.

    Parameters
    ----------
    tasks : mapping of str to callable
        Without arguments.
    repeats : int
        Rounds. Each goes through all tasks forwards and then backwards, so that a machine which
        slows down slows them all alike, and no figure rests on one sample.
    warm_up : bool
        Run each task twice before: once for compilation, caches and the pages of new arrays, and once
        to see whether it takes less than 4 ms; it is then called several times per sample.
    stage : Stage, optional
        Told about every task that ran: ``tasks × (2 repeats + 1)`` in all, without warm-up one less.

    Returns
    -------
    dict of str to Timing
        By the names of the tasks; 2 × `repeats` samples each.

    Raises
    ------
    ValueError
        When there is nothing to repeat.

    Examples
    --------
    >>> timings = time_tasks({"sum": lambda: sum(range(1000)), "none": lambda: None}, repeats=2)
    >>> timings["sum"].seconds.size, timings["sum"].best > timings["none"].best > 0
    (4, True)
    """
    if repeats < 1:
        raise ValueError(f"`repeats` must be at least 1, got {repeats}")
    stage = stage or Stage()
    calls = dict.fromkeys(tasks, 1)
    if warm_up:
        for name, task in tasks.items():
            task()
            calls[name] = max(1, int(np.ceil(_SHORTEST_S / max(_sample(task, 1), 1e-7))))
            stage.advance()
    samples: dict[str, list[float]] = {name: [] for name in tasks}
    names = list(tasks)
    for _ in range(repeats):
        for name in names + names[::-1]:
            samples[name].append(_sample(tasks[name], calls[name]))
            stage.advance()
    return {name: Timing(seconds=np.array(values)) for name, values in samples.items()}


def _sample(task: Callable[[], object], calls: int) -> float:
    with _no_collection():
        began = time.perf_counter()
        for _ in range(calls):
            task()
        return (time.perf_counter() - began) / calls


@contextmanager
def _no_collection():
    """Keep the garbage collector out of the clock."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


class PausedClock:
    """A clock that stands still while something else is looked at.

    Examples
    --------
    >>> clock = PausedClock()
    >>> clock.stop() >= 0.0  # seconds since it last started
    True
    >>> before = clock.seconds
    >>> _ = sum(range(100000))  # not counted
    >>> clock.seconds == before
    True
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.start()

    def start(self) -> None:
        """Run on."""
        self._since = time.perf_counter()

    def stop(self) -> float:
        """Stand still; return the seconds since `start`, which are now part of `seconds`."""
        passed = time.perf_counter() - self._since
        self.seconds += passed
        return passed
