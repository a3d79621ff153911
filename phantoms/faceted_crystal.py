"""A convex crystal bounded by flat facets."""

from collections.abc import Callable
from functools import cached_property, partial
from itertools import permutations, product
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from .facets import reachable, spread_normals, support_nm
from .frame import Placed, Point, rotation_matrix

Habit = Literal["random", "cube", "octahedron", "truncated_octahedron", "rhombic_dodecahedron"]

# Miller families of each habit with the distance of its facets in units of the radius.
_FORMS: dict[str, tuple[tuple[tuple[int, int, int], float], ...]] = {
    "cube": (((1, 0, 0), 1.0),),
    "octahedron": (((1, 1, 1), 1.0),),
    "truncated_octahedron": (((1, 1, 1), 1.0), ((1, 0, 0), 2.0 / np.sqrt(3.0))),
    "rhombic_dodecahedron": (((1, 1, 0), 1.0),),
}


class FacetedCrystal(Placed):
    """A convex polyhedron: a cubic habit, or random facets from a seed.

    Parameters
    ----------
    radius_nm : float
        Distance of the nearest facets from the centre for a cubic habit; radius of the sphere
        that the facets of a random crystal touch at most, nm.
    habit : str
        ``"random"``, ``"cube"``, ``"octahedron"``, ``"truncated_octahedron"`` or
        ``"rhombic_dodecahedron"`` (the habit of ZIF-8 and ZIF-67).
    aspect : tuple of float
        Stretch along the body's own (z, y, x).
    facets : int
        Facets of a random crystal.
    irregularity : float
        A random facet lies at (1 − irregularity … 1) of its greatest distance.
    seed : int
        Seed of a random crystal.
    center_nm, rotation_deg
        Place and orientation, see `Placed`.

    Notes
    -----
    `signed_distance` is max_i (n_i · p − d_i): exact inside and wherever the nearest surface point
    lies within a facet; beyond an edge it is a lower bound. It is 1-Lipschitz everywhere.

    Examples
    --------
    >>> cube = FacetedCrystal(radius_nm=50.0, habit="cube")
    >>> float(cube.signed_distance(0.0, 0.0, 60.0)), round(cube.volume_nm3)
    (10.0, 1000000)
    """

    kind: Literal["faceted_crystal"] = "faceted_crystal"
    radius_nm: PositiveFloat
    habit: Habit = "random"
    aspect: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = (1.0, 1.0, 1.0)
    facets: Annotated[int, Field(ge=4, le=100)] = 14
    irregularity: Annotated[float, Field(ge=0, lt=1)] = 0.3
    seed: Annotated[int, Field(ge=0)] = 0

    def signed_distance(self, z, y, x) -> np.ndarray:
        """Signed distance (outside edges a lower bound), nm, negative inside; arrays broadcast."""
        return self._distance(z, y, x, self._planes)

    def nearby(self, center_nm: Point, radius_nm: float) -> Callable[..., np.ndarray]:
        """Return `signed_distance` without the facets that cannot be the outermost within a ball."""
        normals, offsets = self._planes
        kept = reachable(normals @ np.array(self._centred(*center_nm)) - offsets, radius_nm)
        return partial(self._distance, planes=(normals[kept], offsets[kept]))

    def _distance(self, z, y, x, planes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        z, y, x = self._centred(z, y, x)
        distance = np.full(np.broadcast_shapes(z.shape, y.shape, x.shape), -np.inf)
        for (nz, ny, nx), offset in zip(*planes, strict=True):
            np.maximum(distance, (nz * z + ny * y - offset) + nx * x, out=distance)
        return distance

    @property
    def bounding_radius_nm(self) -> float:
        """Radius of a sphere about the origin that holds the body, nm."""
        return self._center_distance_nm + float(np.linalg.norm(self.vertices_nm, axis=1).max())

    @cached_property
    def vertices_nm(self) -> np.ndarray:
        """Corners from the crystal's own centre (z, y, x), nm, shape (corners, 3)."""
        from scipy.spatial import HalfspaceIntersection

        normals, offsets = self._planes
        return HalfspaceIntersection(np.column_stack([normals, -offsets]), np.zeros(3)).intersections

    @cached_property
    def volume_nm3(self) -> float:
        """Volume, nm³."""
        from scipy.spatial import ConvexHull

        return float(ConvexHull(self.vertices_nm).volume)

    @cached_property
    def _planes(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit normals (facets, 3) in the frame of the volume, and distances from the centre, nm."""
        if self.habit == "random":
            rng = np.random.default_rng(self.seed)
            normals = spread_normals(self.facets, rng)
            offsets = support_nm(normals, np.multiply(self.aspect, self.radius_nm))
            offsets *= rng.uniform(1.0 - self.irregularity, 1.0, self.facets)
        else:
            normals, offsets = _cubic(self.habit)
            # Stretching a plane n·p = d by the aspect divides the components of its normal.
            normals = normals / np.asarray(self.aspect)
            length = np.linalg.norm(normals, axis=1)
            normals, offsets = normals / length[:, None], offsets * self.radius_nm / length
        return normals @ rotation_matrix(self.rotation_deg).T, offsets


def _cubic(habit: str) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals and distances of all facets of a cubic habit of radius one."""
    normals, offsets = [], []
    for indices, distance in _FORMS[habit]:
        family = {
            tuple(s * i for s, i in zip(signs, order, strict=True))
            for order in permutations(indices)
            for signs in product((1, -1), repeat=3)
        }
        for normal in sorted(family):
            normals.append(np.array(normal) / np.linalg.norm(normal))
            offsets.append(distance)
    return np.array(normals), np.array(offsets)
