"""Linearity of a calibration: whether thick places give the counts that thin ones promise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .figures_style import BLUE, GREY, PAGE_IN, VERMILLION, new_figure, panel_letters, styled
from .labels import line_label

_Z95 = 1.96
_THICK_NM = 250.0


@dataclass(frozen=True, kw_only=True, eq=False)
class LineResiduals:
    """Counts of one line and what the fit expects there.

    Attributes
    ----------
    line : str
        ``"Co_Ka"``.
    thickness_nm, counts, fitted_counts : numpy.ndarray
        One entry per pixel of all standards that hold the element, (n,).
    beyond_250_nm : tuple of float
        Mean relative residual beyond 250 nm and its standard error, as `CrossSectionFit` gives them.
    """

    line: str
    thickness_nm: np.ndarray
    counts: np.ndarray
    fitted_counts: np.ndarray
    beyond_250_nm: tuple[float, float]


@styled
def figure_linearity(lines: Sequence[LineResiduals], *, microscope: str, bins: int = 12) -> Figure:
    """Draw the relative residual of every line against thickness.

    Parameters
    ----------
    lines : sequence of LineResiduals
        A panel for each, four a row.
    microscope : str
        Its name.
    bins : int
        Equal steps of thickness.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Points: mean counts over expected ones less one, bars 95 % by counting alone. Band: the
        mean beyond 250 nm with its 95 % interval, thickness errors included.
    """
    columns = min(max(len(lines), 1), 4)
    rows = -(-len(lines) // columns)
    figure = new_figure(PAGE_IN, 0.35 + 1.55 * max(rows, 1))
    axes = list(figure.subplots(max(rows, 1), columns, sharex=True, sharey=True, squeeze=False).flat)
    reach = 1.0
    for ax, line in zip(axes, lines, strict=False):
        reach = max(reach, show_residuals(ax, line, bins))
    for ax in axes[len(lines) :]:
        ax.set_visible(False)
    axes[0].set_ylim(-1.1 * reach, 1.1 * reach)
    axes[0].set_xlim(left=0)
    for ax in axes[::columns]:
        ax.set_ylabel("Counts over fit (%)")
    for ax in axes[max(len(lines) - columns, 0) : len(lines)]:
        ax.set_xlabel("Thickness (nm)")
    figure.suptitle(microscope, fontsize=8)
    panel_letters(axes[: len(lines)])
    return figure


def show_residuals(ax: Axes, line: LineResiduals, bins: int) -> float:
    """Draw one line; the largest ordinate that should be seen, per cent, is returned."""
    centre, residual, error = binned_residuals(line.thickness_nm, line.counts, line.fitted_counts, bins)
    ax.axhline(0, color=GREY, linewidth=0.7)
    ax.axvline(_THICK_NM, color=GREY, linewidth=0.6, linestyle=":")
    seen = float(np.max(np.abs(residual) + error, initial=0.0))
    mean, standard_error = (100 * value for value in line.beyond_250_nm)
    if np.isfinite([mean, standard_error]).all():
        far = [_THICK_NM, float(np.max(line.thickness_nm))]
        reach = _Z95 * standard_error
        ax.fill_between(far, mean - reach, mean + reach, color=VERMILLION, alpha=0.3, linewidth=0)
        ax.plot(far, [mean, mean], color=VERMILLION)
        seen = max(seen, abs(mean) + reach)
    ax.errorbar(centre, residual, error, fmt="o", color=BLUE, markersize=2.2, elinewidth=0.7)
    ax.set_title(line_label(line.line))
    return seen


def binned_residuals(
    thickness_nm: np.ndarray, counts: np.ndarray, fitted: np.ndarray, bins: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean thickness, relative residual and its 95 % counting error, per cent, in steps of thickness.

    Steps of fewer than five pixels, or of fewer than ten expected counts, are left out.

    Examples
    --------
    >>> thickness = np.linspace(1, 100, 200)
    >>> centre, residual, error = binned_residuals(thickness, 1.02 * thickness, thickness, 4)
    >>> residual.round(6).tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    thickness, counts, fitted = (np.asarray(one, float) for one in (thickness_nm, counts, fitted))
    if not thickness.size:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    edges = np.linspace(0, thickness.max(), bins + 1)
    index = np.clip(np.digitize(thickness, edges) - 1, 0, bins - 1)
    number, expected = (np.bincount(index, weights=one, minlength=bins) for one in (None, fitted))
    keep = (number >= 5) & (expected >= 10)
    measured = np.bincount(index, weights=counts, minlength=bins)[keep]
    centre = np.bincount(index, weights=thickness, minlength=bins)[keep] / number[keep]
    expected = expected[keep]
    return centre, 100 * (measured / expected - 1), 100 * _Z95 / np.sqrt(expected)
