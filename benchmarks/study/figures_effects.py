"""Marginal effects of all factors."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..figures_style import (
    BLUE,
    GREY,
    LIGHT,
    PAGE_IN,
    new_figure,
    styled,
)
from .figures_curves import plain_decades
from .score_rules import SCORE_RULES, Frame, ScoreRule


@styled
def figure_effects(effects: Frame, scores: Sequence[str]) -> Figure:
    """Draw the marginal effect of every level, one panel for each score.

    Parameters
    ----------
    effects : pandas.DataFrame
        What `glasstomo.benchmarks.study.effects` found.
    scores : sequence of str
        Which of its scores.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Points: effects with their intervals, dark where the interval leaves out no effect.
    """
    rows = effects[effects["score"] == scores[0]]
    names = [f"{row.level} against {row.reference}" for row in rows.itertuples()]
    number = len(names)
    across = min(len(scores), 3)
    down = -(-len(scores) // across)
    figure = new_figure(PAGE_IN, down * (0.75 + 0.15 * number + 0.12 * rows["factor"].nunique()))
    axes = list(np.atleast_1d(figure.subplots(down, across, squeeze=False, sharey=True)).flat)
    for ax in axes[len(scores) :]:
        ax.set_visible(False)
    places, heads = effect_places(rows)
    for ax, score in zip(axes, scores, strict=False):
        show_effects(ax, effects[effects["score"] == score], places, SCORE_RULES[score])
        ax.set_title(SCORE_RULES[score].label)
        for place_of_head, head in heads:
            ax.axhline(place_of_head - 0.55, color=LIGHT, linewidth=0.5, zorder=0)
            if ax in axes[::across]:
                ax.annotate(
                    head,
                    (0, place_of_head),
                    xycoords=("axes fraction", "data"),
                    xytext=(-4, 0),
                    textcoords="offset points",
                    ha="right",
                    va="center",
                    fontweight="bold",
                    fontsize=6.5,
                )
    for ax in axes:
        ax.set_yticks(places, names)
        ax.set_ylim(max(places, default=0) + 0.7, -0.7)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
    return figure


def effect_places(rows: Frame) -> tuple[list[float], list[tuple[float, str]]]:
    """Return the height of every effect, and of the head of every factor."""
    places: list[float] = []
    heads: list[tuple[float, str]] = []
    height = -1.0
    before = None
    for factor, label in zip(rows["factor"], rows["label"], strict=True):
        height += 1.0
        if factor != before:
            heads.append((height, label))
            height += 1.0
            before = factor
        places.append(height)
    return places, heads


def show_effects(ax: Axes, rows: Frame, places: Sequence[float], rule: ScoreRule) -> None:
    """Draw the effects on one score."""
    # One zero among its values makes an effect a difference, which cannot share an axis of ratios.
    kinds = rows["kind"].to_numpy()
    ratio = bool((kinds == "ratio").all())
    kind = "ratio" if ratio else "difference"
    neutral = 1.0 if ratio else 0.0
    ax.axvline(neutral, color=GREY, linewidth=0.7)
    for place_of_row, row in zip(places, rows.itertuples(), strict=True):
        if row.kind != kind or not np.isfinite(row.effect):
            words = "no pairs" if not np.isfinite(row.effect) else "as a ratio only"
            ax.annotate(
                words, (0.5, place_of_row), xycoords=("axes fraction", "data"), color=GREY, va="center"
            )
            continue
        sure = bool(row.low > neutral or row.high < neutral)
        colour = BLUE if sure else GREY
        if np.isfinite(row.low):
            ax.plot([row.low, row.high], [place_of_row] * 2, color=colour, linewidth=1.0)
        face = colour if sure else "white"
        ax.plot(row.effect, place_of_row, "o", markersize=3.4, color=colour, markerfacecolor=face)
    if ratio:
        ax.set_xscale("log")
        plain_decades(ax, "x")
        ax.set_xlabel("Ratio")
    else:
        ax.set_xlabel(f"Difference ({rule.unit})" if rule.unit else "Difference")
