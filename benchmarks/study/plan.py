"""How long a study takes on how many workers, from measured constants."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .cell_cost import CellCost

if TYPE_CHECKING:
    from .overhead import Overhead

TYPICAL_OVERHEAD_S, TYPICAL_CLIENT_S = 0.01, 0.005
"""Seconds per cell where nobody measured: of a worker between two cells, and of client and scheduler."""

MANY = 100_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Constants of a study and what follows from them.

    Parameters
    ----------
    name : str
        Of the study.
    cells : int
        How many are to be run.
    settings : int
        Combinations of levels and methods.
    cost : CellCost
        Of a cell.
    overhead_s : float
        Time of a worker per cell that is not the cell, s.
    client_s : float
        Time of client and scheduler per cell, s: they cannot feed more than one worker per this time.
    start_s : float
        Until workers are there, s.
    overhead_source : str
        How these three were found.

    Notes
    -----
    With n cells of s seconds on W workers,
    T = t₀ + max(n (s + o)/W + (1 − 1/W) s_max, n c), where o is the overhead of a worker, c the time of
    client and scheduler per cell, t₀ the start, and s_max the longest cell: when the last cells run, the
    other workers wait for half of it on average, for all of it at worst. Workers of the cluster
    are taken to be as fast as the cores that were measured, with the same number of them busy on a machine:
    memory bandwidth is shared.

    Examples
    --------
    >>> cost = CellCost(seconds=3.0, standard_error_s=0.1, longest_s=5.0, measured=6, source="cells",
    ...                 memory_mb=600.0, row_bytes=700.0)
    >>> plan = Plan(name="study", cells=100_000, settings=1000, cost=cost, overhead_s=0.01, client_s=0.005,
    ...             start_s=5.0, overhead_source="measured")
    >>> [round(plan.seconds(workers) / 3600, 2) for workers in (1, 100, 1000)]
    [83.61, 0.84, 0.14]
    >>> plan.most_workers
    602
    """

    name: str
    cells: int
    settings: int
    cost: CellCost
    overhead_s: float
    client_s: float
    start_s: float
    overhead_source: str

    def __post_init__(self) -> None:
        if self.cells < 1:
            raise ValueError(f"`cells` must be at least 1, got {self.cells}")

    def seconds(self, workers: int) -> float:
        """Return the time on the wall, s.

        Raises
        ------
        ValueError
            When there is no worker.
        """
        if workers < 1:
            raise ValueError(f"`workers` must be at least 1, got {workers}")
        busy = self.cells * (self.cost.seconds + self.overhead_s) / workers
        tail = (1 - 1 / workers) * self.cost.longest_s
        return self.start_s + max(busy + tail, self.cells * self.client_s)

    def efficiency(self, workers: int) -> float:
        """Return the share of the workers' time in which they run cells."""
        return self.cells * self.cost.seconds / (workers * self.seconds(workers))

    @property
    def most_workers(self) -> int:
        """How many workers one client and scheduler can keep busy."""
        return max(1, math.floor((self.cost.seconds + self.overhead_s) / self.client_s))

    @property
    def core_hours(self) -> float:
        """Time of all workers together, h."""
        return self.cells * (self.cost.seconds + self.overhead_s) / 3600

    @property
    def table_mb(self) -> float:
        """Size of the table of results, MB."""
        return self.cells * self.cost.row_bytes / 1e6

    def row(self, workers: int) -> dict[str, Any]:
        """Return what a number of workers means."""
        memory = self.cost.memory_mb
        seconds = self.seconds(workers)
        return {
            "workers": workers,
            "seconds": seconds,
            "cells_per_hour": 3600 * self.cells / seconds,
            "efficiency": self.efficiency(workers),
            "memory_gb": None if memory is None else workers * memory / 1e3,
        }

    def as_dict(self, workers: Sequence[int]) -> dict[str, Any]:
        """Return everything, as JSON holds it."""
        from ..reproduce import without_nan

        return without_nan(
            {
                "name": self.name,
                "cells": self.cells,
                "settings": self.settings,
                "cell": asdict(self.cost),
                "overhead_s": self.overhead_s,
                "client_s": self.client_s,
                "start_s": self.start_s,
                "overhead_source": self.overhead_source,
                "core_hours": self.core_hours,
                "table_mb": self.table_mb,
                "most_workers": self.most_workers,
                "workers": [self.row(count) for count in workers],
            }
        )


def plan_of(
    name: str,
    *,
    cells: int,
    settings: int,
    cost: CellCost,
    overhead: "Overhead | None" = None,
) -> Plan:
    """Put a plan together: measured overheads before those of an earlier run before typical ones.

    Parameters
    ----------
    name : str
        Of the study.
    cells, settings : int
        Cells to run, and combinations of levels among them.
    cost : CellCost
        `probe_cells` or `table_cost`.
    overhead : Overhead, optional
        `measure_overhead`.
    """
    if overhead is not None:
        return Plan(
            name=name,
            cells=cells,
            settings=settings,
            cost=cost,
            overhead_s=overhead.overhead_s,
            client_s=overhead.client_s + overhead.landing_s,
            start_s=overhead.start_s,
            overhead_source=f"measured on {overhead.workers} workers",
        )
    known = cost.overhead_s is not None
    return Plan(
        name=name,
        cells=cells,
        settings=settings,
        cost=cost,
        overhead_s=cost.overhead_s if cost.overhead_s is not None else TYPICAL_OVERHEAD_S,
        client_s=TYPICAL_CLIENT_S,
        start_s=10.0,
        overhead_source="of the worker from the earlier run, else typical; --measure measures"
        if known
        else "typical; --measure measures",
    )


def worker_counts(asked: Sequence[int], most: int) -> tuple[int, ...]:
    """Return the numbers of workers to show: those asked for, or powers of two up to what can be kept busy.

    Examples
    --------
    >>> worker_counts((), 300), worker_counts((8, 2), 300)
    ((1, 2, 4, 8, 16, 32, 64, 128, 256), (2, 8))
    """
    if asked:
        return tuple(sorted(set(asked)))
    return tuple(2**power for power in range(11) if 2**power <= max(2, most))
