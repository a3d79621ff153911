"""Tilt series in HDF5, without loss."""

import os
from pathlib import Path
from typing import Literal

from ..tilt_series import TiltSeries
from .hdf5_record import read_record, write_record

FORMAT = "glasstomo tilt series"
VERSION = 1

# Older files lack the last two, and a series without them is what they hold.
OPTIONAL = ("gains", "exposure", "variance")


def save_series(
    series: TiltSeries, path: str | os.PathLike[str], *, compression: Literal["gzip"] | None = "gzip"
) -> None:
    """Write a series to ``.h5``; see `TiltSeries.save`."""
    if Path(path).suffix.lower() not in (".h5", ".hdf5"):
        raise ValueError(f"`path` must end in .h5 (.hspy and .mrc: use `export`), got {os.fspath(path)!r}")
    arrays = {"data": series.data, "angles_deg": series.angles_deg}
    for name in OPTIONAL:
        array = getattr(series, name)
        if array is not None:
            arrays[name] = array
    fields = {
        "spacing_nm": series.spacing_nm,
        "channels": list(series.channels),
        "signal": series.signal,
        "electrons_per_pixel": series.electrons_per_pixel,
        "metadata": series.metadata,
    }
    write_record(path, kind=FORMAT, version=VERSION, arrays=arrays, fields=fields, compression=compression)


def load_series(path: str | os.PathLike[str]) -> TiltSeries:
    """Read a series from ``.h5``; see `TiltSeries.load`."""
    arrays, fields = read_record(path, kind=FORMAT, version=VERSION, needed=("data", "angles_deg"))
    try:
        return TiltSeries(
            data=arrays["data"],
            angles_deg=arrays["angles_deg"],
            **{name: arrays.get(name) for name in OPTIONAL},
            spacing_nm=fields["spacing_nm"],
            channels=tuple(fields["channels"]),
            signal=fields["signal"],
            electrons_per_pixel=fields["electrons_per_pixel"],
            metadata=fields["metadata"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: damaged tilt series ({error!r}); save it again") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
