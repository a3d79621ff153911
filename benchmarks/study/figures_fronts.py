"""What precision costs: fronts that no setting beats."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..figures_style import (
    GREY,
    PAGE_IN,
    new_figure,
    panel_letters,
    styled,
)
from .factor_column import FactorColumn
from .figures_curves import COLOURS, MARKERS, plain_decades, show_wanted, value_axis
from .panels import MOST_LINES, Panel, panels
from .score_rules import COSTS, SCORE_RULES, Frame
from .study_table import StudyTable


@styled
def figure_pareto(
    table: StudyTable,
    fronts: dict[str, Frame],
    score: str,
) -> Figure:
    """Draw a score against what it costs, with the front that no setting beats.

    Parameters
    ----------
    table : StudyTable
        Whose settings they are.
    fronts : dict of str to pandas.DataFrame
        Cost to what `pareto_front` found for the objectives (score, cost).
    score : str
        Name of the score.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide; a row for each circumstance that one cannot choose, a column for each cost. Step: the
        front. Filled points lie on it.
    """
    rule = SCORE_RULES[score]
    shown = panels(list(table.given))
    figure = new_figure(PAGE_IN if len(fronts) > 1 else 0.66 * PAGE_IN, 2.1 * len(shown) + 0.35)
    axes = np.atleast_2d(figure.subplots(len(shown), len(fronts), squeeze=False, sharey=True))
    coloured = colour_factor(table)
    kinds = [Panel(levels={}, title="settings")] if coloured is None else panels([coloured])
    for row, panel in zip(axes, shown, strict=True):
        for ax, (cost, front) in zip(row, fronts.items(), strict=True):
            show_wanted(ax, rule, table.wanted.get(score))
            # A bias is good when it is small, whatever its sign.
            front = front.assign(**{score: front[score].abs()}) if rule.rule == "within" else front
            show_front(ax, front[panel.inside(front)], score, cost, kinds)
            value_axis(ax, rule, front.assign(mean=front[score]))
            if rule.rule == "within":
                ax.set_ylabel(f"{rule.label}, modulus{f' ({rule.unit})' if rule.unit else ''}")
                ax.set_ylim(bottom=0)
            ax.set_title(panel.title if table.given else "")
            ax.set_xlabel(COSTS[cost])
        for ax in row[1:]:
            ax.set_ylabel("")
    if axes.size > 1:
        panel_letters(list(axes.flat))
    if len(kinds) > 1:
        handles, words = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, words, loc="outside lower center", ncols=min(len(kinds), 4))
    return figure


def colour_factor(table: StudyTable) -> FactorColumn | None:
    """Return the factor that tells the points of a front apart: a word such as the method, of few levels."""
    words = [one for one in table.choices if not one.numeric and len(one.levels) <= MOST_LINES]
    few = [one for one in table.choices if one.numeric and len(one.levels) <= MOST_LINES and not one.log]
    return next(iter(words + few), None)


def show_front(ax: Axes, settings: Frame, score: str, cost: str, kinds: Sequence[Panel]) -> None:
    """Draw the settings of one circumstance and their front."""
    known = settings[settings[score].notna() & settings[cost].notna()]
    on = known[known["front"]].sort_values(cost)
    ax.step(on[cost], on[score], where="post", color=GREY, linewidth=0.9, zorder=1)
    for order, kind in enumerate(kinds):
        mine = known[kind.inside(known)]
        colour, marker = COLOURS[order % len(COLOURS)], MARKERS[order % len(MARKERS)]
        front = mine["front"].to_numpy(bool)
        how: Any = {"linestyle": "", "marker": marker, "color": colour}
        ax.plot(
            mine[cost][~front],
            mine[score][~front],
            markersize=2.6,
            markerfacecolor="none",
            alpha=0.55,
            markeredgewidth=0.6,
            **how,
        )
        ax.plot(mine[cost][front], mine[score][front], markersize=4.2, label=kind.title, zorder=2, **how)
    costs = known[cost].to_numpy(float)
    if costs.size and costs.min() > 0 and costs.max() / costs.min() > 8:
        ax.set_xscale("log")
        plain_decades(ax, "x")
