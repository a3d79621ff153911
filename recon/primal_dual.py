"""Iterates of a primal–dual solve, and its outcome."""

from dataclasses import dataclass, field

import numpy as np

from .problem import Problem
from .reconstruction import Status
from .regularisers.planes import padded_zeros


@dataclass(kw_only=True)
class PrimalDual:
    """Iterates of a solve, kept to warm start the next one.

    Parameters
    ----------
    volume : ndarray of float32, shape of the problem
        Primal iterate.
    field : ndarray of float32, `Problem.field_shape`
        Dual of the regulariser; in balls of the order of λ.
    residual : ndarray of float32, shape of the data
        Dual of the data term; tends to ``w (g·P x + r − b)`` for least squares.
    auxiliary : ndarray of float32, `Problem.auxiliary_shape`, optional
        The regulariser's own volume, where it has one.
    """

    volume: np.ndarray
    field: np.ndarray
    residual: np.ndarray
    auxiliary: np.ndarray | None = None


@dataclass(kw_only=True)
class Solve:
    """Outcome of a solver: the iterates, the feasible volume, how it ended, and what was recorded."""

    state: PrimalDual
    volume: np.ndarray
    status: Status
    relative_gap: float
    iterations: int
    objective: float
    misfit: float
    history: dict[str, list] = field(default_factory=dict)


def starting_point(problem: Problem, start: PrimalDual | None) -> PrimalDual:
    """Return zeros, or the warm start after checking that it fits the problem."""
    shapes = {"volume": problem.shape, "field": problem.field_shape, "residual": problem.data.shape}
    if problem.auxiliary_shape is not None:
        shapes["auxiliary"] = problem.auxiliary_shape
    if start is None:
        zeros = {name: np.zeros(shape, np.float32) for name, shape in shapes.items() if name != "field"}
        return PrimalDual(**zeros, field=padded_zeros(shapes["field"]))
    for name, shape in shapes.items():
        array: np.ndarray | None = getattr(start, name)
        found = "none" if array is None else f"{array.dtype} {array.shape}"
        if array is not None and array.shape == shape and array.dtype == np.float32:
            # Components of the field may lie apart.
            part = array[(0,) * (array.ndim - 3)] if name == "field" else array
            if part.flags.c_contiguous:
                continue
        raise ValueError(f"`start.{name}` must be contiguous float32 of shape {shape}, got {found}")
    # A pixel of no weight has no residual; one left by other weights would spoil the bound.
    problem.fidelity.clip(start.residual)
    return start


def dual_scale(problem: Problem) -> float:
    """Order of magnitude of the regulariser's dual, which sets the step sizes.

    It is λ, unless that is so small that the noise holds the solution, or so large that the solution
    is flat: the dual then stays at what balances the data. Both ends are shares of an estimate of
    λ_max from the mean slope of the data term at zero, measured on balls, with and without weights.
    """
    slope = float(problem.adjoint(problem.fidelity.curvature * np.abs(problem.data)).mean())
    across = float(np.prod(problem.grid)) ** (1.0 / 3.0)
    largest = slope * (0.25 * across if problem.penalty.order == 1 else 0.07 * across**2)
    return max(min(max(problem.lam, 3e-4 * largest), 0.3 * largest), 1e-30)
