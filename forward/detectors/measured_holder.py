"""A holder known by its measured shadowing curve alone."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from .holder import Holder

if TYPE_CHECKING:
    from .eds_detector import EDSDetector
    from .support_grid import SupportGrid

Curve = Annotated[tuple[NonNegativeFloat, ...], Field(min_length=1)]


class MeasuredHolder(Holder):
    """Gains read off counts that were measured against tilt.

    Parameters
    ----------
    name : str
        Name for reports and metadata.
    tilts_deg : tuple of float
        Tilts of the measurement, increasing, degrees.
    counts : tuple of tuple of float
        Counts (any unit) against tilt: one curve for the sum of the segments, or one for each
        segment in the detector's order. A constant amount of matter at every tilt is understood;
        see `from_csv` for lamellae.
    energies_kev : tuple of (float, float) or None, optional
        Photon energies for which the curve may stand, keV. None: any, at your own risk (soft lines
        are blocked more).

    Raises
    ------
    ValueError
        When tilts do not increase, a curve has another length, or all counts are zero. From
        `gains`: a tilt outside the measured range, a detector of another number of segments, an
        energy outside `energies_kev`, a support grid.

    Notes
    -----
    Between the measured tilts the curve is interpolated linearly, which never leaves the range of
    the neighbouring points; beyond them it is refused.

    A measurement says nothing of the photons that no segment ever sees, so the *share* of a segment
    is not known, only ratios. Normalisation: the counts of each segment are divided by its solid
    angle and the best value of the whole table is called 1. Gains then lie in [0, 1],
    ``relative_gain`` gives back the measured ratio to the sum at 0° exactly, and apart
    (``separate=True``) the segments keep their measured ratios, unequal efficiencies included.
    A curve of the sum is given to every segment alike.

    The curve holds whatever stood in the way when it was measured, bars of a grid included:
    combining it with a `SupportGrid` is refused.

    Examples
    --------
    >>> from glasstomo.forward import EDSDetector
    >>> holder = MeasuredHolder(name="mine", tilts_deg=(-40, 0, 40), counts=((50, 100, 80),))
    >>> EDSDetector().relative_gain([-40, -20, 0, 40], holder=holder)
    array([0.5 , 0.75, 1.  , 0.8 ])
    """

    tilts_deg: Annotated[tuple[float, ...], Field(min_length=1)]
    counts: Annotated[tuple[Curve, ...], Field(min_length=1)]
    energies_kev: tuple[PositiveFloat, PositiveFloat] | None = None

    @model_validator(mode="after")
    def _check_table(self) -> "MeasuredHolder":
        if self.blocked_deg or self.filters:
            raise ValueError("a measured holder has no bands or filters: its counts hold their effect")
        for index, step in enumerate(np.diff(self.tilts_deg), start=1):
            if not step > 0:
                raise ValueError(
                    f"tilts_deg must increase: {self.tilts_deg[index]} follows {self.tilts_deg[index - 1]}"
                    f" at index {index}"
                )
        for place, curve in enumerate(self.counts, start=1):
            if len(curve) != len(self.tilts_deg):
                raise ValueError(
                    f"curve {place} of counts must have one entry for each of the "
                    f"{len(self.tilts_deg)} tilts, got {len(curve)}"
                )
        if not np.max(self.counts) > 0:
            raise ValueError("counts must not all be zero")
        if self.energies_kev is not None and not self.energies_kev[0] <= self.energies_kev[1]:
            low, high = self.energies_kev
            raise ValueError(f"energies_kev must be (low, high), got ({low}, {high})")
        return self

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        *,
        columns: Sequence[str] | None = None,
        specimen: Literal["particle", "lamella"] = "particle",
        name: str | None = None,
        energies_kev: tuple[float, float] | None = None,
    ) -> "MeasuredHolder":
        """Read counts against tilt from a table of comma-separated values.

        Parameters
        ----------
        path : str or pathlib.Path
            A header (``tilt_deg,D1,D2,D3,D4``), then one line for each tilt, in any order. Lines
            that begin with # are skipped.
        columns : sequence of str, optional
            Columns in the order of the detector's segments, or one column for the sum. The
            default is every column after the first, as they stand.
        specimen : {"particle", "lamella"}, optional
            What was measured. The beam's way through a *lamella* grows as 1/cos(tilt), so its
            counts are multiplied by cos(tilt); a *particle* keeps its counts.
        name : str, optional
            Name of the holder; the default is the name of the file.
        energies_kev : tuple of (float, float), optional
            As for the class.

        Returns
        -------
        MeasuredHolder

        Raises
        ------
        OSError
            When the file cannot be read.
        ValueError
            When the table is not of this form; the message names the line.
        """
        path = Path(path)
        with path.open(encoding="utf-8", newline="") as stream:
            lines = [(at, text) for at, text in enumerate(stream, start=1) if text.strip()]
        rows = [(at, next(csv.reader([text]))) for at, text in lines if not text.lstrip().startswith("#")]
        if len(rows) < 2 or len(rows[0][1]) < 2:
            raise ValueError(
                f"{path.name} must hold a header of two columns or more, and a line for each tilt"
            )
        header = [title.strip() for title in rows[0][1]]
        wanted = header[1:] if columns is None else list(columns)
        for column in wanted:
            if column not in header[1:]:
                raise ValueError(f"{path.name} has no column {column!r}; it has {', '.join(header[1:])}")
        table = np.array([_numbers(path, at, row, len(header)) for at, row in rows[1:]])
        table = table[np.argsort(table[:, 0])]
        counts = table[:, [header.index(column) for column in wanted]].T
        if specimen == "lamella":
            counts = counts * np.cos(np.deg2rad(table[:, 0]))
        elif specimen != "particle":
            raise ValueError(f"`specimen` must be 'particle' or 'lamella', got {specimen!r}")
        return cls(
            name=path.stem if name is None else name,
            tilts_deg=tuple(table[:, 0].tolist()),
            counts=tuple(tuple(curve) for curve in counts.tolist()),
            energies_kev=energies_kev,
        )

    def transmission(
        self, elevation_deg: np.ndarray, azimuth_deg: np.ndarray, energy_kev: float
    ) -> np.ndarray:
        """Refuse: a measured curve says nothing about single directions."""
        raise ValueError(
            f"holder {self.name!r} is a measured curve and knows no single directions; use its gains"
        )

    def gains(
        self,
        detector: "EDSDetector",
        tilts_deg: np.ndarray,
        energy_kev: float,
        support_grid: "SupportGrid | None" = None,
    ) -> np.ndarray:
        """Measured gain of each segment, relative to the best of the table.

        Parameters
        ----------
        detector : EDSDetector
            The segments.
        tilts_deg : ndarray, shape (tilt,)
            Stage tilts within the measured range, degrees.
        energy_kev : float
            Photon energy, keV.
        support_grid : None
            The curve holds the effect of the grid already.

        Returns
        -------
        ndarray of float64, shape (segment, tilt)
            In [0, 1].
        """
        if support_grid is not None:
            raise ValueError(
                f"holder {self.name!r} is a measured curve, which holds the bars of its grid already; "
                "leave out the support grid"
            )
        self._check_use(len(detector.segments), tilts_deg, energy_kev)
        solid = detector.solid_angles_sr
        weights = solid if len(self.counts) > 1 else [solid.sum()]
        levels = np.array(self.counts) / np.asarray(weights)[:, None]
        levels /= levels.max()
        gains = [np.interp(tilts_deg, self.tilts_deg, level) for level in levels]
        return np.array(gains if len(gains) > 1 else gains * len(solid))

    def _check_use(self, segments: int, tilts_deg: np.ndarray, energy_kev: float) -> None:
        """Refuse what the measurement does not cover."""
        if len(self.counts) not in (1, segments):
            raise ValueError(
                f"holder {self.name!r} has {len(self.counts)} measured curves, the detector {segments} "
                "segments; give one curve for each, or one for their sum"
            )
        low, high = self.tilts_deg[0], self.tilts_deg[-1]
        outside = (tilts_deg < low) | (tilts_deg > high)
        if outside.any():
            raise ValueError(
                f"holder {self.name!r} was measured from {low:g} to {high:g} degrees; "
                f"{tilts_deg[outside][0]:g} lies beyond, and a curve is not extrapolated"
            )
        if self.energies_kev is not None:
            soft, hard = self.energies_kev
            if not soft <= energy_kev <= hard:
                raise ValueError(
                    f"holder {self.name!r} was measured for {soft:g} to {hard:g} keV, "
                    f"not for {energy_kev:g} keV"
                )


def _numbers(path: Path, line: int, row: list[str], count: int) -> list[float]:
    """One line of the table."""
    try:
        values = [float(cell) for cell in row]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        raise ValueError(f"line {line} of {path.name} must hold {count} numbers, got {','.join(row)!r}")
    return values
