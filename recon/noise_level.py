"""Variance of a tilt series, estimated from the series alone."""

import numpy as np
from scipy import ndimage

# A second difference along both axes: blind to smooth structure, unit gain for white noise.
_MASK = np.outer([1.0, -2.0, 1.0], [1.0, -2.0, 1.0]) / 6.0
# Median of |normal| over its standard deviation.
_MEDIAN = 0.6744897501960817


def poisson_variance(counts: np.ndarray, *, smoothing: float = 1.0, floor: float = 1.0) -> np.ndarray:
    """Variance of Poisson counts: their local mean.

    The counts themselves would give low counts too much weight and pull the fit down (Neyman's
    bias); a Gaussian mean over the neighbours in the same projection removes most of that.

    Parameters
    ----------
    counts : ndarray, shape (tilt, y, x)
        Recorded counts.
    smoothing : float
        Standard deviation of the Gaussian, pixels.
    floor : float
        Least variance, counts²: one count is the least that a pixel can tell apart from none.

    Returns
    -------
    ndarray of float64, shape (tilt, y, x)
    """
    mean = ndimage.gaussian_filter(counts.astype(np.float64), (0.0, smoothing, smoothing), mode="nearest")
    return np.maximum(mean, floor)


def checked_noise(variance: np.ndarray) -> np.ndarray:
    """Return a known variance with its zeros raised to a millionth of its mean.

    Parameters
    ----------
    variance : ndarray, shape (tilt, y, x)
        Variance of the noise, not negative.

    Returns
    -------
    ndarray of float64, shape (tilt, y, x)
        Positive everywhere.
    """
    mean = float(variance.mean(dtype=np.float64))
    return np.maximum(variance, 1e-6 * mean if mean > 0 else 1.0)


def gaussian_variance(data: np.ndarray, *, bins: int = 12) -> np.ndarray:
    """Variance of data of unknown units as a straight line in the signal, ``a + b·max(signal, 0)``.

    Parameters
    ----------
    data : ndarray, shape (tilt, y, x)
        Recorded intensities, in any unit.
    bins : int
        Levels of signal, of equal pixel number, at which the noise is read off.

    Returns
    -------
    ndarray of float64, shape (tilt, y, x)
        Positive everywhere; ones where all data are zero, which tell nothing of their noise.

    Notes
    -----
    The noise at a level is the median absolute response to the mask of Immerkær (1996),
    doi 10.1006/cviu.1996.0060, which ignores planes and ridges; a and b ≥ 0 are fitted to the
    levels by non-negative least squares, each level weighted by the inverse of its variance.
    A floor of 1e-6 of the largest squared signal keeps noiseless data finite.
    """
    from scipy.optimize import nnls

    values = data.astype(np.float64)
    if not values.any():
        return np.ones(values.shape)
    response = np.stack([ndimage.convolve(image, _MASK, mode="nearest") for image in values])
    smooth = ndimage.gaussian_filter(values, (0.0, 2.0, 2.0), mode="nearest")
    signal = np.maximum(smooth, 0.0)
    levels = np.unique(np.quantile(signal, np.linspace(0.0, 1.0, bins + 1)))
    index = np.clip(np.searchsorted(levels, signal, side="right") - 1, 0, max(levels.size - 2, 0))
    floor = 1e-6 * max(float(np.abs(values).max()), 1e-150) ** 2
    rows, variances = [], []
    for level in np.unique(index):
        inside = index == level
        rows.append([1.0, float(signal[inside].mean())])
        variances.append(max((float(np.median(np.abs(response[inside]))) / _MEDIAN) ** 2, floor))
    relative = 1.0 / np.array(variances)
    scale = max(float(signal.max()), 1e-150)
    design = np.array(rows) * [1.0, 1.0 / scale]
    (constant, slope), _ = nnls(design * relative[:, None], np.array(variances) * relative)
    return np.maximum(constant + slope * signal / scale, floor)
