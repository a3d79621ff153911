"""Phase diagrams: zinc fraction against metal density, reconstructed beside true."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator

from .figures_style import (
    BLACK_ON_ANY,
    BLUE,
    DENSITY_LABEL,
    DENSITY_MAP,
    FRACTION_LABEL,
    PAGE_IN,
    VERMILLION,
    colour_bar,
    new_figure,
    styled,
)

_BINS = 60


@dataclass(frozen=True, kw_only=True)
class PhaseMark:
    """A phase of the diagram: centre and twice the standard deviation, zinc fraction and nm⁻³."""

    name: str
    fraction: float
    density: float
    fraction_2sigma: float
    density_2sigma: float


@styled
def figure_phase_diagram(
    *,
    reconstructed: tuple[np.ndarray, np.ndarray],
    true: tuple[np.ndarray, np.ndarray],
    phases: Sequence[PhaseMark] = (),
    true_phases: Sequence[PhaseMark] = (),
    limit: float | None = None,
    limit_true: float | None = None,
    name: str = "",
) -> Figure:
    """Draw a phase diagram as the published figures 5 and 6 do.

    Parameters
    ----------
    reconstructed, true : tuple of numpy.ndarray
        Zinc fraction and metal density (nm⁻³) of each interior voxel, (n,) each.
    phases, true_phases : sequence of PhaseMark
        Drawn as crosses whose arms are ±2σ.
    limit, limit_true : float, optional
        Miscibility limit: the zinc fraction at which mixed and zinc-rich material part.
    name : str
        Of the particle.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide; both diagrams on the same axes and colour scale, with their projections on either axis.
    """
    low, high = density_range(reconstructed[1], true[1])
    edges = np.linspace(0, 1, _BINS + 1), np.linspace(low, high, _BINS + 1)
    shares = [voxel_shares(*sample, edges) for sample in (reconstructed, true)]
    scale = share_scale(shares)
    figure = new_figure(PAGE_IN, 3.1)
    grid = figure.add_gridspec(2, 3, width_ratios=[1, 1, 0.32], height_ratios=[0.24, 1])
    left = figure.add_subplot(grid[1, 0])
    right = figure.add_subplot(grid[1, 1], sharex=left, sharey=left)
    side = figure.add_subplot(grid[1, 2], sharey=left)
    for column, (ax, marks, where, title) in enumerate(
        ((left, phases, limit, "Reconstructed"), (right, true_phases, limit_true, "True"))
    ):
        filled = np.ma.masked_equal(shares[column].T, 0)
        drawn = ax.pcolormesh(*edges, filled, cmap=DENSITY_MAP, norm=scale, rasterized=True)
        show_limit(ax, where)
        show_marks(ax, marks)
        ax.set_xlabel(FRACTION_LABEL)
        top = figure.add_subplot(grid[0, column], sharex=ax)
        # The truth is drawn over the reconstruction; its own panel shows it alone.
        show_projections(top, [share.sum(axis=1) for share in shares[column:]], edges[0])
        top.set_title(title)
        top.set_title("ab"[column], loc="left", fontweight="bold", fontsize=8)
        if column == 0:
            top.set_ylabel("Voxels (%)")
    left.set(ylabel=DENSITY_LABEL, ylim=(low, high), xlim=(-0.03, 1.03))
    left.xaxis.set_major_locator(MultipleLocator(0.2))
    left.yaxis.set_major_locator(MaxNLocator(6))
    right.tick_params(labelleft=False)
    show_projections(side, [share.sum(axis=0) for share in shares], edges[1], upright=True)
    side.set_xlabel("Voxels (%)")
    key = figure.add_subplot(grid[0, 2])
    key.set_axis_off()
    key.legend(*side.get_legend_handles_labels(), loc="center left", borderaxespad=0)
    colour_bar(figure, drawn, [left, right, side], "Voxels per bin (%)", aspect=28, shrink=0.85, extend="max")
    if name:
        figure.suptitle(name, fontsize=8)
    return figure


def density_range(*densities: np.ndarray) -> tuple[float, float]:
    """Round ends of the density axis that leave a little room about all but the last thousandth."""
    known = [density for density in densities if density.size]
    if not known:
        return 0.0, 1.0
    low = min(float(np.quantile(density, 0.001)) for density in known)
    high = max(float(np.quantile(density, 0.999)) for density in known)
    room = 0.15 * max(high - low, 0.1 * high, 1e-3)
    return max(0.0, float(np.floor(2 * (low - 2 * room)) / 2)), float(np.ceil(2 * (high + room)) / 2)


def voxel_shares(
    fraction: np.ndarray, density: np.ndarray, edges: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Per cent of the voxels in each bin (fraction, density)."""
    counts, _, _ = np.histogram2d(fraction, density, bins=edges)
    return 100 * counts / max(counts.sum(), 1)


def share_scale(shares: Sequence[np.ndarray]) -> LogNorm:
    """Colour scale from a voxel of the reconstruction (the first) to its fullest bin."""
    filled = shares[0][shares[0] > 0]
    if not filled.size:
        return LogNorm(0.01, 1.0)
    # Phases of the truth can fill a single bin each: they would take the whole scale.
    high = max(float(filled.max()), 2 * float(filled.min()))
    return LogNorm(max(float(filled.min()), high / 1e3), high, clip=True)


def show_marks(ax: Axes, marks: Sequence[PhaseMark]) -> None:
    """Draw each phase as a cross of ±2σ with its name above it."""
    for mark in marks:
        for colour, width, cap in (("white", 2.4, 0), (VERMILLION, 1.1, 1.5)):
            ax.errorbar(
                mark.fraction,
                mark.density,
                xerr=mark.fraction_2sigma,
                yerr=mark.density_2sigma,
                fmt="none",
                ecolor=colour,
                elinewidth=width,
                capsize=cap,
            )
        ax.annotate(
            mark.name,
            xy=(mark.fraction, mark.density + mark.density_2sigma),
            xytext=(0, 3),
            textcoords="offset points",
            ha="left" if mark.fraction < 0.1 else "right" if mark.fraction > 0.9 else "center",
            va="bottom",
            path_effects=BLACK_ON_ANY,
        )


def show_limit(ax: Axes, limit: float | None) -> None:
    """Draw the miscibility limit."""
    if limit is None or not np.isfinite(limit):
        return
    ax.axvline(limit, color="black", linewidth=0.8, linestyle="--")
    ax.annotate(
        f"miscibility limit {limit:.2f}",
        xy=(limit, 0.02),
        xytext=(-2, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        rotation=90,
        ha="right",
        va="bottom",
        fontsize=6,
        path_effects=BLACK_ON_ANY,
    )


def show_projections(
    ax: Axes, shares: Sequence[np.ndarray], edges: np.ndarray, *, upright: bool = False
) -> None:
    """Draw distributions along one axis: the last, true, as a line; one before it, reconstructed, filled."""
    way = "horizontal" if upright else "vertical"
    *first, truth = shares
    for share in first:
        ax.stairs(share, edges, fill=True, color=BLUE, alpha=0.55, orientation=way, label="reconstructed")
    ax.stairs(truth, edges, color="black", linewidth=0.8, orientation=way, label="true")
    # A pure phase fills one bin of the truth: it may run off, or the reconstruction would lie flat.
    most = float(min(truth.max(), *(2.2 * share.max() for share in first)) if first else truth.max())
    most = max(most, *(float(share.max()) for share in first)) if first else most
    (ax.set_xlim if upright else ax.set_ylim)(0, 1.08 * most or 1.0)
    ax.tick_params(labelleft=not upright, labelbottom=upright)
