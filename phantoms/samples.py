"""The particles of the published experiment, drawn at random."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .bodies import Body
from .faceted_crystal import FacetedCrystal
from .flux_melted import FluxMelted
from .grid import Grid
from .particle import Particle
from .phantom import Phantom
from .phase import Phase
from .pure import Pure
from .raster import rasterise
from .rough_shard import RoughShard
from .segregated import Segregated
from .sheet import Sheet
from .support_film import SupportFilm
from .table import Table

# Lattice points along each axis of the box about a body, to measure size and shares.
SAMPLING = 40
ATTEMPTS = 200
# In units of the field of view: the bounding sphere stays inside at every tilt, the diameter of the
# sphere of equal volume is drawn from DIAMETER, and somewhere the beam passes THICKEST or more.
OUTERMOST = 0.468
DIAMETER = (0.54, 0.66)
THICKEST = 0.54

FIELD_OF_VIEW_NM = 480.0


def make_phantom(
    name: str, grid: Grid, *, rng: np.random.Generator, supersample: int = 3, **options: Any
) -> Phantom:
    """Draw a particle of the published experiment and rasterise it.

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
    body: str = "any",
) -> Particle:
    """Return a particle of ZIF-4-Co, 4.87 Co nm⁻³."""
    return _standard("ZIF-4-Co", rng, field_of_view_nm, film, body)


def zif62_standard(
    rng: np.random.Generator,
    *,
    field_of_view_nm: float = FIELD_OF_VIEW_NM,
    film: bool = True,
    body: str = "any",
) -> Particle:
    """Return a particle of ZIF-62, about 4.45 Zn nm⁻³."""
    return _standard("ZIF-62", rng, field_of_view_nm, film, body)


def segregated(
    rng: np.random.Generator,
    *,
    field_of_view_nm: float = FIELD_OF_VIEW_NM,
    film: bool = True,
    body: str = "shard",
    width_nm: float = 0.0,
) -> Particle:
    """Return a particle of the blend (aT ZIF-4-Co)0.5(ag ZIF-62)0.5.

    Two phases meet in an inclined, curved sheet, the first on 35 to 65 % of the volume. Their metal
    densities are those measured by Collins et al., APL Mater. 7 (2019) 091111, doi:10.1063/1.5120093.
    """
    shape = random_body(rng, field_of_view_nm, body)
    mixing = Segregated(
        first=Phase(name="co_rich", formula_units={"ZIF-4-Co": 1.0}, metal_density_nm3=5.0),
        second=Phase(name="zn_rich", formula_units={"ZIF-62": 1.0}, metal_density_nm3=6.0),
        width_nm=width_nm,
    )
    sheet = random_sheet(rng, shape, field_of_view_nm, share=rng.uniform(0.35, 0.65))
    return Particle(body=shape, domain=sheet, mixing=mixing, film=SupportFilm.below(shape) if film else None)


def flux_melted(
    rng: np.random.Generator,
    *,
    field_of_view_nm: float = FIELD_OF_VIEW_NM,
    film: bool = True,
    body: str = "shard",
) -> Particle:
    """Return a particle of the flux-melted glass ag[(ZIF-67)0.2(ZIF-62)0.8].

    The Co-rich phase has 28 to 38 % of the volume and the remnant of ZIF-62 a further 28 to 36 %;
    the diffusion lengths follow from these shares. Fractions and densities are the defaults of
    `FluxMelted`.
    """
    shape = random_body(rng, field_of_view_nm, body)
    co_share, remnant_share = rng.uniform(0.28, 0.38), rng.uniform(0.28, 0.36)
    sheet = random_sheet(rng, shape, field_of_view_nm, share=co_share)
    distance = sheet.signed_distance(*_points_inside(shape))
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
        "flux_melted": flux_melted,
    },
)


def _standard(
    material: str, rng: np.random.Generator, field_of_view_nm: float, film: bool, body: str
) -> Particle:
    shape = random_body(rng, field_of_view_nm, body)
    phase = Phase(name=material, formula_units={material: 1.0})
    return Particle(body=shape, mixing=Pure(phase=phase), film=SupportFilm.below(shape) if film else None)


def random_body(rng: np.random.Generator, field_of_view_nm: float, body: str = "any") -> Body:
    """Draw a body that fits a field of view at every tilt.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    field_of_view_nm : float
        Width of the field of view, nm; the body scales with it.
    body : str
        ``"shard"``, ``"crystal"`` or ``"any"`` of the two.

    Returns
    -------
    RoughShard or FacetedCrystal
        The body.
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"`rng` must be a numpy.random.Generator, got {rng!r}; use default_rng(seed)")
    makers = Table("body", {"shard": _shard, "crystal": _crystal})
    kind = body if body != "any" else str(rng.choice(sorted(makers)))
    make = makers[kind]
    for _ in range(ATTEMPTS):
        seed, diameter = int(rng.integers(2**31)), rng.uniform(*DIAMETER)
        aspect = tuple(float(a) for a in rng.uniform((0.85, 0.8, 0.9), (1.0, 1.0, 1.2)))
        rotation = (float(rng.uniform(0, 360)), float(rng.uniform(-15, 15)), float(rng.uniform(-15, 15)))
        # Sizes are judged on a field of view of one, so that all fields of view agree.
        trial = make(1.0, seed, aspect, rotation, None)
        scale = diameter / _mean_diameter(trial)
        shape = make(scale, seed, aspect, rotation, OUTERMOST)
        if shape.bounding_radius_nm <= 1.001 * OUTERMOST and _thickest(shape) >= THICKEST:
            return make(scale * field_of_view_nm, seed, aspect, rotation, OUTERMOST * field_of_view_nm)
    raise RuntimeError(f"no {kind} in {ATTEMPTS} draws fitted the field of view")


def _shard(radius: float, seed: int, aspect, rotation_deg, outer: float | None) -> RoughShard:
    return RoughShard(
        radius_nm=radius,
        outer_radius_nm=outer,
        aspect=aspect,
        rotation_deg=rotation_deg,
        roughness_nm=0.018 * radius,
        wavelength_nm=(0.25 * radius, 1.2 * radius),
        seed=seed,
    )


def _crystal(radius: float, seed: int, aspect, rotation_deg, outer: float | None) -> FacetedCrystal:
    return FacetedCrystal(radius_nm=radius, aspect=aspect, rotation_deg=rotation_deg, seed=seed)


def random_sheet(rng: np.random.Generator, body: Body, field_of_view_nm: float, *, share: float) -> Sheet:
    """Draw an inclined, curved interface that cuts a given share of a body's volume off.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    body : Body
        The body to divide.
    field_of_view_nm : float
        Width of the field of view, nm; the radius of curvature is at least 0.7 of it.
    share : float
        Share of the volume at negative distance.

    Returns
    -------
    Sheet
        The interface.
    """
    sheet = Sheet(
        inclination_deg=float(rng.uniform(30, 80)),
        azimuth_deg=float(rng.uniform(0, 360)),
        curvature_per_nm=float(rng.choice([-1.0, 1.0]) * rng.uniform(0.6, 1.4) / field_of_view_nm),
    )
    points = _points_inside(body)
    low, high = -body.bounding_radius_nm, body.bounding_radius_nm
    for _ in range(30):
        middle = (low + high) / 2
        below = (sheet.replace(offset_nm=middle).signed_distance(*points) < 0).mean()
        low, high = (middle, high) if below < share else (low, middle)
    return sheet.replace(offset_nm=(low + high) / 2)


def _lattice(body: Body) -> tuple[np.ndarray, float]:
    """Which points of a cubic lattice about the origin lie in the body, and its spacing (nm)."""
    step = 2.0 * body.bounding_radius_nm / SAMPLING
    axis = (np.arange(SAMPLING) - (SAMPLING - 1) / 2) * step
    return body.signed_distance(axis[:, None, None], axis[None, :, None], axis) < 0, step


def _points_inside(body: Body) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates (z, y, x) of lattice points inside the body, nm."""
    inside, step = _lattice(body)
    z, y, x = ((index - (SAMPLING - 1) / 2) * step for index in np.nonzero(inside))
    return z, y, x


def _mean_diameter(body: Body) -> float:
    """Diameter of the sphere of equal volume, nm."""
    inside, step = _lattice(body)
    return float(np.cbrt(6.0 / np.pi * inside.sum()) * step)


def _thickest(body: Body) -> float:
    """Longest way of the beam through the body at 0° tilt, nm."""
    inside, step = _lattice(body)
    return float(inside.sum(axis=0).max()) * step
