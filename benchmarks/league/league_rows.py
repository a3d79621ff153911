"""Rows of the league in a folder: what has landed stays, and a run goes on where the last one ended."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..study.folder_lock import FolderLock
from ..study.parts import Parts, coerced, from_rows
from .league_columns import COLUMNS, IDENTITY

if TYPE_CHECKING:
    import pandas as pd

RESULTS_FILE = "results.parquet"

Identity = tuple[str, str, str, int]


class LeagueRows:
    """The folder of one or many runs of the league.

    ``rows/`` holds Parquet files of rows as they landed. Rows of other problems, versions or solvers may lie
    beside those that are wanted: keys tell them apart.

    Parameters
    ----------
    folder : path-like
        Need not exist.

    Examples
    --------
    >>> import tempfile
    >>> row = {"problem": "p", "problem_key": "0", "entry": "e", "entry_key": "1", "replicate": 0,
    ...        "status": "done"}
    >>> with tempfile.TemporaryDirectory() as folder, LeagueRows(folder) as rows:
    ...     rows.append([row])
    ...     rows.finished()
    {('0', 'e', '1', 0): 'done'}
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.parts = Parts(self.folder / "rows")
        self._lock = FolderLock(self.folder)

    def __enter__(self) -> "LeagueRows":
        """Lock the folder against other runs, and clear what a dead one left half-written.

        Raises
        ------
        ValueError
            When another process writes here, or the folder holds something else.
        OSError
            When it cannot be made or written to.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(None, "is a file, name a folder", str(self.folder))
        if (self.folder / "study.json").exists():
            raise ValueError(f"{self.folder} holds a study, give another --out")
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
        """What should be said about the folder."""
        return (*self._lock.warnings, *self.parts.warnings)

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Land rows: all of them, or none.

        Raises
        ------
        TypeError
            When a row does not fit `COLUMNS`.
        RuntimeError
            When the folder is not locked.
        """
        if not self._lock.held:
            raise RuntimeError(f"{self.folder} is not locked; append within `with LeagueRows(...)`")
        checked = [coerced(row, COLUMNS) for row in rows]
        if checked:
            self.parts.write(from_rows(checked, COLUMNS))

    def finished(self) -> dict[Identity, str]:
        """Return the status of every solve that has landed."""
        table = self.table()
        keys = zip(*(table[name].tolist() for name in IDENTITY), strict=True)
        return dict(zip(keys, table["status"].tolist(), strict=True))  # pyright: ignore[reportReturnType]

    def table(self) -> "pd.DataFrame":
        """Return the latest row of every solve."""
        found = self.parts.read(set_aside=self._lock.held)
        table = (from_rows([], COLUMNS) if found is None else found).to_pandas()
        return table.drop_duplicates(list(IDENTITY), keep="last").reset_index(drop=True)

    def write_results(self, table: "pd.DataFrame") -> Path:
        """Write a table as ``results.parquet``, and put the rows together into one file."""
        from ..outputs import whole_file

        self.parts.compact()
        path = self.folder / RESULTS_FILE
        with whole_file(path) as part:
            table.to_parquet(part, index=False, compression="zstd")
        return path
