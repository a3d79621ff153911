"""From a tilt series to a volume: choose the noise model and λ, solve, and report how it ended."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..forward import Projector, TiltSeries, constant_total_gains
from .interruption import caught
from .methods import METHODS, Method
from .monitor import Callback
from .noisy_problem import NoisyProblem, joined, noisy_problem
from .problem import DATA_TERMS, Problem
from .reconstruction import Reconstruction, Status
from .variational import LAMBDA_RULES, Outcome, VariationalSolver

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
    data_term: str = "least_squares",
    background: np.ndarray | float | None = None,
    upper: float = float("inf"),
    joint: bool = False,
    second_order_share: float = 0.5,
    tgv_ratio: float = 2.0,
    lam: float | str = "discrepancy",
    truth: np.ndarray | None = None,
    score: Callable[[np.ndarray, np.ndarray], float] | None = None,
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
        Gaussian, or as Poisson when its dtype is an integer or `data_term` says so.
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
    data_term : {"least_squares", "kullback_leibler"}
        Noise of the variational methods: Gaussian with a variance that is read off the data, or
        Poisson, for counts as they were recorded. The second has no bias at few counts per pixel.
    background : float or ndarray, optional
        Expected background in the units of the recorded data, broadcastable to them, which is added
        to the projection: for gross counts, from which it was not taken off. Variational methods only.
    upper : float
        Largest density allowed, in the units of the answer, such as that of the pure element; there
        is no bound when omitted. Variational methods only.
    joint : bool
        Reconstruct all channels in one problem whose regulariser looks at the gradients of all of
        them at a voxel together: elements then share their edges. Each channel counts by its density
        relative to its own largest one. Variational methods only.
    second_order_share : float
        β in (0, 1) of the method ``tv_tv2``: R = (1 − β) TV + β TV².
    tgv_ratio : float
        α of the method ``tgv2``: how much dearer a change of slope is than a step.
    lam : float, "discrepancy", "noise", "cross_validation" or "oracle"
        λ as a fraction of λ_max, or the rule that chooses it: the expected misfit; the noise that a
        voxel sees; the best prediction of tilts that were held out; or the least error against `truth`.
    truth : ndarray, optional
        For ``lam="oracle"`` only, in studies of simulated data: the true volume, shaped like the
        answer. Nothing else reads it.
    score : callable, optional
        ``score(volume, truth) -> float`` that the oracle minimises, for each channel (for all of
        them when they are joint); the root mean square difference when omitted.
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
        returns True, everything stops and the volume comes back as it is, with its status. So does
        it at the first Ctrl-C in the main thread; a second one raises KeyboardInterrupt.
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
    the number of pixels, counting a pixel whose expectation is below one count as that expectation;
    with ``kullback_leibler`` for the expected deviance (`lambda_choice.expected_deviance`). Joint
    channels have one λ, and their misfits are added.

    λ by cross-validation aims at the projections: on the project's particle it was 0.3 to 0.9 times
    the λ of the least error of the volume, with an error up to a tenth larger at few counts and up to
    0.4 larger at many. By the discrepancy principle λ was 0.9 to 9 times as large, with an error up to
    0.55 larger at few counts and up to a fifth at many. Cross-validation needs no noise level, and
    takes five to fifteen times as long (`lambda_choice.held_out`).

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
    given_series = isinstance(series, TiltSeries)
    series = _as_series(series, angles_deg, spacing_nm)
    chosen, name = _method(method, rng)
    if engine not in ("fused", "odl"):
        raise ValueError(f"`engine` must be 'fused' or 'odl', got {engine!r}")
    if gains not in ("model", "constant_total", "ignore"):
        raise ValueError(f"`gains` must be 'model', 'constant_total' or 'ignore', got {gains!r}")
    form = {
        "data_term": data_term,
        "background": background,
        "upper": upper,
        "second_order_share": second_order_share,
        "tgv_ratio": tgv_ratio,
        "regulariser": chosen.regulariser,
    }
    _check_form(form, joint, name)
    _check_lam(lam, truth)
    solver = VariationalSolver(
        engine=engine,
        gap=gap,
        max_iterations=max_iterations,
        max_seconds=max_seconds,
        callback=callback,
        lam=lam,
        score=score,
    )
    if data_term == "kullback_leibler" and not given_series and series.data.min() >= 0:
        series = replace(series, signal="EDS_TEM")
    if gains == "constant_total":
        series = constant_total_gains(series)
    shape = (depth or series.data.shape[-2], series.data.shape[-2])
    projector = Projector(
        shape=shape, bins=shape[1], angles_deg=series.angles_deg, spacing_nm=series.spacing_nm
    )
    if not chosen.regulariser:
        form = {}
    parts = _channel_backgrounds(form.pop("background", None), series)
    noisy = [
        noisy_problem(
            series.channel(channel), cross_section_barn, gains, depth, projector, background=part, **form
        )
        for channel, part in zip(series.channels, parts, strict=True)
    ]
    joint = joint and len(noisy) > 1
    truths = _channel_truths(truth, noisy, joint)
    if joint:
        with caught():
            results = [solver.run(joined(noisy), truths[0])]
        volume = results[0].volume
    elif chosen.direct:
        results = [_direct(chosen.direct, one) for one in noisy]
        volume = _stacked(results, series)
    else:
        with caught():
            results = [solver.run(one, true) for one, true in zip(noisy, truths, strict=True)]
        volume = _stacked(results, series)
    names = ("joint",) if joint else series.channels
    copies = len(series.channels) if joint else 1
    gaps = [one.relative_gap for one in results]
    return Reconstruction(
        volume=volume,
        spacing_nm=series.spacing_nm,
        status=max((one.status for one in results), key=_SEVERITY.index),
        relative_gap=float(np.max(gaps)),
        iterations=sum(one.iterations for one in results),
        channels=series.channels,
        lam=tuple(one.lam for one in results) * copies,
        lam_fraction=tuple(one.lam_fraction for one in results) * copies,
        history={key: one.history for key, one in zip(names, results, strict=True)},  # pyright: ignore[reportArgumentType]
        settings={
            "method": name,
            "engine": engine if chosen.regulariser else None,
            "lam": lam if chosen.regulariser else None,
            "gains": gains,
            "gap": gap,
            "max_iterations": max_iterations,
            "cross_section_barn": cross_section_barn,
            **_settings(form, joint, background),
        },
    )


def _settings(form: dict[str, Any], joint: bool, background: np.ndarray | float | None) -> dict[str, Any]:
    """What of the problem's form the method uses."""
    if not form:
        return {}
    used = {"data_term": form["data_term"], "joint": joint, "upper": form["upper"]}
    if background is not None:
        used["background_mean"] = float(np.mean(background))
    option = {"tv_tv2": "second_order_share", "tgv2": "tgv_ratio"}.get(form["regulariser"])
    return used | ({option: form[option]} if option else {})


def _check_form(form: dict[str, Any], joint: bool, method: str) -> None:
    if form["data_term"] not in DATA_TERMS:
        raise ValueError(f"`data_term` must be one of {', '.join(DATA_TERMS)}, got {form['data_term']!r}")
    if not form["upper"] > 0:
        raise ValueError(f"`upper` must be positive, got {form['upper']}")
    asked = {
        "data_term": form["data_term"] != "least_squares",
        "background": form["background"] is not None,
        "upper": form["upper"] != float("inf"),
        "joint": joint,
    }
    unused = [name for name, given in asked.items() if given]
    if form["regulariser"] is None and unused:
        raise ValueError(
            f"`{unused[0]}` goes with a variational method (tv, tv2, tv_tv2, tgv2); {method} does not use it"
        )


def _check_lam(lam: float | str, truth: np.ndarray | None) -> None:
    if isinstance(lam, str):
        if lam not in LAMBDA_RULES:
            rules = ", ".join(repr(rule) for rule in LAMBDA_RULES)
            raise ValueError(f"`lam` must be a fraction of lambda_max or one of {rules}, got {lam!r}")
    elif not 0 < lam <= 1:
        raise ValueError(f"`lam` must be a fraction of lambda_max in (0, 1], got {lam}")
    if (truth is not None) != (lam == "oracle"):
        raise ValueError("`truth` and lam='oracle' go together: one chooses lambda by the other")


def _channel_backgrounds(
    background: np.ndarray | float | None, series: TiltSeries
) -> list[np.ndarray | None]:
    if background is None:
        return [None] * len(series.channels)
    try:
        whole = np.broadcast_to(np.asarray(background, np.float64), series.data.shape)
    except ValueError:
        raise ValueError(
            f"`background` must fit the data {series.data.shape}, got shape {np.shape(background)}"
        ) from None
    return list(whole.reshape(series.stack.shape))


def _channel_truths(
    truth: np.ndarray | None, noisy: list[NoisyProblem], joint: bool
) -> list[np.ndarray | None]:
    if truth is None:
        return [None] * len(noisy)
    truth, shape = np.asarray(truth), noisy[0].problem.shape
    if truth.shape not in ((len(noisy), *shape), *([shape] if len(noisy) == 1 else [])):
        raise ValueError(f"`truth` must be shaped like the answer {(len(noisy), *shape)}, got {truth.shape}")
    parts = truth.reshape(len(noisy), *shape)
    return [parts] if joint else list(parts)


def _stacked(results: list[Outcome], series: TiltSeries) -> np.ndarray:
    return results[0].volume if series.data.ndim == 3 else np.stack([one.volume for one in results])


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
