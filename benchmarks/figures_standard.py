"""A calibration standard: its micrograph, its reconstructed surface and its thickness map."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .figures_style import (
    BLACK_ON_ANY,
    GREY,
    MICROGRAPH_MAP,
    PAGE_IN,
    new_figure,
    panel_letters,
    scale_bar,
    show_map,
    side_bar,
    styled,
)
from .rendering import Frame, View, surface_image


@styled
def figure_standard(
    *,
    adf: np.ndarray,
    volume: np.ndarray,
    threshold: float,
    thickness_nm: np.ndarray,
    spacing_nm: float,
    name: str = "",
    view: View | None = None,
) -> Figure:
    """Draw a standard as the published figure 1 does.

    Parameters
    ----------
    adf : numpy.ndarray
        ADF micrograph at 0° tilt (y, x), electrons.
    volume : numpy.ndarray
        Reconstructed ADF volume (z, y, x).
    threshold : float
        Level of the surface, in the units of `volume`.
    thickness_nm : numpy.ndarray
        Thickness along the beam at 0° (y, x), nm.
    spacing_nm : float
        Edge of a pixel and of a voxel, nm.
    name : str
        Of the standard.
    view : View, optional
        From where the surface is seen.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide: micrograph, surface, thickness.
    """
    view = view or View()
    figure = new_figure(PAGE_IN, 2.35)
    left, middle, right = figure.subplots(1, 3)
    drawn = show_map(left, adf, spacing_nm=spacing_nm, colours=MICROGRAPH_MAP, low=None)
    side_bar(left, drawn, "ADF signal (electrons)")
    left.set_title(f"{name} micrograph, 0°".strip())
    show_surface(middle, volume, threshold, view=view, spacing_nm=spacing_nm)
    middle.set_title("Reconstructed surface")
    drawn = show_map(right, thickness_nm, spacing_nm=spacing_nm)
    side_bar(right, drawn, "Thickness (nm)")
    right.set_title("Thickness along the beam")
    panel_letters([left, middle, right])
    return figure


def show_surface(ax: Axes, volume: np.ndarray, threshold: float, *, view: View, spacing_nm: float) -> None:
    """Draw the surface of a volume with a scale bar and its axes."""
    frame = Frame.around(volume, threshold)
    picture = surface_image(volume, threshold, view=view, frame=frame)
    show_picture(ax, picture, width_nm=frame.edge * spacing_nm)
    show_axes(ax, view)


def show_picture(ax: Axes, picture: np.ndarray, *, width_nm: float, bar: bool = True) -> None:
    """Draw a rendered picture, without axes."""
    ax.imshow(picture, extent=(0.0, width_nm, width_nm, 0.0), interpolation="bilinear")
    ax.set_axis_off()
    if bar:
        scale_bar(ax, width_nm, width_nm, colour="black")


def show_axes(ax: Axes, view: View, *, at: tuple[float, float] = (0.86, 0.13), length: float = 0.09) -> None:
    """Draw the directions of x (the tilt axis), y and z in a corner, as the view turns them."""
    _, up, right = view.basis
    for index, name in ((2, "x"), (1, "y"), (0, "z")):
        dx, dy = length * right[index], length * up[index]
        ax.annotate(
            "",
            xy=(at[0] + dx, at[1] + dy),
            xytext=at,
            xycoords="axes fraction",
            textcoords="axes fraction",
            arrowprops={
                "arrowstyle": "-|>",
                "linewidth": 0.8,
                "color": GREY,
                "shrinkA": 0,
                "mutation_scale": 5,
            },
        )
        reach = 1.45 if np.hypot(dx, dy) > 0.4 * length else 2.2
        ax.text(
            at[0] + reach * dx,
            at[1] + reach * dy,
            name,
            transform=ax.transAxes,
            ha="center",
            va="center",
            fontsize=6.5,
            fontstyle="italic",
            path_effects=BLACK_ON_ANY,
        )
