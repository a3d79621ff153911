"""Read a tilt series from any of the files that microscopes and programs leave behind."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..tilt_series import TiltSeries
from . import mrc_files
from .angle_files import find_angle_file, read_angles
from .hyperspy_files import read_signal
from .present import present
from .series_h5 import load_series

NM_PER_UNIT = {
    "nm": 1.0,
    "um": 1e3,
    "µm": 1e3,
    "μm": 1e3,
    "å": 0.1,
    "angstrom": 0.1,
    "a": 0.1,
    "pm": 1e-3,
    "m": 1e9,
}


@dataclass(frozen=True, kw_only=True)
class _Stack:
    """What a file says of itself, before angles and spacing are settled."""

    data: np.ndarray
    spacing_nm: float | None
    angles_deg: np.ndarray | None
    metadata: dict[str, Any]


def read_tilt_series(
    path: str | os.PathLike[str],
    angles: str | os.PathLike[str] | Sequence[float] | np.ndarray | None = None,
    *,
    spacing_nm: float | None = None,
    tilt_axis: Literal["x", "y"] = "x",
) -> TiltSeries:
    """Read an aligned tilt series.

    Parameters
    ----------
    path : path-like
        ``.h5`` written by `TiltSeries.save`; ``.hspy`` (ours or HyperSpy's, with extra ``io``); or
        ``.mrc`` and its kin (``.st``, ``.ali``, ``.rec``, with extra ``io``).
    angles : sequence of float or path-like, optional
        Tilt angles in degrees, or a text file of them. When omitted they come from, in this order:
        the ``.rawtlt`` or ``.tlt`` of the same name; one whose name the stack's name begins with
        (``HAADF.rawtlt`` for ``HAADF_Aligned.hspy``); the file's own metadata; its own tilt axis.
        Our own files carry their angles and need none of these.
    spacing_nm : float, optional
        Edge of a pixel, nm; needed where the file does not say, and used instead of what it says.
    tilt_axis : {"x", "y"}, optional
        The image axis along which the tilt axis lies in the file. IMOD's stacks have it along y;
        they are transposed so that it lies along x. No effect on our own files.

    Returns
    -------
    TiltSeries
        Data in the type of the file. Files of other programs come as one channel ``"ADF"``.

    Raises
    ------
    ValueError
        When the file is missing, truncated or unreadable, angles or spacing are missing, or the
        number of angles is not that of the projections; one line with the path and the cure.
    ImportError
        When the extra ``io`` is needed and not installed.
    """
    path = present(path)
    suffix = path.suffix.lower()
    if tilt_axis not in ("x", "y"):
        raise ValueError(f"`tilt_axis` must be 'x' or 'y', got {tilt_axis!r}")
    given = _given_angles(angles)
    if suffix in (".h5", ".hdf5"):
        return _with_changes(load_series(path), given, spacing_nm, path)
    if suffix == ".hspy":
        signal = read_signal(path)
        own = _own_series(signal)
        if own is not None:
            return _with_changes(own, given, spacing_nm, path)
        stack = _from_signal(signal, path)
    elif suffix in mrc_files.SUFFIXES:
        data, spacing = mrc_files.read_mrc(path)
        stack = _Stack(data=data, spacing_nm=spacing, angles_deg=None, metadata={})
    else:
        known = ", ".join((".h5", ".hspy", *mrc_files.SUFFIXES))
        raise ValueError(f"{path}: unknown kind of file {suffix or 'without suffix'!r}; known: {known}")
    if tilt_axis == "y":
        stack = replace(stack, data=np.ascontiguousarray(stack.data.swapaxes(-1, -2)))
    return _series(stack, path, given, spacing_nm)


def _series(stack: _Stack, path: Path, given: np.ndarray | None, spacing_nm: float | None) -> TiltSeries:
    """Settle angles and spacing, and check the whole."""
    source = "the given angles"
    if given is None:
        beside = find_angle_file(path)
        if beside is not None:
            given, source = read_angles(beside), beside.name
        elif stack.angles_deg is not None:
            given, source = stack.angles_deg, "the file's own tilt axis"
        else:
            raise ValueError(
                f"{path}: no tilt angles found; put them, one a line, into {path.stem}.rawtlt beside it "
                "or give angles"
            )
    _check_count(path, len(given), source, len(stack.data))
    spacing = stack.spacing_nm if spacing_nm is None else spacing_nm
    if spacing is None:
        raise ValueError(f"{path}: the file does not give a pixel size in nm; give spacing_nm")
    try:
        return TiltSeries(
            data=stack.data,
            angles_deg=given,
            spacing_nm=spacing,
            channels=("ADF",),
            signal="ADF",
            metadata={**stack.metadata, "source": path.name, "angles_from": source},
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _with_changes(
    series: TiltSeries, given: np.ndarray | None, spacing_nm: float | None, path: Path
) -> TiltSeries:
    """One of our own series, with what the caller wants to be otherwise."""
    if given is not None:
        _check_count(path, len(given), "the given angles", series.count)
        series = replace(series, angles_deg=given)
    return series if spacing_nm is None else replace(series, spacing_nm=spacing_nm)


def _check_count(path: Path, angles: int, source: str, projections: int) -> None:
    if angles != projections:
        raise ValueError(
            f"{path}: {angles} angles ({source}) for {projections} projections; give one angle per projection"
        )


def _given_angles(angles: Any) -> np.ndarray | None:
    if angles is None:
        return None
    if isinstance(angles, str | os.PathLike):
        return read_angles(angles)
    return np.array(angles, dtype=np.float64, ndmin=1)


def _own_series(signal: dict[str, Any]) -> TiltSeries | None:
    """Return the series that `TiltSeries.export` wrote, or None when another program wrote the file."""
    node = signal["metadata"].get("glasstomo", {})
    text = node.get("tilt_series")
    if text is None:
        return None
    try:
        data, variance = np.asarray(signal["data"]), node.get("variance")
        series = TiltSeries(data=data, variance=variance, **json.loads(text))
    except (TypeError, ValueError):
        series = None
    scale = _axis_nm(signal["axes"][-1])
    if series is None or scale is None or abs(scale - series.spacing_nm) > 1e-6 * series.spacing_nm:
        # Somebody cropped or rebinned it in HyperSpy: what the axes say now is what holds.
        return None
    return series


def _from_signal(signal: dict[str, Any], path: Path) -> _Stack:
    """Data, spacing and angles from RosettaSciIO's dictionary."""
    data, axes = np.asarray(signal["data"]), signal["axes"]
    if data.ndim != 3:
        raise ValueError(f"{path}: expected axes (tilt, y, x), got shape {data.shape}; save one such stack")
    spacings = [_axis_nm(axis) for axis in axes[1:]]
    known = [spacing for spacing in spacings if spacing is not None]
    if len(known) == 2 and abs(known[0] - known[1]) > 1e-3 * max(known):
        raise ValueError(f"{path}: pixels must be square, got {known[0]:g} x {known[1]:g} nm; resample it")
    stage = _metadata_angles(signal["metadata"], len(data))
    return _Stack(
        data=data,
        spacing_nm=known[0] if known else None,
        angles_deg=_axis_angles(axes[0]) if stage is None else stage,
        metadata={"title": str(signal["metadata"].get("General", {}).get("title", ""))},
    )


def _axis_nm(axis: dict[str, Any]) -> float | None:
    factor = NM_PER_UNIT.get(str(axis.get("units", "")).strip().lower())
    scale = abs(float(axis.get("scale", 0.0)))
    return factor * scale if factor and scale else None


def _metadata_angles(metadata: dict[str, Any], count: int) -> np.ndarray | None:
    """Angles of HyperSpy's stage node, or etspy's, when there is one per projection."""
    stage = metadata.get("Acquisition_instrument", {}).get("TEM", {}).get("Stage", {}).get("tilt_alpha")
    etspy = metadata.get("Tomography", {}).get("tilts")
    for angles in (stage, etspy):
        if angles is not None and np.size(angles) == count and np.ptp(angles) > 0:
            return np.asarray(angles, dtype=np.float64).ravel()
    return None


def _axis_angles(axis: dict[str, Any]) -> np.ndarray | None:
    """Angles of a calibrated tilt axis."""
    if not str(axis.get("units", "")).lower().startswith(("deg", "°")):
        return None
    if "axis" in axis:
        return np.asarray(axis["axis"], dtype=np.float64)
    return float(axis["offset"]) + float(axis["scale"]) * np.arange(int(axis["size"]))
