"""Norms and steps of the textbook primal–dual method, on which peers and the plain reference run."""

import math
from dataclasses import dataclass

import numpy as np

from ..recon import Problem
from ..recon.primal_dual import dual_scale


@dataclass(frozen=True, kw_only=True)
class PlainSteps:
    """Norms and steps for a plain primal–dual method, found outside the clock.

    With ``K = (√w g·P / a, R / r)`` both parts have norm one: ``σ τ ‖K‖² < 1``.

    Parameters
    ----------
    data_norm, field_norm : float
        a and r.
    sigma, tau : float
        Dual and primal step.
    """

    data_norm: float
    field_norm: float
    sigma: float
    tau: float


def plain_steps(problem: Problem, *, tuned: bool = True) -> PlainSteps:
    """Return norms and steps for a plain primal–dual method on a problem.

    Parameters
    ----------
    problem : Problem
        Least squares with TV or TV² and λ > 0.
    tuned : bool
        Steps whose ratio was the best of a scan in steps of three on our own problem at 32³, 48³ and
        64³, so that peers do not suffer from a poor choice; or the textbook's σ = τ.

    Returns
    -------
    PlainSteps
    """
    vector, square = np.ones(problem.shape, np.float32), 0.0
    for _ in range(30):
        vector = problem.adjoint(problem.weights * problem.forward(vector))
        square = float(np.linalg.norm(vector.astype(np.float64)))
        vector /= np.float32(square)
    # The power method approaches from below; the differences' norms are bounds.
    data_norm, field_norm = (
        1.02 * math.sqrt(square),
        {"tv": math.sqrt(12.0), "tv2": 12.0}[problem.regulariser],
    )
    ratio = 1.0
    if tuned:
        ratio = {"tv": 90.0, "tv2": 12.0}[problem.regulariser]
        ratio *= field_norm * dual_scale(problem) / problem.density_scale
    step = 0.99 / math.sqrt(2.0)
    return PlainSteps(data_norm=data_norm, field_norm=field_norm, sigma=step * ratio, tau=step / ratio)
