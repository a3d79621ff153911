"""Take the level of the support film off an ADF series."""

from dataclasses import replace

import numpy as np

from .tilt_series import TiltSeries


def subtract_background(series: TiltSeries, *, border: int = 2) -> TiltSeries:
    """Subtract from each projection the level at its border.

    Parameters
    ----------
    series : TiltSeries
        An ADF series whose particle stays clear of most of the border at every tilt.
    border : int, optional
        Width of the border, pixels.

    Returns
    -------
    TiltSeries
        The same series with float32 data; negative values are kept, as clipping them would bias
        the mean. ``metadata["background"]`` holds the levels taken off, one per tilt.

    Raises
    ------
    ValueError
        When the series is not ADF, or the border leaves nothing inside.

    Notes
    -----
    The level is the median over the four edges, so it needs no truth and stands up to a particle
    that covers less than half of them. An infinite film of constant thickness adds the same
    amount everywhere only while the signal is linear: below a particle of scattering probability
    p the film adds (1 − p) of what it adds beside it, so that the particle comes out low by
    p × level (`linearise_adf` beforehand takes that away). The shot noise of the film stays.
    """
    if series.signal != "ADF":
        raise ValueError(f"`series` must be ADF, this one is {series.signal}: EDS maps have no film level")
    ny, nx = series.data.shape[-2:]
    if int(border) != border or not 1 <= border < min(ny, nx) / 2:
        raise ValueError(f"`border` must be at least 1 and leave pixels inside {ny} x {nx}, got {border}")
    inside = np.zeros((ny, nx), dtype=bool)
    inside[border:-border, border:-border] = True
    levels = np.median(series.data[..., ~inside].astype(np.float64), axis=-1)
    data = (series.data - levels[..., None, None]).astype(np.float32)
    return replace(series, data=data, metadata={**series.metadata, "background": levels.tolist()})
