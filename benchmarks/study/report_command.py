"""``glasstomo study report``: the command."""

import json
from collections.abc import Iterable
from pathlib import Path

import click

# How surely the best design gives what is wanted, for a line on a terminal.
STANDING = {
    "proven": "Proven",
    "likely": "On average, not proven",
    "open": "Undecided",
    "missed": "Missed, nearest",
    None: "Best",
}


@click.command("report")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the report [default: report/ inside SOURCE, else SOURCE_report].",
)
@click.option(
    "--wanted",
    multiple=True,
    metavar="SCORE=VALUE",
    help="Instead of what the study's design wants, as in zn_fraction_2sigma=0.03; repeatable.",
)
@click.option(
    "--max-dose", type=float, metavar="E_NM2", help="Most total fluence that the specimen takes, e/nm2."
)
@click.option("--max-minutes", type=float, metavar="MIN", help="Most time at the microscope.")
@click.option(
    "--at",
    multiple=True,
    metavar="FACTOR=LEVEL",
    help="Seek the best design at this level only, as in instrument_holder=blade; repeatable.",
)
@click.option(
    "--by",
    metavar="COST|SCORE",
    help="What the best design makes small: total_fluence_e_nm2, minutes, or a score "
    "[default: the first cost that varies].",
)
@click.option(
    "--level", type=float, default=0.95, show_default=True, help="Confidence of all intervals, in (0, 1)."
)
@click.option(
    "--format",
    "tables",
    multiple=True,
    type=click.Choice(["csv", "parquet", "tex"]),
    default=("csv",),
    show_default=True,
    help="Of the tables; repeatable.",
)
@click.option(
    "--figures",
    type=click.Choice(["png", "pdf", "svg"]),
    default="png",
    show_default=True,
    help="Format of the figure files.",
)
@click.option("--json", "as_json", is_flag=True, help="Print report.json on standard output.")
def report(
    source: Path,
    out: Path | None,
    wanted: tuple[str, ...],
    max_dose: float | None,
    max_minutes: float | None,
    at: tuple[str, ...],
    by: str | None,
    level: float,
    tables: tuple[str, ...],
    figures: str,
    as_json: bool,
) -> int:
    """Report a study: figures, tables and one HTML page.

    SOURCE is the --out of a run, finished or not, the name of a study that comes with glasstomo (its kept
    table), or a table of results (.parquet, .csv). The page says which design is the cheapest that gives
    what is wanted.

    Example: glasstomo study report results/dose_tilt --wanted zn_fraction_2sigma=0.03 --max-minutes 60
    """
    from .study_report import write_study_report

    if out is None:
        out = source / "report" if source.is_dir() else source.with_name(f"{source.stem}_report")
    limits = {"total_fluence_e_nm2": max_dose, "minutes": max_minutes}
    answer = write_study_report(
        source,
        out,
        wanted=parse_wanted(wanted) if wanted else None,
        maximum={name: most for name, most in limits.items() if most is not None},
        by=by,
        fixed=parse_levels(at),
        level=level,
        tables=tuple(dict.fromkeys(tables)),
        figures=figures,
    )
    if as_json:
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return 0
    best, cells = answer["best"], answer["cells"]
    planned = f" of {cells['planned']}" if cells["planned"] else ""
    failed = f", {cells['failed']} failed" if cells["failed"] else ""
    click.echo(f"{cells['done']}{planned} cells done{failed}")
    if best["setting"] is not None:
        setting = ", ".join(
            f"{name.rstrip('_')} = {value:g}" if isinstance(value, float) else f"{name.rstrip('_')} = {value}"
            for name, value in best["setting"].items()
        )
        click.echo(f"{STANDING[best['standing']]}: {setting or 'the only setting'}")
    click.echo(best["reason"])
    click.echo(f"Report: {out / 'report.html'}")
    return 0


def parse_wanted(texts: Iterable[str]) -> dict[str, float]:
    """Read ``score=value`` texts.

    Raises
    ------
    ValueError
        If one is malformed, its score unknown or its value out of bounds.

    Examples
    --------
    >>> parse_wanted(["zn_fraction_2sigma=0.03"])
    {'zn_fraction_2sigma': 0.03}
    """
    from .score_rules import check_wanted

    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise ValueError(
                f"--wanted takes SCORE=VALUE, as in zn_fraction_2sigma=0.03, got {text!r}"
            ) from None
    return check_wanted(found)


def parse_levels(texts: Iterable[str]) -> dict[str, str]:
    """Read ``factor=level`` texts.

    Raises
    ------
    ValueError
        If one is malformed.
    """
    found = {}
    for text in texts:
        name, equals, level = text.partition("=")
        if not (name.strip() and equals and level.strip()):
            raise ValueError(f"--at takes FACTOR=LEVEL, as in instrument_holder=blade, got {text!r}")
        found[name.strip()] = level.strip()
    return found
