"""The evidence of a search as a figure: what was tried, at which cost, and how it fared."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..figures_style import (
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PAGE_IN,
    VERMILLION,
    new_figure,
    panel_letters,
    styled,
)
from .candidates import Candidate, State
from .search_space import Dimension

if TYPE_CHECKING:
    from .optimise import SearchResult

# State → colour, marker and words; in the order of the legend.
_LOOKS: dict[State, tuple[str, str, str]] = {
    State.CONFIRMED: (GREEN, "*", "confirmed"),
    State.PROMISING: (BLUE, "o", "seems to meet it"),
    State.UNDECIDED: (ORANGE, "D", "too close to call"),
    State.REFUTED: (VERMILLION, "X", "refuted"),
    State.MISSES: (VERMILLION, "v", "misses"),
    State.HOPELESS: (GREY, "x", "far off"),
}
_FAR = 3.0


@styled
def figure_search(result: "SearchResult") -> Figure:
    """Draw the evidence of a search.

    Parameters
    ----------
    result : SearchResult

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Left: the score that is farthest from its bound, relative to it, against cost. Right: the
        candidates in the plane of the first two varied ranges, or against the first one alone.
    """
    figure = new_figure(PAGE_IN, 2.6)
    left, right = figure.subplots(1, 2)
    slacks = [_worst(one) for one in result.candidates]
    costs = [one.cost for one in result.candidates]
    left.axhspan(-1, 0, color=LIGHT, alpha=0.5, linewidth=0)
    left.axhline(0, color=GREY, linewidth=0.7)
    _points(left, result, costs, slacks)
    left.set_xlabel(result.cost.label)
    left.set_ylabel("Worst score relative to its bound, less 1")
    left.set_yscale("symlog", linthresh=0.3)
    left.set_ylim(-1, _FAR * 1.3)
    left.set_yticks(
        [-1, -0.3, -0.1, 0, 0.1, 0.3, 1, 3], ["−1", "−0.3", "−0.1", "0", "0.1", "0.3", "1", "≥ 3"]
    )
    left.minorticks_off()
    if min(costs) > 0 and max(costs) > 8 * min(costs):
        left.set_xscale("log")
    ranges = [one for one in result.dimensions if not one.choices]
    ranges += [one for one in result.dimensions if one.choices]
    _axis(right, ranges[0], "x")
    across = [_place(ranges[0], one) for one in result.candidates]
    if len(ranges) > 1:
        _axis(right, ranges[1], "y")
        _points(right, result, across, [_place(ranges[1], one) for one in result.candidates])
    else:
        right.set_ylabel(result.cost.label)
        _points(right, result, across, costs)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    panel_letters([left, right])
    return figure


def _points(ax: Axes, result: "SearchResult", x: list[float], y: list[float]) -> None:
    for state, (colour, marker, label) in _LOOKS.items():
        mine = [k for k, one in enumerate(result.candidates) if one.state is state]
        if mine:
            how: Any = {"s": 70 if marker == "*" else 16, "marker": marker, "linewidths": 0.8}
            how["zorder"] = 4 if marker == "*" else 3
            ax.scatter(np.array(x)[mine], np.array(y)[mine], color=colour, label=label, **how)


def _worst(candidate: Candidate) -> float:
    slacks = [one.slack for one in candidate.estimates.values()]
    return min(max(slacks), _FAR) if slacks else math.nan


def _place(dimension: Dimension, candidate: Candidate) -> float:
    value = candidate.setting[dimension.name]
    return float(dimension.choices.index(value)) if dimension.choices else float(value)


def _axis(ax: Axes, dimension: Dimension, which: str) -> None:
    getattr(ax, f"set_{which}label")(dimension.label)
    if dimension.choices:
        ticks = range(len(dimension.choices))
        getattr(ax, f"set_{which}ticks")(ticks, [str(one) for one in dimension.choices])
        getattr(ax, f"set_{which}lim")(-0.5, len(dimension.choices) - 0.5)
    elif dimension.log:
        getattr(ax, f"set_{which}scale")("log")
