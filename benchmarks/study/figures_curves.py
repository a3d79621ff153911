"""Scores along one factor, and how often a design succeeds along it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ..figures_style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PAGE_IN,
    SKY,
    VERMILLION,
    new_figure,
    panel_letters,
    styled,
)
from .aggregate import EVERYTHING
from .factor_column import FactorColumn, level_number
from .panels import Panel, curve_panels, panels
from .score_rules import SCORE_RULES, Frame, ScoreRule
from .study_table import StudyTable

COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, SKY, BLACK, GREY, "#CC79A7")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
_SHARE = ScoreRule(column="", label="", rule="share")


@styled
def figure_curves(table: StudyTable, summary: Frame, scores: Sequence[str], *, x: FactorColumn) -> Figure:
    """Draw scores along one factor, a line for each setting of the others.

    Parameters
    ----------
    table : StudyTable
        Whose settings they are.
    summary : pandas.DataFrame
        What `aggregate` found.
    scores : sequence of str
        One panel for each.
    x : FactorColumn
        Along the axis.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Points: means with the intervals of the summary. Faint: single replicates. Band or dashed
        line: what is wanted.
    """
    factors_across, factors_lines = curve_panels(table, x)
    shown, lines = panels(factors_across), panels(factors_lines)
    across = len(shown) if len(shown) > 1 else min(len(scores), 2)
    rows = -(-len(scores) * len(shown) // across)
    figure = new_figure(PAGE_IN if across > 1 else 0.66 * PAGE_IN, 2.1 * rows + legend_height(lines))
    axes = list(np.atleast_1d(figure.subplots(rows, across, squeeze=False)).flat)
    for ax in axes[len(scores) * len(shown) :]:
        ax.set_visible(False)
    for order, score in enumerate(scores):
        part = summary[summary["score"] == score]
        for ax, panel in zip(axes[order * len(shown) :], shown, strict=False):
            show_curves(ax, table, part, panel, lines, score, x)
        level_scale(axes[order * len(shown) : (order + 1) * len(shown)])
    if len(scores) * len(shown) > 1:
        panel_letters(axes[: len(scores) * len(shown)])
    line_legend(figure, axes[0], lines)
    return figure


def show_curves(
    ax: Axes,
    table: StudyTable,
    part: Frame,
    panel: Panel,
    lines: Sequence[Panel],
    score: str,
    x: FactorColumn,
) -> None:
    """Draw one panel: a score in one circumstance."""
    rule = SCORE_RULES[score]
    show_wanted(ax, rule, table.wanted.get(score))
    for order, line in enumerate(lines):
        both = Panel(levels={**panel.levels, **line.levels}, title=line.title)
        shift = 0.0 if len(lines) == 1 else order / (len(lines) - 1) - 0.5
        show_line(ax, table, part[both.inside(part)], both, x, rule, order=order, shift=0.5 * shift)
    value_axis(ax, rule, part)
    level_axis(ax, x)
    ax.set_title(panel.title)


def level_scale(axes: Sequence[Axes]) -> None:
    """Give the panels of one score one upward axis, named once."""
    low = min(ax.get_ylim()[0] for ax in axes)
    high = max(ax.get_ylim()[1] for ax in axes)
    for order, ax in enumerate(axes):
        ax.set_ylim(low, high)
        if ax.get_yscale() == "log":
            plain_decades(ax)
        if order:
            ax.set_ylabel("")


def legend_height(lines: Sequence[Panel]) -> float:
    """Return the inches that a legend below the panels takes."""
    return 0.16 * (-(-len(lines) // 3)) + 0.1 if len(lines) > 1 else 0.0


def line_legend(figure: Figure, ax: Axes, lines: Sequence[Panel]) -> None:
    """Name the lines below the panels, where there are several."""
    if len(lines) > 1:
        handles, words = ax.get_legend_handles_labels()
        figure.legend(handles, words, loc="outside lower center", ncols=min(len(lines), 3))


@styled
def figure_success(table: StudyTable, summary: Frame, *, x: FactorColumn) -> Figure:
    """Draw the share of replicates that give all that is wanted along one factor.

    Parameters
    ----------
    table, summary, x
        As for `figure_curves`.

    Returns
    -------
    matplotlib.figure.Figure
        At most 7 in wide, with binomial intervals.
    """
    factors_across, factors_lines = curve_panels(table, x)
    shown, lines = panels(factors_across), panels(factors_lines)
    part = summary[summary["score"] == EVERYTHING]
    width = PAGE_IN if len(shown) > 1 else 0.66 * PAGE_IN
    figure = new_figure(width, 2.2 + legend_height(lines))
    axes = list(np.atleast_1d(figure.subplots(1, len(shown), squeeze=False, sharey=True)).flat)
    for ax, panel in zip(axes, shown, strict=True):
        for order, line in enumerate(lines):
            both = Panel(levels={**panel.levels, **line.levels}, title=line.title)
            shift = 0.0 if len(lines) == 1 else order / (len(lines) - 1) - 0.5
            show_line(ax, table, part[both.inside(part)], both, x, _SHARE, order=order, shift=0.5 * shift)
        level_axis(ax, x)
        ax.set_title(panel.title)
        ax.set_ylim(-0.04, 1.04)
    axes[0].set_ylabel("Share with all that is wanted")
    if len(axes) > 1:
        panel_letters(axes)
    line_legend(figure, axes[0], lines)
    return figure


def show_line(
    ax: Axes,
    table: StudyTable,
    part: Frame,
    line: Panel,
    x: FactorColumn,
    rule: ScoreRule,
    *,
    order: int,
    shift: float,
) -> None:
    """Draw one setting of the other factors along an axis."""
    colour, marker = COLOURS[order % len(COLOURS)], MARKERS[order % len(MARKERS)]
    if not x.numeric:
        shift *= 0.8
    places = {level: place(x, rank, shift) for rank, level in enumerate(x.levels)}
    centre = np.array([places[level] for level in part[x.name]])
    share = rule.rule == "share" and "share" in part
    names = ("share", "share_low", "share_high") if share else ("mean", "low", "high")
    mean, low, high = (part[name].to_numpy(float) for name in names)
    order_x = np.argsort(centre)
    centre, mean, low, high = centre[order_x], mean[order_x], low[order_x], high[order_x]
    if rule.ratio:
        # An interval that reaches zero has no place on a logarithmic axis: it ends at a tenth of the mean.
        low = np.where(np.isfinite(low), np.maximum(low, 0.1 * mean), low)
    if not share and rule.column in table.rows:
        rows = table.rows[line.inside(table.rows)]
        ax.plot(
            [places[level] for level in rows[x.name]],
            rows[rule.column],
            linestyle="",
            marker=marker,
            markersize=2.0,
            color=colour,
            alpha=0.3,
            markeredgewidth=0,
        )
    errors = np.nan_to_num([mean - low, high - mean], nan=0.0)
    how: Any = {"color": colour, "marker": marker, "markersize": 3.5, "elinewidth": 0.8, "capsize": 1.5}
    joined = "-" if x.numeric else ""
    ax.errorbar(centre, mean, np.maximum(errors, 0.0), linestyle=joined, label=line.title, **how)


def place(x: FactorColumn, rank: int, shift: float) -> float:
    """Return where a level stands; lines stand a little apart so that their bars do not hide each other."""
    if not x.numeric:
        return rank + shift
    level = float(x.levels[rank])
    if x.log:
        step = float(np.diff(np.log(x.levels)).min()) if len(x.levels) > 1 else 1.0
        return float(level * np.exp(0.25 * shift * step))
    step = float(np.diff(x.levels).min()) if len(x.levels) > 1 else 1.0
    return level + 0.25 * shift * step


def show_wanted(ax: Axes, rule: ScoreRule, bound: float | None) -> None:
    """Mark the wanted values."""
    if bound is None:
        return
    how: Any = {"color": VERMILLION, "linewidth": 0.9, "linestyle": "--", "zorder": 0}
    if rule.rule == "within":
        ax.axhspan(-bound, bound, color=LIGHT, alpha=0.6, linewidth=0, zorder=0)
        for edge in (-bound, bound):
            ax.axhline(edge, **how)
        return
    ax.axhline(bound, **how)


def value_axis(ax: Axes, rule: ScoreRule, part: Frame) -> None:
    """Give the upward axis the score's scale and name."""
    ax.set_ylabel(rule.text)
    means = part["mean"].to_numpy(float)
    known = means[np.isfinite(means)]
    if rule.ratio and known.size and known.min() > 0:
        ax.set_yscale("log")
        plain_decades(ax)
    elif rule.rule == "within":
        ax.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    elif rule.rule == "share":
        ax.set_ylim(-0.04, 1.04)


def plain_decades(ax: Axes, axis: str = "y") -> None:
    """Write the numbers of a logarithmic axis plainly, and 2 and 5 too where it spans few decades."""
    the_axis = ax.yaxis if axis == "y" else ax.xaxis
    low, high = the_axis.get_view_interval()
    decades = np.log10(high / low) if low > 0 else 9.0
    subs = (1.0, 2.0, 5.0) if decades < 2.2 else (1.0,)
    # Within half a decade round numbers of an even scale are closer together than 1, 2 and 5.
    the_axis.set_major_locator(MaxNLocator(4) if decades < 0.6 else LogLocator(subs=subs))
    if decades < 4:
        the_axis.set_major_formatter(FuncFormatter(lambda value, _: level_number(value)))
    the_axis.set_minor_formatter(NullFormatter())


def level_axis(ax: Axes, x: FactorColumn) -> None:
    """Give the axis along the factor its levels and name."""
    ax.set_xlabel(x.label)
    if not x.numeric:
        words = [str(level).replace("_", " ") for level in x.levels]
        ax.set_xticks(range(len(words)), words)
        ax.set_xlim(-0.6, len(words) - 0.4)
        if max(len(word) for word in words) * len(words) > 40:
            ax.tick_params(axis="x", rotation=30)
        return
    if x.log:
        ax.set_xscale("log")
    if len(x.levels) <= 8:
        ax.set_xticks(list(x.levels), [x.level_text(level) for level in x.levels])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.minorticks_off()
