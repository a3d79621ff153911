"""Composition triangle of a particle of three metals."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..metrics import PhaseDiagram
from .figures_phase import share_scale
from .figures_phase_errors import ellipse
from .figures_style import (
    BLACK_ON_ANY,
    BLUE,
    DENSITY_LABEL,
    DENSITY_MAP,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PAGE_IN,
    SKY,
    VERMILLION,
    colour_bar,
    new_figure,
    panel_letters,
    plus_minus,
    styled,
)

PHASE_COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, SKY)
_HEIGHT = float(np.sqrt(3.0) / 2.0)
_BINS = 70
# Plane coordinates of the fractions: the first metal stands at the left, the second at the right, the
# third on top.
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, _HEIGHT]])


@styled
def figure_ternary(diagram: PhaseDiagram, *, name: str = "") -> Figure:
    """Draw the composition triangle of a diagram of three metals, and the densities of its phases.

    Parameters
    ----------
    diagram : PhaseDiagram
        Of three metals.
    name : str
        Of the particle.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide: the triangle with the share of voxels in each bin and the phases (ellipses are 2.45
        standard deviations of their voxels, which hold 95 % of a Gaussian), and the metal densities of
        the phases' voxels.

    Raises
    ------
    ValueError
        If the diagram is not of three metals.
    """
    if len(diagram.names) != 3:
        raise ValueError(f"`diagram` must be of three metals, got {len(diagram.names)}")
    figure = new_figure(PAGE_IN, 3.2)
    grid = figure.add_gridspec(1, 2, width_ratios=[1.35, 1], wspace=0.08)
    triangle, side = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    places = plane(diagram.fractions)
    edges = np.linspace(0, 1, _BINS + 1), np.linspace(0, _HEIGHT, _BINS + 1)
    share = 100 * np.histogram2d(*places, bins=edges)[0] / places.shape[1]
    show_triangle(triangle, diagram.names)
    drawn = triangle.pcolormesh(
        *edges, np.ma.masked_equal(share.T, 0), cmap=DENSITY_MAP, norm=share_scale([share]), rasterized=True,
        zorder=2,
    )  # fmt: skip
    show_phases(triangle, diagram)
    colour_bar(figure, drawn, triangle, "Voxels per bin (%)", extend="max")
    show_densities(side, diagram)
    panel_letters([triangle, side])
    if name:
        figure.suptitle(name, fontsize=8)
    return figure


def plane(fractions: np.ndarray) -> np.ndarray:
    """Place (2, n) of fractions (3, n) in the triangle.

    Examples
    --------
    >>> plane(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    return _CORNERS.T @ fractions


def show_triangle(ax: Axes, names: tuple[str, ...]) -> None:
    """Draw an empty triangle with lines of equal fractions and the scale of each metal on a side."""
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set(xlim=(-0.12, 1.12), ylim=(-0.12, _HEIGHT + 0.1))
    for metal, slant in ((0, 60.0), (1, 0.0), (2, -60.0)):
        after, before = (metal + 1) % 3, (metal + 2) % 3
        for level in np.arange(0.2, 0.99, 0.2):
            ends = np.zeros((3, 2))
            ends[metal] = level
            ends[after, 0] = ends[before, 1] = 1.0 - level
            line = plane(ends)
            ax.plot(line[0], line[1], color=LIGHT, linewidth=0.5, zorder=1)
            # The scale of a metal stands where the next one is missing.
            outward = line[:, 1] - plane(np.full((3, 1), 1 / 3))[:, 0]
            x, y = line[:, 1] + 0.035 * outward / np.linalg.norm(outward)
            style = {"fontsize": 5.5, "color": GREY, "ha": "center", "va": "center"}
            ax.text(x, y, f"{level:.1f}", rotation=slant, **style)
    outline = _CORNERS[[0, 1, 2, 0]].T
    ax.plot(outline[0], outline[1], color="black", linewidth=0.7, zorder=3)
    for corner, text in zip(_CORNERS, names, strict=True):
        away = corner - _CORNERS.mean(axis=0)
        x, y = corner + 0.09 * away / np.linalg.norm(away)
        ax.text(x, y, text, fontweight="bold", ha="center", va="center")


def show_phases(ax: Axes, diagram: PhaseDiagram) -> None:
    """Draw the phases with their numbers and fractions."""
    carry = (_CORNERS[:2] - _CORNERS[2]).T
    for number, phase in enumerate(diagram.phases):
        place = plane(np.array(phase.fractions)[:, None])[:, 0]
        centre = (float(place[0]), float(place[1]))
        colour = PHASE_COLOURS[number % len(PHASE_COLOURS)]
        covariance = carry @ phase.covariance[:2, :2] @ carry.T
        ax.add_patch(ellipse(centre, covariance, fill=False, edgecolor=colour, linewidth=1.2, zorder=4))
        ax.annotate(
            str(number + 1), xy=centre, xytext=(0, 9), textcoords="offset points", ha="center",
            fontweight="bold", path_effects=BLACK_ON_ANY, zorder=5,
        )  # fmt: skip


def show_densities(ax: Axes, diagram: PhaseDiagram) -> None:
    """Draw the distribution of the metal density of every phase's voxels."""
    low, high = np.quantile(diagram.density, [0.001, 0.999]).tolist()
    edges = np.linspace(low, high, 61)
    for number, phase in enumerate(diagram.phases):
        counts = np.histogram(diagram.density[diagram.labels == number], bins=edges)[0]
        text = ", ".join(
            f"{metal} {value:.2f}" for metal, value in zip(diagram.names, phase.fractions, strict=True)
        )
        colour = PHASE_COLOURS[number % len(PHASE_COLOURS)]
        ax.stairs(
            100 * counts / diagram.density.size, edges, color=colour, fill=True, alpha=0.45,
            label=f"{number + 1}: {text}\n    {plus_minus(phase.density, phase.density_error)} nm$^{{-3}}$",
        )  # fmt: skip
    ax.set(xlabel=DENSITY_LABEL, ylabel="Voxels (%)")
    ax.set_ylim(0, 1.6 * ax.get_ylim()[1])
    if diagram.phases:
        ax.legend(loc="upper left", fontsize=6)
