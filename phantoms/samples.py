"""The particles of the published experiment, a textured and an interdiffused one, drawn at random."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .blends import FIELD_OF_VIEW_NM, BodyKind, interdiffused, segregated, textured
from .flux_melted import FluxMelted
from .grid import Grid
from .particle import Particle
from .phantom import Phantom
from .phase import Phase
from .pure import Pure
from .random_shapes import points_inside, random_body, random_sheet
from .raster import rasterise
from .support_film import SupportFilm
from .table import Table


def make_phantom(
    name: str, grid: Grid, *, rng: np.random.Generator, supersample: int = 3, **options: Any
) -> Phantom:
    """Draw a particle of `PHANTOMS` and rasterise it.

    Parameters
    ----------
    name : str
        A name in `PHANTOMS`.
    grid : Grid
        The voxels; the particle fits their box at every tilt, so that two grids of the same box get
        the same particle from the same seed.
    rng : numpy.random.Generator
        Source of randomness.
    supersample : int
        See `rasterise`.
    **options
        Passed to the builder in `PHANTOMS`: ``film=False``, ``body="crystal"``, ...

    Returns
    -------
    Phantom
        The phantom; ``phantom.particle`` is the analytic truth.

    Examples
    --------
    >>> import numpy as np
    >>> grid = Grid.cube(16, spacing_nm=30.0)
    >>> phantom = make_phantom("zif4_co_standard", grid, rng=np.random.default_rng(7))
    >>> phantom.particle.mixing_state, phantom.elements
    ('pure', ('Co', 'H', 'C', 'N'))
    """
    builder = PHANTOMS[name]
    options.setdefault("field_of_view_nm", float(min(grid.extent_nm)))
    return rasterise(builder(rng, **options), grid, supersample=supersample)


def zif4_co_standard(
    rng: np.random.Generator,
    *,
    field_of_view_nm: float = FIELD_OF_VIEW_NM,
    film: bool = True,
    body: BodyKind = "any",
) -> Particle:
    """Return a particle of ZIF-4-Co, 4.87 Co nm⁻³."""
    return _standard("ZIF-4-Co", rng, field_of_view_nm, film, body)


def zif62_standard(
    rng: np.random.Generator,
    *,
    field_of_view_nm: float = FIELD_OF_VIEW_NM,
    film: bool = True,
    body: BodyKind = "any",
) -> Particle:
    """Return a particle of ZIF-62, about 4.45 Zn nm⁻³."""
    return _standard("ZIF-62", rng, field_of_view_nm, film, body)


def flux_melted(
    rng: np.random.Generator,
    *,
    field_of_view_nm: float = FIELD_OF_VIEW_NM,
    film: bool = True,
    body: BodyKind = "shard",
) -> Particle:
    """Return a particle of the flux-melted glass ag[(ZIF-67)0.2(ZIF-62)0.8].

    The Co-rich phase has 28 to 38 % of the volume and the remnant of ZIF-62 a further 28 to 36 %;
    the diffusion lengths follow from these shares. Fractions and densities are the defaults of
    `FluxMelted`.
    """
    shape = random_body(rng, field_of_view_nm, body)
    co_share, remnant_share = rng.uniform(0.28, 0.38), rng.uniform(0.28, 0.36)
    sheet = random_sheet(rng, shape, field_of_view_nm, share=co_share)
    distance = sheet.signed_distance(*points_inside(shape))
    begin = float(np.quantile(distance, 1.0 - remnant_share))
    unit = FluxMelted(zn_rich_length_nm=1.0).remnant_beyond_nm
    mixing = FluxMelted(
        zn_rich_length_nm=begin / unit,
        co_rich_length_nm=float(np.quantile(-distance[distance < 0], 0.6)),
    )
    return Particle(body=shape, domain=sheet, mixing=mixing, film=SupportFilm.below(shape) if film else None)


PHANTOMS: Table[Callable[..., Particle]] = Table(
    "phantom",
    {
        "zif4_co_standard": zif4_co_standard,
        "zif62_standard": zif62_standard,
        "segregated": segregated,
        "textured": textured,
        "interdiffused": interdiffused,
        "flux_melted": flux_melted,
    },
)


def _standard(
    material: str, rng: np.random.Generator, field_of_view_nm: float, film: bool, body: str
) -> Particle:
    shape = random_body(rng, field_of_view_nm, body)
    phase = Phase(name=material, formula_units={material: 1.0})
    return Particle(body=shape, mixing=Pure(phase=phase), film=SupportFilm.below(shape) if film else None)
