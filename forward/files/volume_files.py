"""Volumes in files that HyperSpy, ImageJ and we ourselves open."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import mrc_files
from .hdf5_record import read_record, write_record
from .hyperspy_files import index_axis, read_signal, space_axes, write_signal
from .present import present

FORMAT = "glasstomo volume"
VERSION = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedVolume:
    """A volume read from a file.

    Parameters
    ----------
    volume : ndarray, shape (z, y, x) or (channel, z, y, x)
        The voxels.
    spacing_nm : float
        Edge of a voxel, nm.
    channels : tuple of str
        Names of the channels; empty when the file names none.
    metadata : dict
        What JSON can hold.
    """

    volume: np.ndarray
    spacing_nm: float
    channels: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)


def save_volume(
    path: str | os.PathLike[str],
    volume: np.ndarray,
    *,
    spacing_nm: float,
    channels: Sequence[str] = (),
    metadata: dict[str, Any] | None = None,
) -> None:
    """Write a volume, atomically.

    Parameters
    ----------
    path : path-like
        ``.h5`` keeps everything; ``.hspy`` opens in HyperSpy; ``.mrc`` opens in ImageJ, IMOD and
        others: one channel, float32, no metadata. The last two need the extra ``io``.
    volume : ndarray, shape (z, y, x) or (channel, z, y, x)
        Finite real numbers.
    spacing_nm : float
        Edge of a voxel, nm.
    channels : sequence of str, optional
        Names of the channels.
    metadata : dict, optional
        What JSON can hold.

    Raises
    ------
    ValueError
        When the suffix is unknown, the array is not a finite volume, or several channels go to
        ``.mrc``.
    ImportError
        When the extra ``io`` is needed and not installed.
    """
    volume = _checked_volume(volume)
    channels = _checked_names(channels, volume)
    if not 0 < spacing_nm < np.inf:
        raise ValueError(f"`spacing_nm` must be a positive number of nm, got {spacing_nm}")
    fields = {"spacing_nm": float(spacing_nm), "channels": list(channels), "metadata": metadata or {}}
    suffix = Path(path).suffix.lower()
    if suffix in (".h5", ".hdf5"):
        write_record(path, kind=FORMAT, version=VERSION, arrays={"volume": volume}, fields=fields)
    elif suffix == ".hspy":
        _write_hspy(path, volume, fields)
    elif suffix == ".mrc":
        if volume.ndim == 4 and len(volume) > 1:
            raise ValueError(
                f"`path`: .mrc holds one channel, this volume has {len(volume)}; save them one by one"
            )
        mrc_files.write_mrc(path, volume.reshape(volume.shape[-3:]), spacing_nm, volume=True)
    else:
        raise ValueError(f"`path` must end in .h5, .hspy or .mrc, got {os.fspath(path)!r}")


def load_volume(path: str | os.PathLike[str]) -> SavedVolume:
    """Read a volume from ``.h5`` (ours), ``.hspy`` or ``.mrc``.

    Returns
    -------
    SavedVolume

    Raises
    ------
    ValueError
        When the file is missing, truncated, of another kind, or gives no voxel size.
    """
    path = present(path)
    suffix = path.suffix.lower()
    if suffix in (".h5", ".hdf5"):
        arrays, fields = read_record(path, kind=FORMAT, version=VERSION, needed=("volume",))
        volume = arrays["volume"]
    elif suffix == ".hspy":
        volume, fields = _read_hspy(path)
    elif suffix in mrc_files.SUFFIXES:
        volume, spacing = mrc_files.read_mrc(path)
        fields: dict[str, Any] = {"spacing_nm": spacing}
    else:
        raise ValueError(f"{path}: unknown kind of volume file; known: .h5, .hspy, .mrc")
    spacing = fields.get("spacing_nm")
    if not spacing:
        raise ValueError(
            f"{path}: the file does not give a voxel size in nm; set it in the program that wrote it"
        )
    try:
        return SavedVolume(
            volume=_checked_volume(volume),
            spacing_nm=float(spacing),
            channels=tuple(fields.get("channels", ())),
            metadata=fields.get("metadata", {}),
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _write_hspy(path: str | os.PathLike[str], volume: np.ndarray, fields: dict[str, Any]) -> None:
    axes = space_axes(volume.shape[-3:], fields["spacing_nm"], ("z", "y", "x"))
    if volume.ndim == 4:
        axes.insert(0, index_axis("channel", len(volume)))
    title = " ".join(fields["channels"]) or "volume"
    tree = {
        "General": {"title": title},
        "Signal": {"signal_type": ""},
        "glasstomo": {"volume": json.dumps(fields, allow_nan=False)},
    }
    write_signal(path, volume, axes, tree)


def _read_hspy(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    signal = read_signal(path)
    fields = json.loads(signal["metadata"].get("glasstomo", {}).get("volume", "{}"))
    axis = signal["axes"][-1]
    if str(axis.get("units", "")).strip() == "nm" and axis.get("scale"):
        # The axis, not our note, holds after somebody rebinned the volume in HyperSpy.
        fields["spacing_nm"] = abs(float(axis["scale"]))
    return np.asarray(signal["data"]), fields


def _checked_volume(volume: np.ndarray) -> np.ndarray:
    volume = np.ascontiguousarray(volume)
    if volume.ndim not in (3, 4) or volume.size == 0 or volume.dtype.kind not in "iuf":
        raise ValueError(
            f"`volume` must be real with axes (z, y, x) or (channel, z, y, x), "
            f"got {volume.dtype} of shape {volume.shape}"
        )
    if volume.dtype.kind == "f" and not np.isfinite(volume).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(volume))[0])
        raise ValueError(f"`volume` must be finite: {volume[where]} at index {where}")
    return volume


def _checked_names(channels: Sequence[str], volume: np.ndarray) -> tuple[str, ...]:
    names = (channels,) if isinstance(channels, str) else tuple(channels)
    expected = len(volume) if volume.ndim == 4 else 1
    if names and len(names) != expected:
        raise ValueError(f"`channels` must name the {expected} channel(s) of the volume, got {names}")
    return names
