"""Whether counts grow in proportion to thickness: curvature, and what thick pixels deviate by."""

from collections.abc import Sequence

import numpy as np

from .block_errors import block_errors, moment_coefficients, moment_line
from .particle_pixels import ParticlePixels

THICK_NM = 250.0
"""Thickness up to which the published experiment found counts linear, and beyond which it looked."""


def thickness_curvature(
    pixels: Sequence[ParticlePixels],
    slope: float,
    offset_errors_nm: Sequence[float],
    variance_per_count: float = 1.0,
) -> tuple[float, float]:
    """Curvature c in counts ∝ t (1 + c t), per micrometre, and its standard error.

    Parameters
    ----------
    pixels : sequence of ParticlePixels
        Of all particles.
    slope : float
        Cross-section, barn.
    offset_errors_nm : sequence of float
        Standard error of what all thicknesses of each particle may be off by.
    variance_per_count : float
        Variance of the counts over their mean.

    Returns
    -------
    curvature, standard_error : float

    Notes
    -----
    An offset δ of the thickness bends a line through the origin too: thin pixels get relatively more
    counts. Its share of the error is what δ of one standard error does to counts without noise,
    particle by particle.
    """
    particles = list(pixels)
    counts, z, thickness = _joined(particles, "counts", "per_barn", "thickness_nm")
    squares = z * thickness * 1e-3
    (one, bend), (_, error) = moment_line(counts, z, squares, particles, variance_per_count)
    variance = (error / one) ** 2
    start = 0
    for p, offset in zip(particles, offset_errors_nm, strict=True):
        stop = start + p.counts.size
        shifted = slope * z
        shifted[start:stop] *= 1 + offset / thickness[start:stop]
        straight, bent = moment_coefficients(shifted, z, squares)
        variance += (bent / straight) ** 2
        start = stop
    return float(bend / one), float(np.sqrt(variance))


def beyond_thickness(
    pixels: Sequence[ParticlePixels],
    fitted: Sequence[np.ndarray],
    offset_errors_nm: Sequence[float],
    *,
    thick_nm: float = THICK_NM,
) -> tuple[float, float]:
    """Mean relative residual of the pixels beyond a thickness, and its standard error.

    Parameters
    ----------
    pixels : sequence of ParticlePixels
        Of all particles.
    fitted : sequence of numpy.ndarray
        (pixels,) expected counts of each.
    offset_errors_nm : sequence of float
        Standard error of what all thicknesses of each particle may be off by.
    thick_nm : float
        The thickness.

    Returns
    -------
    mean, standard_error : float
        NaN where fewer than two pixels are that thick.
    """
    particles = list(pixels)
    counts, thickness = _joined(particles, "counts", "thickness_nm")
    expected = np.concatenate(list(fitted))
    thick = thickness > thick_nm
    if np.count_nonzero(thick) < 2:
        return float("nan"), float("nan")
    # A weighted mean of residual over fit is a one-column fit with variance proportional to the fit.
    total = float(expected[thick].sum())
    mean = float((counts - expected)[thick].sum()) / total
    residual = np.where(thick, counts - (1 + mean) * expected, 0.0)
    design = np.where(thick, expected, 0.0)[:, None]
    variance = float(block_errors(design, residual, np.maximum(expected, 1e-12), particles)[0]) ** 2
    for p, f, offset in zip(particles, fitted, offset_errors_nm, strict=True):
        here = p.thickness_nm > thick_nm
        # The slope makes up for an offset on average; what is left is the difference of the levers.
        lever = float(np.sum(f / p.thickness_nm) / f.sum())
        variance += (offset * float(np.sum(f[here] * (1 / p.thickness_nm[here] - lever))) / total) ** 2
    return mean, float(np.sqrt(variance))


def _joined(particles: list[ParticlePixels], *names: str) -> tuple[np.ndarray, ...]:
    return tuple(np.concatenate([getattr(p, name) for p in particles]) for name in names)
