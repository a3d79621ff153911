"""Mistakes that one makes with projectors, each as a function of the geometry that makes a wrong one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..beam_geometry import BeamGeometry
from ..linear_map import LinearMap
from ..own_projectors import OWN_PROJECTORS

Make = Callable[[BeamGeometry], LinearMap]


def right_one(geometry: BeamGeometry, **changes: Any) -> LinearMap:
    """Make the right projector of a geometry with some fields changed, for the shapes of the first."""
    made = OWN_PROJECTORS["strip"]().make(replace(geometry, **changes))
    return replace(made, domain=geometry.shape, range=geometry.series_shape)


def after(step: Callable[[np.ndarray, BeamGeometry], np.ndarray]) -> Make:
    """Do something to the series."""

    def make(geometry: BeamGeometry) -> LinearMap:
        op = right_one(geometry)
        return replace(op, forward=lambda volume: step(op.apply(volume), geometry), adjoint=None)

    return make


def before(step: Callable[[np.ndarray, BeamGeometry], np.ndarray]) -> Make:
    """Do something to the volume."""

    def make(geometry: BeamGeometry) -> LinearMap:
        op = right_one(geometry)
        return replace(op, forward=lambda volume: op.apply(step(volume, geometry)), adjoint=None)

    return make


def other_tilts(change: Callable[[float], float]) -> Make:
    """Use other tilts than those asked for."""
    return lambda geometry: right_one(geometry, angles_deg=tuple(map(change, geometry.angles_deg)))


def one_bin_on(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Move every projection by a bin."""
    del geometry
    moved = np.zeros_like(series)
    moved[:, 1:] = series[:, :-1]
    return moved


def half_a_bin(geometry: BeamGeometry) -> LinearMap:
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
    return replace(right_one(geometry), forward=projector.forward, adjoint=projector.adjoint)


def axis_of_z(geometry: BeamGeometry) -> LinearMap:
    """Turn about the middle of a volume as high as it is wide, whatever its height."""
    nz, ny, nx = geometry.shape
    op = right_one(geometry, shape=(max(nz, ny), ny, nx))
    more = max(nz, ny) - nz
    padded = replace(op, domain=(max(nz, ny), ny, nx))
    return replace(
        op,
        forward=lambda volume: padded.apply(np.pad(volume, ((0, more), (0, 0), (0, 0)))),
        adjoint=lambda series: padded.apply_adjoint(series)[:nz],
    )


def stretched(geometry: BeamGeometry) -> LinearMap:
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
    return replace(right_one(geometry), forward=projector.forward, adjoint=projector.adjoint)


def nearest(geometry: BeamGeometry) -> LinearMap:
    """Drop each voxel into the bin nearest to where its centre lands; there and back."""
    nz, ny, _ = geometry.shape
    bins = geometry.series_shape[1]
    z, y = np.indices((nz, ny)) - 0.5 * (np.array([nz, ny])[:, None, None] - 1)
    alpha = np.deg2rad(geometry.angles_deg)[:, None, None]
    lands = np.floor(y * np.cos(alpha) + z * np.sin(alpha) + 0.5 * bins).astype(int)
    weights = np.float32(geometry.spacing_nm) * (lands[:, None] == np.arange(bins)[:, None, None])
    return replace(
        right_one(geometry),
        forward=lambda volume: np.einsum("tkzy,zyx->tkx", weights, volume),
        adjoint=lambda series: np.einsum("tkzy,tkx->zyx", weights, series),
    )


def smeared_adjoint(geometry: BeamGeometry) -> LinearMap:
    """Back project by interpolating between the bins, as viewers do."""
    op = right_one(geometry)
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


def wrapped(geometry: BeamGeometry) -> LinearMap:
    """Count bins modulo their number, so that what leaves on one side enters on the other."""
    bins = geometry.series_shape[1]
    wide = replace(geometry, bins=3 * bins)
    op = right_one(wide)
    return replace(
        right_one(geometry),
        forward=lambda volume: op.apply(volume).reshape(-1, 3, bins, geometry.shape[2]).sum(axis=1),
        adjoint=lambda series: op.apply_adjoint(np.tile(series, (1, 3, 1))),
    )


def in_order(geometry: BeamGeometry) -> LinearMap:
    """Put the tilts into order and leave them so."""
    return right_one(geometry, angles_deg=tuple(sorted(geometry.angles_deg)))


def blurred(volume: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Mix neighbouring slices."""
    del geometry
    ahead = np.pad(volume, ((0, 0), (0, 0), (1, 1)), mode="edge")
    return 0.5 * volume + 0.25 * (ahead[:, :, :-2] + ahead[:, :, 2:])


def one_slice_brighter(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Multiply the first slice by 1.02."""
    gains = np.ones(geometry.shape[2], np.float32)
    gains[0] = 1.02
    return series * gains


def per_tilt(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Divide by the number of tilts."""
    return series / len(geometry.angles_deg)


def foreshortened(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Multiply by the cosine of the tilt."""
    cosines = np.maximum(np.abs(np.cos(np.deg2rad(geometry.angles_deg))), 0.1)
    return series * cosines[:, None, None]


def in_voxels(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Divide by the size of a voxel."""
    return series / geometry.spacing_nm


def slightly_bright(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Multiply by 1.015."""
    del geometry
    return series * np.float32(1.015)


def within_circle(volume: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Empty the corners of the slices, as circle=True does elsewhere."""
    nz, ny, _ = geometry.shape
    z, y = np.arange(nz) - 0.5 * (nz - 1), np.arange(ny) - 0.5 * (ny - 1)
    inside = np.hypot(z[:, None], y) <= 0.5 * min(nz, ny)
    return volume * inside[:, :, None]


def within_its_frame(geometry: BeamGeometry) -> LinearMap:
    """Turn the slices within a frame that stays, and lose what leaves it above and below."""
    nz, ny, _ = geometry.shape
    z, y = np.arange(nz)[:, None] - 0.5 * (nz - 1), np.arange(ny) - 0.5 * (ny - 1)
    tilts = np.deg2rad(geometry.angles_deg)
    single = [right_one(geometry, angles_deg=(angle,)) for angle in geometry.angles_deg]
    frames = [np.abs(z * np.cos(tilt) - y * np.sin(tilt)) <= 0.5 * nz for tilt in tilts]

    def forward(volume: np.ndarray) -> np.ndarray:
        parts = zip(single, frames, strict=True)
        return np.concatenate([op.forward(volume * frame[:, :, None]) for op, frame in parts])

    return replace(right_one(geometry), forward=forward, adjoint=None)


def ringing(series: np.ndarray, geometry: BeamGeometry) -> np.ndarray:
    """Sharpen the bins as cubic interpolation does: each takes an eighth of its neighbours."""
    del geometry
    ahead = np.pad(series, ((0, 0), (1, 1), (0, 0)), mode="edge")
    return 1.25 * series - 0.125 * (ahead[:, :-2] + ahead[:, 2:])


def axes_exchanged(geometry: BeamGeometry) -> LinearMap:
    """Take y for z: the volume is read as (y, z, x)."""
    nz, ny, nx = geometry.shape
    op = right_one(geometry, shape=(ny, nz, nx), bins=geometry.series_shape[1])
    turned = replace(op, domain=(ny, nz, nx))
    return replace(
        op,
        forward=lambda volume: turned.apply(volume.transpose(1, 0, 2)),
        adjoint=lambda series: turned.apply_adjoint(series).transpose(1, 0, 2),
    )
