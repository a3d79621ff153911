"""Distortions of a recorded image: its rotation, and rows of the scan out of place."""

from collections.abc import Sequence

import numpy as np
from numba import njit, prange


def rotate_images(
    images: np.ndarray, angles_deg: Sequence[float] | np.ndarray, spacing_nm: float = 1.0
) -> np.ndarray:
    """Rotate each image about its middle.

    Parameters
    ----------
    images : ndarray, shape (tilt, y, x)
        Areal densities or counts; left untouched.
    angles_deg : sequence of float, length tilt
        Rotations, degrees, from +x towards +y; within ±45.
    spacing_nm : float, optional
        Edge of a pixel, nm; pixels are square, so it changes nothing.

    Returns
    -------
    ndarray, shape (tilt, y, x)
        Same type as the images where that is a float, float64 otherwise.

    Raises
    ------
    ValueError
        When shapes do not fit or an angle is beyond ±45°.

    Notes
    -----
    Three shears [1]_, each a shift of whole rows or columns by linear interpolation::

        x' = x − y tan(θ/2),   y' = y + x' sin θ,   x" = x' − y' tan(θ/2)

    A shift hands all of a pixel to its two neighbours, so that the sum of an image is kept as long as
    its matter stays inside, and nothing turns negative. The edge pixels stand for what lies outside: a
    constant image stays constant. Interpolation blurs by at most 1/2 (x) and 1/4 (y) pixel² of
    variance. An angle of 0 leaves the bits alone.

    References
    ----------
    .. [1] A. W. Paeth, Graphics Interface '86 (1986) 77, doi:10.20380/GI1986.15

    Examples
    --------
    >>> image = np.zeros((1, 5, 7))
    >>> image[0, 2, 5] = 1.0  # two pixels from the middle along x
    >>> np.round(rotate_images(image, [30.0])[0, 2:5, 3:6], 2)  # moves towards +y
    array([[0.  , 0.  , 0.  ],
           [0.  , 0.27, 0.73],
           [0.  , 0.  , 0.  ]])
    """
    stack = _floats(images)
    angles = np.asarray(angles_deg, dtype=np.float64)
    if angles.shape != stack.shape[:1]:
        raise ValueError(f"`angles_deg` must hold one angle per image, got {angles.size} for {len(stack)}")
    if not (np.abs(angles) <= 45).all():
        index = int(np.flatnonzero(~(np.abs(angles) <= 45))[0])
        raise ValueError(f"`angles_deg` must lie within -45 and 45: {angles[index]} at index {index}")
    if not 0 < spacing_nm < np.inf:
        raise ValueError(f"`spacing_nm` must be positive, got {spacing_nm}")
    out = stack.copy()
    for image, angle in zip(out, angles, strict=True):
        if angle:
            image[...] = _rotated(image.astype(np.float64), np.deg2rad(angle))
    return out


def jitter_rows(images: np.ndarray, offsets_nm: np.ndarray, spacing_nm: float) -> np.ndarray:
    """Record each row of an image where the scan truly ran.

    Parameters
    ----------
    images : ndarray, shape (tilt, y, x)
        Areal densities or counts; left untouched.
    offsets_nm : ndarray, shape (tilt, y, 2)
        Displacement (y, x) of the beam while it scans each row, nm.
    spacing_nm : float
        Edge of a pixel, nm.

    Returns
    -------
    ndarray, shape (tilt, y, x)
        Same type as the images where that is a float, float64 otherwise.

    Raises
    ------
    ValueError
        When shapes do not fit or a displacement is not finite.

    Notes
    -----
    ``out[y, x] = image(y + dy, x + dx)`` by bilinear interpolation, the edge pixels standing for what
    lies outside. A displacement along the row keeps its sum as long as its matter stays inside.
    One across the rows does not: neighbouring rows see the same strip twice or miss it, as in
    the microscope; the sum then holds on average only. A constant image stays constant, nothing turns
    negative, and displacements of 0 leave the bits alone.

    Examples
    --------
    >>> image = np.arange(4.0).reshape(1, 1, 4)
    >>> jitter_rows(image, np.array([[[0.0, 5.0]]]), spacing_nm=10.0)
    array([[[0.5, 1.5, 2.5, 3. ]]])
    """
    stack = _floats(images)
    offsets = np.asarray(offsets_nm, dtype=np.float64)
    if offsets.shape != (*stack.shape[:2], 2):
        raise ValueError(
            f"`offsets_nm` must have shape (tilt, y, 2) = {(*stack.shape[:2], 2)}, got {offsets.shape}"
        )
    if not np.isfinite(offsets).all():
        raise ValueError("`offsets_nm` must be finite")
    if not 0 < spacing_nm < np.inf:
        raise ValueError(f"`spacing_nm` must be positive, got {spacing_nm}")
    out = stack.copy()
    for image, rows in zip(out, offsets / spacing_nm, strict=True):
        if not rows.any():
            continue
        source = _shifted(image.astype(np.float64), np.zeros(len(image)))
        place = np.clip(np.arange(len(image)) + rows[:, 0], 0, len(image) - 1)
        low = np.minimum(place.astype(np.int64), max(len(image) - 2, 0))
        part = (place - low)[:, None]
        high = np.minimum(low + 1, len(image) - 1)
        image[...] = _shifted(source[low] * (1 - part) + source[high] * part, -rows[:, 1])
    return out


def _rotated(image: np.ndarray, angle: float) -> np.ndarray:
    """Three shears on a canvas wide enough for what they move out and back."""
    ny, nx = image.shape
    slant, rise = np.tan(angle / 2), np.sin(angle)
    wide = int(np.ceil(abs(slant) * ny)) + 1
    tall = int(np.ceil(abs(rise) * (nx + 2 * wide) / 2)) + 1
    canvas = np.pad(image, ((tall, tall), (wide, wide)), mode="edge")
    y = np.arange(canvas.shape[0]) - (canvas.shape[0] - 1) / 2
    x = np.arange(canvas.shape[1]) - (canvas.shape[1] - 1) / 2
    canvas = _shifted(canvas, -slant * y)
    canvas = _shifted(np.ascontiguousarray(canvas.T), rise * x)
    canvas = _shifted(np.ascontiguousarray(canvas.T), -slant * y)
    return canvas[tall:-tall, wide:-wide]


@njit(cache=True, parallel=True)
def _shifted(rows, shifts):
    """Move row i by ``shifts[i]`` pixels: ``out[i, k] = (1 − f) rows[i, k − m] + f rows[i, k − m − 1]``."""
    count = rows.shape[1]
    out = np.empty_like(rows)
    for i in prange(rows.shape[0]):
        whole = int(np.floor(shifts[i]))
        part = shifts[i] - whole
        for k in range(count):
            here = min(max(k - whole, 0), count - 1)
            there = min(max(k - whole - 1, 0), count - 1)
            out[i, k] = (1.0 - part) * rows[i, here] + part * rows[i, there]
    return out


def _floats(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 3:
        raise ValueError(f"`images` must have axes (tilt, y, x), got shape {images.shape}")
    return images if images.dtype.kind == "f" else images.astype(np.float64)
