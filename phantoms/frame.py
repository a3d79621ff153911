"""Where a body or a domain sits: its centre and its rotation."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from pydantic import Field

from .parameters import Parameters

Point = tuple[float, float, float]
Angle = Annotated[float, Field(ge=-360, le=360)]


def rotation_matrix(rotation_deg: Point) -> np.ndarray:
    """Rotation by angles about the z, y and x axes, in this order, acting on (z, y, x).

    Parameters
    ----------
    rotation_deg : tuple of float
        Angles about z, y and x, degrees; each turns the next axis of the cycle x → y → z → x
        towards the one after it.

    Returns
    -------
    numpy.ndarray, shape (3, 3)
        Matrix that turns column vectors (z, y, x).
    """
    matrix = np.eye(3)
    for angle_deg, (first, second) in zip(rotation_deg, ((2, 1), (0, 2), (1, 0)), strict=True):
        c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = c
        turn[second, first], turn[first, second] = s, -s
        matrix = turn @ matrix
    return matrix


class Placed(Parameters):
    """Something with a centre and an orientation.

    Parameters
    ----------
    center_nm : tuple of float
        Centre (z, y, x), nm.
    rotation_deg : tuple of float
        Angles about z, y and x, applied in this order, degrees.
    """

    center_nm: Point = (0.0, 0.0, 0.0)
    rotation_deg: tuple[Angle, Angle, Angle] = (0.0, 0.0, 0.0)

    def signed_distance(self, z, y, x) -> np.ndarray:
        """Signed distance at points, nm, negative inside."""
        raise NotImplementedError

    def nearby(self, center_nm: Point, radius_nm: float) -> Callable[..., np.ndarray]:
        """Return a function that equals `signed_distance` within a ball, and may be cheaper.

        Parameters
        ----------
        center_nm : tuple of float
            Centre (z, y, x) of the ball, nm.
        radius_nm : float
            Its radius, nm.
        """
        return self.signed_distance

    def _centred(self, z, y, x) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates from the centre, float64, not rotated."""
        cz, cy, cx = self.center_nm
        return np.asarray(z, float) - cz, np.asarray(y, float) - cy, np.asarray(x, float) - cx

    def _local(self, z, y, x) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates in the body's own axes, float64."""
        z, y, x = self._centred(z, y, x)
        if self.rotation_deg == (0.0, 0.0, 0.0):
            return z, y, x
        # The rows of the inverse (transpose) of the rotation are its columns.
        a, b, c = rotation_matrix(self.rotation_deg).T
        return a[0] * z + a[1] * y + a[2] * x, b[0] * z + b[1] * y + b[2] * x, c[0] * z + c[1] * y + c[2] * x

    @property
    def _center_distance_nm(self) -> float:
        return float(np.sqrt(sum(c * c for c in self.center_nm)))
