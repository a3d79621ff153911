"""What the deviance of a Poisson count comes to on average, whatever its mean."""

from functools import cache

import numpy as np

# Above the last mean the expansion in 1/m is exact to 1e-6; between the nodes linear interpolation is.
_LARGEST = 60.0
_SMALLEST = 1e-8


def expected_deviance(mean: np.ndarray) -> np.ndarray:
    """Expectation of the deviance of one Poisson count, at its true mean.

    Parameters
    ----------
    mean : ndarray
        Expected counts m ≥ 0, of any shape.

    Returns
    -------
    ndarray of float64, shape of `mean`
        ``E[2 (m − n + n log(n / m))]`` for n ~ Poisson(m). It is close to 1 for large m, the reason
        why the discrepancy principle asks for a deviance equal to the number of pixels [1]_ [2]_;
        it peaks at 1.16 near m = 1.34 and falls as ``2 m log(1/m)`` for m → 0, where a map of few
        counts has most of its pixels.

    Notes
    -----
    The series over n is summed at nodes of log m and interpolated; above 60 counts the expansion
    ``1 + 1/(6 m) + 1/(6 m²)`` takes over.

    References
    ----------
    .. [1] M. Bertero, P. Boccacci, G. Talenti, R. Zanella, L. Zanni, Inverse Problems 26 (2010)
       105004, doi:10.1088/0266-5611/26/10/105004
    .. [2] R. Zanella, P. Boccacci, L. Zanni, M. Bertero, Inverse Problems 25 (2009) 045010,
       doi:10.1088/0266-5611/25/4/045010

    Examples
    --------
    >>> expected_deviance(np.array([0.0, 0.01, 1.0, 1000.0])).round(3)
    array([0.   , 0.092, 1.147, 1.   ])
    """
    mean = np.asarray(mean, np.float64)
    nodes, values = _table()
    small = np.interp(np.log(np.clip(mean, _SMALLEST, _LARGEST)), nodes, values)
    large = np.maximum(mean, _LARGEST)
    expected = np.where(mean < _LARGEST, small, 1.0 + 1.0 / (6.0 * large) + 1.0 / (6.0 * large**2))
    return np.where(mean > _SMALLEST, expected, 0.0)


@cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    from scipy.special import gammaln, xlogy

    nodes = np.linspace(np.log(_SMALLEST), np.log(_LARGEST), 4000)
    means = np.exp(nodes)[:, None]
    counts = np.arange(200.0)
    probability = np.exp(xlogy(counts, means) - means - gammaln(counts + 1.0))
    deviance = 2.0 * (means - counts + xlogy(counts, counts / means))
    return nodes, np.sum(probability * deviance, axis=1)
