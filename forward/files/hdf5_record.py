"""Named arrays and JSON fields in one HDF5 file that says what it is."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from .atomic import replacing
from .present import present


def write_record(
    path: str | os.PathLike[str],
    *,
    kind: str,
    version: int,
    arrays: Mapping[str, np.ndarray],
    fields: Mapping[str, Any],
    compression: Literal["gzip"] | None = "gzip",
) -> None:
    """Write arrays and fields to HDF5, atomically.

    Parameters
    ----------
    path : path-like
        The file; replaced when it exists.
    kind : str
        What the file is; stored as the attribute ``format``.
    version : int
        Version of the layout.
    arrays : dict of ndarray
        One data set each, with shape and type kept.
    fields : dict
        What JSON can hold; stored as one JSON text, in which floats keep all their digits.
    compression : "gzip" or None, optional
    """
    import h5py

    if compression not in ("gzip", None):
        raise ValueError(f"`compression` must be 'gzip' or None, got {compression!r}")
    text = json.dumps(dict(fields), allow_nan=False)
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"] = kind
        file.attrs["format_version"] = version
        file.create_dataset("fields", data=text, dtype=h5py.string_dtype())
        for name, array in arrays.items():
            packed = compression if array.size > 1024 else None
            file.create_dataset(name, data=array, compression=packed, shuffle=packed is not None)


def read_record(
    path: str | os.PathLike[str], *, kind: str, version: int, needed: Sequence[str]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `write_record` wrote.

    Returns
    -------
    arrays : dict of ndarray
    fields : dict

    Raises
    ------
    ValueError
        When the file is missing, truncated, of another kind or newer; one line with path and cure.
    """
    import h5py

    path = present(path)
    try:
        with h5py.File(path, "r") as file:
            refuse_other_formats(path, file.attrs, kind=kind, version=version)
            # KeyError: the file was cut off between two data sets.
            fields = json.loads(file["fields"].asstr()[()])  # pyright: ignore
            names = [name for name in file if name != "fields"]
            arrays: dict[str, Any] = {name: file[name][()] for name in names}  # pyright: ignore
            missing = [name for name in needed if name not in arrays]
            if missing:
                raise KeyError(missing[0])
            return arrays, fields
    except (OSError, KeyError, RuntimeError, json.JSONDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{path}: unreadable or truncated HDF5 file ({reason}); write or copy it again"
        ) from None


def refuse_other_formats(
    path: str | os.PathLike[str], attributes: Mapping[str, Any], *, kind: str, version: int
) -> None:
    """Refuse an HDF5 file of another kind, or of a newer version of the layout.

    Parameters
    ----------
    path : path-like
        The file, for the message.
    attributes : mapping
        Attributes of its root.
    kind : str
        What it is to be.
    version : int
        Latest version known.

    Raises
    ------
    ValueError
    """
    found, stored = attributes.get("format"), attributes.get("format_version", 0)
    if found != kind:
        raise ValueError(f"{path}: not a {kind} file (its format is {found!r})")
    if stored > version:
        raise ValueError(
            f"{path}: written in format version {stored}, newer than {version}; update glasstomo"
        )
