"""Data terms, group norms and boxes as ODL functionals, for any of ODL's solvers.

Each has its value, proximal and convex conjugate, and the conjugate has its own; proximal steps are
plain numpy, independent of the fused kernels; of data terms in float64. Spaces are those of `odl_operators`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .data_terms.data_term import DataTerm
from .data_terms.kullback_leibler import KullbackLeibler
from .data_terms.least_squares import LeastSquares
from .odl_operators import as_array, assign, odl

# Relative excess that a projection in float32 may leave outside a ball or a box.
_ROUNDING = 1e-5


class _Step(odl.Operator):
    """An operator on one space, given as a function of arrays."""

    def __init__(self, space: Any, function: Callable[[np.ndarray], np.ndarray]) -> None:
        super().__init__(domain=space, range=space, linear=False)
        self._function = function

    def _call(self, x: Any, out: Any) -> None:
        assign(out, self._function(as_array(x)))


class _ArrayFunctional(odl.functionals.Functional):
    """A functional whose proximal is ``self._prox(array, sigma)``; sigma a number or an element."""

    @property
    def proximal(self) -> Callable[[Any], odl.Operator]:
        """Factory of proximal operators: ``proximal(sigma)(x)``."""

        def factory(sigma: Any) -> odl.Operator:
            step = as_array(sigma).astype(np.float64) if hasattr(sigma, "space") else float(sigma)
            return _Step(self.domain, lambda array: self._prox(array, step))

        return factory

    def _prox(self, array: np.ndarray, sigma: Any) -> np.ndarray:
        raise NotImplementedError


class _Conjugate(_ArrayFunctional):
    """The conjugate of one of the functionals below."""

    def __init__(self, twin: Any) -> None:
        super().__init__(twin.domain, linear=False)
        self._twin = twin

    @property
    def convex_conj(self) -> Any:
        """The functional that it is the conjugate of."""
        return self._twin

    def _call(self, x: Any) -> float:
        return self._twin._conjugate(as_array(x))

    def _prox(self, array: np.ndarray, sigma: Any) -> np.ndarray:
        return self._twin._conjugate_prox(array, sigma)


class _DataFunctional(_ArrayFunctional):
    """A `DataTerm` of a series."""

    _kind: Callable[..., DataTerm]

    def __init__(
        self, space: Any, data: np.ndarray, weights: np.ndarray, background: np.ndarray | None = None
    ) -> None:
        for name, array in (("data", data), ("weights", weights), ("background", background)):
            if array is not None and np.shape(array) != tuple(space.shape):
                raise ValueError(
                    f"`{name}` must have the shape of `space` {tuple(space.shape)}, got {np.shape(array)}"
                )
        self.data, self.weights = (np.ascontiguousarray(a, np.float32) for a in (data, weights))
        self.background = None if background is None else np.ascontiguousarray(background, np.float32)
        self.term = self._kind(self.data, self.weights, self.background)
        super().__init__(space, linear=False, grad_lipschitz=self._lipschitz())
        self._b, self._w = self.data.astype(np.float64), self.weights.astype(np.float64)
        self._r = 0.0 if self.background is None else self.background.astype(np.float64)

    def _call(self, x: Any) -> float:
        return self.term.value(as_array(x))

    @property
    def gradient(self) -> odl.Operator:
        """D' as an operator."""

        def slope(array: np.ndarray) -> np.ndarray:
            out = np.empty(array.shape, np.float32)
            self.term.gradient(array.astype(np.float32), out)
            return out

        return _Step(self.domain, slope)

    @property
    def convex_conj(self) -> _Conjugate:
        """D*, with its own value and proximal."""
        return _Conjugate(self)

    def _conjugate(self, dual: np.ndarray) -> float:
        # D* is infinite where a pixel of no weight has a dual.
        return self.term.conjugate(dual) if not dual[self.weights == 0].any() else np.inf

    def _lipschitz(self) -> float:
        return float("nan")

    def _conjugate_prox(self, dual: np.ndarray, sigma: Any) -> np.ndarray:
        raise NotImplementedError


class LeastSquaresFunctional(_DataFunctional):
    """``D(a) = ½ Σ w (a + r − b)²`` of a series a.

    Parameters
    ----------
    space : odl space
        `series_space`.
    data, weights : ndarray, shape of the space
        b and w ≥ 0; pixels of no weight take no part.
    background : ndarray, shape of the space, optional
        r; none when omitted.

    Raises
    ------
    ValueError
        When a shape does not fit the space.

    Examples
    --------
    >>> space = odl.rn((1, 1, 2), dtype="float32")
    >>> D = LeastSquaresFunctional(space, np.full((1, 1, 2), 3.0), np.ones((1, 1, 2)))
    >>> D(space.zero()), D.proximal(1.0)(space.zero()).asarray().tolist()
    (9.0, [[[1.5, 1.5]]])
    """

    _kind = staticmethod(LeastSquares)

    def dilated(self, scale: Any) -> "LeastSquaresFunctional":
        """``a ↦ D(scale a)`` for a positive number, or an array of them."""
        background = None if self.background is None else self._r / scale
        return LeastSquaresFunctional(self.domain, self._b / scale, self._w * scale**2, background)

    def _lipschitz(self) -> float:
        return float(self.weights.max())

    def _prox(self, array: np.ndarray, sigma: Any) -> np.ndarray:
        return (array + sigma * self._w * (self._b - self._r)) / (1.0 + sigma * self._w)

    def _conjugate_prox(self, dual: np.ndarray, sigma: Any) -> np.ndarray:
        return self._w / (self._w + sigma) * (dual - sigma * (self._b - self._r))


class KullbackLeiblerFunctional(_DataFunctional):
    """``D(a) = Σ k (y − b + b log(b / y))`` with ``y = a + r``, of a series a; infinite for y < 0.

    Parameters
    ----------
    space : odl space
        `series_space`.
    data, weights : ndarray, shape of the space
        b ≥ 0, and k ≥ 0: counts per unit of the data; pixels of no weight take no part.
    background : ndarray, shape of the space, optional
        r ≥ 0; none when omitted.

    Raises
    ------
    ValueError
        When a shape does not fit the space, or values are negative.

    Notes
    -----
    ODL's own ``KullbackLeibler`` has neither weights nor a background, and is infinite at y = 0 = b.

    Examples
    --------
    >>> space = odl.rn((1, 1, 2), dtype="float32")
    >>> D = KullbackLeiblerFunctional(space, np.full((1, 1, 2), 2.0), np.ones((1, 1, 2)))
    >>> D(2 * space.one()), D(space.zero()), D.proximal(1.0)(space.zero()).asarray().tolist()
    (0.0, inf, [[[1.0, 1.0]]])
    """

    _kind = staticmethod(KullbackLeibler)

    def dilated(self, scale: Any) -> "KullbackLeiblerFunctional":
        """``a ↦ D(scale a)`` for a positive number, or an array of them."""
        background = None if self.background is None else self._r / scale
        return KullbackLeiblerFunctional(self.domain, self._b / scale, self._w * scale, background)

    def _lipschitz(self) -> float:
        counts = (self.data > 0) & (self.weights > 0)
        if not counts.any():
            return 0.0
        least = np.zeros(1) if self.background is None else self.background[counts].astype(np.float64)
        slope = self.weights[counts] * self.data[counts].astype(np.float64)
        # Largest where a = 0, the least that a volume of the box projects to.
        return float((slope / least**2).max()) if least.min() > 0 else float("inf")

    def _prox(self, array: np.ndarray, sigma: Any) -> np.ndarray:
        # y² − (a + r − σ k) y − σ k b = 0, its larger root, without cancellation.
        shifted = array + self._r - sigma * self._w
        root = np.sqrt(shifted**2 + 4.0 * sigma * self._w * self._b)
        half = 2.0 * sigma * self._w * self._b
        product = np.divide(half, root - shifted, out=np.zeros_like(root), where=shifted < 0)
        y = np.where(shifted < 0, product, 0.5 * (root + shifted))
        return np.where(self._w > 0, y - self._r, array)

    def _conjugate_prox(self, dual: np.ndarray, sigma: Any) -> np.ndarray:
        ahead = dual + sigma * self._r
        top = self._w + ahead
        root = np.sqrt((ahead - self._w) ** 2 + 4.0 * sigma * self._w * self._b)
        product = 2.0 * self._w * (ahead - sigma * self._b)
        above = np.divide(product, top + root, out=np.zeros_like(root), where=top > 0)
        return np.where(self._w > 0, np.where(top > 0, above, 0.5 * (top - root)), 0.0)


class GroupNorm(_ArrayFunctional):
    """``λ Σ_i √(Σ_c p_c[i]²)``: the length at each voxel over all parts of a flat power space.

    Parts may be components, or components of all channels: their edges are then joint.

    Parameters
    ----------
    space : odl space
        Flat power space, the range of the differences of `odl_operators`.
    lam : float
        λ ≥ 0.

    Examples
    --------
    >>> space = odl.uniform_discr(0, 1, 2, dtype="float32", weighting=1.0) ** 2
    >>> R = GroupNorm(space, 2.0)
    >>> x = space.element([[3, 0], [4, 1]])
    >>> R(x), R.convex_conj(x), [part.asarray().tolist() for part in R.convex_conj.proximal(1.0)(x)]
    (12.0, inf, [[1.2000000476837158, 0.0], [1.600000023841858, 1.0]])
    """

    def __init__(self, space: Any, lam: float) -> None:
        if not (isinstance(space, odl.ProductSpace) and space.is_power_space):
            raise TypeError(f"`space` must be a flat power space, got {space}")
        if not lam >= 0:
            raise ValueError(f"`lam` must be >= 0, got {lam}")
        super().__init__(space, linear=False)
        self.lam = float(lam)

    @property
    def convex_conj(self) -> _Conjugate:
        """Indicator of balls of radius λ."""
        return _Conjugate(self)

    def dilated(self, scale: float) -> "GroupNorm":
        """``p ↦ R(scale p)`` for a positive number."""
        return GroupNorm(self.domain, self.lam * scale)

    def _call(self, x: Any) -> float:
        return self.lam * float(_lengths(as_array(x)).sum())

    def _conjugate(self, field: np.ndarray) -> float:
        return 0.0 if _lengths(field).max() <= self.lam * (1.0 + _ROUNDING) else np.inf

    def _prox(self, array: np.ndarray, sigma: Any) -> np.ndarray:
        return array - _into_balls(array, self.lam * sigma)

    def _conjugate_prox(self, dual: np.ndarray, sigma: Any) -> np.ndarray:
        return _into_balls(dual, self.lam)


class BoxIndicator(_ArrayFunctional):
    """Zero for volumes with ``lower ≤ x ≤ upper``, else infinite.

    Parameters
    ----------
    space : odl space
        `volume_space`.
    lower, upper : float
        Bounds of every voxel; may be infinite.

    Examples
    --------
    >>> space = odl.uniform_discr(0, 1, 3, dtype="float32", weighting=1.0)
    >>> inside = BoxIndicator(space, 0.0, 2.0)
    >>> inside(space.one()), inside(-space.one()), inside.convex_conj(space.one())
    (0.0, inf, 6.0)
    """

    def __init__(self, space: Any, lower: float = 0.0, upper: float = np.inf) -> None:
        if not lower <= upper:
            raise ValueError(f"`lower` must not exceed `upper`, got {lower} and {upper}")
        super().__init__(space, linear=False)
        self.lower, self.upper = float(lower), float(upper)

    @property
    def convex_conj(self) -> _Conjugate:
        """Support function of the box."""
        return _Conjugate(self)

    def _call(self, x: Any) -> float:
        array = as_array(x)
        inside = (array >= np.float32(self.lower)) & (array <= np.float32(self.upper))
        return 0.0 if inside.all() else np.inf

    def _conjugate(self, slope: np.ndarray) -> float:
        above, below = (float(part.sum(dtype=np.float64)) for part in (slope[slope > 0], slope[slope < 0]))
        return (self.upper * above if above else 0.0) + (self.lower * below if below else 0.0)

    def _prox(self, array: np.ndarray, sigma: Any) -> np.ndarray:
        return np.clip(array, self.lower, self.upper)

    def _conjugate_prox(self, dual: np.ndarray, sigma: Any) -> np.ndarray:
        return dual - np.clip(dual, sigma * self.lower, sigma * self.upper)


def _lengths(field: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(field, dtype=np.float64).sum(axis=0))


def _into_balls(field: np.ndarray, radius: float) -> np.ndarray:
    lengths = np.sqrt(np.einsum("c...,c...->...", field, field))
    share = np.divide(radius, lengths, out=np.ones_like(lengths), where=lengths > radius)
    return np.multiply(field, share)
