"""The certified primal–dual gap, and the projection that makes a dual iterate feasible."""

import numpy as np
from numba import njit, prange

from .problem import Problem
from .regularisers.gradient import gradient_adjoint
from .regularisers.hessian import hessian_adjoint

_ADJOINTS = {"tv": gradient_adjoint, "tv2": hessian_adjoint}


def bracket(
    problem: Problem,
    volume: np.ndarray,
    field: np.ndarray,
    residual: np.ndarray,
    *,
    projected: np.ndarray | None = None,
    back: np.ndarray | None = None,
) -> tuple[float, float]:
    """Objective of a volume, and a lower bound of the objective from dual variables.

    Parameters
    ----------
    problem : Problem
        What is minimised.
    volume : ndarray of float32, shape (z, y, x)
        Any volume; its negative voxels count as zero.
    field : ndarray of float32, shape (3 or 6, z, y, x)
        Any dual of the regulariser; cut to at most λ per voxel, in place.
    residual : ndarray of float32, shape (tilt, y, x)
        Any dual of the data that is zero where the weights are.
    projected, back : ndarray of float32, optional
        Space for a series and for a volume. `projected` holds g·P of the non-negative volume afterwards.

    Returns
    -------
    objective, bound : float
        ``½ Σ w (g·P x − b)² + λ R(x)`` of the non-negative volume, and the bound of the Notes.

    Notes
    -----
    The bound is that of the problem with the further constraint ``x ≤ u``, u being twice the largest
    voxel of the volume or of `Problem.density_scale`. With q the dual of the data and p that of the
    regulariser, every x in the box has an objective of at least::

        −Σ (q²/2w + q b) − u Σ max(0, −(g·Pᵀq + Rᵀp))

    As the problem is convex and the volume lies well inside the box, the same gap, times at most
    max(x*)/max(x), bounds the distance from the minimum x* without the box.

    Examples
    --------
    >>> import numpy as np
    >>> from glasstomo.recon import Problem
    >>> problem = Problem(data=np.ones((1, 2, 1)), angles_deg=[0.0], spacing_nm=1.0, lam=0.1)
    >>> bracket(problem, np.zeros((2, 2, 1)), np.zeros((3, 2, 2, 1)), np.zeros((1, 2, 1)))
    (1.0, 0.0)
    """
    volume = np.maximum(volume, np.float32(0.0), dtype=np.float32)
    projected = problem.forward(volume, projected)
    objective = problem.objective(volume, projected)
    field = np.asarray(field, np.float32)
    residual = np.asarray(residual, np.float32)
    clip_field(field, np.float32(problem.lam))
    slope = np.empty_like(volume)
    _ADJOINTS[problem.regulariser](field, slope)
    slope += problem.adjoint(residual, back)
    upper = 2.0 * max(float(volume.max()), problem.density_scale)
    q = residual.astype(np.float64)
    weights = problem.weights.astype(np.float64)
    square = np.divide(q * q, 2.0 * weights, out=np.zeros_like(q), where=weights > 0)
    outside = float(np.minimum(slope, np.float32(0.0)).sum(dtype=np.float64))
    return objective, upper * outside - float(np.sum(square + q * problem.data))


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def clip_field(field, radius):
    """Project a field (component, z, y, x) onto |field| ≤ radius per voxel, in place."""
    components, nz, ny, nx = field.shape
    for z in prange(nz):
        for y in range(ny):
            for x in range(nx):
                square = np.float32(0.0)
                for c in range(components):
                    square += field[c, z, y, x] * field[c, z, y, x]
                norm = np.sqrt(square)
                if norm > radius:
                    shrink = radius / norm
                    for c in range(components):
                        field[c, z, y, x] *= shrink
