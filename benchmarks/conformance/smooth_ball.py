"""A smooth body whose line integrals are known: what projectors are held against."""

from dataclasses import dataclass

import numpy as np

from .beam_geometry import BeamGeometry

# Points per edge of a voxel, and per bin, that means are taken over: their error is far below a thousandth.
_FINE = 8


@dataclass(frozen=True)
class SmoothBall:
    """The disc ``f(r) = (1 − r²/R²)²`` in every slice, zero outside.

    Parameters
    ----------
    radius : float
        R, nm.
    centre : (float, float)
        (z, y) from the middle of the volume, nm.

    Notes
    -----
    A line at distance s from the centre crosses a chord of half length ``h = √(R² − s²)``; the integral
    along it is ``∫ ((h² − t²)/R²)² dt = 16 h⁵ / 15 R⁴``, and that over the slice ``π R² / 3``.

    Examples
    --------
    >>> ball = SmoothBall(8.0)
    >>> round(float(ball.line_integral(np.array([0.0]))[0]), 4), round(ball.mass, 3)
    (8.5333, 67.021)
    """

    radius: float
    centre: tuple[float, float] = (0.0, 0.0)

    @property
    def mass(self) -> float:
        """Integral over a slice, nm²."""
        return float(np.pi * self.radius**2 / 3.0)

    def line_integral(self, distance: np.ndarray) -> np.ndarray:
        """Integral along lines at some distance from its centre, nm."""
        half = np.sqrt(np.maximum(self.radius**2 - np.square(distance), 0.0))
        return 16.0 * half**5 / (15.0 * self.radius**4)

    def landing(self, angle_deg: float) -> float:
        """Where its centre lands in a projection, ``y cos α + z sin α``, nm from the middle."""
        tilt = np.deg2rad(angle_deg)
        return float(self.centre[1] * np.cos(tilt) + self.centre[0] * np.sin(tilt))

    def volume(self, geometry: BeamGeometry) -> np.ndarray:
        """Means over the voxels of a geometry; shape (z, y, x)."""
        nz, ny, nx = geometry.shape
        z = _points(nz, geometry.spacing_nm)[:, None] - self.centre[0]
        y = _points(ny, geometry.spacing_nm)[None, :] - self.centre[1]
        fine = np.square(np.maximum(1.0 - (z**2 + y**2) / self.radius**2, 0.0))
        means = fine.reshape(nz, _FINE, ny, _FINE).mean(axis=(1, 3))
        return np.repeat(means[:, :, None], nx, axis=2)

    def series(self, geometry: BeamGeometry) -> np.ndarray:
        """Means over the bins of its line integrals; shape (tilt, bin, x), nm."""
        tilts, bins, nx = geometry.series_shape
        v = _points(bins, geometry.spacing_nm)
        lines = [self.line_integral(v - self.landing(angle)) for angle in geometry.angles_deg]
        means = np.reshape(lines, (tilts, bins, _FINE)).mean(axis=2)
        return np.repeat(means[:, :, None], nx, axis=2)


def _points(number: int, spacing_nm: float) -> np.ndarray:
    """Points within each of some intervals in a row about zero."""
    return (np.arange(number * _FINE) + 0.5 - 0.5 * number * _FINE) * spacing_nm / _FINE
