"""Spectrum images against tilt, kept in a file and read block by block."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..files.hdf5_record import refuse_other_formats
from ..files.present import present

FORMAT = "glasstomo spectrum series"
VERSION = 1
BLOCK_BYTES = 2**25


@dataclass(frozen=True, kw_only=True)
class SpectrumPart:
    """One template of a spectrum: what it stands for.

    Parameters
    ----------
    name : str
        Line (``"Zn_Ka"``) or a name of its own (``"bremsstrahlung"``).
    kind : {"line", "bremsstrahlung", "system"}
        What makes these counts.
    weight : float
        Counts relative to other parts of the same element and kind, for ties within a family.
    """

    name: str
    kind: Literal["line", "bremsstrahlung", "system"]
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class SpectrumSeries:
    """A tilt series of EDS spectrum images, (tilt, y, x, energy), that lives in an HDF5 file.

    It holds in memory what a spectrum needs to be understood, and one block of spectra at a time.
    Used as a context manager it keeps the file open between reads. Like a `TiltSeries` it knows
    nothing of the truth: the templates are those of the detector and of the elements looked for.

    Parameters
    ----------
    path : Path
        The HDF5 file, as `simulate_spectra` writes it.
    shape : tuple of int
        (tilt, y, x, channel).
    dtype : numpy.dtype
        Type of the counts: unsigned integers for draws, float32 for expectations.
    angles_deg : ndarray of float64, shape (tilt,)
        Stage tilts, degrees.
    spacing_nm : float
        Edge of a pixel, nm.
    energies_kev : ndarray of float64, shape (channel,)
        Energies of the channel centres, keV, evenly spaced.
    electrons_per_pixel : float
        Beam electrons per pixel and tilt of exposure 1.
    exposure : ndarray of float64, shape (tilt,), or None
        Electrons of each tilt relative to `electrons_per_pixel`.
    live_fraction : ndarray of float64, shape (tilt, y, x)
        Share of the dwell in which the detector could count. Recorded counts are those of the live
        time; divided by it they are those of the dwell.
    lines : tuple of str
        X-ray lines that the spectra were simulated with.
    gains : ndarray of float64, shape (line, tilt)
        Detector gain of each line relative to 0°.
    parts : tuple of SpectrumPart
        What the templates stand for.
    templates : ndarray of float64, shape (part, channel)
        Share of a part's counts that falls into each channel.
    metadata : dict
        As in a `TiltSeries`; ``metadata["response"]`` holds the detector's response.
    """

    path: Path
    shape: tuple[int, int, int, int]
    dtype: np.dtype
    angles_deg: np.ndarray
    spacing_nm: float
    energies_kev: np.ndarray
    electrons_per_pixel: float
    exposure: np.ndarray | None
    live_fraction: np.ndarray
    lines: tuple[str, ...]
    gains: np.ndarray
    parts: tuple[SpectrumPart, ...]
    templates: np.ndarray
    metadata: dict[str, Any]
    _handle: list[Any] = field(default_factory=list, repr=False)

    def __repr__(self) -> str:
        count, ny, nx, channels = self.shape
        low, high = self.energies_kev[0], self.energies_kev[-1]
        return (
            f"SpectrumSeries({self.path.name}, {count} tilts, {ny} × {nx} pixels of {self.spacing_nm:g} nm, "
            f"{channels} channels from {low:.3g} to {high:.4g} keV, {self.dtype})"
        )

    def __enter__(self) -> "SpectrumSeries":
        if not self._handle:
            self._handle.append(_open(self.path))
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        while self._handle:
            self._handle.pop().close()

    @property
    def count(self) -> int:
        """Number of tilts."""
        return self.shape[0]

    @property
    def electrons(self) -> np.ndarray:
        """Electrons per pixel at every tilt, float64 (tilt,)."""
        exposure = np.ones(self.count) if self.exposure is None else self.exposure
        return self.electrons_per_pixel * exposure

    @property
    def lines_wanted(self) -> str | tuple[str, ...]:
        """The lines that the acquisition named."""
        names = tuple(self.metadata["lines"])
        return names[0] if self.metadata["single_line"] else names

    @contextmanager
    def dataset(self) -> Iterator[Any]:
        """Yield the h5py data set of the spectra, shape (tilt, y, x, channel), for reading."""
        if self._handle:
            yield self._handle[0]["spectra"]
            return
        with _open(self.path) as file:
            yield file["spectra"]

    def tilt(self, index: int) -> np.ndarray:
        """Spectra of one tilt, shape (y, x, channel); `index` may count from the end."""
        if not -self.count <= index < self.count:
            raise ValueError(f"`index` must lie below {self.count}, the number of tilts, got {index}")
        with self.dataset() as spectra:
            return spectra[index % self.count]

    def blocks(self, *, max_bytes: int = BLOCK_BYTES) -> Iterator[tuple[int, slice, np.ndarray]]:
        """Yield (tilt index, rows, spectra (row, x, channel)) in order, some rows at a time.

        Parameters
        ----------
        max_bytes : int, optional
            Size of a block as float64, bytes; at least one row is read.
        """
        with self.dataset() as spectra:
            for tilt, rows in row_blocks(self.shape, max_bytes):
                yield tilt, rows, spectra[tilt, rows]

    def total(self, *, live_corrected: bool = False) -> np.ndarray:
        """Spectrum of each tilt summed over its pixels, float64, shape (tilt, channel).

        Parameters
        ----------
        live_corrected : bool, optional
            Divide each pixel by its live fraction first.
        """
        total = np.zeros((self.count, self.shape[-1]))
        for tilt, rows, block in self.blocks():
            if live_corrected:
                total[tilt] += np.einsum("yxe,yx->e", block, 1 / self.live_fraction[tilt, rows])
            else:
                total[tilt] += block.sum(axis=(0, 1), dtype=np.float64)
        return total

    def energy_window(self, low_kev: float, high_kev: float) -> np.ndarray:
        """Counts recorded between two energies, float64, shape (tilt, y, x).

        Channels that the window cuts count by the part inside it.

        Raises
        ------
        ValueError
            When the window is empty.
        """
        if not low_kev < high_kev:
            raise ValueError(f"`high_kev` must be above `low_kev`, got {low_kev} to {high_kev}")
        share = channel_overlap(self.energies_kev, low_kev, high_kev)
        image = np.empty(self.shape[:3])
        for tilt, rows, block in self.blocks():
            image[tilt, rows] = block @ share
        return image

    def export(self, path: str | os.PathLike[str], *, tilt: int | None = None) -> None:
        """Write the spectra to ``.hspy``, block by block, for HyperSpy and exspy (extra ``io``).

        Parameters
        ----------
        path : path-like
            File name ending in ``.hspy``; replaced atomically when it exists.
        tilt : int, optional
            Write this tilt only: a spectrum image (y, x, energy) with its own live time and stage
            tilt, which is what exspy's quantification takes. The whole series when omitted.

        Raises
        ------
        ValueError
            When the suffix is another or there is no such tilt.
        ImportError
            When the extra ``io`` is not installed.
        """
        from .hyperspy_spectra import export_spectra

        export_spectra(self, path, tilt=tilt)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "SpectrumSeries":
        """Open a file that `simulate_spectra` wrote.

        Raises
        ------
        ValueError
            When the file is missing, truncated or not such a series; one line with path and cure.
        """
        path = present(path)
        try:
            with _open(path) as file:
                return _read(path, file)
        except (OSError, KeyError, RuntimeError, TypeError, json.JSONDecodeError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{path}: unreadable or truncated spectrum series ({reason}); write or copy it again"
            ) from None


def row_blocks(shape: tuple[int, int, int, int], max_bytes: int) -> Iterator[tuple[int, slice]]:
    """Yield (tilt index, rows) of blocks of at most `max_bytes` as float64, at least one row each."""
    count, ny, nx, channels = shape
    step = max(1, int(max_bytes // (8 * nx * channels)))
    for tilt in range(count):
        for start in range(0, ny, step):
            yield tilt, slice(start, min(start + step, ny))


def channel_overlap(energies_kev: np.ndarray, low_kev: float, high_kev: float) -> np.ndarray:
    """Share of each channel that lies between two energies, in [0, 1], shape (channel,)."""
    width = (energies_kev[-1] - energies_kev[0]) / (len(energies_kev) - 1)
    left = np.maximum(energies_kev - width / 2, low_kev)
    right = np.minimum(energies_kev + width / 2, high_kev)
    return np.clip((right - left) / width, 0.0, 1.0)


def _open(path: Path) -> Any:
    import h5py

    return h5py.File(path, "r")


def _read(path: Path, file: Any) -> SpectrumSeries:
    refuse_other_formats(path, file.attrs, kind=FORMAT, version=VERSION)
    fields = json.loads(file["fields"].asstr()[()])
    spectra = file["spectra"]
    return SpectrumSeries(
        path=path,
        shape=tuple(spectra.shape),
        dtype=spectra.dtype,
        angles_deg=file["angles_deg"][()],
        spacing_nm=fields["spacing_nm"],
        energies_kev=file["energies_kev"][()],
        electrons_per_pixel=fields["electrons_per_pixel"],
        exposure=file["exposure"][()] if "exposure" in file else None,
        live_fraction=file["live_fraction"][()],
        lines=tuple(fields["lines"]),
        gains=file["gains"][()],
        parts=tuple(SpectrumPart(**part) for part in fields["parts"]),
        templates=file["templates"][()],
        metadata=fields["metadata"],
    )
