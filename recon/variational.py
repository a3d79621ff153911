"""Variational solves of one call: coarse voxels first, λ given or found, budgets shared by all of them."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .coarser_problem import can_coarsen, coarsen, fine_lambda, refine
from .interruption import requested
from .lambda_choice.discrepancy import SLOPES, Discrepancy, find_lambda, first_guess
from .lambda_choice.noise import noise_lambda
from .lambda_choice.path import at_lambda
from .monitor import Callback
from .noisy_problem import NoisyProblem
from .primal_dual import PrimalDual, Solve
from .problem import Problem
from .reconstruction import Status

LAMBDA_RULES = ("discrepancy", "noise", "cross_validation", "oracle")
# The misfit is known to two per cent long before the gap closes: at a gap of 0.1 on the project's particles.
_SEARCH_GAP = 0.1
_SEARCH_ITERATIONS = 300
# Coarse voxels whose misfit is this many times the expected one cannot tell what λ fine ones need.
_COARSE_EXCESS = 1.5
# The misfit of coarse voxels themselves leaves less for noise: they ask for so much less λ.
_COARSE_SHORTFALL = 1.6
# What the search on coarse voxels has to reach, and in how many solves.
_COARSE = {"tolerance": 0.1, "max_solves": 4, "give_up": _COARSE_EXCESS}
# λ that are tried by cross-validation and oracle, relative to the first guess of the discrepancy principle.
_AROUND = tuple(float(factor) for factor in np.geomspace(16.0, 1.0 / 32.0, 10))


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
    lam : float or str
        Fraction of λ_max, or the rule that finds λ, one of `LAMBDA_RULES`.
    score : callable or None
        Error that the oracle minimises; the root mean square when None.
    """

    engine: str
    gap: float
    max_iterations: int
    max_seconds: float | None = None
    callback: Callback | None = None
    lam: float | str = "discrepancy"
    score: Callable[[np.ndarray, np.ndarray], float] | None = None
    _before: int = 0
    _stopped: bool = False

    def __post_init__(self) -> None:
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise ValueError(f"`max_seconds` must be positive, got {self.max_seconds}")
        self._began = time.perf_counter()

    def run(self, noisy: NoisyProblem, truth: np.ndarray | None = None) -> Outcome:
        """Solve one problem; `truth` is looked at by the oracle only."""
        problem = noisy.problem
        if not problem.data.any():
            zeros = np.full(problem.shape, np.clip(0.0, problem.lower, problem.upper), np.float32)
            return Outcome(volume=zeros, status=Status.CONVERGED, relative_gap=0.0, history={})
        self._before = 0
        fraction, state, record = float("nan"), None, {}
        if isinstance(self.lam, str):
            lam, state, found = self._chosen(noisy, truth)
            record = {self.lam: found}
        else:
            from .lambda_choice.lambda_bracket import lambda_max

            fraction = float(self.lam)
            lam = fraction * lambda_max(problem).value
        problem = problem.with_lam(lam)
        if state is None:
            state = self._from_coarser(problem, self.gap, self.max_iterations)
        solve = self._solve(problem, self.gap, self.max_iterations, state)
        return Outcome(
            volume=solve.volume,
            status=solve.status,
            relative_gap=solve.relative_gap,
            iterations=self._before,
            lam=lam,
            lam_fraction=fraction,
            history={**solve.history, **record},
        )

    def _chosen(
        self, noisy: NoisyProblem, truth: np.ndarray | None
    ) -> tuple[float, PrimalDual | None, dict[str, Any]]:
        """λ by the rule, a start for the final solve where there is one, and the record of the search."""
        problem = noisy.problem
        if self.lam == "discrepancy":
            found, state = self._discrepancy(problem, noisy.target)
            return found.lam, state, asdict(found)
        if self.lam == "noise":
            lam = noise_lambda(problem)
            return lam, None, {"lam": lam}
        lams = first_guess(problem) * np.array(_AROUND)
        if self.lam == "oracle":
            from .lambda_choice.oracle import oracle

            if truth is None:
                raise ValueError("`truth` must be given for lam='oracle', which no experiment can have")
            best = oracle(problem, truth, score=self.score, lams=lams, solve=self._any_solve)
            return best.lam, None, asdict(best)
        from .lambda_choice.held_out import cross_validation

        held_out = cross_validation(problem, lams=lams, solve=self._any_solve)
        return held_out.lam, None, asdict(held_out)

    def _discrepancy(self, problem: Problem, target: float) -> tuple[Discrepancy, PrimalDual | None]:
        """Search on voxels twice as large first, where a solve costs an eighth, then check."""
        start, state = first_guess(problem), None
        if can_coarsen(problem):
            coarse = coarsen(problem.with_lam(start))
            # Expected misfits count pixels, of which the coarse data have a quarter.
            found, state = self._search(coarse, target / 4.0, coarse.lam, None, **_COARSE)
            if found.limited_by_model or found.misfit > _COARSE_EXCESS * target / 4.0:
                # Large voxels misfit where small ones may not: their λ says nothing.
                at_lambda(state, found.lam, coarse.lam)
            else:
                at_lambda(state, 1.0, _COARSE_SHORTFALL)
                start = _COARSE_SHORTFALL * fine_lambda(problem, found.lam)
            state = refine(state, problem)
        return self._search(problem, target, start, state)

    def _search(
        self,
        problem: Problem,
        target: float,
        start: float,
        state: PrimalDual | None,
        **limits: Any,
    ) -> tuple[Discrepancy, PrimalDual]:
        last = start

        def misfit_of(lam: float) -> float:
            nonlocal state, last
            state = at_lambda(state, last, lam)
            solve = self._solve(problem.with_lam(lam), _SEARCH_GAP, _SEARCH_ITERATIONS, state)
            state, last = solve.state, lam
            useful = solve.status in (Status.CONVERGED, Status.ITERATION_LIMIT)
            return solve.misfit if useful and not self._stopped else float("nan")

        found = find_lambda(misfit_of, target, start=start, slope=SLOPES[problem.regulariser], **limits)
        if state is None:
            raise RuntimeError("the search for lambda ended before its first solve")
        at_lambda(state, last, found.lam)
        return found, state

    def _from_coarser(self, problem: Problem, gap: float, limit: int) -> PrimalDual | None:
        """Start from the solution on voxels twice as large, itself found in the same way.

        Spectral steps settle slow waves as fast without it.
        """
        from .pdhg import takes_spectral_steps

        if not can_coarsen(problem) or takes_spectral_steps(problem):
            return None
        coarse = coarsen(problem)
        solved = self._solve(coarse, gap, limit, None)
        return refine(solved.state, problem)

    def _any_solve(self, problem: Problem, *, gap: float, max_iterations: int, **options: Any) -> Solve:
        return self._solve(problem, gap, max_iterations, options.get("start"))

    def _solve(self, problem: Problem, gap: float, limit: int, state: PrimalDual | None) -> Solve:
        if self.engine == "odl":
            from .odl_engine import solve_odl as solve
        else:
            from .pdhg import solve_pdhg as solve
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
        # Ctrl-C may come as this solve converges.
        self._stopped |= outcome.status is Status.STOPPED or requested()
        return outcome

    def _seconds_left(self) -> float | None:
        if self.max_seconds is None:
            return None
        return max(self.max_seconds - (time.perf_counter() - self._began), 1e-9)
