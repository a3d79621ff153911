"""Spectrum series in HyperSpy's ``.hspy`` files, as exspy's `EDSTEMSpectrum` reads them."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..files.extra_io import import_io
from ..files.hyperspy_files import eds_node, microscope_node, space_axes, tilt_axis, write_signal
from .spectrum_series import SpectrumSeries


def export_spectra(spectra: SpectrumSeries, path: str | os.PathLike[str], *, tilt: int | None = None) -> None:
    """Write spectra to ``.hspy`` chunk by chunk; see `SpectrumSeries.export`.

    Notes
    -----
    Axes are (tilt,) y, x to navigate and Energy (keV) as the signal; the signal type is
    ``EDS_TEM``, so that HyperSpy with exspy opens an `EDSTEMSpectrum` (``hs.load(path, lazy=True)``
    one that stays on disk). ``live_time`` is the mean over the pixels written: exspy has room for one
    number.
    """
    if Path(path).suffix.lower() != ".hspy":
        raise ValueError(f"`path` must end in .hspy, got {os.fspath(path)!r}")
    if tilt is not None and not -spectra.count <= tilt < spectra.count:
        raise ValueError(f"`tilt` must lie below {spectra.count}, the number of tilts, got {tilt}")
    array = import_io("dask.array")
    which = slice(None) if tilt is None else tilt % spectra.count
    axes = [
        *space_axes(spectra.shape[1:3], spectra.spacing_nm, ("y", "x"), navigate=True),
        _energy_axis(spectra.energies_kev),
    ]
    if tilt is None:
        axes.insert(0, tilt_axis(spectra.angles_deg))
    with spectra.dataset() as data:
        chunks = data.chunks if tilt is None else data.chunks[1:]
        lazy = array.from_array(data, chunks=data.chunks)[which]
        write_signal(path, lazy, axes, _metadata(spectra, which), chunks=chunks)


def _energy_axis(energies_kev: np.ndarray) -> dict[str, Any]:
    step = (energies_kev[-1] - energies_kev[0]) / (len(energies_kev) - 1)
    return {
        "_type": "UniformDataAxis",
        "name": "Energy",
        "units": "keV",
        "size": len(energies_kev),
        "scale": float(step),
        "offset": float(energies_kev[0]),
        "navigate": False,
        # HyperSpy then takes counts per channel for what they are when it fits densities.
        "is_binned": True,
    }


def _metadata(spectra: SpectrumSeries, which: Any) -> dict[str, Any]:
    angles = np.atleast_1d(spectra.angles_deg[which])
    known = spectra.metadata
    exposure = 1.0 if spectra.exposure is None else float(np.mean(spectra.exposure[which]))
    live = float(np.mean(spectra.live_fraction[which]))
    microscope = microscope_node(known, angles, spectra.spacing_nm)
    microscope["Detector"] = {"EDS": eds_node(known, exposure=exposure, live_fraction=live)}
    lines = known["lines"]
    own = {"electrons_per_pixel": spectra.electrons_per_pixel, "metadata": known}
    return {
        "General": {"title": "EDS spectrum image" if len(angles) == 1 else "EDS spectrum tilt series"},
        "Signal": {"signal_type": "EDS_TEM", "quantity": "X-rays (Counts)"},
        "Acquisition_instrument": {"TEM": microscope},
        "Sample": {
            "elements": sorted({line.partition("_")[0] for line in lines}),
            "xray_lines": sorted(lines),
        },
        "glasstomo": {
            "spectra": json.dumps(own, allow_nan=False),
            "angles_deg": angles,
            "live_fraction": spectra.live_fraction[which],
        },
    }
