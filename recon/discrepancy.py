"""λ by the discrepancy principle: as much smoothing as the noise in the data allows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .problem import Problem

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
        ``Σ w (g·P x − b)²`` at that λ, and the value it should have.
    met : bool
        Whether they agree within the tolerance.
    tried : tuple of (float, float)
        Every (λ, misfit), in the order tried.
    """

    lam: float
    misfit: float
    target: float
    met: bool
    tried: tuple[tuple[float, float], ...]


def first_guess(problem: Problem) -> float:
    """λ at which the regulariser can hold back the noise that a typical voxel sees.

    With weights that are inverse variances, noise moves the slope of the data term at voxel j by
    ``sqrt(Σ_i w_i (g P)_ij²)``; that of the voxels which the data see best is returned.
    """
    # Each pixel's shadow spreads over about two bins per tilt, with weights that sum to spacing.
    pull = problem.adjoint(problem.weights * problem.column_gain) * np.float32(0.5 * problem.spacing_nm)
    signal = problem.adjoint(np.abs(problem.data))
    inside = signal >= 0.5 * signal.max()
    return float(np.sqrt(np.median(pull[inside])))


def find_lambda(
    problem: Problem,
    misfit_of: Callable[[float], float],
    target: float,
    *,
    tolerance: float = 0.02,
    max_solves: int = 8,
) -> Discrepancy:
    """Find λ with ``misfit(λ) = target`` (Morozov's discrepancy principle).

    Parameters
    ----------
    problem : Problem
        Sets the first guess; its own λ is not used.
    misfit_of : callable
        Solves at a λ and returns the misfit; each call may warm start from the one before.
    target : float
        Expected misfit of the true volume: the effective number of pixels when the weights are
        inverse variances.
    tolerance : float
        Relative agreement asked for.
    max_solves : int
        Calls of `misfit_of` at most.

    Returns
    -------
    Discrepancy

    Notes
    -----
    The misfit grows with λ, so a bracket in log λ is closed by the secant through its ends
    (regula falsi, kept away from the ends), after steps of a factor 4 have found it. When even
    the least λ misfits, the model and not the noise is to blame: that λ is returned, not met.

    References
    ----------
    V. A. Morozov, Sov. Math. Dokl. 7 (1966) 414.
    """
    tried: list[tuple[float, float]] = []

    def excess(log_lam: float) -> float:
        misfit = misfit_of(float(np.exp(log_lam)))
        tried.append((float(np.exp(log_lam)), misfit))
        return np.log(max(misfit, 1e-300) / target)

    start = np.log(first_guess(problem))
    at, value = start, excess(start)
    low = high = None
    while len(tried) < max_solves and abs(value) > tolerance:
        if value < 0:
            low = (at, value)
        else:
            high = (at, value)
        if low is None or high is None:
            at = at + (np.log(4.0) if value < 0 else -np.log(4.0))
            if abs(at - start) > np.log(_REACH):
                break
        else:
            share = low[1] / (low[1] - high[1])
            at = low[0] + min(max(share, 0.1), 0.9) * (high[0] - low[0])
        value = excess(at)
    lam, misfit = min(tried, key=lambda pair: abs(np.log(max(pair[1], 1e-300) / target)))
    met = abs(np.log(max(misfit, 1e-300) / target)) <= tolerance
    return Discrepancy(lam=lam, misfit=misfit, target=target, met=met, tried=tuple(tried))
