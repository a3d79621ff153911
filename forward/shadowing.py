"""What share of a detector disc sees the specimen past the holder."""

from collections.abc import Callable, Sequence

import numpy as np

# Gauss-Legendre points per interval of elevation and across the disc. With the sine substitution below, 24
# points give the area of a disc cut by a straight edge to about 1e-12.
_ELEVATION_NODES = np.polynomial.legendre.leggauss(24)
_AZIMUTH_NODES = np.polynomial.legendre.leggauss(8)


def centre_direction_deg(
    azimuth_deg: np.ndarray, elevation_deg: np.ndarray, tilts_deg: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the elevation and azimuth of detector centres in the frame of the tilted holder.

    Parameters
    ----------
    azimuth_deg, elevation_deg : ndarray, shape (segment,)
        Azimuth φ from +y and elevation θ over the untilted specimen plane, degrees.
    tilts_deg : ndarray, shape (tilt,)
        Stage tilts α, degrees.

    Returns
    -------
    elevation_deg, azimuth_deg : ndarray, shape (segment, tilt)
        Degrees; the azimuth is counted from the +y of the holder.

    Notes
    -----
    sin ε = sin α cos φ cos θ + cos α sin θ. Sines and cosines are reduced to the first octant
    before they are evaluated, so that swapping the quadrants (φ → 180° − φ, α → −α) gives the
    same bits.
    """
    sin_phi, cos_phi = _sin_cos_deg(azimuth_deg[:, None])
    sin_theta, cos_theta = _sin_cos_deg(elevation_deg[:, None])
    sin_tilt, cos_tilt = _sin_cos_deg(tilts_deg[None, :])
    along_y = cos_phi * cos_theta
    sine = np.clip(sin_tilt * along_y + cos_tilt * sin_theta, -1.0, 1.0)
    azimuth = np.arctan2(sin_phi * cos_theta, cos_tilt * along_y - sin_tilt * sin_theta)
    return np.rad2deg(np.arcsin(sine)), np.rad2deg(azimuth)


def disc_transmission(
    elevation_deg: np.ndarray,
    azimuth_deg: np.ndarray,
    half_angle_deg: np.ndarray,
    transmission: Callable[[np.ndarray, np.ndarray], np.ndarray],
    edges_deg: Sequence[float] = (),
) -> np.ndarray:
    """Average a transmission over the solid angle of round detectors.

    Parameters
    ----------
    elevation_deg, azimuth_deg : ndarray, shape (segment, tilt)
        Direction of the detector centres in the frame of the holder, degrees.
    half_angle_deg : ndarray, shape (segment,)
        Half the opening angle of each disc seen from the specimen, degrees.
    transmission : callable
        Takes elevations and azimuths in the frame of the holder (degrees, arrays that broadcast)
        and returns the share of photons let through, in [0, 1].
    edges_deg : sequence of float
        Elevations at which the transmission jumps; the quadrature is split there.

    Returns
    -------
    ndarray of float64, shape (segment, tilt)
        In [0, 1]; exactly 1 where nothing is in the way.

    Raises
    ------
    ValueError
        When the transmission leaves [0, 1].

    Notes
    -----
    The disc is a cone of half-angle ψ about the direction at elevation ε₀. At elevation ε it spans
    ±w of azimuth with cos w = (cos ψ − sin ε sin ε₀)/(cos ε cos ε₀), so that::

        g = ∫ T cos ε dε dφ / ∫ cos ε dε dφ

    The width goes to zero like a square root at the rim of the disc; the substitution
    ε = m + h sin(π s/2) on each interval takes that root away.
    """
    centre = np.deg2rad(elevation_deg)
    half = np.deg2rad(half_angle_deg)[:, None]
    breaks = _breaks(centre, half, np.deg2rad(np.asarray(edges_deg, dtype=np.float64)))
    middle = (breaks[..., 1:] + breaks[..., :-1])[..., None] / 2
    reach = (breaks[..., 1:] - breaks[..., :-1])[..., None] / 2
    nodes, weights = _ELEVATION_NODES
    elevation = middle + reach * np.sin(np.pi / 2 * nodes)
    weight = reach * (np.pi / 2 * np.cos(np.pi / 2 * nodes)) * weights * np.cos(elevation)
    width = _half_width(elevation, centre[..., None, None], half[..., None, None])
    across, across_weights = _AZIMUTH_NODES
    turn = np.deg2rad(azimuth_deg)[..., None, None, None] + width[..., None] * across
    share = np.asarray(transmission(np.rad2deg(elevation)[..., None], np.rad2deg(turn)))
    if not ((share >= 0.0) & (share <= 1.0)).all():
        raise ValueError(f"a holder's transmission must lie in [0, 1], got {share.min()} to {share.max()}")
    area = (weight * width)[..., None] * across_weights
    axes = (-3, -2, -1)
    return np.sum(area * share, axis=axes) / np.sum(area, axis=axes)


def _breaks(centre: np.ndarray, half: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Ends of the smooth intervals of elevation, radians, shape (segment, tilt, breaks)."""
    quarter = np.pi / 2
    low, high = np.maximum(centre - half, -quarter), np.minimum(centre + half, quarter)
    # A disc that holds the zenith (or nadir) spans whole circles beyond this elevation.
    above = np.where(centre + half > quarter, np.pi - (centre + half), low)
    below = np.where(centre - half < -quarter, -np.pi - (centre - half), low)
    inner = np.stack([above, below, *(np.broadcast_to(edge, centre.shape) for edge in edges)], axis=-1)
    inner = np.clip(inner, low[..., None], high[..., None])
    return np.sort(np.concatenate([low[..., None], inner, high[..., None]], axis=-1), axis=-1)


def _half_width(elevation: np.ndarray, centre: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Half the azimuth that the disc spans at an elevation, radians."""
    reach = np.maximum(np.cos(elevation) * np.cos(centre), 1e-300)
    cosine = (np.cos(half) - np.sin(elevation) * np.sin(centre)) / reach
    return np.arccos(np.clip(cosine, -1.0, 1.0))


def _sin_cos_deg(degrees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine that keep the symmetries of the circle to the bit."""
    quadrant = np.rint(degrees / 90.0)
    rest = np.deg2rad(degrees - 90.0 * quadrant)
    sine, cosine = np.sin(rest), np.cos(rest)
    turn = quadrant.astype(np.int64) % 4
    return (
        np.choose(turn, [sine, cosine, -sine, -cosine]),
        np.choose(turn, [cosine, -sine, -cosine, sine]),
    )
