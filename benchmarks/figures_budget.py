"""The error budget of cross-sections: which part of each standard error comes from what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .figures_style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PAGE_IN,
    SKY,
    VERMILLION,
    new_figure,
    panel_letters,
    styled,
)
from .labels import line_label

_COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, SKY, GREY)


@dataclass(frozen=True, kw_only=True)
class ErrorParts:
    """One cross-section: its standard error and the parts whose squares make it, per cent.

    Attributes
    ----------
    microscope, line : str
        As ``"osiris"`` and ``"Co_Ka"``.
    parts_percent : mapping of str to float
        Name of a part to its share of the standard error, per cent of the cross-section.
    total_percent : float
        The standard error.
    miss_percent : float
        Fit minus truth; NaN where the truth is not known.
    """

    microscope: str
    line: str
    parts_percent: Mapping[str, float]
    total_percent: float
    miss_percent: float = float("nan")


@styled
def figure_error_budget(sections: Sequence[ErrorParts]) -> Figure:
    """Draw the parts of every standard error beside the whole and the true miss.

    Parameters
    ----------
    sections : sequence of ErrorParts
        Of one or more microscopes; a panel for each.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Bars: parts, whose squares add up to that of the black mark, the standard error. Cross:
        how far the fit is from the truth, without sign.
    """
    microscopes = list(dict.fromkeys(section.microscope for section in sections))
    figure = new_figure(PAGE_IN, 2.3)
    axes = figure.subplots(1, max(len(microscopes), 1), sharey=True, squeeze=False)[0]
    # A part has one colour and one legend, in whichever panels it occurs.
    seen = [name for section in sections for name, part in section.parts_percent.items() if part > 0]
    names = [name for section in sections[:1] for name in section.parts_percent if name in seen]
    names += [name for name in dict.fromkeys(seen) if name not in names]
    for ax, microscope in zip(axes, microscopes, strict=False):
        show_budget(ax, [section for section in sections if section.microscope == microscope], names)
        ax.set_title(microscope.capitalize())
    axes[0].set_ylabel("Standard error (% of the cross-section)")
    axes[0].set_ylim(bottom=0)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    panel_letters(list(axes))
    return figure


def show_budget(ax: Axes, sections: Sequence[ErrorParts], names: Sequence[str]) -> None:
    """Draw the lines of one microscope, with a bar for every named part."""
    x = np.arange(len(sections))
    width = 0.8 / max(len(names), 1)
    for order, name in enumerate(names):
        heights = [section.parts_percent.get(name, np.nan) for section in sections]
        left = x - 0.4 + order * width
        colour = _COLOURS[order % len(_COLOURS)]
        ax.bar(left, heights, 0.92 * width, align="edge", color=colour, label=name)
    total = [section.total_percent for section in sections]
    ax.hlines(total, x - 0.42, x + 0.42, color=BLACK, linewidth=1.4, label="all together")
    cross: Any = {"color": BLACK, "marker": "x", "s": 14, "linewidth": 0.9, "zorder": 3}
    ax.scatter(x, np.abs([section.miss_percent for section in sections]), label="true miss", **cross)
    ax.set_xticks(x, [line_label(section.line) for section in sections])
    ax.tick_params(axis="x", length=0)
