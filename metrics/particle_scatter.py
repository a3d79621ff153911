"""Mean over particles whose scatter may exceed their own errors."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class ParticleMean:
    """A weighted mean over particles.

    Attributes
    ----------
    value : float
        The mean.
    shares : numpy.ndarray
        (particles,) weights, which sum to one.
    scatter : float
        Standard error that scatter beyond the particles' own errors gives the mean.
    p_value : float
        Probability that particles with their own errors alone scatter as much; NaN of one.
    """

    value: float
    shares: np.ndarray
    scatter: float
    p_value: float


def average_particles(values: np.ndarray, errors: np.ndarray, *, level: float = 0.05) -> ParticleMean:
    """Average particles, adding their excess scatter where it is significant.

    Parameters
    ----------
    values, errors : numpy.ndarray
        (particles,) values and their own standard errors.
    level : float
        Scatter counts when chance makes it with less than this probability; 1 counts it always.

    Returns
    -------
    ParticleMean

    Notes
    -----
    Cochran's Q = Σ (x − x̄)²/e² is χ² with one degree of freedom less than particles while their own
    errors are all there is. DerSimonian and Laird [1]_ take what exceeds its expectation for scatter
    between particles. Of two particles whose errors are right, Q exceeds 1 in a third of the cases,
    and an interval from Student's t with one degree of freedom then is several times too wide: hence
    the test. Scatter that is no larger than the particles' own errors is mostly missed by it, and
    makes an interval too short by up to √2; more particles, or a level of 1, are the cure.

    References
    ----------
    .. [1] R. DerSimonian, N. Laird, Control. Clin. Trials 7, 177 (1986), doi:10.1016/0197-2456(86)90046-2

    Examples
    --------
    >>> mean = average_particles(np.array([3.0, 3.2]), np.array([0.1, 0.1]))
    >>> round(mean.value, 2), mean.scatter, round(mean.p_value, 2)
    (3.1, 0.0, 0.16)
    """
    from scipy.special import chdtrc

    precision = 1 / np.maximum(errors, 1e-9 * np.abs(values)) ** 2
    mean = float(np.sum(precision * values) / precision.sum())
    if values.size < 2:
        return ParticleMean(value=mean, shares=np.ones(1), scatter=0.0, p_value=float("nan"))
    q = float(np.sum(precision * (values - mean) ** 2))
    p_value = float(chdtrc(values.size - 1, q))
    spare = precision.sum() - np.sum(precision**2) / precision.sum()
    variance = max(q - (values.size - 1), 0.0) / spare if p_value < level or level >= 1 else 0.0
    shares = 1 / (1 / precision + variance)
    shares /= shares.sum()
    return ParticleMean(
        value=float(shares @ values),
        shares=shares,
        scatter=float(np.sqrt(variance * np.sum(shares**2))),
        p_value=p_value,
    )
