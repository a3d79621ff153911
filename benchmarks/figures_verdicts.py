"""Verdicts with their intervals: what was found, how sure, and the truth, one line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .figures_style import BLUE, GREY, PAGE_IN, VERMILLION, new_figure, panel_letters, styled


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number that a run claims.

    Attributes
    ----------
    name : str
        What it is.
    value, low, high : float
        Estimate and the ends of its 95 % interval; NaN where they are not known.
    true : float
        The truth; NaN where there is none.
    """

    name: str
    value: float
    low: float
    high: float
    true: float = float("nan")

    @property
    def holds_truth(self) -> bool:
        """Whether the interval holds the truth; so does one that is not known."""
        return not (self.true < self.low or self.true > self.high)


@styled
def figure_verdicts(panels: Sequence[tuple[str, Sequence[Estimate]]]) -> Figure:
    """Draw estimates with their intervals and the truth, those of one quantity in one panel.

    Parameters
    ----------
    panels : sequence of (str, sequence of Estimate)
        Quantity with its unit, and its estimates. Panels without any are left out.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Blue: the interval holds the truth (black cross); red: it does not.
    """
    shown = [(label, list(estimates)) for label, estimates in panels if estimates]
    tallest, *others = sorted(shown, key=lambda panel: -len(panel[1])) or [("", [])]
    # A panel of many estimates on the left, those of few above one another on the right.
    rows = max(len(tallest[1]), sum(len(estimates) + 2 for _, estimates in others), 1)
    figure = new_figure(PAGE_IN, 0.6 + 0.24 * rows)
    grid = figure.add_gridspec(
        max(len(others), 1), 2 if others else 1,
        height_ratios=[len(estimates) + 2 for _, estimates in others] or None,
    )  # fmt: skip
    axes = [figure.add_subplot(grid[:, 0])]
    axes += [figure.add_subplot(grid[row, 1]) for row in range(len(others))]
    for ax, (label, estimates) in zip(axes, (tallest, *others), strict=True):
        show_estimates(ax, estimates, len(estimates))
        ax.set_xlabel(label)
    panel_letters(axes)
    return figure


def show_estimates(ax: Axes, estimates: Sequence[Estimate], rows: int) -> None:
    """Draw the estimates of one quantity, first on top."""
    for row, one in enumerate(estimates):
        colour = BLUE if one.holds_truth else VERMILLION
        if np.isfinite([one.low, one.high]).all():
            ax.plot(
                [one.low, one.high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt", alpha=0.6
            )
        dot: Any = {"color": colour, "markersize": 3.4, "zorder": 3}
        ax.plot(one.value, row, "o", **dot)
        ax.plot(one.true, row, "x", color="black", markersize=4.5, markeredgewidth=1.0, zorder=4)
    ax.set_yticks(range(len(estimates)), [one.name for one in estimates])
    ax.set_ylim(max(rows, 1) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color=GREY, alpha=0.2, linewidth=0.5)
