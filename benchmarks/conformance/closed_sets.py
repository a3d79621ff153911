"""Closed forms of indicators: 0 within a convex set, infinite outside."""

import numpy as np

from .closed_form import ClosedForm

# Relative distance at which a sum still counts as equal: no float sums exactly to a number given.
_EQUAL = 1e-6
Weight = float | np.ndarray


def box(
    *, lower: float | np.ndarray = -np.inf, upper: float | np.ndarray = np.inf, weight: Weight = 1.0
) -> ClosedForm:
    """0 for ``lower ≤ x ≤ upper``, else infinite; ``f*(p) = Σ upper max(p, 0) + lower min(p, 0)``."""

    def conjugate(p: np.ndarray) -> float:
        rise = np.where(p > 0, np.broadcast_to(np.float64(upper), p.shape), 0.0)
        fall = np.where(p < 0, np.broadcast_to(np.float64(lower), p.shape), 0.0)
        bound = rise + fall
        return float((weight * p * np.where(p == 0, 0.0, bound)).sum())

    return ClosedForm(
        formula="f(x) = 0 where lower ≤ x ≤ upper, else ∞",
        value=lambda x: 0.0 if ((x >= lower) & (x <= upper)).all() else np.inf,
        prox=lambda x, step: np.clip(x, lower, upper),
        conjugate=conjugate,
        conjugate_prox=lambda p, step: p - np.clip(p, step * np.float64(lower), step * np.float64(upper)),
    )


def nonnegative(*, weight: Weight = 1.0) -> ClosedForm:
    """0 for ``x ≥ 0``, else infinite; f* is 0 for ``p ≤ 0``, else infinite."""
    return box(lower=0.0, weight=weight)


def l2_ball(*, radius: float = 1.0, center: float | np.ndarray = 0.0, weight: Weight = 1.0) -> ClosedForm:
    """0 for ``‖x − c‖ ≤ r``, else infinite; ``f*(p) = r ‖p‖ + ⟨c, p⟩``."""

    def norm(x: np.ndarray) -> float:
        return float(np.sqrt((weight * x**2).sum()))

    def prox(x: np.ndarray, step: float) -> np.ndarray:
        away = x - center
        return center + away * (radius / norm(away) if norm(away) > radius else 1.0)

    return ClosedForm(
        formula="f(x) = 0 where ‖x − c‖ ≤ r, else ∞",
        value=lambda x: 0.0 if norm(x - center) <= radius else np.inf,
        prox=prox,
        conjugate=lambda p: radius * norm(p) + float((weight * center * p).sum()),
    )


def l1_ball(*, radius: float = 1.0, weight: float = 1.0) -> ClosedForm:
    """0 for ``Σ |x_i| ≤ r``, else infinite; ``f*(p) = r max |p_i|``; weights all alike."""
    return ClosedForm(
        formula="f(x) = 0 where Σ |x_i| ≤ r, else ∞",
        value=lambda x: 0.0 if weight * np.abs(x).sum() <= radius else np.inf,
        prox=lambda x, step: onto_l1_ball(x, radius / weight),
        conjugate=lambda p: radius * float(np.abs(p).max()),
    )


def simplex(*, radius: float = 1.0, weight: float = 1.0) -> ClosedForm:
    """0 for ``x ≥ 0`` with ``Σ x_i = r``, else infinite; ``f*(p) = r max p_i``; weights all alike."""
    return ClosedForm(
        formula="f(x) = 0 where x ≥ 0 and Σ x_i = r, else ∞",
        value=lambda x: 0.0 if (x >= 0).all() and np.isclose(weight * x.sum(), radius, _EQUAL, 0) else np.inf,
        prox=lambda x, step: onto_simplex(x, radius / weight),
        conjugate=lambda p: radius * float(p.max()),
    )


def onto_simplex(x: np.ndarray, total: float) -> np.ndarray:
    """Nearest array of no negative entry with a given sum.

    Notes
    -----
    ``max(x − θ, 0)`` with the θ that gives the sum, found among the sorted entries: M. Held, P. Wolfe and
    H. P. Crowder, Math. Program. 6 (1974) 62, doi 10.1007/BF01580223.

    Examples
    --------
    >>> onto_simplex(np.array([1.0, 0.5, -2.0]), 1.0)
    array([0.75, 0.25, 0.  ])
    """
    ordered = np.sort(x.ravel())[::-1]
    theta = (np.cumsum(ordered) - total) / np.arange(1, ordered.size + 1)
    return np.maximum(x - theta[np.flatnonzero(ordered > theta)[-1]], 0.0)


def onto_l1_ball(x: np.ndarray, radius: float) -> np.ndarray:
    """Nearest array whose absolute values sum to at most the radius.

    Examples
    --------
    >>> onto_l1_ball(np.array([-2.0, 1.0]), 2.0)
    array([-1.5,  0.5])
    """
    size = np.abs(x)
    return x.copy() if size.sum() <= radius else np.sign(x) * onto_simplex(size, radius)
