"""λ by cross-validation: the one that predicts tilts that the reconstruction has not seen."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..monitor import Callback
from ..primal_dual import PrimalDual
from ..problem import Problem
from ..reconstruction import Status
from ..some_tilts import some_tilts
from .path import Solver, at_lambda, checked_lams, past_the_least

# λ grows as the number of tilts to this power.
TILT_POWER = 0.5
# A predicted mean below this many counts counts as so many: where x = 0, one photon would be
# infinitely unlikely, and decide everything.
_LEAST_COUNTS = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """Outcome of `cross_validation`.

    Parameters
    ----------
    lam : float
        The λ chosen, for the problem with all tilts.
    rule : {"minimum", "one_standard_error"}
        How it was chosen from the risks.
    lams : tuple of float
        λ tried, from the largest to the least.
    risks : tuple of float
        Misfit of each to the tilts that it did not see, per pixel: the noise (1 for weights that are
        inverse variances) and the error of the prediction.
    standard_errors : tuple of float
        Of the difference to the least risk, from the spread between tilts.
    folds : tuple of tuple of int
        The tilts that were held out together.
    status : Status
        `CONVERGED` when the least risk lies between two larger ones, `ITERATION_LIMIT` when it is
        the last λ tried at either end, `STOPPED`, `TIME_LIMIT` or `DIVERGED` when not all were tried.
    """

    lam: float
    rule: str
    lams: tuple[float, ...]
    risks: tuple[float, ...]
    standard_errors: tuple[float, ...]
    folds: tuple[tuple[int, ...], ...]
    status: Status


@dataclass(kw_only=True)
class _Fold:
    """A problem that lacks some tilts, the one that has only these, and the latest solution."""

    known: Problem
    hidden: Problem
    share: float
    state: PrimalDual | None = field(default=None)


def cross_validation(
    problem: Problem,
    *,
    fractions: Sequence[float] | np.ndarray | None = None,
    lams: Sequence[float] | np.ndarray | None = None,
    folds: int = 4,
    rule: str = "minimum",
    gap: float = 0.03,
    max_iterations: int = 500,
    max_seconds: float | None = None,
    callback: Callback | None = None,
    solve: Solver | None = None,
) -> CrossValidation:
    """Choose λ by how well reconstructions predict projections at tilts that they have not seen.

    Parameters
    ----------
    problem : Problem
        At least three tilts; its own λ is not used.
    fractions, lams : sequence of float, optional
        λ to try, as for `regularisation_path`.
    folds : int
        Groups of tilts, each held out once; at most as many as there are inner tilts.
    rule : {"minimum", "one_standard_error"}
        The λ of least risk (by a parabola in log λ through the three least), or the largest λ whose
        risk exceeds it by no more than the standard error of the difference: smoother volumes.
    gap, max_iterations
        Of each solve; a risk needs no tight gap.
    max_seconds : float, optional
        Wall-clock seconds at most for everything; no limit when omitted.
    callback : callable, optional
        As for `solve_pdhg`; when it returns True the search ends.
    solve : callable, optional
        Solver with the signature of `solve_pdhg`, which is the default.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ValueError
        When a parameter is out of range, or there are fewer than three tilts.

    Notes
    -----
    Tilts are dealt out to the folds in the order of their angles, so that what is held out lies
    between neighbours that are known; the two outermost tilts are never held out, as beyond them a
    prediction would extrapolate. All folds follow the path from large to small λ, which ends after
    the risk has risen twice in a row. The risk is the weighted misfit to the held-out tilts, or for
    counts the deviance [1]_; no truth is used anywhere.

    A fold that knows a share s of the tilts is solved with ``√s λ``. The data term grows as the number
    of tilts, but its noise as the root, and so does the λ that holds the noise back. On the project's
    particle, at 8, 16 and 32 tilts and two doses, the λ of least error of the volume grew as the power
    0.0 to 0.5, that of least error of the prediction as 0.1 to 1.3, on average 0.7. Between a power of
    0 and one of 1, λ of four folds differs by a quarter.

    References
    ----------
    .. [1] P. McCullagh, J. A. Nelder, Generalized Linear Models, 2nd ed. (1989),
       doi:10.1007/978-1-4899-3242-6

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> data = np.zeros((9, 12, 4))
    >>> data[:, 4:8] = 4.0
    >>> data += rng.normal(0, 0.5, data.shape)
    >>> problem = Problem(
    ...     data=data, angles_deg=np.linspace(-60, 60, 9), spacing_nm=1.0, weights=np.full(data.shape, 4.0))
    >>> found = cross_validation(problem, folds=3)
    >>> found.folds
    ((1, 4, 7), (2, 5), (3, 6))
    >>> 0.5 < min(found.risks) < max(found.risks)
    True
    """
    if rule not in ("minimum", "one_standard_error"):
        raise ValueError(f"`rule` must be 'minimum' or 'one_standard_error', got {rule!r}")
    if max_seconds is not None and not max_seconds > 0:
        raise ValueError(f"`max_seconds` must be positive, got {max_seconds}")
    groups = held_out_groups(problem.angles_deg, folds)
    chosen, _ = checked_lams(problem, fractions, lams)
    if solve is None:
        from ..pdhg import solve_pdhg as solve
    limits = {"gap": gap, "max_iterations": max_iterations, "callback": callback}
    parts = [_fold(problem, group) for group in groups]
    began, tried, status = time.perf_counter(), [], Status.ITERATION_LIMIT
    for index, lam in enumerate(chosen):
        per_tilt: list[np.ndarray] = []
        for part in parts:
            if max_seconds is not None:
                limits["max_seconds"] = max(max_seconds - (time.perf_counter() - began), 1e-9)
            start = at_lambda(part.state, chosen[max(index - 1, 0)], lam)
            outcome = solve(part.known.with_lam(part.share * lam), start=start, **limits)
            part.state = outcome.state
            if outcome.status in (Status.STOPPED, Status.TIME_LIMIT, Status.DIVERGED):
                return _chosen(tried, chosen, rule, groups, outcome.status)
            per_tilt.append(tilt_misfits(part.hidden, outcome.volume))
        tried.append(np.concatenate(per_tilt))
        if past_the_least([float(one[:, 0].sum()) for one in tried]):
            break
    least = int(np.argmin([one[:, 0].sum() for one in tried]))
    if 0 < least < len(tried) - 1:
        status = Status.CONVERGED
    return _chosen(tried, chosen, rule, groups, status)


def held_out_groups(angles_deg: np.ndarray, folds: int) -> tuple[tuple[int, ...], ...]:
    """Deal the tilts between the outermost out to `folds` groups, in the order of their angles."""
    order = np.argsort(angles_deg, kind="stable")[1:-1]
    if folds < 2 or order.size < 1:
        raise ValueError(
            f"`folds` must be at least 2, with at least 3 tilts; got {folds} for {len(angles_deg)} tilts"
        )
    groups = (tuple(int(tilt) for tilt in order[first::folds]) for first in range(folds))
    return tuple(group for group in groups if group)


def tilt_misfits(problem: Problem, volume: np.ndarray) -> np.ndarray:
    """Misfit and number of known pixels of each tilt, over all channels; float64, shape (tilt, 2)."""
    predicted = problem.forward(volume).astype(np.float64)
    if problem.background is not None:
        predicted += problem.background
    weights, data = problem.weights.astype(np.float64), problem.data.astype(np.float64)
    if problem.data_term == "kullback_leibler":
        from scipy.special import xlogy

        counts = weights * data
        mean = np.maximum(weights * predicted, _LEAST_COUNTS * (weights > 0))
        ratio = np.divide(counts, mean, out=np.ones_like(mean), where=mean > 0)
        misfit = 2.0 * (mean - counts + xlogy(counts, ratio))
    else:
        misfit = weights * (predicted - data) ** 2
    rest = tuple(axis for axis in range(data.ndim) if axis != data.ndim - 3)
    return np.stack([misfit.sum(axis=rest), (weights > 0).sum(axis=rest)], axis=1)


def _fold(problem: Problem, group: tuple[int, ...]) -> _Fold:
    every = np.arange(problem.angles_deg.size)
    hidden = np.array(group)
    known = np.setdiff1d(every, hidden)
    return _Fold(
        known=some_tilts(problem, known),
        hidden=some_tilts(problem, hidden),
        share=(known.size / every.size) ** TILT_POWER,
    )


def _chosen(
    tried: list[np.ndarray], lams: list[float], rule: str, groups: tuple[tuple[int, ...], ...], status: Status
) -> CrossValidation:
    """Apply the rule to the misfits of each λ tried, each of shape (tilt, 2)."""
    if not tried:
        return CrossValidation(
            lam=lams[len(lams) // 2],
            rule=rule,
            lams=(),
            risks=(),
            standard_errors=(),
            folds=groups,
            status=status,
        )
    misfits = np.stack([one[:, 0] for one in tried])
    pixels = max(float(tried[0][:, 1].sum()), 1.0)
    risks = misfits.sum(axis=1) / pixels
    least = int(np.argmin(risks))
    tilts = misfits.shape[1]
    spread = np.std(misfits - misfits[least], axis=1, ddof=1) if tilts > 1 else np.zeros(len(tried))
    errors = spread * np.sqrt(tilts) / pixels
    lam = lams[least]
    if rule == "one_standard_error":
        lam = lams[int(np.flatnonzero(risks <= risks[least] + errors)[0])]
    elif 0 < least < len(tried) - 1:
        near = slice(least - 1, least + 2)
        square, linear, _ = np.polyfit(np.log(np.array(lams[near]) / lam), risks[near] / risks[least], 2)
        if square > 0:
            lam = float(np.clip(lam * np.exp(-linear / (2 * square)), lams[least + 1], lams[least - 1]))
    return CrossValidation(
        lam=lam,
        rule=rule,
        lams=tuple(lams[: len(tried)]),
        risks=tuple(float(risk) for risk in risks),
        standard_errors=tuple(float(error) for error in errors),
        folds=groups,
        status=status,
    )
