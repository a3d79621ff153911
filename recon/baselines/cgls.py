"""Conjugate gradients on the weighted normal equations (CGLS), as a baseline."""

import numpy as np

from ..monitor import Callback
from ..problem import Problem


def cgls(
    problem: Problem,
    *,
    iterations: int = 20,
    callback: Callback | None = None,
) -> np.ndarray:
    """Reconstruct by a fixed number of CGLS iterations, the regularisation being the early stop.

    Parameters
    ----------
    problem : Problem
        Its data, weights and operator with gains; λ and the regulariser are not used, and neither
        is the constraint x ≥ 0.
    iterations : int
        How many; the noise grows with them.
    callback : callable, optional
        Called as ``callback(iteration, misfit, nan)`` after each iteration, with
        ``½ Σ w (A x − b)²``; the iterations end when it returns True.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        In the units of the data per nm; may be negative.

    Raises
    ------
    ValueError
        When `iterations` is below 1.

    Notes
    -----
    Minimises ``½ ‖√w (A x − b)‖²`` over Krylov spaces of growing size, A = g·P, from zero. The
    misfit never grows; iteration k is the best of its Krylov space.

    References
    ----------
    M. R. Hestenes and E. Stiefel, J. Res. Natl. Bur. Stand. 49 (1952) 409, doi 10.6028/jres.049.044.

    Examples
    --------
    >>> data = np.full((1, 4, 2), 6.0)
    >>> x = cgls(Problem(data=data, angles_deg=[0.0], spacing_nm=1.0, depth=3), iterations=1)
    >>> x[:, 1, 0]
    array([2., 2., 2.], dtype=float32)
    """
    if iterations < 1:
        raise ValueError(f"`iterations` must be at least 1, got {iterations}")
    root = np.sqrt(problem.weights)
    volume = np.zeros(problem.shape, np.float32)
    residual = root * problem.data
    slope = problem.adjoint(root * residual)
    direction = slope.copy()
    square = first = _square(slope)
    for iteration in range(1, iterations + 1):
        # Float32 gradients hold about seven digits: below that there is nothing left to descend.
        if square <= 1e-13 * first or square == 0.0:
            break
        ahead = root * problem.forward(direction)
        curvature = _square(ahead)
        if curvature == 0.0:
            break
        step = np.float32(square / curvature)
        volume += step * direction
        residual -= step * ahead
        slope = problem.adjoint(root * residual)
        previous, square = square, _square(slope)
        direction *= np.float32(square / previous)
        direction += slope
        if callback is not None and callback(iteration, 0.5 * _square(residual), float("nan")) is True:
            break
    return volume


def _square(array: np.ndarray) -> float:
    """Sum of squares, float64."""
    return float(np.sum(np.square(array, dtype=np.float64)))
