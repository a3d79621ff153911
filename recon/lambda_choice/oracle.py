"""λ by the truth: what no experiment can have, to say how far a rule without it falls short."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..monitor import Callback
from ..problem import Problem
from ..reconstruction import Status
from .path import Solver, past_the_least, regularisation_path


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """Outcome of `oracle`.

    Parameters
    ----------
    lam : float
        λ of least error.
    lams, errors : tuple of float
        Every λ tried, from the largest to the least, and its error.
    status : Status
        How the last solve ended, or `ITERATION_LIMIT` when the least error is at an end of the λ tried.
    """

    lam: float
    lams: tuple[float, ...]
    errors: tuple[float, ...]
    status: Status


def oracle(
    problem: Problem,
    truth: np.ndarray,
    *,
    score: Callable[[np.ndarray, np.ndarray], float] | None = None,
    fractions: Sequence[float] | np.ndarray | None = None,
    lams: Sequence[float] | np.ndarray | None = None,
    gap: float = 0.01,
    max_iterations: int = 1000,
    max_seconds: float | None = None,
    callback: Callback | None = None,
    solve: Solver | None = None,
) -> Oracle:
    """Choose the λ whose volume is nearest to the truth: for studies of simulated data only.

    Parameters
    ----------
    problem : Problem
        Its own λ is not used.
    truth : ndarray, shape of the problem
        The true volume.
    score : callable, optional
        ``score(volume, truth) -> float``, least for the best; the root mean square difference when
        omitted.
    fractions, lams, gap, max_iterations, max_seconds, callback, solve
        As for `regularisation_path`. The path ends after the error has risen twice in a row.

    Returns
    -------
    Oracle

    Raises
    ------
    ValueError
        When the truth does not have the shape of the problem, or a parameter is out of range.

    Examples
    --------
    >>> truth = np.zeros((12, 12, 4), np.float32)
    >>> truth[4:9, 3:8] = 1.0
    >>> problem = Problem(data=np.zeros((3, 12, 4)), angles_deg=[-40, 0, 40], spacing_nm=1.0)
    >>> noise = np.random.default_rng(0).normal(0, 0.3, problem.data.shape)
    >>> problem = Problem(
    ...     data=problem.forward(truth) + noise, angles_deg=problem.angles_deg, spacing_nm=1.0)
    >>> found = oracle(problem, truth)
    >>> found.lam in found.lams, min(found.errors) < 0.3
    (True, True)
    """
    truth = np.asarray(truth)
    if truth.shape != problem.shape:
        raise ValueError(f"`truth` must have the shape of the problem {problem.shape}, got {truth.shape}")
    score = score or root_mean_square
    path = regularisation_path(
        problem,
        fractions=fractions,
        lams=lams,
        gap=gap,
        max_iterations=max_iterations,
        max_seconds=max_seconds,
        keep=True,
        callback=callback,
        solve=solve,
    )
    tried, errors, status = [], [], Status.CONVERGED
    for point in path:
        tried.append(point.lam)
        errors.append(float(score(point.volume, truth)))  # pyright: ignore[reportArgumentType]
        if point.status in (Status.STOPPED, Status.TIME_LIMIT, Status.DIVERGED):
            status = point.status
            break
        if past_the_least(errors):
            break
    least = int(np.argmin(errors))
    if status is Status.CONVERGED and least in (0, len(errors) - 1):
        status = Status.ITERATION_LIMIT
    return Oracle(lam=tried[least], lams=tuple(tried), errors=tuple(errors), status=status)


def root_mean_square(volume: np.ndarray, truth: np.ndarray) -> float:
    """Root of the mean squared difference."""
    return float(np.sqrt(np.mean((volume - truth.astype(np.float64)) ** 2)))
