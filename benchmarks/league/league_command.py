"""The command ``glasstomo bench league``; what it runs is imported when it runs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .league_results import LeagueResults

SEED_VARIABLE = "GLASSTOMO_LEAGUE_SEED"
_ANSWERED = ("done", "declined")


@click.command()
@click.option("--problem", "problems", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@click.option("--entry", "entries", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@click.option(
    "--solver",
    "solvers",
    multiple=True,
    metavar="MODULE:OBJECT",
    help="A solver of your own, ranked among the kept results of all entries; repeatable.",
)
@click.option(
    "--replicates",
    type=click.IntRange(min=1),
    help="Only the first so many of each problem [default: all].",
)
@click.option(
    "--budget-s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Core seconds that a solve may take [default: those of the problem].",
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Solves at the same time, one core each; 0: one, watched by this process [default: one per core].",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**63 - 1),
    envvar=SEED_VARIABLE,
    help=f"Other particles and other noise than the frozen ones; also by {SEED_VARIABLE}.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder that keeps the rows; a run goes on where the last one there ended.",
)
@click.option("--retry-failed", is_flag=True, help="Run again what failed, crashed or ran out.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page of it as well.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON on standard output.")
@click.option("--list", "listing", is_flag=True, help="List problems and entries, and run nothing.")
def league(
    problems: tuple[str, ...],
    entries: tuple[str, ...],
    solvers: tuple[str, ...],
    listing: bool,
    as_json: bool,
    html: Path | None,
    **options: Any,
) -> int:
    """Rank solvers on frozen problems whose truth they do not see.

    Every solve runs in a process of its own, which gets the data, one thread and a budget of core seconds.
    All entries run when neither --entry nor --solver is given; a --solver alone is run beside the null entry
    and ranked among the results that come with glasstomo.

    Exit status 1 says that a --solver failed on a problem.

    Example: glasstomo bench league --solver my_solver:solve --problem segregated_easy
    """
    from ..progress import RichProgress
    from .league_results import play_league

    if listing:
        _show_lists(as_json)
        return 0
    if html is not None and html.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"--html must end in .html, got {html.name!r}")
    with RichProgress() as progress:
        results = play_league(problems, entries, solvers, progress=progress, **options)
    if html is not None:
        from ..outputs import whole_file
        from .league_page import league_html

        with whole_file(html) as part:
            part.write_text(league_html(results), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(results.as_dict(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _show(results)
        if html is not None:
            click.echo(f"Page: {html}")
    return 0 if all(status in _ANSWERED for status in results.outside_statuses) else 1


def _show(results: "LeagueResults") -> None:
    """Print the ranking over all problems, then on each of them."""
    from ..console_tables import print_table, rows_table

    click.echo("Over all problems")
    print_table(rows_table([dict(row) for row in results.standing_rows()]))
    for problem in results.problems:
        rows = results.place_rows(problem)
        if rows:
            click.echo(f"{problem.name}: {problem.title} ({problem.difficulty})")
            print_table(rows_table([dict(row) for row in rows]))
    for note in results.notes:
        click.echo(f"Note: {note}")


def _show_lists(as_json: bool) -> None:
    """Print the problems and the entries."""
    from ..console_tables import print_table, rows_table
    from .entries import ENTRIES
    from .problem_files import league_problems

    problems = [
        {
            "name": one.name,
            "version": one.version,
            "difficulty": one.difficulty,
            "kind": one.kind,
            "size": one.design.specimen.size,
            "tilts": one.design.tilts.tilt_scheme.count,
            "fluence e/nm2": f"{one.design.total_fluence_e_nm2:.2g}" if one.kind == "particle" else None,
            "replicates": one.replicates,
            "question": one.question,
        }
        for one in league_problems().values()
    ]
    entries = [
        {
            "name": one.name,
            "family": one.family,
            "summary": one.summary,
            "parameters": one.rule,
            "missing": one.missing(),
        }
        for one in ENTRIES.values()
    ]
    if as_json:
        click.echo(json.dumps({"problems": problems, "entries": entries}, indent=2, ensure_ascii=False))
        return
    for rows in (problems, entries):
        print_table(rows_table([dict(row) for row in rows]))
