"""From outcomes of calls to rows that have landed, and how far a study is."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..progress import Progress, Stage
from .store import ResultStore
from .study import Cell
from .versions import versions_text
from .workers import Outcome

# Rows wait for others that have ended already, but so many or so long at most.
_MOST = 256
_LONGEST_S = 1.0
_RATE_WINDOW = 200
_NOTE_S = 60.0
_FAILURES_TOLD = 3


class CannotLandError(RuntimeError):
    """Rows cannot be written: the disk is full, or gone."""


def cannot_land(error: OSError, folder: Path) -> CannotLandError:
    """Return the error that says what to do."""
    what = error.strerror or str(error)
    return CannotLandError(f"{folder} cannot be written ({what}); make room there, then resume")


class Landing:
    """Rows on their way into a store.

    Parameters
    ----------
    store : ResultStore
        Locked, claimed for the study.
    study_key : str
    """

    def __init__(self, store: ResultStore, study_key: str) -> None:
        self.store, self.study_key = store, study_key
        self.rows: list[dict[str, Any]] = []
        self.landed = 0
        self.since = 0.0

    def take(self, cells: Sequence[Cell], outcome: Outcome) -> dict[str, Any]:
        """Make the rows of cells that share an outcome, to land soon; return the first."""
        try:
            rows = [self.store.check(self.row(cell, outcome)) for cell in cells]
        except TypeError as error:
            # What the trial returned is no row; that is a failure of its cell, not of the study.
            wrong = Outcome(error=f"TypeError: {error}", worker=outcome.worker)
            rows = [self.store.check(self.row(cell, wrong)) for cell in cells]
        if not self.rows:
            self.since = time.monotonic()
        self.rows += rows
        return rows[0]

    def row(self, cell: Cell, outcome: Outcome) -> dict[str, Any]:
        """Return the row of one cell."""
        return {
            **(outcome.value if outcome.error is None else {"design_key": cell.design.key}),
            "cell": cell.key,
            "index": cell.index,
            **cell.levels,
            "method": cell.method,
            "replicate": cell.replicate,
            "seed": cell.seed,
            "status": "done" if outcome.error is None else "failed",
            "reason": outcome.error,
            "study_key": self.study_key,
            "versions": versions_text(),
            "worker": outcome.worker,
            "finished_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }

    def due(self, ready: int) -> bool:
        """Whether rows should land now: at once, unless more have ended and are about to follow."""
        if not self.rows:
            return False
        return ready == 0 or len(self.rows) >= _MOST or time.monotonic() - self.since > _LONGEST_S

    def land(self) -> None:
        """Write the rows, and count them in `landed`.

        They are kept when this fails or is interrupted, so that it can be tried again.

        Raises
        ------
        CannotLandError
            When they cannot be written.
        """
        if not self.rows:
            return
        try:
            self.store.append(self.rows)
        except OSError as error:
            raise cannot_land(error, self.store.folder) from error
        self.landed, self.rows = self.landed + len(self.rows), []


class Pace:
    """How far a study is, how fast it goes, how long it takes.

    Parameters
    ----------
    progress : Progress
    stage : Stage
    total, done : int
        Cells of the whole study, and those with a row before this run.
    """

    def __init__(self, progress: Progress, stage: Stage, total: int, done: int) -> None:
        self.progress, self.stage, self.total, self.done = progress, stage, total, done
        self.failures = 0
        self.ends: deque[tuple[float, int]] = deque([(time.monotonic(), done)], maxlen=_RATE_WINDOW)
        self.noted = time.monotonic()
        # Bars show themselves; a log file wants a line now and then.
        self.quiet = getattr(getattr(progress, "console", None), "is_terminal", True)
        stage.update(done, self.text())

    def ended(self, cells: Sequence[Cell], row: Mapping[str, Any]) -> None:
        """Count cells that have ended with this row."""
        self.done += len(cells)
        now = time.monotonic()
        self.ends.append((now, self.done))
        if row["status"] != "done":
            self.failures += len(cells)
            if self.failures <= _FAILURES_TOLD:
                self.progress.note(f"cell {row['index']} failed: {row['reason']}")
        self.stage.update(self.done, self.text())
        if not self.quiet and now - self.noted > _NOTE_S:
            self.noted = now
            self.progress.note(self.text())

    @property
    def cells_per_hour(self) -> float | None:
        """Rate over the latest cells; None before there is one."""
        (start, before), (end, after) = self.ends[0], self.ends[-1]
        return (after - before) / (end - start) * 3600 if after > before and end > start else None

    def text(self) -> str:
        """Return rate, time left and failures, for people."""
        rate = self.cells_per_hour
        parts = [f"{self.done}/{self.total} cells"]
        if rate:
            parts += [f"{rate:.0f} an hour", f"{duration((self.total - self.done) / rate * 3600)} left"]
        if self.failures:
            parts.append(f"{self.failures} failed")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Write a time span as people say it.

    Examples
    --------
    >>> [duration(seconds) for seconds in (8, 200, 9000, 300000)]
    ['8 s', '3 min', '2.5 h', '3.5 days']
    """
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
