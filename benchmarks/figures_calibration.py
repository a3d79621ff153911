"""Calibration: counts against thickness with the fit, and fitted against true cross-sections."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .figures_style import (
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PAGE_IN,
    VERMILLION,
    colour_bar,
    new_figure,
    panel_letters,
    plus_minus,
    styled,
)
from .labels import line_label

_Z95 = 1.96


@dataclass(frozen=True, kw_only=True, eq=False)
class LineCalibration:
    """One X-ray line on the standards of one microscope.

    Attributes
    ----------
    line : str
        ``"Co_Ka"``.
    thickness_nm, counts : numpy.ndarray
        One entry per pixel of all standards that hold the element, (n,).
    slope_per_nm, slope_standard_error : float
        The fitted line through the origin, counts nm⁻¹.
    """

    line: str
    thickness_nm: np.ndarray
    counts: np.ndarray
    slope_per_nm: float
    slope_standard_error: float


@dataclass(frozen=True, kw_only=True)
class CrossSection:
    """A fitted cross-section beside its truth, barn."""

    microscope: str
    line: str
    true_barn: float
    fit_barn: float
    standard_error_barn: float


@styled
def figure_counts(lines: Sequence[LineCalibration], *, microscope: str) -> Figure:
    """Draw counts against thickness for each line, as the published figure 2 does.

    Parameters
    ----------
    lines : sequence of LineCalibration
        Four of them, as a rule; two panels a row.
    microscope : str
        Its name.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Grey: pixels per bin (log). Line: the fit with its 95 % interval. Dashed: 95 % of the
        Poisson spread about it. Points: mean of the counts in steps of thickness, with their 95 % intervals.
    """
    rows = (len(lines) + 1) // 2
    figure = new_figure(PAGE_IN, 2.1 * rows)
    axes = list(np.atleast_1d(figure.subplots(rows, 2, squeeze=False)).flat)
    histograms = [show_counts(ax, line) for ax, line in zip(axes, lines, strict=False)]
    most = max((float(np.max(np.asarray(drawn.get_array()))) for drawn in histograms), default=1.0)
    for drawn in histograms:
        drawn.set_norm(LogNorm(1, max(most, 2)))
    for ax in axes[len(lines) :]:
        ax.set_visible(False)
    for ax in axes[max(0, len(lines) - 2) : len(lines)]:
        ax.set_xlabel("Thickness (nm)")
    for ax in axes[: len(lines) : 2]:
        ax.set_ylabel("Counts per pixel")
    axes[0].legend(loc="upper left")
    if histograms:
        colour_bar(figure, histograms[0], axes, "Pixels per bin", aspect=30, shrink=0.6)
    figure.suptitle(microscope, fontsize=8)
    panel_letters(axes[: len(lines)])
    return figure


def show_counts(ax: Axes, line: LineCalibration):
    """Draw one line's counts and their fit."""
    thickness, counts = np.asarray(line.thickness_nm, float), np.asarray(line.counts, float)
    far, top = float(thickness.max()), float(max(np.quantile(counts, 0.9995), 4))
    grid = np.linspace(0, far, 200)
    expected = line.slope_per_nm * grid
    top = max(top, expected[-1] + 2.5 * np.sqrt(expected[-1]))
    # Bins of whole counts: others would draw stripes.
    step = max(1, round(top / 70))
    edges = np.arange(-0.5, top + step, step)
    bins = [thickness_edges(thickness), edges]
    *_, drawn = ax.hist2d(thickness, counts, bins=bins, cmap="Greys", norm=LogNorm(), rasterized=True)
    spread = _Z95 * np.sqrt(np.maximum(expected, 0))
    dashed: Any = {"color": VERMILLION, "linestyle": "--", "linewidth": 0.7}
    ax.plot(grid, expected + spread, label="95 % Poisson spread", **dashed)
    ax.plot(grid, np.maximum(expected - spread, 0), **dashed)
    error = _Z95 * line.slope_standard_error * grid
    ax.fill_between(grid, expected - error, expected + error, color=VERMILLION, alpha=0.35, linewidth=0)
    ax.plot(grid, expected, color=VERMILLION, label="fit, 95 % interval")
    points: Any = {"color": BLUE, "fmt": "o", "markersize": 2.2, "elinewidth": 0.7}
    ax.errorbar(*binned_means(thickness, counts), label="mean, 95 % interval", **points)
    slope = plus_minus(line.slope_per_nm, line.slope_standard_error)
    ax.set_title(f"{line_label(line.line)}: {slope} counts nm$^{{-1}}$")
    ax.set_xlim(0, far)
    ax.set_ylim(0, top)
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    return drawn


def thickness_edges(thickness: np.ndarray) -> np.ndarray:
    """Edges of about 90 bins; around each whole number of voxels where the thickness counts voxels."""
    values = np.unique(np.round(thickness, 6))
    far = float(values[-1])
    if 1 < len(values) <= 120:
        step = float(np.diff(values).min())
        return np.arange(values[0] - step / 2, far + step, step)
    return np.linspace(0, far, 90)


def binned_means(thickness: np.ndarray, counts: np.ndarray, bins: int = 10):
    """Centres, means and 95 % half-intervals of the counts in equal steps of thickness."""
    edges = np.linspace(0, thickness.max(), bins + 1)
    index = np.clip(np.digitize(thickness, edges) - 1, 0, bins - 1)
    number = np.bincount(index, minlength=bins)
    keep = number >= 5
    number = number[keep]
    centre = np.bincount(index, thickness, minlength=bins)[keep] / number
    mean = np.bincount(index, counts, minlength=bins)[keep] / number
    square = np.bincount(index, counts**2, minlength=bins)[keep] / number
    error = np.sqrt(np.maximum(square - mean**2, 0) / (number - 1))
    return centre, mean, _Z95 * error


@styled
def figure_cross_sections(sections: Sequence[CrossSection], *, wanted_percent: float = 3.0) -> Figure:
    """Draw every fitted cross-section beside its truth.

    Parameters
    ----------
    sections : sequence of CrossSection
        Of one or more microscopes.
    wanted_percent : float
        Half-width of the band within which the fits should lie, per cent.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide: barn on the left, deviation from the truth in per cent on the right.
    """
    figure = new_figure(PAGE_IN, 2.3)
    left, right = figure.subplots(1, 2)
    lines = list(dict.fromkeys(section.line for section in sections))
    microscopes = list(dict.fromkeys(section.microscope for section in sections))
    right.axhspan(-wanted_percent, wanted_percent, color=LIGHT, alpha=0.6, linewidth=0)
    right.axhline(0, color=GREY, linewidth=0.7)
    styles = [(BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (VERMILLION, "D")]
    for order, microscope in enumerate(microscopes):
        colour, marker = styles[order % len(styles)]
        shift = 0.22 * (order - (len(microscopes) - 1) / 2)
        mine = [section for section in sections if section.microscope == microscope]
        x = np.array([lines.index(section.line) for section in mine]) + shift
        true = np.array([section.true_barn for section in mine])
        fit = np.array([section.fit_barn for section in mine])
        error = _Z95 * np.array([section.standard_error_barn for section in mine])
        label = "true" if order == 0 else None
        left.hlines(true, x - 0.1, x + 0.1, color="black", linewidth=1.2, label=label)
        how: Any = {"color": colour, "fmt": marker, "markersize": 3.2, "elinewidth": 0.9, "capsize": 1.5}
        left.errorbar(x, fit, error, label=microscope.capitalize(), **how)
        right.errorbar(x, 100 * (fit / true - 1), 100 * error / true, label=microscope.capitalize(), **how)
    for ax in (left, right):
        ax.set_xticks(range(len(lines)), [line_label(line) for line in lines])
        ax.set_xlim(-0.5, len(lines) - 0.5)
    left.set_ylabel("Cross-section (barn)")
    left.set_ylim(bottom=0)
    left.legend(title="with 95 % intervals", title_fontsize=6.5)
    right.set_ylabel("Fit minus truth (%)")
    reach = 1.15 * max(wanted_percent, float(np.abs(right.get_ylim()).max()))
    right.set_ylim(-reach, reach)
    right.annotate(
        f"wanted: within ±{wanted_percent:g} %",
        xy=(0.99, wanted_percent),
        xytext=(0, -2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        va="top",
        color=GREY,
    )
    panel_letters([left, right])
    return figure
