"""λ by thinning: the one that predicts counts which were dealt to a second exposure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..problem import Problem
from ..reconstruction import Status
from .held_out import tilt_misfits

# Part of the electrons that the reconstruction sees.
SHARE = 0.8
# λ grows as this power of the electrons, as noise does.
POWER = 0.5
_STEP = 2.0
# Steps of a factor 2 that the search goes away from where it began.
_REACH = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Thinning:
    """Outcome of `thinned_lambda`.

    Parameters
    ----------
    lam : float
        The λ chosen, for the whole of the data.
    lams : tuple of float
        λ tried, in the order tried, for the whole of the data.
    risks : tuple of float
        Misfit per pixel of each to the part that it did not see: χ², or the deviance of counts.
    status : Status
        `CONVERGED` when the least risk lies between two larger ones, `ITERATION_LIMIT` when the search
        ended beside it, `STOPPED` when a solve was stopped.
    """

    lam: float
    lams: tuple[float, ...]
    risks: tuple[float, ...]
    status: Status


def thinned_lambda(
    known: Problem, hidden: Problem, solve: Callable[[float], np.ndarray | None], *, start: float
) -> Thinning:
    """Find the λ whose reconstruction of one part of the data predicts the other part best.

    Parameters
    ----------
    known, hidden : Problem
        The two parts, as `NoisyProblem.thin` gives them with `SHARE` of the electrons in the first.
    solve : callable
        ``solve(lam)`` reconstructs `known` at a λ *of `known`*, and returns the volume, or None when it was
        stopped. Each call may start from the one before.
    start : float
        First λ to try, for the whole of the data.

    Returns
    -------
    Thinning

    Notes
    -----
    A Poisson count of mean m, whose every photon is dealt by lot to one of two groups, becomes two
    *independent* Poisson counts of means s m and (1 − s) m [1]_ [2]_. What the first predicts of the second
    is therefore judged by photons that no solver has seen, at the very tilts and pixels of the data: the
    deviance of the second estimates, up to a constant, the error of the reconstruction's projections. It
    needs neither a noise level to be met (as the discrepancy principle does, which overshoots: few of
    many pixels carry signal, and the noise that the solver has fitted is not counted) nor tilts to be left
    out. Gaussian data are parted likewise by adding and taking off a second noise.

    The search goes down the risk from `start` in factors of two and ends in the minimum of the parabola, in
    log λ, through the three best. A solver that sees the share s of the electrons is given √s λ.

    References
    ----------
    .. [1] A. Neufeld, L. L. Gao, J. Popp, A. Battle, D. Witten, Biostatistics 25, 270 (2024),
       doi:10.1093/biostatistics/kxac047
    .. [2] A. Neufeld, A. Dharamshi, L. L. Gao, D. Witten, J. Mach. Learn. Res. 25, 57 (2024),
       arXiv:2301.07276
    """
    pixels = max(int(np.count_nonzero(hidden.weights)), 1)
    risks: dict[int, float] = {}

    def risk(step: int) -> float:
        if step not in risks:
            volume = solve(SHARE**POWER * start * _STEP**step)
            risks[step] = (
                float("nan") if volume is None else float(tilt_misfits(hidden, volume)[:, 0].sum()) / pixels
            )
        return risks[step]

    at, status = 0, Status.ITERATION_LIMIT
    risk(0)
    down = risk(-1) < risks[0]
    direction = -1 if down else 1
    while abs(at) < _REACH:
        value = risk(at + direction)
        if not np.isfinite(value):
            status = Status.STOPPED
            break
        if value >= risks[at]:
            status = Status.CONVERGED
            break
        at += direction
    finite = {step: value for step, value in risks.items() if np.isfinite(value)}
    best = min(finite, key=lambda step: finite[step]) if finite else 0
    exponent = float(best)
    if status is Status.CONVERGED and {best - 1, best + 1} <= finite.keys():
        exponent += _parabola(finite[best - 1], finite[best], finite[best + 1])
    return Thinning(
        lam=start * _STEP**exponent,
        lams=tuple(start * _STEP**step for step in risks),
        risks=tuple(risks.values()),
        status=status,
    )


def _parabola(before: float, least: float, after: float) -> float:
    """Place of the minimum of the parabola through (−1, before), (0, least) and (1, after)."""
    bend = before - 2 * least + after
    return float(np.clip(0.5 * (before - after) / bend, -1.0, 1.0)) if bend > 0 else 0.0
