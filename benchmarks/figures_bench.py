"""Work against precision: how far from the optimum each solver is, and after how long."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .figure_files import save_figure
from .figures_style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    SKY,
    STYLE,
    VERMILLION,
    new_figure,
    panel_letters,
    styled,
)

# What the legend calls the rows of a solver, its colour and marker; others are grey.
SOLVERS = {
    "solver": ("glasstomo, its own certificate", BLACK, ""),
    "peer.glasstomo_fused": ("glasstomo", BLUE, "o"),
    "peer.glasstomo_odl": ("ODL + our operators", SKY, "s"),
    "peer.glasstomo_fista": ("FISTA, our baseline", GREY, "x"),
    "peer.odl_astra": ("ODL + ASTRA", GREEN, "^"),
    "peer.scipy": ("scipy + numpy", ORANGE, "D"),
    "peer.pyproximal": ("pyproximal", VERMILLION, "v"),
}
NAMES = {
    "tv": "TV",
    "tv2": "TV²",
    "tv_tv2": "TV + TV²",
    "tgv2": "TGV²",
    "tv_joint": "joint TV",
    "tv_poisson": "TV, Poisson",
}


@styled
def figure_bench(rows: Sequence[dict[str, Any]], *, gap: float | None = None) -> Figure:
    """Draw the relative gap against seconds, one panel for each problem.

    Parameters
    ----------
    rows : sequence of dict
        Results of `bench.bench`; those with a ``curve`` of (seconds, relative gap) are drawn.
    gap : float, optional
        Where to draw a line: the gap that was asked for.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When no row has a curve.
    """
    panels: dict[tuple[str, int, int, int], list[dict[str, Any]]] = {}
    for row in rows:
        if row.get("curve"):
            regulariser = row["name"].split(".")[-2]
            panels.setdefault((regulariser, row["n"], row["tilts"], row["threads"]), []).append(row)
    if not panels:
        raise ValueError("`rows` must hold at least one solve with its curve; run glasstomo bench")
    columns = min(len(panels), 2)
    lines = -(-len(panels) // columns)
    figure = new_figure(3.4 * columns, 2.5 * lines + 0.3)
    grid = figure.subplots(lines, columns, squeeze=False)
    axes = grid.ravel()[: len(panels)]
    for ax, ((regulariser, n, tilts, threads), drawn) in zip(axes, panels.items(), strict=True):
        for row in drawn:
            _curve(ax, row)
        if gap is not None:
            ax.axhline(gap, color=LIGHT, linewidth=0.8, zorder=0)
        plural = "s" if threads > 1 else ""
        ax.set_title(f"{NAMES.get(regulariser, regulariser)}, {n}³, {tilts} tilts, {threads} thread{plural}")
        ax.set(xscale="log", yscale="log", xlabel="Time (s)", ylabel="Relative gap")
    for ax in grid.ravel()[len(panels) :]:
        ax.axis("off")
    if len(axes) > 1:
        panel_letters(list(axes))
    found = {label: line for ax in axes for line, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    figure.legend(list(found.values()), list(found), loc="outside lower center", ncols=min(len(found), 3))
    return figure


def _curve(ax: Axes, row: dict[str, Any]) -> None:
    """One solver: what is zero or negative to rounding cannot stand on a logarithmic axis."""
    head = row["name"].rsplit(".", 2)[0]
    label, colour, marker = SOLVERS.get(head, (head.removeprefix("peer."), GREY, ""))
    seconds, gaps = np.array(row["curve"], np.float64).T
    seen = (gaps > 0) & np.isfinite(gaps)
    ax.plot(
        seconds[seen],
        gaps[seen],
        color=colour,
        label=label,
        marker=marker,
        markersize=2.5,
        markevery=0.1,
        linestyle="--" if head == "solver" else "-",
    )


def save_bench(rows: Sequence[dict[str, Any]], path: Path, *, gap: float | None = None) -> None:
    """Draw `figure_bench` into a file.

    Parameters
    ----------
    rows, gap
        As for `figure_bench`.
    path : Path
        .png, .pdf or .svg.
    """
    with rc_context(STYLE):
        save_figure(figure_bench(rows, gap=gap), path)
