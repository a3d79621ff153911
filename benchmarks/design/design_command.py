"""The commands ``glasstomo design …``; what they run is imported when they run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .design import Design
    from .explain import Explanation
    from .remedies import Remedy
    from .verdict import Verdict

SCHEMA_NAME = "glasstomo-design.schema.json"

settings_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Change a field, as in beam.dwell_s=0.05; none gives it back its default; repeatable.",
)


@click.group()
def design() -> None:
    """Write, explain and judge a design: an acquisition before it is booked.

    Example: glasstomo design new mine.toml && glasstomo design check mine.toml
    """


@design.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.toml")
@click.option("--particle", help="See glasstomo phantoms [default: segregated].")
@click.option("--microscope", help="See glasstomo microscopes [default: osiris].")
@click.option("--holder", help="See glasstomo holders [default: blade].")
@click.option("--tilts", type=click.IntRange(min=1), help="Number of tilts [default: 15].")
@click.option("--size", type=click.IntRange(16, 192), help="Voxels along each edge [default: 64].")
@settings_option
@click.option("--schema", is_flag=True, help="Also write the JSON Schema beside it, for editors.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def new(file: Path, settings: tuple[str, ...], schema: bool, force: bool, **short: Any) -> int:
    """Write a commented design that can be checked as it is.

    Example: glasstomo design new mine.toml --particle flux_melted --set beam.current_na=0.5
    """
    from .design_text import design_text, example_design, write_template

    if file.suffix != ".toml":
        raise ValueError(f"FILE must end in .toml, got {file.name!r}")
    paths = {
        "particle": "specimen.particle",
        "microscope": "instrument.microscope",
        "holder": "instrument.holder",
        "tilts": "tilts.count",
        "size": "specimen.size",
    }
    changes = {paths[name]: value for name, value in short.items() if value is not None}
    made = example_design({**changes, **settings_of(settings)})
    # What cannot be read back must not be written.
    _read_back(made, design_text(made))
    directive = f"./{SCHEMA_NAME}" if schema else None
    write_template(file, made, force=force, schema=directive)
    click.echo(f"Wrote {file}")
    if schema:
        _write_json(file.with_name(SCHEMA_NAME))
        click.echo(f"Wrote {file.with_name(SCHEMA_NAME)}")
    click.echo(f"Next: glasstomo design explain {file}, then glasstomo design check {file}")
    return 0


@design.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="DESIGN.toml")
@settings_option
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Processes; 0 runs everything in this one [default: one for each core].",
)
@click.option("--scheduler", metavar="ADDRESS", help="Address of a dask scheduler instead.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same verdict."
)
@click.option("--rows", type=click.Path(path_type=Path), help="Write every replicate's scores: .csv.")
@click.option(
    "--remedies/--no-remedies",
    default=True,
    help="Unless everything passes, look for single changes that would mend it.",
)
@click.option(
    "--mended",
    type=click.Path(path_type=Path),
    metavar="FILE.toml",
    help="Write the design with the cheapest change that helps.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def check(
    file: Path,
    settings: tuple[str, ...],
    workers: int | None,
    scheduler: str | None,
    seed: int,
    rows: Path | None,
    remedies: bool,
    mended: Path | None,
    as_json: bool,
) -> int:
    """Judge a design: simulate and reconstruct particles until everything wanted is decided.

    Exit status 0 says that everything wanted is reached, 1 that something is missed or stays undecided.

    Example: glasstomo design check mine.toml --seed 1
    """
    made = _read(file, settings)
    _check_places(rows, mended, remedies)
    from contextlib import nullcontext

    from ..outputs import whole_file
    from ..progress import RichProgress
    from ..study.workers import open_workers
    from .check import check_design
    from .remedies import find_remedies

    found = ()
    with nullcontext() if rows is None else whole_file(rows) as part:
        with RichProgress() as progress, open_workers(scheduler, workers, note=progress.note) as pool:
            verdict = check_design(made, workers=pool, seed=seed, progress=progress)
            if remedies and verdict.state != "pass":
                found = find_remedies(made, verdict, workers=pool, progress=progress)
        if part is not None:
            _write_rows(part, verdict.rows)
    if as_json:
        report = {**verdict.as_dict(), "remedies": [remedy.as_dict() for remedy in found]}
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        _show_verdict(verdict, found)
    if mended is not None:
        _write_mended(mended, made, found, passed=verdict.state == "pass", quiet=as_json)
    return verdict.exit_status


@design.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="DESIGN.toml")
@settings_option
@click.option("--plot", type=click.Path(path_type=Path), help="Draw it as well: .png, .pdf or .svg.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the particle looked at."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(file: Path, settings: tuple[str, ...], plot: Path | None, seed: int, as_json: bool) -> int:
    """Show what a design means: dose, damage, time, counts, shadowing, missing wedge.

    Nothing is reconstructed; this takes seconds.

    Example: glasstomo design explain mine.toml --plot mine.png
    """
    from ..bench_command import figure_file

    made = _read(file, settings)
    with figure_file(plot) as part:
        from .explain import explain as explained

        found = explained(made, seed=seed)
        if part is not None:
            from ..figure_files import save_figure
            from .figure_explain import figure_explain

            save_figure(figure_explain(found), part)
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
        return 0
    _show(found)
    if plot is not None:
        click.echo(f"Figure: {plot}")
    return 0


@design.command()
@click.option("--out", type=click.Path(path_type=Path), help="File to write [default: print it].")
def schema(out: Path | None) -> int:
    """Write the JSON Schema of a design, by which editors complete and check it.

    The first line of a design names it: #:schema ./glasstomo-design.schema.json

    Example: glasstomo design schema --out glasstomo-design.schema.json
    """
    if out is None:
        from .design_schema import json_schema

        click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
        return 0
    _write_json(out)
    click.echo(f"Wrote {out}")
    return 0


def settings_of(settings: Sequence[str]) -> dict[str, Any]:
    """Read settings FIELD=VALUE, values as TOML; bare words are text.

    Raises
    ------
    ValueError
        When one has no ``=`` or comes twice.

    Examples
    --------
    >>> settings_of(["beam.dwell_s=0.05", "instrument.holder=wall"])
    {'beam.dwell_s': 0.05, 'instrument.holder': 'wall'}
    """
    from .design_text import parsed_value

    found: dict[str, Any] = {}
    for text in settings:
        field, equals, value = text.partition("=")
        field = field.strip()
        if not equals or not field:
            raise ValueError(f"--set must be FIELD=VALUE, as in tilts.count=31, got {text!r}")
        if field in found:
            raise ValueError(f"--set gives {field} twice")
        found[field] = parsed_value(value.strip())
    return found


def _read(file: Path, settings: Sequence[str]) -> "Design":
    """Read a design, and change what the command line sets."""
    from .design_file import changed_design, read_design

    made = read_design(file)
    return changed_design(made, settings_of(settings)) if settings else made


def _check_places(rows: Path | None, mended: Path | None, remedies: bool) -> None:
    """Refuse places that cannot be meant, before minutes are spent."""
    if rows is not None and rows.suffix != ".csv":
        raise ValueError(f"--rows must end in .csv, got {rows.name!r}")
    if mended is None:
        return
    if not remedies:
        raise ValueError("--mended needs remedies: drop --no-remedies")
    if mended.suffix != ".toml" or mended.exists() or not mended.parent.is_dir():
        why = "is there already" if mended.exists() else "must end in .toml and lie in a folder that is there"
        raise ValueError(f"--mended: {mended} {why}; name another file")


def _show_verdict(verdict: "Verdict", remedies: Sequence["Remedy"]) -> None:
    from ..console_tables import print_table, rows_table
    from .remedies import remedy_table

    print_table(rows_table([dict(row) for row in verdict.table()]))
    for line in verdict.lines():
        click.echo(line)
    if remedies:
        click.echo("\nSingle changes, those that help first, cheap before costly:")
        print_table(rows_table([dict(row) for row in remedy_table(remedies)]))


def _write_mended(
    path: Path, made: "Design", remedies: Sequence["Remedy"], *, passed: bool, quiet: bool
) -> None:
    """Write the design with the first change that helps, where there is one."""
    from .design_text import write_template
    from .remedies import HELPS

    best = next((remedy for remedy in remedies if remedy.effect in HELPS), None)
    if best is not None:
        write_template(path, made.with_fields(best.fields))
    if not quiet:
        said = "nothing to mend" if passed else "no single change that helps"
        click.echo(f"Wrote {path}: {best.label}" if best else f"{path} is not written: {said}")


def _write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    import pandas as pd

    pd.DataFrame.from_records(list(rows)).to_csv(path, index=False)


def _read_back(made: Any, text: str) -> None:
    from .design_file import parse_design

    if parse_design(text) != made:
        raise ValueError("this design cannot be written as a file; build it in Python instead")


def _write_json(path: Path) -> None:
    from ..outputs import whole_file
    from .design_schema import json_schema

    with whole_file(path) as part:
        part.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _show(found: "Explanation") -> None:
    from ..console_tables import print_table, rows_table
    from .explain_text import headline, tables

    if found.title:
        click.echo(found.title)
    for line in headline(found):
        click.echo(line)
    for heading, rows in tables(found):
        click.echo(f"\n{heading}")
        print_table(rows_table(rows))
    for note in found.notes:
        click.echo(f"• {note}")
