"""The command line: ``glasstomo reproduce``, ``reconstruct`` and the listings.

Exit status: 0 done, 1 a check that did not hold, 2 bad input (one line on standard error), 130 interrupted.
Everything heavy is imported by the command that needs it, so that ``--help`` is quick.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from .. import __version__
from .bench_command import bench
from .checks import Check, checks
from .listings import LISTINGS, ONLY_IN_JSON, summary_line

if TYPE_CHECKING:
    from rich.table import Table

CHECK_FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


threads_option = click.option(
    "--threads", type=click.IntRange(min=1), default=None, help="Threads of the kernels [default: all]."
)


class ReaderGoneError(Exception):
    """Whoever read standard output (head, less) has closed it."""


class Commands(click.Group):
    """The commands, with an exit status of their own for a closed pipe, for which click would end with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGoneError from None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 1 a check that did not hold, 2 bad input.",
)
@click.version_option(__version__, package_name="glasstomo", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Simulate, reconstruct and judge STEM-EDS tomography of metal-organic-framework glasses.

    Example: glasstomo reproduce --size 48 --out results
    """


@cli.command()
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
    "--out",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder for summary.json, report.html, figures, tables and volumes.",
)
@click.option(
    "--threads", type=click.IntRange(min=1), default=None, help="Threads of the kernels [default: all]."
)
@click.option("--json", "as_json", is_flag=True, help="Print summary.json on standard output.")
def reproduce(microscope: str, size: int, seed: int, out: Path, threads: int | None, as_json: bool) -> int:
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
        summary = run(microscope=microscope, size=size, seed=seed, out=folder, progress=progress)
    found = checks(summary)
    if as_json:
        click.echo(json.dumps(summary, indent=2))
    else:
        show_checks(found)
        click.echo(f"Report: {out / 'report.html'}")
    return 0 if all(check["holds"] for check in found) else CHECK_FAILED


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--angles",
    type=click.Path(path_type=Path),
    help="File of tilt angles, one a line in degrees (.rawtlt, .tlt) [default: from FILE or beside it].",
)
@click.option(
    "--spacing-nm",
    type=click.FloatRange(min=0, min_open=True),
    help="Edge of a pixel, where FILE does not say.",
)
@click.option(
    "--tilt-axis",
    type=click.Choice(["x", "y"]),
    default="x",
    show_default=True,
    help="Image axis along which the tilt axis lies in FILE.",
)
@click.option("--method", default="tv", show_default=True, help="See glasstomo methods.")
@click.option(
    "--lam",
    default="auto",
    show_default=True,
    help="Weight of the regulariser: auto (discrepancy principle), cross_validation (best prediction of "
    "tilts that are left out; slower) or a fraction of lambda_max, in (0, 1].",
)
@click.option(
    "--data-term",
    type=click.Choice(["least_squares", "kullback_leibler"]),
    default=None,
    help="Noise: Gaussian of estimated variance, or Poisson for recorded counts [default: least_squares].",
)
@click.option(
    "--background",
    type=float,
    default=None,
    help="Expected background in each pixel of FILE, such as counts of the continuum [default: 0].",
)
@click.option(
    "--upper",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="Largest density allowed, in the units of the volume [default: no bound].",
)
@click.option(
    "--joint", is_flag=True, help="Reconstruct all channels (elements) together, with common edges."
)
@click.option(
    "--second-order-share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=None,
    help="tv_tv2: share of the second-order term [default: 0.5].",
)
@click.option(
    "--tgv-ratio",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="tgv2: price of a change of slope relative to that of a step [default: 2].",
)
@click.option(
    "--max-iterations",
    type=click.IntRange(min=1),
    default=None,
    help="Stop here [default: the method's own].",
)
@click.option(
    "--gap",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="Relative primal-dual gap at which it has converged [default: the method's own].",
)
@click.option(
    "--engine",
    type=click.Choice(["fused", "odl"]),
    default="fused",
    show_default=True,
    help="Our fused kernels, or ODL's own solver on the identical problem.",
)
@click.option(
    "--bin",
    "binning",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Bin N x N pixels first.",
)
@click.option(
    "--slices", default=None, metavar="START:STOP", help="Only these pixels along the tilt axis (x)."
)
@click.option(
    "--threads", type=click.IntRange(min=1), default=None, help="Threads of the kernels [default: all]."
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Volume to write: .mrc, .hspy or .h5."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON on standard output.")
def reconstruct(file: Path, threads: int | None, as_json: bool, **options: Any) -> int:
    """Reconstruct an aligned tilt series.

    FILE is .hspy, .mrc (or its kin .st, .ali, .rec) or .h5.

    Exit status 1 says that the solver stopped before it converged; the volume is written all the same.
    So does Ctrl-C: the volume as it is by then; a second Ctrl-C ends without one.

    Example: glasstomo reconstruct HAADF_Aligned.hspy --angles HAADF.rawtlt --bin 2 --out needle.mrc
    """
    from .progress import RichProgress
    from .reconstruct import reconstruct_file

    set_threads(threads)
    with RichProgress() as progress:
        done = reconstruct_file(file, progress=progress, **options)
    if as_json:
        click.echo(json.dumps(done, indent=2))
    else:
        click.echo(f"{done['iterations']} iterations; {done['message']}")
        click.echo(f"Volume: {done['out']}  (z, y, x) = {tuple(done['shape'])}, {done['spacing_nm']:g} nm")
    return 0 if done["ok"] else CHECK_FAILED


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


cli.add_command(bench)

for _name in LISTINGS:
    if _name != "microscopes":
        cli.add_command(listing_command(_name))


@cli.command()
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


def rows_table(rows: list[dict[str, object]]) -> "Table":
    """Lay rows of equal keys out as a table, numbers to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for key in rows[0] if rows else ():
        numeric = all(isinstance(row[key], int | float | None) for row in rows)
        table.add_column(
            key.replace("_", " "), justify="right" if numeric else "left", no_wrap=numeric, overflow="fold"
        )
    for row in rows:
        table.add_row(*("–" if value is None else str(value) for value in row.values()))
    return table


def print_table(table: "Table") -> None:
    """Print a table on standard output, unfolded where that is not a terminal (it may be a pipe to grep)."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 200
    Console(width=width, markup=False, highlight=False).print(table)


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


def set_threads(threads: int | None) -> None:
    """Give the kernels this many threads."""
    if threads is None:
        return
    import numba

    most = numba.get_num_threads()
    if threads > most:
        raise ValueError(f"--threads must be at most {most} on this machine, got {threads}")
    numba.set_num_threads(threads)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of those of the process.

    Raises
    ------
    SystemExit
        Always, with the exit status.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    # Threads that spin while they wait for one that lost its core make a shared machine many times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        status = run(arguments)
        sys.stdout.flush()
    except (ReaderGoneError, BrokenPipeError):
        # Point the stream elsewhere, or the interpreter complains when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = BROKEN_PIPE
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; only programming errors keep their traceback."""
    try:
        return cli.main(args=arguments, prog_name="glasstomo", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        click.echo("glasstomo: interrupted", err=True)
        return INTERRUPTED
    except (click.ClickException, ValueError, OSError, MemoryError, ImportError) as error:
        # A missing extra is the user's to install; any other failed import is ours to mend.
        if "--debug" in arguments or (isinstance(error, ImportError) and "glasstomo[" not in str(error)):
            raise
        click.echo(f"glasstomo: error: {one_line(error)}", err=True)
        return BAD_INPUT


def one_line(error: BaseException) -> str:
    """Say an error on one line."""
    if isinstance(error, click.ClickException):
        text = error.format_message()
    elif isinstance(error, MemoryError):
        text = f"not enough memory ({error or 'no details'}); try a smaller --size, or --bin and --slices"
    elif isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())
