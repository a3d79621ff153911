"""Absorption of X-rays in flat layers: the support film below, and what grows on both faces."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from .detectors.shadowing import centre_direction_deg, disc_transmission

if TYPE_CHECKING:
    from .detectors.eds_detector import EDSDetector


def film_transmission(
    detector: "EDSDetector",
    *,
    tilt_deg: float,
    film_per_nm: float,
    film_nm: float,
    side: Literal["below", "both"] = "below",
) -> np.ndarray:
    """Share of the X-rays from above a film (or between two) that reach each segment.

    Parameters
    ----------
    detector : EDSDetector
    tilt_deg : float
        Stage tilt, degrees, within ±90.
    film_per_nm : float
        Linear attenuation coefficient of the film, nm⁻¹.
    film_nm : float
        Its thickness, nm.
    side : {"below", "both"}, optional
        One film below the specimen, or one of that thickness on each face.

    Returns
    -------
    ndarray of float64, shape (segment,)
        In [0, 1], averaged over the segment's disc; exactly 1 for a segment that stands over the
        plane of the specimen as a whole and sees no film.

    Raises
    ------
    ValueError
        When the film is not finite or negative.

    Notes
    -----
    An infinite slab normal to z lets exp(−μ t/|sin ε|) of the rays through that cross it, at the
    elevation ε over the plane of the specimen: a film below is crossed where ε < 0. Near the plane
    this function varies too fast for a few rays: it is integrated over the disc with a break at ε = 0
    (`disc_transmission`).

    Examples
    --------
    >>> from glasstomo.forward import EDSDetector
    >>> down = film_transmission(EDSDetector(), tilt_deg=40.0, film_per_nm=1e-3, film_nm=20.0)
    >>> np.round(down, 2)  # the segments at 45 and 315 degrees look at the upper face
    array([1.  , 0.85, 0.85, 1.  ])
    """
    for name, value in (("film_per_nm", film_per_nm), ("film_nm", film_nm)):
        if not 0 <= value < np.inf:
            raise ValueError(f"`{name}` must be finite and not negative, got {value}")
    depth = film_per_nm * film_nm
    if depth == 0:
        return np.ones(len(detector.segments))

    def through(elevation_deg: np.ndarray, azimuth_deg: np.ndarray) -> np.ndarray:
        sine = np.sin(np.deg2rad(elevation_deg))
        share = np.exp(-depth / np.maximum(np.abs(sine), 1e-12))
        if side == "below":
            share = np.where(elevation_deg < 0, share, 1.0)
        return share + 0 * azimuth_deg

    elevation, azimuth = centre_direction_deg(
        detector.azimuths_deg, detector.elevations_deg, np.array([float(tilt_deg)])
    )
    return disc_transmission(elevation, azimuth, detector.half_angles_deg, through, (0.0,))[:, 0]
