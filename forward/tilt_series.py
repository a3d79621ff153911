"""The tilt series: what was recorded, and everything known about how."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from .rutherford import NM2_PER_BARN
from .series_checks import (
    checked_angles,
    checked_channels,
    checked_data,
    checked_exposure,
    checked_gains,
    checked_metadata,
    checked_variance,
    positive,
)

Signal = Literal["EDS_TEM", "ADF"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TiltSeries:
    """Projections of one specimen against stage tilt. It holds nothing of the truth.

    Parameters
    ----------
    data : ndarray, shape (tilt, y, x) or (channel, tilt, y, x)
        Counts (integers), or expectations and net counts (floats). The tilt axis is x; no NaN or
        infinity, and no negative integers in EDS. Net counts, from which a background was taken
        off, may be negative.
    angles_deg : ndarray of float64, shape (tilt,)
        Stage tilts, degrees, within ±180.
    spacing_nm : float
        Edge of a pixel, nm.
    channels : tuple of str
        Names of the channels: X-ray lines (``"Zn_Ka"``), lines seen by one segment of the detector
        (``"Zn_Ka@1"``, numbered from 1), or ``("ADF",)``. One name when `data` has three axes.
    signal : {"EDS_TEM", "ADF"}
        Kind of signal.
    electrons_per_pixel : float, optional
        Beam electrons per pixel and tilt, N_e = i τ / e, when known.
    gains : ndarray of float64, shape (channel, tilt), optional
        Detector gain relative to the calibration at 0°; None means 1 throughout. The gains of the
        segments of a line add up to that of the whole detector.
    exposure : ndarray of float64, shape (tilt,), optional
        Electrons of each tilt relative to `electrons_per_pixel`, where the dwell differs between
        tilts; None means 1 throughout.
    variance : ndarray of float64, shape of `data`, optional
        Variance of the noise, counts², where it is not that of Poisson counts: net counts carry
        the noise of the background too.
    metadata : dict, optional
        Anything that JSON can hold: microscope, holder, dwell, current. Tuples become lists.

    Raises
    ------
    ValueError
        When a field breaks its rule; one line with field, rule, value and cure.

    Examples
    --------
    >>> series = TiltSeries(
    ...     data=np.ones((3, 4, 4), np.int32), angles_deg=[-30, 0, 30], spacing_nm=5.0,
    ...     channels=("Zn_Ka",), signal="EDS_TEM")
    >>> series
    TiltSeries(EDS_TEM Zn_Ka, 3 tilts from -30° to 30°, 4 × 4 pixels of 5 nm, int32)
    """

    data: np.ndarray
    angles_deg: np.ndarray
    spacing_nm: float
    channels: tuple[str, ...]
    signal: Signal
    electrons_per_pixel: float | None = None
    gains: np.ndarray | None = None
    exposure: np.ndarray | None = None
    variance: np.ndarray | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "data", checked_data(self.data))
        put(self, "angles_deg", checked_angles(self.angles_deg, self.data.shape[-3]))
        put(self, "spacing_nm", positive("spacing_nm", self.spacing_nm, "nm"))
        put(self, "channels", checked_channels(self.channels, self.data.shape))
        if self.signal not in ("EDS_TEM", "ADF"):
            raise ValueError(f"`signal` must be 'EDS_TEM' or 'ADF', got {self.signal!r}")
        if self.signal == "EDS_TEM" and self.data.dtype.kind == "i" and self.data.min() < 0:
            where = tuple(int(i) for i in np.argwhere(self.data < 0)[0])
            raise ValueError(
                f"`data` of EDS counts must not be negative: {self.data[where]} at index {where}; "
                "give net counts, from which a background was taken off, as floats"
            )
        if self.electrons_per_pixel is not None:
            electrons = positive("electrons_per_pixel", self.electrons_per_pixel, "electrons")
            put(self, "electrons_per_pixel", electrons)
        put(self, "gains", checked_gains(self.gains, (len(self.channels), self.count)))
        put(self, "exposure", checked_exposure(self.exposure, self.count))
        put(self, "variance", checked_variance(self.variance, self.data.shape))
        put(self, "metadata", checked_metadata(self.metadata))

    def __repr__(self) -> str:
        low, high = self.angles_deg.min(), self.angles_deg.max()
        ny, nx = self.data.shape[-2:]
        return (
            f"TiltSeries({self.signal} {' '.join(self.channels)}, {self.count} tilts from {low:g}° to "
            f"{high:g}°, {ny} × {nx} pixels of {self.spacing_nm:g} nm, {self.data.dtype})"
        )

    @property
    def count(self) -> int:
        """Number of tilts."""
        return self.data.shape[-3]

    @property
    def stack(self) -> np.ndarray:
        """The data with the channel axis always there, shape (channel, tilt, y, x); a view."""
        return self.data if self.data.ndim == 4 else self.data[None]

    @property
    def fluence_e_nm2(self) -> float | None:
        """Electrons per nm² and tilt (of exposure 1), when `electrons_per_pixel` is known."""
        return None if self.electrons_per_pixel is None else self.electrons_per_pixel / self.spacing_nm**2

    @property
    def electrons(self) -> np.ndarray | None:
        """Electrons per pixel at every tilt, float64 (tilt,), when `electrons_per_pixel` is known."""
        if self.electrons_per_pixel is None:
            return None
        exposure = np.ones(self.count) if self.exposure is None else self.exposure
        return self.electrons_per_pixel * exposure

    @property
    def sensitivity(self) -> np.ndarray:
        """Counts relative to gain 1 and exposure 1: gains × exposure, float64 (channel, tilt)."""
        gains = np.ones((len(self.channels), self.count)) if self.gains is None else self.gains
        return gains if self.exposure is None else gains * self.exposure

    def channel(self, name: str) -> "TiltSeries":
        """Return one channel as a series of its own, with data of shape (tilt, y, x).

        Raises
        ------
        ValueError
            When there is no such channel; the message lists those there are.
        """
        if name not in self.channels:
            raise ValueError(f"no channel {name!r} in this series; it has {', '.join(self.channels)}")
        index = self.channels.index(name)
        gains = None if self.gains is None else self.gains[index : index + 1]
        variance = None if self.variance is None else self.variance.reshape(self.stack.shape)[index]
        return replace(self, data=self.stack[index], channels=(name,), gains=gains, variance=variance)

    def summed_segments(self) -> "TiltSeries":
        """Return the series with the segments of each line added up (``"Zn_Ka@1"`` … to ``"Zn_Ka"``).

        Channels that no segment stands for stay as they are. Gains and variances add up too.

        Examples
        --------
        >>> halves = TiltSeries(
        ...     data=np.full((2, 1, 1, 1), 3), angles_deg=[0.0], spacing_nm=5.0, gains=[[0.5], [0.5]],
        ...     channels=("Zn_Ka@1", "Zn_Ka@2"), signal="EDS_TEM")
        >>> whole = halves.summed_segments()
        >>> whole.channels, whole.data.ravel(), whole.gains
        (('Zn_Ka',), array([6]), array([[1.]]))
        """
        lines = [name.partition("@")[0] for name in self.channels]
        names = tuple(dict.fromkeys(lines))
        if names == self.channels:
            return self
        members = [[index for index, line in enumerate(lines) if line == name] for name in names]

        def added(array: np.ndarray | None) -> np.ndarray | None:
            if array is None:
                return None
            return np.stack([array[index].sum(axis=0, dtype=array.dtype) for index in members])

        variance = None if self.variance is None else self.variance.reshape(self.stack.shape)
        return replace(
            self,
            data=np.stack([self.stack[index].sum(axis=0, dtype=self.data.dtype) for index in members]),
            channels=names,
            gains=added(self.gains),
            variance=added(variance),
        )

    def select(self, tilts: Sequence[int] | Sequence[bool] | np.ndarray | slice) -> "TiltSeries":
        """Return the series with some tilts only.

        Parameters
        ----------
        tilts : sequence of int, mask of bool, or slice
            Which tilts to keep, along the tilt axis.

        Raises
        ------
        ValueError
            When no tilt is kept, or an index or mask does not fit the series.
        """
        which = tilts if isinstance(tilts, slice) else np.asarray(tilts)
        if not isinstance(which, slice) and which.size == 0:
            raise ValueError("`tilts` must keep at least one tilt")
        try:
            keep = np.atleast_1d(np.arange(self.count)[which])
        except IndexError as error:
            raise ValueError(f"`tilts` does not fit a series of {self.count} tilts: {error}") from None
        if keep.size == 0:
            raise ValueError("`tilts` must keep at least one tilt")
        return replace(
            self,
            data=self.data[..., keep, :, :],
            angles_deg=self.angles_deg[keep],
            gains=None if self.gains is None else self.gains[:, keep],
            exposure=None if self.exposure is None else self.exposure[keep],
            variance=None if self.variance is None else self.variance[..., keep, :, :],
        )

    def areal_density(self, cross_section_barn: dict[str, float]) -> np.ndarray:
        """Areal density of the emitting element, from counts by eq. (1) of Collins et al. [1]_.

        Parameters
        ----------
        cross_section_barn : dict
            Partial cross-section of every line, barn; the segments of a line share that of the
            whole detector.

        Returns
        -------
        ndarray of float64, shape of `data`
            P = counts / (N_e σ g), atoms nm⁻².

        Raises
        ------
        ValueError
            When N_e or a cross-section is missing, or a gain is 0 (nothing was counted: drop that tilt).

        References
        ----------
        .. [1] S. M. Collins et al., APL Mater. 7 (2019) 091111, doi:10.1063/1.5120093

        Examples
        --------
        >>> series = TiltSeries(
        ...     data=np.full((1, 1, 1), 500), angles_deg=[0.0], spacing_nm=5.0, channels=("Co_Ka",),
        ...     signal="EDS_TEM", electrons_per_pixel=1.25e9)
        >>> series.areal_density({"Co_Ka": 3.38}).round(1)
        array([[[1183.4]]])
        """
        if self.signal != "EDS_TEM":
            raise ValueError(f"`areal_density` needs an EDS series, this one is {self.signal}")
        if self.electrons_per_pixel is None:
            raise ValueError(
                "`electrons_per_pixel` is not known for this series; set it to quantify the counts"
            )
        lines = [name.partition("@")[0] for name in self.channels]
        missing = [name for name in lines if name not in cross_section_barn]
        if missing:
            raise ValueError(
                f"`cross_section_barn` lacks {', '.join(missing)}; it has {', '.join(cross_section_barn)}"
            )
        sigma = np.array(
            [positive(f"cross_section_barn[{c!r}]", cross_section_barn[c], "barn") for c in lines]
        )
        gains = self.sensitivity
        if not gains.all():
            channel, tilt = (int(i) for i in np.argwhere(gains == 0)[0])
            raise ValueError(
                f"gain of {self.channels[channel]} is 0 at tilt index {tilt} "
                f"({self.angles_deg[tilt]:g} degrees): nothing was counted; leave that tilt out with `select`"
            )
        scale = self.electrons_per_pixel * sigma[:, None] * NM2_PER_BARN * gains
        return (self.stack / scale[:, :, None, None]).reshape(self.data.shape)

    def save(self, path: str | os.PathLike[str], *, compression: Literal["gzip"] | None = "gzip") -> None:
        """Write the series to HDF5 (``.h5``) without loss.

        Parameters
        ----------
        path : path-like
            File name ending in ``.h5`` or ``.hdf5``; replaced atomically when it exists.
        compression : "gzip" or None, optional

        Raises
        ------
        ValueError
            When the suffix is another, or the folder does not exist.
        """
        from .files.series_h5 import save_series

        save_series(self, path, compression=compression)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "TiltSeries":
        """Read a series that `save` wrote.

        Raises
        ------
        ValueError
            When the file is missing, truncated, or not such a series.
        """
        from .files.series_h5 import load_series

        return load_series(path)

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the series for other programs (extra ``io``).

        Parameters
        ----------
        path : path-like
            ``.hspy`` (HyperSpy, all channels, with its metadata tree) or ``.mrc`` (one channel as
            float32, voxels in ångström, and a ``.rawtlt`` of angles beside it).

        Raises
        ------
        ValueError
            When the suffix is another, or several channels go to ``.mrc``.
        ImportError
            When the extra ``io`` is not installed.
        """
        suffix = os.path.splitext(os.fspath(path))[1].lower()
        if suffix == ".hspy":
            from .files.hyperspy_files import export_hspy

            export_hspy(self, path)
        elif suffix == ".mrc":
            from .files.mrc_files import export_mrc

            export_mrc(self, path)
        else:
            raise ValueError(f"`path` must end in .hspy or .mrc (.h5: use `save`), got {os.fspath(path)!r}")
