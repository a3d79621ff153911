"""Simulate the tilt series that a microscope would record of a phantom."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .acquisition import Acquisition, acquisition_of
from .expectation import expected_counts
from .history import History
from .noise import draw_counts
from .tilt_series import TiltSeries

if TYPE_CHECKING:
    from ..phantoms import Phantom


def simulate(
    phantom: "Phantom",
    acquisition: Acquisition | None = None,
    *,
    rng: np.random.Generator,
    history: History | None = None,
    **fields: Any,
) -> TiltSeries:
    """Simulate an EDS or ADF tilt series with its noise.

    Parameters
    ----------
    phantom : Phantom
        The truth, on a grid `binning` times as fine as the pixels to be recorded; left untouched.
    acquisition : Acquisition, optional
        How the series is taken. Alternatively its fields as keywords: ``simulate(phantom,
        scheme=scheme, microscope="osiris", holder="wall", rng=rng)``.
    rng : numpy.random.Generator
        Source of the noise, and of errors of the acquisition. Errors are drawn from a spawned child,
        so that they do not change the noise.
    history : History, optional
        What truly happens at each tilt; drawn when omitted. Give one to know the errors
        (`history_of`), or to take several series of the same specimen with the same errors.
    **fields
        Those of `Acquisition`, when none is given.

    Returns
    -------
    TiltSeries
        EDS: int32 counts (channel, tilt, y, x). ADF: float32 (tilt, y, x).

    Raises
    ------
    ValueError
        When a parameter breaks its rule or a name is unknown.
    TypeError
        When `rng` is no generator, or an acquisition comes with fields.

    Notes
    -----
    EDS counts are Poisson draws of N_e σ[barn] 1e-10 g(α) P, eq. (1) of Collins et al. [1]_, with
    N_e = i τ / e and P in atoms nm⁻². ADF electrons are Poisson draws of
    N_e (1 − exp(−Σ σ_Z P_Z)), plus read-out noise and offset. By default the beam is taken as
    parallel lines through an unchanging specimen; see `Acquisition` for absorption, the probe,
    errors and damage. Channelling is left out.

    References
    ----------
    .. [1] S. M. Collins et al., APL Mater. 7 (2019) 091111, doi:10.1063/1.5120093
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"`rng` must be a numpy.random.Generator (numpy.random.default_rng(seed)), got {rng!r}"
        )
    acquisition = acquisition_of(acquisition, fields, own=("history",))
    expected = expected_counts(phantom, acquisition, history=history, rng=rng)
    return draw_counts(expected, rng=rng, detector=acquisition.microscope.adf)
