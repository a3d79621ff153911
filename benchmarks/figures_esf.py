"""The edge-spread threshold: the volume against the threshold, its slope, the fit."""

import numpy as np
from matplotlib.figure import Figure

from .figures_style import (
    BLUE,
    COLUMN_IN,
    GREY,
    LIGHT,
    VERMILLION,
    new_figure,
    panel_letters,
    plus_minus,
    styled,
)


@styled
def figure_esf(
    *,
    thresholds: np.ndarray,
    volumes: np.ndarray,
    differences: np.ndarray,
    fitted: np.ndarray,
    threshold: float,
    standard_error: float = float("nan"),
    levels: tuple[float, float] | None = None,
    unit: str = "nm$^{-3}$",
    voxel_nm3: float = 1.0,
) -> Figure:
    """Draw how the threshold of a reconstruction follows from its volume alone.

    Parameters
    ----------
    thresholds : numpy.ndarray
        Edges of the threshold bins (n + 1,).
    volumes : numpy.ndarray
        V(t), voxels above each of `thresholds` (n + 1,).
    differences, fitted : numpy.ndarray
        −ΔV of each bin and the edge-spread fit to it (n,), voxels; NaN outside the fitted window.
    threshold, standard_error : float
        The threshold found, and its standard error, in the units of `thresholds`.
    levels : tuple of float, optional
        Background and particle levels of the fitted edge.
    unit : str
        Unit of the thresholds.
    voxel_nm3 : float
        Volume of a voxel, nm³.

    Returns
    -------
    matplotlib.figure.Figure
        3.4 in wide: V(t) over its slope.
    """
    figure = new_figure(COLUMN_IN, 3.0)
    upper, lower = figure.subplots(2, 1, sharex=True)
    scale = 1e-6 * voxel_nm3
    upper.plot(thresholds, volumes * scale, color=BLUE)
    upper.set_ylabel("$V(t)$ (10$^6$ nm$^3$)")
    upper.set_ylim(0, 1.6 * scale * float(np.interp(threshold, thresholds, volumes)))
    centres = 0.5 * (thresholds[1:] + thresholds[:-1])
    slope = scale * differences / np.diff(thresholds)
    fit = scale * fitted / np.diff(thresholds)
    power = thousands_below(float(np.nanmedian(slope)))
    slope, fit = slope / 10.0**power, fit / 10.0**power
    lower.plot(centres, slope, ".", color=GREY, markersize=2.5, label="reconstruction")
    lower.plot(centres, fit, color=VERMILLION, label="edge-spread fit")
    lower.set_ylabel(f"−d$V$/d$t$ (10$^{{{power + 6}}}$ nm$^3$\nper {unit})")
    lower.set_xlabel(f"Threshold $t$ ({unit})")
    known = fit[np.isfinite(fit)]
    if known.size:
        lower.set_ylim(0, 2.5 * float(np.median(known)))
    for ax in (upper, lower):
        if np.isfinite(standard_error):
            reach = 2 * standard_error
            ax.axvspan(threshold - reach, threshold + reach, color=LIGHT, linewidth=0)
        ax.axvline(threshold, color="black", linewidth=0.8, linestyle="--")
        for level in levels or ():
            ax.axvline(level, color=GREY, linewidth=0.6, linestyle=":")
    upper.annotate(
        f"threshold {plus_minus(threshold, standard_error)}",
        xy=(threshold, 0.92),
        xytext=(4, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        va="top",
    )
    lower.legend(loc="lower left")
    low, high = levels or (thresholds[0], thresholds[-1])
    upper.set_xlim(min(low, 0) - 0.08 * (high - low), high + 0.25 * (high - low))
    panel_letters([upper, lower])
    return figure


def thousands_below(value: float) -> int:
    """Return the power of ten, a multiple of three, that brings a value to between 1 and 1000.

    Examples
    --------
    >>> thousands_below(0.004), thousands_below(0.5), thousands_below(12.0)
    (-3, -3, 0)
    """
    return int(3 * np.floor(np.log10(value) / 3)) if value > 0 and np.isfinite(value) else 0
