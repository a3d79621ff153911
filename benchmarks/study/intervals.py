"""Intervals of means and of shares, for whole columns at once."""

import numpy as np


def mean_interval(
    mean: np.ndarray, standard_error: np.ndarray, count: np.ndarray, *, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return the two-sided Student interval of means.

    Parameters
    ----------
    mean, standard_error, count : numpy.ndarray
        Of one shape; `count` values gave each mean.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    low, high : numpy.ndarray
        NaN where fewer than two values leave the spread unknown.

    Notes
    -----
    mean ± t(count − 1; (1 + level)/2) · standard error: exact for normal values, approximate for others.

    Examples
    --------
    >>> low, high = mean_interval(np.array([0.0]), np.array([1.0]), np.array([4]))
    >>> print(low.round(3), high.round(3))
    [-3.182] [3.182]
    """
    from scipy.special import stdtrit

    check_level(level)
    count = np.asarray(count, float)
    with np.errstate(invalid="ignore"):
        reach = np.where(count >= 2, stdtrit(np.maximum(count - 1, 1), 0.5 + level / 2), np.nan)
        reach = reach * standard_error
    return mean - reach, mean + reach


def wilson(right: np.ndarray, count: np.ndarray, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return Wilson's score interval of a success probability.

    Parameters
    ----------
    right, count : numpy.ndarray
        Successes and trials, of one shape.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    low, high : numpy.ndarray
        0 and 1 where there were no trials.

    Notes
    -----
    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n), which covers close to `level` on average over p even
    for few trials, where the textbook p ± z √(p(1 − p)/n) fails; recommended for n ≤ 40 by Brown, Cai and
    DasGupta. For single p it may fall below `level`; `clopper_pearson` never does.

    References
    ----------
    E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927), doi:10.1080/01621459.1927.10502953.
    L. D. Brown, T. T. Cai, A. DasGupta, Stat. Sci. 16, 101 (2001), doi:10.1214/ss/1009213286.

    Examples
    --------
    >>> low, high = wilson(np.array([4]), np.array([4]))
    >>> print(low.round(2), high.round(2))
    [0.51] [1.]
    """
    from scipy.special import ndtri

    right, count = checked_trials(right, count, level)
    z = ndtri(0.5 + level / 2)
    n = np.maximum(count, 1)
    p = right / n
    middle = p + z**2 / (2 * n)
    reach = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = (middle - reach) / (1 + z**2 / n), (middle + reach) / (1 + z**2 / n)
    # Rounding would leave 1e-17 where the formula says 0, or 1.
    low = np.where((count == 0) | (right == 0), 0.0, low)
    return low, np.where((count == 0) | (right == count), 1.0, high)


def clopper_pearson(
    right: np.ndarray, count: np.ndarray, *, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of Clopper and Pearson of a success probability, which covers at least `level`.

    Parameters
    ----------
    right, count : numpy.ndarray
        Successes and trials, of one shape.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    low, high : numpy.ndarray
        0 and 1 where there were no trials.

    References
    ----------
    C. J. Clopper, E. S. Pearson, Biometrika 26, 404 (1934), doi:10.1093/biomet/26.4.404.

    Examples
    --------
    >>> low, high = clopper_pearson(np.array([4]), np.array([4]))
    >>> print(low.round(3), high)
    [0.398] [1.]
    """
    from scipy.special import betaincinv

    right, count = checked_trials(right, count, level)
    tail = (1 - level) / 2
    wrong = count - right
    low = betaincinv(np.maximum(right, 1), wrong + 1, tail)
    high = betaincinv(right + 1, np.maximum(wrong, 1), 1 - tail)
    return np.where(right == 0, 0.0, low), np.where(wrong == 0, 1.0, high)


def checked_trials(right: np.ndarray, count: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return successes and trials as floats.

    Raises
    ------
    ValueError
        If there are more successes than trials, or fewer than none.
    """
    check_level(level)
    right, count = np.asarray(right, float), np.asarray(count, float)
    if np.any((right < 0) | (right > count)):
        raise ValueError("successes must lie between 0 and the number of trials")
    return right, count


def check_level(level: float) -> None:
    """Refuse a confidence that is none.

    Raises
    ------
    ValueError
        If it does not lie in (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"`level` is a confidence and must lie in (0, 1), got {level!r}")
