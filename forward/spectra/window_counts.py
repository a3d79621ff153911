"""Net counts by windows: the peak's, and one on either side for the background under it."""

from collections.abc import Callable, Sequence

import numpy as np
from pydantic import PositiveFloat

from ...phantoms.parameters import Parameters
from ..xray_lines import LINES
from .spectrum_series import channel_overlap


class CountWindows(Parameters):
    """Where an analyst puts windows around a line, in widths (FWHM) of that line.

    Parameters
    ----------
    peak_fwhm : float, optional
        Width of the window at the peak.
    gap_fwhm : float, optional
        Distance from the line to the inner edges of both background windows.
    background_fwhm : float, optional
        Width of each background window.
    """

    peak_fwhm: PositiveFloat = 2.0
    gap_fwhm: PositiveFloat = 2.0
    background_fwhm: PositiveFloat = 1.0

    def edges_kev(self, energy_kev: float, fwhm_kev: float) -> np.ndarray:
        """Return lower and upper edges of the low, the peak and the high window, keV, shape (3, 2).

        Examples
        --------
        >>> CountWindows().edges_kev(8.64, 0.15)
        array([[8.19, 8.34],
               [8.49, 8.79],
               [8.94, 9.09]])
        """
        half = self.peak_fwhm / 2
        near, far = self.gap_fwhm, self.gap_fwhm + self.background_fwhm
        return energy_kev + fwhm_kev * np.array([[-far, -near], [-half, half], [near, far]])


def window_kernels(
    lines: Sequence[str],
    *,
    energies_kev: np.ndarray,
    fwhm_kev: Callable[[float], float],
    own_shapes: Sequence[np.ndarray],
    windows: CountWindows | None = None,
) -> np.ndarray:
    """Linear estimators of net counts by windows.

    Parameters
    ----------
    lines : sequence of str
        Lines to count.
    energies_kev : ndarray, shape (channel,)
        Centres of the channels, keV, evenly spaced.
    fwhm_kev : callable
        Width of a line at an energy, keV.
    own_shapes : sequence of ndarray, shape (channel,)
        Shape of each line alone, summing to one: what the estimator must count fully.
    windows : CountWindows, optional

    Returns
    -------
    ndarray of float64, shape (line, channel)
        Net counts are ``kernels @ spectrum``.

    Raises
    ------
    ValueError
        When windows leave the range of the spectrum, or a line hardly lies in its own window.

    Notes
    -----
    Net = (S − w_p (b_l (c_h − c_p) + b_h (c_p − c_l)) / (c_h − c_l)) / f, with S the counts in the
    peak window of width w_p, b the mean counts per keV of the windows below and above, c the centres
    of the windows: the straight line through the two backgrounds, evaluated at the peak. f is what
    the same sum gives for one count of the line alone (0.98 for a window of two FWHM), so that an
    isolated line on a straight background comes out unbiased. Channels that a window cuts count in
    proportion.

    The known weakness: any *other* line in one of the three windows is counted too, with the sign
    of the window. Beside copper, zinc Kα loses what of Cu Kβ lies in its upper window and of Cu Kα
    in its lower one: counts are too low by Σ_other kernel · shape × counts, which is exact because
    the estimator is linear. The defaults are those of exspy's `estimate_background_windows`.
    """
    windows = CountWindows() if windows is None else windows
    kernels = np.empty((len(lines), len(energies_kev)))
    width = (energies_kev[-1] - energies_kev[0]) / (len(energies_kev) - 1)
    for row, (line, shape) in enumerate(zip(lines, own_shapes, strict=True)):
        energy = LINES[line].energy_kev
        edges = windows.edges_kev(energy, fwhm_kev(energy))
        if edges[0, 0] < energies_kev[0] - width / 2 or edges[2, 1] > energies_kev[-1] + width / 2:
            raise ValueError(
                f"windows of {line} run from {edges[0, 0]:.3f} to {edges[2, 1]:.3f} keV, beyond the "
                f"spectrum's {energies_kev[0]:.3f} to {energies_kev[-1]:.3f} keV; "
                "fit that line or narrow the windows"
            )
        low, peak, high = (channel_overlap(energies_kev, *pair) for pair in edges)
        centre = edges.mean(axis=1)
        share = (centre[1] - centre[0]) / (centre[2] - centre[0])
        kernel = peak - peak.sum() * ((1 - share) * low / low.sum() + share * high / high.sum())
        own = float(kernel @ shape)
        if own < 0.1:
            raise ValueError(f"`windows` catch {own:.2f} of {line} itself; widen `peak_fwhm` or `gap_fwhm`")
        kernels[row] = kernel / own
    return kernels
