"""Connected domains of a particle: slices coloured by domain, and their sizes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from ..metrics import PhaseDiagram
from ..metrics.domains import Domains
from .figures_maps import mass_centre, orthoslices, particle_box
from .figures_style import BLACK_ON_ANY, PAGE_IN, new_figure, panel_letters, scale_bar, styled
from .figures_ternary import PHASE_COLOURS

_TITLES = ("Slice ($y$, $x$)", "Slice ($z$, $x$)", "Slice ($z$, $y$)")
_MOST_NAMED = 9
_EDGE_LIGHTER = 0.45


@styled
def figure_domains(
    diagram: PhaseDiagram,
    domains: Domains,
    *,
    spacing_nm: float,
    centre: tuple[int, int, int] | None = None,
    name: str = "",
) -> Figure:
    """Draw the domains of a particle's phases.

    Parameters
    ----------
    diagram : PhaseDiagram
        Whose phases they are.
    domains : Domains
        As `connected_domains` finds them.
    spacing_nm : float
        Edge of a voxel, nm.
    centre : tuple of int, optional
        Voxel (z, y, x) through which the slices go; by default the particle's centre of mass.
    name : str
        Of the particle.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide: three slices, and the equivalent diameter of the largest domains. A colour is a phase,
        its tints are the phase's domains; paler voxels lie outside the diagram's interior and took the
        phase of their neighbours.
    """
    particle = diagram.particle.astype(float)
    box = particle_box(particle)
    centre = centre or mass_centre(particle)
    image = _coloured(domains, diagram)
    figure = new_figure(PAGE_IN, 2.15)
    axes = figure.subplots(1, 4, width_ratios=[1, 1, 1, 1.1])
    channels = [orthoslices(image[..., channel], centre, box) for channel in range(3)]
    for panel, ax in enumerate(axes[:3]):
        slice_ = np.stack([channel[panel] for channel in channels], axis=-1)
        rows, columns = slice_.shape[:2]
        ax.imshow(slice_, extent=(0.0, columns * spacing_nm, rows * spacing_nm, 0.0))
        ax.set(title=_TITLES[panel], xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_visible(False)
        if panel == 0:
            scale_bar(ax, columns * spacing_nm, rows * spacing_nm, colour="black")
    _show_sizes(axes[3], domains)
    panel_letters(list(axes))
    if name:
        figure.suptitle(name, fontsize=8)
    return figure


def _show_sizes(ax: Axes, domains: Domains) -> None:
    """Draw the equivalent diameters of the largest domains with their compositions."""
    shown = domains.domains[:_MOST_NAMED]
    rows = np.arange(len(shown))
    colours = _domain_colours(domains)
    ax.barh(rows, [d.equivalent_diameter_nm for d in shown], color=colours[: len(shown)], height=0.7)
    for row, domain in zip(rows, shown, strict=True):
        text = f"$X$ = {domain.fraction:.2f}, {domain.density:.1f} nm$^{{-3}}$"
        ax.annotate(
            text + (", spans" if domain.spanning else ""), xy=(0, row), xytext=(2, 0),
            textcoords="offset points", va="center", fontsize=5.5, path_effects=BLACK_ON_ANY,
        )  # fmt: skip
    ax.invert_yaxis()
    ax.set(yticks=[], xlabel="Equivalent diameter (nm)")
    count = len(domains.domains)
    ax.set_title(f"{count} domain{'' if count == 1 else 's'}")


def _coloured(domains: Domains, diagram: PhaseDiagram) -> np.ndarray:
    """Colours (z, y, x, 3) of every voxel; white outside the particle."""
    table = np.vstack([np.ones((1, 3)), _domain_colours(domains)])
    image = table[domains.labels]
    pale = (domains.labels > 0) & ~diagram.interior
    image[pale] += _EDGE_LIGHTER * (1.0 - image[pale])
    return image


def _domain_colours(domains: Domains) -> np.ndarray:
    """Colour (domain, 3): the phase's, the paler the smaller the domain among its own."""
    colours = np.ones((len(domains.domains), 3))
    met: dict[int, int] = {}
    for index, domain in enumerate(domains.domains):
        base = np.array(to_rgb(PHASE_COLOURS[domain.phase % len(PHASE_COLOURS)]))
        place = met.get(domain.phase, 0)
        met[domain.phase] = place + 1
        colours[index] = base + (1.0 - base) * min(0.16 * place, 0.55)
    return colours
