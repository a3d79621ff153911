"""Time-varied acquisition: a dwell per tilt that makes up for shadowing."""

from collections.abc import Sequence

import numpy as np


def compensating_dwell_s(
    gains: np.ndarray | Sequence[float], *, total_s: float | None = None, minimum_s: float | None = None
) -> tuple[float, ...]:
    """Dwell per pixel of each tilt with which a particle gives as many counts at all tilts.

    Parameters
    ----------
    gains : array_like, shape (tilt,) or (channel, tilt)
        Expected gains relative to 0°, of `EDSDetector.relative_gain` or measured; several channels
        are averaged.
    total_s : float, optional
        Dwell per pixel of all tilts together, s. At a constant current it fixes the total dose too.
        Give this or `minimum_s`.
    minimum_s : float, optional
        Dwell per pixel of the tilt with the highest gain, s.

    Returns
    -------
    tuple of float
        Dwells, s, for `Acquisition.dwell_s`.

    Raises
    ------
    ValueError
        When a gain is not positive (no dwell makes up for it), or not exactly one time is given.

    Notes
    -----
    τ(α) ∝ 1/g(α), so that τ g is the same everywhere [1]_. At the same total dose the counts of all
    tilts together become n τ̄ over the mean of 1/g instead of n τ̄ times the mean of g, never more
    (arithmetic against harmonic mean): what is gained is even noise, not counts.

    References
    ----------
    .. [1] T. J. A. Slater et al., Ultramicroscopy 162 (2016) 61, doi:10.1016/j.ultramic.2015.10.007

    Examples
    --------
    >>> compensating_dwell_s([0.5, 1.0, 0.5], total_s=1.0)
    (0.4, 0.2, 0.4)
    >>> compensating_dwell_s([0.5, 1.0, 0.5], minimum_s=0.1)
    (0.2, 0.1, 0.2)
    """
    gain = np.array(gains, dtype=np.float64)
    if gain.ndim not in (1, 2) or gain.size == 0:
        raise ValueError(f"`gains` must have shape (tilt,) or (channel, tilt), got {gain.shape}")
    gain = np.atleast_2d(gain).mean(axis=0)
    bad = np.flatnonzero(~((gain > 0) & np.isfinite(gain)))
    if bad.size:
        raise ValueError(
            f"`gains` must be positive: {gain[bad[0]]} at index {bad[0]}; no dwell makes up for a detector "
            "that sees nothing: leave that tilt out of the scheme"
        )
    if (total_s is None) == (minimum_s is None):
        raise ValueError(f"give one of `total_s` and `minimum_s`, got {total_s} and {minimum_s}")
    for name, value in (("total_s", total_s), ("minimum_s", minimum_s)):
        if value is not None and not 0 < value < np.inf:
            raise ValueError(f"`{name}` must be a positive number of seconds, got {value}")
    need = 1 / gain
    if total_s is not None:
        need *= total_s / need.sum()
    if minimum_s is not None:
        need *= minimum_s / need.min()
    return tuple(need.tolist())
