"""How completely a tilt series samples directions: missing wedge, elongation, Crowther's resolution."""

import itertools
import math
from dataclasses import dataclass

from ...forward import TiltScheme


@dataclass(frozen=True, kw_only=True)
class AngularSampling:
    """What the angles alone say about a reconstruction.

    Attributes
    ----------
    low_deg, high_deg : float
        Range of the tilts, degrees.
    missing_wedge_deg : float
        Directions out of 180° that no tilt comes near.
    missing_share : float
        The same as a share of all directions.
    widest_gap_deg : float or None
        Widest step between neighbouring tilts, degrees; None for a single tilt.
    elongation : float or None
        Factor by which linear methods stretch a point along the beam; None without a range.
    crowther_nm : float or None
        Resolution that linear methods reach in all directions of the range, nm; None for a single tilt.
    nyquist_nm : float
        Twice the voxel, nm: the finest detail that the grid holds.
    crowther_tilts : int
        Tilts over this range at which Crowther's resolution is that of the grid.
    """

    low_deg: float
    high_deg: float
    missing_wedge_deg: float
    missing_share: float
    widest_gap_deg: float | None
    elongation: float | None
    crowther_nm: float | None
    nyquist_nm: float
    crowther_tilts: int


def angular_sampling(scheme: TiltScheme, *, diameter_nm: float, spacing_nm: float) -> AngularSampling:
    """Judge the angles of a series of a particle.

    Parameters
    ----------
    scheme : TiltScheme
        The angles.
    diameter_nm : float
        Largest extent of the particle across the tilt axis, nm.
    spacing_nm : float
        Edge of a voxel of the reconstruction, nm.

    Returns
    -------
    AngularSampling

    Notes
    -----
    With tilts ±α an ideal linear reconstruction stretches a point along the beam by [1]_

        e = sqrt((α + sin α cos α) / (α − sin α cos α)),

    taken here with half the range for one that does not lie evenly about 0°. N views at steps of π/N
    resolve d = π D / N in a particle of diameter D [2]_; for a limited range the mean step Δ takes
    the place of π/N: d = D Δ. Methods that know something of the particle (sparse gradients, no
    negative densities) do better than either: both are yardsticks, not forecasts.

    References
    ----------
    .. [1] M. Radermacher, J. Electron Microsc. Tech. 9 (1988) 359, doi:10.1002/jemt.1060090405
    .. [2] R. A. Crowther, D. J. DeRosier, A. Klug, Proc. R. Soc. A 317 (1970) 319,
       doi:10.1098/rspa.1970.0119

    Examples
    --------
    >>> scheme = TiltScheme.uniform(-70, 70, 15)
    >>> found = angular_sampling(scheme, diameter_nm=300.0, spacing_nm=7.5)
    >>> found.missing_wedge_deg, round(found.elongation, 2), round(found.crowther_nm, 1)
    (40.0, 1.31, 52.4)
    """
    angles = scheme.angles_deg
    low, high = angles[0], angles[-1]
    covered = high - low
    steps = [b - a for a, b in itertools.pairwise(angles)]
    nyquist = 2.0 * spacing_nm
    # A tilt of −90° and one of 90° look along the same line.
    missing = max(0.0, 180.0 - covered)
    needed = math.radians(covered) * diameter_nm / nyquist
    return AngularSampling(
        low_deg=low,
        high_deg=high,
        missing_wedge_deg=missing,
        missing_share=missing / 180.0,
        widest_gap_deg=max(steps) if steps else None,
        elongation=_elongation(math.radians(covered / 2)),
        crowther_nm=math.radians(covered / len(steps)) * diameter_nm if steps else None,
        nyquist_nm=nyquist,
        crowther_tilts=math.ceil(needed) + 1,
    )


def _elongation(half: float) -> float | None:
    """Stretch along the beam for tilts up to ±half, radians."""
    bent = math.sin(half) * math.cos(half)
    # Without a range there is no depth at all; below a ten-thousandth the difference loses its digits.
    return math.sqrt((half + bent) / (half - bent)) if half > 1e-4 else None
