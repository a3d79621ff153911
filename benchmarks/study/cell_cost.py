"""What the cells of a study cost: a few are run to find out, or an earlier run's table tells."""

import io
import math
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .workers import Workers

if TYPE_CHECKING:
    import pandas as pd

    from .study import Cell, Study

_ROWS = 512


@dataclass(frozen=True, kw_only=True)
class CellCost:
    """Measured constants of the cells of a study.

    Parameters
    ----------
    seconds : float
        Mean over the cells, s on one core.
    standard_error_s : float
        Of that mean, s; NaN from a single setting.
    longest_s : float
        The longest cell expected, s.
    measured : int
        Cells that were measured.
    source : str
        How.
    memory_mb : float or None
        Most resident memory that a worker held, MB.
    row_bytes : float
        A row in Parquet, bytes.
    overhead_s : float or None
        Time of a worker between two cells, s, where an earlier run shows it.
    """

    seconds: float
    standard_error_s: float
    longest_s: float
    measured: int
    source: str
    memory_mb: float | None
    row_bytes: float
    overhead_s: float | None = None


def probe(trial: Callable[..., dict[str, Any]], **call: Any) -> dict[str, Any]:
    """Run a cell on a worker; return its row and the most memory that the worker has held."""
    row = trial(**call)
    unit = 1.0 if sys.platform == "darwin" else 1024.0
    return {"row": row, "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6}


def probe_cells(
    study: "Study",
    workers: Workers,
    *,
    count: int = 6,
    trial: Callable[..., dict[str, Any]] | None = None,
) -> CellCost:
    """Run a few cells of a study, spread over its settings.

    Parameters
    ----------
    study : Study
    workers : Workers
        One of them suffices; more share the memory bandwidth as they will in the run.
    count : int
        Cells to measure.
    trial : callable, optional
        Called as `run_trial`, which is the default.

    Raises
    ------
    ValueError
        When `count` is not positive.
    RuntimeError
        When every cell failed.

    Notes
    -----
    Settings are sorted by `trial_cost`, cut into as many equal parts as cells are run, and one is taken from
    the middle of each. Their ratio to that estimate carries over to all other settings. A first cell that
    loads the kernels is not counted.
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1, got {count}")
    if trial is None:
        from ..design.trial import run_trial as trial
    settings = [cell for cell in study.cells() if cell.replicate == 0]
    ranked = sorted(settings, key=lambda cell: (_guess(cell), cell.index))
    count = min(count, len(ranked))
    chosen = [ranked[int((part + 0.5) * len(ranked) / count)] for part in range(count)]
    warm = [_call(trial, ranked[0], replicate=study.replicates + k) for k in range(max(1, workers.count))]
    for _ in workers.run(probe, warm):
        pass
    found: dict[int, dict[str, Any]] = {}
    errors = []
    for index, outcome in workers.run(probe, [_call(trial, cell, replicate=0) for cell in chosen]):
        if outcome.error is None:
            found[index] = outcome.value
        else:
            errors.append(outcome.error)
    if not found:
        raise RuntimeError(f"none of {count} cells ran: {errors[0]}")
    measured = {chosen[index].design.key: [float(one["row"]["seconds"])] for index, one in found.items()}
    return _cost(
        settings,
        measured,
        source=f"{len(found)} cells run to find out",
        memory_mb=max(one["memory_mb"] for one in found.values()),
        row_bytes=_row_bytes([one["row"] for one in found.values()]),
        overhead_s=None,
    )


def table_cost(study: "Study", table: "pd.DataFrame") -> CellCost:
    """Take the constants from the table of an earlier run, of this study or of one with the same columns.

    Raises
    ------
    ValueError
        When no cell of it is done.
    """
    done = table.loc[(table["status"] == "done") & table["seconds"].notna()]
    if not len(done):
        raise ValueError("the earlier run has no finished cell; leave it out and cells are run to find out")
    measured = {str(key): list(group["seconds"]) for key, group in done.groupby("design_key")}
    settings = [cell for cell in study.cells() if cell.replicate == 0]
    if not any(cell.design.key in measured for cell in settings):
        # Designs of another study: their mean has to do.
        measured = {cell.design.key: list(done["seconds"]) for cell in settings}
    return _cost(
        settings,
        measured,
        source=f"{len(done)} cells of an earlier run",
        memory_mb=None,
        row_bytes=_row_bytes(done.to_dict(orient="records")),
        overhead_s=_gaps(done),
    )


def _call(trial: Callable[..., dict[str, Any]], cell: "Cell", *, replicate: int) -> dict[str, Any]:
    return {
        "trial": trial,
        "design": cell.design,
        "replicate": replicate,
        "seed": cell.seed,
        "scores": cell.scores,
    }


def _guess(cell: "Cell") -> float:
    """Estimated seconds, by a rule of thumb; by voxels and tilts where it says nothing."""
    from ..design.trial_cost import trial_cost

    seconds = trial_cost(cell.design).seconds
    if seconds is not None:
        return seconds
    return 1.2e-5 * cell.design.specimen.size**3 * (0.6 + 0.4 * cell.design.tilts.tilt_scheme.count / 15)


def _cost(
    settings: Sequence["Cell"], measured: dict[str, list[float]], *, source: str, **rest: Any
) -> CellCost:
    """Carry measured settings over to all, by their ratio to the rule of thumb."""
    known = [(cell, measured[cell.design.key]) for cell in settings if cell.design.key in measured]
    guess = math.fsum(_guess(cell) for cell, _ in known)
    ratio = math.fsum(math.fsum(values) / len(values) for _, values in known) / guess
    expected, residuals = [], []
    for cell in settings:
        values = measured.get(cell.design.key)
        expected.append(ratio * _guess(cell) if values is None else math.fsum(values) / len(values))
        if values is not None:
            residuals.append(expected[-1] - ratio * _guess(cell))
    mean = math.fsum(expected) / len(expected)
    n, total = len(known), len(settings)
    # Ratio estimator of a mean over a finite number of settings; none of it is left when all are known.
    spread = math.sqrt(math.fsum(r * r for r in residuals) / (n - 1)) if n > 1 else math.nan
    error = spread / math.sqrt(n) * math.sqrt(1 - n / total) if n < total else 0.0
    longest = max([*expected, *(value for _, values in known for value in values)])
    return CellCost(
        seconds=mean,
        standard_error_s=error,
        longest_s=longest,
        measured=sum(len(values) for _, values in known),
        source=source,
        **rest,
    )


def _gaps(done: "pd.DataFrame") -> float | None:
    """Median time of a worker between the end of a cell and the start of its next, s."""
    import pandas as pd

    if "finished_at" not in done or "worker" not in done:
        return None
    found = []
    for _, group in done.groupby("worker"):
        when = pd.to_datetime(group["finished_at"], utc=True, errors="coerce", format="ISO8601")
        order = when.sort_values().index
        between = when.loc[order].diff().dt.total_seconds()
        found += list((between - group.loc[order, "seconds"]).dropna())
    return max(0.0, float(pd.Series(found).median())) if len(found) >= 10 else None


def _row_bytes(rows: Sequence[dict[str, Any]]) -> float:
    """Bytes of a row in a table of some hundred rows that all differ as much as these."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    many = []
    for number in range(_ROWS):
        row = rows[number % len(rows)]
        many.append(
            {
                "cell": f"{rng.integers(2**63):016x}",
                # Numbers of different replicates share hardly a digit.
                **{k: v * (0.5 + rng.random()) if isinstance(v, float) else v for k, v in row.items()},
            }
        )
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(many), stream)
    return len(stream.getvalue()) / _ROWS
