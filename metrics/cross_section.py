"""Partial cross-section of an X-ray line from counts against thickness of standards."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .block_errors import ParticlePixels, block_count, block_errors, block_sizes
from .interior import depth_inside


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
        Slope of one line through all particles that is not held to the origin.
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

        counts = N_e · σ[barn]·1e-10 · n (t + δ),   δ ~ N(0, s²),

    s being `thickness_standard_error_nm`. It is fitted by least squares, weighted by the Poisson
    variance *of the fit*: weights from noisy counts would bias the slope by about one count per
    pixel. For s = 0 the slope is the ratio of all counts to all areal density. Errors of the
    thickness that average out over a particle leave that ratio unbiased, but an offset biases it by
    δ/t. A free intercept takes the offset up, yet its slope is attenuated by noise in the
    thickness, by var(error)/var(t), and follows the particle's shape where blur rounds it. The
    offset's prior weighs the two against each other.

    What the data say about the offset is discounted by their overdispersion: residuals are summed
    over square blocks of 1, 2, 4, … pixels, and the largest cluster-robust error over the Poisson
    error is the factor. Scatter between particles is added as DerSimonian and Laird do [2]_.

    References
    ----------
    .. [1] S. M. Collins et al., APL Materials 7, 091111 (2019), doi:10.1063/1.5120093
    .. [2] R. DerSimonian, N. Laird, Control. Clin. Trials 7, 177 (1986), doi:10.1016/0197-2456(86)90046-2

    Examples
    --------
    >>> y, x = np.mgrid[-20:21, -20:21]
    >>> thickness = 10 * np.sqrt(np.maximum(20.0**2 - y**2 - x**2, 0))
    >>> expected = 1.25e9 * 3.38e-10 * 4.87 * thickness
    >>> round(fit_cross_section(expected, thickness, 4.87, 1.25e9).cross_section_barn, 6)
    3.38
    """
    from scipy.stats import t as student

    pixels = _gather(counts, thickness_nm, density_nm3, electrons_per_pixel, edge_pixels)
    priors = _per_particle(
        "thickness_standard_error_nm", thickness_standard_error_nm, len(pixels), finite=False
    )
    z, c = (np.concatenate([getattr(p, name) for p in pixels]) for name in ("per_barn", "counts"))
    origin = c.sum() / z.sum()
    alone = [_solve([p], priors[i : i + 1]) for i, p in enumerate(pixels)]
    slopes = np.array([a.slope for a in alone])
    own = np.array([np.sqrt(sum(part**2 for part in a.parts.values())) for a in alone])
    joint = _solve(pixels, priors)
    parts = {**joint.parts, "particles": _between(slopes, own)}
    total = float(np.sqrt(sum(part**2 for part in parts.values())))
    freedom = _freedom(
        parts, total, n_blocks=block_count(pixels, block_sizes(pixels)[-1]), n_particles=len(pixels)
    )
    half = float(student.ppf(0.975, freedom)) * total
    fitted = [
        joint.slope * (p.per_barn * (1 + d / p.thickness_nm))
        for p, d in zip(pixels, joint.offsets_nm, strict=True)
    ]
    everything = np.concatenate(fitted)
    chi2 = float(np.sum((c - everything) ** 2 / np.maximum(everything, 1e-12)))
    free, intercept, intercept_error = _free_line(pixels, z, c)
    curvature, curvature_error = _curvature(pixels, z, c)
    return CrossSectionFit(
        line=line, cross_section_barn=joint.slope, standard_error_barn=total,
        interval_barn=(joint.slope - half, joint.slope + half), standard_errors_barn=parts,
        degrees_of_freedom=freedom, origin_cross_section_barn=float(origin), free_cross_section_barn=free,
        intercept_nm=intercept, intercept_standard_error_nm=intercept_error, curvature_per_um=curvature,
        curvature_standard_error=curvature_error, beyond_250_nm=_beyond(pixels, c, everything),
        n_pixels=c.size, reduced_chi2=chi2 / max(c.size - 1, 1),
        particles=tuple(_points(p, f, d, s, e) for p, f, d, s, e in zip(
            pixels, fitted, joint.offsets_nm, slopes, own, strict=True)),
    )  # fmt: skip


def _points(
    p: ParticlePixels, fitted: np.ndarray, offset: float, slope: float, error: float
) -> CrossSectionPoints:
    return CrossSectionPoints(
        thickness_nm=p.thickness_nm,
        areal_density_nm2=p.thickness_nm * p.density_nm3,
        counts=p.counts,
        fitted_counts=fitted,
        mask=p.mask,
        offset_nm=float(offset),
        cross_section_barn=float(slope),
        standard_error_barn=float(error),
    )


def _gather(
    counts, thickness_nm, density_nm3, electrons_per_pixel, edge_pixels: float
) -> list[ParticlePixels]:
    """Check the maps and pick the pixels of each particle."""
    maps, thicknesses = _as_list("counts", counts), _as_list("thickness_nm", thickness_nm)
    if len(maps) != len(thicknesses):
        raise ValueError(
            f"`counts` holds {len(maps)} particles, `thickness_nm` {len(thicknesses)}: give pairs"
        )
    densities = _per_particle("density_nm3", density_nm3, len(maps))
    electrons = _per_particle("electrons_per_pixel", electrons_per_pixel, len(maps))
    for name, values in (("density_nm3", densities), ("electrons_per_pixel", electrons)):
        if not (values > 0).all():
            raise ValueError(f"`{name}` must be positive, got {values.tolist()}")
    result = []
    for i, (count, thick) in enumerate(zip(maps, thicknesses, strict=True)):
        if count.shape != thick.shape:
            raise ValueError(f"particle {i}: `counts` is {count.shape}, `thickness_nm` is {thick.shape}")
        if not (np.isfinite(count).all() and np.isfinite(thick).all()) or (thick < 0).any():
            raise ValueError(f"particle {i}: counts and thickness must be finite, thickness not negative")
        mask = (depth_inside(thick > 0) > edge_pixels) & (thick > 0)
        if np.count_nonzero(mask) < 4 or count[mask].sum() <= 0:
            raise ValueError(
                f"particle {i}: no counts {edge_pixels} pixels inside the silhouette "
                f"({np.count_nonzero(mask)} pixels); lower `edge_pixels`"
            )
        rows, columns = np.nonzero(mask)
        result.append(
            ParticlePixels(
                counts=count[mask],
                thickness_nm=thick[mask],
                per_barn=thick[mask] * densities[i] * electrons[i] * 1e-10,
                rows=rows,
                columns=columns,
                mask=mask,
                density_nm3=float(densities[i]),
            )
        )
    return result


def _as_list(name: str, value) -> list[np.ndarray]:
    maps = [value] if isinstance(value, np.ndarray) and value.ndim == 2 else list(value)
    arrays = [np.asarray(m, dtype=np.float64) for m in maps]
    if not arrays or any(a.ndim != 2 for a in arrays):
        raise ValueError(f"`{name}` must be maps (y, x), got shapes {[a.shape for a in arrays]}")
    return arrays


def _per_particle(
    name: str, value: float | Sequence[float], count: int, *, finite: bool = True
) -> np.ndarray:
    array = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if array.size not in (1, count):
        raise ValueError(f"`{name}` must be one number or {count}, got {array.size}")
    if np.isnan(array).any() or (array < 0).any() or (finite and not np.isfinite(array).all()):
        raise ValueError(f"`{name}` must be numbers, finite and not negative, got {array.tolist()}")
    return np.broadcast_to(array, (count,))


@dataclass(frozen=True)
class _Solution:
    slope: float
    offsets_nm: np.ndarray
    parts: dict[str, float]


def _solve(pixels: list[ParticlePixels], priors: np.ndarray) -> _Solution:
    """Slope and one offset per particle: weighted least squares with the offsets' priors."""
    slope = sum(p.counts.sum() for p in pixels) / sum(p.per_barn.sum() for p in pixels)
    bend = np.minimum(1e6, 1 / np.maximum(priors, 1e-9) ** 2)
    offsets = np.zeros(len(pixels))
    inverse = normal = prior = excess = np.zeros((1, 1))
    for _ in range(3):
        size = len(pixels) + 1
        normal, excess, prior, right = (
            np.zeros((size, size)),
            np.zeros((size, size)),
            np.zeros((size, size)),
            np.zeros(size),
        )
        for i, p in enumerate(pixels):
            variance = np.maximum(
                slope * p.per_barn * (1 + offsets[i] / p.thickness_nm), 1e-3 * slope * p.per_barn
            )
            factor = _overdispersion(p, variance)
            place = np.array([0, i + 1])
            weighted = p.design / (variance * factor)[:, None]
            information = weighted.T @ p.design
            normal[np.ix_(place, place)] += information / factor
            excess[np.ix_(place, place)] += information * (1 - 1 / factor)
            right[place] += weighted.T @ p.counts
            prior[i + 1, i + 1] = bend[i] / slope**2
        inverse = np.linalg.inv(normal + excess + prior)
        solution = inverse @ right
        slope, offsets = float(solution[0]), solution[1:] / solution[0]
    named = {"counting": normal, "thickness": excess, "offset": prior}
    parts = {name: float(np.sqrt(max((inverse @ m @ inverse)[0, 0], 0.0))) for name, m in named.items()}
    return _Solution(slope, offsets, parts)


def _overdispersion(p: ParticlePixels, variance: np.ndarray) -> float:
    """Factor by which correlated residuals inflate the variance of a particle's line."""
    weighted = p.design / variance[:, None]
    bread = np.linalg.pinv(weighted.T @ p.design)
    residual = p.counts - p.design @ (bread @ (weighted.T @ p.counts))
    robust = block_errors(p.design, residual, variance, [p])
    return float(max(1.0, np.max(robust**2 / np.maximum(np.diag(bread), 1e-300))))


def _between(slopes: np.ndarray, errors: np.ndarray) -> float:
    """Scatter of the particles' slopes beyond their own errors (DerSimonian–Laird), in the mean."""
    if slopes.size < 2 or not (errors > 0).all():
        return 0.0
    precision = 1 / errors**2
    mean = np.sum(precision * slopes) / precision.sum()
    excess = np.sum(precision * (slopes - mean) ** 2) - (slopes.size - 1)
    variance = max(excess, 0.0) / (precision.sum() - np.sum(precision**2) / precision.sum())
    return float(np.sqrt(variance * np.sum(precision**2)) / precision.sum())


def _freedom(parts: dict[str, float], total: float, *, n_blocks: int, n_particles: int) -> float:
    """Welch–Satterthwaite degrees of freedom of the sum of the parts."""
    known = {"thickness": max(n_blocks - 1, 1), "particles": max(n_particles - 1, 1)}
    loss = sum(parts[name] ** 4 / freedom for name, freedom in known.items())
    return float(np.clip(total**4 / loss, 1.0, 1e6)) if loss > 0 else 1e6


def _free_line(pixels: list[ParticlePixels], z: np.ndarray, c: np.ndarray) -> tuple[float, float, float]:
    """Slope, offset and the offset's error of one line through all pixels, free at the origin."""
    design = np.concatenate([p.design for p in pixels])
    variance = np.maximum(c.sum() / z.sum() * z, 1e-12)
    weighted = design / variance[:, None]
    coefficients = np.linalg.pinv(weighted.T @ design) @ (weighted.T @ c)
    errors = block_errors(design, c - design @ coefficients, variance, pixels)
    slope = float(coefficients[0])
    return slope, float(coefficients[1] / slope), float(errors[1] / abs(slope))


def _curvature(pixels: list[ParticlePixels], z: np.ndarray, c: np.ndarray) -> tuple[float, float]:
    """Relative curvature per µm of thickness, through the origin, with a cluster-robust error."""
    micrometres = np.concatenate([p.thickness_nm for p in pixels]) * 1e-3
    design = np.stack([z, z * micrometres], axis=1)
    variance = np.maximum(c.sum() / z.sum() * z, 1e-12)
    weighted = design / variance[:, None]
    normal = weighted.T @ design
    if np.linalg.cond(normal) > 1e12:
        return float("nan"), float("nan")
    coefficients = np.linalg.solve(normal, weighted.T @ c)
    errors = block_errors(design, c - design @ coefficients, variance, pixels)
    return float(coefficients[1] / coefficients[0]), float(errors[1] / abs(coefficients[0]))


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
