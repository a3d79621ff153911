"""Undo the saturation of a dark-field signal in thick specimens."""

from dataclasses import replace

import numpy as np

from .tilt_series import TiltSeries


def linearise_adf(
    series: TiltSeries, *, gain: float | None = None, offset: float | None = None
) -> TiltSeries:
    """Turn a saturating ADF signal into one that is proportional to thickness.

    Parameters
    ----------
    series : TiltSeries
        An ADF series with known `electrons_per_pixel`, before any background was subtracted.
    gain : float, optional
        Output per electron of the detector; the one in the metadata of a simulated series when
        omitted.
    offset : float, optional
        Output of the electronics without any electron; the one in the metadata, or 0, when omitted.

    Returns
    -------
    TiltSeries
        float32 data in the same units without the offset, unchanged where the signal is weak. The
        level of a film is then the same beside and below the particle, so that
        `subtract_background` takes it off exactly.

    Raises
    ------
    ValueError
        When the series is not ADF, was linearised or background-subtracted before, its beam or gain is
        not known, or a pixel reaches the whole beam.

    Notes
    -----
    From I = G N_e (1 − exp(−q)) + offset follows q = −log(1 − (I − offset)/(G N_e)); the result is
    G N_e q, with q = Σ σ_Z P_Z and N_e the electrons of each tilt. Noise grows by
    1/(1 − (I − offset)/(G N_e)), and its square biases q by half its relative variance, below 1e-4
    for 1e4 electrons or more left in the beam. An offset that is not known makes q wrong by
    offset/(G N_e) where little scatters, which `subtract_background` takes off, and by exp(q) times
    that where much does, of which (exp(q) − 1) × offset/(G N_e) remains.

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
    if series.metadata.get("linearised"):
        raise ValueError("`series` is linearised already; a second time would stretch it")
    known = series.metadata.get("adf", {})
    gain = known.get("gain") if gain is None else gain
    if gain is None or not 0 < gain < np.inf:
        raise ValueError(f"`gain` must be the positive output per electron of the detector, got {gain}")
    offset = float(known.get("offset", 0.0) if offset is None else offset)
    if not np.isfinite(offset):
        raise ValueError(f"`offset` must be finite, got {offset}")
    beam = gain * np.asarray(series.electrons, dtype=np.float64)[:, None, None]
    signal = series.data.astype(np.float64) - offset
    if not (signal < beam).all():
        where = tuple(int(i) for i in np.argwhere(signal >= beam)[0])
        whole = float(beam[where[-3], 0, 0])
        raise ValueError(
            f"the signal at index {where} is {signal[where]:.6g}, the whole beam of {whole:.6g} or more; "
            "check `electrons_per_pixel`, `gain` and `offset`"
        )
    data = (-beam * np.log1p(-signal / beam)).astype(np.float32)
    variance = None if series.variance is None else series.variance / np.square(1 - signal / beam)
    return replace(series, data=data, variance=variance, metadata={**series.metadata, "linearised": True})
