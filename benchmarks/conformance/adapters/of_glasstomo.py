"""Our own projector, as an object and as a class."""

from ....forward import Projector
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily

_SLICES = 2
_TITLE = "glasstomo.Projector"


def projector_at(projector: Projector, *, name: str = _TITLE) -> LinearMap:
    """Turn a `glasstomo.forward.Projector` into an operator of two slices across the tilt axis.

    Examples
    --------
    >>> projector_at(Projector(shape=(4, 4), angles_deg=[0.0], spacing_nm=1.0)).range
    (1, 4, 2)
    """
    return LinearMap(
        name=name,
        domain=(*projector.shape, _SLICES),
        range=(*projector.series_shape, _SLICES),
        forward=projector.forward,
        adjoint=projector.adjoint,
        claims=frozenset({"positive"}),
    )


def projector_family(*, name: str = _TITLE) -> ProjectorFamily:
    """Make the family of `glasstomo.forward.Projector`.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance import BeamGeometry
    >>> projector_family().make(BeamGeometry((4, 6, 1), (0.0, 30.0))).domain
    (4, 6, 1)
    """
    from ..own_projectors import strip

    return strip(name)
