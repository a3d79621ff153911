"""The grid that carries the film: its bars stand between the particle and the detectors."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, field_validator, model_validator

from ...phantoms.parameters import Parameters
from ..elements import atomic_number
from .shadowing import sin_cos_deg


class SupportGrid(Parameters):
    """The hole of a support grid, around a particle that lies on the film.

    Parameters
    ----------
    hole_um : float
        Width of a square hole, or diameter of a round one, µm.
    thickness_um : float
        Height of the bars along their normal, µm; 0 leaves the grid without effect.
    side : {"below", "above"}
        Where the bars stand: *below* the film (away from the detectors at 0° tilt, which then see
        nothing of them before the tilt brings a detector under the film) or *above* it.
    shape : {"square", "round"}, optional
        Shape of the hole.
    position_um : tuple of (float, float), optional
        The particle (y, x) from the centre of the hole, µm; it must lie inside.
    rotation_deg : float, optional
        Turn of a square hole from +y towards +x, degrees; 0 sets its sides along y and x.
    element : str or None, optional
        Element of the bars, of the density `density_g_cm3`. None: opaque bars.
    density_g_cm3 : float, optional
        Mass density of the bars; the default is that of copper.

    Raises
    ------
    ValueError
        When a field is out of range or the particle not inside the hole.

    Notes
    -----
    The bars are upright walls that rise from the film to the height t. A ray that leaves the
    particle at azimuth φ and elevation ε meets the wall when ρ(φ) tan ε < t, where ρ(φ) is the
    distance from the particle to the side of the hole; one that clears the first bar clears
    them all. With bars below, ε counts downwards. Rays along the bars' side of the film only are
    affected.

    Approximations: the particle is a point on the film (its size, some 0.1 µm, is small against
    the hole); walls are upright and the hole's corners sharp. Opaque bars (the default) are an
    upper bound of the shadow. With `element`, a ray crosses the metal over
    (t − ρ tan ε)/sin ε, as if no further hole followed: about 26 µm of copper let pass 37 % of
    Zn Kα, so the rims of thin grids are far from opaque at hard lines.

    The film itself takes next to nothing from hard lines and is left to `Absorption`.

    Examples
    --------
    >>> from glasstomo.forward import EDSDetector
    >>> mesh = SupportGrid(hole_um=90, thickness_um=20, side="below")
    >>> [float(angle) for angle in mesh.tilt_limits_deg.round(1)]
    [-66.0, 66.0]
    >>> EDSDetector().gains([0.0, -30.0, -60.0], support_grid=mesh).round(2)
    array([[1.  , 0.32, 0.77],
           [1.  , 1.  , 1.  ],
           [1.  , 1.  , 1.  ],
           [1.  , 0.32, 0.77]])
    """

    hole_um: PositiveFloat
    thickness_um: NonNegativeFloat
    side: Literal["below", "above"]
    shape: Literal["square", "round"] = "square"
    position_um: tuple[float, float] = (0.0, 0.0)
    rotation_deg: float = 0.0
    element: str | None = None
    density_g_cm3: Annotated[float, Field(gt=0)] = 8.96

    @field_validator("element")
    @classmethod
    def _check_element(cls, element: str | None) -> str | None:
        if element is not None:
            atomic_number(element)
        return element

    @model_validator(mode="after")
    def _inside_the_hole(self) -> "SupportGrid":
        if not self._clearances().min() > 0:
            y, x = self.position_um
            raise ValueError(
                f"position_um must lie inside the {self.shape} hole of {self.hole_um:g} um, "
                f"got ({y:g}, {x:g})"
            )
        return self

    def wall_distance_um(self, azimuth_deg: np.ndarray) -> np.ndarray:
        """Distance from the particle to the side of the hole.

        Parameters
        ----------
        azimuth_deg : ndarray
            Directions, degrees from +y.

        Returns
        -------
        ndarray of float64
            ρ(φ), µm, of the same shape.
        """
        sine, cosine = sin_cos_deg(np.asarray(azimuth_deg, dtype=np.float64))
        y, x = self.position_um
        if self.shape == "round":
            along, across = y * cosine + x * sine, y * sine - x * cosine
            return np.sqrt(np.maximum((self.hole_um / 2) ** 2 - across**2, 0.0)) - along
        distance = np.full(np.shape(cosine), np.inf)
        for (normal_y, normal_x), clearance in zip(self._normals(), self._clearances(), strict=True):
            towards = normal_y * cosine + normal_x * sine
            with np.errstate(divide="ignore", over="ignore"):
                distance = np.minimum(distance, np.where(towards > 0, clearance / np.abs(towards), np.inf))
        return distance

    def transmission(
        self, elevation_deg: np.ndarray, azimuth_deg: np.ndarray, energy_kev: float
    ) -> np.ndarray:
        """Share of photons that pass in a direction of the holder's own frame.

        Parameters
        ----------
        elevation_deg, azimuth_deg : ndarray
            Elevation over the film and azimuth from +y, degrees; they broadcast.
        energy_kev : float
            Photon energy, keV; without effect where the bars are opaque.

        Returns
        -------
        ndarray of float64
            In [0, 1], of the shape that the two directions broadcast to.
        """
        sine, cosine = sin_cos_deg(self._towards_bars(np.asarray(elevation_deg, dtype=np.float64)))
        # Left of the wall to climb, times cos ε: positive where the ray runs into it.
        short = self.thickness_um * cosine - self.wall_distance_um(azimuth_deg) * sine
        hit = (sine > 0) & (short > 0)
        if self.element is None:
            return np.where(hit, 0.0, 1.0)
        from ..attenuation import mass_attenuation_cm2_g

        per_um = mass_attenuation_cm2_g(self.element, energy_kev) * self.density_g_cm3 * 1e-4
        with np.errstate(over="ignore"):
            path_um = np.where(hit, short, 0.0) / np.where(hit, cosine * sine, 1.0)
            return np.exp(-per_um * path_um)

    @property
    def tilt_limits_deg(self) -> np.ndarray:
        """Tilts beyond which the bars stand in the electron beam itself, degrees, shape (2,)."""
        ahead, behind = (self.wall_distance_um(np.array(azimuth)) for azimuth in (0.0, 180.0))
        # Above the film a bar in the way of positive tilts stands at -y, below it at +y.
        positive, negative = (behind, ahead) if self.side == "above" else (ahead, behind)
        return np.rad2deg(np.arctan2([-negative, positive], self.thickness_um))

    @property
    def shadow_deg(self) -> tuple[float, float]:
        """Lowest and highest elevation at which any bar stands in the way, degrees."""
        highest = float(np.rad2deg(np.arctan2(self.thickness_um, self._clearances().min())))
        return (0.0, highest) if self.side == "above" else (-highest, 0.0)

    def mirrored(self, *, y: bool = False, x: bool = False) -> "SupportGrid":
        """Return the grid as a mirror shows it.

        Parameters
        ----------
        y, x : bool
            Swap +y and −y, +x and −x.

        Returns
        -------
        SupportGrid
        """
        # Sums with 0.0 make no -0.0, whose azimuth would be another.
        at_y, at_x = (
            0.0 - at if flip else 0.0 + at for at, flip in zip(self.position_um, (y, x), strict=True)
        )
        turn = -self.rotation_deg if y != x else self.rotation_deg
        return self.replace(position_um=(at_y, at_x), rotation_deg=turn % 90.0)

    def turned(self, angle_deg: float) -> "SupportGrid":
        """Return the grid turned with the specimen about the film's normal.

        Parameters
        ----------
        angle_deg : float
            From +y towards +x, degrees.

        Returns
        -------
        SupportGrid
        """
        sine, cosine = (float(value) for value in sin_cos_deg(np.array(float(angle_deg))))
        y, x = self.position_um
        return self.replace(
            position_um=(y * cosine - x * sine, y * sine + x * cosine),
            rotation_deg=(self.rotation_deg + angle_deg) % 90.0,
        )

    def elevation_edges_deg(
        self, elevation_deg: float, azimuth_deg: float, half_angle_deg: float
    ) -> np.ndarray:
        """Elevations at which an integral over a disc should be split.

        Parameters
        ----------
        elevation_deg, azimuth_deg : float
            Centre of the disc in the holder's frame, degrees.
        half_angle_deg : float
            Half its opening angle, degrees.

        Returns
        -------
        ndarray, shape (edge,)
            Where a side or corner of the hole begins or ends to cast its shadow, and where the
            edge of a shadow meets the rim of the disc, degrees.
        """
        if self.thickness_um == 0:
            return np.zeros(0)
        reaches = [*self._clearances()]
        if self.shape == "square":
            reaches += [float(self.wall_distance_um(np.array(turn))) for turn in self._corners_deg()]
        else:
            reaches += [self.hole_um - reaches[0]]
        rim = self._rim_crossings_deg(elevation_deg, azimuth_deg, half_angle_deg)
        edges = np.rad2deg(np.arctan2(self.thickness_um, reaches))
        return np.concatenate([self._towards_bars(np.array([0.0, *edges])), rim])

    def azimuth_edges_deg(self, elevation_deg: np.ndarray) -> np.ndarray:
        """Azimuths at which the transmission jumps or bends.

        Parameters
        ----------
        elevation_deg : ndarray
            Elevations over the film, degrees.

        Returns
        -------
        ndarray, shape (..., edge)
            Degrees; a place where no edge is repeats a harmless azimuth.
        """
        sine, cosine = sin_cos_deg(self._towards_bars(np.asarray(elevation_deg, dtype=np.float64)))
        y, x = self.position_um
        with np.errstate(all="ignore"):
            # Where the ray has risen to the top of the bars, seen from above: a circle about the particle.
            circle = (self.thickness_um * cosine / np.maximum(sine, 0.0))[..., None]
            if self.shape == "round":
                off, turn = np.hypot(y, x), np.rad2deg(np.arctan2(x, y))
                ratio = ((self.hole_um / 2) ** 2 - off**2 - circle**2) / (2 * off * circle)
            else:
                turn = self.rotation_deg + 90.0 * np.arange(4)
                ratio = self._clearances() / circle
        spread = np.rad2deg(np.arccos(np.clip(np.nan_to_num(ratio, nan=1.0), -1.0, 1.0)))
        edges = [turn + spread, turn - spread]
        if self.element is not None and self.shape == "square":
            # The way through metal bends where a ray passes a corner.
            edges.append(np.broadcast_to(self._corners_deg(), spread.shape))
        return np.concatenate(edges, axis=-1)

    def _towards_bars(self, elevation_deg: np.ndarray) -> np.ndarray:
        """Elevation counted towards the side of the bars, and back."""
        return elevation_deg if self.side == "above" else -elevation_deg

    def _normals(self) -> list[tuple[float, float]]:
        """Outward normals (y, x) of the sides of a square hole."""
        sine, cosine = sin_cos_deg(self.rotation_deg + 90.0 * np.arange(4))
        return list(zip(cosine.tolist(), sine.tolist(), strict=True))

    def _clearances(self) -> np.ndarray:
        """Distances from the particle to the sides (or to the nearest point of a round hole), µm."""
        y, x = self.position_um
        if self.shape == "round":
            return np.array([self.hole_um / 2 - np.hypot(y, x)])
        return self.hole_um / 2 - np.array([y * ny + x * nx for ny, nx in self._normals()])

    def _corners_deg(self) -> list[float]:
        """Azimuths of the corners of a square hole, seen from the particle."""
        y, x = self.position_um
        sine, cosine = sin_cos_deg(self.rotation_deg + 45.0 + 90.0 * np.arange(4))
        reach = self.hole_um / np.sqrt(2)
        return np.rad2deg(np.arctan2(reach * sine - x, reach * cosine - y)).tolist()

    def _rim_crossings_deg(
        self, elevation_deg: float, azimuth_deg: float, half_angle_deg: float
    ) -> np.ndarray:
        """Elevations where the edge of a bar, seen from the particle, crosses the rim of a disc.

        Along the rim u(τ) = c cos ψ + (a cos τ + b sin τ) sin ψ. A side of a square hole is met where
        t u·n = d |u_z|, a round one where |p u_z + t u_h| = r |u_z|: trigonometric polynomials of degree
        1 and 2, whose roots those of an ordinary polynomial in exp(iτ) give. Roots off the unit circle
        stand for no crossing and split the integral once more, which does no harm.
        """
        count = 8
        rim = _rim(elevation_deg, azimuth_deg, half_angle_deg, 2 * np.pi / count * np.arange(count))
        uy, ux, uz = rim[0], rim[1], self._towards_bars(rim[2])
        t, (y, x) = self.thickness_um, self.position_um
        if self.shape == "round":
            values = (y * uz + t * uy) ** 2 + (x * uz + t * ux) ** 2 - (self.hole_um / 2 * uz) ** 2
            waves = np.fft.fft(values)[None, [2, 1, 0, -1, -2]]
        else:
            normal_y, normal_x = np.array(self._normals()).T[..., None]
            values = t * (normal_y * uy + normal_x * ux) - self._clearances()[:, None] * uz
            waves = np.fft.fft(values)[:, [1, 0, -1]]
        turns = np.concatenate([np.angle(np.roots(wave)) for wave in waves])
        return np.rad2deg(np.arcsin(_rim(elevation_deg, azimuth_deg, half_angle_deg, turns)[2]))


def _rim(elevation_deg: float, azimuth_deg: float, half_angle_deg: float, turns: np.ndarray) -> np.ndarray:
    """Directions (y, x, z) along the rim of a disc, shape (3, turn)."""
    sin_up, cos_up = np.sin(np.deg2rad(elevation_deg)), np.cos(np.deg2rad(elevation_deg))
    sin_turn, cos_turn = np.sin(np.deg2rad(azimuth_deg)), np.cos(np.deg2rad(azimuth_deg))
    centre = np.array([cos_up * cos_turn, cos_up * sin_turn, sin_up])
    up = np.array([-sin_up * cos_turn, -sin_up * sin_turn, cos_up])
    aside = np.array([-sin_turn, cos_turn, 0.0])
    half = np.deg2rad(half_angle_deg)
    around = up[:, None] * np.cos(turns) + aside[:, None] * np.sin(turns)
    return np.clip(centre[:, None] * np.cos(half) + around * np.sin(half), -1.0, 1.0)
