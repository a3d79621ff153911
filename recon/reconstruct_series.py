"""From a tilt series to a volume: choose the noise model and λ, solve, and report how it ended."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..forward import Projector, TiltSeries, constant_total_gains
from .coarser_problem import can_coarsen, coarsen, fine_lambda, refine
from .discrepancy import Discrepancy, find_lambda, first_guess
from .methods import METHODS, Method
from .noise_level import checked_noise, gaussian_variance, poisson_variance
from .pdhg import PrimalDual, Solve, solve_pdhg
from .problem import Problem
from .reconstruction import Reconstruction, Status

Callback = Callable[[int, float, float], None]

# The search for λ needs the misfit to a few per cent, which a loose gap gives.
_SEARCH_GAP = 0.03
_SEARCH_ITERATIONS = 300
_SEVERITY = (Status.DIRECT, Status.CONVERGED, Status.ITERATION_LIMIT, Status.DIVERGED)


def reconstruct(
    series: TiltSeries | np.ndarray,
    method: str | Callable[[Problem], np.ndarray] = "tv",
    *,
    angles_deg: Sequence[float] | np.ndarray | None = None,
    spacing_nm: float | None = None,
    cross_section_barn: dict[str, float] | None = None,
    gains: str = "model",
    depth: int | None = None,
    lam: float | str = "discrepancy",
    gap: float = 1e-3,
    max_iterations: int = 2000,
    engine: str = "fused",
    callback: Callback | None = None,
    rng: np.random.Generator | None = None,
) -> Reconstruction:
    """Reconstruct every channel of a tilt series.

    Parameters
    ----------
    series : TiltSeries or ndarray, shape (tilt, y, x) or (channel, tilt, y, x)
        What was recorded. An array needs `angles_deg` and `spacing_nm`; its noise is taken as
        Gaussian, or as Poisson when its dtype is an integer.
    method : str or callable
        A name in `METHODS`, an outside solver as ``"package.module:object"``, or a callable; the
        last two are called as ``solver(problem)`` and return a volume (z, y, x).
    angles_deg : sequence of float, optional
        Tilt angles of an array, degrees.
    spacing_nm : float, optional
        Pixel of an array, nm.
    cross_section_barn : dict, optional
        Partial cross-section of each EDS line, barn: the volume is then in atoms nm⁻³. Without it,
        or without the number of beam electrons, it is in data units per nm.
    gains : {"model", "constant_total", "ignore"}
        Put the known detector gains of the series into the operator, estimate them from the total
        counts of each tilt (`glasstomo.forward.constant_total_gains`), or leave them out. The
        exposure of each tilt is in the operator in any case.
    depth : int, optional
        Voxels along the beam; as many as pixels along y when omitted.
    lam : float or "discrepancy"
        λ as a fraction of λ_max, or chosen by the discrepancy principle.
    gap : float
        Relative primal–dual gap at which a solve counts as converged.
    max_iterations : int
        Iterations at most, of the final solve of each channel.
    engine : {"fused", "odl"}
        Our fused kernels, or ODL's own solver on the identical problem.
    callback : callable, optional
        Called as ``callback(iteration, objective, relative_gap)`` every few iterations.
    rng : numpy.random.Generator, optional
        For outside solvers that draw random numbers (passed on when they take ``rng``); the
        built-in methods draw none.

    Returns
    -------
    Reconstruction

    Raises
    ------
    ValueError
        When the input breaks a rule or a name is unknown.

    Notes
    -----
    Weights are inverse variances: of Poisson counts their local mean, of other data a straight line
    in the signal read off the data (`noise_level`). The discrepancy principle asks for a misfit of
    the number of pixels, counting a pixel whose expectation is below one count as that expectation.

    Examples
    --------
    >>> angles = np.linspace(-60, 60, 7)
    >>> truth = np.zeros((16, 16, 8), np.float32)
    >>> truth[5:11, 4:12, 2:6] = 1.0
    >>> data = Projector(shape=(16, 16), angles_deg=angles, spacing_nm=1.0).forward(truth)
    >>> rec = reconstruct(data, "tv", angles_deg=angles, spacing_nm=1.0, lam=1e-3)
    >>> rec.status.value, bool(abs(rec.volume[8, 8, 4] - 1) < 0.1)
    ('converged', True)
    """
    series = _as_series(series, angles_deg, spacing_nm)
    chosen, name = _method(method, rng)
    if engine not in ("fused", "odl"):
        raise ValueError(f"`engine` must be 'fused' or 'odl', got {engine!r}")
    if gains not in ("model", "constant_total", "ignore"):
        raise ValueError(f"`gains` must be 'model', 'constant_total' or 'ignore', got {gains!r}")
    if isinstance(lam, str):
        if lam != "discrepancy":
            raise ValueError(f"`lam` must be 'discrepancy' or a fraction of lambda_max, got {lam!r}")
    elif not 0 < lam <= 1:
        raise ValueError(f"`lam` must be a fraction of lambda_max in (0, 1], got {lam}")
    solver = _Solver(engine=engine, gap=gap, max_iterations=max_iterations, callback=callback, lam=lam)
    if gains == "constant_total":
        series = constant_total_gains(series)
    shape = (depth or series.data.shape[-2], series.data.shape[-2])
    projector = Projector(
        shape=shape, bins=shape[1], angles_deg=series.angles_deg, spacing_nm=series.spacing_nm
    )
    results = []
    for channel in series.channels:
        noisy = _noisy_problem(series.channel(channel), cross_section_barn, gains, depth, projector)
        results.append(
            _direct(chosen.direct, noisy) if chosen.direct else solver.run(noisy, chosen.regulariser)
        )
    volume = results[0].volume if series.data.ndim == 3 else np.stack([one.volume for one in results])
    gaps = [one.relative_gap for one in results]
    return Reconstruction(
        volume=volume,
        spacing_nm=series.spacing_nm,
        status=max((one.status for one in results), key=_SEVERITY.index),
        relative_gap=float(np.max(gaps)),
        iterations=sum(one.iterations for one in results),
        channels=series.channels,
        lam=tuple(one.lam for one in results),
        lam_fraction=tuple(one.lam_fraction for one in results),
        history={channel: one.history for channel, one in zip(series.channels, results, strict=True)},
        settings={
            "method": name,
            "engine": engine if chosen.regulariser else None,
            "lam": lam if chosen.regulariser else None,
            "gains": gains,
            "gap": gap,
            "max_iterations": max_iterations,
            "cross_section_barn": cross_section_barn,
        },
    )


@dataclass(frozen=True, kw_only=True)
class NoisyProblem:
    """A problem whose weights are inverse variances, and the misfit that the truth would have."""

    problem: Problem
    target: float


@dataclass(kw_only=True)
class _Result:
    volume: np.ndarray
    status: Status
    relative_gap: float = float("nan")
    iterations: int = 0
    lam: float = float("nan")
    lam_fraction: float = float("nan")
    history: dict[str, Any]


def _noisy_problem(
    series: TiltSeries,
    cross_section_barn: dict[str, float] | None,
    gains: str,
    depth: int | None,
    projector: Projector,
) -> NoisyProblem:
    """Data in the units of the answer, weights, and the expected misfit of one channel."""
    counts = series.data
    scale = 1.0
    if cross_section_barn is not None and series.signal == "EDS_TEM" and series.electrons_per_pixel:
        # One count is this areal density at gain 1; the gain belongs to the operator.
        unit = TiltSeries(
            data=np.ones((1, 1, 1)),
            angles_deg=[0.0],
            spacing_nm=series.spacing_nm,
            channels=series.channels,
            signal=series.signal,
            electrons_per_pixel=series.electrons_per_pixel,
        )
        scale = float(unit.areal_density(cross_section_barn).flat[0])
    if series.variance is not None:
        variance = checked_noise(series.variance)
        target = float(counts.size)
    elif series.signal == "EDS_TEM":
        mean = poisson_variance(counts, floor=0.0)
        variance = np.maximum(mean, 1.0)
        # A pixel expected to hold m < 1 counts has a weighted misfit of m on average, not 1.
        target = float(np.minimum(mean, 1.0).sum())
    else:
        variance = gaussian_variance(counts)
        target = float(counts.size)
    problem = Problem(
        data=(counts * scale).astype(np.float32),
        weights=(1.0 / (variance * scale * scale)).astype(np.float32),
        angles_deg=series.angles_deg,
        gains=_modelled(series, gains),
        spacing_nm=series.spacing_nm,
        depth=depth,
        projector=projector,
    )
    return NoisyProblem(problem=problem, target=max(target, 1.0))


def _modelled(series: TiltSeries, gains: str) -> np.ndarray | None:
    """Factors of the operator, one per tilt: exposure (always known), and gains where they are modelled."""
    if gains == "ignore" or series.gains is None:
        return series.exposure
    return series.sensitivity[0]


@dataclass(kw_only=True)
class _Solver:
    """Variational solves of one call: the engine, its limits, and the way λ is chosen."""

    engine: str
    gap: float
    max_iterations: int
    callback: Callback | None
    lam: float | str
    _before: int = 0

    def run(self, noisy: NoisyProblem, regulariser: str | None) -> _Result:
        problem = replace(noisy.problem, regulariser=regulariser or "tv")
        if not problem.data.any():
            zeros = np.zeros(problem.shape, np.float32)
            return _Result(volume=zeros, status=Status.CONVERGED, relative_gap=0.0, history={})
        self._before = 0
        found, fraction = None, float("nan")
        if isinstance(self.lam, str):
            found, state = self._discrepancy(problem, noisy.target)
            lam = found.lam
        else:
            from .lambda_bracket import lambda_max

            fraction, state = float(self.lam), None
            lam = fraction * lambda_max(problem).value
        problem = problem.with_lam(lam)
        if state is None and can_coarsen(problem):
            coarse = self._solve(coarsen(problem), self.gap, self.max_iterations, None)
            state = refine(coarse.state, problem)
        solve = self._solve(problem, self.gap, self.max_iterations, state)
        history: dict[str, Any] = dict(solve.history)
        if found is not None:
            history["discrepancy"] = asdict(found)
        return _Result(
            volume=solve.volume,
            status=solve.status,
            relative_gap=solve.relative_gap,
            iterations=self._before,
            lam=lam,
            lam_fraction=fraction,
            history=history,
        )

    def _discrepancy(self, problem: Problem, target: float) -> tuple[Discrepancy, PrimalDual]:
        """Search on voxels twice as large first, where a solve costs an eighth, then check."""
        start, state = first_guess(problem), None
        if can_coarsen(problem):
            coarse = coarsen(problem.with_lam(start))
            # Expected misfits count pixels, of which the coarse data have a quarter.
            found, state = self._search(coarse, target / 4.0, coarse.lam, None)
            if found.limited_by_model:
                # Large voxels misfit where small ones may not: their λ says nothing.
                state.field *= np.float32(coarse.lam / found.lam)
            else:
                start = fine_lambda(problem, found.lam)
            state = refine(state, problem)
        return self._search(problem, target, start, state)

    def _search(
        self, problem: Problem, target: float, start: float, state: PrimalDual | None
    ) -> tuple[Discrepancy, PrimalDual]:
        last = start

        def misfit_of(lam: float) -> float:
            nonlocal state, last
            if state is not None:
                state.field *= np.float32(lam / last)
            solve = self._solve(problem.with_lam(lam), _SEARCH_GAP, _SEARCH_ITERATIONS, state)
            state, last = solve.state, lam
            return solve.misfit

        found = find_lambda(misfit_of, target, start=start)
        if state is None:
            raise RuntimeError("the search for lambda ended before its first solve")
        state.field *= np.float32(found.lam / last)
        return found, state

    def _solve(self, problem: Problem, gap: float, limit: int, state: PrimalDual | None) -> Solve:
        if self.engine == "odl":
            from .odl_engine import solve_odl as solve
        else:
            solve = solve_pdhg
        before, callback = self._before, self.callback

        def shifted(iteration: int, objective: float, relative_gap: float) -> None:
            if callback is not None:
                callback(before + iteration, objective, relative_gap)

        outcome = solve(problem, gap=gap, max_iterations=limit, start=state, callback=shifted)
        self._before += outcome.iterations
        return outcome


def _direct(direct: Callable[[Problem], np.ndarray], noisy: NoisyProblem) -> _Result:
    volume = np.ascontiguousarray(direct(noisy.problem), np.float32)
    if volume.shape != noisy.problem.shape:
        raise ValueError(
            f"the solver must return a volume of shape {noisy.problem.shape}, got {volume.shape}"
        )
    status = Status.DIRECT if np.isfinite(volume).all() else Status.DIVERGED
    return _Result(volume=volume, status=status, history={})


def _as_series(
    series: TiltSeries | np.ndarray, angles_deg: Sequence[float] | np.ndarray | None, spacing_nm: float | None
) -> TiltSeries:
    if isinstance(series, TiltSeries):
        if angles_deg is not None or spacing_nm is not None:
            raise ValueError("`angles_deg` and `spacing_nm` go with an array; a TiltSeries carries its own")
        return series
    data = np.asarray(series)
    if angles_deg is None or spacing_nm is None:
        raise ValueError("`angles_deg` and `spacing_nm` must be given with an array")
    count = 1 if data.ndim < 4 else data.shape[0]
    names = ("signal",) if data.ndim < 4 else tuple(f"signal{i}" for i in range(count))
    return TiltSeries(
        data=data,
        angles_deg=np.array(angles_deg, np.float64, ndmin=1),
        spacing_nm=spacing_nm,
        channels=names,
        signal="EDS_TEM" if data.dtype.kind in "iu" else "ADF",
    )


def _method(
    method: str | Callable[[Problem], np.ndarray], rng: np.random.Generator | None
) -> tuple[Method, str]:
    if isinstance(method, str) and ":" not in method:
        return METHODS[method], method
    name = method if isinstance(method, str) else getattr(method, "__name__", repr(method))
    solver = _imported(method) if isinstance(method, str) else method
    if not callable(solver):
        raise ValueError(f"`method` must name something callable, {name!r} is a {type(solver).__name__}")
    import inspect

    takes_rng = "rng" in inspect.signature(solver).parameters

    extra = {"rng": rng} if takes_rng else {}

    def direct(problem: Problem) -> np.ndarray:
        return np.asarray(solver(problem, **extra))

    return Method(summary="outside solver", direct=direct), str(name)


def _imported(path: str) -> Any:
    module, _, attribute = path.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"`method` {path!r} cannot be imported: {error}") from None
