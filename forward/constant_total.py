"""Constant-total scaling: gains from the total counts of each tilt."""

from dataclasses import replace
from typing import Literal

import numpy as np

from .tilt_series import TiltSeries


def constant_total_gains(
    series: TiltSeries, *, per_channel: bool = False, reference: Literal["zero", "mean"] = "zero"
) -> TiltSeries:
    """Give a series the gains that make the total of every tilt the same.

    A correction of shadowing that needs no model of the holder: a particle holds as many atoms at
    every tilt, so that its total counts follow the gain. The counts stay as they are, Poisson counts;
    what is put into the series are gains, for a reconstruction that models them.

    Parameters
    ----------
    series : TiltSeries
        The series; its own gains are replaced.
    per_channel : bool, optional
        Gains of each channel from its own counts. Otherwise from all channels together, which is
        less noisy, and right when shadowing does not depend on the energy.
    reference : {"zero", "mean"}, optional
        Where the gain is to be 1: at the tilt nearest 0°, where cross-sections are calibrated, or on
        average over the tilts, which is less noisy but leaves the scale of the volume open.

    Returns
    -------
    TiltSeries
        The same data with new `gains`.

    Raises
    ------
    ValueError
        When a total (of all segments) is not positive: there is nothing to scale by at that tilt.

    Notes
    -----
    g(α) = [T(α)/w(α)] / [T(α₀)/w(α₀)], with T the total counts and w the exposure. Segments that
    are kept apart (``"Zn_Ka@1"``) have totals of their own over a common reference, so that their
    gains add up to that of the sum; one that sees nothing has a gain of 0.

    It holds for matter that lies inside the field of view at every tilt. Matter that enters at high
    tilt, and a film, whose counts grow as 1/cos α, are taken for gain; the support film holds none of
    the metals. A relative error 1/√T of counting goes into each gain.

    Examples
    --------
    >>> series = TiltSeries(
    ...     data=np.array([[[30, 10]], [[60, 20]]]), angles_deg=[-60.0, 0.0], spacing_nm=5.0,
    ...     channels=("Zn_Ka",), signal="EDS_TEM")
    >>> constant_total_gains(series).gains
    array([[0.5, 1. ]])
    """
    if reference not in ("zero", "mean"):
        raise ValueError(f"`reference` must be 'zero' or 'mean', got {reference!r}")
    lines, segments = zip(*(name.partition("@")[::2] for name in series.channels), strict=True)
    totals = series.stack.sum(axis=(2, 3), dtype=np.float64)
    if not per_channel:
        totals = _added(totals, segments)
    # A segment in the dark has a gain of 0; only the sum of the segments must have seen something.
    good = (totals >= 0) & (_added(totals, lines) > 0)
    if not good.all():
        channel, tilt = (int(i) for i in np.argwhere(~good)[0])
        of = series.channels[channel] if per_channel else "all channels"
        raise ValueError(
            f"total of {of} at tilt index {tilt} ({series.angles_deg[tilt]:g} degrees) must be positive, "
            f"got {totals[channel, tilt]:g}; leave that tilt out with `select`"
        )
    rate = totals if series.exposure is None else totals / series.exposure
    zero = int(np.argmin(np.abs(series.angles_deg)))
    level = rate[:, zero, None] if reference == "zero" else rate.mean(axis=1, keepdims=True)
    return replace(series, gains=rate / _added(level, lines))


def _added(rows: np.ndarray, keys: tuple[str, ...]) -> np.ndarray:
    """Sum, for each row, of the rows that share its key."""
    same = np.array(keys)[:, None] == np.array(keys)
    return same.astype(np.float64) @ rows
