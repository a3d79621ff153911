"""The particles of the published experiment, and a textured one, drawn at random."""

from collections.abc import Callable
from statistics import NormalDist
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat

from .flux_melted import FluxMelted
from .grid import Grid
from .particle import Particle
from .phantom import Phantom
from .phase import Phase
from .pure import Pure
from .random_shapes import points_inside, random_body, random_sheet
from .random_texture import RandomTexture
from .raster import rasterise
from .segregated import Segregated
from .support_film import SupportFilm
from .table import Table

FIELD_OF_VIEW_NM = 480.0

# What the options of a particle may be; a design checks them before it draws anything.
BodyKind = Literal["any", "shard", "crystal"]
TextureShare = Annotated[float, Field(ge=0.05, le=0.95)]


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


def segregated(
    rng: np.random.Generator,
    *,
    field_of_view_nm: float = FIELD_OF_VIEW_NM,
    film: bool = True,
    body: BodyKind = "shard",
    width_nm: NonNegativeFloat = 0.0,
) -> Particle:
    """Return a particle of the blend (aT ZIF-4-Co)0.5(ag ZIF-62)0.5.

    Two phases meet in an inclined, curved sheet, the first on 35 to 65 % of the volume. Their metal
    densities are those measured by Collins et al., APL Mater. 7 (2019) 091111, doi:10.1063/1.5120093.
    """
    shape = random_body(rng, field_of_view_nm, body)
    sheet = random_sheet(rng, shape, field_of_view_nm, share=rng.uniform(0.35, 0.65))
    return Particle(
        body=shape,
        domain=sheet,
        mixing=_two_glasses(width_nm),
        film=SupportFilm.below(shape) if film else None,
    )


def textured(
    rng: np.random.Generator,
    *,
    field_of_view_nm: float = FIELD_OF_VIEW_NM,
    film: bool = True,
    body: BodyKind = "shard",
    wavelength_nm: PositiveFloat = 160.0,
    share: TextureShare = 0.5,
    width_nm: NonNegativeFloat = 0.0,
) -> Particle:
    """Return a particle whose two phases interweave at random, as after spinodal decomposition.

    The phases are those of `segregated`; what differs is how much interface lies between them, which
    the wavelength sets. The body does not depend on the wavelength: particles of one seed differ in
    their texture only, and one of half the wavelength is the same texture seen at half the scale.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    field_of_view_nm : float
        Width of the field of view, nm.
    film, body
        As for `segregated`.
    wavelength_nm : float
        Wavelength of the texture, nm: 2π over the root mean square wave number, 2πξ/√3 with the
        correlation length ξ of `RandomTexture`. A domain is about half of it across.
    share : float
        Share of the body's volume in the first phase (Co-rich), held to 1 % or better in the body
        that was drawn, unlike the share of a texture without end.
    width_nm : float
        10-90 % width of the interfaces, nm. Far below the wavelength: distances to the interface are
        right to first order only.

    Returns
    -------
    Particle
        The analytic truth; ``mixing_state`` is "segregated", however fine the texture.

    Raises
    ------
    ValueError
        When `wavelength_nm` is not positive or `share` not between 0.05 and 0.95.

    Notes
    -----
    A Gaussian random field of unit variance cut at u has (2/π) exp(−u²/2)/ξ of interface per volume:
    twice its crossings per length of a line (S. O. Rice, Bell Syst. Tech. J. 24 (1945) 46,
    doi:10.1002/j.1538-7305.1945.tb00453.x, eq. 3.3-11). At equal shares that is 2.31/wavelength.

    Examples
    --------
    >>> particle = textured(np.random.default_rng(5), wavelength_nm=120.0)
    >>> round(particle.domain.correlation_nm, 2), particle.mixing_state
    (33.08, 'segregated')
    """
    if not (np.isfinite(wavelength_nm) and wavelength_nm > 0):
        raise ValueError(f"`wavelength_nm` must be positive, got {wavelength_nm}")
    if not 0.05 <= share <= 0.95:
        raise ValueError(f"`share` must lie between 0.05 and 0.95, got {share}")
    shape = random_body(rng, field_of_view_nm, body)
    texture = RandomTexture(
        correlation_nm=float(np.sqrt(3.0) / (2.0 * np.pi) * wavelength_nm), seed=int(rng.integers(2**31))
    )
    level = float(np.quantile(texture.field(*points_inside(shape)), share))
    # Where a body is smaller than the texture, the level may lie anywhere; the fraction stays inside (0, 1).
    fraction = float(np.clip(NormalDist().cdf(level), 1e-9, 1.0 - 1e-9))
    return Particle(
        body=shape,
        domain=texture.replace(volume_fraction=fraction),
        mixing=_two_glasses(width_nm),
        film=SupportFilm.below(shape) if film else None,
    )


def _two_glasses(width_nm: float) -> Segregated:
    """The phases of the segregated blend, with an interface of some 10-90 % width (nm)."""
    return Segregated(
        first=Phase(name="co_rich", formula_units={"ZIF-4-Co": 1.0}, metal_density_nm3=5.0),
        second=Phase(name="zn_rich", formula_units={"ZIF-62": 1.0}, metal_density_nm3=6.0),
        width_nm=width_nm,
    )


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
        "flux_melted": flux_melted,
    },
)


def _standard(
    material: str, rng: np.random.Generator, field_of_view_nm: float, film: bool, body: str
) -> Particle:
    shape = random_body(rng, field_of_view_nm, body)
    phase = Phase(name=material, formula_units={material: 1.0})
    return Particle(body=shape, mixing=Pure(phase=phase), film=SupportFilm.below(shape) if film else None)
