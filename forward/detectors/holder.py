"""Specimen holders: which rays towards the detectors they let through."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import field_validator

from ...phantoms.parameters import Parameters
from ...phantoms.table import Table
from .holder_filter import HolderFilter
from .shadowing import centre_direction_deg, disc_transmission, gridded_disc_transmission

if TYPE_CHECKING:
    from .eds_detector import EDSDetector
    from .support_grid import SupportGrid


class Holder(Parameters):
    """A holder that blocks bands of elevation over its own (tilted) plane.

    A holder of another kind derives from this class and overrides `transmission` (any dependence
    on elevation, azimuth and energy; where it jumps other than at `edges_deg`, gains are good to about
    0.02 of a segment). One known by a measured curve alone is a `MeasuredHolder`.

    Parameters
    ----------
    name : str
        Name for reports and metadata.
    blocked_deg : tuple of (float, float), optional
        Bands (low, high) of elevation over the holder plane that let nothing through, degrees.
    filters : tuple of HolderFilter, optional
        Bands of elevation that are crossed through a thickness of matter, which soft lines feel
        more than hard ones.

    Notes
    -----
    Transmission = 0 inside a blocked band, else the product of those of the filters. The holder is
    taken to look the same from every azimuth; the gains do not depend on where in the field of view
    the photon comes from (some µm against mm).

    Examples
    --------
    >>> from glasstomo.forward import MICROSCOPES
    >>> ledge = Holder(name="ledge", blocked_deg=((-90, 18),))
    >>> MICROSCOPES["osiris"].eds.gains([0.0], holder=ledge).round(1).ravel()
    array([0.5, 0.5, 0.5, 0.5])
    """

    name: str
    blocked_deg: tuple[tuple[float, float], ...] = ()
    filters: tuple[HolderFilter, ...] = ()

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
        """Elevations at which the transmission jumps or bends, degrees: the integration is split there."""
        bands = [*self.blocked_deg, *((layer.low_deg, layer.high_deg) for layer in self.filters)]
        return tuple(edge for band in bands for edge in band)

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
        for layer in self.filters:
            passes *= layer.transmission(elevation_deg, energy_kev)
        return passes

    def gains(
        self,
        detector: "EDSDetector",
        tilts_deg: np.ndarray,
        energy_kev: float,
        support_grid: "SupportGrid | None" = None,
    ) -> np.ndarray:
        """Share of each segment's solid angle that sees the specimen.

        Parameters
        ----------
        detector : EDSDetector
            The segments.
        tilts_deg : ndarray, shape (tilt,)
            Stage tilts, degrees.
        energy_kev : float
            Photon energy, keV.
        support_grid : SupportGrid, optional
            The grid around the particle; its transmission multiplies the holder's.

        Returns
        -------
        ndarray of float64, shape (segment, tilt)
            In [0, 1].
        """
        felt = tuple(layer for layer in self.filters if layer.attenuation_per_mm(energy_kev) > 0)
        if len(felt) < len(self.filters):
            return self.replace(filters=felt).gains(detector, tilts_deg, energy_kev, support_grid)
        elevation, azimuth = centre_direction_deg(detector.azimuths_deg, detector.elevations_deg, tilts_deg)

        def transmission(eps: np.ndarray, phi: np.ndarray) -> np.ndarray:
            return self.transmission(eps, phi, energy_kev)

        disc = (elevation, azimuth, detector.half_angles_deg, transmission, self.edges_deg)
        free = type(self).transmission is not Holder.transmission
        if support_grid is None:
            return disc_transmission(*disc, free=free)
        return gridded_disc_transmission(*disc, support_grid, energy_kev, free=free)


# A cone of beryllium around the specimen. superAngle, the program of Xu et al., takes for this holder a wall
# at 20 degrees, 3.1 mm across at its upper edge, 0.22 mm high; its remarks put the specimen on the underside
# of a grid of 0.05 mm. The edge is then seen at atan(0.27/1.55) = 9.88 degrees, and the way through the cone
# falls from 0.44 mm at 8.5 degrees to nothing at the edge, linearly within 0.004 mm.
BERYLLIUM_CARRIER = HolderFilter(
    low_deg=8.5, high_deg=9.88, element="Be", density_g_cm3=1.848, thickness_mm=(0.44, 0.0), hard_kev=6.0
)

HOLDERS: Table[Holder] = Table(
    "holder",
    {
        "none": Holder(name="none"),
        "wall": Holder(name="wall", blocked_deg=((-90.0, 8.5),), filters=(BERYLLIUM_CARRIER,)),
        "blade": Holder(name="blade", blocked_deg=((-8.5, 1.5),)),
    },
)
"""Holders by name.

*wall*: a double-tilt low-background holder whose rim hides everything below 8.5°; the asymmetry of
the quadrants agrees with the Ni K series of Xu et al., Ultramicroscopy 164 (2016) 51
(doi:10.1016/j.ultramic.2016.02.004) within 0.015 RMS. Lines softer than 6 keV also lose what the
beryllium carrier takes between 8.5° and 9.88°: geometry of superAngle
(github.com/subangstrom/superAngle, Holder_setup.m and Holder_carrier_shadow_up_2.m), not fitted.
*blade*: a tomography holder whose thin blade hides elevations from −8.5° to 1.5°, inferred from the
Si K series L2083 of openNCEM's edstomo (agreement 0.023 RMS after averaging +α and −α)."""
