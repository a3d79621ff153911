"""The command ``glasstomo reproduce``; what it runs is imported when it runs."""

import json
from pathlib import Path

import click

from .checks import Check, checks
from .console_tables import print_table, rows_table
from .threads_option import set_threads, threads_option

CHECK_FAILED = 1


@click.command()
@click.option(
    "--microscope",
    default="osiris",
    show_default=True,
    metavar="osiris|titan",
    help="The microscope that records the two glass particles; the standards calibrate both.",
)
@click.option(
    "--size",
    type=click.IntRange(32, 192),
    default=96,
    show_default=True,
    help="Voxels along each edge of the reconstruction; time and memory grow as its cube.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same bits."
)
@click.option(
    "--twins",
    type=click.IntRange(min=0),
    default=4,
    show_default=True,
    help="Twins of each particle, simulated from its reconstruction: they tell how sure a voxel is, and each "
    "costs as much as the reconstruction. 0 for none.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder for summary.json, report.html, figures, tables and volumes.",
)
@threads_option
@click.option("--json", "as_json", is_flag=True, help="Print summary.json on standard output.")
def reproduce(
    microscope: str, size: int, seed: int, twins: int, out: Path, threads: int | None, as_json: bool
) -> int:
    """Run the published experiment in simulation.

    Calibrates the EDS cross-sections on four standards, then simulates, reconstructs and judges a
    phase-segregated and a flux-melted glass particle against their truth. Exit status 1 says that
    a precision wanted in the report was missed.

    Example: glasstomo reproduce --microscope titan --size 64 --seed 7 --out results
    """
    from ..forward import MICROSCOPES

    MICROSCOPES[microscope]
    set_threads(threads)
    from ..recon.interruption import raised
    from .outputs import whole_folder
    from .progress import RichProgress
    from .reproduce import reproduce as run

    # A reconstruction cut short would enter the report like the others.
    with raised(), whole_folder(out) as folder, RichProgress() as progress:
        summary = run(microscope=microscope, size=size, seed=seed, twins=twins, out=folder, progress=progress)
    found = checks(summary)
    if as_json:
        click.echo(json.dumps(summary, indent=2))
    else:
        show_checks(found)
        click.echo(f"Report: {out / 'report.html'}")
    return 0 if all(check["holds"] for check in found) else CHECK_FAILED


def show_checks(found: list[Check]) -> None:
    """Print what was wanted, what was measured, and whether it held."""
    if found:
        rows = [
            {
                "check": check["name"],
                "wanted": check["wanted"],
                "measured": check["measured"],
                "": "✓ held" if check["holds"] else "✗ missed",
            }
            for check in found
        ]
        print_table(rows_table(rows))
