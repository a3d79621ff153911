"""HyperSpy's ``.hspy`` files: signals with calibrated axes and HyperSpy's metadata tree."""

import json
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .atomic import replacing
from .extra_io import import_io
from .present import present
from .tilt_series import TiltSeries
from .xray_lines import LINES


def export_hspy(series: TiltSeries, path: str | os.PathLike[str]) -> None:
    """Write a series to ``.hspy``; see `TiltSeries.export`.

    Notes
    -----
    Axes are (line,) tilt, y, x. Fields without a place in HyperSpy's tree (electrons per pixel,
    gains, our own metadata) go to the node ``glasstomo`` as JSON, so that `read_tilt_series` gives
    back the whole series.
    """
    axes = [_tilt_axis(series.angles_deg), *space_axes(series.data.shape[-2:], series.spacing_nm, ("y", "x"))]
    if series.data.ndim == 4:
        axes.insert(0, index_axis("X-ray line", len(series.channels)))
    write_signal(path, series.data, axes, _metadata(series))


def write_signal(
    path: str | os.PathLike[str], data: np.ndarray, axes: list[dict[str, Any]], metadata: dict[str, Any]
) -> None:
    """Write one signal to ``.hspy``, atomically.

    Parameters
    ----------
    path : path-like
    data : ndarray
    axes : list of dict
        HyperSpy's description of each axis, as `space_axes` and `index_axis` make them.
    metadata : dict
        HyperSpy's metadata tree.
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
        hspy.file_writer(os.fspath(temporary), signal, show_progressbar=False)


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


def space_axes(shape: Sequence[int], spacing_nm: float, names: Sequence[str]) -> list[dict[str, Any]]:
    """Axes in nm with their origin at the first pixel; the last two are the image."""
    return [
        {
            "_type": "UniformDataAxis",
            "name": name,
            "units": "nm",
            "size": int(size),
            "scale": float(spacing_nm),
            "offset": 0.0,
            "navigate": index < len(shape) - 2,
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


def _tilt_axis(angles_deg: np.ndarray) -> dict[str, Any]:
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


def _metadata(series: TiltSeries) -> dict[str, Any]:
    """HyperSpy's tree for a tilt series."""
    known = series.metadata
    microscope: dict[str, Any] = {"Stage": {"tilt_alpha": series.angles_deg}}
    for ours, theirs in (
        ("accelerating_voltage_kv", "beam_energy"),
        ("beam_current_na", "beam_current"),
        ("convergence_mrad", "convergence_angle"),
        ("microscope", "microscope"),
    ):
        if ours in known:
            microscope[theirs] = known[ours]
    microscope["probe_area"] = series.spacing_nm**2
    title = f"{' '.join(series.channels)} tilt series"
    tree: dict[str, Any] = {
        "General": {"title": title},
        "Signal": {"signal_type": series.signal if series.signal == "EDS_TEM" else ""},
        "Acquisition_instrument": {"TEM": microscope},
        "glasstomo": {"tilt_series": _own_fields(series)},
    }
    if series.signal == "EDS_TEM":
        microscope["Detector"] = {"EDS": _eds_node(known)}
        elements = {LINES[name].element for name in series.channels if name in LINES}
        tree["Sample"] = {"elements": sorted(elements), "xray_lines": list(series.channels)}
    return tree


def _eds_node(known: dict[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = {}
    if "dwell_s" in known:
        node |= {"real_time": known["dwell_s"], "live_time": known["dwell_s"]}
    if "eds_solid_angle_sr" in known:
        node["solid_angle"] = known["eds_solid_angle_sr"]
    elevations = known.get("eds_elevations_deg")
    if elevations:
        node |= {"elevation_angle": float(np.mean(elevations)), "number_of_segments": len(elevations)}
    return node


def _own_fields(series: TiltSeries) -> str:
    fields = {
        "angles_deg": series.angles_deg.tolist(),
        "spacing_nm": series.spacing_nm,
        "channels": series.channels,
        "signal": series.signal,
        "electrons_per_pixel": series.electrons_per_pixel,
        "gains": None if series.gains is None else series.gains.tolist(),
        "metadata": series.metadata,
    }
    return json.dumps(fields, allow_nan=False)
