"""Counts drawn from expectations: Poisson statistics and read-out noise."""

from dataclasses import replace

import numpy as np

from .detectors.adf_detector import ADFDetector
from .tilt_series import TiltSeries


def draw_counts(
    expected: TiltSeries, *, rng: np.random.Generator, detector: ADFDetector | None = None
) -> TiltSeries:
    """Draw one realisation of an expected tilt series.

    Parameters
    ----------
    expected : TiltSeries
        Expectations, as from `expected_counts`; left untouched.
    rng : numpy.random.Generator
        Source of randomness; the same state gives the same bits on any number of threads.
    detector : ADFDetector, optional
        Gain, offset and read-out noise; needed for ADF, unused for EDS.

    Returns
    -------
    TiltSeries
        EDS: int32 Poisson counts. ADF: float32, gain × (Poisson electrons + Gaussian read-out
        noise) + offset, which may be negative where few electrons arrive.

    Raises
    ------
    ValueError
        When an expectation is negative or too large for int32, or an ADF series comes without its
        detector.
    TypeError
        When `rng` is not a Generator.

    Notes
    -----
    The mean of the draws is the expectation. ADF electrons are taken as Poisson although at most
    N_e can scatter; the variance is then too large by the factor 1/(1 − p) at scattering
    probability p.
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"`rng` must be a numpy.random.Generator (numpy.random.default_rng(seed)), got {rng!r}"
        )
    metadata = {**expected.metadata, "noise": "poisson"}
    if expected.signal == "EDS_TEM":
        return replace(expected, data=_poisson(expected.data, rng).astype(np.int32), metadata=metadata)
    if detector is None:
        raise ValueError("`detector` is needed for an ADF series: its gain and read-out noise")
    arriving = (expected.data - detector.offset) / detector.gain
    # The sum of the offset and nothing may round to just below it.
    arriving[np.abs(arriving) < 1e-12 * abs(detector.offset) / detector.gain] = 0.0
    electrons = _poisson(arriving, rng).astype(np.float64)
    electrons += detector.read_noise_electrons * rng.standard_normal(electrons.shape)
    metadata["noise"] = "poisson and read-out"
    data = detector.gain * electrons + detector.offset
    return replace(expected, data=data.astype(np.float32), metadata=metadata)


def _poisson(expected: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    # A draw exceeds its mean by more than eight deviations with a chance below 1e-15.
    limit = 2**31 - 1 - 8 * 2**15.5
    if expected.min() < 0 or expected.max() > limit:
        raise ValueError(
            f"expected counts must lie between 0 and {limit:.3g}, got {expected.min():.3g} to "
            f"{expected.max():.3g}; lower the beam current or the dwell"
        )
    return rng.poisson(expected)
