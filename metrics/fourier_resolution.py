"""Where a Fourier-shell correlation falls below its threshold: a length, its error and a status."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

# Signal-to-noise ratio of either half at which both together give half a bit per coefficient.
_HALF_BIT_SNR = (np.sqrt(2.0) - 1.0) / 2.0


class ResolutionStatus(Enum):
    """How the search for the resolution ended; `message` says what to make of it."""

    RESOLVED = "resolved"
    PIXEL_LIMITED = "pixel_limited"
    UNRESOLVED = "unresolved"

    @property
    def message(self) -> str:
        """One sentence."""
        return _MESSAGES[self]


_MESSAGES = {
    ResolutionStatus.RESOLVED: "the correlation crosses the threshold between two shells",
    ResolutionStatus.PIXEL_LIMITED: (
        "the correlation stays above the threshold up to the Nyquist frequency: the resolution is two voxels "
        "or better; take smaller voxels to find it"
    ),
    ResolutionStatus.UNRESOLVED: (
        "the correlation of the very first shell is below the threshold: nothing smaller than the field of "
        "view is resolved"
    ),
}


@dataclass(frozen=True, kw_only=True)
class FourierResolution:
    """The resolution at one threshold.

    Attributes
    ----------
    nm : float
        Full period of the finest detail, nm: two voxels where the voxels are the limit, infinity where
        nothing is resolved.
    standard_error_nm : float
        From the noise of the shells at the crossing; NaN unless resolved.
    status : ResolutionStatus
    """

    nm: float
    standard_error_nm: float
    status: ResolutionStatus


def half_bit_threshold(coefficients: np.ndarray, *, halves: bool) -> np.ndarray:
    """Correlation of each shell at which a coefficient of the whole carries half a bit.

    Parameters
    ----------
    coefficients : numpy.ndarray
        Independent coefficients of each shell, pairs of conjugates counted as two.
    halves : bool
        True for the correlation of two half data sets; False for that of a volume with the truth,
        where the same ratio of signal to noise gives √(2T/(1 + T)).

    Notes
    -----
    With s the ratio of signal to noise power in a half and n coefficients, the expected correlation is
    ``T = (s + (2√s + 1)/√n) / (s + 1 + 2√s/√n)``; half a bit, ``log₂(1 + 2s) = ½``, needs
    s = (√2 − 1)/2 = 0.2071.

    References
    ----------
    M. van Heel and M. Schatz, J. Struct. Biol. 151, 250 (2005), doi:10.1016/j.jsb.2005.05.009

    Examples
    --------
    >>> half_bit_threshold(np.array([1e12, 100.0]), halves=True).round(4).tolist()
    [0.1716, 0.3067]
    """
    root = 1.0 / np.sqrt(np.maximum(coefficients, 1.0))
    chance = 2 * np.sqrt(_HALF_BIT_SNR) * root
    threshold = (_HALF_BIT_SNR + chance + root) / (_HALF_BIT_SNR + 1.0 + chance)
    return threshold if halves else against_truth(threshold)


def against_truth(correlation: np.ndarray) -> np.ndarray:
    """Correlation with the truth of a volume whose independent halves correlate as given: √(2c/(1 + c)).

    References
    ----------
    P. B. Rosenthal and R. Henderson, J. Mol. Biol. 333, 721 (2003), doi:10.1016/j.jmb.2003.07.013

    Examples
    --------
    >>> round(float(against_truth(np.array(1 / 7))), 3)
    0.5
    """
    known = np.maximum(correlation, 0.0)
    return np.sqrt(2 * known / (1 + known))


def crossing(
    frequency: np.ndarray, correlation: np.ndarray, errors: np.ndarray, threshold: np.ndarray | float
) -> FourierResolution:
    """Find the first fall below a threshold, linear between shells; shells without any power are skipped.

    Parameters
    ----------
    frequency : numpy.ndarray
        (n,) nm⁻¹, increasing.
    correlation, errors : numpy.ndarray
        (n,) correlation and its standard error.
    threshold : float or numpy.ndarray
        One, or one for each shell.
    """
    known = np.isfinite(correlation)
    excess = (correlation - threshold)[known]
    if excess.size == 0 or excess[0] < 0:
        return FourierResolution(
            nm=float("inf"), standard_error_nm=float("nan"), status=ResolutionStatus.UNRESOLVED
        )
    below = np.flatnonzero(excess < 0)
    if below.size == 0:
        return FourierResolution(
            nm=1.0 / float(frequency[-1]),
            standard_error_nm=float("nan"),
            status=ResolutionStatus.PIXEL_LIMITED,
        )
    after = int(below[0])
    steps, noise = frequency[known], errors[known]
    share = excess[after - 1] / (excess[after - 1] - excess[after])
    width = steps[after] - steps[after - 1]
    where = float(steps[after - 1] + share * width)
    # The two shells err independently: their errors add in the shares in which the line takes them.
    error = float(np.hypot((1 - share) * noise[after - 1], share * noise[after]))
    slope = float((excess[after - 1] - excess[after]) / width)
    return FourierResolution(
        nm=1.0 / where, standard_error_nm=error / slope / where**2, status=ResolutionStatus.RESOLVED
    )
