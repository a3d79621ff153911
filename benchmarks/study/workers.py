"""Workers: one function called many times, in this process, on this machine's cores or on a cluster."""

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

Note = Callable[[str], None]


class WorkersLostError(RuntimeError):
    """The workers are gone, or cannot do the work: nothing further comes back."""


class Outcome(NamedTuple):
    """What became of one call.

    Parameters
    ----------
    value : object
        What the function returned; None when it failed.
    error : str or None
        One line about why it failed, the same wherever it ran; None when it did not.
    worker : str
        Who ran it last.
    killed : bool
        Whether its process died, again and again, instead of raising an error.
    """

    value: Any = None
    error: str | None = None
    worker: str = ""
    killed: bool = False


class Workers:
    """Workers that are this very process: a plain loop, without any set-up.

    Examples
    --------
    >>> def half(number):
    ...     return 12 // number
    >>> with open_workers(workers=0) as workers:
    ...     for index, outcome in workers.run(half, [{"number": 4}, {"number": 0}]):
    ...         print(index, outcome.value, outcome.error is not None)
    0 3 False
    1 None True
    """

    apart = False
    """Whether calls run in other processes, so that this one is free to look after them."""

    @property
    def count(self) -> int:
        """How many calls run at the same time, now."""
        return 1

    @property
    def ready(self) -> int:
        """How many outcomes are there already, to be had from `run` without waiting; a lower bound."""
        return 0

    @property
    def label(self) -> str:
        """Who they are, for people."""
        return "this process"

    def stop(self) -> None:
        """Ask the run under way to end: what has ended by then is still yielded, the rest dropped."""
        self._stopping = True

    def run(
        self,
        function: Callable[..., Any],
        calls: Iterable[dict[str, Any]],
        *,
        in_flight: int | None = None,
    ) -> Iterator[tuple[int, Outcome]]:
        """Call `function(**call)` for every call, and yield what became of each as soon as it is known.

        Parameters
        ----------
        function : callable
            Importable under its name on the workers; its results must not depend on what ran before.
        calls : iterable of dict
            Keyword arguments. Consumed as workers become free: at most `in_flight` ahead of the outcomes.
        in_flight : int, optional
            Calls that may be under way or waiting at the workers; by default a few for each worker.

        Yields
        ------
        index : int
            Which call, from 0.
        outcome : Outcome
            In the order in which they end. A call whose worker died is repeated elsewhere; only when it
            takes every worker down with it, also alone, is it reported as killed.

        Raises
        ------
        WorkersLostError
            When the scheduler is gone, or its workers cannot run glasstomo.
        """
        self._stopping = False
        for index, call in enumerate(calls):
            if self._stopping:
                return
            yield index, performed(function, call, "this process")


@contextmanager
def open_workers(
    scheduler: str | None = None, workers: int | None = None, *, note: Note | None = None
) -> Iterator[Workers]:
    """Open workers, and close them again.

    Parameters
    ----------
    scheduler : str, optional
        Address of a dask scheduler (``tcp://host:8786``), or the path of its scheduler file (``.json``);
        its workers must run the same versions as this process. Without it, processes on this machine.
    workers : int, optional
        Number of processes on this machine, each with one thread; all cores that this process may use by
        default. 0 runs everything in this process.
    note : callable, optional
        Told one line when something should be known, such as that no worker has joined yet.

    Yields
    ------
    Workers
        Ready to run; calls that are still under way when the block ends are dropped.

    Raises
    ------
    ValueError
        When both a scheduler and a number of workers are given, when nothing answers at the address, or
        when a worker there runs other versions or several threads.
    """
    check_choice(scheduler, workers)
    if workers == 0:
        yield Workers()
        return
    from .dask_workers import cluster_workers, local_workers

    opened = local_workers(workers, note) if scheduler is None else cluster_workers(scheduler, note)
    with opened as pool:
        yield pool


def check_choice(scheduler: str | None, workers: int | None) -> None:
    """Refuse a choice of workers that is none; see `open_workers`."""
    if scheduler is not None and workers is not None:
        raise ValueError(
            f"workers must not be given with a scheduler, which has its own, got {workers}; leave one out"
        )
    if workers is not None and workers < 0:
        raise ValueError(f"workers must be 0 (this process) or more, got {workers}")


def performed(function: Callable[..., Any], call: dict[str, Any], worker: str) -> Outcome:
    """Call a function, and turn what it raises into an outcome.

    Ctrl-C passes. Anything else that a call raises, `SystemExit` included, is that call's own failure.
    """
    try:
        return Outcome(value=function(**call), worker=worker)
    except (Exception, SystemExit) as error:
        return Outcome(error=reason(error), worker=worker)


def reason(error: BaseException) -> str:
    """Say in one line why a call failed, and where if it is not the caller's mistake.

    Examples
    --------
    >>> reason(ValueError("`size` must be even, got 7"))
    'ValueError: `size` must be even, got 7'
    """
    text = " ".join(str(error).split())
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, ValueError | MemoryError):
        return said
    return said + _place(error.__traceback__)


def _place(trace: TracebackType | None) -> str:
    """Name the innermost line of our own that raised; paths differ between machines, names do not."""
    steps = [step for step in traceback.extract_tb(trace) if not _is_foreign(step.filename)]
    if not steps:
        return ""
    last = steps[-1]
    return f" (in {last.name}, line {last.lineno} of {Path(last.filename).name})"


def _is_foreign(filename: str) -> bool:
    return filename == __file__ or filename.startswith((sys.prefix, sys.base_prefix, "<"))
