"""Pictures of volumes: a shaded surface, and an emission-absorption ray sum coloured by composition."""

from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, to_rgb
from scipy import ndimage

from .rays import fill_fog, fill_samples

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
    rays = np.empty((depth, size, size), np.float32)
    fill_samples(np.ascontiguousarray(volume, np.float32), *ray_steps(view, frame, size, depth), rays)
    return rays


def ray_steps(view: View, frame: Frame, size: int, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Voxel (z, y, x) of the first sample, and the steps backwards, down and right; float32."""
    towards, up, right = view.basis
    steps = frame.edge * np.stack([-towards / depth, -up / size, right / size])
    start = frame.centre - 0.5 * np.array([depth - 1, size - 1, size - 1]) @ steps
    return start.astype(np.float32), steps.astype(np.float32)


def surface_image(
    volume: np.ndarray,
    threshold: float,
    *,
    view: View | None = None,
    frame: Frame | None = None,
    size: int = 270,
    colour: str = "#9FB6CC",
) -> np.ndarray:
    """Draw the surface of a volume at a threshold, lit from the upper left.

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
    view, frame = view or View(), frame or Frame.around(volume, threshold)
    smooth = ndimage.gaussian_filter(volume.astype(np.float32), 0.6)
    depth = ray_samples(frame)
    rays = resampled(smooth, view, frame, size, depth)
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
    start, steps = ray_steps(view, frame, size, depth)
    surface = start + along[..., None] * steps[0] + rows[..., None] * steps[1] + columns[..., None] * steps[2]
    normals = surface_normals(smooth, surface, view)
    light = np.clip(normals @ _LIGHT, 0, None)
    gloss = 0.18 * np.clip(normals @ _HALFWAY, 0, 1) ** 30
    shade = 0.42 + 0.54 * light + 0.12 * np.clip(normals[..., 0], 0, 1)
    body = np.array(to_rgb(colour))
    rgb = np.clip(shade[..., None] * body + gloss[..., None], 0, 1)
    return np.concatenate([rgb, cover[..., None]], axis=-1)


def ray_samples(frame: Frame) -> int:
    """Samples along a ray: a few per four voxels."""
    return int(np.ceil(1.2 * frame.edge))


def surface_normals(volume: np.ndarray, points: np.ndarray, view: View) -> np.ndarray:
    """Outward normals (row, column, (towards, up, right)) at points (row, column, (z, y, x))."""
    # The derivative is taken over about a voxel. Cubic B-splines, which smooth a little more, leave no trace
    # of the lattice of voxels in the light.
    smooth = ndimage.gaussian_filter(volume, 0.9)

    def value(shift: np.ndarray) -> np.ndarray:
        return ndimage.map_coordinates(smooth, np.moveaxis(points + shift, -1, 0), order=3, prefilter=False)

    # The density rises inwards: against it points the normal.
    normals = np.stack([value(-axis) - value(axis) for axis in view.basis], axis=-1)
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
    fog = np.ascontiguousarray(total / typical, np.float32)
    plane = cut_plane(cut, view, frame)
    table = matplotlib.colormaps.get_cmap(colours)(np.linspace(0, 1, 256))[:, :3].astype(np.float32)
    depth = ray_samples(frame)
    seen = np.empty((size, size, 4), np.float32)
    fill_fog(
        fog,
        np.ascontiguousarray(zn / typical, np.float32),
        fog_shading(fog, plane, view),
        *ray_steps(view, frame, size, depth),
        depth,
        plane,
        np.float32(opacity * frame.edge / depth),
        table,
        seen,
    )
    cover = 1 - seen[..., 3:]
    return np.clip(np.concatenate([seen[..., :3] / np.maximum(cover, 1e-6), cover], axis=-1), 0, 1)


def cut_plane(normal: tuple[float, float, float] | None, view: View, frame: Frame) -> np.ndarray:
    """Normal (z, y, x) and offset of a plane through the centre, from (towards, up, right); float32."""
    if normal is None:
        return np.array([0, 0, 0, 1], np.float32)
    outward = np.array(normal) / np.linalg.norm(normal) @ view.basis
    return np.array([*outward, outward @ frame.centre], np.float32)


def fog_shading(total: np.ndarray, plane: np.ndarray, view: View) -> np.ndarray:
    """Brightness of each voxel: edges that face the light shine, those that turn away are darker."""
    z, y, x = (
        (normal * np.arange(count, dtype=np.float32)).reshape(shape)
        for normal, count, shape in zip(plane[:3], total.shape, ((-1, 1, 1), (1, -1, 1), (-1,)), strict=True)
    )
    fog = total * smooth_step(total, 0.3, 0.6) * np.clip(0.5 + plane[3] - z - y - x, 0, 1)
    slopes = np.gradient(ndimage.gaussian_filter(fog, 1.1, mode="constant"))
    lit = -sum(
        slope * part for slope, part in zip(slopes, (_LIGHT @ view.basis).astype(np.float32), strict=True)
    )
    length = np.sqrt(sum(slope**2 for slope in slopes))
    edge = np.clip(length * 4, 0, 1)
    return 1 - edge * (0.42 - 0.60 * np.clip(lit / np.maximum(length, 1e-12), 0, 1))


def smooth_step(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """Rise from 0 at `low` to 1 at `high` without a kink."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
