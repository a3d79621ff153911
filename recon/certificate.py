"""What a solve proves at its present iterates: objective, lower bound, misfit."""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange

from .gap import box_minimum, box_top, bracket
from .primal_dual import PrimalDual
from .problem import Problem

# A ray is dark when it sees less than this share of the brightest one.
_DARK = 0.01
# Sharpening the bound is worth its cost when the gap is no further than this from the one wanted.
_NEAR = 30.0
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
    if gap < relative < _NEAR * gap:
        upper = box_top(problem, state.volume)
        base = bound + problem.fidelity.conjugate(state.residual)
        base -= box_minimum(spare, problem.lower, upper)
        _raise_dark_rays(problem, state.residual, spare, projected, scratch=back)
        raised = base - problem.fidelity.conjugate(projected) + box_minimum(spare, problem.lower, upper)
        # NaN, should it come up, must not pass for a bound.
        bound = raised if raised > bound else bound
    return Certificate(objective=objective, bound=bound, misfit=misfit)


def _raise_dark_rays(
    problem: Problem, residual: np.ndarray, slope: np.ndarray, projected: np.ndarray, scratch: np.ndarray
) -> None:
    """Turn `projected` into the raised dual q + δ, and add the change to the slope."""
    threshold = np.float32(_DARK * float(projected.max()))
    slabs = [slice(x, x + _SLAB) for x in range(0, slope.shape[-1], _SLAB)]
    for slab in slabs:
        part, before = projected[..., slab], residual[..., slab]
        dark = np.empty(part.shape, np.float32)
        for channel in np.ndindex(part.shape[:-3]):
            find_dark(part[channel], problem.weights[..., slab][channel], threshold, dark[channel])
        rise, largest = _needed(problem, slope[..., slab], dark, scratch)
        for channel in np.ndindex(part.shape[:-3]):
            raise_dark(before[channel], dark[channel], rise[channel], largest, part[channel])
    problem.fidelity.clip(projected)
    for slab in slabs:
        change = projected[..., slab] - residual[..., slab]
        slope[..., slab] += problem.adjoint(change, _start_of(scratch, slope[..., slab].shape))


def _start_of(scratch: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a contiguous array of a smaller shape in the memory of another."""
    return scratch.reshape(-1)[: int(np.prod(shape))].reshape(shape)


def _needed(
    problem: Problem, slope: np.ndarray, dark: np.ndarray, scratch: np.ndarray
) -> tuple[np.ndarray, np.float32]:
    """Rise of each ray that leaves no slope negative, as 8th power of a share of the largest; and that.

    The 8-norm along the ray is nearly its maximum, and a projection.
    """
    need = problem.adjoint(dark, _start_of(scratch, slope.shape))
    # A voxel that dark rays only graze would need a rise that costs more than it saves.
    least = np.float32(0.2 * problem.spacing_nm)
    largest = np.float32(0.0)
    for channel in np.ndindex(need.shape[:-3]):
        largest = max(largest, demand(need[channel], slope[channel], least).max())
    for channel in np.ndindex(need.shape[:-3]):
        eighth_power(need[channel], np.float32(1.0) / max(largest, np.float32(1e-30)))
    rise = problem.forward(need)
    rise /= np.float32(problem.spacing_nm)
    return rise, np.float32(1.2) * largest


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def find_dark(projected, weights, threshold, out):
    """One where a ray of some weight sees no more than the threshold, zero elsewhere."""
    for t in prange(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                seen = projected[t, y, x] <= threshold and weights[t, y, x] > 0
                out[t, y, x] = np.float32(1.0) if seen else np.float32(0.0)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def demand(reach, slope, least):
    """``reach ← max(0, −slope) / reach`` where it is above `least`, else 0; the maximum of each slice z."""
    tops = np.zeros(reach.shape[0], np.float32)
    for z in prange(reach.shape[0]):
        top = np.float32(0.0)
        for y in range(reach.shape[1]):
            for x in range(reach.shape[2]):
                missing = -slope[z, y, x]
                asked = reach[z, y, x] > least and missing > 0
                value = missing / reach[z, y, x] if asked else np.float32(0.0)
                reach[z, y, x] = value
                top = max(top, value)
        tops[z] = top
    return tops


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def eighth_power(values, scale):
    """``values ← (values · scale)⁸``, in place; zero where the base is below a thousandth."""
    least = np.float32(1e-3)
    for z in prange(values.shape[0]):
        for y in range(values.shape[1]):
            for x in range(values.shape[2]):
                value = values[z, y, x] * scale
                # Less would end in numbers so small that processors slow down.
                value = value if value > least else np.float32(0.0)
                value *= value
                value *= value
                values[z, y, x] = value * value


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def raise_dark(residual, dark, rise, largest, out):
    """``out ← residual + dark · largest · rise^⅛``."""
    for t in prange(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                root = np.sqrt(np.sqrt(np.sqrt(rise[t, y, x])))
                out[t, y, x] = residual[t, y, x] + dark[t, y, x] * largest * root
