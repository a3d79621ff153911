"""Net counts by least squares: templates of line families on a smooth background."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveFloat

from ...phantoms.parameters import Parameters

TINY = 1e-12
# Beyond this the difference of two columns is lost in the noise of any count.
WORST_CONDITION = 1e5


class PeakFit(Parameters):
    """How spectra are fitted.

    Parameters
    ----------
    margin_fwhm : float, optional
        How far the fitted band reaches beyond the lines asked for, in widths of these lines. Bands
        that overlap are fitted together.
    background_degree : int, optional
        Degree of the polynomial that multiplies the shape of the bremsstrahlung.
    tied : bool, optional
        Tie the lines of an element and shell that were *not* asked for to one that was, in the ratio
        of the cross-sections; otherwise each has an amplitude of its own. L and M lines of an
        element are tied in any case: they lie closer than the detector resolves.
    """

    margin_fwhm: PositiveFloat = 6.0
    background_degree: Annotated[int, Field(ge=0, le=4)] = 1
    tied: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """Columns of one linear model.

    Parameters
    ----------
    names : tuple of str
        One name per column; the lines asked for come first.
    columns : ndarray of float64, shape (channel, column)
        Expected counts per channel for one count of the line, or per unit of the background.
    channels : slice
        Which channels of the spectrum they cover.
    wanted : int
        Number of leading columns that are lines asked for.
    """

    names: tuple[str, ...]
    columns: np.ndarray
    channels: slice
    wanted: int


def fit_kernels(design: Design, mean_spectrum: np.ndarray) -> np.ndarray:
    """Linear estimators of net counts by weighted least squares.

    Parameters
    ----------
    design : Design
    mean_spectrum : ndarray, shape (channel of the design,)
        Mean of the spectra to be fitted, counts per channel: the weights.

    Returns
    -------
    ndarray of float64, shape (line, channel of the design)
        Net counts are ``kernels @ spectrum``.

    Raises
    ------
    ValueError
        When there are fewer channels than columns, or two columns cannot be told apart; the message
        names them.

    Notes
    -----
    K = (AᵀWA)⁻¹AᵀW with W = 1 / (fit of the mean spectrum). The weights are the same for every
    pixel, so that the fit is linear in the counts and K A = 1 makes it unbiased however few they
    are. Weights from each pixel's own counts (Neyman's χ²) would favour the channels that happened
    to count too little, a bias of about one count per channel [1]_. The covariance is K V Kᵀ with V
    the variances of the counts.

    References
    ----------
    .. [1] K. J. Mighell, Astrophys. J. 518 (1999) 380, doi:10.1086/307253

    Examples
    --------
    >>> x = np.linspace(-4, 4, 81)
    >>> peak = np.exp(-x**2 / 2) / np.exp(-x**2 / 2).sum()
    >>> design = Design(names=("peak", "flat"), columns=np.stack([peak, np.ones(81)], axis=1),
    ...                 channels=slice(0, 81), wanted=1)
    >>> kernel = fit_kernels(design, 500 * peak + 2)
    >>> (kernel @ (300 * peak + 7)).round(6)
    array([300.])
    """
    columns = design.columns
    if columns.shape[0] < columns.shape[1]:
        raise ValueError(
            f"the fit has {columns.shape[0]} channels around {design.names[0]} for {columns.shape[1]} "
            "unknowns; raise `margin_fwhm`"
        )
    level = _smooth(mean_spectrum, columns[:, : design.wanted])
    # The fit of the mean is a better guess of the expectation than its counts: fewer, less noisy weights.
    amplitudes = _least_squares(design, level) @ mean_spectrum
    level = np.maximum(columns @ amplitudes, 0.02 * float(np.mean(mean_spectrum)) + TINY)
    return _least_squares(design, level)[: design.wanted]


def _least_squares(design: Design, level: np.ndarray) -> np.ndarray:
    """(AᵀWA)⁻¹AᵀW for W = 1 / level, by QR of the weighted, normalised columns; (column, channel)."""
    root = np.sqrt(1 / level)
    weighted = design.columns * root[:, None]
    scale = np.linalg.norm(weighted, axis=0)
    weighted = weighted / scale
    q, r = np.linalg.qr(weighted)
    if np.linalg.cond(r) > WORST_CONDITION:
        alike = np.abs(weighted.T @ weighted)
        np.fill_diagonal(alike, 0)
        one, other = (
            design.names[int(index)] for index in np.unravel_index(int(alike.argmax()), alike.shape)
        )
        raise ValueError(
            f"the fit cannot tell {one} from {other} at this resolution; ask for only one of them"
        )
    return np.linalg.solve(r, q.T) * root / scale[:, None]


def _smooth(mean_spectrum: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Mean counts per channel, smoothed over a third of a line and positive everywhere."""
    # 1 / Σ t² of a Gaussian is 1.5 FWHM.
    wide = 1 / float(np.max(np.sum(lines**2, axis=0)))
    width = 2 * int(wide / 8) + 1
    padded = np.pad(mean_spectrum.astype(np.float64), width // 2, mode="edge")
    smooth = np.convolve(padded, np.full(width, 1 / width), mode="valid")
    return np.maximum(smooth, 0.02 * float(smooth.mean()) + TINY)
