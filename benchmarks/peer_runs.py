"""What other packages took on the same data.

A projector peer gives a function that projects and one that projects back. A solver peer minimises our
objective by its own means; its volume is judged by our objective against our certified lower bound,
outside the clock.
"""

import math
import time
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from ..recon import Problem, solve_odl, solve_pdhg
from ..recon.baselines.fista_tv import fista_tv
from ..recon.primal_dual import Solve
from .bench_rows import Row, Setting, curve
from .bench_tasks import Rates
from .peer_watch import EnoughError, Watch
from .peers import PEERS, Peer, Projections, load
from .plain_steps import plain_steps
from .progress import Progress
from .roofline import Work, Workload
from .stopwatch import time_tasks

# The reference bound has this share of the gap that is asked for.
_SHARE = 0.25
_REFERENCE_ITERATIONS = 20000
# Its solve may take as long as so many peers' together.
_REFERENCE_BUDGETS = 5


def peer_rows(
    setting: Setting,
    problems: dict[str, Problem],
    counts: Workload,
    rates: Rates,
    *,
    seconds: float,
    progress: Progress,
) -> Iterator[Row]:
    """Time every peer; rows as those of `bench.bench`.

    Parameters
    ----------
    setting : Setting
        Size, tilts, threads, repeats, gap.
    problems : dict of str to Problem
        By regulariser.
    counts : Workload
        Of their geometry.
    rates : Rates
        The machine's limits.
    seconds : float
        Clocked time of one solve at most.
    progress : Progress
        Told what runs.

    Yields
    ------
    dict
    """
    able = {}
    for name, peer in PEERS.items():
        why = peer.missing()
        if why is None:
            able[name] = peer
        else:
            yield setting.row(f"peer.{name}", None, None, declined=why)
    yield from _projector_rows(
        setting, able, next(iter(problems.values())), counts.projection(), rates, progress
    )
    for regulariser, problem in problems.items():
        with progress.stage(f"reference bound of {regulariser}"):
            ours = solve_pdhg(
                problem,
                gap=_SHARE * setting.gap,
                max_iterations=_REFERENCE_ITERATIONS,
                max_seconds=_REFERENCE_BUDGETS * seconds,
            )
        bound = ours.objective * (1.0 - ours.relative_gap)
        with progress.stage(f"peer glasstomo_odl, {regulariser}"):
            ours_odl = solve_odl(problem, gap=setting.gap, max_iterations=10**6, max_seconds=seconds)
        for name, solve in (("glasstomo_fused", ours), ("glasstomo_odl", ours_odl)):
            yield _own_row(setting, f"peer.{name}.{regulariser}.to_gap", solve, bound)
        if regulariser == "tv":
            with progress.stage("peer glasstomo_fista, tv"):
                yield _fista_row(setting, problem, bound, seconds)
        for name, peer in able.items():
            # One without our objective runs once.
            if peer.solver is None or regulariser not in (peer.regularisers or ("tv",)):
                continue
            with progress.stage(f"peer {name}, {regulariser}"):
                yield from _solver_rows(setting, name, problem, bound, counts, rates, seconds)


def _projector_rows(
    setting: Setting, able: dict[str, Peer], problem: Problem, work: Work, rates: Rates, progress: Progress
) -> Iterator[Row]:
    """Peers' projectors in the same rounds as ours, with the ratio of the medians."""
    volume = np.maximum(problem.adjoint(problem.data), 0.0)
    found = {
        name: load(peer.projector)(problem, setting.threads) for name, peer in able.items() if peer.projector
    }
    ours = Projections(forward=problem.projector.forward, adjoint=problem.projector.adjoint)
    tasks = {}
    for name, projections in {"ours": ours, **found}.items():
        x = slice(projections.slices)
        part, series = (np.ascontiguousarray(array[..., x]) for array in (volume, problem.data))
        tasks[f"{name}.forward"] = lambda p=projections, v=part: p.forward(v)
        tasks[f"{name}.adjoint"] = lambda p=projections, s=series: p.adjoint(s)
    with progress.stage("peers' projectors", total=len(tasks) * (2 * setting.repeats + 1)) as stage:
        timings = time_tasks(tasks, repeats=setting.repeats, stage=stage)
    for name, projections in found.items():
        scale = problem.shape[2] / (projections.slices or problem.shape[2])
        for way in ("forward", "adjoint"):
            seconds = scale * timings[f"{name}.{way}"].median
            more: Row = {"times_ours": seconds / timings[f"ours.{way}"].median}
            if scale != 1.0:
                more["scaled_from_slices"] = projections.slices
            yield setting.row(
                f"peer.{name}.{way}",
                1e3 * seconds,
                rates.fraction(work, seconds),
                **more,
                note=PEERS[name].note,
            )


def _solver_rows(
    setting: Setting,
    name: str,
    problem: Problem,
    bound: float,
    counts: Workload,
    rates: Rates,
    seconds: float,
) -> Iterator[Row]:
    peer, regulariser = PEERS[name], problem.regulariser
    watch = Watch(
        problem=problem, bound=bound, gap=setting.gap if peer.regularisers else -math.inf, seconds=seconds
    )
    run = load(peer.solver)(problem, plain_steps(problem), setting.threads)
    watch.run(run)
    # The first iteration pays for what is made on first use.
    each = float(np.median(watch.durations[1:] or watch.durations))
    same = bool(peer.regularisers)
    yield setting.row(
        f"peer.{name}.{regulariser}.iteration" if same else f"peer.{name}.iteration",
        1e3 * each,
        rates.fraction(counts.iteration(regulariser), each) if same else None,
        iterations=len(watch.durations),
        note=peer.note,
    )
    if same:
        yield _reached_row(
            setting, f"peer.{name}.{regulariser}.to_gap", watch.curve, len(watch.durations), watch.reached
        )


def _own_row(setting: Setting, name: str, solve: Solve, bound: float) -> Row:
    """One of our engines by the same measure as the peers: objective against the reference bound."""
    objectives, seconds = np.array(solve.history["objective"]), solve.history["seconds"]
    points = list(zip(seconds, ((objectives - bound) / objectives).tolist(), strict=True))
    at = next((i for i, (_, gap) in enumerate(points) if gap <= setting.gap), None)
    last = len(points) - 1 if at is None else at
    return _reached_row(setting, name, points, solve.history["iteration"][last], at is not None, last)


def _fista_row(setting: Setting, problem: Problem, bound: float, seconds: float) -> Row:
    """Our accelerated gradient baseline by the same measure; it computes its objective anyway."""
    points: list[tuple[float, float]] = []
    began = time.perf_counter()

    def look(iteration: int, objective: float, _: float) -> None:
        points.append((time.perf_counter() - began, (objective - bound) / objective))
        if points[-1][1] <= setting.gap or points[-1][0] >= seconds:
            raise EnoughError

    with suppress(EnoughError):
        fista_tv(problem, iterations=10**6, callback=look)
    return _reached_row(
        setting, "peer.glasstomo_fista.tv.to_gap", points, len(points), points[-1][1] <= setting.gap
    )


def _reached_row(
    setting: Setting,
    name: str,
    points: list[tuple[float, float]],
    iterations: int,
    reached: bool,
    last: int = -1,
) -> Row:
    """Time to the gap; without a time where it was not reached, and how far it came instead."""
    seconds, gap = points[last]
    more: Row = {"iterations": iterations, "relative_gap": gap}
    if not reached:
        more["declined"] = f"stopped after {seconds:.3g} s at a relative gap of {gap:.2g}"
    more["curve"] = curve(*zip(*points, strict=True))
    return setting.row(name, 1e3 * seconds if reached else None, None, **more)
