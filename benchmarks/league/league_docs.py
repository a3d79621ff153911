"""The tables and figures of the page on the league, made from the problems and the kept results.

``python -m glasstomo.benchmarks.league.league_docs docs/league.md`` writes them into the page, between the
lines that mark them, and the figures into ``img`` beside it.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..outputs import whole_file
from .league_results import LeagueResults, ranked
from .league_run import LeagueRun
from .problem_files import league_problems

MARKS = "<!-- {name}: made by glasstomo.benchmarks.league.league_docs -->", "<!-- end of {name} -->"
"""Lines before and after what is made."""

_PICTURE = (
    "![Error of every entry against its time](img/league_times.png)\n\n"
    "*The line joins the entries that none is both better and faster than; bars are 1.96 standard errors.*"
)
_UNKEPT = "No results are kept: `glasstomo bench league --out league` makes them."


def kept_results() -> LeagueResults | None:
    """Return the ranking of the kept results; None where none are kept of the problems as they are now."""
    from .kept_league import kept_rows

    try:
        rows = kept_rows()
    except FileNotFoundError:
        return None
    problems = tuple(league_problems().values())
    if {one.key for one in problems} - set(rows["problem_key"]):
        return None
    return ranked(LeagueRun(table=rows, problems=problems, entries=(), computed=0, seconds=0.0))


def league_blocks(results: LeagueResults | None) -> dict[str, str]:
    """Return what stands between the marks, as Markdown, by name.

    Parameters
    ----------
    results : LeagueResults or None
        The kept ones.
    """
    blocks = {"problems": markdown_rows(_problem_rows())}
    if results is None:
        return blocks | dict.fromkeys(("ranking", "scores", "entries"), _UNKEPT)
    return blocks | {
        "ranking": f"{markdown_rows(results.standing_rows())}\n\n{_PICTURE}",
        "scores": markdown_rows(_score_rows(results)),
        "entries": markdown_rows(
            [{"Entry": f"`{name}`", "What it is": text} for name, text in results.summaries.items()]
        ),
    }


def markdown_rows(rows: Sequence[Mapping[str, object]]) -> str:
    """Write rows of equal keys as a Markdown table.

    Examples
    --------
    >>> print(markdown_rows([{"Rank": 1, "Entry": "tv"}]))
    | Rank | Entry |
    |---:|---|
    | 1 | tv |
    """
    heads = list(rows[0]) if rows else []
    numeric = {head: all(isinstance(row[head], int | float) for row in rows) for head in heads}
    lines = [
        f"| {' | '.join(heads)} |",
        f"|{'|'.join('---:' if numeric[head] else '---' for head in heads)}|",
        *(f"| {' | '.join(_cell(row[head]) for head in heads)} |" for row in rows),
    ]
    return "\n".join(lines)


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """Return a page with its blocks put between their marks.

    Raises
    ------
    ValueError
        When the page lacks the marks of a block.
    """
    for name, block in blocks.items():
        begin, end = (mark.format(name=name) for mark in MARKS)
        pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"the page lacks the lines {begin!r} and {end!r}")
        replaced = f"{begin}\n\n{block}\n\n{end}"
        text = pattern.sub(lambda _, replaced=replaced: replaced, text)
    return text


def write_docs(page: Path) -> list[Path]:
    """Write tables and figures of the page; return the files.

    Parameters
    ----------
    page : pathlib.Path
        Markdown with marks.
    """
    results = kept_results()
    text = filled(page.read_text(encoding="utf-8"), league_blocks(results))
    with whole_file(page) as part:
        part.write_text(text, encoding="utf-8")
    if results is None:
        return [page]
    from ..figure_files import save_figure
    from .figures_league import figure_problems, figure_times

    drawn = {
        "league_times": figure_times(results.table),
        "league_problems": figure_problems(results.table, results.problems),
    }
    files = [page.parent / "img" / f"{name}.png" for name in drawn]
    for path, figure in zip(files, drawn.values(), strict=True):
        save_figure(figure, path)
    return [page, *files]


def _problem_rows() -> list[dict[str, object]]:
    from .league_page import problem_facts

    rows = []
    for one in league_problems().values():
        facts = problem_facts(one)
        made = "; ".join(facts[name] for name in ("specimen", "series", "microscope"))
        rows.append(
            {"Problem": f"`{one.name}`", "Asks": one.question, "Difficulty": one.difficulty, "Made of": made}
        )
    return rows


def _score_rows(results: LeagueResults) -> list[dict[str, object]]:
    """Primary score of every entry on every problem, bold where it solves the problem."""
    from .figures_league import score_text

    places = {(one.entry, one.problem): one for one in results.table.places}
    rows = []
    for standing in results.table.standings:
        row: dict[str, object] = {"Entry": f"`{standing.entry}`"}
        for problem in results.problems:
            place = places[standing.entry, problem.name]
            text = "–" if place.score is None else score_text(place.score, problem)
            row[problem.name.replace("_", " ")] = f"**{text}**" if place.solved else text
        rows.append(row)
    return rows


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    for file in write_docs(Path(sys.argv[1])):
        print(file)
