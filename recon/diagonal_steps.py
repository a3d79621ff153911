"""Primal–dual steps with diagonal step sizes: fused kernels, for every problem."""

import numpy as np

from .monitor import Monitor
from .primal_dual import PrimalDual, dual_scale
from .problem import Problem
from .workspace import Workspace


class DiagonalSteps:
    """The over-relaxed method of Chambolle and Pock with one step length per voxel and per ray.

    Parameters
    ----------
    problem : Problem
    workspace : Workspace
    primal_weight : float, optional
        Multiplies the dual and divides the primal steps; that of the regulariser when omitted.
    relaxation : float
        ρ in (0, 2).

    Notes
    -----
    ::

        q ← q + ρ (prox_{σ D*}(q + σ g·P x̄) − q)
        p ← p + ρ (project(p + σ K x̄) − p)
        x⁺ = clip(x − τ (g·Pᵀq + Kᵀp)),   x̄ = 2 x⁺ − x,   x ← x + ρ (x⁺ − x)

    Steps are one over the absolute row and column sums of the operators, which keeps
    ``‖Σ^½ K T^½‖ ≤ 1`` without an estimate of a norm (Pock & Chambolle 2011,
    doi 10.1109/ICCV.2011.6126441). The method is that of Chambolle & Pock 2011,
    doi 10.1007/s10851-010-0251-1, over-relaxed as by Condat 2013, doi 10.1007/s10957-012-0245-9.
    """

    def __init__(
        self,
        problem: Problem,
        workspace: Workspace,
        primal_weight: float | None = None,
        relaxation: float = 1.9,
    ) -> None:
        self.problem, self.workspace = problem, workspace
        self._rho = relaxation
        self._ahead_auxiliary: np.ndarray | None = None
        self._fresh = True
        penalty, curvature = problem.penalty, problem.fidelity.curvature
        weight = penalty.primal_weight if primal_weight is None else primal_weight
        path = problem.projector.row_sums() * problem.column_gain[..., 0]
        pull = problem.adjoint(np.sqrt(curvature))
        seen = pull > 0
        typical = float(pull[seen].mean()) if seen.any() else 1.0
        # The regulariser is scaled so that it pulls on a typical voxel as strongly as the data do.
        balance = typical / penalty.columns
        # Duals are of the order of λ and densities of `density_scale`: equal progress on both sides.
        omega = weight * penalty.rows * dual_scale(problem) / (balance * problem.density_scale)
        # A ray that meets no voxel has no step that could be too long; its dual is to reach −w b.
        endless = 1e3 * float(np.sqrt(curvature.max()))
        pace = np.where(path > 0, omega / np.maximum(path, 1e-12), endless)
        self._pace = np.ascontiguousarray(np.broadcast_to(pace, problem.data.shape[:-1]), np.float32)
        self._sigma = float(omega * balance)
        pull += np.float32(balance * penalty.columns)
        pull *= np.float32(omega)
        self._tau = np.divide(np.float32(1.0), pull, out=pull)
        self._tau_auxiliary = 0.0
        if penalty.auxiliary:
            self._tau_auxiliary = float(1.0 / (omega * balance * penalty.auxiliary_columns))

    def begin(self, state: PrimalDual) -> None:
        """Go on from a state that other steps, or nobody, made."""
        self._fresh = True
        self._ahead_auxiliary = None if state.auxiliary is None else state.auxiliary.copy()

    def advance(self, state: PrimalDual, iterations: int, monitor: Monitor) -> int:
        """Run some iterations, fewer after Ctrl-C, and return how many; each ends with its dual steps."""
        for done in range(1, iterations + 1):
            self._primal(state)
            self._dual(state)
            if monitor.interrupted:
                return done
        return iterations

    def _dual(self, state: PrimalDual) -> None:
        problem, ahead = self.problem, self.workspace.ahead
        problem.forward(ahead, self.workspace.projected)
        problem.fidelity.dual_step(state.residual, self.workspace.projected, self._pace, self._rho)
        problem.penalty.dual_step(
            ahead, self._ahead_auxiliary, state.field, self._sigma, problem.lam, self._rho
        )

    def _primal(self, state: PrimalDual) -> None:
        problem, ahead = self.problem, self.workspace.ahead
        lower, upper = problem.lower, problem.upper
        if self._fresh:
            np.clip(state.volume, np.float32(lower), np.float32(upper), out=ahead)
            self._fresh = False
            return
        # The point ahead is used up by the dual steps: its array now holds the back projection.
        problem.adjoint(state.residual, ahead)
        problem.penalty.primal_step(state.volume, ahead, state.field, self._tau, lower, upper, self._rho)
        if state.auxiliary is not None and self._ahead_auxiliary is not None:
            problem.penalty.auxiliary_step(
                state.auxiliary, self._ahead_auxiliary, state.field, self._tau_auxiliary, self._rho
            )
