"""A projector that can be made for any geometry, so that the laws of projection can be asked of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from .beam_geometry import BeamGeometry
from .known_claims import checked_claims
from .linear_map import LinearMap


def _any(geometry: BeamGeometry) -> str | None:
    del geometry


@dataclass(frozen=True, kw_only=True, eq=False)
class ProjectorFamily:
    """A projector as a function of its geometry.

    Parameters
    ----------
    name : str
        How reports call it.
    make : callable
        ``make(geometry) -> LinearMap`` from volumes (z, y, x) to series (tilt, y, x) of that geometry.
    declines : callable
        ``declines(geometry)`` returns a sentence when it cannot be made for that geometry ("square slices
        only"), else None; laws then draw another.
    claims : frozenset of str
        Properties that its author states beyond those of every projector: "positive" (no negative
        weights), "mass" (weights are overlaps: the mass within the field of view is kept to rounding at
        every tilt), "line_integrals" (weights are lengths of rays, mass is kept on average only), and those
        of `LinearMap` that hold at any geometry, as "norm" and "any_layout".
    accuracy : float
        Relative error against the exact line integrals of a smooth body sampled by 16 or more voxels that
        its author would accept; 0.02 by default.

    Examples
    --------
    >>> from glasstomo.forward import Projector
    >>> def make(g):
    ...     p = Projector(shape=g.shape[:2], angles_deg=g.angles_deg, spacing_nm=g.spacing_nm, bins=g.bins)
    ...     return LinearMap(name="ours", domain=g.shape, range=g.series_shape, forward=p.forward,
    ...                      adjoint=p.adjoint)
    >>> ProjectorFamily(name="ours", make=make).make(BeamGeometry((4, 4, 2), (0.0,))).range
    (1, 4, 2)
    """

    kind: ClassVar[str] = "projector"

    name: str
    make: Callable[[BeamGeometry], LinearMap]
    declines: Callable[[BeamGeometry], str | None] = _any
    claims: frozenset[str] = frozenset()
    accuracy: float = 0.02

    def __post_init__(self) -> None:
        object.__setattr__(self, "claims", checked_claims(self.claims, self.kind))
