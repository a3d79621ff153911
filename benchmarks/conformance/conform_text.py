"""What ``glasstomo conform`` prints."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .case_text import case_lines
from .conformance_report import ConformanceReport
from .counterexample_search import BROKEN, KEPT, LawResult, raised

if TYPE_CHECKING:
    from rich.table import Table

    from .conform_run import ConformRun

MARKS = {KEPT: "✓ kept", BROKEN: "✗ broken"}
_STYLES = {KEPT: "green", BROKEN: "bold red"}


def figure(value: float) -> str:
    """Write an error or limit.

    Examples
    --------
    >>> figure(0.0), figure(1.25e-7), figure(float("nan"))
    ('0', '1.2e-07', '–')
    """
    return "–" if value != value else f"{value:.2g}"


def examples_text(result: LawResult) -> str:
    """Write how many cases were looked at, and of how many where time was up.

    Examples
    --------
    >>> from .laws.operator import linearity
    >>> late = LawResult(law=linearity, subject="a", verdict="kept", examples=7, asked=9, time_up=True)
    >>> examples_text(late)
    '7 of 9'
    """
    return f"{result.examples} of {result.asked}" if result.time_up else str(result.examples)


def laws_table(report: ConformanceReport) -> "Table":
    """Lay out one component: a row for each law."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=f"{report.subject} ({report.kind})")
    table.title_justify = "left"
    table.add_column("law", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for name in ("error", "limit", "examples", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what it says", overflow="fold")
    for one in report.results:
        worst = one.worst
        table.add_row(
            one.law.name,
            MARKS.get(one.verdict, "– does not apply"),
            "" if worst is None else figure(worst.error),
            "" if worst is None else figure(worst.limit),
            examples_text(one) if one.verdict in MARKS else "",
            f"{one.seconds:.2f}" if one.verdict in MARKS else "",
            one.law.sentence if one.verdict in MARKS else one.reason,
            style=_STYLES.get(one.verdict, "dim") if one.verdict != KEPT else None,
        )
    return table


def reports_table(reports: Sequence[ConformanceReport]) -> "Table":
    """Lay out several components: a row for each."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("component", "kind"):
        table.add_column(name, no_wrap=True)
    for name in ("kept", "broken", "excused", "examples", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("laws broken", overflow="fold")
    for one in reports:
        table.add_row(
            one.component or one.subject,
            one.kind,
            str(len(one.kept)),
            str(len(one.broken)),
            str(len(one.excused)),
            str(sum(result.examples for result in one.results)),
            f"{one.seconds:.1f}",
            ", ".join(f"{result.law.name}{known_mark(one, result)}" for result in one.broken),
            style=_STYLES[BROKEN] if one.unexpected else None,
        )
    return table


def known_mark(report: ConformanceReport, result: LawResult) -> str:
    """Say behind the name of a broken law that the component is known to break it."""
    return " (known)" if result.law.name in report.known else ""


def broken_lines(report: ConformanceReport, files: Mapping[tuple[str, str], Path]) -> list[str]:
    """Say of every broken law what was found, in which case, and how to try it again.

    A component that raises the same in many laws is told of once.
    """
    name = report.component or report.subject
    lines = []
    for one, same in together(report.broken):
        lines += [f"✗ {name}: {one.law.name}: {one.law.sentence}"]
        lines += [f"    law     {one.law.formula}", f"    found   {one.reason}"]
        if one.law.name in report.known:
            lines.append(f"    known   {report.known[one.law.name]}")
        lines += [f"    case    {line}" for line in case_lines(one.counterexample or {})]
        file = files.get((name, one.law.name))
        if file is not None:
            lines.append(f"    replay  glasstomo conform --replay {shlex.quote(str(file))}")
        if same:
            lines.append(f"    the same in {', '.join(other.law.name for other in same)}")
        lines.append("")
    return lines


def together(broken: Sequence[LawResult]) -> list[tuple[LawResult, list[LawResult]]]:
    """Put laws in which a component raised the same behind the first of them."""
    found: dict[str, tuple[LawResult, list[LawResult]]] = {}
    for one in broken:
        key = one.reason if one.worst is not None and raised(one.worst) else one.law.name
        if key in found:
            found[key][1].append(one)
        else:
            found[key] = (one, [])
    return list(found.values())


def summary_line(run: "ConformRun") -> str:
    """Say in one line what came of it."""
    reports = run.reports
    if not reports:
        return "nothing was checked: no component has these laws"
    if not any(one.kept or one.broken for one in reports):
        return "nothing was checked: none of these laws applies"
    if len(reports) == 1:
        return f"{reports[0].subject} {reports[0].verdict}"
    return together_verdict(reports)


def together_verdict(reports: Sequence[ConformanceReport]) -> str:
    """Say in one line how several components fared."""
    good = sum(one.ok for one in reports)
    text = f"{good} of {len(reports)} components keep all laws that apply to them"
    known = sum(len(one.broken) - len(one.unexpected) for one in reports)
    if known:
        new = sum(len(one.unexpected) for one in reports)
        text += f"; of {known + new} broken laws {known} {'is' if known == 1 else 'are'} known, {new} new"
    return text


def hint_line(report: ConformanceReport) -> str | None:
    """Say how more laws apply to a component of which nothing was promised; None where something was."""
    if not report.excused or "claims" in report.options or ":" not in report.component:
        return None
    return (
        "More laws apply to a component that promises more. State what yours does, as the table names it: "
        "--set claims=NAME,NAME, or another field, as in --set variational=true"
    )
