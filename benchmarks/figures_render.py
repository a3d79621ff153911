"""Volume renderings of the particles, coloured by composition."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from .figures_standard import show_axes, show_picture
from .figures_style import COMPOSITION_MAP, DPI, FRACTION_LABEL, PAGE_IN, panel_letters, placed, styled
from .rendering import Frame, View, composition_image

# Towards the viewer, up and right: the corner beside the lit one is cut away.
_CUT = (0.65, 0.45, 0.6)
# Inches above each row for its titles, and below all for the key.
_HEAD, _FOOT = 0.2, 0.45


@styled
def figure_rendering(
    particles: Mapping[str, tuple[np.ndarray, np.ndarray]], *, spacing_nm: float, view: View | None = None
) -> Figure:
    """Draw particles whole and cut open, as the published figure 4 does.

    Parameters
    ----------
    particles : mapping of str to (zn, co)
        Title to the reconstructed number densities (z, y, x), nm⁻³.
    spacing_nm : float
        Edge of a voxel, nm.
    view : View, optional
        From where.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide; two pictures a particle, and the key to the colours.
    """
    view = view or View()
    across = min(4, 2 * len(particles))
    rows = -(-2 * len(particles) // across)
    side = PAGE_IN / 4
    figure = Figure(figsize=(across * side, rows * (side + _HEAD) + _FOOT), dpi=DPI)
    panels = [
        placed(figure, (k % across) * side, (k // across) * (side + _HEAD) + _HEAD, side, side)
        for k in range(2 * len(particles))
    ]
    totals = [zn + co for zn, co in particles.values()]
    frames = [Frame.around(total, 0.4 * float(np.quantile(total, 0.999))) for total in totals]
    # One magnification for all.
    edge = max(frame.edge for frame in frames)
    for pair, (title, (zn, co)) in enumerate(particles.items()):
        frame = Frame(centre=frames[pair].centre, edge=edge)
        for ax, cut in zip(panels[2 * pair : 2 * pair + 2], (None, _CUT), strict=True):
            picture = composition_image(zn, co, view=view, frame=frame, colours=COMPOSITION_MAP, cut=cut)
            show_picture(ax, picture, width_nm=frame.edge * spacing_nm, bar=cut is None)
            ax.set_title(title if cut is None else "cut open")
        show_axes(panels[2 * pair + 1], view)
    width, height = figure.get_size_inches()
    key = placed(figure, width / 2 - 1.2, height - _FOOT + 0.06, 2.4, 0.08)
    mapped = ScalarMappable(Normalize(0, 1), COMPOSITION_MAP)
    bar: Any = figure.colorbar(mapped, cax=key, orientation="horizontal", label=FRACTION_LABEL)
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1], labels=["0 (Co)", "0.25", "0.5", "0.75", "1 (Zn)"])
    bar.outline.set_linewidth(0.5)
    panel_letters(panels)
    return figure
