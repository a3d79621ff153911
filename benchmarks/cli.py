"""The command line: every command of ``glasstomo``, and how each ends.

Exit status: 0 done, 1 a check that did not hold, 2 bad input (one line on standard error), 130 interrupted.
Everything heavy is imported by the command that needs it, so that ``--help`` is quick.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from .. import __version__
from .bench_command import bench
from .conformance.conform_command import conform
from .design.design_command import design
from .listing_commands import listing_command, microscopes
from .listings import LISTINGS
from .reconstruct_command import reconstruct
from .reproduce_command import reproduce
from .score_command import score
from .simulate_command import simulate
from .study.study_command import study

BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


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


for _command in (bench, conform, design, microscopes, reconstruct, reproduce, score, simulate, study):
    cli.add_command(_command)

for _name in LISTINGS:
    if _name != microscopes.name:
        cli.add_command(listing_command(_name))


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
