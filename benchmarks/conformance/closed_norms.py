"""Closed forms of norms, their squares and Huber's function."""

import numpy as np

from .closed_form import ClosedForm
from .closed_sets import onto_l1_ball

# Distance at which slopes still count as equal.
_EQUAL = 1e-6
Weight = float | np.ndarray


def zero(*, weight: Weight = 1.0) -> ClosedForm:
    """Nothing: ``f = 0``; f* is 0 at 0, else infinite."""
    del weight
    return ClosedForm(
        formula="f(x) = 0",
        value=lambda x: 0.0,
        prox=lambda x, step: x.copy(),
        conjugate=lambda p: np.inf if p.any() else 0.0,
        conjugate_prox=lambda p, step: np.zeros_like(p),
    )


def linear(*, slope: float | np.ndarray, weight: Weight = 1.0) -> ClosedForm:
    """``f(x) = ⟨a, x⟩``; f* is 0 at a, else infinite."""
    return ClosedForm(
        formula="f(x) = ⟨a, x⟩",
        value=lambda x: float((weight * slope * x).sum()),
        prox=lambda x, step: x - step * slope,
        conjugate=lambda p: 0.0 if np.allclose(p, slope, _EQUAL, _EQUAL) else np.inf,
        conjugate_prox=lambda p, step: np.broadcast_to(np.float64(slope), p.shape).copy(),
    )


def l1(*, lam: float | np.ndarray = 1.0, weight: Weight = 1.0) -> ClosedForm:
    """``f(x) = λ Σ |x_i|``, λ one number or one per entry; f* is 0 for ``|p_i| ≤ λ``, else infinite."""
    return ClosedForm(
        formula="f(x) = λ Σ |x_i|",
        value=lambda x: float((weight * lam * np.abs(x)).sum()),
        prox=lambda x, step: np.sign(x) * np.maximum(np.abs(x) - step * lam, 0.0),
        conjugate=lambda p: 0.0 if (np.abs(p) <= lam).all() else np.inf,
        conjugate_prox=lambda p, step: np.clip(p, -np.float64(lam), lam),
    )


def l2_norm(*, lam: float = 1.0, weight: Weight = 1.0) -> ClosedForm:
    """``f(x) = λ ‖x‖``; f* is 0 for ``‖p‖ ≤ λ``, else infinite."""

    def norm(x: np.ndarray) -> float:
        return float(np.sqrt((weight * x**2).sum()))

    return ClosedForm(
        formula="f(x) = λ ‖x‖",
        value=lambda x: lam * norm(x),
        prox=lambda x, step: x * (max(1.0 - step * lam / norm(x), 0.0) if norm(x) > 0 else 0.0),
        conjugate=lambda p: 0.0 if norm(p) <= lam else np.inf,
        conjugate_prox=lambda p, step: p * (lam / norm(p) if norm(p) > lam else 1.0),
    )


def linf_norm(*, lam: float = 1.0, weight: float = 1.0) -> ClosedForm:
    """``f(x) = λ max |x_i|``; f* is 0 for ``Σ |p_i| ≤ λ``, else infinite; weights all alike."""
    return ClosedForm(
        formula="f(x) = λ max |x_i|",
        value=lambda x: lam * float(np.abs(x).max()),
        prox=lambda x, step: x - onto_l1_ball(x, step * lam / weight),
        conjugate=lambda p: 0.0 if weight * np.abs(p).sum() <= lam else np.inf,
    )


def squared_l2(*, lam: float = 1.0, center: float | np.ndarray = 0.0, weight: Weight = 1.0) -> ClosedForm:
    """``f(x) = λ/2 ‖x − c‖²``; ``f*(p) = ‖p‖²/2λ + ⟨c, p⟩``."""
    return ClosedForm(
        formula="f(x) = λ/2 ‖x − c‖²",
        value=lambda x: 0.5 * lam * float((weight * (x - center) ** 2).sum()),
        prox=lambda x, step: (x + step * lam * center) / (1.0 + step * lam),
        conjugate=lambda p: float((weight * (p**2 / (2.0 * lam) + center * p)).sum()),
    )


def huber(*, lam: float = 1.0, delta: float = 1.0, weight: Weight = 1.0) -> ClosedForm:
    """``f(x) = λ Σ h(x_i)``, ``h = x²/2δ`` for ``|x| ≤ δ``, else ``|x| − δ/2``.

    ``f*(p) = δ/2λ ‖p‖²`` for ``|p_i| ≤ λ``, else infinite. P. J. Huber, Ann. Math. Stat. 35 (1964) 73,
    doi 10.1214/aoms/1177703732.
    """

    def value(x: np.ndarray) -> float:
        size = np.abs(x)
        height = np.where(size <= delta, x**2 / (2.0 * delta), size - 0.5 * delta)
        return lam * float((weight * height).sum())

    def prox(x: np.ndarray, step: float) -> np.ndarray:
        inner = np.abs(x) <= delta + step * lam
        return np.where(inner, x * delta / (delta + step * lam), x - step * lam * np.sign(x))

    def conjugate(p: np.ndarray) -> float:
        if (np.abs(p) > lam).any():
            return np.inf
        return delta / (2.0 * lam) * float((weight * p**2).sum())

    return ClosedForm(
        formula="f(x) = λ Σ h(x_i), h = x²/2δ for |x| ≤ δ, else |x| − δ/2",
        value=value,
        prox=prox,
        conjugate=conjugate,
    )


def l21(*, lam: float = 1.0, axis: int | tuple[int, ...] = 0, weight: float = 1.0) -> ClosedForm:
    """``f(x) = λ Σ_i |x[:, i]|``: lengths along `axis`; f* is 0 for ``|p[:, i]| ≤ λ``, else infinite.

    Weights all alike.
    """
    return ClosedForm(
        formula="f(x) = λ Σ_i |x[:, i]|",
        value=lambda x: lam * weight * float(lengths(x, axis).sum()),
        prox=lambda x, step: x - into_balls(x, step * lam, axis),
        conjugate=lambda p: 0.0 if (lengths(p, axis) <= lam).all() else np.inf,
        conjugate_prox=lambda p, step: into_balls(p, lam, axis),
    )


def l2_balls(*, radius: float = 1.0, axis: int | tuple[int, ...] = 0, weight: float = 1.0) -> ClosedForm:
    """Balls of one group of entries each: f is 0 for ``|x[:, i]| ≤ r``, else infinite.

    ``f*(p) = r Σ_i |p[:, i]|``: the conjugate of `l21`, with weights all alike.
    """
    return ClosedForm(
        formula="f(x) = 0 where |x[:, i]| ≤ r, else ∞",
        value=lambda x: 0.0 if (lengths(x, axis) <= radius).all() else np.inf,
        prox=lambda x, step: into_balls(x, radius, axis),
        conjugate=lambda p: radius * weight * float(lengths(p, axis).sum()),
    )


def lengths(x: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """Lengths along some axes, which are kept with size one.

    Examples
    --------
    >>> lengths(np.array([[3.0, 0.0], [4.0, 1.0]]), 0)
    array([[5., 1.]])
    """
    return np.sqrt((x**2).sum(axis=axis, keepdims=True))


def into_balls(x: np.ndarray, radius: float, axis: int | tuple[int, ...]) -> np.ndarray:
    """Shorten what is longer than the radius, along some axes.

    Examples
    --------
    >>> into_balls(np.array([[3.0, 0.0], [4.0, 1.0]]), 1.0, 0)
    array([[0.6, 0. ],
           [0.8, 1. ]])
    """
    long = lengths(x, axis)
    return x * np.divide(radius, long, out=np.ones_like(long), where=long > radius)
