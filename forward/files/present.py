"""Check that a file is there before a library trips over it."""

import os
from pathlib import Path


def present(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that exists and is not empty.

    Raises
    ------
    ValueError
        When there is no such file, it is a folder, or it is empty.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path}: is a folder; give the name of a file in it")
    if not path.is_file():
        raise ValueError(f"{path}: no such file; check the name and the folder")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty; write or copy it again")
    return path
