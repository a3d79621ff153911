"""Laws of projectors: the field of view, and the mass within it."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from ..beam_geometry import BeamGeometry
from ..drawn_array import DrawnArray
from ..finding import Finding
from ..law import law
from ..projector_family import ProjectorFamily
from .operator_rounding import wide
from .projector_cases import built, declined, geometries, volumes
from .projector_compared import ROUNDED, compared


def _in_view(geometry: BeamGeometry) -> np.ndarray:
    """Voxels (z, y) whose corners no tilt takes out of the bins: true or false."""
    nz, ny, _ = geometry.shape
    z, y = np.arange(nz) - 0.5 * (nz - 1), np.arange(ny) - 0.5 * (ny - 1)
    return np.hypot(z[:, None], y[None, :]) <= 0.5 * geometry.series_shape[1] - np.sqrt(0.5)


@law(
    kind="projector",
    formula="|Σ_v P e − s| ≤ ½ s at every tilt, for a voxel e of s nm within the field of view",
    tolerance="½ s: lengths of rays a voxel apart count a voxel at 45° as 0.83 to 1.41",
    cases=lambda family: st.fixed_dictionaries(
        {"geometry": geometries(family), "voxel": st.tuples(st.integers(0, 6), st.integers(0, 6))}
    ),
    excuse=declined(),
)
def voxel_mass(family: ProjectorFamily, geometry: BeamGeometry, voxel: tuple[int, int]) -> Finding:
    """Every voxel within the field of view is seen at every tilt, and about once.

    Notes
    -----
    Indices of the voxel beyond the volume count on from its other end; one that may leave the bins is moved
    to the middle.
    """
    nz, ny, _ = geometry.shape
    row, column = voxel[0] % nz, voxel[1] % ny
    view = _in_view(geometry)
    if not view[row, column]:
        row, column = nz // 2, ny // 2
    if not view[row, column]:
        return Finding(0.0, 0.5 * geometry.spacing_nm, "no voxel is within the field of view")
    array = np.zeros(geometry.shape)
    array[row, column] = 1.0
    masses = wide(built(family, geometry).apply(array)).sum(axis=1)
    errors = np.abs(masses - geometry.spacing_nm).max(axis=1)
    worst = int(np.argmax(np.nan_to_num(errors, nan=np.inf)))
    seen = masses[worst].flat[int(np.argmax(np.abs(masses[worst] - geometry.spacing_nm)))]
    note = (
        f"voxel {(row, column)} has a mass of {seen:.4g} instead of {geometry.spacing_nm:g} "
        f"at {geometry.angles_deg[worst]:g}°"
    )
    return Finding(float(errors[worst]), 0.5 * geometry.spacing_nm, note)


@law(
    kind="projector",
    formula="Σ_v P x = spacing Σ_zy x at every tilt and slice, for x within the field of view",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family),
    excuse=lambda family: (
        declined()(family)
        if "mass" in family.claims
        else 'it does not state to keep the mass to rounding ("mass")'
    ),
)
def mass(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray) -> Finding:
    """The mass within the field of view is kept at every tilt.

    Notes
    -----
    Voxels whose corners may leave the bins at some tilt are emptied: those farther from the middle than half
    the bins less √½.
    """
    op, array = built(family, geometry), x.array() * _in_view(geometry)[:, :, None]
    found = wide(op.apply(array)).sum(axis=1)
    wanted = geometry.spacing_nm * wide(array.astype(op.dtype)).sum(axis=(0, 1))
    wanted = np.broadcast_to(wanted, found.shape)
    return compared(family, geometry, op, array, found, wanted, "mass of each tilt and slice")


def _more_bins(geometry: BeamGeometry) -> tuple[BeamGeometry, ...]:
    return (replace(geometry, bins=geometry.series_shape[1] + 4),)


@law(
    kind="projector",
    formula="P with two bins fewer at either end = the middle of P",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, related=_more_bins),
    excuse=declined(_more_bins),
)
def field_of_view(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray) -> Finding:
    """What falls beside the bins is dropped: fewer bins see the same in those that are left."""
    op, array = built(family, geometry), x.array()
    wanted = wide(built(family, _more_bins(geometry)[0]).apply(array))[:, 2:-2]
    return compared(family, geometry, op, array, wide(op.apply(array)), wanted, "with fewer bins")


def _padded(geometry: BeamGeometry) -> tuple[BeamGeometry, ...]:
    nz, ny, nx = geometry.shape
    return (replace(geometry, shape=(nz + 4, ny + 2, nx), bins=geometry.series_shape[1]),)


@law(
    kind="projector",
    formula="P(x within a frame of empty voxels) = P x, for the same bins",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, related=_padded),
    excuse=declined(_padded),
)
def empty_frame(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray) -> Finding:
    """Empty voxels around a volume make no difference.

    Notes
    -----
    The frame is two voxels deep along z and one along y, so that the middle stays where it was.
    """
    op, array = built(family, geometry), x.array()
    framed = np.pad(array, ((2, 2), (1, 1), (0, 0)))
    found = wide(built(family, _padded(geometry)[0]).apply(framed))
    wanted = wide(op.apply(array))
    return compared(family, geometry, op, array, found, wanted, "within an empty frame")
