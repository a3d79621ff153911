"""Our own projectors as functions of their geometry, as the laws see them."""

from collections.abc import Callable
from typing import Any

from ...phantoms.table import Table
from .beam_geometry import BeamGeometry
from .linear_map import LinearMap
from .projector_family import ProjectorFamily

_CLAIMS = frozenset({"positive", "mass", "any_layout"})
# Voxels and bins average what they see; where even and odd numbers meet, a voxel is halved between two bins:
# 0.012 for balls of 16 voxels then, 0.003 otherwise.
_ACCURACY = 0.02


def strip(name: str = "strip", *, with_norm: bool = False, **options: Any) -> ProjectorFamily:
    """Return `forward.Projector` as a function of its geometry; keywords are its own.

    Parameters
    ----------
    name : str
    with_norm : bool
        Whether it states the norm, which takes as long as some hundred projections.
    **options
        Further arguments of `Projector`.

    Examples
    --------
    >>> strip().make(BeamGeometry((3, 4, 2), (0.0, 45.0))).range
    (2, 4, 2)
    """

    def make(geometry: BeamGeometry) -> LinearMap:
        from ...forward import Projector

        projector = Projector(
            shape=geometry.shape[:2],
            angles_deg=geometry.angles_deg,
            spacing_nm=geometry.spacing_nm,
            bins=geometry.bins,
            **options,
        )
        return LinearMap(
            name=name,
            domain=geometry.shape,
            range=geometry.series_shape,
            forward=projector.forward,
            adjoint=projector.adjoint,
            norm_bound=projector.norm() if with_norm else None,
            claims=frozenset({"norm"}) if with_norm else frozenset(),
        )

    return ProjectorFamily(name=name, make=make, claims=_CLAIMS, accuracy=_ACCURACY)


def strip_of_odl() -> ProjectorFamily:
    """Return the projector as an ODL operator, as a function of its geometry."""
    from .own_operators import from_odl

    def make(geometry: BeamGeometry) -> LinearMap:
        from ...forward import Projector
        from ...recon.odl_operators import ProjectionOperator, volume_space

        projector = Projector(
            shape=geometry.shape[:2],
            angles_deg=geometry.angles_deg,
            spacing_nm=geometry.spacing_nm,
            bins=geometry.bins,
        )
        space = volume_space(geometry.shape, geometry.spacing_nm)
        return from_odl("strip_of_odl", ProjectionOperator(projector, space))

    return ProjectorFamily(
        name="strip_of_odl", make=make, claims=_CLAIMS - {"any_layout"}, accuracy=_ACCURACY
    )


OWN_PROJECTORS: Table[Callable[[], ProjectorFamily]] = Table(
    "projector of ours",
    {
        "strip": strip,
        "strip_few_weights": lambda: strip("strip_few_weights", with_norm=True, weights_gib=1e-9),
        "strip_of_odl": strip_of_odl,
    },
)
