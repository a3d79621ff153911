"""Primal–dual hybrid gradient with fused kernels and diagonal steps: the default engine."""

import numpy as np

from .gap import bracket
from .monitor import Callback, Monitor
from .primal_dual import PrimalDual, Solve, dual_scale, starting_point
from .problem import Problem

# Iterations between two evaluations of the gap; each costs about one iteration more.
_CHECK = 20


def solve_pdhg(
    problem: Problem,
    *,
    gap: float = 1e-3,
    max_iterations: int = 2000,
    max_seconds: float | None = None,
    start: PrimalDual | None = None,
    primal_weight: float | None = None,
    relaxation: float = 1.9,
    callback: Callback | None = None,
) -> Solve:
    """Minimise a `Problem` by the over-relaxed primal–dual method of Chambolle and Pock.

    Parameters
    ----------
    problem : Problem
        What to minimise.
    gap : float
        Relative primal–dual gap at which to stop.
    max_iterations : int
        Iterations at most.
    max_seconds : float, optional
        Wall-clock seconds at most; no limit when omitted.
    start : PrimalDual, optional
        Warm start, overwritten; zeros when omitted.
    primal_weight : float, optional
        Multiplies the dual and divides the primal steps. Any positive number converges; the default
        was the fastest on the project's own particles (`Regulariser.primal_weight`).
    relaxation : float
        ρ in (0, 2); values close to 2 were the fastest.
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
    KeyboardInterrupt
        When the solve is interrupted; `start`, where one was given, holds its latest iterates.

    Notes
    -----
    Steps are diagonal: one over the absolute row and column sums of the operators, which keeps
    ``‖Σ^½ K T^½‖ ≤ 1`` without an estimate of a norm (Pock & Chambolle 2011,
    doi 10.1109/ICCV.2011.6126441). The method is that of Chambolle & Pock 2011,
    doi 10.1007/s10851-010-0251-1, over-relaxed as by Condat 2013, doi 10.1007/s10957-012-0245-9.

    The gap is certified by `gap.bracket`.
    """
    monitor = Monitor(gap=gap, max_iterations=max_iterations, max_seconds=max_seconds, callback=callback)
    penalty, fidelity = problem.penalty, problem.fidelity
    steps = _Steps(problem, penalty.primal_weight if primal_weight is None else primal_weight)
    state = starting_point(problem, start)
    lam, rho = np.float32(problem.lam), np.float32(relaxation)
    lower, upper = np.float32(problem.lower), np.float32(problem.upper)
    ahead = np.clip(state.volume, lower, upper)
    ahead_auxiliary = None if state.auxiliary is None else state.auxiliary.copy()
    projected, spare = np.empty_like(problem.data), np.empty_like(ahead)
    for iteration in range(1, max_iterations + 1):
        problem.forward(ahead, projected)
        fidelity.dual_step(state.residual, projected, steps.pace, rho)
        penalty.dual_step(ahead, ahead_auxiliary, state.field, steps.sigma_field, lam, rho)
        # The point ahead is used up: from here on its array holds the back projection.
        if iteration % _CHECK == 0 or iteration == max_iterations:
            objective, bound = bracket(
                problem,
                state.volume,
                state.field,
                state.residual,
                auxiliary=state.auxiliary,
                projected=projected,
                spare=spare,
                back=ahead,
            )
            if monitor.done(iteration, objective, bound):
                break
        else:
            problem.adjoint(state.residual, ahead)
        penalty.primal_step(state.volume, ahead, state.field, steps.tau, lower, upper, rho)
        if state.auxiliary is not None:
            penalty.auxiliary_step(state.auxiliary, ahead_auxiliary, state.field, steps.tau_auxiliary, rho)
    return Solve(
        state=state,
        volume=np.clip(state.volume, lower, upper),
        status=monitor.status,
        relative_gap=monitor.relative_gap,
        iterations=monitor.iteration,
        objective=monitor.objective,
        misfit=problem.misfit(projected),
        history=monitor.history,
    )


class _Steps:
    """Diagonal step sizes."""

    def __init__(self, problem: Problem, primal_weight: float) -> None:
        penalty, curvature = problem.penalty, problem.fidelity.curvature
        path = problem.projector.row_sums() * problem.column_gain[..., 0]
        pull = problem.adjoint(np.sqrt(curvature))
        seen = pull > 0
        typical = float(pull[seen].mean()) if seen.any() else 1.0
        # The regulariser is scaled so that it pulls on a typical voxel as strongly as the data do.
        balance = typical / penalty.columns
        # Duals are of the order of λ and densities of `density_scale`: equal progress on both sides.
        omega = primal_weight * penalty.rows * dual_scale(problem) / (balance * problem.density_scale)
        # A ray that meets no voxel has no step that could be too long; its dual is to reach −w b.
        endless = 1e3 * float(np.sqrt(curvature.max()))
        pace = np.where(path > 0, omega / np.maximum(path, 1e-12), endless)
        shape = problem.data.shape[:-1]
        self.pace = np.ascontiguousarray(np.broadcast_to(pace, shape), np.float32)
        self.sigma_field = np.float32(omega * balance)
        pull += np.float32(balance * penalty.columns)
        pull *= np.float32(omega)
        self.tau = np.divide(np.float32(1.0), pull, out=pull)
        self.tau_auxiliary = np.float32(0.0)
        if penalty.auxiliary:
            self.tau_auxiliary = np.float32(1.0 / (omega * balance * penalty.auxiliary_columns))
