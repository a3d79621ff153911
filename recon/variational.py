"""Variational solves of one call: coarse voxels first, λ given or found, budgets shared by all of them."""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .coarser_problem import can_coarsen, coarsen, fine_lambda, refine
from .lambda_choice.discrepancy import Discrepancy, find_lambda, first_guess
from .monitor import Callback
from .noisy_problem import NoisyProblem
from .pdhg import solve_pdhg
from .primal_dual import PrimalDual, Solve
from .problem import Problem
from .reconstruction import Status

# The search for λ needs the misfit to a few per cent, which a loose gap gives.
_SEARCH_GAP = 0.03
_SEARCH_ITERATIONS = 300


@dataclass(kw_only=True)
class Outcome:
    """What one channel came to, whatever the method."""

    volume: np.ndarray
    status: Status
    relative_gap: float = float("nan")
    iterations: int = 0
    lam: float = float("nan")
    lam_fraction: float = float("nan")
    history: dict[str, Any]


@dataclass(kw_only=True)
class VariationalSolver:
    """Variational solves of one call: the engine, its limits, and the way λ is chosen.

    Parameters
    ----------
    engine : {"fused", "odl"}
        Which solver.
    gap : float
        Relative primal–dual gap of the final solve.
    max_iterations : int
        Iterations at most, of the final solve of each channel.
    max_seconds : float or None
        Seconds at most for all that this object runs.
    callback : callable or None
        As for `reconstruct`; iterations count on over the solves of a channel.
    lam : float or "discrepancy"
        Fraction of λ_max, or the rule that finds λ.
    """

    engine: str
    gap: float
    max_iterations: int
    max_seconds: float | None = None
    callback: Callback | None = None
    lam: float | str = "discrepancy"
    _before: int = 0
    _stopped: bool = False

    def __post_init__(self) -> None:
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise ValueError(f"`max_seconds` must be positive, got {self.max_seconds}")
        self._began = time.perf_counter()

    def run(self, noisy: NoisyProblem, regulariser: str | None) -> Outcome:
        """Solve one channel's problem."""
        problem = replace(noisy.problem, regulariser=regulariser or "tv")
        if not problem.data.any():
            zeros = np.zeros(problem.shape, np.float32)
            return Outcome(volume=zeros, status=Status.CONVERGED, relative_gap=0.0, history={})
        self._before = 0
        found, fraction = None, float("nan")
        if isinstance(self.lam, str):
            found, state = self._discrepancy(problem, noisy.target)
            lam = found.lam
        else:
            from .lambda_choice.lambda_bracket import lambda_max

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
        return Outcome(
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
        before = self._before

        def shifted(iteration: int, objective: float, relative_gap: float) -> bool:
            # Once stopped, the solves that are left end at their first evaluation of the gap.
            if self.callback is not None and not self._stopped:
                self._stopped = self.callback(before + iteration, objective, relative_gap) is True
            return self._stopped

        outcome = solve(
            problem,
            gap=gap,
            max_iterations=limit,
            max_seconds=self._seconds_left(),
            start=state,
            callback=shifted,
        )
        self._before += outcome.iterations
        return outcome

    def _seconds_left(self) -> float | None:
        if self.max_seconds is None:
            return None
        return max(self.max_seconds - (time.perf_counter() - self._began), 1e-9)
