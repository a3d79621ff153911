"""Maps over two factors: the precision with its iso-curves, and how often a design succeeds."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import CenteredNorm, Colormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..figures_style import (
    BLACK_ON_ANY,
    LIGHT,
    PAGE_IN,
    VERMILLION,
    new_figure,
    panel_letters,
    styled,
)
from .aggregate import EVERYTHING
from .factor_column import FactorColumn, lower
from .figures_curves import plain_decades
from .panels import Panel, grid, panels
from .score_rules import SCORE_RULES, Frame, ScoreRule
from .study_table import StudyTable

_ACROSS = 3
# More cells than this across a panel leave no room for their numbers.
_ROOM = 9


@styled
def figure_precision_map(
    table: StudyTable,
    summary: Frame,
    score: str,
    *,
    x: FactorColumn,
    y: FactorColumn,
) -> Figure:
    """Draw the mean of a score over two factors, one panel for each setting of the others.

    Parameters
    ----------
    table : StudyTable
        Whose settings they are.
    summary : pandas.DataFrame
        What `aggregate` found.
    score : str
        Name of a score.
    x, y : FactorColumn
        Factors across and upwards.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Colour and number: mean of the replicates. Thin curves: equal precision, interpolated
        between the settings (in the logarithm where the scale is one). Thick: the wanted value. Hatched:
        settings that have not run, or that gave no value.
    """
    rule = SCORE_RULES[score]
    part = summary[summary["score"] == score]
    shown = panels([one for one in table.varied if one.name not in (x.name, y.name)])
    grids = [grid(part[panel.inside(part)], x, y, "mean") for panel in shown]
    colours, norm = scale_of(rule, np.array(grids))
    figure, axes = panel_axes(table, len(shown), x, y)
    for ax, panel, values in zip(axes, shown, grids, strict=False):
        iso_curves(ax, values, rule, bound=table.wanted.get(score))
        show_cells(ax, values, x, y, colours=colours, norm=norm, write=short)
        ax.set_title(panel.title)
    bar = finish(figure, axes, shown, x, y, ScalarMappable(norm, colours), rule.text)
    mark_wanted(bar, rule, table.wanted.get(score))
    return figure


@styled
def figure_success_map(
    table: StudyTable,
    summary: Frame,
    score: str,
    *,
    x: FactorColumn,
    y: FactorColumn,
) -> Figure:
    """Draw the share of replicates that give what is wanted, with their number in every cell.

    Parameters
    ----------
    table, summary, x, y
        As for `figure_precision_map`.
    score : str
        A wanted score, or `EVERYTHING`.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Number: how many of how many. Outlined: the lower end of the binomial interval is above
        one half. Curve: a share of one half, and the wanted share where there is one.
    """
    part = summary[summary["score"] == score]
    shown = panels([one for one in table.varied if one.name not in (x.name, y.name)])
    figure, axes = panel_axes(table, len(shown), x, y)
    norm = Normalize(0, 1)
    for ax, panel in zip(axes, shown, strict=False):
        inside = part[panel.inside(part)]
        share, met, judged, low = (
            grid(inside, x, y, name) for name in ("share", "met", "judged", "share_low")
        )
        counts = [
            [f"{right:.0f}/{number:.0f}" for right, number in zip(*pair, strict=True)]
            for pair in zip(met, judged, strict=True)
        ]
        show_cells(ax, share, x, y, colours="cividis", norm=norm, texts=counts)
        outline(ax, low > 0.5)
        ax.set_title(panel.title)
    name = "all that is wanted" if score == EVERYTHING else SCORE_RULES[score].label
    finish(figure, axes, shown, x, y, ScalarMappable(norm, "cividis"), f"Share with {lower(name)}")
    return figure


def short(value: float) -> str:
    """Write a number in two digits and few characters.

    Examples
    --------
    >>> short(0.0312), short(12.3), short(0.00021)
    ('.031', '12', '2e-4')
    """
    if not np.isfinite(value):
        return ""
    if value != 0 and abs(value) < 1e-3:
        mantissa, _, power = f"{value:.0e}".partition("e")
        return f"{mantissa}e{int(power)}".replace("-", "−", 1) if value < 0 else f"{mantissa}e{int(power)}"
    return f"{value:.2g}".replace("0.", ".", 1).replace("-", "−")


def scale_of(rule: ScoreRule, values: np.ndarray) -> tuple[str | Colormap, Normalize]:
    """Return colours and their scale: decades for a precision, both ways from zero for a bias."""
    known = values[np.isfinite(values)]
    if rule.rule == "within":
        reach = float(np.abs(known).max()) if known.size else 1.0
        return "RdBu_r", CenteredNorm(0.0, reach or 1.0)
    if rule.ratio and known.size and known.min() > 0:
        low, high = float(known.min()), float(known.max())
        return "viridis_r", LogNorm(low, high if high > low else 1.01 * low)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return "viridis" if rule.rule in ("share", "at_least") else "viridis_r", Normalize(
        low, high if high > low else low + 1
    )


def panel_axes(table: StudyTable, number: int, x: FactorColumn, y: FactorColumn) -> tuple[Figure, list[Axes]]:
    """Return a figure for that many maps and its axes, a row for each level of the first factor."""
    most = _ACROSS if len(x.levels) <= 6 else 2
    rest = [len(one.levels) for one in table.varied if one.name not in (x.name, y.name)]
    across = rest[-1] if len(rest) > 1 and rest[-1] <= most else min(number, most)
    rows = -(-number // across)
    width = PAGE_IN * (0.62, 0.86, 1.0)[min(across, 3) - 1]
    height = min(max(0.24 * len(y.levels), 1.2), 3.0) + 0.3
    figure = new_figure(width, rows * height + 0.3)
    shared: Any = {"sharex": True, "sharey": True, "squeeze": False}
    axes = list(np.atleast_1d(figure.subplots(rows, across, **shared)).flat)
    for ax in axes[number:]:
        ax.set_visible(False)
    return figure, axes


def show_cells(
    ax: Axes,
    values: np.ndarray,
    x: FactorColumn,
    y: FactorColumn,
    *,
    colours: str | Colormap,
    norm: Normalize,
    write: Any = None,
    texts: Sequence[Sequence[str]] | None = None,
) -> None:
    """Draw one cell for every setting, with its number where there is room."""
    across, up = len(x.levels), len(y.levels)
    ax.set_facecolor("white")
    drawn = ax.pcolormesh(
        np.arange(across + 1) - 0.5,
        np.arange(up + 1) - 0.5,
        np.ma.masked_invalid(values),
        cmap=colours,
        norm=norm,
        edgecolor="white",
        linewidth=0.5,
    )
    for row, column in np.argwhere(~np.isfinite(values)):
        ax.fill(
            column + np.array([-0.5, 0.5, 0.5, -0.5]),
            row + np.array([-0.5, -0.5, 0.5, 0.5]),
            facecolor="white",
            edgecolor=LIGHT,
            hatch="////",
            linewidth=0.0,
        )
    if across <= _ROOM:
        for row, column in np.argwhere(np.isfinite(values)):
            value = values[row, column]
            text: Any = texts[row][column] if texts is not None else write(value)
            ink = ink_on(drawn.to_rgba(np.array([value]))[0])
            ax.text(
                column, row, text, ha="center", va="center", fontsize=5.5, color=ink, zorder=4
            ).set_in_layout(False)
    ax.set_xticks(range(across), [x.level_text(level) for level in x.levels])
    ax.set_yticks(range(up), [y.level_text(level) for level in y.levels])
    if across > _ROOM:
        ax.tick_params(axis="x", rotation=90)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def ink_on(colour: Any) -> str:
    """Return black or white, whichever reads better on a colour."""
    red, green, blue = colour[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.52 else "white"


def iso_curves(ax: Axes, values: np.ndarray, rule: ScoreRule, *, bound: float | None) -> None:
    """Draw curves of equal mean between the cells, the wanted one thick."""
    if min(values.shape) < 2 or np.isfinite(values).sum() < 4:
        return
    height = np.ma.masked_invalid(values)
    logarithmic = rule.ratio and bool((height > 0).all())
    height = np.ma.log10(height) if logarithmic else height
    if not float(height.max()) > float(height.min()):
        return
    if rule.rule != "within":
        for level in round_levels(float(height.min()), float(height.max()), logarithmic=logarithmic):
            how: Any = {"colors": "white", "linewidths": 0.7, "linestyles": "solid", "alpha": 0.8}
            ax.contour(height, levels=[level], zorder=2, **how)
    if bound is None:
        return
    bounds = [bound] if rule.rule != "within" else [-bound, bound]
    for one in np.log10(bounds) if logarithmic else bounds:
        if float(height.min()) < one < float(height.max()):
            thick: Any = {"colors": VERMILLION, "linewidths": 1.8, "linestyles": "solid", "zorder": 3}
            drawn = ax.contour(height, levels=[one], **thick)
            drawn.set(path_effects=BLACK_ON_ANY)


def round_levels(low: float, high: float, *, logarithmic: bool) -> list[float]:
    """Return a few round levels strictly between two heights.

    Examples
    --------
    >>> [float(round(10**level, 3)) for level in round_levels(-2.0, -1.0, logarithmic=True)]
    [0.02, 0.05]
    """
    if logarithmic:
        powers = range(int(np.floor(low)), int(np.ceil(high)) + 1)
        steps = (1, 2, 5) if high - low < 2.5 else (1,)
        found = [float(np.log10(step) + power) for power in powers for step in steps]
    else:
        from matplotlib.ticker import MaxNLocator

        found = [float(level) for level in MaxNLocator(5).tick_values(low, high)]
    return [level for level in found if low + 1e-9 < level < high - 1e-9]


def outline(ax: Axes, inside: np.ndarray) -> None:
    """Draw a line around the cells of a region."""
    padded = np.pad(inside, 1)
    upright = padded[1:-1, 1:] != padded[1:-1, :-1]
    level = padded[1:, 1:-1] != padded[:-1, 1:-1]
    lines = [([column - 0.5] * 2, [row - 0.5, row + 0.5]) for row, column in np.argwhere(upright)]
    lines += [([column - 0.5, column + 0.5], [row - 0.5] * 2) for row, column in np.argwhere(level)]
    how: Any = {"color": VERMILLION, "linewidth": 1.4, "solid_capstyle": "round", "clip_on": False}
    for across, up in lines:
        ax.plot(across, up, zorder=3, **how)


def finish(
    figure: Figure,
    axes: Sequence[Axes],
    shown: Sequence[Panel],
    x: FactorColumn,
    y: FactorColumn,
    drawn: ScalarMappable,
    label: str,
) -> Any:
    """Label the outer axes, letter the panels, and add the colour bar, which is returned."""
    used = list(axes[: len(shown)])
    across = len(used)
    for ax in used:
        place = ax.get_subplotspec()
        if place is None:
            continue
        across = place.get_gridspec().ncols
        if place.is_first_col():
            ax.set_ylabel(y.label)
    for ax in used[-across:]:
        ax.set_xlabel(x.label)
        ax.tick_params(labelbottom=True)
    if len(used) > 1:
        panel_letters(used)
    # Letters of 7 points are some 0.055 in wide: a label longer than the bar takes two lines.
    room = int(0.8 * figure.get_size_inches()[1] / 0.055)
    text = "\n".join(textwrap.wrap(label, max(room, 12)))
    bar = figure.colorbar(drawn, ax=list(axes), label=text, pad=0.015, aspect=22)
    bar.outline.set_linewidth(0.5)
    if isinstance(drawn.norm, LogNorm):
        plain_decades(bar.ax)
    else:
        bar.locator = MaxNLocator(5)
        bar.update_ticks()
    return bar


def mark_wanted(bar: Any, rule: ScoreRule, bound: float | None) -> None:
    """Draw the wanted values on a colour bar."""
    low, high = bar.ax.get_ylim()
    for one in () if bound is None else (-bound, bound) if rule.rule == "within" else (bound,):
        if low < one < high:
            bar.ax.axhline(one, color=VERMILLION, linewidth=1.6, path_effects=BLACK_ON_ANY)
