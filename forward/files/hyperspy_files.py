"""HyperSpy's ``.hspy`` files: signals with calibrated axes and HyperSpy's metadata tree."""

import json
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tilt_series import TiltSeries
from ..xray_lines import LINES
from .atomic import replacing
from .extra_io import import_io
from .present import present


def export_hspy(series: TiltSeries, path: str | os.PathLike[str]) -> None:
    """Write a series to ``.hspy``; see `TiltSeries.export`.

    Notes
    -----
    Axes are (line,) tilt, y, x. Fields without a place in HyperSpy's tree (electrons per pixel,
    gains, our own metadata) go to the node ``glasstomo`` as JSON, so that `read_tilt_series` gives
    back the whole series.
    """
    axes = [tilt_axis(series.angles_deg), *space_axes(series.data.shape[-2:], series.spacing_nm, ("y", "x"))]
    if series.data.ndim == 4:
        axes.insert(0, index_axis("X-ray line", len(series.channels)))
    write_signal(path, series.data, axes, _metadata(series))


def write_signal(
    path: str | os.PathLike[str],
    data: Any,
    axes: list[dict[str, Any]],
    metadata: dict[str, Any],
    *,
    chunks: tuple[int, ...] | None = None,
) -> None:
    """Write one signal to ``.hspy``, atomically.

    Parameters
    ----------
    path : path-like
    data : ndarray or dask array
        A dask array is written chunk by chunk.
    axes : list of dict
        HyperSpy's description of each axis, as `space_axes` and `index_axis` make them.
    metadata : dict
        HyperSpy's metadata tree.
    chunks : tuple of int, optional
        Shape of the chunks in the file.
    """
    hspy = import_io("rsciio.hspy")
    for index, axis in enumerate(axes):
        axis["index_in_array"] = index
    signal = {
        "data": data,
        "axes": axes,
        "metadata": metadata,
        "original_metadata": {},
        "attributes": {"_lazy": False, "ragged": False},
        "learning_results": {},
        "models": {},
        "tmp_parameters": {},
        # HyperSpy refuses signals of a package that does not register signal classes with it.
        "package_info": {"package": "hyperspy", "package_version": ""},
    }
    with replacing(path) as temporary:
        hspy.file_writer(os.fspath(temporary), signal, chunks=chunks, show_progressbar=False)


def read_signal(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the first signal of a ``.hspy`` file.

    Returns
    -------
    dict
        RosettaSciIO's dictionary: ``data``, ``axes``, ``metadata``, ``original_metadata``.

    Raises
    ------
    ValueError
        When the file is missing, truncated or not HyperSpy's; one line with the path and the cure.
    """
    hspy = import_io("rsciio.hspy")
    path = present(path)
    try:
        with warnings.catch_warnings():
            # The reader warns about files of versions older or newer than its own, which still read.
            warnings.simplefilter("ignore")
            signals = hspy.file_reader(os.fspath(path))
    except Exception as error:  # what a broken file raises depends on where it broke
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path}: unreadable or truncated .hspy file ({reason}); copy it again") from None
    if not signals:
        raise ValueError(f"{path}: holds no signal; save it again from HyperSpy")
    return signals[0]


def space_axes(
    shape: Sequence[int], spacing_nm: float, names: Sequence[str], *, navigate: bool = False
) -> list[dict[str, Any]]:
    """Axes in nm with their origin at the first pixel; the last two are the image unless they navigate."""
    return [
        {
            "_type": "UniformDataAxis",
            "name": name,
            "units": "nm",
            "size": int(size),
            "scale": float(spacing_nm),
            "offset": 0.0,
            "navigate": navigate or index < len(shape) - 2,
            "is_binned": False,
        }
        for index, (name, size) in enumerate(zip(names, shape, strict=True))
    ]


def index_axis(name: str, size: int) -> dict[str, Any]:
    """Return a navigation axis that counts channels."""
    return {
        "_type": "UniformDataAxis",
        "name": name,
        "units": "",
        "size": size,
        "scale": 1.0,
        "offset": 0.0,
        "navigate": True,
        "is_binned": False,
    }


def tilt_axis(angles_deg: np.ndarray) -> dict[str, Any]:
    """Uniform where the angles are; else the list of them, when HyperSpy can hold it (monotonic)."""
    common = {"name": "tilt", "navigate": True, "is_binned": False, "units": "degrees"}
    steps = np.diff(angles_deg)
    step = float(np.mean(steps)) if steps.size else 1.0
    if step and np.allclose(steps, step, rtol=0, atol=1e-6):
        uniform = {"size": angles_deg.size, "scale": step, "offset": float(angles_deg[0])}
        return {"_type": "UniformDataAxis", **uniform, **common}
    if (steps > 0).all() or (steps < 0).all():
        return {"_type": "DataAxis", "axis": angles_deg, **common}
    return index_axis("tilt", angles_deg.size)


def microscope_node(known: dict[str, Any], angles_deg: np.ndarray, spacing_nm: float) -> dict[str, Any]:
    """``Acquisition_instrument.TEM`` of HyperSpy's tree, without detectors.

    The stage tilt is one number where there is one tilt: exspy calculates with it.
    """
    node: dict[str, Any] = {
        "Stage": {"tilt_alpha": float(angles_deg[0]) if len(angles_deg) == 1 else angles_deg},
        "probe_area": spacing_nm**2,
    }
    for ours, theirs in (
        ("accelerating_voltage_kv", "beam_energy"),
        ("beam_current_na", "beam_current"),
        ("convergence_mrad", "convergence_angle"),
        ("microscope", "microscope"),
    ):
        if ours in known:
            node[theirs] = known[ours]
    return node


def eds_node(known: dict[str, Any], *, exposure: float = 1.0, live_fraction: float = 1.0) -> dict[str, Any]:
    """``Detector.EDS`` of HyperSpy's tree.

    Parameters
    ----------
    known : dict
        Metadata of a series.
    exposure, live_fraction : float, optional
        Dwell relative to the mean, and the share of it in which the detector counted.

    Notes
    -----
    exspy knows one detector. It gets the mean elevation and the azimuth of the mean direction; where
    segments stand all around and there is none, 90° (along the tilt axis), which gives the
    mean take-off angle of the segments at any tilt.
    """
    node: dict[str, Any] = {}
    if "dwell_s" in known:
        dwell = known["dwell_s"] * exposure
        node |= {"real_time": dwell, "live_time": dwell * live_fraction}
    if "eds_solid_angle_sr" in known:
        node["solid_angle"] = known["eds_solid_angle_sr"]
    if "response" in known:
        node["energy_resolution_MnKa"] = known["response"]["fwhm_mn_ka_ev"]
    elevations, azimuths = known.get("eds_elevations_deg"), known.get("eds_azimuths_deg")
    if elevations:
        node |= {"elevation_angle": float(np.mean(elevations)), "number_of_segments": len(elevations)}
    if azimuths:
        mean = np.mean(np.exp(1j * np.deg2rad(azimuths)))
        node["azimuth_angle"] = 90.0 if abs(mean) < 1e-6 else float(np.rad2deg(np.angle(mean)))
    return node


def _metadata(series: TiltSeries) -> dict[str, Any]:
    """HyperSpy's tree for a tilt series."""
    microscope = microscope_node(series.metadata, series.angles_deg, series.spacing_nm)
    tree: dict[str, Any] = {
        "General": {"title": f"{' '.join(series.channels)} tilt series"},
        "Signal": {"signal_type": series.signal if series.signal == "EDS_TEM" else ""},
        "Acquisition_instrument": {"TEM": microscope},
        "glasstomo": {"tilt_series": _own_fields(series)},
    }
    if series.variance is not None:
        tree["glasstomo"]["variance"] = series.variance
    if series.signal == "EDS_TEM":
        exposure = 1.0 if series.exposure is None else float(np.mean(series.exposure))
        microscope["Detector"] = {"EDS": eds_node(series.metadata, exposure=exposure)}
        elements = {name.partition("_")[0] for name in series.channels if name.partition("@")[0] in LINES}
        tree["Sample"] = {"elements": sorted(elements), "xray_lines": list(series.channels)}
    return tree


def _own_fields(series: TiltSeries) -> str:
    fields = {
        "angles_deg": series.angles_deg.tolist(),
        "spacing_nm": series.spacing_nm,
        "channels": series.channels,
        "signal": series.signal,
        "electrons_per_pixel": series.electrons_per_pixel,
        "gains": None if series.gains is None else series.gains.tolist(),
        "exposure": None if series.exposure is None else series.exposure.tolist(),
        "metadata": series.metadata,
    }
    return json.dumps(fields, allow_nan=False)
