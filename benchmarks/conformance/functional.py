"""A convex functional with whatever it has of value, proximal step, conjugate and gradient."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


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
        ``gradient(x)``, where f is differentiable.
    dtype : str
        Type of the arrays that it is given.
    precision : str, optional
        Type that it computes in, which sets the tolerances; `dtype` when omitted.
    weight : float or ndarray
        Weights of the inner product that its author uses, in ‖·‖ and ⟨·, ·⟩ above.
    prox_accuracy : float
        Relative error ``‖z − prox‖ / ‖x‖`` that its author states for an iterative proximal step; 0 for a
        closed form.
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
    closed_form: str | None = None
    parameters: dict[str, object] | None = None
    claims: frozenset[str] = frozenset()
    nonnegative: bool = False

    @property
    def epsilon(self) -> float:
        """Spacing of numbers at one in the precision that it computes in."""
        return float(np.finfo(self.precision or self.dtype).eps)

    def inner(self, x: np.ndarray, other: np.ndarray) -> float:
        """Inner product of its domain, in float64."""
        return float(np.sum(np.multiply(x, other, dtype=np.float64) * self.weight))
