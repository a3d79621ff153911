"""An interface that is a plane, or a weakly curved sheet."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from .parameters import Parameters


class Sheet(Parameters):
    """Two domains that meet in a plane or in part of a sphere.

    Parameters
    ----------
    inclination_deg : float
        Angle between the normal of the sheet and +z: at 0 the beam of the untilted specimen
        meets the interface face on, at 90 edge on.
    azimuth_deg : float
        Direction of the inclined normal in the (y, x) plane, counted from +y towards +x.
    offset_nm : float
        Where the sheet crosses its normal through the origin, nm. The first domain is the side
        that the normal comes from (distance < 0).
    curvature_per_nm : float
        1/radius of the sheet, nm⁻¹: 0 is a plane, positive bends it towards the normal.

    Notes
    -----
    With q = n·r and s = |r|² from the point of crossing, the signed distance to a sphere of
    curvature κ that touches the plane there is u / (1 + √(1 − κu)), u = 2q − κs: exact, and free of
    cancellation as κ → 0.

    Examples
    --------
    >>> Sheet(offset_nm=10.0).signed_distance([0.0, 25.0], 0.0, 0.0)
    array([-10.,  15.])
    """

    kind: Literal["sheet"] = "sheet"
    inclination_deg: Annotated[float, Field(ge=0, le=180)] = 0.0
    azimuth_deg: Annotated[float, Field(ge=-360, le=360)] = 0.0
    offset_nm: float = 0.0
    curvature_per_nm: float = 0.0

    @property
    def normal(self) -> np.ndarray:
        """Unit normal (z, y, x), from the first domain to the second."""
        theta, phi = np.radians(self.inclination_deg), np.radians(self.azimuth_deg)
        return np.array([np.cos(theta), np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi)])

    @property
    def metric(self) -> bool:
        """Whether `signed_distance` is a distance: yes."""
        return True

    def signed_distance(self, z, y, x) -> np.ndarray:
        """Exact signed distance to the interface, nm, negative in the first domain; arrays broadcast."""
        z, y, x = (np.asarray(c, float) for c in (z, y, x))
        square = (z * z + y * y) + x * x if self.curvature_per_nm else 0.0
        return curved_distance(z, y, x, self.normal, self.offset_nm, self.curvature_per_nm, square)


def curved_distance(z, y, x, normal, offset_nm: float, curvature_per_nm: float, square):
    """Signed distance to a plane bent into a sphere, nm; `square` is |r|² of the points, nm²."""
    nz, ny, nx = normal
    if curvature_per_nm == 0.0:
        return (nz * z + ny * y - offset_nm) + nx * x
    # u = 2q − κs, gathered by powers of the coordinates from the origin.
    slope = 2.0 * (1.0 + curvature_per_nm * offset_nm)
    constant = offset_nm * (2.0 + curvature_per_nm * offset_nm)
    u = ((slope * nz) * z + (slope * ny) * y - constant) + (slope * nx) * x - curvature_per_nm * square
    # Rounding can carry 1 − κu, the square of a distance, below zero at the centre.
    return u / (1.0 + np.sqrt(np.maximum(1.0 - curvature_per_nm * u, 0.0)))
