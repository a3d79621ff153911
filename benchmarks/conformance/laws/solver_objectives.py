"""Laws of solvers that minimise the objective of a problem."""

import math

import numpy as np
from hypothesis import strategies as st

from ..drawn_problem import DrawnProblem, minimum_of, problems
from ..finding import Finding
from ..law import law
from ..reference_objective import DenseProblem
from ..solver import Answer, Solver
from .solver_judgement import bounded, claimed, objective_of, unfinished, variational

_HISTORY = 4e-6


def _any(solver: Solver):
    return st.fixed_dictionaries({"drawn": problems(solver)})


def _limited(solver: Solver):
    limit = st.sampled_from([1, 2, 5, 20, 100])
    return st.fixed_dictionaries({"drawn": problems(solver), "max_iterations": limit})


def _excess(drawn: DrawnProblem, answer: Answer) -> tuple[float, float, float]:
    """Objective, what it is above a known volume by, and the rounding of both."""
    found = minimum_of(drawn)
    dense = DenseProblem(drawn.problem())
    volume = bounded(dense.problem, answer.volume)
    objective = dense.objective(volume)
    rounding = dense.rounding(volume) + dense.rounding(found.volume)
    return objective, objective - found.objective, rounding


def _within(drawn: DrawnProblem, answer: Answer, gap: float, what: str) -> Finding:
    objective, excess, rounding = _excess(drawn, answer)
    share = excess / abs(objective) if objective else 0.0
    note = f"objective {objective:.7g}, {share:.3g} of it too much; {what} {gap:.3g}"
    return Finding(excess, gap * abs(objective) + rounding, note)


@law(
    kind="solver",
    formula="J(x) − min J ≤ gap · J(x)",
    tolerance="the gap that it promises, and float32 rounding of J; min J by an interior-point method in "
    "float64, certified to 10⁻⁵ of J (to 10⁻⁶ of the squared data where the fit is perfect); what J is "
    "compared with is the objective of a volume, so that an excess is one whatever the bound",
    cases=_any,
    excuse=variational,
    cost=30,
)
def optimality(solver: Solver, drawn: DrawnProblem) -> Finding:
    """The answer is within the promised gap of the certified minimum, unless the solver says that it is not.

    Notes
    -----
    Objective, minimum and bound come from dense float64 matrices (`reference_minimum`), by none of the
    kernels that solvers use. An answer that leaves the bounds is taken to the nearest within.
    """
    answer = solver.solve(drawn.problem())
    if unfinished(answer):
        return Finding(0.0, 0.0, "it says that it has not converged")
    return _within(drawn, answer, solver.gap, "promised is")


@law(
    kind="solver",
    formula="converged ⇒ J(x) − min J ≤ gap · J(x)",
    tolerance="as for `optimality`",
    cases=_limited,
    excuse=lambda solver: (
        variational(solver) or (None if solver.takes_limit else "its iterations cannot be limited")
    ),
    cost=30,
)
def honest_status(solver: Solver, drawn: DrawnProblem, max_iterations: int) -> Finding:
    """Stopped after few iterations it says that it converged only when it did."""
    answer = solver.solve(drawn.problem(), max_iterations=max_iterations)
    if answer.converged is None or unfinished(answer):
        return Finding(0.0, 0.0, "it does not say that it has converged")
    return _within(drawn, answer, solver.gap, "it says converged, which promises")


@law(
    kind="solver",
    formula="J(x) − min J ≤ stated gap · J(x)",
    tolerance="float32 rounding of J",
    cases=_limited,
    excuse=variational,
    cost=30,
)
def honest_gap(solver: Solver, drawn: DrawnProblem, max_iterations: int) -> Finding:
    """The gap that it states is never below the true excess, however early it stops."""
    limits = {"max_iterations": max_iterations} if solver.takes_limit else {}
    answer = solver.solve(drawn.problem(), **limits)
    if answer.gap is None or not math.isfinite(answer.gap):
        return Finding(0.0, 0.0, "it states no gap")
    return _within(drawn, answer, max(answer.gap, 0.0), "stated is")


@law(
    kind="solver",
    formula="Jₖ₊₁ ≤ Jₖ",
    tolerance="float32 rounding: 4 · 10⁻⁶ of the largest, of divergences also of all counts",
    cases=_any,
    excuse=claimed("monotone"),
    cost=20,
)
def monotone(solver: Solver, drawn: DrawnProblem) -> Finding:
    """Its objective never rises from one iteration to the next."""
    problem = drawn.problem()
    answer = solver.solve(problem)
    values = np.array(answer.objectives)
    if not values.size:
        if not problem.data.any():
            return Finding(0.0, 0.0, "no data: it had nothing to do")
        return Finding(float("nan"), 0.0, "it claims a monotone history, and keeps none")
    rises = np.diff(values)
    worst = float(np.max(rises, initial=0.0))
    limit = _HISTORY * float(np.abs(values).max())
    if solver.variational:
        limit += DenseProblem(problem).rounding(answer.volume)
    elif drawn.data_term == "kullback_leibler":
        # A divergence is a small difference of sums of all counts.
        limit += _HISTORY * float(np.abs(problem.data).sum())
    return Finding(worst, limit, f"it rises by {worst:.3g}")


@law(
    kind="solver",
    formula="J(x) = last of its history",
    tolerance="float32 rounding of J; of tgv2 a ten-thousandth, as its minimum over v is iterative",
    cases=_any,
    excuse=lambda solver: variational(solver) or claimed("objectives")(solver),
    cost=20,
)
def true_history(solver: Solver, drawn: DrawnProblem) -> Finding:
    """The objective that it records last is that of its answer."""
    problem = drawn.problem()
    answer = solver.solve(problem)
    if not answer.objectives:
        if not problem.data.any():
            return Finding(0.0, 0.0, "no data: it had nothing to do")
        return Finding(float("nan"), 0.0, "it claims a history of the objective, and keeps none")
    dense = DenseProblem(problem)
    objective, stated = objective_of(dense, answer.volume), answer.objectives[-1]
    # At the v that the solver has, R of tgv2 is an upper bound: within the gap of its minimum.
    share = solver.gap if problem.regulariser == "tgv2" else 1e-6
    limit = share * abs(objective) + dense.rounding(bounded(problem, answer.volume))
    if unfinished(answer) and problem.regulariser == "tgv2":
        limit = max(limit, stated - objective)
    return Finding(abs(stated - objective), limit, f"recorded {stated:.7g}, of the answer {objective:.7g}")
