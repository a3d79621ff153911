"""The command ``glasstomo conform``; what it runs is imported when it runs."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .conformance_report import ConformanceReport

LAW_BROKEN = 1
KINDS = ("operator", "projector", "functional", "solver")
PROFILE_NAMES = ("quick", "default", "nightly")


def _shape(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    del context, parameter
    if text is None:
        return None
    try:
        shape = tuple(int(part) for part in text.split(","))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise click.BadParameter(f"must be positive whole numbers, as in 8,8,4; got {text!r}")
    return shape


@click.command()
@click.argument("objects", nargs=-1, metavar="[package.module:object]...")
@click.option("--kind", type=click.Choice(KINDS), help="What it is, where that cannot be told from it.")
@click.option(
    "--shape",
    callback=_shape,
    metavar="N,N,N",
    help="Shape of the arrays that an operator or functional takes.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="What it promises, as in gap=1e-4 or claims=nonnegative,deterministic; repeatable.",
)
@click.option("--laws", "names", multiple=True, metavar="LAW,LAW", help="Only these laws [default: all].")
@click.option(
    "--profile",
    type=click.Choice(PROFILE_NAMES),
    default="default",
    show_default=True,
    help="How many cases each law gets.",
)
@click.option("--examples", type=click.IntRange(min=1), help="Cases for each law instead.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same cases."
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    help="After this time a law gets no more cases [default: no limit].",
)
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as a page.")
@click.option(
    "--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write it as JUnit XML, for CI."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON on standard output.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="counterexamples",
    show_default=True,
    help="Folder for counterexamples; made when there are some.",
)
@click.option("--replay", type=click.Path(path_type=Path), metavar="FILE", help="Try a counterexample again.")
@click.option("--own", is_flag=True, help="Check the components of glasstomo.")
@click.option("--peers", is_flag=True, help="Check the components of other packages that are installed.")
@click.option("--mutants", is_flag=True, help="Check that every deliberate mistake is caught.")
@click.option("--list", "show_list", is_flag=True, help="List the laws, all or those of --kind.")
def conform(objects: tuple[str, ...], replay: Path | None, show_list: bool, **options: Any) -> int:
    """Put the laws of its kind to an operator, projector, functional or solver, also one of your own.

    OBJECT is what Python imports, from the current folder too: my_solver:solve. Those that come with
    glasstomo are called own/NAME, peer/NAME and mutant/NAME.

    Each law that is broken comes with the smallest case found, in a file that --replay tries again.

    Exit status 0 says that no law is broken, 1 that one is.

    Example: glasstomo conform my_solver:solve --kind solver --html report.html
    """
    # Threads of a matrix product wait for each other longer than they work on problems as small as these.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # As `python -m` does: what lies in the current folder can be imported.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    asked = {
        "a component": bool(objects or options["own"] or options["peers"]) and replay is None,
        "--replay": replay is not None,
        "--mutants": options["mutants"],
        "--list": show_list,
    }
    if sum(asked.values()) != 1:
        raise click.UsageError(
            "name a component as package.module:object, or give one of --own, --peers, --mutants, "
            "--replay FILE, --list"
        )
    if show_list:
        return _list(options["kind"], options["as_json"])
    if replay is not None:
        return _replay(replay, objects, options["as_json"])
    if options["mutants"]:
        return _mutants(options)
    return _check(objects, options)


def _check(objects: tuple[str, ...], options: dict[str, Any]) -> int:
    """Check components, print what came of it, and write what was asked for."""
    from ..console_tables import print_table
    from .conform_run import run_components
    from .conform_text import broken_lines, hint_line, laws_table, reports_table, summary_line

    _check_places(options["html"], options["junit"])
    with _apart():
        run = run_components(objects, options)
    files = _save(run.reports, options["out"])
    _write(run.reports, options, files)
    if options["as_json"]:
        content = {"ok": run.ok, "reports": [one.as_dict() for one in run.reports], "skipped": run.skipped}
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return 0 if run.ok else LAW_BROKEN
    single = len(run.reports) == 1
    if run.reports:
        print_table(laws_table(run.reports[0]) if single else reports_table(run.reports))
    for report in run.reports:
        for line in broken_lines(report, files):
            click.echo(line)
    for name, reason in run.skipped.items():
        click.echo(f"left out: {name}: {reason}")
    click.echo(summary_line(run))
    if single and (hint := hint_line(run.reports[0])):
        click.echo(hint)
    for path in (options["html"], options["junit"]):
        if path is not None:
            click.echo(f"Wrote {path}")
    return 0 if run.ok else LAW_BROKEN


def _save(reports: "list[ConformanceReport]", folder: Path) -> dict[tuple[str, str], Path]:
    """Write the counterexamples; return their files by component and law."""
    from .counterexample import counterexamples, save_counterexample

    return {
        (one.component or one.subject, one.law): save_counterexample(one, folder)
        for report in reports
        for one in counterexamples(report)
    }


def _check_places(*paths: Path | None) -> None:
    """Refuse a file that cannot be written before an hour is spent on it."""
    for path in paths:
        if path is not None and path.is_dir():
            raise IsADirectoryError(None, "is a folder, name a file", str(path))
        if path is not None and not path.parent.is_dir():
            raise FileNotFoundError(None, "no such folder", str(path.parent))


def _write(
    reports: "list[ConformanceReport]", options: dict[str, Any], files: dict[tuple[str, str], Path]
) -> None:
    if options["html"] is not None:
        from .conformance_page import write_page

        write_page(reports, options["html"], files=files)
    if options["junit"] is not None:
        from .junit import write_junit

        write_junit(reports, options["junit"])


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Keep out what components print, and the files of Hypothesis."""
    import tempfile

    from hypothesis.configuration import set_hypothesis_home_dir

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        if "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
            set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)


def _list(kind: str | None, as_json: bool) -> int:
    from ..console_tables import print_table, rows_table
    from .laws.tables import LAWS

    laws = [law for name, table in LAWS.items() if kind in (None, name) for law in table.values()]
    rows = [
        {"kind": one.kind, "law": one.name, "sentence": one.sentence, "formula": one.formula} for one in laws
    ]
    if as_json:
        tolerances = [{"tolerance": one.tolerance, "cost": one.cost} for one in laws]
        both = [{**row, **more} for row, more in zip(rows, tolerances, strict=True)]
        click.echo(json.dumps(both, indent=2, ensure_ascii=False))
    else:
        print_table(rows_table([dict(row) for row in rows]))
    return 0


def _replay(file: Path, objects: tuple[str, ...], as_json: bool) -> int:
    """Try a counterexample again, on the component that it names or on another."""
    from .case_text import case_lines
    from .component_path import load_component
    from .counterexample import read_counterexample, replay

    if len(objects) > 1:
        raise click.UsageError("--replay tries one component")
    example = read_counterexample(file)
    with _apart():
        thing = load_component(objects[0], **example.options) if objects else None
        result = replay(example, thing)
    if as_json:
        content = {
            "law": example.law,
            "subject": result.subject,
            "verdict": result.verdict,
            "reason": result.reason,
        }
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return LAW_BROKEN if result.verdict == "broken" else 0
    click.echo(f"{result.law.name}: {result.law.sentence}")
    click.echo(f"  law    {result.law.formula}")
    for line in case_lines(example.case):
        click.echo(f"  case   {line}")
    click.echo(f"  then   {example.found}")
    click.echo(f"  now    {result.reason or 'kept'}")
    return LAW_BROKEN if result.verdict == "broken" else 0


def _mutants(options: dict[str, Any]) -> int:
    """Check that every mutant is caught."""
    from ..console_tables import print_table, rows_table
    from ..progress import RichProgress
    from .mutation_check import check_mutants

    with RichProgress() as progress, _apart():
        found = check_mutants(
            options["kind"],
            profile=options["profile"],
            examples=options["examples"],
            seed=options["seed"],
            progress=progress,
        )
    caught = sum(one.caught for one in found)
    if options["as_json"]:
        content = {"ok": caught == len(found), "mutants": [one.as_dict() for one in found]}
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        print_table(rows_table([one.row() for one in found]))
        click.echo(f"{caught} of {len(found)} mutants caught by the laws that they name")
    return 0 if caught == len(found) else LAW_BROKEN
