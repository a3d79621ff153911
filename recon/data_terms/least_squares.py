"""Weighted least squares: the data term of Gaussian noise."""

import numpy as np
from numba import njit, prange

from .data_term import DataTerm


class LeastSquares(DataTerm):
    """``D(a) = ½ Σ w (a + r − b)²``.

    Parameters
    ----------
    data : ndarray of float32, shape (tilt, y, x) or (channel, tilt, y, x)
        b.
    weights : ndarray of float32, same shape
        w: inverse variances.
    background : ndarray of float32, same shape, optional
        r; none when omitted.

    Examples
    --------
    >>> term = LeastSquares(np.full((1, 1, 2), 3.0, "f4"), np.full((1, 1, 2), 2.0, "f4"))
    >>> term.value(np.ones((1, 1, 2), "f4"))
    8.0
    """

    def __init__(self, data: np.ndarray, weights: np.ndarray, background: np.ndarray | None = None) -> None:
        self.target = data if background is None else data - background
        self.curvature = weights

    def value(self, projected: np.ndarray) -> float:
        """``½ Σ w (projected − b + r)²``."""
        return 0.5 * self.misfit(projected)

    def misfit(self, projected: np.ndarray) -> float:
        """χ²."""
        rows = (-1, projected.shape[-1])
        return float(
            row_squares(
                projected.reshape(rows), self.target.reshape(rows), self.curvature.reshape(rows)
            ).sum()
        )

    def gradient(self, projected: np.ndarray, out: np.ndarray) -> None:
        """``w (projected − b + r)``."""
        np.subtract(projected, self.target, out=out)
        out *= self.curvature

    def conjugate(self, dual: np.ndarray) -> float:
        """``Σ q²/2w + q (b − r)``."""
        rows = (-1, dual.shape[-1])
        target, weights = self.target.reshape(rows), self.curvature.reshape(rows)
        return float(row_conjugates(dual.reshape(rows), target, weights).sum())

    def clip(self, dual: np.ndarray) -> None:
        """Zero where the weights are."""
        np.multiply(dual, self.curvature > 0, out=dual)

    def dual_step(
        self,
        dual: np.ndarray,
        projected: np.ndarray,
        pace: np.ndarray,
        relax: float,
        level: float = 0.0,
    ) -> None:
        """``q ← q + ρ (w (q + σ (projected − b + r)) / (w + σ) − q)``."""
        rows = (-1, dual.shape[-1])
        dual_step(
            dual.reshape(rows),
            projected.reshape(rows),
            self.target.reshape(rows),
            self.curvature.reshape(rows),
            pace.reshape(-1),
            np.float32(relax),
            np.float32(level),
        )


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def dual_step(dual, projected, target, weights, pace, relax, level):
    """Dual step of `LeastSquares` on rows of x; σ = level + pace √w."""
    rows, nx = dual.shape
    zero, one = np.float32(0.0), np.float32(1.0)
    for i in prange(rows):
        q, a, b, w, speed = dual[i], projected[i], target[i], weights[i], pace[i]
        for x in range(nx):
            s = level + speed * np.sqrt(w[x])
            # Without weight q and its share are zero; the denominator is then of no matter.
            total = w[x] + s
            share = w[x] / (total if total > zero else one)
            q[x] += relax * (share * (q[x] + s * (a[x] - b[x])) - q[x])


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def row_squares(projected, target, weights):
    """``Σ w (projected − target)²`` of each row, float64."""
    rows, nx = projected.shape
    sums = np.empty(rows)
    for i in prange(rows):
        a, b, w = projected[i], target[i], weights[i]
        total = 0.0
        for x in range(nx):
            residual = np.float64(a[x]) - np.float64(b[x])
            total += w[x] * residual * residual
        sums[i] = total
    return sums


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def row_conjugates(dual, target, weights):
    """``Σ q²/2w + q b`` of each row, float64; without the first term where w is zero."""
    rows, nx = dual.shape
    sums = np.empty(rows)
    for i in prange(rows):
        q, b, w = dual[i], target[i], weights[i]
        total = 0.0
        for x in range(nx):
            value = np.float64(q[x])
            total += value * b[x]
            if w[x] > 0:
                total += value * value / (2.0 * w[x])
        sums[i] = total
    return sums
