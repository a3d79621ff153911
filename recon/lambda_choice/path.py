"""The regularisation path: solutions from large to small λ, each started from the one before."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..monitor import Callback
from ..primal_dual import PrimalDual, Solve
from ..problem import Problem
from ..reconstruction import Status

# Of λ_max: from hardly any structure to mostly noise on the project's own particles.
FRACTIONS = tuple(float(f) for f in np.geomspace(0.3, 1e-4, 15))
Solver = Callable[..., Solve]


@dataclass(frozen=True, kw_only=True, eq=False)
class PathPoint:
    """One λ of a path.

    Parameters
    ----------
    lam : float
        λ.
    fraction : float
        The same as a fraction of λ_max; NaN when `lams` were given.
    objective, misfit, variation : float
        ``D + λ R``, twice D (χ² or deviance), and R of the volume.
    status : Status
        How the solve ended.
    iterations : int
        Iterations from the solution at the λ before.
    relative_gap : float
        Relative primal–dual gap.
    volume : ndarray of float32 or None
        The solution; None unless the path was asked to keep it.
    """

    lam: float
    fraction: float
    objective: float
    misfit: float
    variation: float
    status: Status
    iterations: int
    relative_gap: float
    volume: np.ndarray | None


def regularisation_path(
    problem: Problem,
    *,
    fractions: Sequence[float] | np.ndarray | None = None,
    lams: Sequence[float] | np.ndarray | None = None,
    gap: float = 1e-3,
    max_iterations: int = 2000,
    max_seconds: float | None = None,
    keep: bool = False,
    callback: Callback | None = None,
    solve: Solver | None = None,
) -> Iterator[PathPoint]:
    """Solve a problem for many λ, from the largest to the least, and yield each as it is done.

    Parameters
    ----------
    problem : Problem
        Its own λ is not used.
    fractions : sequence of float, optional
        λ as fractions of λ_max, in (0, 1]; 15 of them from 0.3 to 1e-4 when omitted.
    lams : sequence of float, optional
        λ > 0 themselves, instead of fractions: λ_max is then not computed.
    gap : float
        Relative primal–dual gap at which each solve ends.
    max_iterations : int
        Iterations at most, for each λ.
    max_seconds : float, optional
        Wall-clock seconds at most for the whole path; no limit when omitted.
    keep : bool
        Whether each `PathPoint` carries its volume: as many volumes as λ.
    callback : callable, optional
        As for `solve_pdhg`; when it returns True the path ends.
    solve : callable, optional
        Solver with the signature of `solve_pdhg`, which is the default.

    Yields
    ------
    PathPoint
        The path ends early, after the point at which it happened, when the time is up, on Ctrl-C, when
        the callback says so, or when a solve diverges.

    Raises
    ------
    ValueError
        When a λ or the limit is out of range; before the first solve.

    Notes
    -----
    A solution changes little with λ and its dual field is nearly proportional to λ, so the start is
    the volume before with the field scaled. This needs fewer iterations than starting from zero, and
    as R is small where λ is large, the path begins where solves are easy (Friedman et al. 2007,
    doi 10.1214/07-AOAS131, call it pathwise optimisation).

    Examples
    --------
    >>> data = np.zeros((2, 16, 4))
    >>> data[:, 6:10] = 1.0
    >>> problem = Problem(data=data, angles_deg=[0.0, 90.0], spacing_nm=1.0)
    >>> misfits = [point.misfit for point in regularisation_path(problem, fractions=[1e-3, 0.1, 0.9])]
    >>> bool(misfits[0] > misfits[1] > misfits[2])
    True
    """
    if max_seconds is not None and not max_seconds > 0:
        raise ValueError(f"`max_seconds` must be positive, got {max_seconds}")
    chosen, largest = checked_lams(problem, fractions, lams)
    limits = {"gap": gap, "max_iterations": max_iterations, "callback": callback}
    return _points(problem, chosen, largest, limits, max_seconds, keep, solve)


def checked_lams(
    problem: Problem,
    fractions: Sequence[float] | np.ndarray | None,
    lams: Sequence[float] | np.ndarray | None,
) -> tuple[list[float], float]:
    """λ from the largest to the least, and λ_max (NaN when the λ were given themselves)."""
    if fractions is not None and lams is not None:
        raise ValueError("give `fractions` of lambda_max or `lams`, not both")
    name, given = ("fractions", fractions) if lams is None else ("lams", lams)
    values = np.sort(np.array(FRACTIONS if given is None else given, np.float64).ravel())[::-1]
    top = 1.0 if name == "fractions" else np.inf
    if values.size == 0 or not (np.isfinite(values).all() and values[-1] > 0 and values[0] <= top):
        rule = "in (0, 1]" if name == "fractions" else "> 0"
        raise ValueError(f"`{name}` must hold finite numbers {rule}, got {values[::-1]}")
    if name == "lams":
        return [float(lam) for lam in values], float("nan")
    from .lambda_bracket import lambda_max

    largest = lambda_max(problem).value
    return [float(fraction) * largest for fraction in values], largest


def past_the_least(values: list[float]) -> bool:
    """Whether errors along a path have risen twice in a row, after a fall from where it began.

    Above λ_max all solutions are the same, and their errors differ by what the solver left.
    """
    if len(values) < 3 or min(values) > 0.99 * values[0]:
        return False
    return values[-1] > values[-2] > values[-3]


def at_lambda(state: PrimalDual | None, before: float, lam: float) -> PrimalDual | None:
    """Make the solution at one λ the start for another, in place."""
    if state is not None and before > 0:
        state.field *= np.float32(lam / before)
    return state


def _points(
    problem: Problem,
    lams: list[float],
    largest: float,
    limits: dict,
    max_seconds: float | None,
    keep: bool,
    solve: Solver | None,
) -> Iterator[PathPoint]:
    if solve is None:
        from ..pdhg import solve_pdhg as solve
    began = time.perf_counter()
    state, before = None, 0.0
    for lam in lams:
        left = None
        if max_seconds is not None:
            left = max(max_seconds - (time.perf_counter() - began), 1e-9)
        outcome = solve(
            problem.with_lam(lam), start=at_lambda(state, before, lam), max_seconds=left, **limits
        )
        state, before = outcome.state, lam
        yield PathPoint(
            lam=lam,
            fraction=lam / largest if largest > 0 else float("nan"),
            objective=outcome.objective,
            misfit=outcome.misfit,
            variation=(outcome.objective - 0.5 * outcome.misfit) / lam if lam > 0 else float("nan"),
            status=outcome.status,
            iterations=outcome.iterations,
            relative_gap=outcome.relative_gap,
            volume=outcome.volume if keep else None,
        )
        if outcome.status in (Status.TIME_LIMIT, Status.STOPPED, Status.DIVERGED):
            return
