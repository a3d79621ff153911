"""ODL's own primal–dual solver on the identical problem: the slow, independent second engine."""

from typing import Any

import numpy as np

from .gap import bracket
from .monitor import Callback, Monitor
from .odl_operators import GradientOperator, HessianOperator, ProjectionOperator, odl, volume_space
from .primal_dual import PrimalDual, Solve, dual_scale, starting_point
from .problem import Problem

# Iterations between two evaluations of the gap.
_CHUNK = 50
_DIFFERENCES = {"tv": GradientOperator, "tv2": HessianOperator}
# Dual over primal steps, relative to λ over the density: the fastest on the project's particles.
_PRIMAL_WEIGHT = {"tv": 30.0, "tv2": 12.0}


def solve_odl(
    problem: Problem,
    *,
    gap: float = 1e-3,
    max_iterations: int = 5000,
    max_seconds: float | None = None,
    start: PrimalDual | None = None,
    callback: Callback | None = None,
) -> Solve:
    """Minimise a `Problem` by `odl.solvers.pdhg`.

    Parameters
    ----------
    problem : Problem
        What to minimise.
    gap : float
        Relative primal–dual gap at which to stop; certified as in `solve_pdhg`.
    max_iterations : int
        Iterations at most.
    max_seconds : float, optional
        Wall-clock seconds at most; no limit when omitted.
    start : PrimalDual, optional
        Warm start, also one of the other engine; zeros when omitted.
    callback : callable, optional
        Called as ``callback(iteration, objective, relative_gap)`` at every evaluation of the gap; the
        solve stops when it returns True.

    Returns
    -------
    Solve

    Raises
    ------
    ValueError
        When the warm start does not fit the problem, or no iteration is allowed.

    Notes
    -----
    ODL solves ``min f(x) + h(L x)`` with f the indicator of x ≥ 0, ``L x = (√w g·P x / a, R x / r)``
    and ``h(y, v) = ½ ‖a y − √w b‖² + λ r Σ |v|``, where a and r are the norms of the two operators:
    one step size has to serve both. It runs in chunks, each resumed with the x, y and relaxed x of
    the one before, so the iterates are those of one long run.

    References
    ----------
    A. Chambolle and T. Pock, J. Math. Imaging Vis. 40 (2011) 120, doi 10.1007/s10851-010-0251-1.
    """
    monitor = Monitor(gap=gap, max_iterations=max_iterations, max_seconds=max_seconds, callback=callback)
    form = _SaddlePoint(problem)
    x, y = form.elements(starting_point(problem, start))
    relaxed = x.copy()
    projected = np.empty_like(problem.data)
    iteration, done = 0, False
    while not done:
        chunk = min(_CHUNK, max_iterations - iteration)
        odl.solvers.pdhg(
            x, form.f, form.h, form.operator, chunk, tau=form.tau, sigma=form.sigma, y=y, x_relax=relaxed
        )
        iteration += chunk
        state = form.state(x, y)
        objective, bound = bracket(problem, state.volume, state.field, state.residual, projected=projected)
        done = monitor.done(iteration, objective, bound)
    return Solve(
        state=state,
        volume=np.maximum(state.volume, np.float32(0.0)),
        status=monitor.status,
        relative_gap=monitor.relative_gap,
        iterations=iteration,
        objective=monitor.objective,
        misfit=problem.misfit(projected),
        history=monitor.history,
    )


class _SaddlePoint:
    """The functionals, the operator and the steps of one problem, and the change of variables."""

    def __init__(self, problem: Problem) -> None:
        space = volume_space(problem.shape, problem.spacing_nm)
        self.root = np.sqrt(problem.weights)
        projection = ProjectionOperator(problem.projector, space, problem.gains)
        series = projection.range
        data = odl.MultiplyOperator(series.element(self.root), domain=series, range=series) @ projection
        differences = _DIFFERENCES[problem.regulariser](space)
        self.data_norm, self.field_norm = _norm(data), _norm(differences)
        self.operator = odl.BroadcastOperator(data / self.data_norm, differences / self.field_norm)
        target = series.element(self.root * problem.data / self.data_norm)
        misfit = 0.5 * self.data_norm**2 * odl.functionals.L2NormSquared(series).translated(target)
        penalty = problem.lam * self.field_norm * odl.functionals.GroupL1Norm(differences.range)
        self.f = odl.functionals.IndicatorNonnegativity(space)
        self.h = odl.functionals.SeparableSum(misfit, penalty)
        scale = self.field_norm * dual_scale(problem) / problem.density_scale
        ratio = _PRIMAL_WEIGHT[problem.regulariser] * scale
        # The two scaled operators have norm one, so that of their broadcast is at most √2.
        step = 0.99 / np.sqrt(2.0)
        self.sigma, self.tau = float(step * ratio), float(step / ratio)

    def elements(self, state: PrimalDual) -> tuple[Any, Any]:
        """ODL elements x and y of a state."""
        weighted = np.divide(
            state.residual, self.root, out=np.zeros_like(state.residual), where=self.root > 0
        )
        y = self.operator.range.element(
            [weighted * np.float32(self.data_norm), list(state.field * np.float32(self.field_norm))]
        )
        return self.operator.domain.element(state.volume.copy()), y

    def state(self, x: Any, y: Any) -> PrimalDual:
        """State of ODL elements: the duals of the operators without their scales."""
        return PrimalDual(
            volume=x.asarray().copy(),
            field=np.stack([part.asarray() for part in y[1]]) / np.float32(self.field_norm),
            residual=y[0].asarray() * self.root / np.float32(self.data_norm),
        )


def _norm(operator: Any) -> float:
    """Norm by ODL's power method from a fixed start; a little above it, which keeps the steps safe."""
    # A start of mixed frequencies: the differences are largest on the finest pattern.
    z, y, x = np.indices(operator.domain.shape)
    start = operator.domain.element(
        (1.0 + (-1.0) ** (z + y + x) + 0.1 * np.sin(z + 2 * y + 3 * x)).astype("f4")
    )
    norm = float(odl.power_method_opnorm(operator, maxiter=50, xstart=start))
    return 1.02 * norm if norm > 0 else 1.0
