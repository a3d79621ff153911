"""Kullback–Leibler divergence: the data term of Poisson counts."""

import numpy as np
from numba import njit, prange

from .data_term import DataTerm

# 1 − q/k at least where there are counts (D* is infinite at q = k), and y/b at least in the gradient:
# well above the 2⁻²⁴ of float32, so that neither is rounding alone.
_MARGIN = 2.0**-20
# Pixels a side over which counts are averaged for the curvature, which one count alone would not give.
_SMOOTH = 3


class KullbackLeibler(DataTerm):
    """``D(a) = Σ k (y − b + b log(b / y))`` with ``y = a + r``: half the deviance of the counts k b.

    The negative log-likelihood of independent Poisson counts k b of mean k y, less its least value.
    Infinite where y < 0, and where y = 0 < b; ``0 log 0 = 0``. Unlike least squares with weights from
    the counts it is not biased at few counts.

    Parameters
    ----------
    data : ndarray of float32, shape (tilt, y, x) or (channel, tilt, y, x)
        b ≥ 0, as recorded, background included.
    weights : ndarray of float32, same shape
        k: counts per unit of the data. Zero leaves a pixel out.
    background : ndarray of float32, same shape, optional
        r ≥ 0, expected background in units of the data; none when omitted.

    Raises
    ------
    ValueError
        When the background, or data of a weight above zero, are negative.

    Notes
    -----
    With ``φ* (q) = −k b log(1 − q/k)`` for q < k (q ≤ k where b = 0), the conjugate is
    ``D*(q) = Σ φ*(q) − q r``. Its proximal step solves a quadratic equation: with
    ``v = q + σ (a + r)``,

        ``q⁺ = (k + v − √((v − k)² + 4 σ k b)) / 2 = 2 k (v − σ b) / (k + v + √((v − k)² + 4 σ k b))``

    The first form is that of Chambolle & Pock 2011 (doi 10.1007/s10851-010-0251-1) and Sidky et al.
    2012 (doi 10.1088/0031-9155/57/10/3065). It loses all digits of a dual that is small beside k, as
    those of many counts are; the second, the product of both roots over the larger, loses none while
    k + v > 0, nor does the first otherwise. The kernel works in units of k.

    Examples
    --------
    >>> term = KullbackLeibler(np.full((1, 1, 2), 3.0, "f4"), np.full((1, 1, 2), 2.0, "f4"))
    >>> term.value(np.full((1, 1, 2), 3.0, "f4"))
    0.0
    >>> term.value(np.zeros((1, 1, 2), "f4"))
    inf
    """

    def __init__(self, data: np.ndarray, weights: np.ndarray, background: np.ndarray | None = None) -> None:
        _check_counts(data, weights, background)
        self.data, self.weights = data, weights
        # One row stands for all of them where there is no background.
        self.background = np.zeros((1, data.shape[-1]), np.float32) if background is None else background
        self.curvature = _curvature(data, weights, background)

    def value(self, projected: np.ndarray) -> float:
        """``Σ k (y − b + b log(b / y))``."""
        return float(row_divergences(_rows(projected), *self._constants()).sum())

    def misfit(self, projected: np.ndarray) -> float:
        """Deviance: twice the divergence."""
        return 2.0 * self.value(projected)

    def gradient(self, projected: np.ndarray, out: np.ndarray) -> None:
        """``k (1 − b / y)``; where y < 10⁻⁶ b, that of 10⁻⁶ b, as there is none at y = 0."""
        fill_gradient(_rows(projected), *self._constants(), _rows(out))

    def conjugate(self, dual: np.ndarray) -> float:
        """``−Σ k b log(1 − q/k) + q r``; infinite outside the domain."""
        return float(row_conjugates(_rows(dual), *self._constants()).sum())

    def clip(self, dual: np.ndarray) -> None:
        """At most k, a millionth less where there are counts; k where there are none, and zero where k is.

        Without counts D is the straight line k y: its slope k is the one dual, and the best there is.
        """
        clip_dual(_rows(dual), _rows(self.data), _rows(self.weights))

    def dual_step(
        self,
        dual: np.ndarray,
        projected: np.ndarray,
        pace: np.ndarray,
        relax: float,
        level: float = 0.0,
    ) -> None:
        """``q ← q + ρ (q⁺ − q)``, see the Notes."""
        constants = (*self._constants(), _rows(self.curvature))
        dual_step(
            _rows(dual), _rows(projected), *constants, pace.reshape(-1), np.float32(relax), np.float32(level)
        )

    def _constants(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return _rows(self.data), _rows(self.weights), _rows(self.background)


def _rows(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, array.shape[-1])


def _check_counts(data: np.ndarray, weights: np.ndarray, background: np.ndarray | None) -> None:
    negative = (data < 0) & (weights > 0)
    if negative.any():
        index = tuple(int(i) for i in np.argwhere(negative)[0])
        raise ValueError(
            f"`data` must be >= 0 for data_term='kullback_leibler', got {data[index]} at {index}: "
            "give gross counts with their `background`, or take 'least_squares' for net counts"
        )
    if background is not None and not (background >= 0).all():
        raise ValueError(
            f"`background` must be >= 0 for data_term='kullback_leibler', got {background.min()}: "
            "an expected count cannot be negative"
        )


def _curvature(data: np.ndarray, weights: np.ndarray, background: np.ndarray | None) -> np.ndarray:
    """``k / y`` for the y that the neighbourhood suggests: D'' = k b / y², and b ≈ y.

    y is the mean of b over the neighbours, no less than the background or one count.
    """
    from scipy.ndimage import uniform_filter

    exposure, counts = (
        uniform_filter(a.astype(np.float64), _SMOOTH, axes=(-2, -1)) for a in (weights, weights * data)
    )
    typical = np.divide(counts, exposure, out=np.zeros_like(counts), where=exposure > 0)
    if background is not None:
        np.maximum(typical, background, out=typical)
    return (weights.astype(np.float64) ** 2 / np.maximum(weights * typical, 1.0)).astype(np.float32)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def dual_step(dual, projected, data, weights, background, curvature, pace, relax, level):
    """Dual step of `KullbackLeibler` on rows of x; σ = level + pace √curvature."""
    rows, nx = dual.shape
    each = np.int64(background.shape[0] > 1)
    zero, one, two = np.float32(0.0), np.float32(1.0), np.float32(2.0)
    half, four = np.float32(0.5), np.float32(4.0)
    for i in prange(rows):
        q, a, b, k, c, speed = dual[i], projected[i], data[i], weights[i], curvature[i], pace[i]
        r = background[np.int64(i) * each]
        for x in range(nx):
            inverse = one / (k[x] if k[x] > zero else one)
            sigma = (level + speed * np.sqrt(c[x])) * inverse
            # In units of k: q, v − σ b, v, and the two ends of the root.
            share = q[x] * inverse
            excess = share + sigma * (a[x] + r[x] - b[x])
            ahead = share + sigma * (a[x] + r[x])
            top = one + ahead
            root = np.sqrt((ahead - one) * (ahead - one) + four * sigma * b[x])
            below = half * (top - root)
            above = two * excess / (top + root if top > zero else one)
            step = above if top > zero else below
            q[x] += relax * (step * k[x] - q[x])


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def clip_dual(dual, data, weights):
    """Bring q into the domain of D*, away from its end where D* is infinite there; to k where b is zero."""
    rows, nx = dual.shape
    below = np.float32(1.0 - _MARGIN)
    for i in prange(rows):
        q, b, k = dual[i], data[i], weights[i]
        for x in range(nx):
            # A pixel of weight zero has k = 0.
            q[x] = min(q[x], k[x] * below) if b[x] > 0 and k[x] > 0 else k[x]


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def row_divergences(projected, data, weights, background):
    """Divergence of each row, float64."""
    rows, nx = projected.shape
    each = np.int64(background.shape[0] > 1)
    sums = np.empty(rows)
    for i in prange(rows):
        a, b, k = projected[i], data[i], weights[i]
        r = background[np.int64(i) * each]
        total = 0.0
        for x in range(nx):
            if k[x] > 0:
                target = np.float64(b[x])
                y = np.float64(a[x]) + np.float64(r[x])
                if y < 0 or (y == 0 and target > 0):
                    total = np.inf
                elif target > 0:
                    # log1p keeps the digits where y is close to b.
                    change = (y - target) / target
                    total += k[x] * target * (change - np.log1p(change))
                else:
                    total += k[x] * y
        sums[i] = total
    return sums


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def row_conjugates(dual, data, weights, background):
    """``−Σ k b log(1 − q/k) + q r`` of each row, float64."""
    rows, nx = dual.shape
    each = np.int64(background.shape[0] > 1)
    sums = np.empty(rows)
    for i in prange(rows):
        q, b, k = dual[i], data[i], weights[i]
        r = background[np.int64(i) * each]
        total = 0.0
        for x in range(nx):
            value, limit = np.float64(q[x]), np.float64(k[x])
            if value > limit or (value == limit and limit * b[x] > 0) or (limit == 0 and value != 0):
                total = np.inf
            elif limit > 0:
                total -= value * r[x]
                if b[x] > 0:
                    total -= limit * b[x] * np.log1p(-value / limit)
        sums[i] = total
    return sums


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def fill_gradient(projected, data, weights, background, out):
    """``k (y − b) / y`` of each pixel."""
    rows, nx = projected.shape
    each = np.int64(background.shape[0] > 1)
    least = np.float32(_MARGIN)
    for i in prange(rows):
        a, b, k, slope = projected[i], data[i], weights[i], out[i]
        r = background[np.int64(i) * each]
        for x in range(nx):
            y = a[x] + r[x]
            if y < least * b[x]:
                y = least * b[x]
            slope[x] = k[x] * (y - b[x]) / y if b[x] > 0 else k[x]
