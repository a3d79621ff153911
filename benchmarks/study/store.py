"""Rows of a study in a folder: what has landed stays, whatever happens to the process that wrote it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..outputs import whole_file
from .columns import LEADING, TRAILING, Column
from .folder_lock import FolderLock
from .parts import Parts, coerced, from_rows

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

STUDY_FILE = "study.json"
RESULTS_FILE = "results.parquet"
FORMAT = 1
"""Version of the layout of the folder."""

# A row is its cell and its place in the study: two methods of the same settings share a cell.
_IDENTITY = ("cell", "index")


class ResultStore:
    """The folder of one study.

    ``study.json`` says which study it is, ``rows/`` holds Parquet files of rows as they landed, and
    ``results.parquet`` the whole table, sorted, once every cell has a row. Every file appears whole or not
    at all, so that a process may die at any moment. Reading needs no lock, also while a client writes.

    Parameters
    ----------
    folder : path-like
        Need not exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, ResultStore(folder) as store:
    ...     store.claim(key="0123456789abcdef", name="one", cells=1)
    ...     store.append([{"cell": "c0", "index": 0, "status": "done", "seed": 7}])
    ...     print(store.finished(), store.table()["seed"].tolist())
    {'c0': 'done'} [7]
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.parts = Parts(self.folder / "rows")
        self._lock = FolderLock(self.folder)
        self._columns: tuple[Column, ...] | None = None

    def __enter__(self) -> "ResultStore":
        """Lock the folder against other clients, and clear what a dead one left half-written.

        Raises
        ------
        ValueError
            When another process writes here.
        OSError
            When the folder cannot be made or written to.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(None, "is a file, name a folder", str(self.folder))
        self._lock.acquire()
        try:
            self.parts.clear_leftovers()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be said about the folder: no locks on its file system, a damaged file set aside."""
        return (*self._lock.warnings, *self.parts.warnings)

    @property
    def in_use(self) -> str | None:
        """Who writes here now, as far as can be told; None when nobody does."""
        return self._lock.holder()

    def claim(
        self,
        *,
        key: str,
        name: str,
        cells: int,
        factors: Sequence[Column] = (),
        study: Mapping[str, Any] | None = None,
    ) -> None:
        """Make this the folder of a study, or see that it is.

        Parameters
        ----------
        key, name : str
            Of the study.
        cells : int
            How many it has.
        factors : sequence of Column
            Columns of its factors.
        study : dict, optional
            The study itself, as JSON holds it, so that it can be resumed from the folder alone.

        Raises
        ------
        ValueError
            When the folder holds another study, or rows of which nothing says whose they are.
        """
        if (self.folder / STUDY_FILE).exists():
            found = self.description()
            if found["key"] != key:
                raise ValueError(
                    f"{self.folder} holds study {found['name']!r} (key {found['key']}), and this is "
                    f"{name!r} (key {key}); give another --out, or remove that folder"
                )
        elif self.parts.files():
            raise ValueError(
                f"{self.folder} holds rows but no {STUDY_FILE} to say of which study; give another --out"
            )
        content = {
            "format": FORMAT,
            "key": key,
            "name": name,
            "cells": cells,
            "factors": [
                {"name": column.name, "label": column.label, "kind": column.kind} for column in factors
            ],
            "study": study,
        }
        with whole_file(self.folder / STUDY_FILE) as part:
            part.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        self._columns = None

    def description(self) -> dict[str, Any]:
        """Return what ``study.json`` says.

        Raises
        ------
        ValueError
            When there is none, it is damaged, or a later version of glasstomo wrote it.
        """
        path = self.folder / STUDY_FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            known = content["format"]
            _ = content["key"], content["name"], content["cells"], content["factors"]
        except FileNotFoundError:
            raise ValueError(
                f"{self.folder} holds no study ({STUDY_FILE} is missing); name the --out of a study run"
            ) from None
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is damaged ({type(error).__name__}: {error})") from None
        if known != FORMAT:
            raise ValueError(f"{path} has format {known}, this version reads {FORMAT}; update glasstomo")
        return content

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the table, in order."""
        if self._columns is None:
            factors = [Column(**column) for column in self.description()["factors"]]
            self._columns = (*LEADING, *factors, *TRAILING)
        return self._columns

    def finished(self) -> dict[str, str]:
        """Return the status ("done" or "failed") of every cell that has landed, by its key."""
        table = self._latest(("cell", "index", "status"))
        return dict(zip(table["cell"].to_pylist(), table["status"].to_pylist(), strict=True))

    def check(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row as its columns hold it: missing values None, numbers plain.

        Raises
        ------
        TypeError
            When it has a column that the table has not, or a value of another kind.
        """
        return coerced(row, self.columns)

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Land rows: all of them, or none.

        A row takes the place of an earlier one of its cell.

        Parameters
        ----------
        rows : iterable of mapping
            Column to value; what is missing is None.

        Raises
        ------
        TypeError
            When a row does not fit the columns.
        OSError
            When nothing more can be written; what has landed before stays.
        RuntimeError
            When the folder is not locked: two clients would lose rows.
        """
        if not self._lock.held:
            raise RuntimeError(f"{self.folder} is not locked; append within `with ResultStore(...)`")
        checked = [self.check(row) for row in rows]
        if checked:
            self.parts.write(from_rows(checked, self.columns))

    def arrow(self) -> "pa.Table":
        """Return the rows that have landed, one per cell, sorted by its place in the study."""
        return self._latest(None)

    def table(self) -> "pd.DataFrame":
        """Return the rows that have landed as a data frame, one per cell, sorted by its place.

        Whole numbers of which some are missing are floats, as pandas has it.
        """
        return self.arrow().to_pandas()

    def write_results(self) -> Path:
        """Write the table as ``results.parquet``, and put the rows together into one file.

        Raises
        ------
        OSError
            When it cannot be written; the rows stay where they are.
        """
        found = self.description()
        self.parts.compact()
        about = {b"glasstomo.study": found["name"].encode(), b"glasstomo.study_key": found["key"].encode()}
        table = self.arrow()
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **about})
        self.parts.save(table, self.folder / RESULTS_FILE)
        return self.folder / RESULTS_FILE

    def _latest(self, names: Sequence[str] | None) -> "pa.Table":
        """Return the latest row of every cell, sorted."""
        import numpy as np

        columns = self.columns
        table = self.parts.read(names, set_aside=self._lock.held)
        if table is None:
            empty = from_rows([], columns)
            return empty if names is None else empty.select(list(names))
        # Later rows overwrite earlier ones of the same cell.
        pairs = zip(*(table[name].to_pylist() for name in _IDENTITY), strict=True)
        rows = np.array(list({pair: row for row, pair in enumerate(pairs)}.values()), dtype=np.int64)
        order = rows[np.argsort(table["index"].to_numpy()[rows], kind="stable")]
        return table.take(order)


def read_table(folder: Path | str) -> "pd.DataFrame":
    """Return the rows of a study's folder that have landed so far.

    Parameters
    ----------
    folder : path-like
        The ``--out`` of a study.

    Raises
    ------
    ValueError
        When it is no folder of a study.
    """
    return ResultStore(folder).table()
