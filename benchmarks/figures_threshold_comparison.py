"""Thresholds side by side: errors of volume and overlap by kind of particle, and two slices."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..metrics.thresholds import THRESHOLDS
from .figures_style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PAGE_IN,
    VERMILLION,
    new_figure,
    panel_letters,
    styled,
)

if TYPE_CHECKING:
    from .threshold_comparison import ComparisonRow, Sample

PURPLE = "#CC79A7"  # Okabe and Ito's
_LOOKS = {
    "esf": (VERMILLION, "o", "edge-spread, phase by phase"),
    "esf_level": (ORANGE, "s", "edge-spread, one level"),
    "esf_regained": (PURPLE, "D", "edge-spread, blur regained"),
    "otsu": (BLUE, "^", "Otsu"),
    "half": (GREEN, "v", "half of the brightest"),
    "truth": (GREY, "x", "true volume"),
}
_LEAST = 0.02  # per cent; where smaller errors are drawn
_CONTOURS = ("otsu", "half", "esf")


@styled
def figure_threshold_comparison(rows: "list[ComparisonRow]", samples: "list[Sample]") -> Figure:
    """Draw errors of volume and overlap by kind and method, over slices of two particles.

    Parameters
    ----------
    rows : list of ComparisonRow
        As `compare` gives them.
    samples : list of Sample
        The particles; the first one of each of the last two kinds is shown.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide: two dot plots over two slices.
    """
    kinds = list(dict.fromkeys(row.kind for row in rows))
    figure = new_figure(PAGE_IN, 2.9 + 0.24 * len(kinds))
    grid = figure.add_gridspec(2, 2, height_ratios=(0.24 * len(kinds) + 0.3, 2.2))
    volume, overlap = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    truths = {row.kind: row.dice for row in rows if row.method == "truth"}
    for method in THRESHOLDS:
        colour, marker, label = _LOOKS[method]
        mine = [row for row in rows if row.method == method]
        places = [kinds.index(row.kind) for row in mine]
        if method != "truth":
            errors = [max(100 * row.volume_rms, _LEAST) for row in mine]
            if method == "esf_level":  # encloses the same volume as "esf"
                errors = [float("nan")] * len(errors)
            volume.plot(errors, places, marker, color=colour, markersize=4, label=label)
            losses = [max(100 * (truths[row.kind] - row.dice), _LEAST) for row in mine]
            overlap.plot(losses, places, marker, color=colour, markersize=4)
    for ax in (volume, overlap):
        ax.set_xscale("log")
        ax.set_ylim(len(kinds) - 0.5, -0.5)
        ax.grid(axis="y", linewidth=0.3)
        ax.set_yticks(range(len(kinds)), kinds if ax is volume else [""] * len(kinds))
    volume.set_xlabel("Error of the volume, rms (%)")
    overlap.set_xlabel("Overlap lost against the best single level (Dice, %)")
    figure.legend(*volume.get_legend_handles_labels(), loc="outside upper center", ncols=5)
    shown = [next(one for one in samples if one.kind == kind) for kind in kinds[-2:]]
    below = [figure.add_subplot(grid[1, column]) for column in range(len(shown))]
    for ax, sample in zip(below, shown, strict=True):
        _slice(ax, sample)
    panel_letters([volume, overlap, *below])
    return figure


def _slice(ax: Axes, sample: "Sample") -> None:
    """The (z, y) plane of most particle with the surfaces that the methods find in it, and the true one."""
    middle = int(np.argmax(sample.fill.sum(axis=(0, 1))))
    ax.imshow(sample.volume[:, :, middle], origin="lower", cmap="Greys")
    ax.contour(sample.fill[:, :, middle], levels=[0.5], colors=BLACK, linewidths=1.0, linestyles="dashed")
    true = float(np.sum(sample.fill, dtype=np.float64))
    for method in _CONTOURS:
        mask = THRESHOLDS[method](sample.volume, true)[:, :, middle].astype(float)
        ax.contour(mask, levels=[0.5], colors=_LOOKS[method][0], linewidths=1.0)
    inside = np.argwhere(sample.fill[:, :, middle] > 0)
    (bottom, left), (top, right) = inside.min(axis=0) - 3, inside.max(axis=0) + 3
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    ax.set_title(sample.kind)
    ax.set_xlabel("y (voxels); dashed: the true surface")
    ax.set_ylabel("z (voxels)")
