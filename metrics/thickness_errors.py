"""What the thickness of a particle is off by, told from the counts of all its lines."""

from dataclasses import dataclass, replace

import numpy as np

from .block_errors import excess_error, moment_line
from .particle_pixels import ParticlePixels


def summed_lines(lines: list[ParticlePixels]) -> ParticlePixels:
    """All lines of a particle as one: the sum of Poisson counts is Poisson."""
    return replace(lines[0], counts=np.sum([p.counts for p in lines], axis=0))


@dataclass(frozen=True)
class ThicknessErrors:
    """What the thickness of one particle is off by, the same for all lines.

    Attributes
    ----------
    offset_nm, offset_error_nm : float
        Offset that all thicknesses share, and its standard error, both with the prior.
    correction : float
        What that offset makes of the ratio of counts to areal density, as a factor.
    offset_error, residual_error : float
        Relative errors of the slope by the offset, and by correlated residuals beyond counting.
    shrinkage : float
        Weight of the counts, against the prior, in the offset.
    """

    offset_nm: float
    offset_error_nm: float
    correction: float
    offset_error: float
    residual_error: float
    shrinkage: float


def thickness_errors(p: ParticlePixels, prior_nm: float, variance_per_count: float) -> ThicknessErrors:
    """Estimate them from the counts of one particle, all lines together (`fit_cross_sections`)."""
    z, u = p.design.T
    ratio = p.counts.sum() / z.sum()
    total = float(p.counts.sum())
    (_, free), (_, free_error) = moment_line(p.counts, z, u, [p], variance_per_count)
    free, free_error = free / ratio, free_error / ratio
    shrink = 1.0
    if not np.isinf(prior_nm):
        shrink = prior_nm**2 / (prior_nm**2 + free_error**2) if prior_nm > 0 else 0.0
    lever = u.sum() / z.sum()
    correction = 1 - lever * free * shrink
    error_nm = free_error * np.sqrt(shrink)
    return ThicknessErrors(
        offset_nm=float(free * shrink / correction),
        correction=float(correction),
        offset_error=float(lever * error_nm),
        residual_error=excess_error(p.counts - ratio * z, total, variance_per_count * total, p),
        shrinkage=float(shrink),
        offset_error_nm=float(error_nm),
    )
