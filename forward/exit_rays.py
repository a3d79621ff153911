"""The directions in which X-rays leave the specimen towards a detector's segments."""

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from .detectors.eds_detector import EDSDetector

RayCount = Literal[1, 7]


def ray_weights(rays: RayCount = 1) -> np.ndarray:
    """Share of a segment's solid angle that each of its rays stands for; float64, shape (ray,), sum 1."""
    if rays == 1:
        return np.ones(1)
    if rays == 7:
        return np.array([0.25, *[0.125] * 6])
    raise ValueError(f"`rays` must be 1 (the centre) or 7 (a quadrature over the disc), got {rays}")


def exit_directions(detector: "EDSDetector", *, tilt_deg: float, rays: RayCount = 1) -> np.ndarray:
    """Unit vectors from the specimen to the segments, in the frame of the tilted specimen.

    Parameters
    ----------
    detector : EDSDetector
        Its segments' azimuths φ (from +y), elevations θ and half-angles ψ.
    tilt_deg : float
        Stage tilt α, degrees.
    rays : {1, 7}, optional
        One ray to the centre of each segment, or seven over its disc.

    Returns
    -------
    ndarray of float64, shape (segment, ray, 3)
        Unit vectors (z, y, x), weighted by `ray_weights`. z is sin ε, ε being the elevation over
        the plane of the specimen; rays with z < 0 leave through the support film.

    Raises
    ------
    ValueError
        When the tilt is not finite or `rays` neither 1 nor 7.

    Notes
    -----
    In the laboratory a segment stands at (z, y, x) = (sin θ, cos φ cos θ, sin φ cos θ). The
    specimen turns by α about x, so that z = z_lab cos α + y_lab sin α and
    y = y_lab cos α − z_lab sin α.

    The seven points are Stroud's rule S2 5-1 on the unit disc [1]_, the centre with weight 1/4 and
    six points at radius √(2/3) with 1/8, laid on the spherical cap by Lambert's equal-area map
    1 − cos χ = r² (1 − cos ψ): exact for polynomials of degree 5 in the coordinates of that map.

    References
    ----------
    .. [1] A. H. Stroud, Approximate Calculation of Multiple Integrals, Prentice-Hall 1971, S2 5-1

    Examples
    --------
    >>> from glasstomo.forward import EDSDetector
    >>> z, y, x = exit_directions(EDSDetector(), tilt_deg=0.0)[0, 0]
    >>> print(f"{np.degrees(np.arcsin(z)):.1f} {np.degrees(np.arctan2(x, y)):.1f}")
    18.0 45.0
    """
    if not np.isfinite(tilt_deg):
        raise ValueError(f"`tilt_deg` must be a finite angle, got {tilt_deg}")
    ray_weights(rays)
    azimuth = np.deg2rad(detector.azimuths_deg)[:, None]
    elevation = np.deg2rad(detector.elevations_deg)[:, None]
    centre = _vector(np.sin(elevation), np.cos(elevation), azimuth)
    if rays == 1:
        lab = centre
    else:
        cosine = 1 - 2 / 3 * (1 - np.cos(np.deg2rad(detector.half_angles_deg)))[:, None, None]
        turn = np.arange(6)[None, :, None] * np.pi / 3
        up = _vector(np.cos(elevation), -np.sin(elevation), azimuth)
        side = _vector(np.zeros_like(elevation), np.ones_like(elevation), azimuth + np.pi / 2)
        ring = cosine * centre + np.sqrt(1 - cosine**2) * (np.cos(turn) * up + np.sin(turn) * side)
        lab = np.concatenate([centre, ring], axis=1)
    sine, cosine = np.sin(np.deg2rad(tilt_deg)), np.cos(np.deg2rad(tilt_deg))
    z, y, x = np.moveaxis(lab, -1, 0)
    return np.stack([z * cosine + y * sine, y * cosine - z * sine, x], axis=-1)


def _vector(along_z: np.ndarray, in_plane: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    """Stack (z, y, x) of vectors with given parts along z and in the direction of an azimuth."""
    return np.stack([along_z, in_plane * np.cos(azimuth), in_plane * np.sin(azimuth)], axis=-1)
