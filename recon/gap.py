"""The certified primal–dual gap."""

import numpy as np
from numba import njit, prange

from .problem import Problem

# Half of the least box of an auxiliary volume, as a share of the volume's range per voxel.
_LEAST_SLOPE = 0.05


def bracket(
    problem: Problem,
    volume: np.ndarray,
    field: np.ndarray,
    residual: np.ndarray,
    *,
    auxiliary: np.ndarray | None = None,
    projected: np.ndarray | None = None,
    spare: np.ndarray | None = None,
    back: np.ndarray | None = None,
) -> tuple[float, float]:
    """Objective of a volume, and a lower bound of the objective from dual variables.

    Parameters
    ----------
    problem : Problem
        What is minimised.
    volume : ndarray of float32, shape of the problem
        Any volume; what lies outside the bounds is taken to the nearer one.
    field : ndarray of float32, `Problem.field_shape`
        Any dual of the regulariser; brought into its balls, in place.
    residual : ndarray of float32, shape of the data
        Any dual of the data; brought into the domain of D*, in place.
    auxiliary : ndarray of float32, `Problem.auxiliary_shape`, optional
        The regulariser's own volume, for those that have one; zeros when omitted.
    projected, spare, back : ndarray of float32, optional
        Space for a series and two volumes. Afterwards `projected` holds g·P of the bounded volume,
        `spare` the slope s of the Notes, and `back` the back projection of the residual.

    Returns
    -------
    objective, bound : float
        ``D(g·P x + r) + λ R(x)`` of the bounded volume, and the bound of the Notes.

    Notes
    -----
    The bound is that of the problem with the further constraint ``x ≤ u``, u being twice the largest
    voxel of the volume or of `Problem.density_scale`. With q the dual of the data, p that of the
    regulariser and ``s = g·Pᵀq + Kᵀp``, every x in the box has an objective of at least::

        −D*(q) + Σ min(lower s, u s)

    As the problem is convex and the volume lies well inside the box, the same gap, times at most
    max(x*)/max(x), bounds the distance from the minimum x* without the box. The auxiliary volume v of
    TGV² is treated in the same way, with a box of twice its largest component, or of a slope that
    crosses the range of the volume in ten voxels where that is more.

    Examples
    --------
    >>> import numpy as np
    >>> from glasstomo.recon import Problem
    >>> problem = Problem(data=np.ones((1, 2, 1)), angles_deg=[0.0], spacing_nm=1.0, lam=0.1)
    >>> bracket(problem, np.zeros((2, 2, 1)), np.zeros((3, 2, 2, 1)), np.zeros((1, 2, 1)))
    (1.0, 0.0)
    """
    field = np.asarray(field, np.float32)
    residual = np.asarray(residual, np.float32)
    if problem.auxiliary_shape is not None and auxiliary is None:
        auxiliary = np.zeros(problem.auxiliary_shape, np.float32)
    problem.penalty.clip(field, problem.lam)
    problem.fidelity.clip(residual)
    bounded = np.empty(problem.shape, np.float32) if spare is None else spare
    np.clip(volume, np.float32(problem.lower), np.float32(problem.upper), out=bounded)
    upper = box_top(problem, bounded)
    projected = problem.forward(bounded, projected)
    objective = problem.objective(bounded, projected, auxiliary)
    bound = -problem.fidelity.conjugate(residual)
    if auxiliary is not None:
        bound += _auxiliary_bound(problem, bounded, auxiliary, field)
    slope = bounded
    problem.penalty.adjoint(field, slope)
    slope += problem.adjoint(residual, back)
    return objective, bound + box_minimum(slope, problem.lower, upper)


def box_top(problem: Problem, volume: np.ndarray) -> float:
    """Upper end u of the box that the bound of `bracket` holds for."""
    largest = min(max(float(volume.max()), problem.lower), problem.upper)
    return min(2.0 * max(largest, problem.density_scale), problem.upper)


def box_minimum(slope: np.ndarray, lower: float, upper: float) -> float:
    """``min ⟨slope, x⟩`` over ``lower ≤ x ≤ upper``; float64."""
    return float(row_minima(slope.reshape(-1, slope.shape[-1]), lower, upper).sum())


def _auxiliary_bound(problem: Problem, volume: np.ndarray, auxiliary: np.ndarray, field: np.ndarray) -> float:
    """``min ⟨Kᵀp, v⟩`` over the box of the auxiliary volume."""
    slope = np.empty_like(auxiliary)
    problem.penalty.auxiliary_adjoint(field, slope)
    steepest, wide = float(np.abs(auxiliary).max()), float(volume.max() - volume.min())
    size = max(steepest, _LEAST_SLOPE * wide, 1e-30)
    return -2.0 * size * float(np.abs(slope).sum(dtype=np.float64))


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def row_minima(slope, lower, upper):
    """``Σ min(lower s, upper s)`` of each row of s, float64."""
    rows, nx = slope.shape
    sums = np.empty(rows)
    for i in prange(rows):
        row = slope[i]
        total = 0.0
        for x in range(nx):
            s = np.float64(row[x])
            total += lower * s if s > 0 else upper * s
        sums[i] = total
    return sums
