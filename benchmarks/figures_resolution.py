"""Resolution: Fourier-shell correlation, and resolution by direction with the missing wedge."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..metrics.fourier_resolution import ResolutionStatus
from ..metrics.resolution_by_direction import DirectionalResolution
from ..metrics.shell_correlation import FourierShell
from .figures_style import (
    BLACK_ON_ANY,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PAGE_IN,
    SKY,
    VERMILLION,
    new_figure,
    styled,
)

_COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, SKY, GREY)
_MARKERS = "os^Dv<"


@styled
def figure_resolution(
    curves: Mapping[str, FourierShell],
    directions: Mapping[str, DirectionalResolution],
    *,
    spacing_nm: float,
    largest_tilt_deg: float,
    threshold: float | str | None = None,
) -> Figure:
    """Draw Fourier-shell correlations beside the resolution along every direction across the tilt axis.

    Parameters
    ----------
    curves : mapping of str to FourierShell
        By name, such as that of a method; at most six.
    directions : mapping of str to DirectionalResolution
        The same names.
    spacing_nm : float
        Edge of a voxel: two of them are the finest period.
    largest_tilt_deg : float
        Tilts went from minus this to this; what lies beyond is drawn as the missing wedge.
    threshold : float or "half_bit", optional
        At which resolutions are read; the usual one when omitted.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Left: correlation against spatial frequency, with a band of ± one standard error and the
        threshold. Right: resolution as the distance from the centre, in nm, direction as the angle from y
        (horizontal) to z, the beam at 0° (vertical); two voxels are a dotted circle, and directions in
        which nothing is resolved lie on the rim.
    """
    if not curves or len(curves) > len(_COLOURS):
        raise ValueError(f"`curves` must hold one to {len(_COLOURS)} curves, got {len(curves)}")
    figure = new_figure(PAGE_IN, 3.1)
    grid = figure.add_gridspec(1, 2, width_ratios=[1.25, 1])
    left = figure.add_subplot(grid[0])
    right = figure.add_subplot(grid[1], projection="polar")
    _draw_curves(left, curves, threshold)
    _draw_directions(right, directions, spacing_nm, largest_tilt_deg, threshold)
    left.set_title("a", loc="left", fontweight="bold", fontsize=8)
    right.set_title("b", loc="left", fontweight="bold", fontsize=8)
    return figure


def _draw_curves(ax: Axes, curves: Mapping[str, FourierShell], threshold: float | str | None) -> None:
    shell = next(iter(curves.values()))
    for (name, curve), colour, marker in zip(curves.items(), _COLOURS, _MARKERS, strict=False):
        where, value, error = curve.frequency_per_nm, curve.correlation, curve.standard_error
        ax.fill_between(where, value - error, value + error, color=colour, alpha=0.2, linewidth=0)
        ax.plot(
            where, value, color=colour, label=name, marker=marker, markersize=2.2, markevery=3, linewidth=1.1
        )
    ax.plot(shell.frequency_per_nm, shell.threshold(threshold), color="black", linewidth=0.8, linestyle="--")
    ax.plot(shell.frequency_per_nm, shell.threshold("half_bit"), color=GREY, linewidth=0.8, linestyle=":")
    first = shell.frequency_per_nm[0]
    ax.annotate(
        "threshold",
        (first, shell.threshold(threshold)[0]),
        xytext=(1, -2),
        textcoords="offset points",
        va="top",
    )
    ax.annotate(
        "half-bit",
        (shell.frequency_per_nm[-1], shell.threshold("half_bit")[-1]),
        xytext=(-2, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        color=GREY,
    )
    lowest = min(float(np.nanmin(curve.correlation)) for curve in curves.values())
    ax.set_ylim(min(-0.02, lowest - 0.05), 1.03)
    ax.set_xlim(0, shell.frequency_per_nm[-1])
    ax.axhline(0, color=LIGHT, linewidth=0.6, zorder=0)
    ax.set_xlabel("Spatial frequency (nm$^{-1}$)")
    ax.set_ylabel("Correlation with the other half" if shell.halves else "Correlation with the truth")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 0.02))
    periods = ax.secondary_xaxis("top", functions=(lambda value: value, lambda value: value))
    periods.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{1 / value:.0f}" if value > 0 else "∞")
    )
    periods.set_xlabel("Period (nm)")


def _draw_directions(
    ax: Any,
    directions: Mapping[str, DirectionalResolution],
    spacing_nm: float,
    largest_tilt_deg: float,
    threshold: float | str | None,
) -> None:
    found = {name: one.resolutions(threshold) for name, one in directions.items()}
    known = [
        one.nm
        for resolutions in found.values()
        for one in resolutions
        if one.status is not ResolutionStatus.UNRESOLVED
    ]
    # A few directions in which next to nothing is resolved must not shrink all others to a dot.
    usual = 3.0 * float(np.median(known)) if known else 4 * spacing_nm
    rim = max(4 * spacing_nm, min(1.12 * max(known, default=usual), usual))
    wedge = np.radians(90 - largest_tilt_deg)
    for middle in (np.pi / 2, -np.pi / 2):
        ax.bar(middle, rim, width=2 * wedge, color=LIGHT, alpha=0.7, linewidth=0, zorder=0)
    circle = np.linspace(0, 2 * np.pi, 181)
    ax.plot(circle, np.full(circle.size, 2 * spacing_nm), color="black", linewidth=0.7, linestyle=":")
    for (name, one), colour, marker in zip(directions.items(), _COLOURS, _MARKERS, strict=False):
        angles = np.radians(one.directions_deg)
        radii = np.minimum([each.nm for each in found[name]], rim)
        # A detail along a direction is one along its opposite.
        angles, radii = np.concatenate([angles, angles + np.pi]), np.tile(radii, 2)
        order = np.argsort(angles)
        angles, radii = angles[order], radii[order]
        ax.plot(
            np.append(angles, angles[0]),
            np.append(radii, radii[0]),
            color=colour,
            marker=marker,
            markersize=2.2,
            label=name,
            clip_on=False,
        )
    ax.set_ylim(0, rim)
    ax.set_xticks(np.radians([0, 45, 90, 135, 180, 225, 270, 315]))
    ax.set_xticklabels(["$y$", "45°", "$z$", "", "", "", "", "−45°"])
    ax.tick_params(pad=0)
    ax.set_yticks([value for value in MaxNLocator(4).tick_values(0, rim) if 0 < value < rim])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} nm"))
    ax.tick_params(axis="y", labelsize=6)
    # Between the wedge and the axis, where the fewest curves are long.
    ax.set_rlabel_position(-22.5)
    for label in ax.get_yticklabels():
        label.set_path_effects(BLACK_ON_ANY)
    # The names of the rings stand above the curves.
    ax.set_axisbelow(False)
    ax.grid(linewidth=0.4, color=LIGHT)
    ax.spines["polar"].set_linewidth(0.4)
    ax.annotate(
        "never recorded",
        (np.pi / 2, 0.9 * rim),
        ha="center",
        va="center",
        fontsize=6,
        color=GREY,
    )
