"""Tilt schemes: which angles, in which order, and what each tilt finds of the specimen."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Wedge

from ..forward import TiltScheme
from ..forward.history import fluence_before
from .figures_style import BLUE, GREEN, GREY, LIGHT, PAGE_IN, VERMILLION, new_figure, png_bytes, styled

ORDER_MAP = "plasma"
# Leaves out the palest end of the map, which a thin line does not show on white.
ORDER_RANGE = (0.0, 1.12)

SCHEMES = {
    "Uniform": TiltScheme.uniform(-70, 70, 15),
    "Saxton": TiltScheme.saxton(-70, 70, 15, order="dose_symmetric"),
    "Golden ratio": TiltScheme.golden_ratio(-70, 70, 15),
}
ORDERS = {
    "increasing": (SCHEMES["Uniform"], GREY, "o"),
    "dose-symmetric": (SCHEMES["Uniform"].replace(order="dose_symmetric"), BLUE, "s"),
    "from zero": (SCHEMES["Uniform"].replace(order="from_zero"), GREEN, "^"),
    "golden ratio": (SCHEMES["Golden ratio"], VERMILLION, "D"),
}


@styled
def figure_schemes(
    schemes: Mapping[str, TiltScheme] = SCHEMES,
    orders: Mapping[str, tuple[TiltScheme, str, str]] = ORDERS,
) -> Figure:
    """Draw the directions of some schemes, coloured by order, and the fluence before each tilt.

    Parameters
    ----------
    schemes : dict
        Up to three schemes by name, drawn as fans of beam directions.
    orders : dict
        Scheme, colour and marker by name, for the plot of the fluence.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide.
    """
    figure = new_figure(PAGE_IN, 1.95)
    parts: Any = figure.subfigures(1, 2, width_ratios=[1.75, 1.0])
    left, right = parts
    fans = left.subplots(1, len(schemes))
    for letter, ax, (name, scheme) in zip("abc", np.atleast_1d(fans), schemes.items(), strict=False):
        _fan(ax, scheme)
        ax.set_title(name, y=1.05)
        ax.set_title(letter, loc="left", fontweight="bold", fontsize=8, y=1.05)
    shades = ScalarMappable(Normalize(*ORDER_RANGE), ORDER_MAP)
    bar = left.colorbar(shades, ax=fans, orientation="horizontal", shrink=0.45, aspect=28, pad=0.02)
    bar.ax.set_xlim(0, 1)
    bar.set_ticks([0, 1], labels=["first", "last"])
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(length=0)
    bar.set_label("Order of acquisition", labelpad=-6)
    ax = right.subplots()
    _before(ax, orders)
    ax.set_title("d", loc="left", fontweight="bold", fontsize=8, x=-0.2)
    return figure


def _fan(ax: Axes, scheme: TiltScheme) -> None:
    """Draw the beam as the specimen sees it: one line per tilt through the middle."""
    taken = np.deg2rad(scheme.acquired_deg)
    ends = np.stack([np.sin(taken), np.cos(taken)], axis=-1)
    low, high = scheme.angles_deg[0], scheme.angles_deg[-1]
    for turn in (0.0, 180.0):
        ax.add_patch(Wedge((0, 0), 1.0, turn - 90 - low, turn + 90 - high, facecolor=LIGHT, edgecolor="none"))
    lines = LineCollection(np.stack([-ends, ends], axis=1).tolist(), linewidths=1.1, cmap=ORDER_MAP)
    lines.set_array(np.linspace(0, 1, scheme.count))
    lines.set_clim(*ORDER_RANGE)
    ax.add_collection(lines)
    place = {"ha": "center", "va": "center", "fontsize": 6, "color": GREY}
    for angle in (low, 0.0, high):
        at = np.deg2rad(angle)
        ax.text(1.19 * np.sin(at), 1.12 * np.cos(at), f"{angle:.0f}°".replace("-", "−"), **place)
    ax.set(xlim=(-1.3, 1.3), ylim=(-1.02, 1.2), aspect="equal")
    ax.axis("off")


def _before(ax: Axes, orders: Mapping[str, tuple[TiltScheme, str, str]]) -> None:
    for name, (scheme, colour, marker) in orders.items():
        before = fluence_before(scheme, np.ones(scheme.count))
        # A line through tilts that jump back and forth would show nothing.
        line = "none" if isinstance(scheme.order, tuple) else "-"
        ax.plot(
            scheme.angles_deg,
            before,
            color=colour,
            marker=marker,
            markersize=2.8,
            linewidth=0.8,
            linestyle=line,
            label=name,
        )
    ax.set(
        xlabel="Tilt (°)", ylabel="Tilts taken before", xticks=[-60, -30, 0, 30, 60], yticks=[0, 5, 10, 15]
    )
    ax.set_ylim(-0.7, 15)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.0, borderaxespad=0.2)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(png_bytes(figure_schemes()))
