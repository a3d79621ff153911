"""A linear operator between arrays, as the laws see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .known_claims import checked_claims


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearMap:
    """An operator between arrays.

    Parameters
    ----------
    name : str
        How reports call it.
    domain, range : tuple of int
        Shapes of what goes in and what comes out.
    forward : callable
        Array of shape `domain` and type `dtype` to one of shape `range`.
    adjoint : callable, optional
        The way back, where the component has one.
    dtype : str
        Type of the arrays that it is given.
    precision : str, optional
        Type that it computes in, which sets the tolerances; `dtype` when omitted.
    domain_weight, range_weight : float or ndarray
        Weights of the inner products that its author uses: ``⟨x, x'⟩ = Σ w x x'``.
    norm_bound : float, optional
        What its author states for ‖A‖ (with the weights), where a bound is stated.
    claims : frozenset of str
        Properties that its author states beyond linearity, each a law of its own: "positive" (no negative
        entries), "symmetric" (its own adjoint), "norm" (`norm_bound` is the norm, not only a bound),
        "any_layout" (`forward` and `adjoint` take any order in memory), "zero_on_constants",
        "zero_on_affine", "grid_symmetric" (all axes and directions alike), "shift_invariant" (the same at
        every voxel); of differences per voxel that end at the faces, with components in front: "gradient",
        "hessian" (mixed ones count twice), "symmetrised_gradient" (of a field (3, z, y, x)).

    Examples
    --------
    >>> twice = LinearMap(name="twice", domain=(3,), range=(3,), forward=lambda x: 2 * x)
    >>> twice.apply(np.ones(3)), twice.excuse_without_adjoint()
    (array([2., 2., 2.], dtype=float32), 'it has no adjoint')
    """

    kind: ClassVar[str] = "operator"

    name: str
    domain: tuple[int, ...]
    range: tuple[int, ...]
    forward: Callable[[np.ndarray], np.ndarray]
    adjoint: Callable[[np.ndarray], np.ndarray] | None = None
    dtype: str = "float32"
    precision: str | None = None
    domain_weight: float | np.ndarray = 1.0
    range_weight: float | np.ndarray = 1.0
    norm_bound: float | None = None
    claims: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "claims", checked_claims(self.claims, self.kind))

    @property
    def epsilon(self) -> float:
        """Spacing of numbers at one in the precision that it computes in."""
        return float(np.finfo(self.precision or self.dtype).eps)

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return A x; what comes back has to have the shape of the range."""
        return _fitting(self.forward(np.ascontiguousarray(x, self.dtype)), self.range, "forward", self.name)

    def apply_adjoint(self, y: np.ndarray) -> np.ndarray:
        """Return Aᵀ y; what comes back has to have the shape of the domain."""
        if self.adjoint is None:
            raise ValueError(f"`{self.name}` has no adjoint")
        return _fitting(self.adjoint(np.ascontiguousarray(y, self.dtype)), self.domain, "adjoint", self.name)

    def inner_domain(self, x: np.ndarray, other: np.ndarray) -> float:
        """Inner product of its domain, in float64."""
        return float(np.sum(np.multiply(x, other, dtype=np.float64) * self.domain_weight))

    def inner_range(self, y: np.ndarray, other: np.ndarray) -> float:
        """Inner product of its range, in float64."""
        return float(np.sum(np.multiply(y, other, dtype=np.float64) * self.range_weight))

    def excuse_without_adjoint(self) -> str | None:
        """Say why laws of the adjoint do not apply; None when they do."""
        return "it has no adjoint" if self.adjoint is None else None


def _fitting(values: object, shape: tuple[int, ...], what: str, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.shape != shape:
        raise ValueError(f"`{what}` of {name} must return shape {shape}, got {array.shape}")
    return array
