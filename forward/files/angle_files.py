"""Tilt angles as text, one a line (``.rawtlt``, ``.tlt``)."""

import os
from pathlib import Path

import numpy as np

from .atomic import replacing
from .present import present

SUFFIXES = (".rawtlt", ".tlt")


def write_angles(path: str | os.PathLike[str], angles_deg: np.ndarray) -> None:
    """Write angles in degrees, one a line, with the digits that give back the same numbers."""
    with replacing(path) as temporary:
        temporary.write_text("".join(f"{float(angle)!r}\n" for angle in angles_deg), encoding="ascii")


def read_angles(path: str | os.PathLike[str]) -> np.ndarray:
    """Read angles in degrees, one a line; empty lines and text after ``#`` are passed over.

    Returns
    -------
    ndarray of float64, shape (tilt,)

    Raises
    ------
    ValueError
        When the file is missing, or a line is not a finite number.
    """
    path = present(path)
    angles = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{path}: not a text file of angles, one a line") from None
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            angle = float(text)
        except ValueError:
            angle = np.nan
        if not np.isfinite(angle):
            raise ValueError(f"{path}: line {number} must be one angle in degrees, got {text[:40]!r}")
        angles.append(angle)
    if not angles:
        raise ValueError(f"{path}: holds no angles; write one angle in degrees a line")
    return np.array(angles)


def find_angle_file(path: str | os.PathLike[str]) -> Path | None:
    """Find the file of angles that belongs to a stack.

    Parameters
    ----------
    path : path-like
        The stack, ``series_ali.mrc``.

    Returns
    -------
    Path or None
        ``series_ali.rawtlt`` or ``.tlt`` if there is one; else the one with the longest name that the stack's
        name begins with, up to a separator (``series.rawtlt``).
    """
    path = Path(path)
    for suffix in SUFFIXES:
        if path.with_suffix(suffix).is_file():
            return path.with_suffix(suffix)
    found = [
        entry
        for entry in sorted(path.parent.iterdir())
        if entry.suffix.lower() in SUFFIXES and entry.is_file() and _begins(path.stem, entry.stem)
    ]
    return max(found, key=lambda entry: (len(entry.stem), entry.suffix.lower() == ".rawtlt"), default=None)


def _begins(stem: str, other: str) -> bool:
    """Whether a name begins with another one, up to a separator."""
    rest = stem[len(other) :]
    return bool(other) and stem.lower().startswith(other.lower()) and not rest[:1].isalnum()
