"""The strip model: exact overlap of a square pixel with the bins of a parallel-beam detector.

The shadow of a unit square turned by α is a trapezoid, the convolution of two boxes as wide as
|cos α| and |sin α|; its running integral is piecewise quadratic, so the share of a pixel that
falls into a bin is a difference of two closed forms.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit, prange

if TYPE_CHECKING:
    from scipy import sparse

# A side of the shadow shorter than this (in pixels) is a step: the ramp's quadratic would divide
# by zero, and the step is exact to 1e-9 of a pixel.
_STEP = 1e-9


@njit(cache=True)
def shadow_integral(u: float, wide: float, narrow: float) -> float:
    """Share of a unit square's shadow that lies below `u`.

    Parameters
    ----------
    u : float
        Position on the detector from the shadow's centre, in pixels.
    wide, narrow : float
        The larger and the smaller of |cos α| and |sin α|.

    Returns
    -------
    float
        Between 0 and 1.
    """
    base = 0.5 * (wide + narrow)
    plateau = 0.5 * (wide - narrow)
    if u <= -base:
        return 0.0
    if u >= base:
        return 1.0
    if u < -plateau and narrow > _STEP:
        return (u + base) ** 2 / (2.0 * wide * narrow)
    if u > plateau and narrow > _STEP:
        return 1.0 - (base - u) ** 2 / (2.0 * wide * narrow)
    return 0.5 + u / wide


def most_bins(bin_width: float) -> int:
    """Return the largest number of bins of `bin_width` pixels that one pixel's shadow can touch."""
    return math.ceil(math.sqrt(2.0) / bin_width - 1e-12) + 1


@njit(cache=True, parallel=True)
def strip_weights(nz, ny, cosines, sines, offsets, bins, bin_width, window):
    """Weights of every pixel in every projection.

    Pixel (i, j) at α has the shadow centre ``v = y cos α + z sin α + offset``; its share of bin k
    is ``F(right edge of k − v) − F(left edge of k − v)`` with F the `shadow_integral`.

    Parameters
    ----------
    nz, ny : int
        Pixels along z and y.
    cosines, sines : ndarray of float64, shape (tilt,)
        Of the tilt angles.
    offsets : ndarray of float64, shape (tilt,)
        Shift of each projection along the bins, in pixels.
    bins : int
        Bins of the detector, centred on the axis.
    bin_width : float
        Width of a bin, in pixels.
    window : int
        Consecutive bins kept for each pixel; at least `most_bins`, or all the bins.

    Returns
    -------
    first : ndarray of int32, shape (nz * ny, tilt)
        First bin of each window.
    weights : ndarray of float32, shape (nz * ny, tilt, window)
        Share of the pixel in each bin of its window; the shares sum to one while the pixel lies
        inside the field of view.
    """
    tilts = cosines.size
    first = np.empty((nz * ny, tilts), np.int32)
    weights = np.empty((nz * ny, tilts, window), np.float32)
    for i in prange(nz):
        z = i - 0.5 * (nz - 1)
        for j in range(ny):
            y = j - 0.5 * (ny - 1)
            pixel = i * ny + j
            for t in range(tilts):
                c = abs(cosines[t])
                s = abs(sines[t])
                wide, narrow = (c, s) if c > s else (s, c)
                v = y * cosines[t] + z * sines[t] + offsets[t]
                left = (v - 0.5 * (wide + narrow)) / bin_width + 0.5 * bins
                start = min(max(math.floor(left), 0), bins - window)
                first[pixel, t] = start
                below = shadow_integral((start - 0.5 * bins) * bin_width - v, wide, narrow)
                for k in range(window):
                    upto = shadow_integral((start + k + 1 - 0.5 * bins) * bin_width - v, wide, narrow)
                    weights[pixel, t, k] = upto - below
                    below = upto
    return first, weights


def strip_matrix(
    shape: tuple[int, int],
    angles_deg: np.ndarray,
    *,
    bins: int,
    bin_width: float,
    offsets: np.ndarray | None = None,
) -> "sparse.csr_array":
    """Return the strip model as a sparse (tilt · bin) × (z · y) matrix of float32 shares.

    Parameters
    ----------
    shape : tuple of int
        Pixels along (z, y).
    angles_deg : ndarray of float64, shape (tilt,)
        Tilt angles, degrees.
    bins : int
        Bins of the detector, centred on the axis.
    bin_width : float
        Width of a bin, in pixels.
    offsets : ndarray of float64, shape (tilt,), optional
        Shift of each projection along the bins, in pixels; none when omitted.

    Returns
    -------
    scipy.sparse.csr_array
        The columns sum to one per tilt while the pixel lies inside the field of view.
    """
    from scipy import sparse

    pixels = shape[0] * shape[1]
    tilts = angles_deg.size
    window = min(most_bins(bin_width), bins)
    radians = np.deg2rad(angles_deg)
    offsets = np.zeros(tilts) if offsets is None else np.ascontiguousarray(offsets, dtype=np.float64)
    first, weights = strip_weights(*shape, np.cos(radians), np.sin(radians), offsets, bins, bin_width, window)
    rows = (np.arange(tilts, dtype=np.int32) * bins + first)[:, :, None] + np.arange(window, dtype=np.int32)
    starts = np.arange(pixels + 1, dtype=np.int64) * (tilts * window)
    matrix = sparse.csr_array((weights.ravel(), rows.ravel(), starts), shape=(pixels, tilts * bins))
    matrix.eliminate_zeros()
    return matrix.T.tocsr()


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def gather_rows(starts, columns, weights, scale, rows, out):
    """Sparse matrix times rows of x: ``out[i, x] = scale Σ_k weights[k] rows[columns[k], x]``.

    Each output row belongs to one iteration and is summed in one order: the bits do not depend on
    the number of threads. Four source rows at a time halve the traffic of the running sum.
    """
    nx = rows.shape[1]
    for i in prange(starts.size - 1):
        total = out[i]
        total[:] = np.float32(0.0)
        k = starts[i]
        end = starts[i + 1]
        while k + 4 <= end:
            w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
            a, b, c, d = rows[columns[k]], rows[columns[k + 1]], rows[columns[k + 2]], rows[columns[k + 3]]
            for x in range(nx):
                total[x] += w0 * a[x] + w1 * b[x] + w2 * c[x] + w3 * d[x]
            k += 4
        while k < end:
            w0 = weights[k]
            a = rows[columns[k]]
            for x in range(nx):
                total[x] += w0 * a[x]
            k += 1
        for x in range(nx):
            total[x] *= scale
