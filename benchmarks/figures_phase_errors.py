"""Phase diagrams with their uncertainty: raw, corrected and true side by side."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.ticker import MaxNLocator, MultipleLocator

from ..metrics import Phase, PhaseDiagram
from .figures_phase import density_range, share_scale, voxel_shares
from .figures_style import (
    BLACK_ON_ANY,
    DENSITY_LABEL,
    DENSITY_MAP,
    FRACTION_LABEL,
    PAGE_IN,
    VERMILLION,
    colour_bar,
    new_figure,
    panel_letters,
    plus_minus,
    styled,
)

_BINS = 60
# Radius, in standard deviations, that holds 95 % of a Gaussian of two dimensions.
_REACH_95 = 2.4477


@styled
def figure_phase_errors(diagrams: Mapping[str, PhaseDiagram], *, name: str = "") -> Figure:
    """Draw several phase diagrams of one particle with the errors of their phases and voxels.

    Parameters
    ----------
    diagrams : mapping of str to PhaseDiagram
        Title to diagram, such as "Reconstructed", "Corrected" and "True"; two metals each.
    name : str
        Of the particle.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide, one panel a diagram, on the same axes and colour scale. A thin ellipse is 2.45 standard
        deviations of a phase's voxels, which hold 95 % of a Gaussian, a dashed one the same without their
        noise, a filled one that of the centre by noise. Figures are those of `Phase`, ± one standard
        uncertainty. The cross in the corner is ±2 standard errors of a typical voxel.

    Raises
    ------
    ValueError
        If there is no diagram, or one of more than two metals.
    """
    if not diagrams:
        raise ValueError("`diagrams` must hold at least one diagram, got none")
    for title, diagram in diagrams.items():
        if len(diagram.names) != 2:
            raise ValueError(
                f"diagram {title!r} has {len(diagram.names)} metals; draw it with figure_ternary"
            )
    low, high = density_range(*(d.density for d in diagrams.values()))
    edges = np.linspace(0, 1, _BINS + 1), np.linspace(low, high, _BINS + 1)
    shares = [voxel_shares(np.clip(d.fraction, 0, 1), d.density, edges) for d in diagrams.values()]
    scale = share_scale(shares)
    figure = new_figure(PAGE_IN, 0.62 + PAGE_IN / max(len(diagrams), 2) * 0.86)
    axes = figure.subplots(1, len(diagrams), sharex=True, sharey=True, squeeze=False)[0]
    for ax, (title, diagram), share in zip(axes, diagrams.items(), shares, strict=True):
        drawn = ax.pcolormesh(
            *edges, np.ma.masked_equal(share.T, 0), cmap=DENSITY_MAP, norm=scale, rasterized=True
        )
        for phase in diagram.phases:
            show_phase(ax, phase)
        show_voxel_error(ax, diagram)
        ax.set(title=title, xlabel=_label(diagram), xlim=(-0.04, 1.04), ylim=(low, high))
        ax.xaxis.set_major_locator(MultipleLocator(0.2))
        ax.yaxis.set_major_locator(MaxNLocator(6))
    axes[0].set_ylabel(DENSITY_LABEL)
    panel_letters(list(axes))
    colour_bar(figure, drawn, list(axes), "Voxels per bin (%)", aspect=28, shrink=0.85, extend="max")
    if name:
        figure.suptitle(name, fontsize=8)
    return figure


def show_phase(ax: Axes, phase: Phase) -> None:
    """Draw a phase's spread and the region of its centre, and write its figures beside it."""
    for covariance, style in (
        (phase.covariance, {"fill": False, "linewidth": 0.9}),
        (phase.intrinsic_covariance, {"fill": False, "linewidth": 0.8, "linestyle": "--"}),
        (phase.centre_covariance, {"facecolor": VERMILLION, "linewidth": 0.3}),
    ):
        if covariance is not None and np.isfinite(covariance).all():
            ax.add_patch(ellipse((phase.fraction, phase.density), covariance, edgecolor=VERMILLION, **style))
    right = phase.fraction > 0.5
    reach = _REACH_95 * phase.spread[1]
    fraction_error, density_error = _shown_errors(phase)
    ax.annotate(
        f"$X$ = {plus_minus(phase.fraction, fraction_error)}\n"
        f"{plus_minus(phase.density, density_error)} nm$^{{-3}}$\n"
        f"{plus_minus(100 * phase.share, 100 * phase.share_error)} %",
        xy=(phase.fraction, phase.density + reach),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right" if right else "left",
        va="bottom",
        fontsize=5.5,
        path_effects=BLACK_ON_ANY,
    )


def _shown_errors(phase: Phase) -> tuple[float, float]:
    """Standard uncertainties, down to what is worth reading; none for a diagram without replicates."""
    if phase.errors_from != "replicates":
        return float("nan"), float("nan")
    fraction, density = phase.uncertainty
    return max(fraction, 1e-3), max(density, 1e-2)


def ellipse(centre: tuple[float, float], covariance: np.ndarray, **style: Any) -> Ellipse:
    """Ellipse that holds 95 % of a Gaussian of two dimensions."""
    values, vectors = np.linalg.eigh(covariance)
    width, height = 2 * _REACH_95 * np.sqrt(np.maximum(values, 0.0))
    angle = float(np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0])))
    return Ellipse(centre, width, height, angle=angle, **style)


def show_voxel_error(ax: Axes, diagram: PhaseDiagram) -> None:
    """Draw ±2 standard errors of a typical voxel in the lower corner; nothing without replicates."""
    fraction, density = diagram.fraction_error, diagram.density_error
    if fraction is None or density is None:
        return
    low, high = ax.get_ylim()
    level = low + 0.1 * (high - low)
    ax.errorbar(
        0.5, level, xerr=2 * float(np.median(fraction)), yerr=2 * float(np.median(density)),
        color="black", linewidth=0.9, capsize=1.5,
    )  # fmt: skip
    ax.annotate(
        "a voxel's noise, ±2σ", xy=(0.5, level), xytext=(8, 0), textcoords="offset points",
        va="center", fontsize=5.5, path_effects=BLACK_ON_ANY,
    )  # fmt: skip


def _label(diagram: PhaseDiagram) -> str:
    first, second = diagram.names
    if (first, second) == ("Zn", "Co"):
        return FRACTION_LABEL
    return f"{first} fraction $X$ = {first}/({first} + {second})"
