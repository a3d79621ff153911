"""Run a study: every cell that has no row yet, on workers, until all have one or something stops it."""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...recon.interruption import raised
from ..progress import Progress
from .landing import CannotLandError, Landing, Pace, cannot_land
from .store import RESULTS_FILE, ResultStore
from .study import Cell, Study
from .workers import Workers, WorkersLostError, check_choice, open_workers

Trial = Callable[..., Mapping[str, Any]]

TERMINATED = 143
"""Exit status of a program that was asked to terminate."""


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What a run of a study came to.

    Parameters
    ----------
    name : str
        Of the study.
    out : pathlib.Path
        Its folder.
    cells, done, failed : int
        Cells of the study, and those with a row that says so.
    computed : int
        Rows that this run has landed.
    seconds : float
        What it took.
    stopped : str or None
        Why it ended early; None when every cell has a row.
    """

    name: str
    out: Path
    cells: int
    done: int
    failed: int
    computed: int
    seconds: float
    stopped: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every cell has a row."""
        return self.stopped is None and self.done + self.failed == self.cells

    @property
    def ok(self) -> bool:
        """Whether every cell has a row and none failed."""
        return self.complete and self.failed == 0

    def as_dict(self) -> dict[str, Any]:
        """Return everything, as JSON holds it."""
        return {**asdict(self), "out": str(self.out), "complete": self.complete}


def run_study(
    study: Study,
    out: Path | str,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    retry_failed: bool = False,
    trial: Trial | None = None,
) -> RunSummary:
    """Run the cells of a study that have no row yet.

    Rows land in the folder as they come; a process that dies at any moment loses only what it had under
    way, and running the study again, on any number of workers, completes it. The table does not depend on
    how often that happened, apart from `TIMING_COLUMNS`.

    Parameters
    ----------
    study : Study
    out : path-like
        Folder, made if missing; see `ResultStore`.
    scheduler, workers
        See `open_workers`.
    progress : Progress, optional
        Told how far it is, how fast, and how long it will take.
    retry_failed : bool
        Run cells again whose row says that they failed.
    trial : callable, optional
        Instead of `run_trial`: ``trial(design, replicate=..., seed=..., scores=...)`` returns a row. It must
        be importable on the workers.

    Returns
    -------
    RunSummary
        With the reason in `stopped` when the scheduler was lost or the disk was full.

    Raises
    ------
    ValueError
        When another client writes to the folder, it holds another study, or the workers do not fit.
    OSError
        When the folder cannot be made or read.
    KeyboardInterrupt
        On Ctrl-C, after everything that had ended has landed; a second one does not wait for that.

    Examples
    --------
    >>> import tempfile
    >>> study = Study(name="two", replicates=2)
    >>> with tempfile.TemporaryDirectory() as out:
    ...     summary = run_study(study, out, workers=0, trial=lambda design, **_: {"nrmse_zn": 0.1})
    >>> summary.complete, summary.done
    (True, 2)
    """
    from ..design.trial import run_trial

    check_choice(scheduler, workers)
    out, progress, start = Path(out), progress or Progress(), time.perf_counter()
    cells, key = study.cells(), study.key
    with ResultStore(out) as store:
        factors = [factor.as_column for factor in study.factors]
        store.claim(key=key, name=study.name, cells=len(cells), factors=factors, study=_as_json(study))
        skipped = {one for one, status in store.finished().items() if status == "done" or not retry_failed}
        for text in store.warnings:
            progress.note(text)
        todo = _groups(cell for cell in cells if cell.key not in skipped)
        computed, stopped = 0, None
        if todo:
            with open_workers(scheduler, workers, note=progress.note) as pool:
                left = sum(len(group) for group in todo)
                progress.note(f"{study.name}: {left} of {len(cells)} cells to run by {pool.label}")
                with progress.stage(study.name, total=len(cells)) as stage:
                    pace = Pace(progress, stage, total=len(cells), done=len(cells) - left)
                    landing = Landing(store, key)
                    stopped = _run(todo, pool, landing, pace, trial or run_trial)
                    computed = landing.landed
        if stopped is None and (todo or not (out / RESULTS_FILE).exists()):
            stopped = _write_results(store)
        statuses = store.finished()
    return RunSummary(
        name=study.name,
        out=out,
        cells=len(cells),
        done=sum(statuses.get(cell.key) == "done" for cell in cells),
        failed=sum(statuses.get(cell.key) == "failed" for cell in cells),
        computed=computed,
        seconds=time.perf_counter() - start,
        stopped=stopped,
    )


def resume_study(out: Path | str, **options: Any) -> RunSummary:
    """Run the rest of the study that a folder holds.

    Parameters
    ----------
    out : path-like
        Folder of a study that was run before.
    **options
        As `run_study`.

    Returns
    -------
    RunSummary

    Raises
    ------
    ValueError
        When it holds no study, and whenever `run_study` raises one.
    """
    return run_study(stored_study(out), out, **options)


def stored_study(out: Path | str) -> Study:
    """Return the study that a folder holds.

    Raises
    ------
    ValueError
        When it holds none, or one that this version of glasstomo does not take.
    """
    found = ResultStore(out).description()
    content = found["study"]
    try:
        study = Study(**content)
        reason = None if study.key == found["key"] else "its cells would be others"
    except (TypeError, ValueError) as error:
        study, reason = None, str(error)
    if study is None or reason is not None:
        raise ValueError(
            f"{out} holds study {found['name']!r}, which this version of glasstomo reads otherwise "
            f"({reason}); go on with the version that began it"
        )
    return study


def _groups(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Put cells together whose result is the same: a design may stand under two names."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.key, []).append(cell)
    return list(groups.values())


def _run(
    todo: Sequence[Sequence[Cell]], pool: Workers, landing: Landing, pace: Pace, trial: Trial
) -> str | None:
    """Run groups of cells and land their rows; return why it ended early, if it did."""
    calls = (
        {"design": cell.design, "replicate": cell.replicate, "seed": cell.seed, "scores": cell.scores}
        for cell, *_ in todo
    )
    stopped, asked = None, []
    try:
        with _asked_to_end(pool, asked):
            for number, outcome in pool.run(trial, calls):
                row = landing.take(todo[number], outcome)
                pace.ended(todo[number], row)
                if landing.due(pool.ready):
                    landing.land()
    except (WorkersLostError, CannotLandError) as error:
        stopped = str(error)
    except KeyboardInterrupt:
        asked.append(signal.SIGINT)
    finally:
        # Whatever happened, what has ended belongs on the disk; a full one may have been given space.
        try:
            landing.land()
        except CannotLandError as error:
            stopped = str(error)
    if asked:
        pace.progress.note(
            f"{pace.done} of {pace.total} cells have landed; glasstomo study resume {landing.store.folder} "
            "runs the others"
        )
        raise SystemExit(TERMINATED) if asked[0] == signal.SIGTERM else KeyboardInterrupt
    return stopped


@contextmanager
def _asked_to_end(pool: Workers, asked: list[int]) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM end the run in order, where others do the work; the second raises.

    A batch system sends SIGTERM when the time of a job is over, some seconds before it kills.
    """
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    main = threading.current_thread() is threading.main_thread()
    free = main and all(signal.getsignal(number) is default for number, default in handlers.items())
    if not free or not pool.apart:
        # In this process, a solve cut short must raise: it must not count as a result.
        with raised():
            yield
        return

    def ask(number: int, frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        pool.stop()

    try:
        for number in handlers:
            signal.signal(number, ask)
        yield
    finally:
        for number, default in handlers.items():
            signal.signal(number, default)


def _write_results(store: ResultStore) -> str | None:
    """Write the table; return why that did not work, if so."""
    try:
        store.write_results()
    except OSError as error:
        return str(cannot_land(error, store.folder))
    return None


def _as_json(study: Study) -> dict[str, Any]:
    return study.model_dump(mode="json", exclude_unset=True)
