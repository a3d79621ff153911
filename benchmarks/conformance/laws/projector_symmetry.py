"""Laws of projectors: mirrors, turns and shifts of the volume that geometry settles."""

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


def _same(
    family: ProjectorFamily,
    found: tuple[BeamGeometry, np.ndarray],
    wanted: tuple[BeamGeometry, np.ndarray],
    change: str,
    *,
    back: slice | np.ndarray = slice(None),
    flip: bool = False,
) -> Finding:
    """Compare the projections of two volumes at two geometries, one with its tilts reordered and flipped."""
    op = built(family, wanted[0])
    right = wide(op.apply(wanted[1]))
    left = wide(built(family, found[0]).apply(found[1]))[back]
    left = left[:, ::-1] if flip else left
    return compared(family, wanted[0], op, wanted[1], left, right, change)


def _opposite(geometry: BeamGeometry) -> tuple[BeamGeometry, ...]:
    """Return the geometry of the opposite tilts, in the opposite order: rising tilts stay rising."""
    return (replace(geometry, angles_deg=tuple(-angle for angle in reversed(geometry.angles_deg))),)


def _half_turned(geometry: BeamGeometry) -> tuple[BeamGeometry, ...]:
    return (replace(geometry, angles_deg=tuple(angle + 180.0 for angle in geometry.angles_deg)),)


def _quarter_turned(geometry: BeamGeometry) -> tuple[BeamGeometry, ...]:
    """Return the geometry of the volume turned by 90°, which sees the tilts as 90° larger."""
    nz, ny, nx = geometry.shape
    angles = tuple(angle + 90.0 for angle in geometry.angles_deg)
    bins = geometry.bins if nz == ny else geometry.series_shape[1]
    return (replace(geometry, shape=(ny, nz, nx), angles_deg=angles, bins=bins),)


@law(
    kind="projector",
    formula="P_α(x mirrored in y) = P_−α(x) mirrored in v",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, related=_opposite),
    excuse=declined(_opposite),
)
def mirror_in_y(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray) -> Finding:
    """A volume mirrored in y looks like the volume at the opposite tilt, mirrored."""
    array, opposite = x.array(), _opposite(geometry)[0]
    found, wanted = (geometry, array[:, ::-1]), (opposite, array)
    order = slice(None, None, -1)
    return _same(family, found, wanted, "mirrored in y", back=order, flip=True)


@law(
    kind="projector",
    formula="P_α(x mirrored in z) = P_−α(x)",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, related=_opposite),
    excuse=declined(_opposite),
)
def mirror_in_z(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray) -> Finding:
    """A volume mirrored along the beam looks like the volume at the opposite tilt."""
    array, opposite = x.array(), _opposite(geometry)[0]
    found, wanted = (geometry, array[::-1]), (opposite, array)
    return _same(family, found, wanted, "mirrored in z", back=slice(None, None, -1))


@law(
    kind="projector",
    formula="P_α+180°(x) = P_α(x) mirrored in v",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, related=_half_turned),
    excuse=declined(_half_turned),
)
def half_turn(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray) -> Finding:
    """Seen from behind, a projection is mirrored."""
    found = _half_turned(geometry)[0], x.array()
    return _same(family, found, (geometry, x.array()), "from behind", flip=True)


@law(
    kind="projector",
    formula="P_α+90°(x turned by 90°) = P_α(x), y and z exchanged",
    tolerance=ROUNDED,
    cases=lambda family: volumes(family, related=_quarter_turned),
    excuse=declined(_quarter_turned),
)
def quarter_turn(family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray) -> Finding:
    """A volume turned by 90° about the tilt axis shows at 90° more what it showed before.

    Notes
    -----
    A point (y, z) goes to (−z, y): then v at α + 90° is what v was at α.
    """
    array = x.array()
    turned = np.ascontiguousarray(np.rot90(array, -1, axes=(0, 1)))
    found = _quarter_turned(geometry)[0], turned
    return _same(family, found, (geometry, array), "turned by 90°")


def _moved_cases(family: ProjectorFamily) -> st.SearchStrategy:
    return volumes(
        family,
        angles=(0.0, 90.0),
        extra={"axis": st.sampled_from(["y", "z"]), "steps": st.sampled_from([1, -1, 2])},
    )


@law(
    kind="projector",
    formula="at 0°, P(x moved in y) = P(x) moved in v and P(x moved in z) = P(x); at 90° the other way round",
    tolerance=ROUNDED,
    cases=_moved_cases,
    excuse=declined(angles=(0.0, 90.0)),
)
def pixel_shift(
    family: ProjectorFamily, geometry: BeamGeometry, x: DrawnArray, axis: str, steps: int
) -> Finding:
    """Moved by whole voxels, a volume seen along a grid axis moves by whole bins, or not at all.

    Notes
    -----
    Voxels that would leave the volume are emptied first; bins that matter enters from outside the field of
    view are not compared.
    """
    array, at = x.array(), 1 if axis == "y" else 0
    steps = int(np.clip(steps, 1 - array.shape[at], array.shape[at] - 1))
    if steps:
        leaving = [slice(None)] * 3
        leaving[at] = slice(-steps, None) if steps > 0 else slice(None, -steps)
        array[tuple(leaving)] = 0.0
    op = built(family, geometry)
    before, after = wide(op.apply(array)), wide(op.apply(np.roll(array, steps, at)))
    for tilt, angle in enumerate(geometry.angles_deg):
        moves = steps if (angle == 90.0) == (axis == "z") else 0
        before[tilt] = np.roll(before[tilt], moves, 0)
        entered = slice(0, moves) if moves >= 0 else slice(moves, None)
        before[tilt, entered] = after[tilt, entered]
    what = f"moved by {steps} voxels in {axis}"
    return compared(family, geometry, op, array, after, before, what)


_CLOSE = 1.5


@law(
    kind="projector",
    formula="P(one voxel) is zero in bins farther than 1.5 + √½ from y cos α + z sin α",
    tolerance=ROUNDED + "; a voxel reaches √½ from its centre, half a bin is the bin's own, one is left to "
    "projectors that interpolate",
    cases=lambda family: st.fixed_dictionaries(
        {"geometry": geometries(family), "voxel": st.tuples(st.integers(0, 6), st.integers(0, 6))}
    ),
    excuse=lambda family: (
        declined()(family)
        if family.claims & {"mass", "line_integrals", "positive"}
        else 'it states no weights of neighbouring voxels ("positive", "mass" or "line_integrals")'
    ),
)
def shadow(family: ProjectorFamily, geometry: BeamGeometry, voxel: tuple[int, int]) -> Finding:
    """A voxel throws its shadow where it stands and nowhere else: what leaves the bins does not come back.

    Notes
    -----
    Indices of the voxel beyond the volume count on from its other end.
    """
    op = built(family, geometry)
    nz, ny, _ = geometry.shape
    row, column = voxel[0] % nz, voxel[1] % ny
    array = np.zeros(geometry.shape)
    array[row, column] = 1.0
    series = wide(op.apply(array))
    z, y = row - 0.5 * (nz - 1), column - 0.5 * (ny - 1)
    tilts = np.deg2rad(geometry.angles_deg)
    bins = np.arange(series.shape[1]) - 0.5 * (series.shape[1] - 1)
    away = np.abs(bins[None, :] - (y * np.cos(tilts) + z * np.sin(tilts))[:, None])
    near = series * (away <= _CLOSE + np.sqrt(0.5))[:, :, None]
    return compared(family, geometry, op, array, series, near, "far from where the voxel lands")
