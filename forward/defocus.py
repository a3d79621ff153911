"""Projection with a convergent beam: what lies out of focus is blurred."""

import numpy as np

from .disc_kernel import disc_kernel
from .probe import blur
from .projector import Projector
from .strip import gather_rows, strip_matrix

# Steps of the disc's radius between levels, in pixels. As the variance is kept between levels, the
# image of a ball with a bead differs from that of 60 levels by less than 1e-3 of its maximum for
# discs of up to 2 pixels, and by 2.3e-3 for discs of up to 4.
RADIUS_STEP = 0.5


def defocused_projection(
    volume: np.ndarray,
    *,
    angle_deg: float,
    spacing_nm: float,
    bins: int,
    bin_nm: float,
    offset_nm: float = 0.0,
    half_angle_mrad: float,
    focus_nm: float = 0.0,
    fwhm_nm: float = 0.0,
    levels: int | None = None,
) -> np.ndarray:
    """Project a volume with a convergent beam of finite width.

    Parameters
    ----------
    volume : ndarray, shape (z, y, x)
        Densities, atoms nm⁻³.
    angle_deg : float
        Tilt, degrees.
    spacing_nm : float
        Edge of a voxel, nm.
    bins : int
        Bins along y; pixels along x are the voxels.
    bin_nm : float
        Width of a bin, nm.
    offset_nm : float, optional
        Where the tilt axis lands along the bins, nm (`Projector`).
    half_angle_mrad : float
        Convergence semi-angle α of the beam, mrad; 0 for a parallel one.
    focus_nm : float, optional
        Height of the focal plane over the centre of the volume, along the beam, nm.
    fwhm_nm : float, optional
        Width of the probe in focus, nm (`blur`).
    levels : int, optional
        Distances from focus at which discs are formed, at least 2; chosen so that the radius grows by
        half a pixel from one to the next when omitted.

    Returns
    -------
    ndarray of float32, shape (bins, x)
        Areal densities, atoms nm⁻².

    Raises
    ------
    ValueError
        When a parameter is out of range.

    Notes
    -----
    A voxel at height h = z cos α − y sin α over the centre is spread over a disc of radius
    |h − focus| tan(half angle), evenly lit, as a geometric cone does. Voxels are shared between the
    two nearest of a few levels of radius so that the variance of their blur is exact; one strip
    matrix, its columns sorted by level, gives the images of all levels at the cost of one projection.
    Each is then convolved with its disc (`disc_kernel`) and their sum with the Gaussian (`blur`). Mass
    that the discs carry out of the field of view is dropped, as the projector does. With a half angle and a
    width of 0 the bits are those of `Projector`.

    Examples
    --------
    >>> point = np.zeros((101, 5, 5), np.float32)
    >>> point[100, 2, 2] = 1.0  # 250 nm over the focus: a disc of radius 2.5 nm
    >>> image = defocused_projection(
    ...     point, angle_deg=0, spacing_nm=5.0, bins=5, bin_nm=5.0, half_angle_mrad=10)
    >>> np.round(image[1:4, 1:4], 2)
    array([[0.  , 0.16, 0.  ],
           [0.16, 4.37, 0.16],
           [0.  , 0.16, 0.  ]], dtype=float32)
    """
    for name, value in (("half_angle_mrad", half_angle_mrad), ("fwhm_nm", fwhm_nm)):
        if not 0 <= value < np.inf:
            raise ValueError(f"`{name}` must be finite and not negative, got {value}")
    if half_angle_mrad >= 500 * np.pi:
        raise ValueError(f"`half_angle_mrad` must be below a right angle, got {half_angle_mrad}")
    if not np.isfinite(focus_nm):
        raise ValueError(f"`focus_nm` must be finite, got {focus_nm}")
    if np.ndim(volume) != 3:
        raise ValueError(f"`volume` must have axes (z, y, x), got shape {np.shape(volume)}")
    if levels is not None and levels < 2:
        raise ValueError(f"`levels` must be at least 2, got {levels}")
    # Built for its checks, and for the bits of a sharp projection.
    geometry = {"spacing_nm": spacing_nm, "bins": bins, "bin_nm": bin_nm}
    projector = Projector(shape=volume.shape[:2], angles_deg=[angle_deg], offsets_nm=[offset_nm], **geometry)
    if half_angle_mrad == 0:
        image = projector.forward(volume)[0]
    else:
        radii = _radii_nm(volume.shape[:2], angle_deg, spacing_nm, focus_nm, half_angle_mrad)
        image = _convergent(volume, radii, angle_deg, offset_nm, geometry, levels)
    if fwhm_nm == 0:
        return image
    return blur(image, spacing_nm=(bin_nm, spacing_nm), fwhm_nm=fwhm_nm).astype(np.float32)


def _radii_nm(
    shape: tuple[int, int], angle_deg: float, spacing_nm: float, focus_nm: float, half_angle_mrad: float
) -> np.ndarray:
    """Radius of the disc of each column of voxels (z, y), nm, flat."""
    z, y = ((np.arange(count) - (count - 1) / 2) * spacing_nm for count in shape)
    angle = np.deg2rad(angle_deg)
    height = z[:, None] * np.cos(angle) - y * np.sin(angle)
    return (np.abs(height - focus_nm) * np.tan(half_angle_mrad * 1e-3)).ravel()


def _convergent(
    volume: np.ndarray,
    radii_nm: np.ndarray,
    angle_deg: float,
    offset_nm: float,
    geometry: dict,
    levels: int | None,
) -> np.ndarray:
    """Sum over levels of their image convolved with their disc, float32 (bins, x)."""
    from scipy.ndimage import convolve

    spacing, bins, bin_nm = geometry["spacing_nm"], geometry["bins"], geometry["bin_nm"]
    nodes = _levels(radii_nm, min(spacing, bin_nm), levels)
    # Matter just outside the field of view is blurred into it.
    margin = int(np.ceil(nodes[-1] / bin_nm)) + 1
    images = _level_images(volume, radii_nm, nodes, angle_deg, offset_nm, bins + 2 * margin, spacing, bin_nm)
    total = np.zeros(images.shape[1:])
    for node, image in zip(nodes, images, strict=True):
        image = image.astype(np.float64)
        kernel = disc_kernel((node / bin_nm, node / spacing))
        total += convolve(image, kernel, mode="constant") if kernel.size > 1 else image
    return total[margin:-margin].astype(np.float32)


def _levels(radii_nm: np.ndarray, pixel_nm: float, count: int | None) -> np.ndarray:
    """Radii at which discs are formed, nm, from the least to the largest that occurs."""
    low, high = float(radii_nm.min()), float(radii_nm.max())
    if count is None:
        count = int(np.ceil((high - low) / (RADIUS_STEP * pixel_nm))) + 1
    return np.linspace(low, high, max(count, 2))


def _level_images(
    volume: np.ndarray,
    radii_nm: np.ndarray,
    nodes: np.ndarray,
    angle_deg: float,
    offset_nm: float,
    bins: int,
    spacing_nm: float,
    bin_nm: float,
) -> np.ndarray:
    """Project the share of each level; float32 (level, bins, x)."""
    matrix = strip_matrix(
        volume.shape[:2],
        np.array([angle_deg], dtype=np.float64),
        bins=bins,
        bin_width=bin_nm / spacing_nm,
        offsets=np.array([offset_nm / spacing_nm]),
    ).tocoo()
    below = np.clip(np.searchsorted(nodes, radii_nm, side="right") - 1, 0, nodes.size - 2)
    span = nodes[below + 1] ** 2 - nodes[below] ** 2
    rise = np.divide(radii_nm**2 - nodes[below] ** 2, span, out=np.zeros_like(span), where=span > 0)
    upper = np.clip(rise, 0, 1).astype(np.float32)
    return _gathered(matrix, below, upper, nodes.size, volume, np.float32(spacing_nm / (bin_nm / spacing_nm)))


def _gathered(
    matrix, below: np.ndarray, upper: np.ndarray, levels: int, volume: np.ndarray, scale: np.float32
) -> np.ndarray:
    """Apply the strip matrix with every column divided between level `below` and the next."""
    from scipy import sparse

    bins = matrix.shape[0]
    level, share = below[matrix.col], upper[matrix.col]
    rows = np.concatenate([level * bins + matrix.row, (level + 1) * bins + matrix.row])
    weights = np.concatenate([matrix.data * (1 - share), matrix.data * share])
    columns = np.concatenate([matrix.col, matrix.col])
    by_level = sparse.csr_array((weights, (rows, columns)), shape=(levels * bins, matrix.shape[1]))
    by_level.eliminate_zeros()
    flat = np.ascontiguousarray(volume, dtype=np.float32).reshape(-1, volume.shape[2])
    out = np.empty((levels * bins, flat.shape[1]), np.float32)
    starts, columns = by_level.indptr.astype(np.int64), by_level.indices.astype(np.int32)
    gather_rows(starts, columns, by_level.data, scale, flat, out)
    return out.reshape(levels, bins, -1)
