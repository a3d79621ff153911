"""From a tilt series to a volume: choose the noise model and λ, solve, and report how it ended."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..forward import Projector, TiltSeries, constant_total_gains
from .methods import METHODS, Method
from .monitor import Callback
from .noisy_problem import NoisyProblem, noisy_problem
from .problem import Problem
from .reconstruction import Reconstruction, Status
from .variational import Outcome, VariationalSolver

_SEVERITY = (
    Status.DIRECT,
    Status.CONVERGED,
    Status.ITERATION_LIMIT,
    Status.TIME_LIMIT,
    Status.STOPPED,
    Status.DIVERGED,
)


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
    max_seconds: float | None = None,
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
    max_seconds : float, optional
        Wall-clock seconds at most, over all channels and the search for λ, looked at every few
        iterations; no limit when omitted.
    engine : {"fused", "odl"}
        Our fused kernels, or ODL's own solver on the identical problem.
    callback : callable, optional
        Called as ``callback(iteration, objective, relative_gap)`` every few iterations. When it
        returns True, everything stops and the volume comes back as it is, with its status.
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
    solver = VariationalSolver(
        engine=engine,
        gap=gap,
        max_iterations=max_iterations,
        max_seconds=max_seconds,
        callback=callback,
        lam=lam,
    )
    if gains == "constant_total":
        series = constant_total_gains(series)
    shape = (depth or series.data.shape[-2], series.data.shape[-2])
    projector = Projector(
        shape=shape, bins=shape[1], angles_deg=series.angles_deg, spacing_nm=series.spacing_nm
    )
    results = []
    for channel in series.channels:
        noisy = noisy_problem(series.channel(channel), cross_section_barn, gains, depth, projector)
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


def _direct(direct: Callable[[Problem], np.ndarray], noisy: NoisyProblem) -> Outcome:
    volume = np.ascontiguousarray(direct(noisy.problem), np.float32)
    if volume.shape != noisy.problem.shape:
        raise ValueError(
            f"the solver must return a volume of shape {noisy.problem.shape}, got {volume.shape}"
        )
    status = Status.DIRECT if np.isfinite(volume).all() else Status.DIVERGED
    return Outcome(volume=volume, status=status, history={})


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
