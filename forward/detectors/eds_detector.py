"""EDS detectors: round segments, their directions, solid angles and gains."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveFloat, field_validator

from ...phantoms.parameters import Parameters
from .holder import HOLDERS, Holder
from .support_grid import SupportGrid


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
    name : str, optional
        How to call it in channels and tables; "" takes its place in the detector, counted from 1.
    """

    azimuth_deg: float
    elevation_deg: Annotated[float, Field(ge=-90, le=90)] = 18.0
    distance_mm: PositiveFloat = 12.0
    radius_mm: PositiveFloat = 2.9
    name: Annotated[str, Field(pattern=r"^[^@\s]*$")] = ""

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
        see elevations from 4.4 to 31.6° [1]_ (the radius after [2]_).

    Raises
    ------
    ValueError
        When a field is out of range, there is no segment, or two segments share a name.

    Notes
    -----
    Segments are discs that face the specimen; any other geometry is a list of them. All of a disc
    is taken to count alike: windows and grids in front of it belong to the detector's efficiency.

    References
    ----------
    .. [1] W. Xu et al., Ultramicroscopy 164 (2016) 51, doi:10.1016/j.ultramic.2016.02.004
    .. [2] N. J. Zaluzec, Microsc. Microanal. 20 (2014) 1318, doi:10.1017/S1431927614000956

    Examples
    --------
    >>> detector = EDSDetector()
    >>> round(detector.solid_angle_sr, 3)
    0.703
    >>> detector.gains([-30.0, 0.0, 30.0], holder=HOLDERS["none"])[0]
    array([1., 1., 1.])
    >>> detector.segment_names
    ('1', '2', '3', '4')
    """

    segments: Annotated[tuple[Segment, ...], Field(min_length=1)] = (
        Segment(azimuth_deg=45.0),
        Segment(azimuth_deg=135.0),
        Segment(azimuth_deg=225.0),
        Segment(azimuth_deg=315.0),
    )

    @field_validator("segments")
    @classmethod
    def _check_names(cls, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        names = _names(segments)
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two segments are called {name!r}; give each a name of its own")
        return segments

    @property
    def segment_names(self) -> tuple[str, ...]:
        """Names of the segments, as they stand behind the @ of a channel: ``Zn_Ka@1``."""
        return _names(self.segments)

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
        support_grid: SupportGrid | None = None,
        energy_kev: float = 7.5,
    ) -> np.ndarray:
        """Share of each segment that sees the specimen past the holder, against tilt.

        Parameters
        ----------
        tilts_deg : sequence of float
            Stage tilts, degrees, within ±90.
        holder : Holder or str, optional
            A holder or its name in `HOLDERS`.
        support_grid : SupportGrid, optional
            Bars of the grid around the particle.
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
        if support_grid is None:
            # Holders written before there were grids take three arguments.
            return holder.gains(self, tilts, energy_kev)
        return holder.gains(self, tilts, energy_kev, support_grid)

    def relative_gain(
        self,
        tilts_deg: Sequence[float] | np.ndarray,
        *,
        holder: Holder | str = "none",
        support_grid: SupportGrid | None = None,
        energy_kev: float = 7.5,
        separate: bool = False,
    ) -> np.ndarray:
        """Gain relative to the calibration of all segments at 0° with the same holder and grid.

        Parameters
        ----------
        tilts_deg, holder, support_grid, energy_kev
            As for `gains`.
        separate : bool, optional
            Keep the segments apart; they add up to the gain of the sum.

        Returns
        -------
        ndarray of float64, shape (tilt,), or (segment, tilt) if `separate`
            g(α) = Σ Ω gain(α) / Σ Ω gain(0) over the segments, Ω their solid angles; exactly 1
            without a holder, and above 1 where tilting brings segments out of its shadow. Apart:
            Ω gain(α) / Σ Ω gain(0).

        Raises
        ------
        ValueError
            As for `gains`; also when everything is hidden at 0°.

        Examples
        --------
        >>> EDSDetector().relative_gain([0.0, 40.0], holder="blade", separate=True).round(2)
        array([[0.25, 0.25],
               [0.25, 0.16],
               [0.25, 0.16],
               [0.25, 0.25]])
        """
        solid = self.solid_angles_sr[:, None]

        def seen(tilts: Sequence[float] | np.ndarray) -> np.ndarray:
            return solid * self.gains(tilts, holder=holder, support_grid=support_grid, energy_kev=energy_kev)

        level = np.sum(seen([0.0]), axis=0)
        if not level[0] > 0:
            what = "the holder" if support_grid is None else "holder and grid"
            verb = "hides" if support_grid is None else "hide"
            raise ValueError(f"{what} {verb} every segment at 0 degrees, where the counts are calibrated")
        return (seen(tilts_deg) if separate else np.sum(seen(tilts_deg), axis=0)) / level


def _names(segments: Sequence[Segment]) -> tuple[str, ...]:
    """Given names, or places counted from 1."""
    return tuple(segment.name or str(place) for place, segment in enumerate(segments, start=1))
