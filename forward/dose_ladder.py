"""Counts of many doses from one draw: every lower dose is a binomial thinning of a higher one."""

import math
from dataclasses import replace

import numpy as np

from .tilt_series import TiltSeries

REFERENCE_E_NM2 = 5e7
"""Fluence of one tilt at the rung of number 0, electrons nm⁻²."""

TOP = 3
"""Number of the highest rung; rungs lie a factor of ten apart."""

_LARGEST = 2**31 - 1 - 8 * 2**15.5
# Doses that arithmetic has moved by its rounding lie on their rung all the same.
_ROUNDING = 1e-9


def thinned_counts(expected: TiltSeries, *, stream: np.random.SeedSequence) -> TiltSeries:
    """Draw the counts of an EDS series so that series of other doses or tilts share their photons.

    Parameters
    ----------
    expected : TiltSeries
        Expectations of an EDS series whose electrons per pixel are known; left untouched.
    stream : numpy.random.SeedSequence
        Names the specimen and the replicate: same stream, same photons. It spawns nothing and is not
        used up.

    Returns
    -------
    TiltSeries
        int32 counts. They are Poisson, and independent between pixels, channels and tilts.

    Raises
    ------
    ValueError
        When the series is not EDS, its electrons are unknown, or an expectation is negative or too large
        for int32.

    Notes
    -----
    Every channel of every tilt has streams of its own, keyed on its name and angle. On a ladder of rungs
    a factor of ten in fluence apart, counts are drawn once, Poisson, at the top rung (5 × 10¹⁰ e nm⁻² in
    one tilt) and thinned downwards: each photon of a rung is on the next with a probability of 1/10. A
    dose between two rungs takes its photons from the rung above. Thinning a Poisson variable of mean μ
    with probability p leaves one of mean p μ [1]_, so that each dose alone is as if drawn alone; but
    doses on rungs are nested like a longer exposure and its first minutes, and adding a dose, a tilt or a
    channel to a study changes none of the others. Tilts above the top rung are drawn on their own.

    References
    ----------
    .. [1] J. F. C. Kingman, Poisson Processes, Oxford University Press (1993), section 5.1 (colouring
       theorem), ISBN 9780198536932

    Examples
    --------
    >>> expected = TiltSeries(
    ...     data=np.full((1, 64, 64), 50.0), angles_deg=[0.0], spacing_nm=1.0, channels=("Zn_Ka",),
    ...     signal="EDS_TEM", electrons_per_pixel=5e7)
    >>> tenth = replace(expected, data=0.1 * expected.data, electrons_per_pixel=5e6)
    >>> stream = np.random.SeedSequence(1)
    >>> more, fewer = (thinned_counts(one, stream=stream).data for one in (expected, tenth))
    >>> bool((fewer <= more).all()), round(float(fewer.mean()), 1)
    (True, 5.0)
    """
    if expected.signal != "EDS_TEM":
        raise ValueError(f"`expected` must be an EDS series, got {expected.signal}; for ADF use draw_counts")
    if expected.electrons is None:
        raise ValueError("`expected` must know its `electrons_per_pixel`: the dose decides the rung")
    fluence = expected.electrons / expected.spacing_nm**2
    counts = np.empty(expected.stack.shape, dtype=np.int32)
    for channel, name in enumerate(expected.channels):
        for tilt, angle in enumerate(expected.angles_deg):
            key = (_text_key(name), round((float(angle) + 180.0) * 1e6))
            mean = expected.stack[channel, tilt]
            counts[channel, tilt] = _one_image(mean, float(fluence[tilt]), stream, key)
    metadata = {**expected.metadata, "noise": "poisson"}
    return replace(expected, data=counts.reshape(expected.data.shape), metadata=metadata)


def _one_image(
    mean: np.ndarray, fluence: float, stream: np.random.SeedSequence, key: tuple[int, ...]
) -> np.ndarray:
    rung = math.ceil(math.log10(fluence / REFERENCE_E_NM2) - _ROUNDING)
    top = TOP if rung <= TOP else None
    highest = mean if top is None else mean * (REFERENCE_E_NM2 * 10.0**top / fluence)
    if highest.min() < 0 or highest.max() > _LARGEST:
        raise ValueError(
            f"expected counts must lie between 0 and {_LARGEST:.3g}, got {highest.min():.3g} to "
            f"{highest.max():.3g}{'' if top is None else ' at the top of the ladder'}; lower the dose"
        )
    if top is None:
        return _generator(stream, key, "above", fluence).poisson(highest)
    counts = _generator(stream, key, "top", 0).poisson(highest)
    for step in range(top - 1, rung - 1, -1):
        counts = _generator(stream, key, "rung", step).binomial(counts, 0.1)
    share = fluence / (REFERENCE_E_NM2 * 10.0**rung)
    if abs(share - 1.0) > _ROUNDING * math.log(10.0):
        counts = _generator(stream, key, "between", fluence).binomial(counts, min(share, 1.0))
    return counts


def _generator(
    stream: np.random.SeedSequence, key: tuple[int, ...], kind: str, value: float
) -> np.random.Generator:
    # Two to the 40th steps across a decade tell any two doses apart that are not rounding of one another.
    number = round(value) + 1000 if kind in ("rung", "top") else round(math.log10(value) * 2**40)
    own = (*key, _text_key(kind), number if number >= 0 else 2**60 - number)
    seed = np.random.SeedSequence(stream.entropy, spawn_key=(*stream.spawn_key, *own))
    return np.random.Generator(np.random.PCG64(seed))


def _text_key(text: str) -> int:
    return int.from_bytes(text.encode())
