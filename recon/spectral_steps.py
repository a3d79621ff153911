"""Primal–dual steps in a spectral metric: slow and fast waves settle together."""

import numpy as np
from numba import njit, prange

from .monitor import Monitor
from .primal_dual import PrimalDual, dual_scale
from .problem import Problem
from .spectral_metric import SpectralMetric, projection_spectra
from .workspace import Workspace

# Steps of the duals of data, regulariser and constraint, relative to their natural scales: any positive
# numbers converge, these were good on all of the project's own particles.
_DATA, _FIELD, _SIGN = 0.3, 1.0, 3.0


class SpectralSteps:
    """The over-relaxed primal–dual method, preconditioned with the spectra of its operators.

    Parameters
    ----------
    problem : Problem
        With a regulariser that has a `stiffness`.
    workspace : Workspace
    relaxation : float
        ρ in (0, 2).

    Notes
    -----
    The saddle point is that of data, regulariser and bounds, with duals q, p and s::

        x⁺ = x − M⁻¹ (g·Pᵀq + Kᵀp + s),   x̄ = 2 x⁺ − x
        q⁺ = prox_{σ_d D*}(q + σ_d g·P x̄)
        p⁺ = project(p + σ_p K x̄)
        s⁺ = v − σ_s clip(v / σ_s, lower, upper),   v = s + σ_s x̄

    over-relaxed by ρ. It converges when ``M ⪰ σ_d (g·P)ᵀ g·P + σ_p KᵀK + σ_s`` (Pock & Chambolle 2011,
    doi 10.1109/ICCV.2011.6126441, holds for any such M). Diagonal steps must be short enough for the
    stiffest wave and then are too short for all others; here M is close to the operators
    (`spectral_metric`). The price is two cosine transforms, and one σ_d for all rays: rays of much
    larger weight than that of a typical bright one settle slowly.
    """

    def __init__(self, problem: Problem, workspace: Workspace, relaxation: float = 1.8) -> None:
        self.problem, self.workspace = problem, workspace
        self._rho = relaxation
        data = _DATA * bright_curvature(problem)
        field = _FIELD * problem.penalty.rows * dual_scale(problem) / problem.density_scale
        sign = _SIGN * data * float(np.median(projection_spectra(problem)))
        self._metric = SpectralMetric(problem, data=data, field=field, sign=sign)
        self._data, self._field, self._push = data, field, np.float32(sign)
        self._pace = np.zeros(problem.data.shape[:-1], np.float32)
        self._sign = np.empty(problem.shape, np.float32)

    def begin(self, state: PrimalDual) -> None:
        """Go on from a state that other steps, or nobody, made."""
        # At the optimum the bounds balance what data and regulariser leave.
        sign = self._sign
        self._slope(state, sign)
        sign += self.workspace.ahead
        np.negative(sign, out=sign)
        if not np.isfinite(self.problem.upper):
            np.minimum(sign, np.float32(0.0), out=sign)

    def advance(self, state: PrimalDual, iterations: int, monitor: Monitor) -> int:
        """Run some iterations, fewer after Ctrl-C, and return how many."""
        problem, ahead, spare = self.problem, self.workspace.ahead, self.workspace.spare
        projected = self.workspace.projected
        flat = (-1, problem.shape[-1])
        for done in range(1, iterations + 1):
            self._slope(state, spare)
            add(spare.reshape(flat), ahead.reshape(flat), self._sign.reshape(flat))
            direction = self._metric.solve(spare)
            primal_step(
                state.volume.reshape(flat),
                ahead.reshape(flat),
                self._sign.reshape(flat),
                direction.reshape(flat),
                self._push,
                np.float32(problem.lower),
                np.float32(problem.upper),
                np.float32(self._rho),
            )
            problem.forward(ahead, projected)
            problem.fidelity.dual_step(state.residual, projected, self._pace, self._rho, self._data)
            problem.penalty.dual_step(ahead, None, state.field, self._field, problem.lam, self._rho)
            if monitor.interrupted:
                return done
        return iterations

    def _slope(self, state: PrimalDual, out: np.ndarray) -> None:
        """Fill `out` with Kᵀp, and the space for the point ahead with g·Pᵀq."""
        self.problem.penalty.adjoint(state.field, out)
        self.problem.adjoint(state.residual, self.workspace.ahead)


def bright_curvature(problem: Problem) -> float:
    """Median curvature of the data term over the bright pixels, for each of which noise is alike."""
    curvature, counted = problem.fidelity.curvature, problem.data * (problem.weights > 0)
    bright = (counted > 0.3 * counted.max()) & (curvature > 0)
    return float(np.median(curvature[bright if bright.any() else curvature > 0]))


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def add(total, one, other):
    """``total ← total + one + other`` on rows of x."""
    rows, nx = total.shape
    for i in prange(rows):
        t, a, b = total[i], one[i], other[i]
        for x in range(nx):
            t[x] += a[x] + b[x]


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def primal_step(volume, ahead, sign, direction, push, lower, upper, relax):
    """Primal step and the dual step of the bounds at the point ahead, on rows of x.

    ``ahead ← volume − 2 direction``, ``volume ← volume − ρ direction`` and ``sign ← sign + ρ (s⁺ − sign)``
    with ``s⁺ = push (v − clip(v, lower, upper))``, v = sign / push + ahead, and ρ = `relax`.
    """
    rows, nx = volume.shape
    inverse = np.float32(1.0) / push
    for i in prange(rows):
        x, a, s, d = volume[i], ahead[i], sign[i], direction[i]
        for k in range(nx):
            beyond = x[k] - d[k] - d[k]
            a[k] = beyond
            x[k] -= relax * d[k]
            v = s[k] * inverse + beyond
            inside = v if v > lower else lower
            inside = inside if inside < upper else upper
            s[k] += relax * (push * (v - inside) - s[k])
