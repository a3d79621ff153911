"""MRC stacks, as IMOD, ImageJ and most tomography programs read and write them."""

import os
import struct
import warnings
from pathlib import Path

import numpy as np

from ..tilt_series import TiltSeries
from .angle_files import write_angles
from .atomic import replacing
from .extra_io import import_io
from .present import present

ANGSTROM_PER_NM = 10.0
# Bytes of a pixel by the mode of MRC2014.
PIXEL_BYTES = {0: 1, 1: 2, 2: 4, 3: 4, 4: 8, 6: 2, 12: 2, 101: 0.5}
HEADER_BYTES = 1024
SUFFIXES = (".mrc", ".rec", ".st", ".ali", ".map", ".mrcs")


def export_mrc(series: TiltSeries, path: str | os.PathLike[str]) -> None:
    """Write one channel to ``.mrc`` with its angles in ``.rawtlt``; see `TiltSeries.export`."""
    if len(series.channels) > 1:
        raise ValueError(
            f"`path`: .mrc holds one channel, this series has {', '.join(series.channels)}; "
            f"export one: series.channel({series.channels[0]!r}).export(...)"
        )
    write_mrc(path, series.stack[0], series.spacing_nm, volume=False)
    write_angles(Path(path).with_suffix(".rawtlt"), series.angles_deg)


def write_mrc(path: str | os.PathLike[str], data: np.ndarray, spacing_nm: float, *, volume: bool) -> None:
    """Write a volume or a stack of images as float32 to ``.mrc``, atomically.

    Parameters
    ----------
    path : path-like
    data : ndarray, shape (z, y, x) or (tilt, y, x)
    spacing_nm : float
        Edge of a voxel, nm; stored in ångström.
    volume : bool
        True for a volume, False for a stack of images.
    """
    mrcfile = import_io("mrcfile")
    with replacing(path) as temporary, mrcfile.new(temporary) as file:
        file.set_data(np.ascontiguousarray(data, dtype=np.float32))
        if volume:
            file.set_volume()
        else:
            file.set_image_stack()
        file.voxel_size = spacing_nm * ANGSTROM_PER_NM


def read_mrc(path: str | os.PathLike[str]) -> tuple[np.ndarray, float | None]:
    """Read the data and the spacing of an ``.mrc`` file.

    Returns
    -------
    data : ndarray, shape (section, y, x)
        In the type of the file.
    spacing_nm : float or None
        Edge of a pixel along x, nm; None when the file gives none.

    Raises
    ------
    ValueError
        When the file is missing, truncated or not MRC, or its pixels are not square; one line with
        the path and the cure.
    """
    mrcfile = import_io("mrcfile")
    path = present(path)
    _check_size(path)
    try:
        with warnings.catch_warnings():
            # Old IMOD and FEI headers break rules of MRC2014 that do not matter here.
            warnings.simplefilter("ignore")
            with mrcfile.open(path, permissive=True) as file:
                data = None if file.data is None else np.array(file.data)
                size = (float(file.voxel_size.x), float(file.voxel_size.y))
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path}: not a readable MRC file ({reason}); copy it again") from None
    if data is None:
        raise ValueError(
            f"{path}: truncated or not an MRC file: its data do not fill its header; copy it again"
        )
    if data.ndim == 2:
        data = data[None]
    if data.ndim != 3 or data.dtype.kind not in "iuf":
        raise ValueError(f"{path}: expected a stack of real images, got {data.dtype} of shape {data.shape}")
    if abs(size[0] - size[1]) > 1e-3 * max(size):
        raise ValueError(
            f"{path}: pixels must be square, got {size[0]:g} x {size[1]:g} angstrom; resample it"
        )
    # An uncalibrated file holds 0; some programs put 1 angstrom, which cannot be told from a size.
    return data, size[0] / ANGSTROM_PER_NM if size[0] > 0 else None


def _check_size(path: Path) -> None:
    """Refuse what is no MRC file before its header, read as one, asks for gigabytes."""
    with open(path, "rb") as file:
        header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        raise ValueError(f"{path}: truncated or not an MRC file: shorter than its header; copy it again")
    for order in "<>":
        *counts, mode = struct.unpack(f"{order}4i", header[:16])
        (extended,) = struct.unpack(f"{order}i", header[92:96])
        if mode in PIXEL_BYTES and min(counts) > 0 and extended >= 0:
            needed = HEADER_BYTES + extended + int(np.prod(counts, dtype=object) * PIXEL_BYTES[mode])
            found = path.stat().st_size
            if found < needed:
                raise ValueError(f"{path}: truncated: {found} of {needed} bytes; copy it again")
            return
    raise ValueError(f"{path}: not an MRC file; check its name and kind")
