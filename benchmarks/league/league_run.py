"""Run the league: every entry on every problem, each solve once, until all have a row."""

import hashlib
import importlib.util
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..design.design import stable_key
from ..progress import Progress
from ..study.versions import versions_text
from ..study.workers import Outcome, check_choice, open_workers
from .entries import ENTRIES
from .judge import judge
from .league_entry import LeagueEntry
from .league_problem import LeagueProblem
from .league_rows import Identity, LeagueRows
from .problem_data import data_digest, problem_data
from .solver_process import Limits, run_solver

if TYPE_CHECKING:
    import pandas as pd

_FAILURES_TOLD = 5
_NOT_SOLVED = ("failed", "crashed", "time", "memory", "bad_answer", "missing")


@dataclass(frozen=True, kw_only=True, eq=False)
class LeagueRun:
    """What a run of the league came to.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per solve, of these problems and entries only, in their order.
    problems, entries : tuple
        What was run.
    computed : int
        Rows that this run has landed; the others were there.
    seconds : float
        What it took.
    notes : tuple of str
        What readers of the table should know: data that differ from the frozen ones, packages missing.
    """

    table: "pd.DataFrame"
    problems: tuple[LeagueProblem, ...]
    entries: tuple[LeagueEntry, ...]
    computed: int
    seconds: float
    notes: tuple[str, ...] = ()


def run_league(
    problems: Sequence[LeagueProblem],
    entries: Sequence[LeagueEntry] | None = None,
    *,
    out: Path | str | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
    search_path: str | None = None,
    progress: Progress | None = None,
) -> LeagueRun:
    """Run every entry on every replicate of every problem that has no row yet.

    Parameters
    ----------
    problems : sequence of LeagueProblem
    entries : sequence of LeagueEntry, optional
        All of `ENTRIES` when omitted.
    out : path-like, optional
        Folder of the rows: what lies there is not run again, and what this run adds stays, also when it is
        interrupted. Without it nothing is kept.
    workers : int, optional
        Solves at the same time, one core each; as many as there are cores when omitted, 0 for this process.
    retry_failed : bool
        Run again what failed, crashed, or ran out of time or memory.
    search_path : str, optional
        Folder to look for outside solvers in, after all others.
    progress : Progress, optional

    Returns
    -------
    LeagueRun

    Raises
    ------
    ValueError
        When two problems or two entries have one name, or the folder is in use.
    OSError
        When the folder cannot be written.

    Examples
    --------
    >>> problem = LeagueProblem(name="small", design={"specimen": {"size": 16}}, replicates=1)
    >>> run = run_league([problem], [ENTRIES["constant"]], workers=0)
    >>> run.table["status"].tolist(), run.computed
    (['done'], 1)
    """
    entries = tuple(ENTRIES.values()) if entries is None else tuple(entries)
    check_choice(None, workers)
    for kind, names in (("problems", [one.name for one in problems]), ("entries", [e.name for e in entries])):
        if len(set(names)) < len(names):
            raise ValueError(f"`{kind}` must have different names, got {', '.join(sorted(names))}")
    progress, start = progress or Progress(), time.perf_counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="league-")) if out is None else out)
        rows = stack.enter_context(LeagueRows(folder))
        for text in rows.warnings:
            progress.note(text)
        calls = all_solves(problems, entries, search_path)
        landed = rows.finished()
        again = _NOT_SOLVED if retry_failed else ()
        todo = [
            call
            for call in calls
            if landed.get(_identity(call), again[0] if again else None) in (*again, None)
        ]
        if todo:
            _run(todo, len(calls), rows, workers, progress)
        table = chosen_rows(rows.table(), calls)
        if out is not None:
            rows.write_results(table)
    return LeagueRun(
        table=table,
        problems=tuple(problems),
        entries=entries,
        computed=len(todo),
        seconds=time.perf_counter() - start,
        notes=_notes(table.to_dict("records")),
    )


def league_row(
    *,
    problem: LeagueProblem,
    entry: LeagueEntry,
    entry_key: str,
    replicate: int,
    search_path: str | None = None,
) -> dict[str, Any]:
    """Make the data of one replicate, run one entry on them in a process of its own, and judge its answer.

    Returns
    -------
    dict
        A row of `COLUMNS`.
    """
    recorded = problem_data(problem, replicate)
    digest = data_digest(recorded)
    frozen = "none" if not problem.digests else ("yes" if problem.digests[replicate] == digest else "no")
    row: dict[str, Any] = {
        **_identity_columns(problem, entry, entry_key, replicate),
        "digest": digest,
        "frozen": frozen,
    }
    outside = entry.family == "outside"
    missing = None if outside else entry.missing()
    declined = None if outside else entry.declines(recorded.solver)
    if missing or declined:
        return (
            row | {"status": "missing" if missing else "declined", "reason": missing or declined} | _stamp()
        )
    run = run_solver(
        entry.solver if outside else entry.name,
        recorded.solver,
        options=entry.options if outside else None,
        limits=Limits(core_seconds=problem.seconds, memory_gb=problem.memory_gb),
        search_path=search_path,
    )
    row |= {
        "status": run.status,
        "reason": run.reason,
        "seconds": run.seconds,
        "core_seconds": run.core_seconds,
        "warm_up_seconds": run.warm_up_seconds,
        "peak_mb": run.peak_mb,
        "solver_status": run.words.get("status"),
        "iterations": run.words.get("iterations"),
    }
    if run.volume is not None:
        row |= _scores(problem, replicate, run.volume)
    return row | _stamp()


def entry_key(entry: LeagueEntry) -> str:
    """Return a stable name of everything about an entry that moves its results.

    An outside solver is known by the text of its module, so that an edited one is another entry; those of
    ours and of other packages by versions as well.
    """
    module = entry.solver.partition(":")[0]
    home = module if entry.family == "outside" else f"{__package__}.{module}"
    return stable_key(
        {
            "solver": entry.solver,
            "options": entry.options,
            "source": _source_digest(home),
            "versions": {name: _version(name) for name in ("glasstomo", *entry.modules)},
        }
    )


def _scores(problem: LeagueProblem, replicate: int, volume: Any) -> dict[str, Any]:
    from .league_columns import SCORE_COLUMNS

    try:
        found = judge(problem, replicate, volume)
    except (ValueError, ArithmeticError) as error:
        return {"status": "bad_answer", "reason": f"the volume cannot be judged: {error}"}
    return {name: found[name] for name in SCORE_COLUMNS if name in found}


def _identity_columns(
    problem: LeagueProblem, entry: LeagueEntry, key: str, replicate: int
) -> dict[str, str | int]:
    return {
        "problem": problem.name,
        "problem_key": problem.key,
        "entry": entry.name,
        "entry_key": key,
        "family": entry.family,
        "replicate": replicate,
    }


def _stamp() -> dict[str, str]:
    return {
        "versions": versions_text(),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def all_solves(
    problems: Sequence[LeagueProblem], entries: Sequence[LeagueEntry], search_path: str | None = None
) -> list[dict[str, Any]]:
    """Return the calls of all solves; those of the same data follow each other."""
    import sys

    keys = {}
    before = list(sys.path)
    try:
        if search_path:
            sys.path.append(search_path)
        keys = {entry.name: entry_key(entry) for entry in entries}
    finally:
        sys.path[:] = before
    return [
        {
            "problem": problem,
            "entry": entry,
            "entry_key": keys[entry.name],
            "replicate": replicate,
            "search_path": search_path,
        }
        for problem in problems
        for replicate in range(problem.replicates)
        for entry in entries
    ]


def _identity(call: Mapping[str, Any]) -> Identity:
    return call["problem"].key, call["entry"].name, call["entry_key"], call["replicate"]


def _run(
    todo: Sequence[dict[str, Any]], total: int, rows: LeagueRows, workers: int | None, progress: Progress
) -> None:
    """Run solves and land each row at once."""
    done, told = total - len(todo), 0
    with open_workers(workers=workers, note=progress.note) as pool:
        progress.note(f"league: {len(todo)} of {total} solves to run by {pool.label}")
        with progress.stage("league", total=total) as stage:
            stage.update(done)
            for number, outcome in pool.run(league_row, todo):
                row = _row(todo[number], outcome)
                rows.append([row])
                done += 1
                stage.update(done, f"{row['problem']}, {row['entry']}")
                if row["status"] in _NOT_SOLVED and told < _FAILURES_TOLD:
                    told += 1
                    progress.note(f"{row['entry']} on {row['problem']}: {row['status']}, {row['reason']}")


def _row(call: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    """Return the row of an outcome; what went wrong on our side is a failure as well, told as such."""
    if outcome.error is None:
        return outcome.value
    identity = _identity_columns(call["problem"], call["entry"], call["entry_key"], call["replicate"])
    return identity | {"status": "failed", "reason": f"the league itself: {outcome.error}"} | _stamp()


def chosen_rows(table: "pd.DataFrame", calls: Sequence[Mapping[str, Any]]) -> "pd.DataFrame":
    """Return the rows of these solves, in their order."""
    place = {_identity(call): index for index, call in enumerate(calls)}
    found = [(place.get(key, -1), row) for row, key in enumerate(_keys(table))]
    return table.iloc[[row for index, row in sorted(found) if index >= 0]].reset_index(drop=True)


def _keys(table: "pd.DataFrame") -> list[Identity]:
    columns = ("problem_key", "entry", "entry_key")
    numbers = (int(number) for number in table["replicate"])
    return list(zip(*(table[name].tolist() for name in columns), numbers, strict=True))  # pyright: ignore[reportReturnType]


def _notes(rows: Sequence[Mapping[Any, Any]]) -> tuple[str, ...]:
    notes = []
    other = sorted({row["problem"] for row in rows if row["frozen"] == "no"})
    if other:
        notes.append(
            f"data of {', '.join(other)} differ from the frozen ones (another processor or other versions of "
            "the libraries): compare these results among each other only"
        )
    missing = {row["entry"]: row["reason"] for row in rows if row["status"] == "missing"}
    return (*notes, *(f"{entry} was left out: {reason}" for entry, reason in missing.items()))


def _source_digest(module: str) -> str:
    """Digest of the file of a module, found without running it; empty where there is none."""
    try:
        found = importlib.util.find_spec(module)
        origin = None if found is None else found.origin
        return hashlib.sha256(Path(str(origin)).read_bytes()).hexdigest()[:16] if origin else ""
    except (ImportError, OSError, ValueError, AttributeError):
        return ""


def _version(package: str) -> str:
    names = {"skimage": "scikit-image", "astra": "astra-toolbox"}
    try:
        return metadata.version(names.get(package, package))
    except metadata.PackageNotFoundError:
        return "absent"
