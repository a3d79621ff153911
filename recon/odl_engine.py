"""ODL's own primal–dual solver on the identical problem: the slow, independent second engine."""

from typing import Any

import numpy as np

from .certificate import certify
from .monitor import Callback, Monitor
from .odl_operators import as_array, assign, odl
from .odl_pieces import odl_problem
from .primal_dual import PrimalDual, Solve, dual_scale, starting_point
from .problem import Problem

# Iterations between two evaluations of the gap.
_CHUNK = 50
# Dual over primal steps, relative to λ over the density: the fastest on the project's particles.
_PRIMAL_WEIGHT = {"tv": 60.0, "tv2": 15.0, "tv_tv2": 50.0, "tgv2": 30.0}


def solve_odl(
    problem: Problem,
    *,
    gap: float = 1e-3,
    max_iterations: int = 5000,
    max_seconds: float | None = None,
    start: PrimalDual | None = None,
    primal_weight: float | None = None,
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
    primal_weight : float, optional
        Multiplies the dual and divides the primal steps. Any positive number converges; the default was
        the fastest on the project's own particles, volumes of a few voxels want less.
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
    ODL solves ``min f(x) + h(L x)`` with the f of `odl_problem`, L its operators, the data's whitened,
    each divided by its norm, and h the sum of its functionals, each of an argument times that norm: one
    step size has to serve all. It runs in chunks, each resumed with the x, y and relaxed x of the one
    before, so the iterates are those of one long run.

    References
    ----------
    A. Chambolle and T. Pock, J. Math. Imaging Vis. 40 (2011) 120, doi 10.1007/s10851-010-0251-1.

    Examples
    --------
    >>> data = np.zeros((2, 4, 3))
    >>> data[:, 1:, 1:] = 2.0  # seen from above and from the side
    >>> problem = Problem(data=data, angles_deg=[0.0, 90.0], spacing_nm=1.0, lam=0.1)
    >>> solve = solve_odl(problem)
    >>> solve.status.value, round(float(solve.volume.max()), 1)
    ('converged', 0.6)
    """
    monitor = Monitor(gap=gap, max_iterations=max_iterations, max_seconds=max_seconds, callback=callback)
    form = _SaddlePoint(problem, primal_weight)
    x, y = form.elements(starting_point(problem, start))
    relaxed = x.copy()
    projected = np.empty_like(problem.data)
    spare, back = np.empty(problem.shape, np.float32), np.empty(problem.shape, np.float32)
    iteration, done = 0, False
    while not done:
        chunk = min(_CHUNK, max_iterations - iteration)
        odl.solvers.pdhg(
            x, form.f, form.h, form.operator, chunk, tau=form.tau, sigma=form.sigma, y=y, x_relax=relaxed
        )
        iteration += chunk
        state = form.state(x, y)
        proof = certify(problem, state, gap=gap, projected=projected, spare=spare, back=back)
        done = monitor.done(iteration, proof.objective, proof.bound)
    return Solve(
        state=state,
        volume=np.clip(state.volume, np.float32(problem.lower), np.float32(problem.upper)),
        status=monitor.status,
        relative_gap=monitor.relative_gap,
        iterations=iteration,
        objective=monitor.objective,
        misfit=proof.misfit,
        history=monitor.history,
    )


class _SaddlePoint:
    """The functionals, the operator and the steps of one problem, and the change of variables."""

    def __init__(self, problem: Problem, primal_weight: float | None) -> None:
        self.problem = problem
        self.root = np.sqrt(problem.fidelity.curvature)
        self.f, functionals, operators = odl_problem(problem, whitened=True)
        self.norms = [_norm(operator) for operator in operators]
        self.operator = odl.BroadcastOperator(
            *[operator / norm for operator, norm in zip(operators, self.norms, strict=True)]
        )
        self.h = odl.functionals.SeparableSum(
            *[functional.dilated(norm) for functional, norm in zip(functionals, self.norms, strict=True)]
        )
        scale = self.norms[1] * dual_scale(problem) / problem.density_scale
        ratio = (_PRIMAL_WEIGHT[problem.regulariser] if primal_weight is None else primal_weight) * scale
        step = 0.99 / _norm(self.operator)
        self.sigma, self.tau = float(step * ratio), float(step / ratio)

    def elements(self, state: PrimalDual) -> tuple[Any, Any]:
        """ODL elements x and y of a state."""
        x, y = self.operator.domain.element(), self.operator.range.element()
        if state.auxiliary is None:
            assign(x, state.volume)
        else:
            assign(x[0], state.volume)
            assign(x[1], state.auxiliary.reshape(-1, *self.problem.grid))
        q = np.divide(state.residual, self.root, out=np.zeros_like(state.residual), where=self.root > 0)
        assign(y[0], q * np.float32(self.norms[0]))
        for part, norm, block in zip(y[1:], self.norms[1:], self._blocks(state.field), strict=True):
            assign(part, block.reshape(-1, *self.problem.grid) * np.float32(norm))
        return x, y

    def state(self, x: Any, y: Any) -> PrimalDual:
        """State of ODL elements: the duals of the operators without their scales."""
        field = np.empty(self.problem.field_shape, np.float32)
        for part, norm, block in zip(y[1:], self.norms[1:], self._blocks(field), strict=True):
            block[:] = as_array(part).reshape(block.shape) / np.float32(norm)
        residual = as_array(y[0]) * self.root / np.float32(self.norms[0])
        if self.problem.auxiliary_shape is None:
            return PrimalDual(volume=as_array(x).copy(), field=field, residual=residual)
        auxiliary = as_array(x[1]).reshape(self.problem.auxiliary_shape)
        return PrimalDual(volume=as_array(x[0]).copy(), field=field, residual=residual, auxiliary=auxiliary)

    def _blocks(self, field: np.ndarray) -> list[np.ndarray]:
        """Views of the components of a field that belong to each difference operator."""
        channels = self.problem.channels or 1
        counts = [len(operator.range) // channels for operator in self.operator[1:]]
        return np.split(field, np.cumsum(counts)[:-1], axis=-4)


def _norm(operator: Any) -> float:
    """Norm by ODL's power method from a fixed start; a little above it, which keeps the steps safe."""
    start = operator.domain.element()
    for index, part in enumerate(start if isinstance(start.space, odl.ProductSpace) else [start]):
        _mixed(part, index)
    if operator(start).norm() == 0.0:
        # Differences of a single voxel: there are none, and ODL's method refuses such a start.
        return 1.0
    norm = float(odl.power_method_opnorm(operator, maxiter=50, xstart=start))
    return 1.02 * norm if norm > 0 else 1.0


def _mixed(element: Any, index: int) -> None:
    """Fill with mixed frequencies: differences are largest on the finest pattern."""
    if isinstance(element.space, odl.ProductSpace):
        for number, part in enumerate(element):
            _mixed(part, index + number)
        return
    z, y, x = np.indices(element.shape)
    assign(element, 1.0 + (-1.0) ** (z + y + x + index) + 0.1 * np.sin(z + 2 * y + 3 * x + index))
