"""Profiles across an interface: shell means, the fit, the truth, and what the volume's blur alone makes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .figures_style import (
    BLACK_ON_ANY,
    ELEMENT_COLOURS,
    GREY,
    LIGHT,
    PAGE_IN,
    new_figure,
    panel_letters,
    styled,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class InterfaceProfile:
    """Mean densities in shells of equal distance to an interface.

    Attributes
    ----------
    name : str
        Of the particle.
    distance_nm : numpy.ndarray
        (shells,) signed distance, positive in the zinc-rich phase.
    measured, fitted : mapping of str to numpy.ndarray
        Element to density (shells,), atoms nm⁻³; NaN in empty shells.
    true : callable, optional
        Distances to the true densities there, by element.
    blur_nm : float
        10–90 % width of a perfectly sharp interface in this volume; NaN if not known.
    label : str
        What the fit found, in words.
    """

    name: str
    distance_nm: np.ndarray
    measured: Mapping[str, np.ndarray]
    fitted: Mapping[str, np.ndarray]
    true: Callable[[np.ndarray], Mapping[str, np.ndarray]] | None = None
    blur_nm: float = float("nan")
    label: str = ""


@styled
def figure_interfaces(profiles: Sequence[InterfaceProfile]) -> Figure:
    """Draw the profile of each particle's interface.

    Parameters
    ----------
    profiles : sequence of InterfaceProfile
        A panel for each.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Points: shell means. Lines: the fit. Dashed: the truth. Band: the 10–90 % width that a
        sharp interface shows in this volume.
    """
    figure = new_figure(PAGE_IN, 2.6)
    axes = figure.subplots(1, max(len(profiles), 1), squeeze=False)[0]
    for ax, profile in zip(axes, profiles, strict=False):
        show_profile(ax, profile)
    axes[0].set_ylabel("Number density (nm$^{-3}$)")
    elements = list(dict.fromkeys(element for profile in profiles for element in profile.measured))
    marks = [Line2D([], [], color=ELEMENT_COLOURS.get(one, GREY), linewidth=3) for one in elements]
    marks += [
        Line2D([], [], color=GREY, marker="o", markersize=2.5, linestyle="none"),
        Line2D([], [], color=GREY),
        Line2D([], [], color="black", linestyle="--", linewidth=0.8),
        Line2D([], [], color=LIGHT, linewidth=5),
    ]
    words = [*elements, "shell means", "fit", "true", "blur of the volume"]
    figure.legend(marks, words, loc="outside lower center", ncols=len(words))
    panel_letters(list(axes))
    return figure


def show_profile(ax: Axes, profile: InterfaceProfile) -> None:
    """Draw one profile."""
    if np.isfinite(profile.blur_nm):
        ax.axvspan(-profile.blur_nm / 2, profile.blur_nm / 2, color=LIGHT, linewidth=0, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.6)
    known = np.isfinite(np.stack(list(profile.measured.values()))).all(axis=0)
    distance = profile.distance_nm[known]
    for element, density in profile.measured.items():
        colour = ELEMENT_COLOURS.get(element, GREY)
        ax.plot(distance, density[known], "o", color=colour, markersize=2.2)
        if element in profile.fitted:
            ax.plot(distance, profile.fitted[element][known], color=colour)
    if profile.true is not None and distance.size:
        # Finer than the shells: a jump of the truth is upright.
        fine = np.linspace(distance.min(), distance.max(), 2001)
        for density in profile.true(fine).values():
            ax.plot(fine, density, color="black", linestyle="--", linewidth=0.8)
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.set_xlabel("Distance to the interface (nm)")
    ax.set_title(profile.name)
    if profile.label:
        ax.text(
            0.97, 0.5, profile.label, transform=ax.transAxes, ha="right", va="center", fontsize=6.5,
            path_effects=BLACK_ON_ANY,
        )  # fmt: skip
