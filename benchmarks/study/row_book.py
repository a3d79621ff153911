"""Rows that a search has paid for: kept in a folder, so that the same search goes on where it ended."""

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from ..outputs import whole_file
from ..reproduce import without_nan
from .folder_lock import FolderLock
from .versions import versions_text
from .workers import Outcome, Workers

IDENTITY_FILE = "search.json"
ROWS_FILE = "rows.jsonl"

Key = tuple[str, int, int]


class RowBook(Workers):
    """Workers that never run a replicate of a design twice.

    They pass calls of a trial on to other workers and write every row down when it lands, one line each.
    A search is a pure function of its settings and these rows: started again with the same settings it
    takes the same steps, without waiting for what is known.

    Parameters
    ----------
    inner : Workers
        Who runs what is not known yet.
    folder : pathlib.Path, optional
        Where rows are kept; it is made if missing. Without it they are kept in memory.
    identity : dict, optional
        What the search is about, as JSON holds it. A folder of another search, or of other versions of the
        packages, is refused.

    Raises
    ------
    ValueError
        When the folder belongs to another search, is in use by another process, or its rows are damaged
        elsewhere than in the last line, which a kill may cut short.
    OSError
        When the folder cannot be made or written to.
    """

    def __init__(
        self, inner: Workers, folder: Path | None = None, identity: dict[str, Any] | None = None
    ) -> None:
        self._inner = inner
        self._rows: dict[Key, dict[str, Any]] = {}
        self._file: Any = None
        self._lock: FolderLock | None = None
        self.ran = 0
        if folder is None:
            return
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file; name a folder for the search")
        self._lock = FolderLock(folder)
        self._lock.acquire()
        try:
            # Without a buffer: what a full disk refused must not come back with the next line.
            self._file = open(folder / ROWS_FILE, "a+b", buffering=0)  # noqa: SIM115
            self._open(folder, json.loads(json.dumps(identity or {})))
        except BaseException:
            self.close()
            raise

    def _open(self, folder: Path, identity: dict[str, Any]) -> None:
        identity = {**identity, "versions": versions_text()}
        place = folder / IDENTITY_FILE
        if place.exists():
            known = _read_identity(place)
            changed = [name for name in identity if identity[name] != known.get(name)]
            if changed:
                raise ValueError(
                    f"{folder} holds a search with another {' and '.join(changed)}; "
                    "name another --out, or give what it was started with"
                )
        elif self._file.seek(0, os.SEEK_END):
            raise ValueError(f"{folder} holds {ROWS_FILE} but no {IDENTITY_FILE}; name another folder")
        else:
            with whole_file(place) as part:
                part.write_text(json.dumps(identity, indent=2) + "\n", encoding="utf-8")
        self._read()

    def _read(self) -> None:
        self._file.seek(0)
        good = 0
        lines = self._file.read().splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            try:
                if not line.endswith(b"\n"):
                    raise ValueError
                entry = json.loads(line)
                key = (str(entry["design"]), int(entry["replicate"]), int(entry["seed"]))
                row = dict(entry["row"])
            except (ValueError, KeyError, TypeError):
                if number < len(lines):
                    raise ValueError(
                        f"line {number} of {self._file.name} is damaged; delete that line to run it again"
                    ) from None
                # A kill cut the last line short: its replicate runs again.
                self._file.truncate(good)
                return
            self._rows[key] = row
            good += len(line)

    @property
    def count(self) -> int:
        """How many calls run at the same time, now."""
        return self._inner.count

    @property
    def label(self) -> str:
        """Who runs what is not known yet."""
        return self._inner.label

    def run(
        self, function: Callable[..., Any], calls: Iterable[dict[str, Any]], *, in_flight: int | None = None
    ) -> Iterator[tuple[int, Outcome]]:
        """Yield what is known at once, then the rest as it ends; see `Workers.run`."""
        missing: list[tuple[int, dict[str, Any]]] = []
        for index, call in enumerate(calls):
            row = self._rows.get(_key(call))
            if row is None:
                missing.append((index, call))
            else:
                yield index, _outcome(row)
        ended = self._inner.run(function, (call for _, call in missing), in_flight=in_flight)
        for place, outcome in ended:
            index, call = missing[place]
            self.ran += 1
            if outcome.killed:
                # Not written down: memory may suffice the next time.
                yield index, outcome
                continue
            row = without_nan(dict(outcome.value)) if outcome.error is None else _failed(outcome)
            self._keep(_key(call), row)
            yield index, _outcome(row)

    def rows(self, function: Callable[..., Any], calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows of calls, in their order; a failed call is a row with its reason."""
        found: list[dict[str, Any]] = [{} for _ in calls]
        for index, outcome in self.run(function, calls):
            found[index] = {"status": "done", **outcome.value} if outcome.error is None else _failed(outcome)
        return found

    def _keep(self, key: Key, row: dict[str, Any]) -> None:
        self._rows[key] = row
        if self._file is None:
            return
        design, replicate, seed = key
        entry = {"design": design, "replicate": replicate, "seed": seed, "row": row}
        line = json.dumps(entry, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        start = self._file.seek(0, os.SEEK_END)
        try:
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)
            os.fsync(self._file.fileno())
        except OSError:
            # A full disk must not leave half a line before later ones.
            self._file.truncate(start)
            raise

    def close(self) -> None:
        """Give the folder free."""
        if self._file is not None:
            self._file.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> "RowBook":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _key(call: dict[str, Any]) -> Key:
    return call["design"].key, call["replicate"], call["seed"]


def _failed(outcome: Outcome) -> dict[str, Any]:
    return {"status": "failed", "reason": outcome.error}


def _outcome(row: dict[str, Any]) -> Outcome:
    if row.get("status") == "failed":
        return Outcome(error=row["reason"])
    return Outcome(value=row)


def _read_identity(place: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(place.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise ValueError(f"{place} is damaged; name another folder for the search") from None
