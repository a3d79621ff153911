"""What ``glasstomo bench`` times: projector, solver iterations, certificates, λ_max, time to a gap."""

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from ..recon import Problem, Status, lambda_max, solve_pdhg
from ..recon.gap import bracket
from ..recon.primal_dual import Solve
from .bench_problem import bench_problem, with_regulariser
from .machine_limits import Limit, axpy_limit, copy_limit, fma_limit
from .progress import Progress
from .roofline import Work, Workload, workload
from .stopwatch import Timing, time_tasks

Row = dict[str, Any]

REGULARISERS = ("tv", "tv2")
# Iterations whose time is that of a longer solve less that of a shorter one; both evaluate one gap.
_STEPS = 8
# No cache that a few cores share is larger.
_LARGEST_COPY = 2**28
# Iterations of a solve to a gap, at most.
_MOST_ITERATIONS = 5000


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One size on one number of threads.

    Parameters
    ----------
    size : int
        Voxels along every edge.
    tilts : int
        Projections.
    threads : int
        Of the kernels, and of those peers that can be told.
    repeats : int
        Rounds of `stopwatch.time_tasks`.
    gap : float
        Relative gap at which a solve counts as done.
    """

    size: int
    tilts: int = 31
    threads: int = 1
    repeats: int = 5
    gap: float = 1e-3

    def row(self, name: str, milliseconds: float | None, fraction: float | None, **more: object) -> Row:
        """Lay one result out; numbers are rounded to four digits."""
        head = {"name": name, "n": self.size, "tilts": self.tilts, "threads": self.threads}
        figures = {"ms": milliseconds, "roofline_fraction": fraction, **more}
        return head | {key: _rounded(value) for key, value in figures.items()}


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


def bench(
    sizes: Sequence[int] = (128,),
    *,
    tilts: int = 31,
    threads: Sequence[int] = (),
    repeats: int = 5,
    gap: float = 1e-3,
    peers: bool = False,
    peer_seconds: float = 60.0,
    progress: Progress | None = None,
) -> Iterator[Row]:
    """Time the suite on this machine, one result after the other.

    Parameters
    ----------
    sizes : sequence of int
        Voxels along every edge.
    tilts : int
        Projections, from −70° to 70°.
    threads : sequence of int
        Numbers of threads, one after the other; all that numba has when empty.
    repeats : int
        Rounds of every measurement; two samples each.
    gap : float
        Relative gap at which a solve counts as done.
    peers : bool
        Time other packages on the same data as well.
    peer_seconds : float
        What one peer's solve may take.
    progress : Progress, optional
        Told what runs.

    Yields
    ------
    dict
        ``name``, ``n``, ``tilts``, ``threads``, ``ms`` (median), ``roofline_fraction``, and what else
        there is to say: ``min_ms``, ``iterations``, ``volumes``, ``gb_s``. After several sizes,
        `cost_fits` follow. Of a peer that could not be
        timed, ``ms`` is None and ``declined`` says why.

    Raises
    ------
    ValueError
        When there are more threads than numba was started with.

    Notes
    -----
    `roofline` defines the fraction. The machine's limits are tasks among the others, in the same
    rounds; their best sample counts, and the median of everything else.

    Examples
    --------
    >>> rows = list(bench([8], tilts=3, threads=[1], repeats=1, gap=0.1))
    >>> [row["name"] for row in rows][:5]
    ['machine.copy', 'machine.axpy', 'machine.fma', 'projector.forward', 'projector.adjoint']
    """
    progress = progress or Progress()
    before = numba.get_num_threads()
    most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    if any(not 1 <= count <= most for count in threads):
        raise ValueError(f"`threads` must be 1 to {most} on this machine, got {', '.join(map(str, threads))}")
    try:
        for count in threads or (before,):
            numba.set_num_threads(count)
            rows = []
            for size in sizes:
                setting = Setting(size=size, tilts=tilts, threads=count, repeats=repeats, gap=gap)
                for row in _bench_one(setting, peer_seconds if peers else None, progress):
                    rows.append(row)
                    yield row
            yield from cost_fits(rows)
    finally:
        numba.set_num_threads(before)


def _bench_one(setting: Setting, peer_seconds: float | None, progress: Progress) -> Iterator[Row]:
    with progress.stage(f"data, {setting.size}³"):
        problem = bench_problem(setting.size, setting.tilts)
        counts = workload(problem.shape, problem.angles_deg)
        problems = {name: with_regulariser(problem, name) for name in REGULARISERS}
    tasks = {**projector_tasks(problem, counts)}
    for name, one in problems.items():
        tasks |= solver_tasks(name, one, counts)
    limits = machine_tasks([task.work for task in tasks.values() if task.work], setting.threads)
    runs = {name: limit.run for name, limit in limits.items()}
    runs |= {name: task.run for name, task in tasks.items()}
    where = f"{setting.size}³, {setting.threads} thread{'s' if setting.threads > 1 else ''}"
    with progress.stage(f"timings, {where}", total=len(runs) * (2 * setting.repeats + 1)) as stage:
        timings = time_tasks(runs, repeats=setting.repeats, stage=stage)
    rates = machine_rates(limits, timings)
    yield from machine_rows(setting, limits, timings)
    yield from operation_rows(setting, tasks, timings, rates)
    for name, one in problems.items():
        with progress.stage(f"{name} to a gap of {setting.gap:g}, {where}", total=2) as stage:
            yield to_gap_row(setting, name, one, counts, rates, stage)
        yield setting.row(f"solver.{name}.memory", None, None, volumes=volumes_held(one))
    if peer_seconds is not None:
        from .peers import peer_rows

        yield from peer_rows(setting, problems, counts, rates, seconds=peer_seconds, progress=progress)


def projector_tasks(problem: Problem, counts: Workload) -> dict[str, Task]:
    """Forward projection and its adjoint, into arrays that are there already."""
    projector = problem.projector
    volume, series = np.ones(problem.shape, np.float32), np.empty_like(problem.data)
    back, work = np.empty_like(volume), counts.projection()
    return {
        "projector.forward": Task(run=lambda: projector.forward(volume, series), work=work),
        "projector.adjoint": Task(run=lambda: projector.adjoint(problem.data, back), work=work),
    }


def solver_tasks(name: str, problem: Problem, counts: Workload) -> dict[str, Task]:
    """One iteration (as a longer and a shorter solve that goes on from the same iterates), the gap, λ_max."""
    state = solve_pdhg(problem, gap=0.0, max_iterations=1).state
    projected, back = np.empty_like(problem.data), np.empty(problem.shape, np.float32)

    def solve(iterations: int) -> Callable[[], object]:
        return lambda: solve_pdhg(problem, gap=0.0, max_iterations=iterations, start=state)

    def gap() -> object:
        return bracket(problem, state.volume, state.field, state.residual, projected=projected, back=back)

    return {
        f"solver.{name}.short": Task(run=solve(1)),
        f"solver.{name}.iteration": Task(run=solve(1 + _STEPS), work=counts.iteration(name)),
        f"solver.{name}.gap": Task(run=gap, work=counts.gap_evaluation(name)),
        f"solver.{name}.lambda_max": Task(run=lambda: lambda_max(problem), work=counts.lambda_max(name)),
    }


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
        if name.endswith(".iteration"):
            median, best, more = iteration_seconds(timing, timings[name.replace(".iteration", ".short")])
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


def to_gap_row(
    setting: Setting, name: str, problem: Problem, counts: Workload, rates: Rates, stage: Any
) -> Row:
    """Time a whole solve from nothing to a gap that it certifies itself."""
    solves: list[Solve] = []

    def solve() -> None:
        solves.append(solve_pdhg(problem, gap=setting.gap, max_iterations=_MOST_ITERATIONS))

    timing = time_tasks({"solve": solve}, repeats=1, warm_up=False, stage=stage)["solve"]
    last = solves[-1]
    evaluations = len(last.history["iteration"])
    work = last.iterations * counts.iteration(name) + evaluations * counts.gap_evaluation(name)
    return setting.row(
        f"solver.{name}.to_gap",
        1e3 * timing.median,
        rates.fraction(work, timing.median),
        min_ms=1e3 * timing.best,
        iterations=last.iterations,
        relative_gap=last.relative_gap,
        status=last.status.value,
        curve=curve(last.history["seconds"], last.history["relative_gap"]),
    )


def curve(seconds: Sequence[float], gaps: Sequence[float]) -> list[list[float]]:
    """Pairs of seconds and relative gap, rounded; points without a gap are left out."""
    pairs = zip(seconds, gaps, strict=True)
    return [[float(f"{value:.4g}") for value in pair] for pair in pairs if np.isfinite(pair[1])]


def volumes_held(problem: Problem) -> float:
    """Most memory that a solve holds at once, in volumes: its arrays, the data and the weights.

    The projector's weights do not count. Arrays are those that Python's allocator traces.
    """
    volume = np.prod(problem.shape) * 4
    tracemalloc.start()
    try:
        held = tracemalloc.get_traced_memory()[0]
        solve_pdhg(problem, gap=0.0, max_iterations=2)
        peak = tracemalloc.get_traced_memory()[1] - held
    finally:
        tracemalloc.stop()
    return float((peak + problem.data.nbytes + problem.weights.nbytes) / volume)


def cost_fits(rows: Sequence[Row]) -> Iterator[Row]:
    """Fit ``ms = c nᵖ`` to each operation that was timed at two sizes or more, on logarithms.

    Parameters
    ----------
    rows : sequence of dict
        Results of one number of tilts and threads.

    Yields
    ------
    dict
        ``exponent`` p (3 for work in proportion to the voxels) and ``ns_per_voxel_tilt`` at the largest size.

    Examples
    --------
    >>> same = {"name": "projector.forward", "tilts": 10, "threads": 1}
    >>> (fit,) = cost_fits([same | {"n": n, "ms": 1e-5 * n**3} for n in (8, 16)])
    >>> fit["exponent"], fit["ns_per_voxel_tilt"]
    (3.0, 1.0)
    """
    times: dict[str, dict[int, Row]] = {}
    for row in rows:
        if row["ms"] is not None and row["name"].startswith(("projector.", "solver.")):
            times.setdefault(row["name"], {})[row["n"]] = row
    for name, by_size in times.items():
        if len(by_size) < 2:
            continue
        sizes = np.array(sorted(by_size), np.float64)
        last = by_size[int(sizes[-1])]
        logs = np.log([by_size[int(n)]["ms"] for n in sizes])
        head = {"name": f"fit.{name}", "n": None, "tilts": last["tilts"], "threads": last["threads"]}
        yield {
            **head,
            "ms": None,
            "roofline_fraction": None,
            "exponent": _rounded(float(np.polyfit(np.log(sizes), logs, 1)[0])),
            "ns_per_voxel_tilt": _rounded(float(1e6 * last["ms"] / (last["n"] ** 3 * last["tilts"]))),
        }


def all_converged(rows: Sequence[Row]) -> bool:
    """Say whether each of our own solves reached its gap.

    Examples
    --------
    >>> all_converged([{"name": "solver.tv.to_gap", "status": "iteration_limit"}])
    False
    """
    ours = [row for row in rows if row["name"].startswith("solver.") and "status" in row]
    return all(row["status"] == Status.CONVERGED.value for row in ours)


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return value
