"""Particles of the two glasses of the published blend: segregated, textured, interdiffused."""

from statistics import NormalDist
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat

from .interdiffused import Interdiffused
from .particle import Particle
from .phase import Phase
from .random_shapes import points_inside, random_body, random_sheet
from .random_texture import RandomTexture
from .segregated import Segregated
from .support_film import SupportFilm

FIELD_OF_VIEW_NM = 480.0

# Diffusion lengths that are drawn, in units of the field of view: 60 to 150 nm in 480 nm. Below, the
# mixed zone is as thin as blur makes a sharp interface; above, no pure metal is left.
DIFFUSION_LENGTH = (0.125, 0.3125)

# What the options of a particle may be; a design checks them before it draws anything.
BodyKind = Literal["any", "shard", "crystal"]
TextureShare = Annotated[float, Field(ge=0.05, le=0.95)]


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
        mixing=_unmixed(width_nm),
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
        mixing=_unmixed(width_nm),
        film=SupportFilm.below(shape) if film else None,
    )


def interdiffused(
    rng: np.random.Generator,
    *,
    field_of_view_nm: float = FIELD_OF_VIEW_NM,
    film: bool = True,
    body: BodyKind = "shard",
    diffusion_length_nm: PositiveFloat | None = None,
) -> Particle:
    """Return a particle of the two glasses of `segregated` after their metals diffused into each other.

    Body and interface of a seed are those of `segregated`; what differs is that the interface has become
    a zone of mixed metal, without a miscibility limit: fractions run through all values.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    field_of_view_nm : float
        Width of the field of view, nm.
    film, body
        As for `segregated`.
    diffusion_length_nm : float, optional
        ℓ = 2√(D t), nm; drawn evenly between 1/8 and 5/16 of the field of view without one: 60 to 150 nm
        in 480 nm. Fractions from 0.1 to 0.9 take 1.81 ℓ.

    Returns
    -------
    Particle
        The analytic truth; ``mixing_state`` is "interdiffused", however short the length.

    Raises
    ------
    ValueError
        When `diffusion_length_nm` is not positive.

    Notes
    -----
    The profile is the one of `Interdiffused`, with its approximations: plane to first order, no flux
    held back by the surface of the particle.

    Examples
    --------
    >>> particle = interdiffused(np.random.default_rng(5), diffusion_length_nm=80.0)
    >>> particle.mixing.diffusion_length_nm, particle.mixing_state
    (80.0, 'interdiffused')
    """
    shape = random_body(rng, field_of_view_nm, body)
    sheet = random_sheet(rng, shape, field_of_view_nm, share=rng.uniform(0.35, 0.65))
    first, second = _glasses()
    drawn = float(rng.uniform(*DIFFUSION_LENGTH)) * field_of_view_nm
    length = drawn if diffusion_length_nm is None else diffusion_length_nm
    return Particle(
        body=shape,
        domain=sheet,
        mixing=Interdiffused(first=first, second=second, diffusion_length_nm=length),
        film=SupportFilm.below(shape) if film else None,
    )


def _unmixed(width_nm: float) -> Segregated:
    """The two glasses side by side, with an interface of some 10-90 % width (nm)."""
    first, second = _glasses()
    return Segregated(first=first, second=second, width_nm=width_nm)


def _glasses() -> tuple[Phase, Phase]:
    """The two phases of the segregated blend."""
    return (
        Phase(name="co_rich", formula_units={"ZIF-4-Co": 1.0}, metal_density_nm3=5.0),
        Phase(name="zn_rich", formula_units={"ZIF-62": 1.0}, metal_density_nm3=6.0),
    )
