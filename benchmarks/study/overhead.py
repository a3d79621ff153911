"""What scheduling costs: calls of a known length through the workers, and where the rest of the time goes."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .columns import COLUMNS
from .workers import Workers

if TYPE_CHECKING:
    from ..design.design import Design

_WORDS = {name for name, column in COLUMNS.items() if column.kind == "text"}
_WHOLE = {name for name, column in COLUMNS.items() if column.kind == "whole"}

SPIN_CELLS, SPIN_SECONDS = 40, 0.25
EMPTY_CELLS = 400


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """Measured constants of one set of workers.

    Parameters
    ----------
    workers : int
        How many ran.
    cells_per_hour : float
        Calls of `call_s` each that went through in an hour.
    call_s : float
        Mean length of a call, as the worker's own clock has it, s.
    overhead_s : float
        Time of a worker per call that was not the call, s.
    overhead_share : float
        The same as a share of all time.
    client_s : float
        Time per call when there is nothing to do in it: what the client and the scheduler need to send a
        design and take a row, s. Its inverse bounds the calls per second of any number of workers.
    landing_s : float
        Time per row to write it down, a few rows at a time as a run does, s.
    start_s : float
        Until the first call of each worker came back: imports, s.
    """

    workers: int
    cells_per_hour: float
    call_s: float
    overhead_s: float
    overhead_share: float
    client_s: float
    landing_s: float
    start_s: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)


def spin(design: "Design", *, replicate: int, seed: int, seconds: float = 0.0) -> dict[str, Any]:
    """Keep a core busy and return a row of the usual size.

    Parameters
    ----------
    design : Design
        Sent along as a study does; not looked at.
    replicate, seed : int
    seconds : float
        How long, by the clock on the wall.
    """
    from ..design.trial import TRIAL_COLUMNS

    start = time.perf_counter()
    row: dict[str, Any] = {name: 0.1 * place + replicate for place, name in enumerate(TRIAL_COLUMNS)}
    while time.perf_counter() - start < seconds:
        pass
    return {
        **row,
        "replicate": replicate,
        "seed": seed,
        "seconds": time.perf_counter() - start,
    }


def measure_overhead(
    workers: Workers,
    *,
    cells: int = SPIN_CELLS,
    seconds: float = SPIN_SECONDS,
    empty_cells: int = EMPTY_CELLS,
) -> Overhead:
    """Send calls of a known length through workers.

    Parameters
    ----------
    workers : Workers
        Open ones.
    cells : int
        Calls for each worker.
    seconds : float
        Length of a call, s.
    empty_cells : int
        Calls with nothing to do.

    Returns
    -------
    Overhead

    Raises
    ------
    ValueError
        When a number is not positive.
    RuntimeError
        When a call failed.

    Notes
    -----
    With W workers, n calls that took s_k and T from the first submission to the last return, the overhead
    per call is (W T − Σ s_k)/n. The tail, in which some workers have nothing left to do, is part of it: it
    is smaller in longer studies. Nothing else should run meanwhile.
    """
    if cells < 1 or empty_cells < 1 or not seconds > 0:
        raise ValueError(
            f"cells, empty_cells and seconds must be positive, got {cells}, {empty_cells} and {seconds}"
        )
    start = time.perf_counter()
    count = max(1, workers.count)
    # Every worker has imported what it needs once each has had a call that keeps the others from it.
    _busy(workers, 2 * count, 0.2)
    start_s = time.perf_counter() - start
    count = max(1, workers.count)
    wall, busy = _busy(workers, cells * count, seconds)
    empty_wall, _ = _busy(workers, empty_cells, 0.0)
    n = cells * count
    overhead = max(0.0, count * wall - busy) / n
    return Overhead(
        workers=count,
        cells_per_hour=3600 * n / wall,
        call_s=busy / n,
        overhead_s=overhead,
        overhead_share=overhead * n / (count * wall),
        client_s=empty_wall / empty_cells,
        landing_s=_landing_s(),
        start_s=start_s,
    )


def _busy(workers: Workers, cells: int, seconds: float) -> tuple[float, float]:
    """Run calls; return the time on the wall and the sum of their lengths."""
    start = time.perf_counter()
    busy = 0.0
    for _, outcome in workers.run(spin, _calls(cells, seconds)):
        if outcome.error is not None:
            raise RuntimeError(f"a call of the measurement failed: {outcome.error}")
        busy += outcome.value["seconds"]
    return time.perf_counter() - start, busy


def _landing_s(rows: int = 64, at_once: int = 8) -> float:
    """Time to land a row, s, where temporary files lie."""
    from ..design.design import Design
    from .store import ResultStore

    row = spin(Design(), replicate=0, seed=0)
    row = {name: str(value) if name in _WORDS else value for name, value in row.items()}
    row = {name: int(value) if name in _WHOLE else value for name, value in row.items()}
    with tempfile.TemporaryDirectory() as folder, ResultStore(folder) as store:
        store.claim(key="overhead", name="overhead", cells=rows)
        # The first one imports what writes.
        store.append([{**row, "cell": "first", "index": rows, "status": "done"}])
        start = time.perf_counter()
        for first in range(0, rows, at_once):
            numbers = range(first, first + at_once)
            store.append([{**row, "cell": f"{k:016x}", "index": k, "status": "done"} for k in numbers])
        return (time.perf_counter() - start) / rows


def _calls(cells: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Make calls of designs that all differ, as those of a study do."""
    from ..design.design import Design

    design = Design()
    for cell in range(cells):
        yield {
            "design": design.with_field("tilts.count", 5 + cell % 60),
            "replicate": cell,
            "seed": 0,
            "seconds": seconds,
        }
