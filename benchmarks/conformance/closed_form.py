"""A textbook functional in float64: its value, its proximal step and those of its conjugate."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class ClosedForm:
    """What the literature gives for a functional f, in plain numpy and float64.

    Parameters
    ----------
    formula : str
        f(x), and what is known of f*, as mathematics.
    value : callable
        ``value(x) -> float``.
    prox : callable, optional
        ``prox(x, step)``.
    conjugate : callable, optional
        ``conjugate(p) -> float``.
    conjugate_prox : callable, optional
        ``conjugate_prox(p, step)``; by Moreau's identity from `prox` when omitted.

    Notes
    -----
    With weights w of the inner product, ``⟨x, y⟩ = Σ w x y``, sums over entries carry w, and f* and the
    proximal steps are those of that space.

    Examples
    --------
    >>> half = ClosedForm(formula="½ ‖x‖²", value=lambda x: 0.5 * float((x**2).sum()),
    ...                   prox=lambda x, step: x / (1 + step))
    >>> half.conjugate_step(np.array([3.0]), 2.0)
    array([1.])
    """

    formula: str
    value: Callable[[np.ndarray], float]
    prox: Callable[[np.ndarray, float], np.ndarray] | None = None
    conjugate: Callable[[np.ndarray], float] | None = None
    conjugate_prox: Callable[[np.ndarray, float], np.ndarray] | None = None

    def conjugate_step(self, p: np.ndarray, step: float) -> np.ndarray:
        """Return ``prox_{step f*}(p) = p − step prox_{f/step}(p / step)``, or the form given for it."""
        if self.conjugate_prox is not None:
            return self.conjugate_prox(p, step)
        if self.prox is None:
            raise ValueError(f"{self.formula} has no closed proximal step")
        return p - step * self.prox(p / step, 1.0 / step)
