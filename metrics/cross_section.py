"""Partial cross-section of an X-ray line from counts against thickness of standards."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .interior import depth_inside

_FEWEST_BLOCKS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossSectionPoints:
    """Pixels of one particle that entered a fit, and its own slope.

    Attributes
    ----------
    thickness_nm, areal_density_nm2, counts, fitted_counts : numpy.ndarray
        (pixels,) thickness, areal density, measured counts and σ N_e P of the fit.
    mask : numpy.ndarray
        (y, x) bool: the pixels.
    cross_section_barn, standard_error_barn : float
        Slope of this particle alone, with its own counting, thickness and segmentation errors.
    """

    thickness_nm: np.ndarray
    areal_density_nm2: np.ndarray
    counts: np.ndarray
    fitted_counts: np.ndarray
    mask: np.ndarray
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
        residuals beyond Poisson), "segmentation" (threshold), "particles" (scatter from particle
        to particle beyond the others).
    degrees_of_freedom : float
        Welch–Satterthwaite's of the parts.
    intercept_counts, intercept_standard_error : float
        Counts at zero thickness if the line is not held to the origin (0 ± 0 when it should be);
        the check of the thickness offset, whichever model gave the slope.
    free_cross_section_barn : float
        Slope of the line that is not held to the origin.
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
    intercept_counts: float
    intercept_standard_error: float
    free_cross_section_barn: float
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
    edge_pixels: float = 2.0,
    thickness_standard_error_nm: float | Sequence[float] = 0.0,
    intercept: bool = False,
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
        Standard error of the mean thickness of each particle by segmentation: the standard error of
        the volume (`EsfThreshold.volume_standard_error`) over the area of the silhouette.
    intercept : bool
        Whether the line is free at zero thickness.

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
    Counts = N_e · σ[barn]·1e-10 · n t (eq. 1 of [1]_, areal density n t in nm⁻²). Weighted by the
    Poisson variance *of the fit* (iterated; weights from the noisy counts would bias the slope by
    about one count per pixel), the line through the origin is the ratio of all counts to all areal
    density, ``σ = Σ counts / Σ N_e 1e-10 n t``. Errors of the thickness that average out over a
    particle (rounding to voxels, noise) leave it unbiased, while a slope with an intercept is
    attenuated by them, as every regression on a noisy abscissa is (by var(error)/var(t), about 2 %
    at 8 nm in 60 nm), and takes up the particle's curvature; a constant offset δ biases the ratio
    by only δ/t. Hence the origin by default.

    The standard error adds four parts. Residuals are summed over square blocks of 1, 2, 4, …
    pixels and the largest cluster-robust (sandwich) error of the slope is taken: thickness errors
    are correlated over many pixels. Particles of random error are combined as DerSimonian and Laird
    do [2]_.

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
    pixels = _gather(counts, thickness_nm, density_nm3, electrons_per_pixel, edge_pixels)
    errors_nm = _per_particle("thickness_standard_error_nm", thickness_standard_error_nm, len(pixels))
    blocks = _block_sizes(pixels)
    z = np.concatenate([p.per_barn for p in pixels])
    c = np.concatenate([p.counts for p in pixels])
    through = c.sum() / z.sum()
    free = _poisson_line(z, c)
    model = free if intercept else np.array([0.0, through])
    design = np.stack([np.ones_like(z), z], axis=1) if intercept else z[:, None]
    sigma = float(model[1])
    fitted = model[0] + sigma * z
    robust = _sandwich(design, c, fitted, fitted, pixels, blocks)[-1]
    bread = np.linalg.inv(design.T @ (design / fitted[:, None]))
    counting = float(np.sqrt(bread[-1, -1]))
    leverage = (bread @ design.T)[-1] / fitted
    parts = {
        "counting": counting,
        "thickness": float(np.sqrt(max(robust**2 - counting**2, 0.0))),
        "segmentation": _segmentation(leverage, pixels, sigma, errors_nm),
    }
    particles = tuple(_alone(p, e, sigma, model[0]) for p, e in zip(pixels, errors_nm, strict=True))
    parts["particles"] = _between(particles, np.array([p.per_barn.sum() for p in pixels]))
    total = float(np.sqrt(sum(part**2 for part in parts.values())))
    freedom = _freedom(parts, total, n_blocks=_count_blocks(pixels, blocks[-1]), n_particles=len(pixels))
    from scipy.stats import t as student

    half = float(student.ppf(0.975, freedom)) * total
    line_error = _sandwich(
        np.stack([np.ones_like(z), z], axis=1), c, free[0] + free[1] * z, fitted, pixels, blocks
    )
    curvature, curvature_error = _curvature(z, c, pixels, blocks)
    chi2 = float(np.sum((c - fitted) ** 2 / fitted))
    return CrossSectionFit(
        line=line, cross_section_barn=sigma, standard_error_barn=total,
        interval_barn=(sigma - half, sigma + half), standard_errors_barn=parts, degrees_of_freedom=freedom,
        intercept_counts=float(free[0]), intercept_standard_error=float(line_error[0]),
        free_cross_section_barn=float(free[1]), curvature_per_um=curvature,
        curvature_standard_error=curvature_error, beyond_250_nm=_beyond(pixels, fitted, blocks),
        n_pixels=c.size, reduced_chi2=chi2 / max(c.size - design.shape[1], 1), particles=particles,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pixels:
    counts: np.ndarray
    thickness: np.ndarray
    per_barn: np.ndarray  # expected counts per barn of cross-section
    density: float
    rows: np.ndarray
    columns: np.ndarray
    mask: np.ndarray


def _gather(counts, thickness_nm, density_nm3, electrons_per_pixel, edge_pixels: float) -> list[_Pixels]:
    """Check the maps and pick the pixels of each particle."""
    maps, thicknesses = _as_list("counts", counts), _as_list("thickness_nm", thickness_nm)
    if len(maps) != len(thicknesses):
        raise ValueError(
            f"`counts` holds {len(maps)} particles, `thickness_nm` {len(thicknesses)}: give pairs"
        )
    densities = _per_particle("density_nm3", density_nm3, len(maps))
    electrons = _per_particle("electrons_per_pixel", electrons_per_pixel, len(maps))
    result = []
    for i, (count, thick) in enumerate(zip(maps, thicknesses, strict=True)):
        if count.shape != thick.shape:
            raise ValueError(f"particle {i}: `counts` is {count.shape}, `thickness_nm` is {thick.shape}")
        if not (np.isfinite(count).all() and np.isfinite(thick).all()) or (thick < 0).any():
            raise ValueError(f"particle {i}: counts and thickness must be finite, thickness not negative")
        if not (densities[i] > 0 and electrons[i] > 0):
            raise ValueError(
                f"particle {i}: density and electrons must be positive, got {densities[i]}, {electrons[i]}"
            )
        mask = depth_inside(thick > 0) > edge_pixels
        if not mask.any():
            raise ValueError(f"particle {i}: no pixel lies {edge_pixels} pixels inside the silhouette")
        rows, columns = np.nonzero(mask)
        per_barn = thick[mask] * densities[i] * electrons[i] * 1e-10
        keep = per_barn > 0
        mask[rows[~keep], columns[~keep]] = False
        result.append(
            _Pixels(
                counts=count[mask],
                thickness=thick[mask],
                per_barn=per_barn[keep],
                density=densities[i],
                rows=rows[keep],
                columns=columns[keep],
                mask=mask,
            )
        )
    return result


def _as_list(name: str, value) -> list[np.ndarray]:
    maps = [value] if isinstance(value, np.ndarray) and value.ndim == 2 else list(value)
    arrays = [np.asarray(m, dtype=np.float64) for m in maps]
    if not arrays or any(a.ndim != 2 for a in arrays):
        raise ValueError(f"`{name}` must be maps (y, x), got shapes {[a.shape for a in arrays]}")
    return arrays


def _per_particle(name: str, value: float | Sequence[float], count: int) -> np.ndarray:
    array = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if array.size not in (1, count):
        raise ValueError(f"`{name}` must be one number or {count}, got {array.size}")
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(f"`{name}` must be finite and not negative, got {array.tolist()}")
    return np.broadcast_to(array, (count,))


def _poisson_line(z: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Intercept and slope by weights from the fit, iterated (quasi-likelihood with variance = mean)."""
    design = np.stack([np.ones_like(z), z], axis=1)
    fitted = c.sum() / z.sum() * z
    coefficients = np.zeros(2)
    for _ in range(20):
        weights = 1 / np.maximum(fitted, 0.05 * np.mean(c) + 1e-12)
        coefficients = np.linalg.lstsq(design.T @ (design * weights[:, None]), design.T @ (weights * c))[0]
        previous, fitted = fitted, design @ coefficients
        if np.allclose(previous, fitted, rtol=1e-10, atol=0):
            break
    return coefficients


def _block_sizes(pixels: list[_Pixels]) -> list[int]:
    """Block edges 1, 2, 4, … pixels, as long as enough blocks are left."""
    sizes = [1]
    while _count_blocks(pixels, 2 * sizes[-1]) >= _FEWEST_BLOCKS:
        sizes.append(2 * sizes[-1])
    return sizes


def _block_numbers(pixels: list[_Pixels], size: int) -> np.ndarray:
    """Block number of every pixel over all particles."""
    numbers, start = [], 0
    for p in pixels:
        key = (p.rows // size) * (p.mask.shape[1] // size + 1) + p.columns // size
        _, inverse = np.unique(key, return_inverse=True)
        numbers.append(inverse + start)
        start += int(inverse.max()) + 1
    return np.concatenate(numbers)


def _count_blocks(pixels: list[_Pixels], size: int) -> int:
    return int(_block_numbers(pixels, size).max()) + 1


def _sandwich(
    design: np.ndarray,
    c: np.ndarray,
    fitted: np.ndarray,
    variance: np.ndarray,
    pixels: list[_Pixels],
    sizes: list[int],
) -> np.ndarray:
    """Cluster-robust standard errors of the coefficients, the largest over the block sizes."""
    bread = np.linalg.inv(design.T @ (design / variance[:, None]))
    scores = design * ((c - fitted) / variance)[:, None]
    errors = np.zeros(design.shape[1])
    for size in sizes:
        numbers = _block_numbers(pixels, size)
        sums = np.stack([np.bincount(numbers, weights=column) for column in scores.T], axis=1)
        correction = len(sums) / max(len(sums) - design.shape[1], 1)
        covariance = correction * bread @ (sums.T @ sums) @ bread
        errors = np.maximum(errors, np.sqrt(np.diag(covariance)))
    return errors


def _segmentation(leverage: np.ndarray, pixels: list[_Pixels], sigma: float, errors_nm: np.ndarray) -> float:
    """Error of the slope if each particle's thickness is off by its own standard error."""
    start, variance = 0, 0.0
    for p, error in zip(pixels, errors_nm, strict=True):
        stop = start + p.counts.size
        shift = sigma * error * p.per_barn / p.thickness  # counts that the thickness error feigns
        variance += float(leverage[start:stop] @ shift) ** 2
        start = stop
    return float(np.sqrt(variance))


def _alone(p: _Pixels, error_nm: float, sigma: float, offset: float) -> CrossSectionPoints:
    """Slope through the origin of one particle, and its own error."""
    slope = p.counts.sum() / p.per_barn.sum()
    fitted = np.maximum(slope * p.per_barn, 1e-12)
    robust = _sandwich(p.per_barn[:, None], p.counts, fitted, fitted, [p], _block_sizes([p]))[0]
    relative = error_nm * p.counts.size / p.thickness.sum()
    poisson = np.sqrt(max(p.counts.sum(), 1.0)) / p.per_barn.sum()
    return CrossSectionPoints(
        thickness_nm=p.thickness, areal_density_nm2=p.thickness * p.density, counts=p.counts,
        fitted_counts=offset + sigma * p.per_barn, mask=p.mask, cross_section_barn=float(slope),
        standard_error_barn=float(np.sqrt(max(robust, poisson) ** 2 + (slope * relative) ** 2)),
    )  # fmt: skip


def _between(particles: tuple[CrossSectionPoints, ...], weights: np.ndarray) -> float:
    """Scatter of the particles' slopes beyond their own errors (DerSimonian–Laird), in the mean."""
    if len(particles) < 2:
        return 0.0
    slopes = np.array([p.cross_section_barn for p in particles])
    precision = 1 / np.array([p.standard_error_barn for p in particles]) ** 2
    mean = np.sum(precision * slopes) / precision.sum()
    excess = np.sum(precision * (slopes - mean) ** 2) - (len(particles) - 1)
    variance = max(excess, 0.0) / (precision.sum() - np.sum(precision**2) / precision.sum())
    share = weights / weights.sum()
    return float(np.sqrt(variance * np.sum(share**2)))


def _freedom(parts: dict[str, float], total: float, *, n_blocks: int, n_particles: int) -> float:
    """Welch–Satterthwaite degrees of freedom of the sum of the parts."""
    known = {"thickness": max(n_blocks - 1, 1), "particles": max(n_particles - 1, 1)}
    loss = sum(parts[name] ** 4 / freedom for name, freedom in known.items())
    return float(np.clip(total**4 / loss, 1.0, 1e6)) if loss > 0 else 1e6


def _curvature(z: np.ndarray, c: np.ndarray, pixels: list[_Pixels], blocks: list[int]) -> tuple[float, float]:
    """Relative curvature per µm of thickness, through the origin, with a cluster-robust error."""
    micrometres = np.concatenate([p.thickness for p in pixels]) * 1e-3
    design = np.stack([z, z * micrometres], axis=1)
    fitted = c.sum() / z.sum() * z
    weights = 1 / np.maximum(fitted, 1e-12)
    normal = design.T @ (design * weights[:, None])
    if np.linalg.cond(normal) > 1e12:
        return float("nan"), float("nan")
    slope, bend = np.linalg.solve(normal, design.T @ (weights * c))
    errors = _sandwich(
        design, c, slope * z + bend * z * micrometres, np.maximum(fitted, 1e-12), pixels, blocks
    )
    return float(bend / slope), float(errors[1] / slope)


def _beyond(pixels: list[_Pixels], fitted: np.ndarray, blocks: list[int]) -> tuple[float, float]:
    """Mean relative residual of the pixels beyond 250 nm, with a cluster-robust error."""
    thickness = np.concatenate([p.thickness for p in pixels])
    thick = thickness > 250.0
    if np.count_nonzero(thick) < 2:
        return float("nan"), float("nan")
    residual = np.where(thick, np.concatenate([p.counts for p in pixels]) - fitted, 0.0)
    scale = fitted[thick].sum()
    mean = residual.sum() / scale
    error = 0.0
    for size in blocks:
        numbers = _block_numbers(pixels, size)
        sums = np.bincount(numbers, weights=residual - np.where(thick, mean * fitted, 0.0))
        error = max(error, float(np.sqrt(np.sum(sums**2))) / scale)
    return float(mean), error
