"""EDS detectors: round segments, their directions, solid angles and gains."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveFloat

from ..phantoms.parameters import Parameters
from .holder import HOLDERS, Holder


class Segment(Parameters):
    """One round silicon-drift detector that faces the specimen.

    Parameters
    ----------
    azimuth_deg : float
        Azimuth of its centre, degrees from +y (0° is perpendicular to the tilt axis).
    elevation_deg : float
        Elevation of its centre over the untilted specimen plane, degrees, within ±90.
    distance_mm, radius_mm : float
        Distance from the specimen and radius of the active disc, mm.
    """

    azimuth_deg: float
    elevation_deg: Annotated[float, Field(ge=-90, le=90)] = 18.0
    distance_mm: PositiveFloat = 12.0
    radius_mm: PositiveFloat = 2.9

    @property
    def half_angle_deg(self) -> float:
        """Half the opening angle of the disc seen from the specimen, degrees."""
        return float(np.rad2deg(np.arctan2(self.radius_mm, self.distance_mm)))

    @property
    def solid_angle_sr(self) -> float:
        """Solid angle 2π(1 − d/√(d² + r²)), sr."""
        return float(2 * np.pi * (1 - self.distance_mm / np.hypot(self.distance_mm, self.radius_mm)))


class EDSDetector(Parameters):
    """A set of EDS segments; by default the four of a Super-X.

    Parameters
    ----------
    segments : tuple of Segment, optional
        The segments. The default is the Super-X geometry: azimuths 45, 135, 225 and 315°,
        elevation 18°, discs of radius 2.9 mm at 12 mm (0.176 sr each, 0.703 sr in all), which
        see elevations from 4.4 to 31.6° [1]_.

    References
    ----------
    .. [1] W. Xu et al., Ultramicroscopy 164 (2016) 51, doi:10.1016/j.ultramic.2016.02.004

    Examples
    --------
    >>> detector = EDSDetector()
    >>> round(detector.solid_angle_sr, 3)
    0.703
    >>> detector.gains([-30.0, 0.0, 30.0], holder=HOLDERS["none"])[0]
    array([1., 1., 1.])
    """

    segments: Annotated[tuple[Segment, ...], Field(min_length=1)] = (
        Segment(azimuth_deg=45.0),
        Segment(azimuth_deg=135.0),
        Segment(azimuth_deg=225.0),
        Segment(azimuth_deg=315.0),
    )

    @property
    def azimuths_deg(self) -> np.ndarray:
        """Azimuths of the segments, degrees from +y, float64, shape (segment,)."""
        return np.array([segment.azimuth_deg for segment in self.segments])

    @property
    def elevations_deg(self) -> np.ndarray:
        """Elevations of the segments, degrees, float64, shape (segment,)."""
        return np.array([segment.elevation_deg for segment in self.segments])

    @property
    def half_angles_deg(self) -> np.ndarray:
        """Half the opening angles of the segments, degrees, float64, shape (segment,)."""
        return np.array([segment.half_angle_deg for segment in self.segments])

    @property
    def solid_angles_sr(self) -> np.ndarray:
        """Solid angles of the segments, sr, float64, shape (segment,)."""
        return np.array([segment.solid_angle_sr for segment in self.segments])

    @property
    def solid_angle_sr(self) -> float:
        """Solid angle of all segments together, sr."""
        return float(self.solid_angles_sr.sum())

    def gains(
        self,
        tilts_deg: Sequence[float] | np.ndarray,
        *,
        holder: Holder | str = "none",
        energy_kev: float = 7.5,
    ) -> np.ndarray:
        """Share of each segment that sees the specimen past the holder, against tilt.

        Parameters
        ----------
        tilts_deg : sequence of float
            Stage tilts, degrees, within ±90.
        holder : Holder or str, optional
            A holder or its name in `HOLDERS`.
        energy_kev : float, optional
            Photon energy, keV.

        Returns
        -------
        ndarray of float64, shape (segment, tilt)
            In [0, 1] and exactly 1 where nothing is in the way.

        Raises
        ------
        ValueError
            When a tilt or the energy is out of range, or the holder is unknown.
        """
        tilts = np.atleast_1d(np.asarray(tilts_deg, dtype=np.float64))
        if tilts.ndim != 1:
            raise ValueError(f"`tilts_deg` must be one list of angles, got shape {tilts.shape}")
        if not (np.abs(tilts) <= 90).all():
            index = int(np.flatnonzero(~(np.abs(tilts) <= 90))[0])
            raise ValueError(f"`tilts_deg` must lie within -90 and 90: {tilts[index]} at index {index}")
        if not (0 < energy_kev < np.inf):
            raise ValueError(f"`energy_kev` must be positive, got {energy_kev}")
        holder = HOLDERS[holder] if isinstance(holder, str) else holder
        return holder.gains(self, tilts, energy_kev)

    def relative_gain(
        self,
        tilts_deg: Sequence[float] | np.ndarray,
        *,
        holder: Holder | str = "none",
        energy_kev: float = 7.5,
    ) -> np.ndarray:
        """Gain of the summed segments relative to the calibration at 0° with the same holder.

        Parameters
        ----------
        tilts_deg, holder, energy_kev
            As for `gains`.

        Returns
        -------
        ndarray of float64, shape (tilt,)
            g(α) = Σ Ω gain(α) / Σ Ω gain(0) over the segments, Ω their solid angles; exactly 1
            without a holder, and above 1 where tilting brings segments out of its shadow.

        Raises
        ------
        ValueError
            As for `gains`; also when the holder hides every segment at 0°.
        """
        solid = self.solid_angles_sr[:, None]
        seen = np.sum(solid * self.gains(tilts_deg, holder=holder, energy_kev=energy_kev), axis=0)
        level = np.sum(solid * self.gains([0.0], holder=holder, energy_kev=energy_kev), axis=0)
        if not level[0] > 0:
            raise ValueError("the holder hides every segment at 0 degrees, where the counts are calibrated")
        return seen / level
