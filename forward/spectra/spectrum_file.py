"""The HDF5 file of a spectrum series: what it holds, and how it is written piece by piece."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from .spectrum_series import FORMAT, VERSION, SpectrumPart

CHUNK_BYTES = 2**19


def write_head(
    file: Any,
    *,
    angles_deg: np.ndarray,
    spacing_nm: float,
    electrons_per_pixel: float,
    exposure: np.ndarray | None,
    energies_kev: np.ndarray,
    live_fraction: np.ndarray,
    lines: Sequence[str],
    gains: np.ndarray,
    parts: Sequence[SpectrumPart],
    templates: np.ndarray,
    metadata: dict[str, Any],
) -> None:
    """Write everything but the spectra into an open h5py file; fields as in `SpectrumSeries`."""
    text = {
        "spacing_nm": spacing_nm,
        "electrons_per_pixel": electrons_per_pixel,
        "lines": list(lines),
        "parts": [asdict(part) for part in parts],
        "metadata": metadata,
    }
    file.attrs["format"] = FORMAT
    file.attrs["format_version"] = VERSION
    file["fields"] = json.dumps(text, allow_nan=False)
    arrays = {
        "angles_deg": angles_deg,
        "energies_kev": energies_kev,
        "live_fraction": live_fraction,
        "gains": gains,
        "templates": templates,
    }
    if exposure is not None:
        arrays["exposure"] = exposure
    for name, array in arrays.items():
        file[name] = array


def create_spectra(file: Any, shape: tuple[int, int, int, int], dtype: np.dtype) -> Any:
    """Create the data set of the spectra, in chunks of whole spectra of neighbouring pixels.

    Parameters
    ----------
    file : h5py.File
    shape : tuple of int
        (tilt, y, x, channel).
    dtype : numpy.dtype

    Returns
    -------
    h5py.Dataset
    """
    _, ny, nx, channels = shape
    pixels = max(1, CHUNK_BYTES // (channels * dtype.itemsize))
    return file.create_dataset(
        "spectra",
        shape=shape,
        dtype=dtype,
        chunks=(1, min(ny, max(1, pixels // nx)), min(nx, pixels), channels),
        compression="gzip",
        # Sparse counts shrink tenfold at level 1; higher levels take longer and gain little.
        compression_opts=1,
        shuffle=True,
    )


def counts_dtype(top: float) -> np.dtype:
    """Smallest unsigned type that a Poisson draw of expectation `top` exceeds with a chance below 1e-20.

    Examples
    --------
    >>> counts_dtype(1000.0), counts_dtype(66000.0)
    (dtype('uint16'), dtype('uint32'))
    """
    need = top + 10 * np.sqrt(top) + 50
    if need < 2**16:
        return np.dtype(np.uint16)
    if need < 2**32:
        return np.dtype(np.uint32)
    raise ValueError(f"{top:.3g} counts expected in one channel; lower the beam current or the dwell")
