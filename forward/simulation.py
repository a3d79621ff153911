"""Simulate the tilt series that a microscope would record of a phantom."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from .expectation import DEFAULT_LINES, expected_counts
from .holder import Holder
from .microscope import MICROSCOPES, Microscope
from .noise import draw_counts
from .tilt_scheme import TiltScheme
from .tilt_series import TiltSeries

if TYPE_CHECKING:
    from ..phantoms import Phantom


def simulate(
    phantom: "Phantom",
    *,
    scheme: TiltScheme,
    microscope: Microscope | str,
    rng: np.random.Generator,
    signal: Literal["eds", "adf"] = "eds",
    lines: str | Sequence[str] = DEFAULT_LINES,
    holder: Holder | str = "none",
    beam_current_na: float = 1.0,
    dwell_s: float | None = None,
    binning: int = 2,
    inverse_crime: bool = False,
) -> TiltSeries:
    """Simulate an EDS or ADF tilt series with its noise.

    Parameters
    ----------
    phantom : Phantom
        The truth, on a grid `binning` times as fine as the pixels to be recorded; left untouched.
    scheme : TiltScheme
        Which angles, in which order.
    microscope : Microscope or str
        A microscope or its name in `MICROSCOPES`.
    rng : numpy.random.Generator
        Source of the noise.
    signal : {"eds", "adf"}, optional
        What is recorded.
    lines : sequence of str, optional
        X-ray lines, one channel each (EDS). A single string gives data without a channel axis.
    holder : Holder or str, optional
        A holder or its name in `HOLDERS` (EDS). Counts follow the gain of the summed segments
        relative to 0°, where the cross-sections are calibrated.
    beam_current_na : float, optional
        Beam current, nA.
    dwell_s : float, optional
        Dwell per recorded pixel and tilt, s; 0.2 for EDS and 20 µs for ADF when omitted. The
        published experiment states neither current nor dwell: both defaults are assumptions.
    binning : int, optional
        Fine voxels per recorded pixel along y and x.
    inverse_crime : bool, optional
        Allow a binning of 1: data simulated on the very grid they are reconstructed on make any
        reconstruction look better than it is.

    Returns
    -------
    TiltSeries
        EDS: int32 counts (channel, tilt, y, x). ADF: float32 (tilt, y, x).

    Raises
    ------
    ValueError
        When a parameter breaks its rule or a name is unknown.
    TypeError
        When `rng` or `scheme` is of the wrong kind.

    Notes
    -----
    EDS counts are Poisson draws of N_e σ[barn] 1e-10 g(α) P, eq. (1) of Collins et al. [1]_, with
    N_e = i τ / e and P in atoms nm⁻². ADF electrons are Poisson draws of
    N_e (1 − exp(−Σ σ_Z P_Z)), plus read-out noise. The beam is taken as parallel lines through the
    specimen; absorption, channelling, drift and damage are left out.

    References
    ----------
    .. [1] S. M. Collins et al., APL Mater. 7 (2019) 091111, doi:10.1063/1.5120093
    """
    microscope = MICROSCOPES[microscope] if isinstance(microscope, str) else microscope
    expected = expected_counts(
        phantom,
        scheme=scheme,
        microscope=microscope,
        signal=signal,
        lines=lines,
        holder=holder,
        beam_current_na=beam_current_na,
        dwell_s=dwell_s,
        binning=binning,
        inverse_crime=inverse_crime,
    )
    return draw_counts(expected, rng=rng, detector=microscope.adf)
