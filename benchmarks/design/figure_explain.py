"""A design at a glance: its tilts and missing wedge, its counts, its dose beside published limits."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from matplotlib.ticker import MaxNLocator

from ..figures_style import (
    BLACK,
    ELEMENT_COLOURS,
    GREY,
    LIGHT,
    PAGE_IN,
    VERMILLION,
    new_figure,
    panel_letters,
    styled,
)
from .damage_limits import DAMAGE_LIMITS

if TYPE_CHECKING:
    from .explain import Explanation

_LABEL_HEIGHT = 0.052
_MARKERS = {"Co": "o", "Zn": "s"}


@styled
def figure_explain(found: "Explanation") -> Figure:
    """Draw an explanation.

    Parameters
    ----------
    found : Explanation

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide: directions of the beam with the missing wedge, mean counts against tilt, fluence
        against the number of tilts taken.
    """
    figure = new_figure(PAGE_IN, 2.35)
    axes: Any = figure.subplots(1, 3, width_ratios=[0.85, 1.0, 1.35])
    _directions(axes[0], found)
    _counts(axes[1], found)
    _fluence(axes[2], found)
    panel_letters(list(axes))
    if found.title:
        figure.suptitle(found.title, fontsize=8)
    return figure


def _directions(ax: Axes, found: "Explanation") -> None:
    """Draw the beam as the specimen sees it, one line per tilt; the missing wedge stays blank."""
    low, high = found.sampling.low_deg, found.sampling.high_deg
    for turn in (90.0, 270.0):
        ax.add_patch(Wedge((0, 0), 1.0, turn - high, turn - low, facecolor=LIGHT, edgecolor="none"))
    for row in found.tilts:
        angle = np.deg2rad(row["tilt_deg"])
        ax.plot([-np.sin(angle), np.sin(angle)], [-np.cos(angle), np.cos(angle)], color=BLACK, linewidth=0.6)
    for tilt in dict.fromkeys((low, high)):
        at = np.deg2rad(tilt)
        ax.text(
            1.18 * np.sin(at), 1.12 * np.cos(at), _degrees(tilt), ha="center", va="center", fontsize=6,
            color=GREY,
        )  # fmt: skip
    missing = found.sampling.missing_wedge_deg
    ax.set_title(f"{len(found.tilts)} tilts, {missing:.3g}° missing", fontsize=7)
    ax.set(xlim=(-1.35, 1.35), ylim=(-1.15, 1.25), aspect="equal")
    ax.axis("off")


def _counts(ax: Axes, found: "Explanation") -> None:
    rows = sorted(found.tilts, key=lambda row: row["tilt_deg"])
    tilts = [row["tilt_deg"] for row in rows]
    top = 0.0
    for line in (row["line"] for row in found.counts):
        element = line.partition("_")[0]
        counts = [row[f"mean_counts_{line}"] for row in rows]
        if not any(counts):
            continue
        top = max(top, *counts)
        ax.plot(
            tilts,
            counts,
            color=ELEMENT_COLOURS.get(element, GREY),
            marker=_MARKERS.get(element, "^"),
            markersize=2.6,
            linewidth=0.8,
            label=f"{element} Kα",
        )
    ax.set(xlabel="Tilt (°)", ylabel="Expected counts, mean pixel", ylim=(0, 1.15 * top or 1.0))
    if top:
        ax.legend(loc="lower center", ncols=2)


def _fluence(ax: Axes, found: "Explanation") -> None:
    after = np.array([row["fluence_after_e_nm2"] for row in found.tilts])
    number = np.arange(1, len(after) + 1)
    levels = [limit.fluence_e_nm2 for limit in DAMAGE_LIMITS]
    ax.semilogy(number, after, color=VERMILLION, marker="o", markersize=2.6, linewidth=0.8)
    ax.set_ylim(min(min(levels), after[0]) / 3, max(max(levels), after[-1]) * 4)
    low, high = ax.get_ylim()
    heights = np.log(np.array(levels) / low) / np.log(high / low)
    beside = -np.inf
    for limit, height in zip(DAMAGE_LIMITS, heights, strict=True):
        ax.axhline(limit.fluence_e_nm2, color=GREY, linewidth=0.6, linestyle=(0, (3, 2)), zorder=0)
        # Neighbours in the list would print over each other.
        beside = max(height, beside + _LABEL_HEIGHT)
        ax.annotate(
            limit.material,
            (1.02, beside),
            xycoords="axes fraction",
            va="center",
            fontsize=5.5,
            color=GREY,
        )
    ax.set(xlabel="Tilts taken", ylabel="Fluence (e nm$^{-2}$)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _degrees(value: float) -> str:
    return f"{value:.0f}°".replace("-", "−")
