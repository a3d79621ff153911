"""Surfaces of particles: the outline that the threshold gives beside the true one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .figures_maps import mass_centre, orthoslices, particle_box
from .figures_style import MICROGRAPH_MAP, ORANGE, PAGE_IN, SKY, new_figure, panel_letters, show_map, styled

_TITLES = ("Slice ($y$, $x$)", "Slice ($z$, $x$)", "Slice ($z$, $y$)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """A volume with the surface that was found in it.

    Attributes
    ----------
    name : str
        What is shown.
    volume : numpy.ndarray
        (z, y, x), any unit.
    threshold : float
        Level of the surface, in that unit.
    fill : numpy.ndarray
        (z, y, x) share of each voxel that truly lies inside, 0 to 1.
    """

    name: str
    volume: np.ndarray
    threshold: float
    fill: np.ndarray


@styled
def figure_surfaces(surfaces: Sequence[Surface], *, spacing_nm: float) -> Figure:
    """Draw slices through particles with the surface found (orange) and the true one (blue, dashed).

    Parameters
    ----------
    surfaces : sequence of Surface
        One row each.
    spacing_nm : float
        Edge of a voxel, nm.

    Returns
    -------
    matplotlib.figure.Figure
        5.4 in wide; slices across z, y and x through the centre of mass, cropped to the particle.
    """
    rows = max(len(surfaces), 1)
    figure = new_figure(0.78 * PAGE_IN, 0.3 + 1.8 * rows)
    axes = figure.subplots(rows, 3, squeeze=False)
    for row, surface in zip(axes, surfaces, strict=False):
        centre, box = mass_centre(surface.volume), particle_box(surface.volume)
        images = orthoslices(surface.volume, centre, box)
        truths = orthoslices(surface.fill, centre, box)
        high = float(np.quantile(surface.volume[box], 0.995))
        for number, (ax, image, truth) in enumerate(zip(row, images, truths, strict=True)):
            show_map(ax, image, spacing_nm=spacing_nm, colours=MICROGRAPH_MAP, high=high, bar=number == 0)
            outline(ax, image, surface.threshold, spacing_nm, colour=ORANGE)
            outline(ax, truth, 0.5, spacing_nm, colour=SKY, dashed=True)
        row[0].set_ylabel(surface.name)
    for ax, title in zip(axes[0], _TITLES, strict=True):
        ax.set_title(title)
    lines = [Line2D([], [], color=ORANGE), Line2D([], [], color=SKY, linestyle="--")]
    figure.legend(lines, ["surface found", "true surface"], loc="outside lower center", ncols=2)
    panel_letters(list(axes[:, 0]))
    return figure


def outline(
    ax: Axes, image: np.ndarray, level: float, spacing_nm: float, *, colour: str, dashed: bool = False
) -> None:
    """Draw where an image crosses a level, in the nm of `show_map`; nothing where it does not."""
    if not np.isfinite(level) or not image.min() < level < image.max():
        return
    rows, columns = ((np.arange(count) + 0.5) * spacing_nm for count in image.shape)
    ax.contour(
        columns, rows, image, levels=[level], colors=[colour], linewidths=0.9,
        linestyles="--" if dashed else "-",
    )  # fmt: skip
