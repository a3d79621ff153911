"""The commands that list a table of names; ``microscopes`` also shows the gains of their detectors."""

import json
from pathlib import Path
from typing import Any

import click

from .console_tables import print_table, rows_table
from .listings import LISTINGS, ONLY_IN_JSON, summary_line


def listing_command(name: str) -> click.Command:
    """Make the command that lists one table."""

    def show(as_json: bool) -> int:
        show_rows(name, as_json)
        return 0

    what = summary_line(LISTINGS[name])
    return click.Command(
        name,
        callback=show,
        params=[click.Option(["--json", "as_json"], is_flag=True, help="Print them as JSON.")],
        help=f"{what}.\n\nExample: glasstomo {name} --json",
    )


def show_rows(name: str, as_json: bool) -> None:
    """Print one table of names, for a reader or for a program."""
    rows = LISTINGS[name]()
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    hidden = ONLY_IN_JSON.get(name, ())
    print_table(rows_table([{key: row[key] for key in row if key not in hidden} for row in rows]))
    if hidden:
        click.echo(f"{' and '.join(hidden)}: glasstomo {name} --json")


@click.command()
@click.option("--gains", is_flag=True, help="Show the gain of each EDS segment against tilt instead.")
@click.option("--microscope", default="osiris", show_default=True, help="Whose EDS detector.")
@click.option("--holder", "holders", multiple=True, help="See glasstomo holders; repeatable [default: all].")
@click.option(
    "--energy",
    "energies_kev",
    type=click.FloatRange(min=0.1, max=500),
    multiple=True,
    default=(8.64,),
    show_default=True,
    help="Photon energy, keV; repeatable.",
)
@click.option("--tilts", default="-70:70:10", show_default=True, metavar="LOW:HIGH:STEP", help="Degrees.")
@click.option(
    "--grid",
    metavar="HOLE:THICKNESS:SIDE",
    help="Bars of a support grid, um, as in 90:20:below [default: none].",
)
@click.option("--plot", type=click.Path(path_type=Path), help="Draw them as well: .png, .pdf or .svg.")
@click.option(
    "--measured",
    type=click.Path(path_type=Path),
    help="CSV of counts against tilt, one column for each segment in order, to draw beside the model.",
)
@click.option("--columns", metavar="A,B,...", help="The columns of that file, in the order of the segments.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def microscopes(gains: bool, as_json: bool, **options: Any) -> int:
    """List the microscopes, or the gain of their EDS detector against tilt.

    The gain of a segment is the share of it that sees the specimen past holder and grid. Any option
    but --json asks for gains.

    Example: glasstomo microscopes --holder wall --energy 8.64 --energy 1.01 --plot gains.png
    """
    chosen = click.get_current_context().get_parameter_source
    given = [name for name in options if chosen(name) is click.core.ParameterSource.COMMANDLINE]
    if not (gains or given):
        show_rows("microscopes", as_json)
        if not as_json:
            click.echo("gain against tilt: glasstomo microscopes --gains [--plot gains.png]")
        return 0
    from .show_gains import show_gains

    rows = show_gains(**options)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        print_table(rows_table(rows))
        if options["plot"] is not None:
            click.echo(f"Figure: {options['plot']}")
    return 0
