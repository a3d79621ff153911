"""Pictures of volumes: a shaded surface, and an emission-absorption ray sum coloured by composition."""

from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, to_rgb
from scipy import ndimage

_LIGHT = np.array([0.62, 0.55, -0.50])  # towards the viewer, up, right
_LIGHT = _LIGHT / np.linalg.norm(_LIGHT)
_HALFWAY = _LIGHT + np.array([1.0, 0.0, 0.0])
_HALFWAY = _HALFWAY / np.linalg.norm(_HALFWAY)


@dataclass(frozen=True, kw_only=True)
class View:
    """From where a volume is looked at.

    Parameters
    ----------
    azimuth_deg, elevation_deg : float
        Turn about the picture's vertical and tip about its horizontal, degrees. At 0 and 0 the picture
        is that of a micrograph at 0° tilt: x to the right, y downwards, the beam towards the viewer.
    """

    azimuth_deg: float = 30.0
    elevation_deg: float = 28.0

    @property
    def basis(self) -> np.ndarray:
        """Rows: towards the viewer, up, right; columns: (z, y, x)."""
        a, e = np.deg2rad(self.azimuth_deg), np.deg2rad(self.elevation_deg)
        towards, up, right = np.array([[-1.0, 0, 0], [0, -1.0, 0], [0, 0, 1.0]])
        towards, right = np.cos(a) * towards + np.sin(a) * right, np.cos(a) * right - np.sin(a) * towards
        towards, up = np.cos(e) * towards + np.sin(e) * up, np.cos(e) * up - np.sin(e) * towards
        return np.array([towards, up, right])


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """The cube of a volume that a picture shows.

    Attributes
    ----------
    centre : numpy.ndarray
        Its centre (z, y, x), in voxel indices.
    edge : float
        Its edge, voxels.
    """

    centre: np.ndarray
    edge: float

    @classmethod
    def around(cls, volume: np.ndarray, threshold: float, *, margin: float = 1.02) -> "Frame":
        """Enclose whatever lies above a threshold, from any side; all of the volume if nothing does."""
        inside = np.argwhere(volume > threshold)
        if not len(inside):
            return cls(centre=(np.array(volume.shape) - 1) / 2, edge=float(max(volume.shape)))
        centre = (inside.min(axis=0) + inside.max(axis=0)) / 2
        return cls(centre=centre, edge=2 * margin * float(np.linalg.norm(inside - centre, axis=1).max() + 1))


def resampled(volume: np.ndarray, view: View, frame: Frame, size: int, depth: int) -> np.ndarray:
    """Sample a volume on rays of a view.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x).
    view : View
        The view.
    frame : Frame
        The cube to show.
    size, depth : int
        Rays along each side of the picture, and samples along each ray.

    Returns
    -------
    numpy.ndarray
        (depth from front to back, row, column), float32.
    """
    towards, up, right = view.basis
    matrix = frame.edge * np.stack([-towards / depth, -up / size, right / size], axis=1)
    middle = (np.array([depth, size, size]) - 1) / 2
    return ndimage.affine_transform(
        volume.astype(np.float32),
        matrix,
        (frame.centre - matrix @ middle).tolist(),  # pyright: ignore[reportArgumentType]
        output_shape=(depth, size, size),
        order=1,
        output=np.float32,
    )


def surface_image(
    volume: np.ndarray,
    threshold: float,
    *,
    view: View | None = None,
    frame: Frame | None = None,
    size: int = 270,
    colour: str = "#9FB6CC",
) -> np.ndarray:
    """Draw the surface of a volume at a threshold, lit from the upper right.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x).
    threshold : float
        Level of the surface, in the units of the volume.
    view, frame : View and Frame, optional
        From where, and what part; by default all that lies above the threshold.
    size : int
        Rows and columns of the picture.
    colour : str
        Of the body.

    Returns
    -------
    numpy.ndarray
        RGBA in [0, 1], (row, column, 4).
    """
    frame = frame or Frame.around(volume, threshold)
    smooth = ndimage.gaussian_filter(volume.astype(np.float32), 0.6)
    depth = ray_samples(frame)
    rays = resampled(smooth, view or View(), frame, size, depth)
    first = np.maximum((rays > threshold).argmax(axis=0), 1)
    rows, columns = np.indices(first.shape)
    before, after = rays[first - 1, rows, columns], rays[first, rows, columns]
    rise = after - before
    # Where a ray misses, there is no crossing between two samples: any depth will do, as it is not covered.
    crosses = rise > 1e-6 * threshold
    along = (
        first - 1 + np.clip(np.divide(threshold - before, rise, out=np.ones_like(rise), where=crosses), 0, 1)
    )
    # Half covered where a ray just grazes the surface: the outline is smooth.
    grazing = rays.max(axis=0) / threshold
    cover = smooth_step(grazing, 0.9, 1.1)
    normals = surface_normals(rays, along, frame)
    light = np.clip(normals @ _LIGHT, 0, None)
    gloss = 0.18 * np.clip(normals @ _HALFWAY, 0, 1) ** 30
    shade = 0.42 + 0.54 * light + 0.12 * np.clip(normals[..., 0], 0, 1)
    body = np.array(to_rgb(colour))
    rgb = np.clip(shade[..., None] * body + gloss[..., None], 0, 1)
    return np.concatenate([rgb, cover[..., None]], axis=-1)


def ray_samples(frame: Frame) -> int:
    """Samples along a ray: a few per four voxels."""
    return int(np.ceil(1.2 * frame.edge))


def surface_normals(rays: np.ndarray, along: np.ndarray, frame: Frame) -> np.ndarray:
    """Outward normals (row, column, (towards, up, right)) where each ray meets the surface."""
    # Samples per voxel along the ray and across: the derivative is taken over about a voxel.
    spacing = np.array(rays.shape) / frame.edge
    smooth = ndimage.gaussian_filter(rays, 0.9 * spacing)
    rows, columns = np.indices(along.shape, dtype=float)

    def value(shift: np.ndarray) -> np.ndarray:
        k, i, j = shift * spacing
        return ndimage.map_coordinates(smooth, [along + k, rows + i, columns + j], order=1, mode="nearest")

    slopes = np.stack([value(axis) - value(-axis) for axis in np.eye(3)], axis=-1)
    # The density rises inwards: against it points the normal; depth and rows count away and down.
    normals = slopes * [1.0, 1.0, -1.0]
    return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)


def composition_image(
    zn: np.ndarray,
    co: np.ndarray,
    *,
    view: View | None = None,
    frame: Frame | None = None,
    size: int = 270,
    colours: str | Colormap = "cividis",
    opacity: float = 0.5,
    cut: tuple[float, float, float] | None = None,
) -> np.ndarray:
    """Draw two densities as an absorbing fog whose colour is the zinc fraction.

    Parameters
    ----------
    zn, co : numpy.ndarray
        Number densities (z, y, x), nm⁻³.
    view, frame : View and Frame, optional
        From where, and what part; by default all that is dense.
    size : int
        Rows and columns of the picture.
    colours : str or Colormap
        Colours of the fraction zn/(zn + co), from 0 to 1.
    opacity : float
        Absorption per voxel at the typical total density.
    cut : tuple of float, optional
        Normal (towards the viewer, up, right) of a plane through the centre; its side is removed.

    Returns
    -------
    numpy.ndarray
        RGBA in [0, 1], (row, column, 4).

    Notes
    -----
    Front to back, C ← C + T·a·c and T ← T·(1 − a) with a = 1 − exp(−opacity·density/typical·step).
    """
    total = zn + co
    dense = total[total > 0.25 * total.max()]
    typical = float(np.median(dense)) if dense.size else 1.0
    view, frame = view or View(), frame or Frame.around(total, 0.4 * typical)
    depth = ray_samples(frame)
    zn_rays = resampled(zn, view, frame, size, depth)
    total_rays = resampled(total, view, frame, size, depth)
    fraction = np.divide(
        zn_rays, total_rays, out=np.zeros_like(total_rays), where=total_rays > 0.05 * typical
    )
    fog = total_rays / typical
    # Noise of the surrounding vacuum would veil the particle.
    fog *= smooth_step(fog, 0.3, 0.6)
    if cut is not None:
        fog *= kept_by(cut, fog.shape, frame)
    shade = fog_shading(fog, frame)
    table = matplotlib.colormaps.get_cmap(colours)(np.linspace(0, 1, 256))[:, :3].astype(np.float32)
    seen = np.zeros((size, size, 3), np.float32)
    left = np.ones((size, size), np.float32)
    for k in range(depth):
        absorbed = 1 - np.exp(-opacity * frame.edge / depth * fog[k])
        colour = table[np.clip(fraction[k] * 255, 0, 255).astype(np.uint8)] * shade[k][..., None]
        seen += (left * absorbed)[..., None] * colour
        left *= 1 - absorbed
    cover = (1 - left)[..., None]
    return np.clip(np.concatenate([seen / np.maximum(cover, 1e-6), cover], axis=-1), 0, 1)


def fog_shading(fog: np.ndarray, frame: Frame) -> np.ndarray:
    """Brightness of each sample: edges that face the light shine, those that turn away are darker."""
    spacing = np.array(fog.shape) / frame.edge
    smooth = ndimage.gaussian_filter(fog, 1.1 * spacing)
    toward, up, right = (axis * per for axis, per in zip(np.gradient(smooth), spacing, strict=True))
    lit = toward * _LIGHT[0] + up * _LIGHT[1] - right * _LIGHT[2]
    length = np.sqrt(toward**2 + up**2 + right**2)
    edge = np.clip(length * 4, 0, 1)
    return 1 - edge * (0.42 - 0.60 * np.clip(lit / np.maximum(length, 1e-12), 0, 1))


def kept_by(normal: tuple[float, float, float], shape: tuple[int, ...], frame: Frame) -> np.ndarray:
    """1 behind a central plane, 0 on the side of its normal (towards, up, right), a voxel's ramp between."""
    depth, row, column = (np.linspace(-0.5, 0.5, count, dtype=np.float32) * frame.edge for count in shape)
    toward, up, right = np.array(normal) / np.linalg.norm(normal)
    beyond = -toward * depth[:, None, None] - up * row[None, :, None] + right * column[None, None, :]
    return np.clip(0.5 - beyond, 0, 1)


def smooth_step(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """Rise from 0 at `low` to 1 at `high` without a kink."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
