"""Undo the saturation of a dark-field signal in thick specimens."""

from dataclasses import replace

import numpy as np

from .tilt_series import TiltSeries


def linearise_adf(series: TiltSeries, *, gain: float | None = None) -> TiltSeries:
    """Turn a saturating ADF signal into one that is proportional to thickness.

    Parameters
    ----------
    series : TiltSeries
        An ADF series with known `electrons_per_pixel`, before any background was subtracted.
    gain : float, optional
        Output per electron of the detector; the one in the metadata of a simulated series when
        omitted.

    Returns
    -------
    TiltSeries
        float32 data in the same units, unchanged where the signal is weak. The level of a film is
        then the same beside and below the particle, so that `subtract_background` takes it off
        exactly.

    Raises
    ------
    ValueError
        When the series is not ADF, was background-subtracted, its beam or gain is not known, or a
        pixel reaches the whole beam.

    Notes
    -----
    From I = G N_e (1 − exp(−q)) follows q = −log(1 − I/(G N_e)); the result is G N_e q, with
    q = Σ σ_Z P_Z. Noise grows by 1/(1 − I/(G N_e)), and its square biases q by
    half its relative variance, below 1e-4 for 1e4 electrons or more left in the beam.

    Examples
    --------
    >>> thick = TiltSeries(data=np.full((1, 1, 1), 1000 * (1 - np.exp(-0.5))), angles_deg=[0.0],
    ...     spacing_nm=5.0, channels=("ADF",), signal="ADF", electrons_per_pixel=1000.0)
    >>> float(linearise_adf(thick, gain=1.0).data[0, 0, 0])
    500.0
    """
    if series.signal != "ADF":
        raise ValueError(f"`series` must be ADF, this one is {series.signal}: EDS counts are linear")
    if "background" in series.metadata:
        raise ValueError("`series` has its background subtracted; linearise it first, then subtract")
    if series.electrons_per_pixel is None:
        raise ValueError("`electrons_per_pixel` is not known for this series; set it to linearise")
    gain = series.metadata.get("adf", {}).get("gain") if gain is None else gain
    if gain is None or not 0 < gain < np.inf:
        raise ValueError(f"`gain` must be the positive output per electron of the detector, got {gain}")
    beam = gain * series.electrons_per_pixel
    if not series.data.max() < beam:
        where = tuple(int(i) for i in np.argwhere(series.data >= beam)[0])
        raise ValueError(
            f"the signal at index {where} is {series.data[where]:.6g}, the whole beam of {beam:.6g} or more; "
            "check `electrons_per_pixel` and `gain`"
        )
    data = (-beam * np.log1p(-series.data.astype(np.float64) / beam)).astype(np.float32)
    return replace(series, data=data, metadata={**series.metadata, "linearised": True})
