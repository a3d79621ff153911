"""The commands ``glasstomo study …``; what they run is imported when they run."""

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .run_study import RunSummary

CHECK_FAILED = 1

# Commands with a file of their own: module and name in it.
_ELSEWHERE = {
    "report": ("report_command", "report"),
    "optimise": ("optimise_command", "optimise"),
    "plan": ("plan_command", "plan"),
}


class StudyCommands(click.Group):
    """The commands, of which some are loaded only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in the order of use."""
        return [*self.commands, *_ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, name = _ELSEWHERE[cmd_name]
        return getattr(importlib.import_module(f".{module}", __package__), name)


@click.group(cls=StudyCommands)
def study() -> None:
    """Vary designs, simulate them many times, and say what matters.

    Example: glasstomo study run smoke --out results/smoke && glasstomo study report results/smoke
    """


scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Use the workers of this dask scheduler, as in tcp://host:8786, or its scheduler file (.json).",
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Processes on this machine, one thread each; 0 runs in this one [default: one per core].",
)
retry_option = click.option("--retry-failed", is_flag=True, help="Run cells again that failed.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON on standard output.")
folder_argument = click.argument("out", type=click.Path(path_type=Path))


@study.command("list")
@json_option
def list_(as_json: bool) -> int:
    """List the studies that come with glasstomo.

    Example: glasstomo study list
    """
    from .shipped import shipped_studies

    found = shipped_studies()
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    from ..console_tables import print_table, rows_table

    print_table(rows_table([dict(one) for one in found]))
    return 0


@study.command()
@click.argument("study", metavar="STUDY.toml|NAME")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the results [default: results/ and its name]."
)
@scheduler_option
@workers_option
@retry_option
@json_option
def run(study: str, out: Path | None, as_json: bool, **options: Any) -> int:
    """Run a study: a file, or one of glasstomo study list.

    Rows land in the folder as they come. Whatever ends the run (Ctrl-C, a kill, a full disk), the same
    command or glasstomo study resume runs what is left; no finished cell is lost or run twice.

    Exit status 1 says that a cell failed, or that the run ended before all had a row.

    Example: glasstomo study run dose_tilt --out results/dose_tilt --workers 2
    """
    from ..progress import RichProgress
    from .run_study import run_study
    from .shipped import named_study

    found = named_study(study)
    with RichProgress() as progress:
        summary = run_study(found, out or Path("results") / found.name, progress=progress, **options)
    return show_summary(summary, as_json)


@study.command()
@folder_argument
@scheduler_option
@workers_option
@retry_option
@json_option
def resume(out: Path, as_json: bool, **options: Any) -> int:
    """Run what is left of the study in a folder.

    Example: glasstomo study resume results/dose_tilt --scheduler tcp://login1:8786
    """
    from ..progress import RichProgress
    from .run_study import resume_study

    with RichProgress() as progress:
        summary = resume_study(out, progress=progress, **options)
    return show_summary(summary, as_json)


@study.command()
@folder_argument
@json_option
def status(out: Path, as_json: bool) -> int:
    """Say how far the study in a folder is, also while it runs.

    Example: glasstomo study status results/dose_tilt
    """
    from .study_status import study_status

    found = study_status(out)
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    left = found["cells"] - found["done"] - found["failed"]
    click.echo(
        f"{found['name']}: {found['cells']} cells, {found['done']} done, {found['failed']} failed, "
        f"{left} left"
    )
    show_failures(found["reasons"])
    if found["running"]:
        click.echo(f"running: {found['running']}{found['pace']}")
    elif left:
        click.echo(f"not running; go on with: glasstomo study resume {out}")
    return 0


def show_summary(summary: "RunSummary", as_json: bool) -> int:
    """Print what a run came to, and return its exit status."""
    from .landing import duration
    from .study_status import study_status

    if as_json:
        click.echo(json.dumps({**summary.as_dict(), "ok": summary.ok}, indent=2, ensure_ascii=False))
    else:
        click.echo(
            f"{summary.done} of {summary.cells} cells done, {summary.failed} failed; "
            f"{summary.computed} rows landed in {duration(summary.seconds)}"
        )
        if summary.failed:
            show_failures(study_status(summary.out)["reasons"])
        if summary.complete:
            click.echo(f"Table: {summary.out / 'results.parquet'}")
            click.echo(f"Next: glasstomo study report {summary.out}")
    if summary.stopped is not None:
        click.echo(f"glasstomo: stopped: {summary.stopped}", err=True)
        click.echo(f"glasstomo: go on with: glasstomo study resume {summary.out}", err=True)
    return 0 if summary.ok else CHECK_FAILED


def show_failures(reasons: dict[str, int], most: int = 5) -> None:
    """Print why cells failed, the most frequent first."""
    for reason, number in list(reasons.items())[:most]:
        click.echo(f"  {number} × {reason}")
    if len(reasons) > most:
        click.echo(f"  and {len(reasons) - most} other reasons; see the column reason of the table")
