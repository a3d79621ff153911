"""Bodies and interfaces drawn at random, to fit a field of view."""

import numpy as np

from .bodies import Body
from .faceted_crystal import FacetedCrystal
from .rough_shard import RoughShard
from .sheet import Sheet
from .table import Table

# Lattice points along each axis of the box about a body, to measure size and shares.
SAMPLING = 40
ATTEMPTS = 200
# In units of the field of view: the bounding sphere stays inside at every tilt, the diameter of the
# sphere of equal volume is drawn from DIAMETER, and somewhere the beam passes THICKEST or more.
OUTERMOST = 0.468
DIAMETER = (0.54, 0.66)
THICKEST = 0.54


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
    points = points_inside(body)
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


def points_inside(body: Body) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
