"""Other packages on the same data: what each can do, why it declines, and what it took.

A projector peer gives a function that projects and one that projects back. A solver peer minimises our
objective by its own means; its volume is judged by our objective against our certified lower bound,
outside the clock. Every peer lives in a module of its own, imported only where its package is installed.
"""

import importlib
import importlib.util
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..recon import Problem, solve_odl, solve_pdhg
from ..recon.primal_dual import Solve
from .bench import Rates, Row, Setting, curve
from .progress import Progress
from .roofline import Work, Workload
from .stopwatch import PausedClock, time_tasks

# The reference bound has this share of the gap that is asked for.
_SHARE = 0.25
_REFERENCE_ITERATIONS = 20000
# Its solve may take as long as so many peers' together.
_REFERENCE_BUDGETS = 5


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A package, or two that work together.

    Parameters
    ----------
    modules : tuple of str
        What it needs to be importable.
    install : str
        How to get it.
    projector : str, optional
        ``module:function`` here; the function takes a problem and a number of threads and returns
        `Projections`.
    solver : str, optional
        ``module:function`` here; the function takes a problem, `PlainSteps` and a number of threads
        and returns a function that runs until the `Watch` that it is given stops it.
    regularisers : tuple of str
        Those that the solver has.
    note : str
        What a reader of its figures has to know.
    """

    modules: tuple[str, ...]
    install: str
    projector: str | None = None
    solver: str | None = None
    regularisers: tuple[str, ...] = ("tv",)
    note: str = ""

    def missing(self) -> str | None:
        """Say in a sentence why it cannot run here; None when it can."""
        absent = [name for name in self.modules if importlib.util.find_spec(name) is None]
        if absent:
            return f"{' and '.join(absent)} not installed: {self.install}"
        for name in self.modules:
            try:
                importlib.import_module(name)
            except Exception as error:
                return f"{name} cannot be imported: {type(error).__name__}: {error}"
        return None


PEERS: dict[str, Peer] = {
    "scipy": Peer(
        modules=("scipy",),
        install="pip install scipy",
        projector="peer_scipy:projections",
        solver="peer_scipy:solver",
        note="sparse matrix times rows, one thread; plain PDHG in numpy",
    ),
    "astra": Peer(
        modules=("astra",),
        install="pip install 'glasstomo[peers]'",
        projector="peer_astra:projections",
        note="strip kernel on the CPU, slice by slice",
    ),
    "odl_astra": Peer(
        modules=("odl", "astra"),
        install="pip install 'glasstomo[peers]'",
        solver="peer_astra:solver",
        note="ODL's PDHG and gradient, ASTRA's projector",
    ),
    "scikit_image": Peer(
        modules=("skimage",),
        install="pip install scikit-image",
        projector="peer_skimage:projections",
        note="radon and iradon without a filter: another operator",
    ),
    "pyproximal": Peer(
        modules=("pylops", "pyproximal"),
        install="pip install pylops pyproximal",
        solver="peer_pyproximal:solver",
        note="its primal-dual method, pylops matrix and gradient",
    ),
    "svmbir": Peer(
        modules=("svmbir",),
        install="pip install svmbir",
        solver="peer_svmbir:solver",
        regularisers=(),
        note="coordinate descent with its own prior (qGGMRF): another objective, so no gap",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Projections:
    """A peer's projector: what to call, and how much of the volume one call does.

    Parameters
    ----------
    forward, adjoint : callable
        Volume (z, y, x) to series (tilt, y, x) and back, of `slices` slices along x.
    slices : int, optional
        Where it is less than the volume has, times are scaled; all when omitted.
    """

    forward: Callable[[np.ndarray], np.ndarray]
    adjoint: Callable[[np.ndarray], np.ndarray]
    slices: int | None = None


@dataclass(frozen=True, kw_only=True)
class PlainSteps:
    """Norms and steps for a plain primal–dual method, found outside the clock.

    With ``K = (√w g·P / a, R / r)`` both parts have norm one: ``σ τ ‖K‖² < 1``. The ratio of the steps was
    the best of a scan in steps of three on our own problem at 32³, 48³ and 64³, so that peers do not
    suffer from a poor choice.

    Parameters
    ----------
    data_norm, field_norm : float
        a and r.
    sigma, tau : float
        Dual and primal step.
    """

    data_norm: float
    field_norm: float
    sigma: float
    tau: float


class EnoughError(Exception):
    """Raised in a peer's callback to end its run."""


@dataclass(kw_only=True)
class Watch:
    """The callback of a peer's run: keeps the clock, judges the volume now and then, ends the run.

    Parameters
    ----------
    problem : Problem
        Whose objective counts.
    bound : float
        Certified lower bound of that objective.
    gap : float
        Relative gap at which the run ends.
    seconds : float
        Clocked time after which it ends.
    """

    problem: Problem
    bound: float
    gap: float
    seconds: float
    clock: PausedClock = field(default_factory=PausedClock)
    durations: list[float] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)
    reached: bool = False
    _next: int = 5

    def __call__(self, volume: Callable[[], np.ndarray]) -> None:
        """Note that one more iteration is over; `volume` gives its volume (z, y, x) if it is wanted."""
        self.durations.append(self.clock.stop())
        late = self.clock.seconds >= self.seconds
        if late or len(self.durations) >= self._next:
            self._next = math.ceil(1.05 * len(self.durations)) + 4
            objective = self.problem.objective(np.maximum(volume(), 0.0).astype(np.float32))
            gap = (objective - self.bound) / objective if objective > 0 else 0.0
            self.curve.append((self.clock.seconds, gap))
            self.reached = gap <= self.gap
            if late or self.reached or not math.isfinite(gap):
                raise EnoughError
        self.clock.start()

    def run(self, solve: Callable[["Watch"], object]) -> None:
        """Run a peer's solve until it has done enough."""
        self.clock = PausedClock()
        try:
            solve(self)
        except EnoughError:
            return


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
    yield from _projector_rows(setting, able, problems["tv"], counts.projection(), rates, progress)
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
        name: _load(peer.projector)(problem, setting.threads) for name, peer in able.items() if peer.projector
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
    run = _load(peer.solver)(problem, plain_steps(problem), setting.threads)
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


def plain_steps(problem: Problem) -> PlainSteps:
    """Return norms and steps for a plain primal–dual method on a problem.

    Parameters
    ----------
    problem : Problem
        With λ > 0.

    Returns
    -------
    PlainSteps
    """
    from ..recon.primal_dual import dual_scale

    vector, square = np.ones(problem.shape, np.float32), 0.0
    for _ in range(30):
        vector = problem.adjoint(problem.weights * problem.forward(vector))
        square = float(np.linalg.norm(vector.astype(np.float64)))
        vector /= np.float32(square)
    # The power method approaches from below; the differences' norms are bounds.
    data_norm, field_norm = (
        1.02 * math.sqrt(square),
        {"tv": math.sqrt(12.0), "tv2": 12.0}[problem.regulariser],
    )
    ratio = {"tv": 90.0, "tv2": 12.0}[problem.regulariser]
    ratio *= field_norm * dual_scale(problem) / problem.density_scale
    step = 0.99 / math.sqrt(2.0)
    return PlainSteps(data_norm=data_norm, field_norm=field_norm, sigma=step * ratio, tau=step / ratio)


def _load(path: str | None) -> Any:
    module, _, name = str(path).partition(":")
    return getattr(importlib.import_module(f".{module}", __package__), name)
