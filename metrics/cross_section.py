"""Partial cross-sections of X-ray lines from counts against thickness of standards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .block_errors import block_count, block_sizes, moment_line
from .cross_section_fit import CrossSectionFit, CrossSectionPoints
from .curvature import beyond_thickness, thickness_curvature
from .particle_pixels import ParticlePixels, gather_lines, per_particle
from .particle_scatter import average_particles
from .thickness_errors import ThicknessErrors, summed_lines, thickness_errors

__all__ = ["CrossSectionFit", "CrossSectionPoints", "fit_cross_section", "fit_cross_sections"]

_PARTS = ("counting", "thickness", "offset")

Maps = np.ndarray | Sequence[np.ndarray]
PerParticle = float | Sequence[float]


def fit_cross_section(
    counts: Maps,
    thickness_nm: Maps,
    density_nm3: PerParticle,
    electrons_per_pixel: PerParticle,
    *,
    line: str = "",
    edge_pixels: float = 3.0,
    thickness_bias_nm: PerParticle = 0.0,
    thickness_standard_error_nm: PerParticle = 2.5,
    variance_per_count: float = 1.0,
    density_relative_error: float = 0.0,
    scatter_level: float = 1.0,
) -> CrossSectionFit:
    """Fit the partial cross-section of a line to counts against thickness of several particles.

    Parameters
    ----------
    counts : numpy.ndarray or sequence of numpy.ndarray
        (y, x) net counts of the line per pixel, of one or several particles of known composition.
    thickness_nm : numpy.ndarray or sequence of numpy.ndarray
        (y, x) thickness along the beam, nm, as `thickness_map` gives it.
    density_nm3 : float or sequence of float
        Atoms of the element per nm³, of all particles or of each.
    electrons_per_pixel : float or sequence of float
        N_e = i τ/e.
    line : str
        Name of the line, kept for reports.
    edge_pixels : float
        Only pixels farther than this from the silhouette's edge are fitted: at the edge the blur of
        the volume and partly covered pixels bias thickness and counts in different ways. The rule
        looks at positions alone: choosing pixels by their noisy thickness would bias the slope.
    thickness_bias_nm : float or sequence of float
        What all thicknesses of a particle are known to be too large by (negative: too small), from
        particles of known thickness; it is taken off before the fit.
    thickness_standard_error_nm : float or sequence of float
        Standard error of what all thicknesses of a particle may be off by together: threshold,
        blur, elongation by the missing wedge. Half a voxel is a sound value for volumes
        of unknown quality; the default is half of 5 nm. 0 holds the line to the origin, infinity
        frees it.
    variance_per_count : float
        Variance of the counts over their mean: 1 for Poisson counts, more for net counts after a
        background was subtracted, 0 for expected counts without noise.
    density_relative_error : float
        Relative standard error of `density_nm3`, the same for all particles: no number of particles
        makes it smaller.
    scatter_level : float
        Scatter between particles enters the error where chance makes it with less than this
        probability; 1 lets it enter always, 0 never.

    Returns
    -------
    CrossSectionFit

    Raises
    ------
    ValueError
        If shapes or numbers of particles differ, values are not finite or negative, or no pixel is
        left inside a silhouette.

    Notes
    -----
    The model is eq. 1 of [1]_ with an offset δ for each particle,

        counts = N_e · σ[barn]·1e-10 · n (t + δ) = σ (z + u δ),   δ ~ N(0, s²),

    s being `thickness_standard_error_nm`. Measured thicknesses carry noise, so a regression on them
    (weighted or not) is attenuated by var(error)/var(t), 2 % at 8 nm in 60 nm. Two moments are free
    of that, as the noise of the counts is independent of the errors of the thickness, and known:

        Σ (c − σ(z + uδ)) = 0,        Σ c (c − σ(z + uδ)) = f Σ c,

    with f = `variance_per_count`. The first alone, with δ = 0, is the ratio of all counts to all areal
    density: what Poisson weights *of the fit* give for a line through the origin (weights from the
    noisy counts would bias it by about one count per pixel). Both give δ with an error v; the prior
    shrinks it by s²/(s² + v), and the slope is the ratio corrected by what is left of δ.

    Errors are cluster-robust: moments are summed over square blocks of 1, 2, 4, … pixels and the
    largest error is taken. Particles are averaged; where their scatter beyond their own errors is
    significant, it is added, as DerSimonian and Laird do [2]_.

    References
    ----------
    .. [1] S. M. Collins et al., APL Materials 7, 091111 (2019), doi:10.1063/1.5120093
    .. [2] R. DerSimonian, N. Laird, Control. Clin. Trials 7, 177 (1986), doi:10.1016/0197-2456(86)90046-2

    Examples
    --------
    >>> y, x = np.mgrid[-20:21, -20:21]
    >>> thickness = 10 * np.sqrt(np.maximum(20.0**2 - y**2 - x**2, 0))
    >>> expected = 1.25e9 * 3.38e-10 * 4.87 * thickness
    >>> fit = fit_cross_section(expected, thickness, 4.87, 1.25e9, variance_per_count=0.0)
    >>> round(fit.cross_section_barn, 6)
    3.38
    """
    return fit_cross_sections(
        {line: counts},
        thickness_nm,
        density_nm3,
        electrons_per_pixel,
        edge_pixels=edge_pixels,
        thickness_bias_nm=thickness_bias_nm,
        thickness_standard_error_nm=thickness_standard_error_nm,
        variance_per_count=variance_per_count,
        density_relative_error=density_relative_error,
        scatter_level=scatter_level,
    )[line]


def fit_cross_sections(
    counts: Mapping[str, Maps],
    thickness_nm: Maps,
    density_nm3: PerParticle,
    electrons_per_pixel: PerParticle,
    *,
    edge_pixels: float = 3.0,
    thickness_bias_nm: PerParticle = 0.0,
    thickness_standard_error_nm: PerParticle = 2.5,
    variance_per_count: float = 1.0,
    density_relative_error: float = 0.0,
    scatter_level: float = 1.0,
) -> dict[str, CrossSectionFit]:
    """Fit several lines of one element together, as they see the same thickness.

    Parameters
    ----------
    counts : mapping of str to maps
        Line to what `fit_cross_section` takes: (y, x) net counts of each particle.
    thickness_nm, density_nm3, electrons_per_pixel, edge_pixels, thickness_bias_nm, \
    thickness_standard_error_nm, variance_per_count, density_relative_error, scatter_level
        As for `fit_cross_section`.

    Returns
    -------
    dict of str to CrossSectionFit
        One fit for each line.

    Raises
    ------
    ValueError
        As `fit_cross_section`, and when no line is given.

    Notes
    -----
    The model is that of `fit_cross_section`. Offsets and errors of the thickness belong to the
    particle, not to the line: the offset δ and the correlated error beyond counting are estimated
    from the sum of the lines' counts, itself a line with the sum of their cross-sections. A weak line
    (Kβ) then owes them the precision of the strong one, and the ratio of two cross-sections is that of
    all their counts, whatever the thickness.

    Examples
    --------
    >>> y, x = np.mgrid[-20:21, -20:21]
    >>> thickness = 10 * np.sqrt(np.maximum(20.0**2 - y**2 - x**2, 0))
    >>> per_barn = 1.25e9 * 1e-10 * 4.87 * thickness
    >>> expected = {"Co_Ka": 3.4 * per_barn, "Co_Kb": 0.4 * per_barn}
    >>> fits = fit_cross_sections(expected, thickness, 4.87, 1.25e9, variance_per_count=0.0)
    >>> {line: round(fit.cross_section_barn, 6) for line, fit in fits.items()}
    {'Co_Ka': 3.4, 'Co_Kb': 0.4}
    """
    lines = gather_lines(
        counts, thickness_nm, density_nm3, electrons_per_pixel, edge_pixels, thickness_bias_nm
    )
    number = len(next(iter(lines.values())))
    priors = per_particle("thickness_standard_error_nm", thickness_standard_error_nm, number, finite=False)
    _check_shares(density_relative_error, scatter_level)
    summed = [summed_lines([pixels[i] for pixels in lines.values()]) for i in range(number)]
    errors = [thickness_errors(p, s, variance_per_count) for p, s in zip(summed, priors, strict=True)]
    return {
        line: _fit_line(line, pixels, errors, variance_per_count, density_relative_error, scatter_level)
        for line, pixels in lines.items()
    }


def _check_shares(density_relative_error: float, scatter_level: float) -> None:
    if not 0 <= density_relative_error < 1:
        raise ValueError(
            f"`density_relative_error` must be a share from 0 up to 1, got {density_relative_error}; "
            "0.01 means one per cent"
        )
    if not 0 <= scatter_level <= 1:
        raise ValueError(f"`scatter_level` must be a probability from 0 to 1, got {scatter_level}")


def _fit_line(
    line: str,
    pixels: list[ParticlePixels],
    errors: list[ThicknessErrors],
    variance_per_count: float,
    density_relative_error: float,
    scatter_level: float,
) -> CrossSectionFit:
    """Average one line over the particles and check it."""
    from scipy.special import stdtrit

    alone = [_solve(p, e, variance_per_count) for p, e in zip(pixels, errors, strict=True)]
    mean = average_particles(
        np.array([a.slope for a in alone]), np.array([a.error for a in alone]), level=scatter_level
    )
    slope = mean.value
    parts = {
        name: float(np.sqrt(np.sum((mean.shares * [a.parts[name] for a in alone]) ** 2))) for name in _PARTS
    }
    parts |= {"particles": mean.scatter, "density": abs(slope) * density_relative_error}
    total = float(np.sqrt(sum(part**2 for part in parts.values())))
    freedom = _freedom(parts, total, pixels, shrinkage=float(np.mean([e.shrinkage for e in errors])))
    half = float(stdtrit(freedom, 0.975)) * total
    fitted = [
        slope * p.per_barn * (1 + e.offset_nm / p.thickness_nm) for p, e in zip(pixels, errors, strict=True)
    ]
    z, c = (np.concatenate([getattr(p, name) for p in pixels]) for name in ("per_barn", "counts"))
    everything = np.concatenate(fitted)
    chi2 = float(np.sum((c - everything) ** 2 / np.maximum(everything, 1e-12)))
    per_nm = np.concatenate([p.design[:, 1] for p in pixels])
    free, free_error = moment_line(c, z, per_nm, pixels, variance_per_count)
    curvature = thickness_curvature(pixels, slope, [e.offset_error_nm for e in errors], variance_per_count)
    beyond = beyond_thickness(pixels, fitted, [e.offset_error_nm for e in errors])
    return CrossSectionFit(
        line=line, cross_section_barn=slope, standard_error_barn=total,
        interval_barn=(slope - half, slope + half), standard_errors_barn=parts, degrees_of_freedom=freedom,
        origin_cross_section_barn=float(c.sum() / z.sum()), free_cross_section_barn=float(free[0]),
        intercept_nm=float(free[1] / free[0]),
        intercept_standard_error_nm=float(free_error[1] / abs(free[0])),
        curvature_per_um=curvature[0], curvature_standard_error=curvature[1],
        beyond_250_nm=beyond,
        n_pixels=c.size, reduced_chi2=chi2 / max(c.size - 1, 1),
        particles=tuple(
            _points(p, f, e, a) for p, f, e, a in zip(pixels, fitted, errors, alone, strict=True)
        ),
        scatter_p_value=mean.p_value,
    )  # fmt: skip


@dataclass(frozen=True)
class _Solution:
    slope: float
    error: float
    parts: dict[str, float]


def _solve(p: ParticlePixels, errors: ThicknessErrors, variance_per_count: float) -> _Solution:
    """Slope of one line and particle: counts over areal density, corrected by the shrunk offset."""
    z = p.per_barn.sum()
    ratio = float(p.counts.sum() / z)
    parts = {
        "counting": float(np.sqrt(variance_per_count * p.counts.sum()) / z),
        "thickness": ratio * errors.residual_error,
        "offset": ratio * errors.offset_error,
    }
    return _Solution(
        ratio * errors.correction, float(np.sqrt(sum(part**2 for part in parts.values()))), parts
    )


def _points(
    p: ParticlePixels, fitted: np.ndarray, errors: ThicknessErrors, alone: _Solution
) -> CrossSectionPoints:
    return CrossSectionPoints(
        thickness_nm=p.thickness_nm,
        areal_density_nm2=p.thickness_nm * p.density_nm3,
        counts=p.counts,
        fitted_counts=fitted,
        mask=p.mask,
        offset_nm=errors.offset_nm,
        cross_section_barn=alone.slope,
        standard_error_barn=alone.error,
    )


def _freedom(
    parts: dict[str, float], total: float, pixels: list[ParticlePixels], *, shrinkage: float
) -> float:
    """Welch–Satterthwaite degrees of freedom of the sum of the parts.

    Errors from blocks have as many as the largest blocks leave; what the prior says has none to lose.
    """
    blocks = max(sum(block_count([p], block_sizes([p])[-1]) - 2 for p in pixels), 1)
    known = {
        "thickness": blocks,
        "offset": blocks / max(shrinkage, 1e-3) ** 2,
        "particles": max(len(pixels) - 1, 1),
    }
    loss = sum(parts[name] ** 4 / freedom for name, freedom in known.items())
    return float(np.clip(total**4 / loss, 1.0, 1e6)) if loss > 0 else 1e6
