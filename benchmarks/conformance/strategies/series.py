"""Tilt series as a microscope or a file would give them."""

from typing import Literal

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....forward import TiltSeries
from .plain import metadata
from .sparse_array import cells, filled

_CHANNELS = ("Co_Ka", "Co_Kb", "Zn_Ka", "Zn_Kb")
_TYPES = ("float32", "float64", "int16", "int32")


def tilt_series(
    *, signal: Literal["EDS_TEM", "ADF"] | None = None, max_side: int = 5
) -> SearchStrategy[TiltSeries]:
    """Draw series of either signal, with or without a channel axis, of four types of numbers.

    Parameters
    ----------
    signal : {"EDS_TEM", "ADF"}, optional
        Kind of signal; either when omitted.
    max_side : int
        Most pixels along y and along x.

    Notes
    -----
    Up to four tilts at any angles within ±180°, in any order. Gains may be zero, exposures and variances
    uneven or not there; metadata hold any text. Shrinks to one pixel of 0 counts of cobalt Kα.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> series = smallest(tilt_series(), lambda series: series.stack.max() > 2)
    >>> series.stack.shape, float(series.stack.max()), series.channels, series.angles_deg
    ((1, 1, 1, 1), 3.0, ('Co_Ka',), array([0.]))
    """
    return _tilt_series(signal, max_side)


@st.composite
def _tilt_series(draw: st.DrawFn, signal: Literal["EDS_TEM", "ADF"] | None, max_side: int) -> TiltSeries:
    signal = signal or draw(st.sampled_from(["EDS_TEM", "ADF"]))
    # One channel without and with its axis, then more; one draw for both, so that it shrinks at once.
    layout = draw(st.sampled_from([(1, False), (1, True), (2, True), (3, True), (4, True)]))
    names, stacked = (_CHANNELS[: layout[0]] if signal == "EDS_TEM" else ("ADF",)), layout[1]
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, max_side), st.integers(1, max_side)))
    full = (len(names), *shape) if stacked else shape
    dtype = np.dtype(draw(st.sampled_from(_TYPES)))
    low = 0 if signal == "EDS_TEM" else -(2**15)
    numbers = st.floats(low, 2.0**20, width=32) if dtype.kind == "f" else st.integers(low, 2**15 - 1)
    gains, exposure = draw(st.none() | cells(st.floats(0, 2))), draw(st.none() | cells(st.floats(0.01, 10)))
    variance = draw(st.none() | cells(st.floats(0, 1e6)))
    return TiltSeries(
        data=filled(full, draw(cells(numbers)), dtype),
        angles_deg=filled(shape[:1], draw(cells(st.floats(-180, 180)))),
        spacing_nm=draw(st.floats(1e-3, 1e3)),
        channels=names,
        signal=signal,
        electrons_per_pixel=draw(st.none() | st.floats(1, 1e12)),
        gains=None if gains is None else filled((len(names), shape[0]), gains),
        exposure=None if exposure is None else filled(shape[:1], exposure),
        variance=None if variance is None else filled(full, variance),
        metadata=draw(metadata()),
    )
