"""Simultaneous iterative reconstruction (SIRT) with non-negativity, as a baseline."""

import numpy as np

from ..monitor import Callback
from ..problem import Problem


def sirt(
    problem: Problem,
    *,
    iterations: int = 100,
    relaxation: float = 1.0,
    callback: Callback | None = None,
) -> np.ndarray:
    """Reconstruct by a fixed number of SIRT iterations.

    Parameters
    ----------
    problem : Problem
        Its data, operator with gains, and which pixels have a weight above zero; the values of
        the weights, λ and the regulariser are not used.
    iterations : int
        How many; the noise grows with them.
    relaxation : float
        ρ in (0, 2).
    callback : callable, optional
        Called as ``callback(iteration, residual, nan)`` in each iteration, with
        ``½ Σ C⁻¹ (b − A x)²`` of the volume before it, which is returned when it says True.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        In the units of the data per nm; ≥ 0.

    Raises
    ------
    ValueError
        When a parameter is out of range.

    Notes
    -----
    ``x ← max(0, x + ρ D⁻¹ Aᵀ C⁻¹ (b − A x))`` from zero, with A = g·P and C and D its row and
    column sums. It is a projected gradient method whose step is at most ρ over the Lipschitz
    constant: the weighted residual never grows for ρ < 2.

    References
    ----------
    P. Gilbert, J. Theor. Biol. 36 (1972) 105, doi 10.1016/0022-5193(72)90180-4; J. Gregor and
    T. Benson, IEEE Trans. Med. Imaging 27 (2008) 918, doi 10.1109/TMI.2008.923696.

    Examples
    --------
    >>> data = np.full((1, 4, 2), 6.0)
    >>> x = sirt(Problem(data=data, angles_deg=[0.0], spacing_nm=1.0, depth=3), iterations=1)
    >>> x[:, 1, 0]
    array([2., 2., 2.], dtype=float32)
    """
    if iterations < 1:
        raise ValueError(f"`iterations` must be at least 1, got {iterations}")
    if not 0.0 < relaxation < 2.0:
        raise ValueError(f"`relaxation` must lie between 0 and 2, got {relaxation}")
    seen = problem.weights > 0
    rows = np.broadcast_to(problem.projector.row_sums()[:, :, None] * problem.column_gain, seen.shape)
    columns = problem.adjoint(seen.astype(np.float32))
    shares = np.divide(1.0, rows, out=np.zeros_like(problem.data), where=seen & (rows > 0))
    steps = np.divide(np.float32(relaxation), columns, out=np.zeros_like(columns), where=columns > 0)
    volume = np.zeros(problem.shape, np.float32)
    projected, back = np.empty_like(problem.data), np.empty_like(volume)
    for iteration in range(1, iterations + 1):
        residual = problem.data - problem.forward(volume, projected)
        weighted = residual * shares
        if callback is not None:
            square = 0.5 * float(np.sum(weighted * residual, dtype=np.float64))
            if callback(iteration, square, float("nan")) is True:
                break
        problem.adjoint(weighted, back)
        back *= steps
        volume += back
        np.maximum(volume, np.float32(0.0), out=volume)
    return volume
