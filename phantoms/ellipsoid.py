"""An ellipsoid, with its exact signed distance."""

from typing import Literal

import numpy as np
from pydantic import PositiveFloat

from .frame import Placed, Point

# The secular equation in 1/norm form is nearly linear: six Newton steps reach float64 rounding for
# axes of any ratio below about 100; two more cost little.
NEWTON_STEPS = 8


class Ellipsoid(Placed):
    """A solid ellipsoid.

    Parameters
    ----------
    semi_axes_nm : tuple of float
        Semi-axes along the body's own (z, y, x), nm.
    center_nm, rotation_deg
        Place and orientation, see `Placed`.

    Notes
    -----
    The signed distance is exact. The nearest point q of a point p solves q_i = a_i² p_i / (t + a_i²)
    with Σ (a_i p_i / (t + a_i²))² = 1 and t > −min a_i² (Eberly, "Distance from a point to an
    ellipse, an ellipsoid, or a hyperellipsoid", geometrictools.com). Newton's iteration runs on the
    reciprocal norm, which is concave in t and so is approached from one side, as in Moré and
    Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983) 553, doi:10.1137/0904038.

    Examples
    --------
    >>> float(Ellipsoid(semi_axes_nm=(3.0, 2.0, 1.0)).signed_distance(0.0, 5.0, 0.0))
    3.0
    """

    kind: Literal["ellipsoid"] = "ellipsoid"
    semi_axes_nm: tuple[PositiveFloat, PositiveFloat, PositiveFloat]

    def signed_distance(self, z, y, x) -> np.ndarray:
        """Distance to the surface, nm, negative inside; arrays of nm broadcast."""
        local = self._local(z, y, x)
        if len(set(self.semi_axes_nm)) == 1:
            return np.sqrt(local[0] ** 2 + local[1] ** 2 + local[2] ** 2) - self.semi_axes_nm[0]
        return _distance(local, self.semi_axes_nm)

    @property
    def bounding_radius_nm(self) -> float:
        """Radius of a sphere about the origin that holds the body, nm."""
        return self._center_distance_nm + max(self.semi_axes_nm)

    @property
    def volume_nm3(self) -> float:
        """Volume, nm³."""
        a, b, c = self.semi_axes_nm
        return 4.0 / 3.0 * np.pi * a * b * c


def Sphere(*, radius_nm: float, center_nm: Point = (0.0, 0.0, 0.0)) -> Ellipsoid:  # noqa: N802
    """Return the ellipsoid of three equal semi-axes.

    Examples
    --------
    >>> float(Sphere(radius_nm=10.0).signed_distance(0.0, 0.0, 4.0))
    -6.0
    """
    return Ellipsoid(semi_axes_nm=(radius_nm, radius_nm, radius_nm), center_nm=center_nm)


def _distance(points, semi_axes_nm) -> np.ndarray:
    """Exact signed distance in the ellipsoid's own axes, nm."""
    axes = np.asarray(semi_axes_nm)
    scale = axes.min()
    a = axes / scale
    # A coordinate of exactly zero along the shortest axis makes the root meet the pole.
    p = [np.maximum(np.abs(q) / scale, 1e-12) for q in points]
    inside = sum((q / s) ** 2 for q, s in zip(p, a, strict=True)) < 1.0
    # Σ (a p / (t + a²))² >= 1 at each of these, so they lie left of the root.
    t = np.maximum(np.maximum(a[0] * p[0] - a[0] ** 2, a[1] * p[1] - a[1] ** 2), a[2] * p[2] - a[2] ** 2)
    for _ in range(NEWTON_STEPS):
        norm2, slope = 0.0, 0.0
        for q, s in zip(p, a, strict=True):
            w = 1.0 / (t + s * s)
            term = (s * q * w) ** 2
            norm2 = norm2 + term
            slope = slope + term * w
        t = t + norm2 * (np.sqrt(norm2) - 1.0) / slope
    away2 = sum((q * t / (t + s * s)) ** 2 for q, s in zip(p, a, strict=True))
    return np.where(inside, -scale, scale) * np.sqrt(away2)
