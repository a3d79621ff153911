"""Partial cross-section of an X-ray line from counts against thickness of standards."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .block_errors import block_count, block_errors, block_sizes, moment_line
from .particle_pixels import ParticlePixels, gather_pixels, per_particle

_PARTS = ("counting", "thickness", "offset")


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossSectionPoints:
    """Pixels of one particle that entered a fit, and its own slope.

    Attributes
    ----------
    thickness_nm, areal_density_nm2, counts, fitted_counts : numpy.ndarray
        (pixels,) thickness, areal density, measured counts, and the fit σ N_e n (t + δ).
    mask : numpy.ndarray
        (y, x) bool: the pixels.
    offset_nm : float
        Thickness offset δ of this particle that the fit settled on.
    cross_section_barn, standard_error_barn : float
        Slope of this particle fitted alone.
    """

    thickness_nm: np.ndarray
    areal_density_nm2: np.ndarray
    counts: np.ndarray
    fitted_counts: np.ndarray
    mask: np.ndarray
    offset_nm: float
    cross_section_barn: float
    standard_error_barn: float


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossSectionFit:
    """A partial cross-section with its standard error and what went into it.

    Attributes
    ----------
    line : str
        The X-ray line, as ``"Co_Ka"``.
    cross_section_barn, standard_error_barn : float
        The slope of counts against areal density, and its standard error.
    interval_barn : tuple of float
        95 % interval, from Student's t with the effective degrees of freedom.
    standard_errors_barn : dict
        The parts, whose squares add up: "counting" (Poisson), "thickness" (spatially correlated
        residuals beyond Poisson), "offset" (thickness common to a particle: segmentation),
        "particles" (scatter from particle to particle beyond the others).
    degrees_of_freedom : float
        Welch–Satterthwaite's, of the parts.
    origin_cross_section_barn : float
        Slope of the line held to the origin: all counts over all areal density.
    free_cross_section_barn : float
        Slope of one line through all particles that is not held to the origin (both moments).
    intercept_nm, intercept_standard_error_nm : float
        Thickness at which that free line crosses zero counts, with reversed sign: the mean offset.
    curvature_per_um, curvature_standard_error : float
        c in counts ∝ t (1 + c t): the linearity check, per micrometre of thickness.
    beyond_250_nm : tuple of float
        Mean relative residual of the pixels thicker than 250 nm, and its standard error; NaN if none.
    n_pixels : int
        Pixels in the fit.
    reduced_chi2 : float
        Poisson χ² per degree of freedom; above 1 where thickness errors exceed counting noise.
    particles : tuple of CrossSectionPoints
        What was fitted, particle by particle.
    """

    line: str
    cross_section_barn: float
    standard_error_barn: float
    interval_barn: tuple[float, float]
    standard_errors_barn: dict[str, float]
    degrees_of_freedom: float
    origin_cross_section_barn: float
    free_cross_section_barn: float
    intercept_nm: float
    intercept_standard_error_nm: float
    curvature_per_um: float
    curvature_standard_error: float
    beyond_250_nm: tuple[float, float]
    n_pixels: int
    reduced_chi2: float
    particles: tuple[CrossSectionPoints, ...]


def fit_cross_section(
    counts: np.ndarray | Sequence[np.ndarray],
    thickness_nm: np.ndarray | Sequence[np.ndarray],
    density_nm3: float | Sequence[float],
    electrons_per_pixel: float | Sequence[float],
    *,
    line: str = "",
    edge_pixels: float = 3.0,
    thickness_standard_error_nm: float | Sequence[float] = 2.5,
    variance_per_count: float = 1.0,
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
    thickness_standard_error_nm : float or sequence of float
        Standard error of what all thicknesses of a particle may be off by together: threshold,
        blur, elongation by the missing wedge. Half a voxel is a sound value for volumes
        reconstructed by TV from ±75° (their thickness was 0.3 voxels too large); the default is
        half of 5 nm. 0 holds the line to the origin, infinity frees it.
    variance_per_count : float
        Variance of the counts over their mean: 1 for Poisson counts, more for net counts after a
        background was subtracted, 0 for expected counts without noise.

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
    largest error is taken. Particles are averaged, and their scatter beyond their own errors is
    added, as DerSimonian and Laird do [2]_.

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
    from scipy.stats import t as student

    pixels = gather_pixels(counts, thickness_nm, density_nm3, electrons_per_pixel, edge_pixels)
    priors = per_particle(
        "thickness_standard_error_nm", thickness_standard_error_nm, len(pixels), finite=False
    )
    z, c = (np.concatenate([getattr(p, name) for p in pixels]) for name in ("per_barn", "counts"))
    alone = [_solve(p, s, variance_per_count) for p, s in zip(pixels, priors, strict=True)]
    slopes, own = np.array([a.slope for a in alone]), np.array([a.error for a in alone])
    shares, scatter = _average(slopes, own)
    slope = float(shares @ slopes)
    parts = {name: float(np.sqrt(np.sum((shares * [a.parts[name] for a in alone]) ** 2))) for name in _PARTS}
    parts["particles"] = scatter
    total = float(np.sqrt(sum(part**2 for part in parts.values())))
    freedom = _freedom(parts, total, pixels, shrinkage=float(np.mean([a.shrinkage for a in alone])))
    half = float(student.ppf(0.975, freedom)) * total
    fitted = [
        slope * p.per_barn * (1 + a.offset_nm / p.thickness_nm) for p, a in zip(pixels, alone, strict=True)
    ]
    everything = np.concatenate(fitted)
    chi2 = float(np.sum((c - everything) ** 2 / np.maximum(everything, 1e-12)))
    per_nm = np.concatenate([p.design[:, 1] for p in pixels])
    free, free_error = moment_line(c, z, per_nm, pixels, variance_per_count)
    squares = z * np.concatenate([p.thickness_nm for p in pixels]) * 1e-3
    curve, curve_error = moment_line(c, z, squares, pixels, variance_per_count)
    return CrossSectionFit(
        line=line, cross_section_barn=slope, standard_error_barn=total,
        interval_barn=(slope - half, slope + half), standard_errors_barn=parts, degrees_of_freedom=freedom,
        origin_cross_section_barn=float(c.sum() / z.sum()), free_cross_section_barn=float(free[0]),
intercept_nm=float(free[1] / free[0]),
        intercept_standard_error_nm=float(free_error[1] / abs(free[0])),
        curvature_per_um=float(curve[1] / curve[0]),
        curvature_standard_error=float(curve_error[1] / abs(curve[0])),
        beyond_250_nm=_beyond(pixels, c, everything), n_pixels=c.size, reduced_chi2=chi2 / max(c.size - 1, 1),
        particles=tuple(_points(p, f, a) for p, f, a in zip(pixels, fitted, alone, strict=True)),
    )  # fmt: skip


@dataclass(frozen=True)
class _Solution:
    slope: float
    error: float
    offset_nm: float
    shrinkage: float
    parts: dict[str, float]


def _solve(p: ParticlePixels, prior_nm: float, variance_per_count: float) -> _Solution:
    """Slope of one particle: the ratio of counts to areal density, corrected by its shrunk offset."""
    z, u = p.design.T
    ratio = p.counts.sum() / z.sum()
    ratio_error = block_errors(z[:, None], p.counts - ratio * z, np.maximum(ratio * z, 1e-12), [p])[0]
    counting = np.sqrt(variance_per_count * p.counts.sum()) / z.sum()
    (_, free), (_, free_error) = moment_line(p.counts, z, u, [p], variance_per_count)
    prior = ratio * prior_nm
    shrink = 1.0 if np.isinf(prior) else prior**2 / (prior**2 + free_error**2) if prior > 0 else 0.0
    offset = free * shrink
    lever = u.sum() / z.sum()
    parts = {
        "counting": float(counting),
        "thickness": float(np.sqrt(max(ratio_error**2 - counting**2, 0.0))),
        "offset": float(lever * free_error * np.sqrt(shrink)),
    }
    slope = float(ratio - lever * offset)
    error = float(np.sqrt(sum(part**2 for part in parts.values())))
    return _Solution(slope, error, float(offset / slope), float(shrink), parts)


def _points(p: ParticlePixels, fitted: np.ndarray, alone: _Solution) -> CrossSectionPoints:
    return CrossSectionPoints(
        thickness_nm=p.thickness_nm,
        areal_density_nm2=p.thickness_nm * p.density_nm3,
        counts=p.counts,
        fitted_counts=fitted,
        mask=p.mask,
        offset_nm=alone.offset_nm,
        cross_section_barn=alone.slope,
        standard_error_barn=alone.error,
    )


def _average(slopes: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights of the particles, and the error that excess scatter gives their mean (DerSimonian–Laird)."""
    precision = 1 / np.maximum(errors, 1e-9 * np.abs(slopes)) ** 2
    mean = np.sum(precision * slopes) / precision.sum()
    excess = np.sum(precision * (slopes - mean) ** 2) - (slopes.size - 1)
    spare = precision.sum() - np.sum(precision**2) / precision.sum()
    variance = max(excess, 0.0) / spare if slopes.size > 1 else 0.0
    shares = 1 / (1 / precision + variance)
    shares /= shares.sum()
    return shares, float(np.sqrt(variance * np.sum(shares**2)))


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


def _beyond(pixels: list[ParticlePixels], c: np.ndarray, fitted: np.ndarray) -> tuple[float, float]:
    """Mean relative residual of the pixels beyond 250 nm, with a cluster-robust error."""
    thick = np.concatenate([p.thickness_nm for p in pixels]) > 250.0
    if np.count_nonzero(thick) < 2:
        return float("nan"), float("nan")
    # A weighted mean of residual over fit is a one-column fit with variance proportional to the fit.
    mean = float((c - fitted)[thick].sum() / fitted[thick].sum())
    residual = np.where(thick, c - (1 + mean) * fitted, 0.0)
    design = np.where(thick, fitted, 0.0)[:, None]
    return mean, float(block_errors(design, residual, np.maximum(fitted, 1e-12), pixels)[0])
