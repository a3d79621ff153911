"""Tilt angles by the golden ratio: any first part of the series covers the range almost evenly."""

import math

import numpy as np

GOLDEN = (math.sqrt(5) - 1) / 2


def golden_ratio_angles_deg(
    start_deg: float, stop_deg: float, count: int, *, first_deg: float | None = None
) -> tuple[float, ...]:
    """Tilts by the golden ratio, in the order in which they are taken.

    Parameters
    ----------
    start_deg, stop_deg : float
        Range, degrees.
    count : int
        Number of tilts, at least 1.
    first_deg : float, optional
        Tilt that is taken first, degrees, at or above `start_deg` and below `stop_deg`; 0 when that
        lies there, else `start_deg`.

    Returns
    -------
    tuple of float
        Angles, degrees, in the order of acquisition.

    Raises
    ------
    ValueError
        When `count` is below 1, the range is empty, or `first_deg` is outside it.

    Notes
    -----
    The n-th tilt taken, from n = 0, is start + range × frac(x₀ + n g), with g = (√5 − 1)/2 and x₀
    the place of the first [1]_; used in electron tomography of beam-sensitive MOFs by [2]_. The ends
    of the range count as one point, as −90° and 90° are. Gaps, that one around the ends included,
    then come in two or three lengths, powers of g times the range, and the widest is less than
    1 + 2/√5 ≈ 1.89 times the mean.

    References
    ----------
    .. [1] T. Köhler, IEEE Nucl. Sci. Symp. Conf. Rec. 6 (2004) 3961,
       doi:10.1109/NSSMIC.2004.1466745
    .. [2] T. M. Craig, A. A. Kadu, K. J. Batenburg, S. Bals, Nanoscale 15 (2023) 5391,
       doi:10.1039/D2NR07198C

    Examples
    --------
    >>> [round(angle, 1) for angle in golden_ratio_angles_deg(-70, 70, 5)]
    [0.0, -53.5, 33.0, -20.4, 66.1]
    """
    if int(count) != count or count < 1:
        raise ValueError(f"`count` must be a whole number of at least one tilt, got {count}")
    if not start_deg < stop_deg:
        raise ValueError(f"`stop_deg` must be above `start_deg`, got {start_deg} to {stop_deg}")
    if first_deg is None:
        first_deg = 0.0 if start_deg <= 0 < stop_deg else start_deg
    if not start_deg <= first_deg < stop_deg:
        raise ValueError(f"`first_deg` must lie within {start_deg} and below {stop_deg}, got {first_deg}")
    span = stop_deg - start_deg
    place = (first_deg - start_deg) / span
    taken = start_deg + span * np.mod(place + GOLDEN * np.arange(int(count)), 1.0)
    taken[0] = first_deg
    return tuple(taken.tolist())
