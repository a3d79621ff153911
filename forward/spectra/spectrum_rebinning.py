"""Add channels and pixels of spectra up."""

import os
from typing import Any

import numpy as np

from ..files.atomic import replacing
from .spectrum_file import create_spectra, write_head
from .spectrum_series import SpectrumSeries


def rebin_spectra(
    spectra: SpectrumSeries, path: str | os.PathLike[str], *, energy: int = 1, space: int = 1
) -> SpectrumSeries:
    """Write the same spectra with wider channels or larger pixels.

    Parameters
    ----------
    spectra : SpectrumSeries
        Read row by row; left untouched.
    path : path-like
        File to write, ``.h5``; replaced only when the whole is written.
    energy, space : int, optional
        Channels, and pixels along y and x, that become one; they must divide what there is.

    Returns
    -------
    SpectrumSeries
        Every count is in it: electrons per pixel and dwell are those of the pixels joined. The live
        fraction is their mean.

    Raises
    ------
    ValueError
        When a factor does not divide the series.
    """
    _, ny, nx, channels = spectra.shape
    for name, factor, sizes in (("energy", energy, (channels,)), ("space", space, (ny, nx))):
        if int(factor) != factor or factor < 1 or any(size % factor for size in sizes):
            raise ValueError(f"`{name}` must be a whole number that divides {sizes}, got {factor}")
    with replacing(path) as temporary:
        import h5py

        with h5py.File(temporary, "w") as file:
            write_head(file, **_head(spectra, energy, space))
            _write(file, spectra, energy, space)
    return SpectrumSeries.open(path)


def _head(spectra: SpectrumSeries, energy: int, space: int) -> dict[str, Any]:
    """Fields of the rebinned series."""
    metadata = dict(spectra.metadata)
    response = dict(metadata["response"])
    response["channels"] //= energy
    response["offset_kev"] += (energy - 1) / 2 * response["dispersion_kev"]
    response["dispersion_kev"] *= energy
    metadata |= {"response": response, "dwell_s": metadata["dwell_s"] * space**2}
    metadata["binning"] = metadata["binning"] * space
    count, ny, nx, _ = spectra.shape
    live = spectra.live_fraction.reshape(count, ny // space, space, nx // space, space)
    return {
        "angles_deg": spectra.angles_deg,
        "spacing_nm": spectra.spacing_nm * space,
        "electrons_per_pixel": spectra.electrons_per_pixel * space**2,
        "exposure": spectra.exposure,
        "energies_kev": spectra.energies_kev.reshape(-1, energy).mean(axis=1),
        "live_fraction": live.mean(axis=(2, 4)),
        "lines": spectra.lines,
        "gains": spectra.gains,
        "parts": spectra.parts,
        "templates": spectra.templates.reshape(len(spectra.parts), -1, energy).sum(axis=2),
        "metadata": metadata,
    }


def _write(file: Any, spectra: SpectrumSeries, energy: int, space: int) -> None:
    count, ny, nx, channels = spectra.shape
    # Sums of 16 bits need more; gzip takes the zeros away again.
    dtype = np.dtype(np.float32) if spectra.dtype.kind == "f" else np.dtype(np.uint32)
    add = np.float64 if spectra.dtype.kind == "f" else np.uint64
    shape = (count, ny // space, nx // space, channels // energy)
    data = create_spectra(file, shape, dtype)
    with spectra.dataset() as source:
        for tilt in range(count):
            for row in range(0, shape[1], data.chunks[1]):
                rows = slice(row, min(row + data.chunks[1], shape[1]))
                block = source[tilt, rows.start * space : rows.stop * space]
                split = block.reshape(-1, space, shape[2], space, shape[3], energy)
                data[tilt, rows] = split.sum(axis=(1, 3, 5), dtype=add).astype(dtype)
