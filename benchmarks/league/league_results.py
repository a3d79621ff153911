"""Play the league and put the results into words: rows of text for the terminal, the page and the docs."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..labels import number
from ..progress import Progress
from .entries import ENTRIES, outside_entry
from .league_entry import LeagueEntry
from .league_problem import LeagueProblem
from .league_run import LeagueRun, run_league
from .league_table import UNIT_ENTRY, LeagueTable, Place, Standing, league_table
from .problem_files import league_problems, named_problem

if TYPE_CHECKING:
    import pandas as pd

KIND_LABELS = {"particle": "Particles", "standard": "Standards"}
_TIMES = {"time": "out of time", "memory": "out of memory", "bad_answer": "no valid volume"}


@dataclass(frozen=True, kw_only=True, eq=False)
class LeagueResults:
    """A ranking with the rows behind it.

    Parameters
    ----------
    table : LeagueTable
    rows : pandas.DataFrame
        One per solve.
    problems : tuple of LeagueProblem
    summaries : dict
        Entry to its one line, and how its parameters are chosen.
    notes : tuple of str
        What readers should know.
    outside_statuses : tuple of str
        What became of the solves of outside solvers.
    """

    table: LeagueTable
    rows: "pd.DataFrame"
    problems: tuple[LeagueProblem, ...]
    summaries: dict[str, str]
    notes: tuple[str, ...] = ()
    outside_statuses: tuple[str, ...] = ()

    def standing_rows(self) -> list[dict[str, object]]:
        """Return the ranking over all problems as text."""
        return [standing_row(one) for one in self.table.standings]

    def place_rows(self, problem: LeagueProblem) -> list[dict[str, object]]:
        """Return the ranking on one problem as text."""
        return [place_row(one, problem) for one in self.table.on(problem.name)]

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the rows, as JSON holds it."""
        return {
            "problems": [
                {
                    "name": one.name,
                    "version": one.version,
                    "key": one.key,
                    "kind": one.kind,
                    "difficulty": one.difficulty,
                    "solved_at": one.solved,
                    "primary": one.primary,
                }
                for one in self.problems
            ],
            **self.table.as_dict(),
            "entries": self.summaries,
            "notes": list(self.notes),
        }


def play_league(
    problems: Sequence[str] = (),
    entries: Sequence[str] = (),
    solvers: Sequence[str] = (),
    *,
    replicates: int | None = None,
    budget_s: float | None = None,
    seed: int | None = None,
    out: Path | str | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> LeagueResults:
    """Run entries on problems by name, and rank them.

    Parameters
    ----------
    problems : sequence of str
        Names, or paths of .toml files; all that come with glasstomo when empty.
    entries : sequence of str
        Names in `ENTRIES`; all when empty and no solver is given. The null entry that is the unit of the
        ranking always runs.
    solvers : sequence of str
        Outside solvers, ``"package.module:object"``; without `entries` ranked among the kept results.
    replicates : int, optional
        Only the first so many of each problem.
    budget_s : float, optional
        Core seconds of a solve; no kept results are then shown.
    seed : int, optional
        Other particles and other noise.
    out, workers, retry_failed, progress
        As for `run_league`.

    Returns
    -------
    LeagueResults

    Raises
    ------
    ValueError
        When a name is unknown.
    """
    chosen = [named_problem(name) for name in dict.fromkeys(problems)] or list(league_problems().values())
    if replicates is not None:
        chosen = [_fewer(one, replicates) for one in chosen]
    if budget_s is not None:
        chosen = [one.with_seconds(budget_s) for one in chosen]
    if seed is not None:
        chosen = [one.with_seed(seed) for one in chosen]
    taken = _entries(entries, solvers)
    run = run_league(
        chosen,
        taken,
        out=out,
        workers=workers,
        retry_failed=retry_failed,
        search_path=os.getcwd() if solvers else None,
        progress=progress,
    )
    kept = _kept(run, chosen) if solvers and not entries else None
    return ranked(run, kept)


def ranked(run: LeagueRun, kept: "pd.DataFrame | None" = None) -> LeagueResults:
    """Rank the rows of a run, among kept ones of other entries where given."""
    import pandas as pd

    rows, notes = run.table, run.notes
    if kept is not None and len(kept):
        rows = pd.concat([rows, kept.astype(rows.dtypes.to_dict(), errors="ignore")], ignore_index=True)
        others = kept["entry"].nunique()
        notes = (*notes, f"{others} entries are kept results, timed on another machine or at another time")
    entries = {**ENTRIES, **{one.name: one for one in run.entries}}
    names = list(dict.fromkeys(rows["entry"].tolist()))
    outside = rows.loc[rows["family"] == "outside", "status"].tolist()
    return LeagueResults(
        table=league_table(rows, run.problems),
        rows=rows,
        problems=run.problems,
        summaries={name: summary(entries[name]) for name in names if name in entries},
        notes=notes,
        outside_statuses=tuple(str(status) for status in outside),
    )


def summary(entry: LeagueEntry) -> str:
    """Say in one line what an entry is and how its parameters are chosen."""
    return f"{entry.summary}; {entry.rule}" if entry.rule else entry.summary


def standing_row(one: Standing) -> dict[str, object]:
    """Return a standing as text, by column."""
    error = f" ×/÷ {one.factor:.2f}" if one.factor >= 1.005 else ""
    return {
        "Rank": one.rank,
        "Entry": one.entry,
        "Family": one.family,
        "Error relative to the null": f"{number(one.relative, 2)}{error}",
        **{KIND_LABELS[kind]: number(value, 2) for kind, value in one.by_kind.items()},
        "Mean rank": f"{one.mean_rank:.1f}",
        "Solved": f"{one.solved} of {one.problems}",
        "Fraction within": "–" if one.fraction_within is None else number(one.fraction_within, 2),
        "Cross-section within": (
            "–" if one.cross_section_within is None else f"{number(100 * one.cross_section_within, 2)} %"
        ),
        "Core seconds": f"{_seconds(one.core_seconds)}{' ◆' if one.front else ''}",
        "Without an answer": failures_text(one.failures),
    }


def place_row(one: Place, problem: LeagueProblem) -> dict[str, object]:
    """Return a place as text, by column."""
    error = "" if one.error is None else f" ± {number(one.error, 2)}"
    score = "–" if one.score is None else f"{number(one.score, 3)}{error}"
    head = {
        "Rank": one.rank,
        "Entry": one.entry,
        SCORE_HEADS[problem.primary]: f"{score}{' ✓' if one.solved else ''}",
    }
    if problem.kind == "particle":
        scores: dict[str, object] = {
            "±2σ of fraction": _text(one.scores, "zn_fraction_2sigma"),
            "Bias of fraction": _text(one.scores, "zn_fraction_bias"),
            "Mixing state right": _text(one.scores, "mixing_state_right"),
        }
    else:
        scores = {
            "Bias of cross-section": _text(one.scores, "cross_section_bias"),
            "Bias of volume": _text(one.scores, "volume_bias"),
        }
    failed = failures_text(one.failures)
    return {
        **head,
        **scores,
        "Dice": _text(one.scores, "dice"),
        "Core seconds": _seconds(one.core_seconds),
        "Without an answer": f"{failed}: {one.reason}" if one.reason and failed != "–" else failed,
    }


SCORE_HEADS = {
    "phase_diagram_distance": "Distance of the diagram",
    "cross_section_error": "Error of the cross-section",
}


def failures_text(failures: Mapping[str, int]) -> str:
    """Say how often an entry gave no answer, and why."""
    return ", ".join(f"{count} {_TIMES.get(status, status)}" for status, count in failures.items()) or "–"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _text(scores: Mapping[str, float], name: str) -> str:
    return number(scores[name], 2).replace("-", "−") if name in scores else "–"


def _fewer(problem: LeagueProblem, replicates: int) -> LeagueProblem:
    count = min(replicates, problem.replicates)
    return problem.replace(replicates=count, digests=problem.digests[:count])


def _entries(names: Sequence[str], solvers: Sequence[str]) -> list[LeagueEntry]:
    """Return the entries to run, the null entry among them."""
    own = [ENTRIES[name] for name in dict.fromkeys(names)]
    if not own and not solvers:
        own = list(ENTRIES.values())
    if UNIT_ENTRY not in [one.name for one in own]:
        own.append(ENTRIES[UNIT_ENTRY])
    outside = []
    for solver in dict.fromkeys(solvers):
        entry = outside_entry(solver)
        taken = {*ENTRIES, *(one.name for one in outside)}
        outside.append(outside_entry(solver, name=solver) if entry.name in taken else entry)
    return [*outside, *own]


def _kept(run: LeagueRun, problems: Sequence[LeagueProblem]) -> "pd.DataFrame | None":
    """Return kept rows of the same problems and replicates, of entries that have not just run."""
    from .kept_league import kept_rows

    try:
        kept = kept_rows()
    except FileNotFoundError:
        return None
    wanted = {one.key: one.replicates for one in problems}
    if set(wanted) - set(kept["problem_key"]):
        return None
    ran = set(run.table["entry"])
    fresh = [
        key in wanted and k < wanted[key]
        for key, k in zip(kept["problem_key"], kept["replicate"], strict=True)
    ]
    others = [one and name not in ran for one, name in zip(fresh, kept["entry"], strict=True)]
    return kept.iloc[[row for row, one in enumerate(others) if one]]
