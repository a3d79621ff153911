"""Whether counts grow in proportion to thickness, and what curvature would have been noticed."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from .cross_section_fit import CrossSectionFit


@dataclass(frozen=True, kw_only=True)
class LinearityTest:
    """Answer of a test of linearity.

    Attributes
    ----------
    line : str
        The X-ray line.
    curvature_per_um, standard_error : float
        c in counts ∝ t (1 + c t), per micrometre, and its standard error.
    p_value : float
        Probability of a curvature at least that large where there is none.
    linear : bool
        Whether `p_value` is at least `level`: nothing was found that contradicts a straight line.
    detectable_per_um : float
        Curvature that a test like this finds with probability `power`.
    beyond_250_nm, beyond_standard_error : float
        Mean relative residual of the pixels thicker than 250 nm; NaN where there are none.
    beyond_p_value, detectable_beyond : float
        The same of that residual.
    level, power : float
        Of the test.
    """

    line: str
    curvature_per_um: float
    standard_error: float
    p_value: float
    linear: bool
    detectable_per_um: float
    beyond_250_nm: float
    beyond_standard_error: float
    beyond_p_value: float
    detectable_beyond: float
    level: float
    power: float

    @property
    def message(self) -> str:
        """The answer in words."""
        found = "no curvature was found" if self.linear else "the counts are curved"
        return (
            f"{found}: {self.curvature_per_um:+.3f} ± {self.standard_error:.3f} per µm "
            f"(p = {self.p_value:.2g}); {self.detectable_per_um:.3f} per µm would be found "
            f"with probability {self.power:.0%}"
        )


def linearity_test(fit: CrossSectionFit, *, level: float = 0.05, power: float = 0.8) -> LinearityTest:
    """Test whether the counts of a line are proportional to thickness.

    Parameters
    ----------
    fit : CrossSectionFit
        The fitted line; several particles of different thickness make the test sharp.
    level : float
        Probability of calling a straight line curved.
    power : float
        Probability with which the detectable curvature is found.

    Returns
    -------
    LinearityTest

    Raises
    ------
    ValueError
        If `level` or `power` is no probability strictly between 0 and 1.

    Notes
    -----
    Two-sided Gauss test of c = 0. A true c of (z₁₋ₗ/₂ + z_power) standard errors is found with the given
    power [1]_. Absorption and fluorescence bend the line, as does the dead time of a detector. The
    published experiment calls its lines linear beyond 250 nm [2]_; the test tells how much of a
    curvature that excludes. Collective errors of thickness bend the line as well and are part of the
    standard error, as far as `thickness_standard_error_nm` of the fit knows of them.

    References
    ----------
    .. [1] J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed. (1988),
       doi:10.4324/9780203771587
    .. [2] S. M. Collins et al., APL Materials 7, 091111 (2019), doi:10.1063/1.5120093

    Examples
    --------
    >>> from glasstomo.metrics.cross_section import fit_cross_section
    >>> y, x = np.mgrid[-20:21, -20:21]
    >>> thickness = 15 * np.sqrt(np.maximum(20.0**2 - y**2 - x**2, 0))
    >>> counts = np.random.default_rng(0).poisson(2.0 * thickness * (1 - 4e-4 * thickness))
    >>> test = linearity_test(fit_cross_section(counts, thickness, 5.0, 1e9, thickness_standard_error_nm=0.1))
    >>> test.linear, test.p_value < 1e-6
    (False, True)
    """
    for name, value in (("level", level), ("power", power)):
        if not 0 < value < 1:
            raise ValueError(f"`{name}` must be a probability between 0 and 1, got {value}")
    beyond, beyond_error = fit.beyond_250_nm
    p_value = _p_value(fit.curvature_per_um, fit.curvature_standard_error)
    needed = NormalDist().inv_cdf(1 - level / 2) + NormalDist().inv_cdf(power)
    return LinearityTest(
        line=fit.line,
        curvature_per_um=fit.curvature_per_um,
        standard_error=fit.curvature_standard_error,
        p_value=p_value,
        linear=p_value >= level,
        detectable_per_um=needed * fit.curvature_standard_error,
        beyond_250_nm=beyond,
        beyond_standard_error=beyond_error,
        beyond_p_value=_p_value(beyond, beyond_error),
        detectable_beyond=needed * beyond_error,
        level=level,
        power=power,
    )


def _p_value(value: float, error: float) -> float:
    if not np.isfinite(value) or not np.isfinite(error):
        return float("nan")
    if error == 0:
        return 1.0 if value == 0 else 0.0
    return 2 * NormalDist().cdf(-abs(value) / error)
