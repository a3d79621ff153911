"""Known gains: those of a model of detector and holder, or any others, put into a series."""

from dataclasses import replace

import numpy as np

from .detectors.eds_detector import EDSDetector
from .detectors.holder import Holder
from .detectors.support_grid import SupportGrid
from .tilt_series import TiltSeries
from .xray_lines import LINES


def with_gains(series: TiltSeries, gains: np.ndarray | None) -> TiltSeries:
    """Return the series with other gains; the counts stay as they are.

    Parameters
    ----------
    series : TiltSeries
        The series; left untouched.
    gains : ndarray, shape (tilt,) or (channel, tilt), or None
        Gains relative to 0°: measured, from `modelled_gains`, or None for 1 throughout.

    Raises
    ------
    ValueError
        When the shape does not fit, or a gain is negative or not finite.

    Examples
    --------
    >>> series = TiltSeries(
    ...     data=np.ones((2, 1, 1), int), angles_deg=[0.0, 30.0], spacing_nm=5.0,
    ...     channels=("Zn_Ka",), signal="EDS_TEM")
    >>> with_gains(series, [1.0, 0.8]).gains
    array([[1. , 0.8]])
    """
    if gains is not None and np.ndim(gains) == 1:
        gains = np.broadcast_to(gains, (len(series.channels), np.size(gains)))
    return replace(series, gains=gains)


def modelled_gains(
    series: TiltSeries,
    *,
    detector: EDSDetector,
    holder: Holder | str = "none",
    support_grid: SupportGrid | None = None,
) -> np.ndarray:
    """Gains of each channel relative to 0° by a model of the holder, at the energy of its line.

    Parameters
    ----------
    series : TiltSeries
        Which channels, at which tilts. Channels of one segment (``"Zn_Ka@1"``) get the gain of that
        segment relative to the sum of all segments at 0°.
    detector : EDSDetector
        As in ``MICROSCOPES["osiris"].eds``.
    holder : Holder or str, optional
        A holder or its name in `HOLDERS`.
    support_grid : SupportGrid, optional
        The grid whose bars may shadow the detectors.

    Returns
    -------
    ndarray of float64, shape (channel, tilt)

    Raises
    ------
    ValueError
        When a channel is no X-ray line, or the detector lacks its segment.

    Examples
    --------
    >>> from glasstomo.forward import MICROSCOPES
    >>> series = TiltSeries(
    ...     data=np.ones((2, 1, 1), int), angles_deg=[0.0, 60.0], spacing_nm=5.0,
    ...     channels=("Zn_Ka",), signal="EDS_TEM")
    >>> modelled_gains(series, detector=MICROSCOPES["osiris"].eds, holder="wall").round(2)
    array([[1.  , 0.55]])
    """
    gains = np.empty((len(series.channels), series.count))
    for row, channel in zip(gains, series.channels, strict=True):
        line, _, segment = channel.partition("@")
        separate = detector.relative_gain(
            series.angles_deg,
            holder=holder,
            support_grid=support_grid,
            energy_kev=LINES[line].energy_kev,
            separate=True,
        )
        row[:] = separate[_segment(channel, segment, detector)] if segment else separate.sum(axis=0)
    return gains


def _segment(channel: str, segment: str, detector: EDSDetector) -> int:
    """Place of the segment that a channel names, or numbers from 1."""
    names = detector.segment_names
    if segment in names:
        return names.index(segment)
    if segment.isdecimal() and 1 <= int(segment) <= len(names):
        return int(segment) - 1
    raise ValueError(f"channel {channel!r}: the detector has no such segment; it has {', '.join(names)}")
