"""Figures of the league: how good each entry is, against its time and problem by problem."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from ..figures_style import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    ORANGE,
    PAGE_IN,
    VERMILLION,
    colour_bar,
    new_figure,
    styled,
)
from .league_problem import LeagueProblem
from .league_table import LeagueTable, Standing

FAMILIES = {
    "own": ("glasstomo", BLUE, "o"),
    "peer": ("other packages", ORANGE, "s"),
    "null": ("null entries", GREY, "X"),
    "outside": ("solver from outside", VERMILLION, "D"),
}
"""What the legend calls a family, its colour and marker."""

_LABEL_IN = 0.115
_ROW_IN = 0.19
_SHOWN = "{:.2g}"


@styled
def figure_times(table: LeagueTable) -> Figure:
    """Draw the error of every entry against its time.

    Parameters
    ----------
    table : LeagueTable

    Returns
    -------
    matplotlib.figure.Figure
        Both axes logarithmic; a line joins the entries that none is both better and faster than. Bars are
        1.96 standard errors to either side.

    Raises
    ------
    ValueError
        When no entry has a time.
    """
    drawn = [one for one in table.standings if one.core_seconds is not None]
    if not drawn:
        raise ValueError("`table` must hold at least one entry with a time")
    figure = new_figure(PAGE_IN, max(3.4, 0.9 + _LABEL_IN * len(drawn)))
    ax = figure.subplots()
    ax.set(xscale="log", yscale="log")
    # Before anything is drawn: entries of one time have no range that axes could find.
    _room_for_words(ax, drawn)
    for family, (label, colour, marker) in FAMILIES.items():
        group = [one for one in drawn if one.family == family]
        if not group:
            continue
        errors = np.array([one.relative for one in group])
        factors = np.array([one.factor for one in group]) ** 1.96
        bars = [errors - errors / factors, errors * factors - errors]
        ax.errorbar(
            [_time(one) for one in group], errors, yerr=bars,
            fmt=marker, color=colour, markersize=4, elinewidth=0.6, label=label, zorder=3,
        )  # fmt: skip
    front = sorted((one for one in drawn if one.front), key=_time)
    times = [_time(one) for one in front]
    ax.step(times, [one.relative for one in front], where="post", color=LIGHT, linewidth=1.4, zorder=1)
    ax.axhline(1.0, color=GREY, linewidth=0.6, linestyle=":", zorder=0)
    ax.set(xlabel="Core seconds per solve (median)", ylabel="Error relative to the null entry")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    _words(figure, ax, drawn)
    ax.legend(loc="lower left")
    return figure


@styled
def figure_problems(table: LeagueTable, problems: Sequence[LeagueProblem]) -> Figure:
    """Draw the score of every entry on every problem as a matrix.

    Parameters
    ----------
    table : LeagueTable
    problems : sequence of LeagueProblem
        Columns.

    Returns
    -------
    matplotlib.figure.Figure
        Rows: entries, best first. Colour: error relative to the null entry; number: the primary score, bold
        where the problem counts as solved; a dash where there is no answer.
    """
    names = [one.entry for one in table.standings]
    problems = [one for one in problems if table.on(one.name)]
    places = {(one.entry, one.problem): one for one in table.places}
    relative = np.array([[places[name, one.name].relative for one in problems] for name in names])
    figure = new_figure(PAGE_IN, 1.5 + _ROW_IN * len(names))
    ax = figure.subplots()
    low = 10.0 ** math.floor(math.log10(max(float(relative.min()), 1e-3)))
    drawn = ax.imshow(relative, cmap="cividis", norm=LogNorm(min(low, 0.1), 1.0), aspect="auto")
    for row, name in enumerate(names):
        for column, problem in enumerate(problems):
            place = places[name, problem.name]
            # Dark cells take light numbers.
            dark = math.log(relative[row, column]) / math.log(min(low, 0.1)) > 0.55
            ax.text(
                column, row, "–" if place.score is None else score_text(place.score, problem),
                ha="center", va="center", fontsize=6, color="white" if dark else BLACK,
                fontweight="bold" if place.solved else "normal",
            )  # fmt: skip
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks(
        range(len(problems)), [one.name for one in problems], fontsize=6, rotation=35, ha="left",
        rotation_mode="anchor",
    )  # fmt: skip
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    colour_bar(figure, drawn, ax, "Error relative to the null entry")
    return figure


def score_text(score: float, problem: LeagueProblem) -> str:
    """Write a primary score; cross-sections in per cent."""
    return f"{100 * score:.2g} %" if problem.kind == "standard" else _SHOWN.format(score)


def _time(one: Standing) -> float:
    # Faster than a tick of the system's clock is not told apart.
    return max(one.core_seconds or 0.0, 0.01)


def _room_for_words(ax: Axes, drawn: Sequence[Standing]) -> None:
    times = [_time(one) for one in drawn]
    ax.set_xlim(min(times) / 4, max(times) * 6)
    ax.set_ylim(min(one.relative for one in drawn) / 1.6, 1.6)


def _words(figure: Figure, ax: Axes, drawn: Sequence[Standing]) -> None:
    """Name the marks beside them, each word where it covers no other word and no mark."""
    figure.draw_without_rendering()
    height, half = _LABEL_IN * figure.dpi, 7.0
    marks = [ax.transData.transform((_time(one), one.relative)) for one in drawn]
    taken = [(x - half, x + half, y - half, y + half) for x, y in marks]
    order = sorted(range(len(drawn)), key=lambda index: (drawn[index].relative, _time(drawn[index])))
    for index in order:
        one, (x, y) = drawn[index], marks[index]
        width = 0.06 * figure.dpi * len(one.entry)
        boxes = [
            (left, left + width, y + shift - height / 2, y + shift + height / 2)
            for shift in sorted((step * height / 4 for step in range(-24, 25)), key=abs)
            for left in (x + 2 * half, x - 2 * half - width)
        ]
        box = next((one for one in boxes if not any(_meet(one, other) for other in taken)), boxes[0])
        taken.append(box)
        middle, right = (box[2] + box[3]) / 2, box[0] > x
        line = {"arrowstyle": "-", "color": LIGHT, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2}
        # In points from the mark: pixels would be others in a file of another resolution.
        away = np.array([(box[0] if right else box[1]) - x, middle - y]) * 72.0 / figure.dpi
        ax.annotate(
            one.entry, (_time(one), one.relative), tuple(away), xycoords="data",
            textcoords="offset points", fontsize=6, ha="left" if right else "right", va="center",
            annotation_clip=False, arrowprops=line if abs(middle - y) > 0.6 * height else None,
        )  # fmt: skip


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two boxes (left, right, bottom, top) overlap."""
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
