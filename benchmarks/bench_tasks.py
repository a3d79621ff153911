"""Single operations to time: projections, iterations, gaps, λ_max, and the machine's limits beside them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..recon import Problem, lambda_max, solve_pdhg
from ..recon.certificate import certify
from ..recon.pdhg import takes_spectral_steps as has_spectral_steps
from .bench_problem import LARGEST_LAMBDA_MAX
from .bench_rows import Row, Setting
from .machine_limits import Limit, axpy_limit, copy_limit, fma_limit
from .roofline import Work, Workload
from .stopwatch import Timing

# Iterations whose time is that of a longer solve less that of a shorter one; both evaluate one gap.
_STEPS = 8
# Iterations before anything is timed.
_SETTLED = 60
# No cache that a few cores share is larger.
_LARGEST_COPY = 2**28


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something to time: what to run, and the least work in it (none: no fraction)."""

    run: Callable[[], object]
    work: Work | None = None


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What the machine's limits turned out to be in this run.

    Parameters
    ----------
    copy_bytes_s : dict of int to float
        Working set to bytes per second.
    axpy_flop_s : float
        Operations per second.
    """

    copy_bytes_s: dict[int, float]
    axpy_flop_s: float

    def fraction(self, work: Work, seconds: float) -> float:
        """Roofline fraction of work that was done in so many seconds."""
        copy = self.copy_bytes_s[copy_size(work)]
        return work.seconds_at_limit(copy_bytes_s=copy, axpy_flop_s=self.axpy_flop_s) / seconds


def copy_size(work: Work) -> int:
    """Working set of the copy that stands for an operation: the next power of two, 1 MiB to 256 MiB."""
    return min(max(2 ** int(np.ceil(np.log2(work.working_set))), 2**20), _LARGEST_COPY)


def projector_tasks(problem: Problem, counts: Workload) -> dict[str, Task]:
    """Forward projection and its adjoint, into arrays that are there already; `problem` has one channel."""
    projector = problem.projector
    volume, series = np.ones(problem.shape, np.float32), np.empty_like(problem.data)
    back, work = np.empty_like(volume), counts.projection()
    return {
        "projector.forward": Task(run=lambda: projector.forward(volume, series), work=work),
        "projector.adjoint": Task(run=lambda: projector.adjoint(problem.data, back), work=work),
    }


def solver_tasks(name: str, problem: Problem, counts: Workload) -> dict[str, Task]:
    """One iteration (as a longer and a shorter solve that goes on from the same iterates), the gap, λ_max.

    Iterations are diagonal ones, which every problem takes; where a solve takes spectral ones in turn,
    these have a row of their own.
    """
    regulariser, small = problem.regulariser, max(problem.grid) <= LARGEST_LAMBDA_MAX
    # Far enough for the certificate to do all of its work.
    state = solve_pdhg(problem, gap=0.0, max_iterations=_SETTLED if small else 1).state
    space = {
        "projected": np.empty_like(problem.data),
        "spare": np.empty(problem.shape, np.float32),
        "back": np.empty(problem.shape, np.float32),
    }

    def solve(iterations: int, steps: str) -> Callable[[], object]:
        return lambda: solve_pdhg(problem, gap=0.0, max_iterations=iterations, start=state, steps=steps)

    tasks = {}
    kinds = {"iteration": "diagonal"}
    if has_spectral_steps(problem):
        kinds["spectral_iteration"] = "auto"
    for kind, steps in kinds.items():
        # Spectral ones are judged by the same least work: their cosine transforms are a choice.
        work = counts.iteration(regulariser)
        tasks[f"solver.{name}.{kind}.short"] = Task(run=solve(1, steps))
        tasks[f"solver.{name}.{kind}"] = Task(run=solve(1 + _STEPS, steps), work=work)
    tasks[f"solver.{name}.gap"] = Task(
        run=lambda: certify(problem, state, gap=1e-6, **space), work=counts.gap_evaluation(regulariser)
    )
    if small:
        work = counts.lambda_max(regulariser)
        tasks[f"solver.{name}.lambda_max"] = Task(run=lambda: lambda_max(problem), work=work)
    return tasks


def machine_tasks(works: Sequence[Work], threads: int) -> dict[str, Limit]:
    """The machine's limits: a copy for each working set there is, and the two rates."""
    sizes = sorted({copy_size(work) for work in works})
    copies = {f"machine.copy.{size}": copy_limit(size, threads) for size in sizes}
    return copies | {"machine.axpy": axpy_limit(threads), "machine.fma": fma_limit(threads)}


def machine_rates(limits: dict[str, Limit], timings: dict[str, Timing]) -> Rates:
    """Rates of the best samples."""
    best = {name: limit.rate(timings[name].best) for name, limit in limits.items()}
    copies = {int(name.rpartition(".")[2]): rate for name, rate in best.items() if ".copy." in name}
    return Rates(copy_bytes_s=copies, axpy_flop_s=best["machine.axpy"])


def machine_rows(setting: Setting, limits: dict[str, Limit], timings: dict[str, Timing]) -> Iterator[Row]:
    """Rows of the machine's limits."""
    for name, limit in limits.items():
        timing = timings[name]
        more: Row = {"min_ms": 1e3 * timing.best, limit.unit: 1e-9 * limit.rate(timing.best)}
        if ".copy." in name:
            name, _, size = name.rpartition(".")
            more["working_set_mib"] = int(size) // 2**20
        yield setting.row(name, 1e3 * timing.median, None, **more)


def operation_rows(
    setting: Setting, tasks: dict[str, Task], timings: dict[str, Timing], rates: Rates
) -> Iterator[Row]:
    """Rows of everything that has a count of its work."""
    for name, task in tasks.items():
        if task.work is None:
            continue
        timing, more = timings[name], {}
        median, best = timing.median, timing.best
        if f"{name}.short" in timings:
            median, best, more = iteration_seconds(timing, timings[f"{name}.short"])
        yield setting.row(
            name,
            1e3 * median,
            rates.fraction(task.work, median),
            min_ms=1e3 * best,
            flops=task.work.flops,
            bytes=task.work.bytes_moved,
            **more,
        )


def iteration_seconds(long: Timing, short: Timing) -> tuple[float, float, Row]:
    """Median and least time of one iteration, from a longer and a shorter solve.

    Where other processes disturbed them so much that the difference means nothing, the whole of the
    longer solve is shared out instead: its set-up included, so never too little.

    Examples
    --------
    >>> iteration_seconds(Timing(seconds=[10.0, 9.0]), Timing(seconds=[2.0, 1.0]))
    (1.0, 1.0, {})
    """
    median = long.beyond(short, _STEPS).median
    best = (long.best - short.best) / _STEPS
    if min(median, best) > 0:
        return median, min(median, best), {}
    share = 1 + _STEPS
    return long.median / share, long.best / share, {"note": "disturbed: includes a share of the set-up"}
