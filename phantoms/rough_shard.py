"""A shard of ground glass: conchoidal facets and a rough surface."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from .facets import reachable, spread_normals, support_nm
from .frame import Placed, Point, rotation_matrix
from .sheet import curved_distance
from .waves import Waves, random_directions

# Roughness (Hurst) exponent of fracture surfaces, glass among them: Bouchaud, J. Phys.: Condens.
# Matter 9 (1997) 4319, doi:10.1088/0953-8984/9/21/002. Amplitudes of modes spaced evenly in log k
# fall as k^-H.
HURST = 0.8


class RoughShard(Placed):
    """An irregular particle with curved (conchoidal) facets and self-affine roughness.

    Parameters
    ----------
    radius_nm : float
        Radius of the sphere (ellipsoid, with `aspect`) that the facets touch at most, nm.
    outer_radius_nm : float or None
        Corners are cut off by a sphere of this radius about the centre, nm; None: 1.3 times the
        longest semi-axis.
    aspect : tuple of float
        Stretch along the body's own (z, y, x).
    facets : int
        Number of facets.
    irregularity : float
        A facet lies at (1 − irregularity … 1) of its greatest distance from the centre.
    curvature : float
        Facets are bent by up to this over `radius_nm`, to either side: hollows and bulges.
    roughness_nm : float
        Root-mean-square height of the roughness, nm.
    wavelength_nm : tuple of float
        Shortest and longest wavelength of the roughness, nm.
    modes : int
        Number of plane waves that make the roughness.
    seed : int
        Seed of facets and roughness.
    center_nm, rotation_deg
        Place and orientation, see `Placed`.

    Notes
    -----
    The body is {max(max_i f_i(p) + h(p), |p| − R) < 0}, with f_i the exact distances to the bent
    facets and h a sum of plane waves with slope at most s. `signed_distance` is that function over
    1 + s for its rough part: its sign is exact, it is 1-Lipschitz, and so its size is a lower bound
    of the distance to the surface. No grid enters.

    Examples
    --------
    >>> shard = RoughShard(radius_nm=100.0, seed=3)
    >>> bool(shard.signed_distance(0.0, 0.0, 0.0) < 0), shard.bounding_radius_nm
    (True, 130.0)
    """

    kind: Literal["rough_shard"] = "rough_shard"
    radius_nm: PositiveFloat
    outer_radius_nm: PositiveFloat | None = None
    aspect: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = (1.0, 1.0, 1.0)
    facets: Annotated[int, Field(ge=4, le=100)] = 14
    irregularity: Annotated[float, Field(ge=0, le=0.8)] = 0.35
    curvature: Annotated[float, Field(ge=0, le=1)] = 0.5
    roughness_nm: NonNegativeFloat = 2.5
    wavelength_nm: tuple[PositiveFloat, PositiveFloat] = (40.0, 200.0)
    modes: Annotated[int, Field(ge=1, le=200)] = 16
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _ordered(self) -> "RoughShard":
        low, high = self.wavelength_nm
        if low > high:
            raise ValueError(f"wavelength_nm must be (shortest, longest), got ({low}, {high})")
        return self

    def signed_distance(self, z, y, x) -> np.ndarray:
        """Lower bound of the signed distance, sign exact, nm, negative inside; arrays broadcast."""
        return self._distance(z, y, x, self._faces)

    def nearby(self, center_nm: Point, radius_nm: float) -> Callable[..., np.ndarray]:
        """Return `signed_distance` without the facets that cannot be the outermost within a ball."""
        z, y, x = self._centred(*center_nm)
        square = (z * z + y * y) + x * x
        levels = np.array(
            [curved_distance(z, y, x, *face, square) for face in zip(*self._faces, strict=True)]
        )
        kept = reachable(levels, radius_nm)
        normals, offsets, curvatures = self._faces
        return partial(self._distance, faces=(normals[kept], offsets[kept], curvatures[kept]))

    def _distance(self, z, y, x, faces: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        z, y, x = self._centred(z, y, x)
        square = (z * z + y * y) + x * x
        level = np.full(square.shape, -np.inf)
        for normal, offset, curvature in zip(*faces, strict=True):
            np.maximum(level, curved_distance(z, y, x, normal, offset, curvature, square), out=level)
        if self.roughness_nm:
            level += self._waves.value(z, y, x)
            level /= 1.0 + self._waves.steepest
        return np.maximum(level, np.sqrt(square) - self._outer_nm)

    @property
    def bounding_radius_nm(self) -> float:
        """Radius of a sphere about the origin that holds the body, nm."""
        return self._center_distance_nm + self._outer_nm

    @property
    def _outer_nm(self) -> float:
        if self.outer_radius_nm is not None:
            return self.outer_radius_nm
        return 1.3 * self.radius_nm * max(self.aspect)

    @cached_property
    def _faces(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit normals (facets, 3), distances from the centre (nm) and curvatures (nm⁻¹)."""
        rng = np.random.default_rng([self.seed, 0])
        normals = spread_normals(self.facets, rng)
        offsets = support_nm(normals, np.multiply(self.aspect, self.radius_nm))
        offsets *= rng.uniform(1.0 - self.irregularity, 1.0, self.facets)
        curvatures = rng.uniform(-self.curvature, self.curvature, self.facets) / self.radius_nm
        return normals @ rotation_matrix(self.rotation_deg).T, offsets, curvatures

    @cached_property
    def _waves(self) -> Waves:
        rng = np.random.default_rng([self.seed, 1])
        low, high = np.log(self.wavelength_nm)
        wavelengths = np.exp(low + (high - low) * (np.arange(self.modes) + 0.5) / self.modes)
        vectors = random_directions(self.modes, rng) * (2 * np.pi / wavelengths)[:, None]
        amplitudes = wavelengths**HURST
        amplitudes *= self.roughness_nm / np.sqrt((amplitudes**2).sum() / 2)
        return Waves(
            vectors=vectors @ rotation_matrix(self.rotation_deg).T,
            phases=rng.uniform(0, 2 * np.pi, self.modes),
            amplitudes=amplitudes,
        )
