"""Parquet files of rows, each whole or absent, and put together as they grow in number."""

import math
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..outputs import whole_file
from .columns import Column

if TYPE_CHECKING:
    import pyarrow as pa

FAN_IN = 32
"""So many parts of one size are put together into one of the next."""

_NAME = re.compile(r"part-(\d{8})-(\d{8})\.parquet")
_TRIES = 50


class Part(NamedTuple):
    """One file of rows: the numbers of the first and the last writing that it holds."""

    first: int
    last: int
    path: Path

    def holds(self, other: "Part") -> bool:
        """Whether all rows of another part are in this one."""
        return self.path != other.path and self.first <= other.first and other.last <= self.last

    @property
    def tier(self) -> int:
        """How often its rows have been put together."""
        return int(math.log(self.last - self.first + 1 + 0.5, FAN_IN))


class Parts:
    """The files of rows in a folder.

    Every writing makes a file of its own, numbered. When `FAN_IN` files of a size have gathered, they are
    put together: the file of all is written first, then the single ones are removed. Should the process
    die in between, both are there; reading leaves out every file whose numbers lie within another's.

    Parameters
    ----------
    folder : pathlib.Path
        Made when it is first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: tuple[str, ...] = ()

    def files(self) -> list[Part]:
        """Return the parts in the order in which they were written, without those held by another."""
        found = []
        with suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                match = _NAME.fullmatch(path.name)
                if match:
                    found.append(Part(int(match[1]), int(match[2]), path))
        # Sorted so that one which holds others stands before them, one look back is enough.
        kept: list[Part] = []
        for part in sorted(found, key=lambda one: (one.first, -one.last)):
            if not (kept and kept[-1].holds(part)):
                kept.append(part)
        return kept

    def read(self, names: Sequence[str] | None = None, *, set_aside: bool = False) -> "pa.Table | None":
        """Return all rows in the order in which they were written; None when there is no file.

        Parameters
        ----------
        names : sequence of str, optional
            Columns to read; all by default.
        set_aside : bool
            Rename a file that cannot be read, so that its cells run again; only for the holder of the
            lock. Otherwise it raises.

        Raises
        ------
        ValueError
            When a file is damaged.
        """
        import pyarrow as pa

        for trial in range(_TRIES):
            try:
                tables = [self._read(part, names, set_aside) for part in self.files()]
                break
            except FileNotFoundError:
                # The client that writes here has just put it together with others.
                if trial + 1 == _TRIES:
                    raise
        whole = [table for table in tables if table is not None]
        return pa.concat_tables(whole) if whole else None

    def _read(self, part: Part, names: Sequence[str] | None, set_aside: bool) -> "pa.Table | None":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            # Bytes, not a file of Python's: Arrow's threads may let go of that after Python has ended.
            source = pa.BufferReader(part.path.read_bytes())
            return pq.read_table(source, columns=None if names is None else list(names))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, EOFError) as error:
            text = f"{part.path} is damaged ({str(error).splitlines()[0]})"
        except OSError as error:
            # Arrow reports rubbish inside a page as an OSError without a number.
            if error.errno is not None:
                raise
            text = f"{part.path} is damaged ({str(error).splitlines()[0]})"
        if not set_aside:
            raise ValueError(f"{text}; glasstomo study resume computes its cells again")
        os.replace(part.path, part.path.with_suffix(".damaged"))
        self.warnings += (f"{text}; set aside, its cells run again",)
        return None

    def write(self, table: "pa.Table") -> None:
        """Add rows as a new file; then put files together where enough have gathered.

        Raises
        ------
        OSError
            When the rows cannot be written; none of them has landed then.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max((part.last for part in self._all_numbers()), default=0)
        self.save(table, self._path(number, number))
        # A disk too full to put files together is not too full to have written this one.
        with suppress(OSError):
            while self._merge_one_tier():
                pass

    def compact(self) -> None:
        """Put all files together into one."""
        parts = self.files()
        if len(parts) > 1:
            self._merge(parts)

    def save(self, table: "pa.Table", path: Path) -> None:
        """Write a table so that it is on the disk, whole, when its name appears."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        content = pa.BufferOutputStream()
        pq.write_table(table, content)
        # Python's own write: it reports a full disk with its number, where Arrow's may not.
        with whole_file(path) as part, part.open("wb") as file:
            file.write(content.getvalue())
            file.flush()
            # Some drives report that they are full only now.
            os.fsync(file.fileno())

    def clear_leftovers(self) -> None:
        """Remove what a dead process left: half-written files, and files that a later one holds."""
        for folder in (self.folder, self.folder.parent):
            for path in folder.glob(".*-*") if folder.is_dir() else ():
                if path.is_dir() and re.match(r"\.(part-\d{8}-\d{8}|results|study)-\w{8}$", path.name):
                    shutil.rmtree(path, ignore_errors=True)
        kept = {part.path for part in self.files()}
        for part in self._all_numbers():
            if part.path not in kept:
                part.path.unlink(missing_ok=True)

    def _path(self, first: int, last: int) -> Path:
        return self.folder / f"part-{first:08d}-{last:08d}.parquet"

    def _all_numbers(self) -> list[Part]:
        """Return every part, those held by another included."""
        paths = self.folder.iterdir() if self.folder.is_dir() else ()
        matches = (_NAME.fullmatch(path.name.replace(".damaged", ".parquet")) for path in paths)
        return [
            Part(int(match[1]), int(match[2]), self.folder / match[0])
            for match in matches
            if match is not None
        ]

    def _merge_one_tier(self) -> bool:
        """Put the latest files of one size, or less, together if there are enough of them."""
        parts = self.files()
        for tier in sorted({part.tier for part in parts}):
            # Only neighbours: numbers between the first and the last count as held by the file of all.
            start = next((i for i in range(len(parts), 0, -1) if parts[i - 1].tier > tier), 0)
            if sum(part.tier == tier for part in parts[start:]) >= FAN_IN:
                self._merge(parts[start:])
                return True
        return False

    def _merge(self, parts: Sequence[Part]) -> None:
        import pyarrow as pa

        tables = [table for part in parts if (table := self._read(part, None, True)) is not None]
        self.save(pa.concat_tables(tables), self._path(parts[0].first, parts[-1].last))
        for part in parts:
            part.path.unlink(missing_ok=True)


def coerced(row: Mapping[str, Any], columns: Sequence[Column]) -> dict[str, Any]:
    """Return the values of a row as the columns hold them; what is missing or no number is None.

    Raises
    ------
    TypeError
        When the row has other columns, or a value is of another kind.

    Examples
    --------
    >>> coerced({"tilts": np.int64(15)}, [Column(name="tilts", label="Tilts", kind="whole")])
    {'tilts': 15}
    """
    kinds = {column.name: column.kind for column in columns}
    for name in row:
        if name not in kinds:
            raise TypeError(f"a row has column {name!r}, which the table has not")
    return {name: _value(name, row.get(name), kind) for name, kind in kinds.items()}


def _value(name: str, value: Any, kind: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if kind == "text" and isinstance(value, str):
        return value
    if kind == "number" and isinstance(value, bool | int | float):
        return float(value)
    if kind == "whole" and isinstance(value, bool | int | float) and value % 1 == 0:
        return int(value)
    raise TypeError(f"column {name} of a row must be a {_WORDS[kind]}, got {value!r}")


_WORDS = {"text": "text", "whole": "whole number", "number": "number"}


def from_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> "pa.Table":
    """Return checked rows as a table, whose columns carry their label."""
    import pyarrow as pa

    kinds = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64()}
    schema = pa.schema(
        [pa.field(one.name, kinds[one.kind], metadata={"label": one.label}) for one in columns]
    )
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
