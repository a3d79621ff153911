"""What a solver of the league gets: counts, geometry and calibration; never the truth."""

import json
import os
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...forward import TiltSeries
from ...forward.rutherford import NM2_PER_BARN
from ...forward.series_checks import positive

# Stands for "fill in the default": the fields hold arrays once `__post_init__` has run.
_OMITTED: Any = None
_VERSION = 1
_ARRAYS = ("counts", "angles_deg", "gains", "exposure")


@dataclass(frozen=True, kw_only=True, eq=False)
class LeagueData:
    """The recorded data of one specimen, and all that a solver may know about them.

    Parameters
    ----------
    counts : ndarray, shape (channel, tilt, y, x)
        What was recorded: integer counts of X-rays, or ADF intensities. The tilt axis is x.
    angles_deg : ndarray of float64, shape (tilt,)
        Stage tilts, degrees. At tilt α the voxel centre (y, z) lands at v = y cos α + z sin α.
    spacing_nm : float
        Edge of a pixel and of a voxel, nm.
    channels : tuple of str
        One name per channel: X-ray lines (``"Zn_Ka"``), or ``("ADF",)``.
    signal : {"EDS_TEM", "ADF"}
        Kind of signal: Poisson counts, or intensities with Gaussian noise.
    electrons_per_pixel : float, optional
        Beam electrons per pixel and tilt.
    gains : ndarray of float64, shape (channel, tilt), optional
        Detector gain g of each projection relative to the calibration; ones when omitted. Zero where
        the holder shadows the whole detector.
    exposure : ndarray of float64, shape (tilt,), optional
        Electrons e of each tilt relative to `electrons_per_pixel`; ones when omitted.
    cross_section_barn : dict of str to float
        Partial cross-section σ of every line, barn; may be empty, and is for ADF.
    seconds : float, optional
        Seconds of one core that the solver may take over all channels; it is stopped after them.

    Raises
    ------
    ValueError
        When a field breaks its rule; one line with field, rule, value and cure.

    Notes
    -----
    A channel that holds densities x has the expectation ``counts = g e s P x`` with P the projection
    in nm and ``s = N_e σ`` counts per atom nm⁻² (`counts_per_areal_density`; 1 where it is not known:
    densities are then counts per nm).

    Examples
    --------
    >>> data = LeagueData(
    ...     counts=np.full((1, 2, 3, 4), 8), angles_deg=[-30.0, 30.0], spacing_nm=5.0,
    ...     channels=("Co_Ka",), signal="EDS_TEM", electrons_per_pixel=1.25e9,
    ...     cross_section_barn={"Co_Ka": 3.38})
    >>> data.shape, data.counts_per_areal_density.round(3)
    ((1, 3, 3, 4), array([0.423]))
    """

    counts: np.ndarray
    angles_deg: np.ndarray
    spacing_nm: float
    channels: tuple[str, ...]
    signal: str
    electrons_per_pixel: float | None = None
    gains: np.ndarray = _OMITTED
    exposure: np.ndarray = _OMITTED
    cross_section_barn: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        if np.ndim(self.counts) != 4:
            raise ValueError(
                "`counts` must have axes (channel, tilt, y, x), "
                f"got shape {np.shape(self.counts)}; add the channel axis with counts[None]"
            )
        put(self, "channels", tuple(self.channels))
        # The rules are those of a tilt series.
        series = self.series()
        put(self, "counts", series.data)
        put(self, "angles_deg", series.angles_deg)
        put(self, "spacing_nm", series.spacing_nm)
        put(self, "gains", np.ones(self.counts.shape[:2]) if series.gains is None else series.gains)
        tilts = self.counts.shape[1]
        put(self, "exposure", np.ones(tilts) if series.exposure is None else series.exposure)
        sections = {
            str(line): positive(f"cross_section_barn[{line!r}]", value, "barn")
            for line, value in self.cross_section_barn.items()
        }
        missing = [name for name in self.channels if name.partition("@")[0] not in sections]
        if sections and missing:
            raise ValueError(
                f"`cross_section_barn` lacks {', '.join(missing)}; give every line of `channels`, or none"
            )
        put(self, "cross_section_barn", sections)
        if self.seconds is not None:
            put(self, "seconds", positive("seconds", self.seconds, "seconds"))

    def __repr__(self) -> str:
        budget = "" if self.seconds is None else f", {self.seconds:g} s"
        return f"LeagueData({self.series()!r}{budget})"

    @classmethod
    def from_series(
        cls,
        series: TiltSeries,
        cross_section_barn: dict[str, float] | None = None,
        *,
        seconds: float | None = None,
    ) -> "LeagueData":
        """Take what a solver may know from a tilt series; its metadata stay behind.

        Parameters
        ----------
        series : TiltSeries
            Counts as recorded: a series with a variance of its own (net counts) is refused.
        cross_section_barn : dict, optional
            Partial cross-section of every line, barn.
        seconds : float, optional
            Seconds of one core that the solver may take.

        Returns
        -------
        LeagueData

        Raises
        ------
        ValueError
            When the series has a variance.
        """
        if series.variance is not None:
            raise ValueError("`series` must hold counts as recorded, this one has a variance (net counts)")
        return cls(
            counts=series.stack,
            angles_deg=series.angles_deg,
            spacing_nm=series.spacing_nm,
            channels=series.channels,
            signal=series.signal,
            electrons_per_pixel=series.electrons_per_pixel,
            gains=series.gains,  # pyright: ignore[reportArgumentType]
            exposure=series.exposure,  # pyright: ignore[reportArgumentType]
            cross_section_barn=dict(cross_section_barn or {}),
            seconds=seconds,
        )

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape (channel, z, y, x) of the answer; as many voxels along the beam, z, as pixels along y."""
        channels, _, ny, nx = self.counts.shape
        return channels, ny, ny, nx

    @property
    def counts_per_areal_density(self) -> np.ndarray:
        """Counts per atom nm⁻² at gain and exposure 1, float64 (channel,); 1 where it cannot be known."""
        electrons = self.electrons_per_pixel
        if self.signal != "EDS_TEM" or not self.cross_section_barn or electrons is None:
            return np.ones(len(self.channels))
        sections = [self.cross_section_barn[name.partition("@")[0]] for name in self.channels]
        return electrons * np.array(sections) * NM2_PER_BARN

    def series(self) -> TiltSeries:
        """Return the data as a tilt series without metadata, data (channel, tilt, y, x)."""
        return TiltSeries(
            data=self.counts,
            angles_deg=self.angles_deg,
            spacing_nm=self.spacing_nm,
            channels=self.channels,
            signal=self.signal,  # pyright: ignore[reportArgumentType]
            electrons_per_pixel=self.electrons_per_pixel,
            gains=self.gains,
            exposure=self.exposure,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the data to one ``.npz`` file, without loss and without pickles; replaced atomically.

        Raises
        ------
        ValueError
            When the name does not end in ``.npz``, or the folder does not exist.
        """
        from ...forward.files.atomic import replacing

        if not os.fspath(path).endswith(".npz"):
            raise ValueError(f"`path` must end in .npz, got {os.fspath(path)!r}")
        words = {
            "version": _VERSION,
            "spacing_nm": self.spacing_nm,
            "channels": self.channels,
            "signal": self.signal,
            "electrons_per_pixel": self.electrons_per_pixel,
            "cross_section_barn": self.cross_section_barn,
            "seconds": self.seconds,
        }
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        with replacing(path) as part, open(part, "wb") as file:
            np.savez(file, league_data=np.array(json.dumps(words)), **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "LeagueData":
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            When the file is missing, damaged, of another version, or not such a file.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                words = json.loads(str(file["league_data"]))
                arrays = {name: file[name] for name in _ARRAYS}
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(f"{os.fspath(path)} is no data of the league: {error}") from None
        version = words.pop("version")
        if version != _VERSION:
            raise ValueError(f"{os.fspath(path)} has version {version}, this reads {_VERSION}; make it anew")
        return cls(**arrays, **words)
