"""How far a study is, read from its folder alone, also while somebody runs it."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .landing import duration
from .store import ResultStore

# Rows over which the pace is measured: enough to average over settings that differ in cost.
_LATEST = 200


def study_status(out: Path | str) -> dict[str, Any]:
    """Return how far the study in a folder is.

    Parameters
    ----------
    out : path-like
        The ``--out`` of a run.

    Returns
    -------
    dict
        name, key, cells, done, failed, reasons (reason of failure to number of cells, most frequent first),
        running (who runs it, or None), cells_per_hour (of the latest rows, or None) and pace (a text).

    Raises
    ------
    ValueError
        When it is no folder of a study.
    """
    store = ResultStore(out)
    found = store.description()
    table = store.arrow()
    statuses = Counter(table["status"].to_pylist())
    reasons = Counter(reason for reason in table["reason"].to_pylist() if reason is not None)
    rate = cells_per_hour(table["finished_at"].to_pylist())
    running = store.in_use
    left = found["cells"] - table.num_rows
    pace = f", {rate:.0f} cells an hour, {duration(left / rate * 3600)} left" if rate and running else ""
    return {
        "name": found["name"],
        "key": found["key"],
        "cells": found["cells"],
        "done": statuses["done"],
        "failed": statuses["failed"],
        "reasons": dict(reasons.most_common()),
        "running": running,
        "cells_per_hour": rate,
        "pace": pace,
    }


def cells_per_hour(finished_at: list[str]) -> float | None:
    """Return the pace of the latest rows until now; None when there are too few.

    Parameters
    ----------
    finished_at : list of str
        ISO times.
    """
    times = sorted(datetime.fromisoformat(text) for text in finished_at if text)[-_LATEST:]
    if len(times) < 2:
        return None
    # Until now, not until the last row: a run that hangs slows down.
    seconds = (datetime.now(UTC) - times[0]).total_seconds()
    return (len(times) - 1) / seconds * 3600 if seconds > 0 else None
