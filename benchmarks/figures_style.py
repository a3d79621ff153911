"""How every figure looks: sizes, type, colours that colour-blind readers can tell apart, scale bars.

Figures are made without pyplot (no global state, no display) and with the fonts that matplotlib ships, so
that every machine draws the same picture.
"""

import io
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator, NullFormatter

# Widths of a journal's column and page, inches.
COLUMN_IN = 3.4
PAGE_IN = 7.0
DPI = 220

# Okabe and Ito's palette.
BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREY = "#6E6E6E"
LIGHT = "#D9D9D9"
ELEMENT_COLOURS = {"Co": BLUE, "Zn": ORANGE}

DENSITY_MAP = "viridis"
# From cobalt's blue to zinc's orange: hue and lightness both change, so no kind of colour vision loses it.
COMPOSITION_MAP = LinearSegmentedColormap.from_list("composition", ["#0A5C9E", "#8A8D98", "#F5AE14"])
MICROGRAPH_MAP = "gray"

FRACTION_LABEL = r"Zinc fraction $X$ = Zn/(Zn + Co)"
DENSITY_LABEL = "Metal density (nm$^{-3}$)"

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.1,
    "image.interpolation": "nearest",
    "image.origin": "upper",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "glasstomo",
}

# Decorates a function that makes a figure.
styled = matplotlib.rc_context(STYLE)

_WHITE_ON_ANY = [patheffects.withStroke(linewidth=1.4, foreground="black", alpha=0.75)]
BLACK_ON_ANY = [patheffects.withStroke(linewidth=1.6, foreground="white", alpha=0.9)]


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure whose parts arrange themselves."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, layout="constrained")
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    return figure


def png_bytes(figure: Figure, *, dpi: int = DPI) -> bytes:
    """Return the figure as a PNG file, without the date or version that would change its bits."""
    with matplotlib.rc_context(STYLE), io.BytesIO() as stream:
        figure.savefig(stream, format="png", dpi=dpi, metadata={"Software": None})
        return stream.getvalue()


def panel_letters(axes: Sequence[Axes]) -> None:
    """Letter the panels a, b, c … left of their titles."""
    for letter, ax in zip("abcdefghijklmnop", axes, strict=False):
        ax.set_title(letter, loc="left", fontweight="bold", fontsize=8)


def show_map(
    ax: Axes,
    image: np.ndarray,
    *,
    spacing_nm: float,
    colours: str | Colormap = DENSITY_MAP,
    low: float | None = 0.0,
    high: float | None = None,
    bar: bool = True,
) -> AxesImage:
    """Draw an image (row, column) with square pixels and a scale bar instead of ticks.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    image : numpy.ndarray
        (row, column), rows downwards.
    spacing_nm : float
        Edge of a pixel, nm.
    colours : str or Colormap
        Colour map.
    low, high : float or None
        Values at the ends of the colour map; None takes the image's own.
    bar : bool
        Draw the scale bar.
    """
    rows, columns = image.shape
    extent = (0.0, columns * spacing_nm, rows * spacing_nm, 0.0)
    drawn = ax.imshow(image, cmap=colours, vmin=low, vmax=high, extent=extent)
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    if bar:
        scale_bar(ax, columns * spacing_nm, rows * spacing_nm)
    return drawn


def scale_bar(ax: Axes, width_nm: float, height_nm: float, *, colour: str = "white") -> None:
    """Draw a bar of a round length in the lower left corner of an image in nm."""
    length = round_length(width_nm / 3.2)
    effects = _WHITE_ON_ANY if colour == "white" else BLACK_ON_ANY
    x, y = 0.05 * width_nm, 0.95 * height_nm
    ax.plot([x, x + length], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt", path_effects=effects)
    ax.text(
        x + length / 2,
        y - 0.02 * height_nm,
        f"{length:g} nm",
        color=colour,
        ha="center",
        va="bottom",
        fontsize=6.5,
        path_effects=effects,
    )


def round_length(most: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above `most`.

    Examples
    --------
    >>> round_length(148.0), round_length(0.7)
    (100.0, 0.5)
    """
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9)))


def placed(figure: Figure, left_in: float, top_in: float, width_in: float, height_in: float) -> Axes:
    """Add axes at a place counted in inches from the upper left corner of the figure."""
    width, height = figure.get_size_inches()
    return figure.add_axes(
        (left_in / width, 1 - (top_in + height_in) / height, width_in / width, height_in / height)
    )


def side_bar(ax: Axes, drawn: Any, label: str) -> None:
    """Add a colour bar as tall as the image beside it."""
    inset = ax.inset_axes((1.04, 0, 0.05, 1))
    finish_bar(ax.figure.colorbar(drawn, cax=inset, label=label), drawn)


def plus_minus(value: float, error: float) -> str:
    """Write a value and its standard error to the first digit of the error.

    Examples
    --------
    >>> plus_minus(2.3941, 0.0021), plus_minus(2.3941, float("nan"))
    ('2.394 ± 0.002', '2.39')
    """
    if not (np.isfinite(error) and error > 0):
        return f"{value:.3g}"
    digits = max(0, -int(np.floor(np.log10(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def colour_bar(figure: Figure, drawn: Any, axes: Axes | Sequence[Axes], label: str, **options: Any) -> None:
    """Add a colour bar with few ticks and its quantity and unit."""
    location = {"pad": 0.015, "aspect": 18, "shrink": 0.9, **options}
    finish_bar(figure.colorbar(drawn, ax=axes, label=label, **location), drawn)


def finish_bar(bar: Any, drawn: Any) -> None:
    """Give a colour bar a thin outline, few ticks and plain numbers."""
    bar.outline.set_linewidth(0.5)
    if isinstance(drawn.norm, LogNorm):
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        bar.locator = MaxNLocator(4)
        if drawn.norm.vmax >= 1e4:
            bar.formatter = EngFormatter(sep="")
        bar.update_ticks()
