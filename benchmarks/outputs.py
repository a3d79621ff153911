"""Files that appear whole or not at all: written beside their place, then renamed into it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path` with its suffix, renamed to `path` when the block succeeds.

    Parameters
    ----------
    path : pathlib.Path
        The file to appear. Its folder must exist.

    Raises
    ------
    OSError
        If the folder is missing or not writable, or `path` is a folder; before the block runs.
    """
    if path.is_dir():
        raise IsADirectoryError(None, "is a folder, name a file", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(None, "no such folder", str(path.parent))
    folder = Path(tempfile.mkdtemp(prefix=f".{path.stem}-", dir=path.parent))
    try:
        part = folder / path.name
        yield part
        os.replace(part, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary sibling of `path`, whose entries move into `path` when the block succeeds.

    An entry replaces the one of its name from an earlier run; whatever else lies in `path` stays.

    Parameters
    ----------
    path : pathlib.Path
        The folder to fill; it and its parents are made if they are missing.

    Raises
    ------
    OSError
        If the folder cannot be made or written to; before the block runs.
    """
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(None, "is a file, name a folder", str(path))
    made = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=path))
    try:
        yield part
        for entry in part.iterdir():
            place = path / entry.name
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            os.replace(entry, place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if made and not any(path.iterdir()):
            path.rmdir()
