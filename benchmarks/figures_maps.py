"""EDS maps, their reprojections and orthoslices of the reconstructed densities."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from .figures_style import DPI, PAGE_IN, finish_bar, placed, scale_bar, show_map, styled
from .labels import line_label

# Inches: head with titles, row label, gap between panels, colour bar with its numbers and label.
_HEAD, _LABEL, _GAP, _BAR = 0.36, 0.17, 0.05, 0.60
_PANEL = (PAGE_IN - 2 * _LABEL - 3 * _GAP - 2 * _BAR) / 5
_OTHER_AXES = ((1, 2), (0, 2), (0, 1))


@styled
def figure_maps(
    *,
    counts: Mapping[str, np.ndarray],
    reprojected: Mapping[str, np.ndarray],
    densities: Mapping[str, np.ndarray],
    spacing_nm: float,
    centre: tuple[int, int, int] | None = None,
    high_nm3: float | None = None,
    name: str = "",
) -> Figure:
    """Draw a particle as the published figure 3 does.

    Parameters
    ----------
    counts : mapping of str to numpy.ndarray
        Line to its EDS map at 0° (y, x), counts; one row of the figure for each.
    reprojected : mapping of str to numpy.ndarray
        Line to the counts that the reconstruction predicts at 0° (y, x).
    densities : mapping of str to numpy.ndarray
        Line to the reconstructed number density of its element (z, y, x), nm⁻³.
    spacing_nm : float
        Edge of a pixel and of a voxel, nm.
    centre : tuple of int, optional
        Voxel (z, y, x) through which the slices go; by default the centre of mass.
    high_nm3 : float, optional
        Top of the colour scale that all slices share; by default the 99.5 % quantile inside.
    name : str
        Of the particle.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide; columns: map, reprojection, slices across z, y and x, all cropped to the particle.
    """
    lines = list(counts)
    total = np.sum([densities[line] for line in lines], axis=0)
    centre = centre or mass_centre(total)
    high_nm3 = high_nm3 or inside_quantile(np.stack([densities[line] for line in lines]), 0.995)
    box = particle_box(total)
    height = _HEAD + len(lines) * (_PANEL + _GAP)
    figure = Figure(figsize=(PAGE_IN, height), dpi=DPI)
    lefts = [_LABEL + k * (_PANEL + _GAP) for k in range(2)]
    lefts += [lefts[-1] + _PANEL + _BAR + _LABEL + k * (_PANEL + _GAP) for k in range(3)]
    titles = ("EDS map, 0°", "Reprojection", "Slice ($y$, $x$)", "Slice ($z$, $x$)", "Slice ($z$, $y$)")
    for row, line in enumerate(lines):
        top = _HEAD + row * (_PANEL + _GAP)
        axes = [placed(figure, left, top, _PANEL, _PANEL) for left in lefts]
        images = [counts[line][box[1:]], reprojected[line][box[1:]]]
        most = max(1.0, float(np.quantile(counts[line], 0.998)))
        for ax, image in zip(axes[:2], images, strict=True):
            map_drawn = show_map(ax, image, spacing_nm=spacing_nm, high=most, bar=False)
        for ax, image in zip(axes[2:], orthoslices(densities[line], centre, box), strict=True):
            slice_drawn = show_map(ax, image, spacing_nm=spacing_nm, high=high_nm3, bar=False)
        if row == 0:
            scale_bar(axes[2], *(spacing_nm * (edge.stop - edge.start) for edge in (box[2], box[1])))
        bar = placed(figure, lefts[1] + _PANEL + 0.05, top, 0.07, _PANEL)
        finish_bar(figure.colorbar(map_drawn, cax=bar, label="Counts"), map_drawn)
        axes[0].set_ylabel(line_label(line), fontweight="bold", labelpad=2)
        axes[2].set_ylabel(line.partition("_")[0], fontweight="bold", labelpad=2)
        if row == 0:
            for ax, title in zip(axes, titles, strict=True):
                ax.set_title(title, pad=3)
    bar = placed(figure, lefts[-1] + _PANEL + 0.05, _HEAD, 0.07, height - _HEAD - _GAP)
    finish_bar(figure.colorbar(slice_drawn, cax=bar, label="Number density (nm$^{-3}$)"), slice_drawn)
    figure.text(0.5, 1 - 0.03 / height, name, ha="center", va="top", fontsize=8)
    return figure


def orthoslices(
    volume: np.ndarray, centre: tuple[int, int, int], box: tuple[slice, slice, slice]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slices (y, x), (z, x) and (z, y) of the box of a volume (z, y, x) through a voxel."""
    z, y, x = centre
    return volume[z, box[1], box[2]], volume[box[0], y, box[2]], volume[box[0], box[1], x]


def particle_box(density: np.ndarray) -> tuple[slice, slice, slice]:
    """Cube (z, y, x) around what is denser than a quarter of the densest, with a margin."""
    threshold = 0.25 * float(np.quantile(density, 0.999))
    extents = [np.flatnonzero((density > threshold).any(axis=others)) for others in _OTHER_AXES]
    if not extents[0].size:
        extents = [np.arange(count) for count in density.shape]
    half = int(np.ceil(0.575 * max(np.ptp(extent) for extent in extents))) + 1
    edges = []
    for extent, count in zip(extents, density.shape, strict=True):
        start = int(np.clip((extent[0] + extent[-1] + 1) // 2 - half, 0, max(0, count - 2 * half)))
        edges.append(slice(start, min(count, start + 2 * half)))
    return edges[0], edges[1], edges[2]


def mass_centre(density: np.ndarray) -> tuple[int, int, int]:
    """Voxel (z, y, x) nearest to the centre of mass; the middle of an empty volume."""
    weights = np.clip(density, 0, None).astype(float)
    total = weights.sum()
    if not total > 0:
        weights, total = np.ones(density.shape), float(density.size)
    z, y, x = (
        round(float((weights.sum(axis=others) * np.arange(count)).sum() / total))
        for others, count in zip(_OTHER_AXES, density.shape, strict=True)
    )
    return z, y, x


def inside_quantile(densities: np.ndarray, share: float) -> float:
    """Quantile of what is denser than a quarter of the densest."""
    inside = densities[densities > 0.25 * densities.max()]
    return float(np.quantile(inside, share)) if inside.size else 1.0
