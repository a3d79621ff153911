"""A fitted cross-section, and the pixels that it was fitted to."""

from dataclasses import dataclass

import numpy as np


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
        "particles" (significant scatter from particle to particle beyond the others), "density"
        (of the standards' material, as given).
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
    scatter_p_value : float
        Probability that particles with the stated errors alone differ as much as these; NaN of one.
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
    scatter_p_value: float = float("nan")

    @property
    def relative_standard_error(self) -> float:
        """Standard error over cross-section."""
        return self.standard_error_barn / abs(self.cross_section_barn)

    def covers(self, cross_section_barn: float) -> bool:
        """Whether the 95 % interval holds a value, barn."""
        return bool(self.interval_barn[0] <= cross_section_barn <= self.interval_barn[1])
