"""A convex functional with whatever it has of value, proximal step, conjugate and gradient."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from .known_claims import checked_claims


@dataclass(frozen=True, kw_only=True, eq=False)
class Functional:
    """A convex functional f of arrays.

    Parameters
    ----------
    name : str
        How reports call it.
    domain : tuple of int
        Shape of its argument.
    value : callable, optional
        ``value(x) -> float``; infinite outside the domain of f.
    prox : callable, optional
        ``prox(x, step)``, the minimiser of ``step f(z) + ½ ‖z − x‖²``.
    conjugate : callable, optional
        ``conjugate(p)``, the value of ``f*(p) = sup_x ⟨p, x⟩ − f(x)``.
    conjugate_prox : callable, optional
        ``conjugate_prox(p, step)``, the proximal step of f*.
    gradient : callable, optional
        ``gradient(x)``, where f is differentiable: ``⟨gradient(x), h⟩`` is the derivative along h.
    dtype : str
        Type of the arrays that it is given.
    precision : str, optional
        Type that it computes in, which sets the tolerances; `dtype` when omitted.
    weight : float or ndarray
        Weights of the inner product that its author uses, in ‖·‖ and ⟨·, ·⟩ above.
    prox_accuracy : float
        Relative error ``‖z − prox‖ / ‖x‖`` that its author states for an iterative proximal step; 0 for a
        closed form.
    value_accuracy : float
        Relative error that its author states for values found by iterations; 0 for a closed form.
    scale : float
        Size of the numbers within it, such as data or bounds: its rounding is relative to them as it is
        to the argument.
    closed_form : str, optional
        Name in `CLOSED_FORMS` of the textbook functional that it says to be, with `parameters`.
    parameters : dict
        Numbers and arrays of the closed form.
    claims : frozenset of str
        "homogeneous" (f(s x) = s f(x), s > 0), "even" (f(−x) = f(x)), "indicator" (f is 0 or infinite).
    nonnegative : bool
        Arguments are drawn ≥ 0 only, for functionals that are not meant for others.

    Examples
    --------
    >>> square = Functional(name="½‖x‖²", domain=(2,), value=lambda x: 0.5 * (x**2).sum(),
    ...                     prox=lambda x, step: x / (1 + step))
    >>> square.prox(np.array([2.0, 4.0]), 1.0)
    array([1., 2.])
    """

    kind: ClassVar[str] = "functional"

    name: str
    domain: tuple[int, ...]
    value: Callable[[np.ndarray], float] | None = None
    prox: Callable[[np.ndarray, float], np.ndarray] | None = None
    conjugate: Callable[[np.ndarray], float] | None = None
    conjugate_prox: Callable[[np.ndarray, float], np.ndarray] | None = None
    gradient: Callable[[np.ndarray], np.ndarray] | None = None
    dtype: str = "float32"
    precision: str | None = None
    weight: float | np.ndarray = 1.0
    prox_accuracy: float = 0.0
    value_accuracy: float = 0.0
    scale: float = 1.0
    closed_form: str | None = None
    parameters: dict[str, object] | None = None
    claims: frozenset[str] = frozenset()
    nonnegative: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "claims", checked_claims(self.claims, self.kind))

    @property
    def epsilon(self) -> float:
        """Spacing of numbers at one in the precision that it computes in."""
        return float(np.finfo(self.precision or self.dtype).eps)

    def inner(self, x: np.ndarray, other: np.ndarray) -> float:
        """Inner product of its domain, in float64."""
        return float(np.sum(np.multiply(x, other, dtype=np.float64) * self.weight))

    def norm(self, x: np.ndarray) -> float:
        """Norm of its domain, in float64."""
        return float(np.sqrt(self.inner(x, x)))

    def evaluate(self, x: np.ndarray) -> float:
        """Return f(x) as a float."""
        return float(self._part("value")(self._given(x)))

    def proximal(self, x: np.ndarray, step: float) -> np.ndarray:
        """Return ``prox(x, step)``, float64; what comes back has to have the shape of the domain."""
        return self._fitting(self._part("prox")(self._given(x), step), "prox")

    def slope(self, x: np.ndarray) -> np.ndarray:
        """Return the gradient at x, float64; what comes back has to have the shape of the domain."""
        return self._fitting(self._part("gradient")(self._given(x)), "gradient")

    def dual(self) -> "Functional":
        """Return f* as a functional of its own, whose conjugate is f.

        Examples
        --------
        >>> ball = lambda p: 0.0 if abs(p[0]) <= 1 else np.inf
        >>> length = Functional(name="|x|", domain=(1,), conjugate=ball)
        >>> length.dual().evaluate(np.array([0.5])), length.dual().evaluate(np.array([2.0]))
        (0.0, inf)
        """
        return replace(
            self,
            name=f"conjugate of {self.name}",
            value=self.conjugate,
            prox=self.conjugate_prox,
            conjugate=self.value,
            conjugate_prox=self.prox,
            gradient=None,
            closed_form=None,
            parameters=None,
            claims=frozenset(),
            nonnegative=False,
        )

    def _part(self, name: str) -> Callable:
        part = getattr(self, name)
        if part is None:
            raise ValueError(f"`{self.name}` has no {name}")
        return part

    def _given(self, x: np.ndarray) -> np.ndarray:
        """Return a copy of its own type, which the component may spoil."""
        if np.shape(x) != self.domain:
            raise ValueError(f"an argument of {self.name} must have shape {self.domain}, got {np.shape(x)}")
        return np.array(x, self.dtype, order="C")

    def _fitting(self, values: object, what: str) -> np.ndarray:
        array = np.asarray(values)
        if array.shape != self.domain:
            raise ValueError(f"`{what}` of {self.name} must return shape {self.domain}, got {array.shape}")
        return array.astype(np.float64)
