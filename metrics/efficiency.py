"""Statistical efficiency: how close an estimate's scatter comes to what the photons allow."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Efficiency:
    """Cramér–Rao variance over observed variance, for one number or several.

    Attributes
    ----------
    value : numpy.ndarray
        (region,) bound over variance; infinity where the estimates do not scatter.
    low, high : numpy.ndarray
        (region,) ends of the confidence interval.
    level : float
        Of the interval.
    variance : numpy.ndarray
        (region,) variance of the estimates.
    bias, bias_standard_error : numpy.ndarray or None
        (region,) mean of the estimates less the truth, where that was given.
    mse_value : numpy.ndarray or None
        (region,) bound over mean square error, variance and bias² together.
    replicates : int
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float
    variance: np.ndarray
    bias: np.ndarray | None
    bias_standard_error: np.ndarray | None
    mse_value: np.ndarray | None
    replicates: int


def statistical_efficiency(
    estimates: np.ndarray,
    bound_variance: np.ndarray | float,
    *,
    truth: np.ndarray | float | None = None,
    level: float = 0.95,
) -> Efficiency:
    """Compare the scatter of estimates with the Cramér–Rao bound.

    Parameters
    ----------
    estimates : numpy.ndarray
        (replicate,) or (replicate, region): the same numbers, such as mean densities of regions, from
        independent data of one specimen.
    bound_variance : float or numpy.ndarray
        (region,) least variance of an unbiased estimate: the diagonal of the covariance of a fit of the
        regions' densities straight to the counts.
    truth : float or numpy.ndarray, optional
        (region,) true values.
    level : float
        Of the confidence interval.

    Returns
    -------
    Efficiency

    Raises
    ------
    ValueError
        With fewer than two replicates, a bound that is not positive, or shapes that do not fit.

    Notes
    -----
    ``e = CRB / s²``. For normal estimates (n − 1)s²/σ² is χ² with n − 1 degrees of freedom, which gives
    the interval ``[e χ²(α/2)/(n − 1), e χ²(1 − α/2)/(n − 1)]`` for the true CRB/σ². Eight replicates leave
    a factor of 9.5 between its ends, thirty one of 2.8.

    The bound holds for unbiased estimates that know what the bound knows (here the regions' shapes). A
    regularised solver may scatter less and err by a bias instead: an efficiency above 1 is no feat
    then, and `mse_value`, bound over mean square error, says what it is worth. Its bias² is freed of the
    noise of the mean, and 0 where that leaves less than nothing.

    References
    ----------
    H. Cramér, Mathematical Methods of Statistics (Princeton, 1946), chapter 32.

    Examples
    --------
    >>> found = statistical_efficiency(np.array([4.9, 5.0, 5.1]), 0.005, truth=5.0)
    >>> float(found.value.round(3)), float(found.low.round(3)), float(found.high.round(3))
    (0.5, 0.013, 1.844)
    """
    from scipy.stats import chi2

    values = np.asarray(estimates, np.float64)
    if values.ndim not in (1, 2) or len(values) < 2:
        raise ValueError(
            f"`estimates` must be (replicate,) or (replicate, region) with 2 replicates or more, "
            f"got shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError("`estimates` must be finite: leave failed replicates out, and say so")
    if not 0 < level < 1:
        raise ValueError(f"`level` must lie between 0 and 1, got {level}")
    bound = _per_region("bound_variance", bound_variance, values.shape[1:])
    if not (np.isfinite(bound).all() and (bound > 0).all()):
        raise ValueError(f"`bound_variance` must be positive and finite, got {bound_variance}")
    count = len(values)
    variance = values.var(axis=0, ddof=1)
    low, high = chi2.ppf([0.5 - level / 2, 0.5 + level / 2], count - 1) / (count - 1)
    with np.errstate(divide="ignore"):
        value = bound / variance
    bias = error = against_mse = None
    if truth is not None:
        bias = values.mean(axis=0) - _per_region("truth", truth, values.shape[1:])
        error = np.sqrt(variance / count)
        with np.errstate(divide="ignore"):
            against_mse = bound / (variance + np.maximum(bias**2 - variance / count, 0.0))
    return Efficiency(
        value=value,
        low=low * value,
        high=high * value,
        level=level,
        variance=variance,
        bias=bias,
        bias_standard_error=error,
        mse_value=against_mse,
        replicates=count,
    )


def _per_region(name: str, value: np.ndarray | float, shape: tuple[int, ...]) -> np.ndarray:
    try:
        return np.broadcast_to(np.asarray(value, np.float64), shape)
    except ValueError:
        raise ValueError(
            f"`{name}` must be one number or one for each region {shape}, got shape {np.shape(value)}"
        ) from None
