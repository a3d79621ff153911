"""Our own projector with one mistake each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ....phantoms.table import Table
from ..beam_geometry import BeamGeometry
from ..linear_map import LinearMap
from ..own_projectors import OWN_PROJECTORS
from ..projector_family import ProjectorFamily
from .mutant import Mutant

Make = Callable[[BeamGeometry], LinearMap]
Arrays = Callable[[np.ndarray], np.ndarray]


def _right(geometry: BeamGeometry, **changes: Any) -> LinearMap:
    """Make the right projector of a geometry with some fields changed, for the shapes of the first."""
    made = OWN_PROJECTORS["strip"]().make(replace(geometry, **changes))
    return replace(made, domain=geometry.shape, range=geometry.series_shape)


def _after(step: Callable[[np.ndarray, BeamGeometry], np.ndarray]) -> Make:
    """Do something to the series."""

    def make(geometry: BeamGeometry) -> LinearMap:
        op = _right(geometry)
        return replace(op, forward=lambda volume: step(op.apply(volume), geometry), adjoint=None)

    return make


def _before(step: Callable[[np.ndarray, BeamGeometry], np.ndarray]) -> Make:
    """Do something to the volume."""

    def make(geometry: BeamGeometry) -> LinearMap:
        op = _right(geometry)
        return replace(op, forward=lambda volume: op.apply(step(volume, geometry)), adjoint=None)

    return make


def _angles(change: Callable[[float], float]) -> Make:
    """Use other tilts than those asked for."""
    return lambda geometry: _right(geometry, angles_deg=tuple(map(change, geometry.angles_deg)))


def _one_bin_on(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    del geometry
    moved = np.zeros_like(series)
    moved[:, 1:] = series[:, :-1]
    return moved


def _half_a_bin(geometry: BeamGeometry) -> LinearMap:
    """Put the tilt axis at pixel n // 2, half a bin from the middle of an even number."""
    from ....forward import Projector

    bins = geometry.series_shape[1]
    offset = (bins // 2 - 0.5 * (bins - 1)) * geometry.spacing_nm
    projector = Projector(
        shape=geometry.shape[:2],
        angles_deg=geometry.angles_deg,
        spacing_nm=geometry.spacing_nm,
        bins=geometry.bins,
        offsets_nm=[offset] * len(geometry.angles_deg),
    )
    return replace(_right(geometry), forward=projector.forward, adjoint=projector.adjoint)


def _axis_of_z(geometry: BeamGeometry) -> LinearMap:
    """Turn about the middle of a volume as high as it is wide, whatever its height."""
    nz, ny, nx = geometry.shape
    op = _right(geometry, shape=(max(nz, ny), ny, nx))
    more = max(nz, ny) - nz
    padded = replace(op, domain=(max(nz, ny), ny, nx))
    return replace(
        op,
        forward=lambda volume: padded.apply(np.pad(volume, ((0, more), (0, 0), (0, 0)))),
        adjoint=lambda series: padded.apply_adjoint(series)[:nz],
    )


def _stretched(geometry: BeamGeometry) -> LinearMap:
    """Spread the bins over the width of the volume, however many there are."""
    from ....forward import Projector

    bins = geometry.series_shape[1]
    projector = Projector(
        shape=geometry.shape[:2],
        angles_deg=geometry.angles_deg,
        spacing_nm=geometry.spacing_nm,
        bins=bins,
        bin_nm=geometry.spacing_nm * geometry.shape[1] / bins,
    )
    return replace(_right(geometry), forward=projector.forward, adjoint=projector.adjoint)


def _nearest(geometry: BeamGeometry) -> LinearMap:
    """Drop each voxel into the bin nearest to where its centre lands; there and back."""
    nz, ny, _ = geometry.shape
    bins = geometry.series_shape[1]
    z, y = np.indices((nz, ny)) - 0.5 * (np.array([nz, ny])[:, None, None] - 1)
    alpha = np.deg2rad(geometry.angles_deg)[:, None, None]
    lands = np.floor(y * np.cos(alpha) + z * np.sin(alpha) + 0.5 * bins).astype(int)
    weights = np.float32(geometry.spacing_nm) * (lands[:, None] == np.arange(bins)[:, None, None])
    return replace(
        _right(geometry),
        forward=lambda volume: np.einsum("tkzy,zyx->tkx", weights, volume),
        adjoint=lambda series: np.einsum("tkzy,tkx->zyx", weights, series),
    )


def _smeared_adjoint(geometry: BeamGeometry) -> LinearMap:
    """Back project by interpolating between the bins, as viewers do."""
    op = _right(geometry)
    nz, ny, _ = geometry.shape
    bins = geometry.series_shape[1]
    z, y = np.arange(nz)[:, None] - 0.5 * (nz - 1), np.arange(ny) - 0.5 * (ny - 1)

    def adjoint(series: np.ndarray) -> np.ndarray:
        out = np.zeros(geometry.shape)
        for angle, image in zip(np.deg2rad(geometry.angles_deg), series, strict=True):
            v = (y * np.cos(angle) + z * np.sin(angle) + 0.5 * (bins - 1)).ravel()
            for x in range(out.shape[2]):
                line = np.interp(v, np.arange(bins), image[:, x], left=0.0, right=0.0)
                out[:, :, x] += geometry.spacing_nm * line.reshape(nz, ny)
        return out

    return replace(op, adjoint=adjoint)


def _wrapped(geometry: BeamGeometry) -> LinearMap:
    """Count bins modulo their number, so that what leaves on one side enters on the other."""
    bins = geometry.series_shape[1]
    wide = replace(geometry, bins=3 * bins)
    op = _right(wide)
    return replace(
        _right(geometry),
        forward=lambda volume: op.apply(volume).reshape(-1, 3, bins, geometry.shape[2]).sum(axis=1),
        adjoint=lambda series: op.apply_adjoint(np.tile(series, (1, 3, 1))),
    )


def _sorted(geometry: BeamGeometry) -> LinearMap:
    """Put the tilts into order and leave them so."""
    return _right(geometry, angles_deg=tuple(sorted(geometry.angles_deg)))


def _blurred(volume: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    del geometry
    ahead = np.pad(volume, ((0, 0), (0, 0), (1, 1)), mode="edge")
    return 0.5 * volume + 0.25 * (ahead[:, :, :-2] + ahead[:, :, 2:])


def _one_slice_brighter(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    gains = np.ones(geometry.shape[2], np.float32)
    gains[0] = 1.02
    return series * gains


def _per_tilt(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    return series / len(geometry.angles_deg)


def _foreshortened(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    cosines = np.maximum(np.abs(np.cos(np.deg2rad(geometry.angles_deg))), 0.1)
    return series * cosines[:, None, None]


def _in_voxels(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    return series / geometry.spacing_nm


def _slightly_bright(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    del geometry
    return series * np.float32(1.015)


def _within_circle(volume: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Empty the corners of the slices, as circle=True does elsewhere."""
    nz, ny, _ = geometry.shape
    z, y = np.arange(nz) - 0.5 * (nz - 1), np.arange(ny) - 0.5 * (ny - 1)
    inside = np.hypot(z[:, None], y) <= 0.5 * min(nz, ny)
    return volume * inside[:, :, None]


def _within_its_frame(geometry: BeamGeometry) -> LinearMap:
    """Turn the slices within a frame that stays, and lose what leaves it above and below."""
    nz, ny, _ = geometry.shape
    z, y = np.arange(nz)[:, None] - 0.5 * (nz - 1), np.arange(ny) - 0.5 * (ny - 1)
    tilts = np.deg2rad(geometry.angles_deg)
    single = [_right(geometry, angles_deg=(angle,)) for angle in geometry.angles_deg]
    frames = [np.abs(z * np.cos(tilt) - y * np.sin(tilt)) <= 0.5 * nz for tilt in tilts]

    def forward(volume: np.ndarray) -> np.ndarray:
        parts = zip(single, frames, strict=True)
        return np.concatenate([op.forward(volume * frame[:, :, None]) for op, frame in parts])

    return replace(_right(geometry), forward=forward, adjoint=None)


def _ringing(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Sharpen the bins as cubic interpolation does: each takes an eighth of its neighbours."""
    del geometry
    ahead = np.pad(series, ((0, 0), (1, 1), (0, 0)), mode="edge")
    return 1.25 * series - 0.125 * (ahead[:, :-2] + ahead[:, 2:])


def _axes_exchanged(geometry: BeamGeometry) -> LinearMap:
    """Take y for z: the volume is read as (y, z, x)."""
    nz, ny, nx = geometry.shape
    op = _right(geometry, shape=(ny, nz, nx), bins=geometry.series_shape[1])
    turned = replace(op, domain=(ny, nz, nx))
    return replace(
        op,
        forward=lambda volume: turned.apply(volume.transpose(1, 0, 2)),
        adjoint=lambda series: turned.apply_adjoint(series).transpose(1, 0, 2),
    )


def _mutant(name: str, summary: str, breaks: tuple[str, ...], make: Make) -> Mutant:
    def family() -> ProjectorFamily:
        return replace(OWN_PROJECTORS["strip"](), name=name, make=make)

    return Mutant(name=name, of="strip", summary=summary, breaks=breaks, make=family)


_ALL = (
    _mutant(
        "strip_one_bin_on",
        "Every projection lies one bin too far on.",
        ("landing", "half_turn", "mirror_in_y", "mass"),
        _after(_one_bin_on),
    ),
    _mutant(
        "strip_about_pixel_n_over_2",
        "The tilt axis is taken at pixel n // 2, half a bin off for even n.",
        ("landing", "half_turn", "mirror_in_y"),
        _half_a_bin,
    ),
    _mutant(
        "strip_of_low_volumes_off_axis",
        "The tilt axis is taken at the middle of the width in z too, wrong unless slices are square.",
        ("landing", "mirror_in_z", "empty_frame"),
        _axis_of_z,
    ),
    _mutant(
        "strip_of_the_opposite_tilt",
        "The sign of the tilts is the other one.",
        ("landing", "shadow", "quarter_turn"),
        _angles(lambda angle: -angle),
    ),
    _mutant(
        "strip_with_axes_exchanged",
        "Volumes are read as (y, z, x).",
        ("landing", "shadow", "pixel_shift"),
        _axes_exchanged,
    ),
    _mutant(
        "strip_in_radians",
        "Tilts in degrees are taken for radians.",
        ("landing", "half_turn", "quarter_turn"),
        _angles(lambda angle: float(np.rad2deg(angle))),
    ),
    _mutant(
        "strip_of_whole_degrees",
        "Tilts are rounded to whole degrees from a table that covers half a turn.",
        ("half_turn",),
        _angles(lambda angle: round(angle) % 180.0),
    ),
    _mutant(
        "strip_with_interpolated_back_projection",
        "The back projection interpolates between bins: not the transpose.",
        ("adjoint",),
        _smeared_adjoint,
    ),
    _mutant(
        "strip_to_the_nearest_bin",
        "A voxel goes into the one bin nearest to where its centre lands.",
        ("chords",),
        _nearest,
    ),
    _mutant(
        "strip_wrapped_around",
        "What leaves the bins on one side enters on the other.",
        ("shadow", "field_of_view"),
        _wrapped,
    ),
    _mutant(
        "strip_stretched_to_the_volume",
        "The bins are spread over the width of the volume, however many there are.",
        ("mass", "field_of_view", "empty_frame"),
        _stretched,
    ),
    _mutant(
        "strip_of_sorted_tilts",
        "Tilts are put into order and the projections stay so.",
        ("tilt_order", "tilt_alone"),
        _sorted,
    ),
    _mutant(
        "strip_blurred_along_the_axis",
        "Neighbouring slices are mixed.",
        ("slices_apart",),
        _before(_blurred),
    ),
    _mutant(
        "strip_with_a_brighter_slice",
        "The first slice is projected with 2 % more.",
        ("axis_shift",),
        _after(_one_slice_brighter),
    ),
    _mutant(
        "strip_divided_by_the_tilts",
        "Projections are divided by the number of tilts.",
        ("tilt_alone", "mass", "ball_mass"),
        _after(_per_tilt),
    ),
    _mutant(
        "strip_foreshortened",
        "Projections are multiplied by the cosine of the tilt.",
        ("mass", "ball_mass", "quarter_turn"),
        _after(_foreshortened),
    ),
    _mutant(
        "strip_in_voxels",
        "Lengths are counted in voxels instead of nm.",
        ("units", "mass", "chords"),
        _after(_in_voxels),
    ),
    _mutant(
        "strip_a_little_bright",
        "Projections are 1.5 % too bright: within the accuracy, but not less on finer grids.",
        ("mass", "refinement"),
        _after(_slightly_bright),
    ),
    _mutant(
        "strip_within_a_circle",
        "The corners of the slices are not projected.",
        ("mass", "empty_frame"),
        _before(_within_circle),
    ),
    _mutant(
        "strip_within_its_frame",
        "Slices are turned within a frame of their own size, which loses what leaves it along the beam.",
        ("voxel_mass", "mass", "quarter_turn"),
        _within_its_frame,
    ),
    _mutant(
        "strip_ringing",
        "Bins are sharpened, and some become negative.",
        ("positive",),
        _after(_ringing),
    ),
)

PROJECTOR_MUTANTS: Table[Mutant] = Table("mutant of a projector", {mutant.name: mutant for mutant in _ALL})
