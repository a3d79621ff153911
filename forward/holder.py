"""Specimen holders: which rays towards the detectors they let through."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import field_validator

from ..phantoms.parameters import Parameters
from ..phantoms.table import Table
from .shadowing import centre_direction_deg, disc_transmission

if TYPE_CHECKING:
    from .eds_detector import EDSDetector


class Holder(Parameters):
    """A holder that blocks bands of elevation over its own (tilted) plane.

    A holder of another kind derives from this class and overrides `transmission` (any dependence
    on elevation, azimuth and energy) or, when it is known only as a measured curve, `gains`.

    Parameters
    ----------
    name : str
        Name for reports and metadata.
    blocked_deg : tuple of (float, float), optional
        Bands (low, high) of elevation over the holder plane that let nothing through, degrees.

    Notes
    -----
    A ray is let through whole or not at all: right for hard lines (above about 3 keV). Softer lines
    are blocked more, because thin carriers (beryllium) absorb them; that is not modelled here and
    `energy_kev` has no effect on the built-in holders.

    Examples
    --------
    >>> from glasstomo.forward import MICROSCOPES
    >>> ledge = Holder(name="ledge", blocked_deg=((-90, 18),))
    >>> MICROSCOPES["osiris"].eds.gains([0.0], holder=ledge).round(1).ravel()
    array([0.5, 0.5, 0.5, 0.5])
    """

    name: str
    blocked_deg: tuple[tuple[float, float], ...] = ()

    @field_validator("blocked_deg")
    @classmethod
    def _check_bands(cls, bands: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        for low, high in bands:
            if not -90 <= low < high <= 90:
                raise ValueError(
                    f"each band must hold -90 <= low < high <= 90 degrees, ({low}, {high}) does not"
                )
        return bands

    @property
    def edges_deg(self) -> tuple[float, ...]:
        """Elevations at which the transmission jumps, degrees: the integration is split there."""
        return tuple(edge for band in self.blocked_deg for edge in band)

    def transmission(
        self, elevation_deg: np.ndarray, azimuth_deg: np.ndarray, energy_kev: float
    ) -> np.ndarray:
        """Share of photons that pass in a direction of the holder's own frame.

        Parameters
        ----------
        elevation_deg, azimuth_deg : ndarray
            Elevation over the holder plane and azimuth from its +y, degrees; they broadcast.
        energy_kev : float
            Photon energy, keV.

        Returns
        -------
        ndarray of float64
            In [0, 1], of the shape that the two directions broadcast to.
        """
        passes = np.ones(np.broadcast_shapes(np.shape(elevation_deg), np.shape(azimuth_deg)))
        for low, high in self.blocked_deg:
            passes[np.broadcast_to((elevation_deg > low) & (elevation_deg < high), passes.shape)] = 0.0
        return passes

    def gains(self, detector: "EDSDetector", tilts_deg: np.ndarray, energy_kev: float) -> np.ndarray:
        """Share of each segment's solid angle that sees the specimen.

        Parameters
        ----------
        detector : EDSDetector
            The segments.
        tilts_deg : ndarray, shape (tilt,)
            Stage tilts, degrees.
        energy_kev : float
            Photon energy, keV.

        Returns
        -------
        ndarray of float64, shape (segment, tilt)
            In [0, 1].
        """
        elevation, azimuth = centre_direction_deg(detector.azimuths_deg, detector.elevations_deg, tilts_deg)
        return disc_transmission(
            elevation,
            azimuth,
            detector.half_angles_deg,
            lambda eps, phi: self.transmission(eps, phi, energy_kev),
            self.edges_deg,
        )


HOLDERS: Table[Holder] = Table(
    "holder",
    {
        "none": Holder(name="none"),
        "wall": Holder(name="wall", blocked_deg=((-90.0, 8.5),)),
        "blade": Holder(name="blade", blocked_deg=((-8.5, 1.5),)),
    },
)
"""Holders by name.

*wall*: a double-tilt low-background holder whose rim hides everything below 8.5°; the asymmetry of
the quadrants agrees with the Ni K series of Xu et al., Ultramicroscopy 164 (2016) 51
(doi:10.1016/j.ultramic.2016.02.004) within 0.015 RMS.
*blade*: a tomography holder whose thin blade hides elevations from −8.5° to 1.5°, inferred from the
Si K series L2083 of openNCEM's edstomo (agreement 0.023 RMS after averaging +α and −α)."""
