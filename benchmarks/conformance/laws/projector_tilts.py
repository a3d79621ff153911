"""Laws of projectors: slices, tilts and units that know nothing of each other."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from ..beam_geometry import BeamGeometry
from ..drawn_array import DrawnArray
from ..finding import Finding
from ..law import law
from ..projector_family import ProjectorFamily
from .operator_rounding import wide
from .projector_cases import built, declined, volumes
from .projector_compared import ROUNDED, compared


@law(
    kind="projector",
    formula="P x in slice k depends on x in slice k only",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, extra={"kept": st.integers(0, 2)}),
    excuse=declined(),
)
def slices_apart(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray, kept: int) -> Finding:
    """Slices across the tilt axis do not know of each other."""
    op, array, kept = built(family, geometry), x.array(), kept % geometry.shape[2]
    alone = np.zeros_like(array)
    alone[:, :, kept] = array[:, :, kept]
    wanted = np.zeros(op.range)
    wanted[:, :, kept] = op.apply(array)[:, :, kept]
    return compared(family, geometry, op, array, wide(op.apply(alone)), wanted, f"slice {kept} alone")


@law(
    kind="projector",
    formula="P(x rolled along the tilt axis) = P x rolled",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, extra={"steps": st.integers(1, 2)}),
    excuse=declined(),
)
def axis_shift(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray, steps: int) -> Finding:
    """All slices are projected alike: shifted along the tilt axis, a volume has a shifted series."""
    op, array = built(family, geometry), x.array()
    wanted = np.roll(wide(op.apply(array)), steps, 2)
    return compared(
        family, geometry, op, array, wide(op.apply(np.roll(array, steps, 2))), wanted, f"rolled by {steps}"
    )


def _reordered(geometry: BeamGeometry) -> tuple[BeamGeometry, ...]:
    return (replace(geometry, angles_deg=geometry.angles_deg[::-1]),)


@law(
    kind="projector",
    formula="P of the tilts in the opposite order = P x in the opposite order",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, related=_reordered),
    excuse=declined(_reordered),
)
def tilt_order(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray) -> Finding:
    """The order of the tilts is that of the projections, and changes nothing else."""
    op, array = built(family, geometry), x.array()
    found = wide(built(family, _reordered(geometry)[0]).apply(array))[::-1]
    return compared(family, geometry, op, array, found, wide(op.apply(array)), "tilts in the opposite order")


def _single(geometry: BeamGeometry) -> tuple[BeamGeometry, ...]:
    return tuple(replace(geometry, angles_deg=(angle,)) for angle in geometry.angles_deg)


@law(
    kind="projector",
    formula="P_(α₁, …, αₙ)(x) at tilt i = P_(αᵢ)(x)",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, related=_single, extra={"tilt": st.integers(0, 2)}),
    excuse=declined(_single),
)
def tilt_alone(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray, tilt: int) -> Finding:
    """One tilt of many is projected as if it were alone."""
    op, array, tilt = built(family, geometry), x.array(), tilt % len(geometry.angles_deg)
    found = wide(built(family, _single(geometry)[tilt]).apply(array))
    wanted = wide(op.apply(array))[tilt : tilt + 1]
    return compared(family, geometry, op, array, found, wanted, f"{geometry.angles_deg[tilt]:g}° alone")


def _unit(geometry: BeamGeometry) -> tuple[BeamGeometry, ...]:
    return (replace(geometry, spacing_nm=1.0),)


@law(
    kind="projector",
    formula="P with voxels of s nm = s × P with voxels of 1 nm",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, related=_unit),
    excuse=declined(_unit),
)
def units(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray) -> Finding:
    """Projections are lengths in nm: they scale with the size of a voxel."""
    op, array = built(family, geometry), x.array()
    wanted = geometry.spacing_nm * wide(built(family, _unit(geometry)[0]).apply(array))
    return compared(
        family, geometry, op, array, wide(op.apply(array)), wanted, f"voxels of {geometry.spacing_nm:g} nm"
    )
