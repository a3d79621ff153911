"""Gain of an EDS detector against tilt: each segment under each holder, and their sum."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from .figures_style import (
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
from .gain_curves import GainCurves

if TYPE_CHECKING:
    from ..forward.detectors.measured_holder import MeasuredHolder

# Segments that mirror each other coincide: the second is dashed over the first.
_SEGMENT_COLOURS = (BLUE, VERMILLION, ORANGE, SKY, GREEN, GREY)
_MARKERS = ("o", "s", "D", "^", "v", "P")
_HOLDER_COLOURS = (GREEN, "#CC79A7", BLUE, VERMILLION, ORANGE, SKY)
_ENERGY_STYLES = ("-", (0, (4, 1.5)), (0, (1, 1)), "-.")


@styled
def figure_gains(
    curves: Sequence[GainCurves], *, title: str = "", measured: "MeasuredHolder | None" = None
) -> Figure:
    """Draw the share that each segment sees, and the gain of their sum, against tilt.

    Parameters
    ----------
    curves : sequence of GainCurves
        Of one detector: holders by energies. Each holder but those that hide nothing gets a panel
        at the first energy; the last panel compares the sums of all.
    title : str, optional
        Above all panels.
    measured : MeasuredHolder, optional
        Counts to set beside the model, scaled so that their sum at 0° is that of the panel.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide.
    """
    first = curves[0].energy_kev
    panels = [curve for curve in curves if curve.energy_kev == first and (curve.gains < 1).any()]
    columns = min(len(panels) + 1, 4)
    rows = -(-(len(panels) + 1) // columns)
    figure = new_figure(PAGE_IN, 2.35 * rows + 0.25)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax, curve in zip(axes, panels, strict=False):
        show_segments(ax, curve, measured)
    last = axes[len(panels)]
    show_sums(last, curves, measured)
    for ax in axes[len(panels) + 1 :]:
        ax.set_visible(False)
    for index, ax in enumerate(axes[: len(panels) + 1]):
        show_tilts(ax, curves[0].tilts_deg)
        if index % columns == 0 and panels:
            ax.set_ylabel("Share of a segment that sees\nthe specimen")
    last.set_ylabel("Counts of all segments\nrelative to 0° tilt")
    if panels:
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=min(len(labels), 7), columnspacing=1.4
        )
    if title:
        figure.suptitle(title, fontsize=8)
    panel_letters(axes[: len(panels) + 1])
    return figure


def show_tilts(ax: Axes, tilts_deg: np.ndarray) -> None:
    """Label the axis of tilts."""
    low, high = float(tilts_deg.min()), float(tilts_deg.max())
    ax.set_xlim(low, high) if high > low else ax.set_xlim(low - 1, high + 1)
    span = high - low
    ax.xaxis.set_major_locator(
        MultipleLocator(30 if span > 80 else 20 if span > 40 else 10 if span > 20 else 5)
    )
    ax.set_xlabel("Stage tilt (°)")


def show_segments(ax: Axes, curve: GainCurves, measured: "MeasuredHolder | None") -> None:
    """Draw the share of each segment that sees the specimen."""
    half = (len(curve.segments) + 1) // 2
    for index, (name, azimuth, gains) in enumerate(
        zip(curve.segments, curve.azimuths_deg, curve.gains, strict=True)
    ):
        wide: Any = {"linewidth": 2.0} if index < half else {"linewidth": 1.1, "linestyle": (0, (3, 1.5))}
        colour = _SEGMENT_COLOURS[index % len(_SEGMENT_COLOURS)]
        ax.plot(curve.tilts_deg, gains, color=colour, label=f"segment {name} ({azimuth:g}°)", **wide)
    ax.plot(curve.tilts_deg, curve.all_segments, color=BLACK, linewidth=0.9, label="all segments")
    if measured is not None:
        show_measured(ax, curve, measured)
    ax.set_ylim(0, 1.04)
    ax.set_title(f"{curve.holder}, {curve.energy_kev:g} keV")


def show_measured(ax: Axes, curve: GainCurves, measured: "MeasuredHolder") -> None:
    """Draw measured counts as shares, their sum at 0° set to that of the model."""
    counts, tilts = np.array(measured.counts), np.array(measured.tilts_deg)
    at_zero = np.interp(0.0, tilts, counts.sum(axis=0))
    shown = (tilts >= curve.tilts_deg.min()) & (tilts <= curve.tilts_deg.max())
    apart = len(counts) == len(curve.segments)
    shares = counts / at_zero * curve.share_at_zero * len(counts)
    for index, share in enumerate(shares):
        colour = _SEGMENT_COLOURS[index % len(_SEGMENT_COLOURS)] if apart else BLACK
        ax.plot(
            tilts[shown],
            share[shown],
            linestyle="none",
            marker=_MARKERS[index % len(_MARKERS)],
            markersize=3.4,
            markerfacecolor="white",
            markeredgecolor=colour,
            markeredgewidth=0.9,
            label="measured" if index == 0 else None,
            zorder=3,
        )


def show_sums(ax: Axes, curves: Sequence[GainCurves], measured: "MeasuredHolder | None") -> None:
    """Draw the counts of all segments together, relative to 0°."""
    holders = list(dict.fromkeys(curve.holder for curve in curves))
    energies = list(dict.fromkeys(curve.energy_kev for curve in curves))
    ax.axhline(1, color=LIGHT, linewidth=0.7, zorder=0)
    for holder in holders:
        mine = [curve for curve in curves if curve.holder == holder]
        alike = all(np.array_equal(curve.gains, mine[0].gains) for curve in mine)
        free = alike and (mine[0].gains == 1).all()
        colour = GREY if free else _HOLDER_COLOURS[holders.index(holder) % len(_HOLDER_COLOURS)]
        for curve in mine[:1] if alike else mine:
            style = _ENERGY_STYLES[energies.index(curve.energy_kev) % len(_ENERGY_STYLES)]
            label = holder if alike else f"{holder}, {curve.energy_kev:g} keV"
            ax.plot(curve.tilts_deg, curve.relative, color=colour, linestyle=style, label=label)
    if measured is not None:
        show_measured_sum(ax, curves[0].tilts_deg, measured)
    ax.set_ylim(0, 1.08 * max(1.0, *(float(curve.relative.max()) for curve in curves)))
    ax.legend(loc="lower center", handlelength=2.4)
    ax.set_title("All segments")


def show_measured_sum(ax: Axes, tilts_deg: np.ndarray, measured: "MeasuredHolder") -> None:
    """Draw the measured counts of all segments, relative to 0°."""
    total, tilts = np.sum(measured.counts, axis=0), np.array(measured.tilts_deg)
    shown = (tilts >= tilts_deg.min()) & (tilts <= tilts_deg.max())
    relative = total[shown] / np.interp(0.0, tilts, total)
    look: Any = {"linestyle": "none", "marker": "o", "markersize": 3.4, "markerfacecolor": "white"}
    ax.plot(tilts[shown], relative, markeredgecolor=BLACK, markeredgewidth=0.9, label="measured", **look)
