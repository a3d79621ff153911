"""Closed forms of data terms: weighted least squares and the Kullback–Leibler divergence."""

import numpy as np

from .closed_form import ClosedForm

Array = float | np.ndarray


def least_squares(
    *, data: Array, weights: Array = 1.0, background: Array = 0.0, weight: Array = 1.0
) -> ClosedForm:
    """``f(a) = ½ Σ w (a + r − b)²``; ``f*(q) = Σ q²/2w + q (b − r)``, where w = 0 infinite unless q = 0."""
    w, target = np.float64(weights), np.float64(data) - background

    def conjugate(q: np.ndarray) -> float:
        seen = np.broadcast_to(w, q.shape) > 0
        if q[~seen].any():
            return np.inf
        squares = np.divide(q**2, 2.0 * w, out=np.zeros_like(q), where=seen)
        return float((weight * np.where(seen, squares + q * target, 0.0)).sum())

    return ClosedForm(
        formula="f(a) = ½ Σ w (a + r − b)²",
        value=lambda a: 0.5 * float((weight * w * (a - target) ** 2).sum()),
        prox=lambda a, step: (a + step * w * target) / (1.0 + step * w),
        conjugate=conjugate,
        conjugate_prox=lambda q, step: w * (q - step * target) / (w + step),
    )


def kullback_leibler(
    *, data: Array, weights: Array = 1.0, background: Array = 0.0, weight: Array = 1.0
) -> ClosedForm:
    """``f(a) = Σ k (y − b + b log(b / y))`` with ``y = a + r``; infinite for y < 0, and for y = 0 < b.

    ``f*(q) = −Σ k b log(1 − q/k) + q r`` for q < k, or q ≤ k where b = 0; where k = 0, infinite unless
    q = 0. L. A. Shepp and Y. Vardi, IEEE Trans. Med. Imaging 1 (1982) 113, doi 10.1109/TMI.1982.4307558.
    """
    b, k, r = np.float64(data), np.float64(weights), np.float64(background)

    def value(a: np.ndarray) -> float:
        b_, k_, y = np.broadcast_arrays(b, k, a + r)
        if ((k_ > 0) & ((y < 0) | ((y == 0) & (b_ > 0)))).any():
            return np.inf
        counted = (k_ > 0) & (b_ > 0)
        logs = np.log(np.divide(b_, y, out=np.ones(y.shape), where=counted))
        return float((weight * np.where(k_ > 0, k_ * (y - b_ + b_ * logs), 0.0)).sum())

    def prox(a: np.ndarray, step: float) -> np.ndarray:
        # The larger root of y² − (a + r − s k) y − s k b = 0, by the sum that does not cancel.
        s = a + r - step * k
        root = np.sqrt(s**2 + 4.0 * step * k * b)
        small = np.divide(2.0 * step * k * b, root - s, out=np.zeros_like(root), where=s < 0)
        return np.where(k > 0, np.where(s < 0, small, 0.5 * (s + root)) - r, a)

    def conjugate(q: np.ndarray) -> float:
        b_, k_, r_ = (np.broadcast_to(part, q.shape) for part in (b, k, r))
        if (q > k_).any() or ((q == k_) & (b_ * k_ > 0)).any() or q[k_ == 0].any():
            return np.inf
        share = np.divide(q, k_, out=np.zeros_like(q), where=(k_ > 0) & (b_ > 0))
        return float((weight * (-k_ * b_ * np.log1p(-share) - q * r_)).sum())

    return ClosedForm(
        formula="f(a) = Σ k (y − b + b log(b / y)), y = a + r",
        value=value,
        prox=prox,
        conjugate=conjugate,
        # By Moreau's identity, but without its rounding where there is no weight.
        conjugate_prox=lambda q, step: np.where(k > 0, q - step * prox(q / step, 1.0 / step), 0.0),
    )
