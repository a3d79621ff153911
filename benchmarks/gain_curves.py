"""Gain of an EDS detector against tilt, as numbers that a table, a program or a figure can show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..forward import EDSDetector, Holder, SupportGrid


@dataclass(frozen=True, kw_only=True, eq=False)
class GainCurves:
    """What one holder leaves of each segment at one photon energy.

    Attributes
    ----------
    holder : str
        Its name.
    energy_kev : float
        Photon energy, keV.
    tilts_deg : numpy.ndarray
        Stage tilts, degrees, (tilt,).
    segments : tuple of str
        Names of the segments.
    azimuths_deg : numpy.ndarray
        Their azimuths, degrees from +y, (segment,).
    gains : numpy.ndarray
        Share of each segment that sees the specimen, (segment, tilt).
    all_segments : numpy.ndarray
        Share of the whole solid angle that sees it, (tilt,).
    relative : numpy.ndarray
        The same relative to 0° tilt, (tilt,).
    share_at_zero : float
        Share of the whole solid angle at 0°.
    """

    holder: str
    energy_kev: float
    tilts_deg: np.ndarray
    segments: tuple[str, ...]
    azimuths_deg: np.ndarray
    gains: np.ndarray
    all_segments: np.ndarray
    relative: np.ndarray
    share_at_zero: float

    def rows(self) -> list[dict[str, object]]:
        """One row for each tilt, rounded to a ten-thousandth."""
        return [
            {
                "holder": self.holder,
                "energy_kev": self.energy_kev,
                "tilt_deg": round(float(tilt), 4),
                **{
                    f"segment_{name}": round(float(gain), 4)
                    for name, gain in zip(self.segments, gains, strict=True)
                },
                "all_segments": round(float(share), 4),
                "relative_to_0_deg": round(float(relative), 4),
            }
            for tilt, gains, share, relative in zip(
                self.tilts_deg, self.gains.T, self.all_segments, self.relative, strict=True
            )
        ]


def gain_curves(
    detector: "EDSDetector",
    holder: "Holder",
    *,
    energy_kev: float,
    tilts_deg: Sequence[float] | np.ndarray,
    support_grid: "SupportGrid | None" = None,
) -> GainCurves:
    """Compute the gain of each segment and of their sum against tilt.

    Parameters
    ----------
    detector : EDSDetector
        The segments.
    holder : Holder
        What shadows them.
    energy_kev : float
        Photon energy, keV.
    tilts_deg : sequence of float
        Stage tilts, degrees.
    support_grid : SupportGrid, optional
        Bars of the grid around the particle.

    Returns
    -------
    GainCurves

    Raises
    ------
    ValueError
        As for `EDSDetector.relative_gain`.
    """
    options: Any = {"holder": holder, "energy_kev": energy_kev, "support_grid": support_grid}
    tilts = np.asarray(tilts_deg, dtype=np.float64)
    gains = detector.gains(tilts, **options)
    weights = detector.solid_angles_sr / detector.solid_angle_sr
    return GainCurves(
        holder=holder.name,
        energy_kev=float(energy_kev),
        tilts_deg=tilts,
        segments=detector.segment_names,
        azimuths_deg=detector.azimuths_deg,
        gains=gains,
        all_segments=weights @ gains,
        relative=detector.relative_gain(tilts, **options),
        share_at_zero=float(weights @ detector.gains([0.0], **options)[:, 0]),
    )


def grid_of(text: str) -> "SupportGrid":
    """Read a square hole with the particle in its middle from HOLE:THICKNESS:SIDE.

    Parameters
    ----------
    text : str
        Width of the hole and height of the bars in µm, and *below* or *above*.

    Returns
    -------
    SupportGrid

    Raises
    ------
    ValueError
        When it is not of this form.

    Examples
    --------
    >>> grid_of("90:20:below").thickness_um
    20.0
    """
    from ..forward import SupportGrid

    try:
        hole, thickness, side = text.split(":")
        fields: Any = {"hole_um": float(hole), "thickness_um": float(thickness), "side": side}
        return SupportGrid(**fields)
    except ValueError:
        raise ValueError(
            "--grid must be HOLE:THICKNESS:SIDE, two lengths in um and below or above, as in 90:20:below, "
            f"got {text!r}"
        ) from None


def tilts_between(text: str) -> np.ndarray:
    """Read tilts from LOW:HIGH:STEP.

    Parameters
    ----------
    text : str
        Degrees; HIGH is included where a whole number of steps leads there.

    Returns
    -------
    ndarray of float64, shape (tilt,)

    Raises
    ------
    ValueError
        When it is not of this form or leads out of ±90°.

    Examples
    --------
    >>> tilts_between("-20:20:10")
    array([-20., -10.,   0.,  10.,  20.])
    """
    try:
        low, high, step = (float(part) for part in text.split(":"))
    except ValueError:
        raise ValueError(f"--tilts must be LOW:HIGH:STEP in degrees, as in -70:70:10, got {text!r}") from None
    if not (-90 <= low <= high <= 90 and step > 0 and (high - low) / step <= 3600):
        raise ValueError(
            "--tilts must hold -90 <= LOW <= HIGH <= 90 and a STEP above 0 (at most 3600 steps), "
            f"got {text!r}"
        )
    # Round: 0.1 + 0.2 is no tilt that anyone asks for.
    return np.round(low + step * np.arange(int((high - low) / step + 1e-9) + 1), 9)
