"""What ``glasstomo bench`` runs: one result after the other, beside the limits of the machine."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numba

from .bench_memory import check_memory, memory_row
from .bench_problem import VARIANTS, bench_data
from .bench_rows import Row, Setting, cost_fits
from .bench_solves import to_gap_row, two_elements_rows
from .bench_tasks import (
    machine_rates,
    machine_rows,
    machine_tasks,
    operation_rows,
    projector_tasks,
    solver_tasks,
)
from .compilation import compile_rows
from .plain_pdhg import plain_rows
from .progress import Progress
from .roofline import workload
from .stopwatch import time_tasks

# What can be run: single operations, solves to a gap, plain PDHG, the study case, compilation.
PARTS = ("operations", "solves", "plain", "study", "compile")
# Above, a solve to a gap takes too long, and only TV is timed unless others are asked for.
_LARGEST_SOLVE = 256
# Plain PDHG takes so many iterations that it runs on a small problem.
_PLAIN_SIZE = 64


def bench(
    sizes: Sequence[int] = (128,),
    *,
    tilts: int | Sequence[int] = 31,
    threads: Sequence[int] = (),
    repeats: int = 5,
    gap: float = 1e-3,
    parts: Sequence[str] = ("operations", "solves"),
    problems: Sequence[str] = (),
    peers: bool = False,
    peer_seconds: float = 60.0,
    progress: Progress | None = None,
) -> Iterator[Row]:
    """Time the suite on this machine, one result after the other.

    Parameters
    ----------
    sizes : sequence of int
        Voxels along every edge.
    tilts : int or sequence of int
        Projections, from −70° to 70°.
    threads : sequence of int
        Numbers of threads, one after the other; all that numba has when empty.
    repeats : int
        Rounds of every measurement; two samples each.
    gap : float
        Relative gap at which a solve counts as done.
    parts : sequence of str
        What to run, of `PARTS`.
    problems : sequence of str
        Names in `VARIANTS`; all of them when empty, above 256³ only "tv".
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
        there is to say: ``min_ms``, ``iterations``, ``volumes``, ``gb_s``. After several sizes or
        numbers of tilts, `cost_fits` follow. Of what could not be timed, ``ms`` is None and
        ``declined`` says why.

    Raises
    ------
    ValueError
        When there are more threads than numba was started with, a name is unknown, or the machine has
        too little memory.

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
    tilts = (tilts,) if isinstance(tilts, int) else tuple(tilts)
    before = numba.get_num_threads()
    _check(threads, parts, problems)
    for size in sizes:
        names = chosen_problems(size, problems)
        needed = check_memory([size], tilts, names)
        if size > _LARGEST_SOLVE:
            progress.note(f"{size}³, {', '.join(names)}: about {needed / 1e9:.1f} GB of memory")
    try:
        for count in threads or (before,):
            numba.set_num_threads(count)
            settings = [
                Setting(size=size, tilts=one, threads=count, repeats=repeats, gap=gap)
                for size in sizes
                for one in tilts
            ]
            rows: list[Row] = []
            for setting in settings:
                names = chosen_problems(setting.size, problems)
                for row in _bench_one(setting, names, parts, peer_seconds if peers else None, progress):
                    rows.append(row)
                    yield row
            yield from cost_fits(rows)
            if "plain" in parts:
                yield from _plain(settings[-1], progress)
        if "study" in parts:
            with progress.stage("two elements of a study, 64³, 1 thread", total=4) as stage:
                yield from two_elements_rows(settings[0], stage)
        if "compile" in parts:
            yield from compile_rows(progress)
    finally:
        numba.set_num_threads(before)


def chosen_problems(size: int, problems: Sequence[str]) -> tuple[str, ...]:
    """Names in `VARIANTS` to time at a size.

    Examples
    --------
    >>> chosen_problems(512, []), chosen_problems(512, ["tv2"])
    (('tv',), ('tv2',))
    """
    return tuple(problems) or (tuple(VARIANTS) if size <= _LARGEST_SOLVE else ("tv",))


def _check(threads: Sequence[int], parts: Sequence[str], problems: Sequence[str]) -> None:
    most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    if any(not 1 <= count <= most for count in threads):
        raise ValueError(f"`threads` must be 1 to {most} on this machine, got {', '.join(map(str, threads))}")
    for name, given, known in (("parts", parts, PARTS), ("problems", problems, VARIANTS)):
        if unknown := [one for one in given if one not in known]:
            raise ValueError(f"`{name}` must be of {', '.join(known)}; got {unknown[0]!r}")


def _bench_one(
    setting: Setting,
    names: Sequence[str],
    parts: Sequence[str],
    peer_seconds: float | None,
    progress: Progress,
) -> Iterator[Row]:
    if peer_seconds is None and not {"operations", "solves"} & set(parts):
        return
    with progress.stage(f"data, {setting.size}³"):
        elements = tuple(dict.fromkeys(one for name in names for one in VARIANTS[name].elements))
        data = bench_data(setting.size, setting.tilts, elements)
        single = data.problem("tv")
        problems = {name: single if name == "tv" else data.problem(name) for name in names}
        counts = {
            channels: workload(single.grid, single.angles_deg, channels)
            for channels in sorted({1, *(one.channels or 1 for one in problems.values())})
        }
        tasks = projector_tasks(single, counts[1])
        if "operations" in parts:
            for name, one in problems.items():
                tasks |= solver_tasks(name, one, counts[one.channels or 1])
    limits = machine_tasks([task.work for task in tasks.values() if task.work], setting.threads)
    runs = {name: limit.run for name, limit in limits.items()}
    runs |= {name: task.run for name, task in tasks.items()}
    with progress.stage(f"timings, {setting}", total=len(runs) * (2 * setting.repeats + 1)) as stage:
        timings = time_tasks(runs, repeats=setting.repeats, stage=stage)
    rates = machine_rates(limits, timings)
    yield from machine_rows(setting, limits, timings)
    yield from operation_rows(setting, tasks, timings, rates)
    # The iterates that the tasks held.
    del tasks, runs
    for name, one in problems.items():
        counted = counts[one.channels or 1]
        if "solves" in parts and setting.size > _LARGEST_SOLVE:
            why = f"left out above {_LARGEST_SOLVE}³, where a solve to a gap takes too long"
            yield setting.row(f"solver.{name}.to_gap", None, None, declined=why)
        elif "solves" in parts:
            with progress.stage(f"{name} to a gap of {setting.gap:g}, {setting}", total=2) as stage:
                yield to_gap_row(setting, name, one, counted, rates, stage)
        if "operations" in parts:
            yield memory_row(setting, name, one)
    if peer_seconds is not None:
        from .peer_runs import peer_rows

        same = {name: one for name, one in problems.items() if name in ("tv", "tv2")} or {"tv": single}
        yield from peer_rows(setting, same, counts[1], rates, seconds=peer_seconds, progress=progress)


def _plain(setting: Setting, progress: Progress) -> Iterator[Row]:
    setting = replace(setting, size=min(_PLAIN_SIZE, setting.size))
    with progress.stage(f"plain PDHG, {setting}") as stage:
        data = bench_data(setting.size, setting.tilts)
        yield from plain_rows(setting, {name: data.problem(name) for name in ("tv", "tv2")}, stage)
