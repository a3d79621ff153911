"""What a solve proves at its present iterates: objective, lower bound, misfit."""

from dataclasses import dataclass

import numpy as np

from .gap import box_minimum, box_top, bracket
from .primal_dual import PrimalDual
from .problem import Problem

# A ray is dark when it sees less than this share of the brightest one.
_DARK = 0.01
# Sharpening the bound is worth its cost when the gap is no further than this from the one wanted.
_NEAR = 100.0
# Slices along x that are worked on together: their temporaries stay small.
_SLAB = 32


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Objective of the bounded volume, a lower bound of the minimum, and the misfit."""

    objective: float
    bound: float
    misfit: float


def certify(
    problem: Problem,
    state: PrimalDual,
    *,
    gap: float,
    projected: np.ndarray,
    spare: np.ndarray,
    back: np.ndarray,
) -> Certificate:
    """Evaluate the gap of the iterates, with the best dual that is cheap to find.

    Parameters
    ----------
    problem : Problem
        What is minimised.
    state : PrimalDual
        The iterates; both duals are brought into their domains, in place.
    gap : float
        Relative gap that is wanted: the bound is only sharpened when it can be decisive.
    projected, spare, back : ndarray of float32
        Space for a series and two volumes; overwritten.

    Returns
    -------
    Certificate

    Notes
    -----
    `gap.bracket` proves a bound from any dual q of the data. What it loses at the iterates of a
    primal–dual method is mostly due to empty voxels: their slope s should be positive, and each one that is
    slightly negative costs as if the voxel could be full. But an empty voxel is seen by rays that pass
    through nothing else. Raising q by δ ≥ 0 on such dark rays raises the slope by g·Pᵀδ, where positive
    slopes cost nothing, at the price of ``D*(q + δ) − D*(q)``, small because D* is nearly flat there. With
    c_i the total weight of the dark rays through voxel i,

        δ = max over the voxels of the ray of max(0, −s_i) / c_i

    makes all slopes non-negative that dark rays reach; the maximum is taken as an 8-norm, by one
    projection. As any q of the domain gives a bound, no condition of this needs to hold exactly. On the
    project's own particles the gap so proven falls below 1e-3 after half as many iterations.
    """
    objective, bound = bracket(
        problem,
        state.volume,
        state.field,
        state.residual,
        auxiliary=state.auxiliary,
        projected=projected,
        spare=spare,
        back=back,
    )
    misfit = problem.misfit(projected)
    relative = (objective - bound) / max(abs(objective), 1e-30)
    if gap < relative < max(_NEAR * gap, 0.3):
        upper = box_top(problem, state.volume)
        base = bound + problem.fidelity.conjugate(state.residual)
        base -= box_minimum(spare, problem.lower, upper)
        _raise_dark_rays(problem, state.residual, spare, projected)
        raised = base - problem.fidelity.conjugate(projected) + box_minimum(spare, problem.lower, upper)
        # NaN, should it come up, must not pass for a bound.
        bound = raised if raised > bound else bound
    return Certificate(objective=objective, bound=bound, misfit=misfit)


def _raise_dark_rays(
    problem: Problem, residual: np.ndarray, slope: np.ndarray, projected: np.ndarray
) -> None:
    """Turn `projected` into the raised dual q + δ, and add the change to the slope."""
    threshold = np.float32(_DARK * float(projected.max()))
    slabs = [slice(x, x + _SLAB) for x in range(0, slope.shape[-1], _SLAB)]
    for slab in slabs:
        part = projected[..., slab]
        dark = ((part <= threshold) & (problem.weights[..., slab] > 0)).astype(np.float32)
        part[:] = residual[..., slab] + dark * _needed(problem, slope[..., slab], dark)
    problem.fidelity.clip(projected)
    for slab in slabs:
        slope[..., slab] += problem.adjoint(projected[..., slab] - residual[..., slab])


def _needed(problem: Problem, slope: np.ndarray, dark: np.ndarray) -> np.ndarray:
    """Rise of each ray after which no slope is negative that dark rays reach; nearly the least."""
    reach = problem.adjoint(dark)
    # A voxel that dark rays only graze would need a rise that costs more than it saves.
    reached = reach > 0.2 * problem.spacing_nm
    need = np.divide(-slope, reach, out=np.zeros_like(reach), where=reached & (slope < 0))
    largest = float(need.max())
    if largest <= 0:
        return np.zeros_like(dark)
    need /= np.float32(largest)
    for _ in range(3):
        np.square(need, out=need)
    rise = problem.forward(need)
    rise /= np.float32(problem.spacing_nm)
    for _ in range(3):
        np.sqrt(rise, out=rise)
    rise *= np.float32(1.2 * largest)
    return rise
