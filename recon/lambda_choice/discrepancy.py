"""λ by the discrepancy principle: as much smoothing as the noise in the data allows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..problem import Problem
from .noise import noise_pull

# A misfit that keeps this share when λ falls by a factor 4 has reached its floor.
_PLATEAU = 0.9
# d log misfit / d log λ near the target on the project's own particles, where nothing else is known.
_SLOPE = 0.4
SLOPES = {"tv": 0.25, "tv2": 0.4, "tv_tv2": 0.3, "tgv2": 0.3}
# λ of the discrepancy principle over the noise that a typical voxel sees, on the same particles.
_NOISE = {"tv": 1.7, "tv2": 0.55, "tv_tv2": 1.0, "tgv2": 1.4}
# λ is searched no further than this far from the first guess, either way.
_REACH = 1e3


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """Outcome of the search.

    Parameters
    ----------
    lam : float
        λ whose misfit meets the target, or the nearest that was reached.
    misfit, target : float
        χ² or deviance at that λ, and the value it should have.
    limited_by_model : bool
        Whether the target had to be raised to 1.1 times the floor of the misfit.
    tried : tuple of (float, float)
        Every (λ, misfit), in the order tried.
    """

    lam: float
    misfit: float
    target: float
    limited_by_model: bool
    tried: tuple[tuple[float, float], ...]


def first_guess(problem: Problem) -> float:
    """λ from which to search: what the principle asked for on the project's particles, by their noise."""
    return _NOISE[problem.regulariser] * noise_pull(problem)


def find_lambda(
    misfit_of: Callable[[float], float],
    target: float,
    *,
    start: float,
    tolerance: float = 0.03,
    max_solves: int = 8,
    slope: float = _SLOPE,
    give_up: float = np.inf,
) -> Discrepancy:
    """Find λ with ``misfit(λ) = target`` (Morozov's discrepancy principle).

    Parameters
    ----------
    misfit_of : callable
        Solves at a λ and returns the misfit; each call may warm start from the one before. NaN, of a
        solve that was stopped, ends the search.
    target : float
        Expected misfit of the true volume: the effective number of pixels when the weights are
        inverse variances.
    start : float
        First λ to try, `first_guess` of the problem for instance.
    tolerance : float
        Relative agreement asked for.
    max_solves : int
        Calls of `misfit_of` at most.
    slope : float
        ``d log misfit / d log λ`` for the first step.
    give_up : float
        End the search when the first misfit is more than so many times the target.

    Returns
    -------
    Discrepancy

    Notes
    -----
    The misfit grows with λ. Each step goes where the line through the two nearest to the target, in
    log λ and log misfit, meets it, at most a factor 4 away, and once a bracket is known well inside
    it. (Regula falsi would creep where one end comes from a solve that was stopped early.) When a
    factor 4 less in λ lowers a misfit above the target by less than a tenth, the rest is not noise
    but what voxels cannot represent, edges above all: the target becomes 1.1 times that floor, and
    the outcome says so.

    References
    ----------
    V. A. Morozov, Sov. Math. Dokl. 7 (1966) 414.
    """
    tried: list[tuple[float, float]] = []
    limited = False
    lam = start
    while len(tried) < max_solves and start / _REACH <= lam <= start * _REACH:
        misfit = misfit_of(lam)
        if not np.isfinite(misfit):
            break
        tried.append((lam, misfit))
        if len(tried) == 1 and misfit > give_up * target:
            break
        if not limited and _at_floor(sorted(tried), target):
            limited, target = True, min(misfit for _, misfit in tried) / _PLATEAU
        if min(abs(_excess(pair, target)) for pair in tried) <= tolerance:
            break
        lam = _next(tried, target, slope)
    unknown = [(start, float("nan"))]
    lam, misfit = min(tried or unknown, key=lambda pair: abs(_excess(pair, target)))
    return Discrepancy(lam=lam, misfit=misfit, target=target, limited_by_model=limited, tried=tuple(tried))


def _excess(pair: tuple[float, float], target: float) -> float:
    return float(np.log(max(pair[1], 1e-300) / target))


def _at_floor(tried: list[tuple[float, float]], target: float) -> bool:
    """Whether the two least λ, far apart, both miss the target by nearly the same misfit."""
    if len(tried) < 2 or tried[0][1] <= target or tried[1][0] < 3.0 * tried[0][0]:
        return False
    return tried[0][1] > _PLATEAU * tried[1][1]


def _next(tried: list[tuple[float, float]], target: float, slope: float) -> float:
    """λ to try next."""
    nearest = sorted(tried, key=lambda pair: abs(_excess(pair, target)))
    here = _excess(nearest[0], target)
    if len(nearest) > 1:
        rise = here - _excess(nearest[1], target)
        slope = min(max(rise / np.log(nearest[0][0] / nearest[1][0]), 0.1), 1.0)
    step = float(np.clip(-here / slope, -np.log(4.0), np.log(4.0)))
    lam = nearest[0][0] * np.exp(step)
    below = max((pair[0] for pair in tried if pair[1] <= target), default=0.0)
    above = min((pair[0] for pair in tried if pair[1] > target and pair[0] > below), default=np.inf)
    if below > 0 and above < np.inf:
        ratio = above / below
        return float(np.clip(lam, below * ratio**0.1, below * ratio**0.9))
    return float(lam)
