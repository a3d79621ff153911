"""Reports as one page that loads nothing."""

import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .case_text import case_lines
from .conform_text import examples_text, figure, known_mark, together, together_verdict
from .conformance_report import ConformanceReport
from .counterexample_search import BROKEN, EXCUSED, KEPT, LawResult

_MARKS = {KEPT: "✓ kept", BROKEN: "✗ broken", EXCUSED: "– does not apply"}

Files = Mapping[tuple[str, str], Path]


def conformance_html(reports: Sequence[ConformanceReport], *, files: Files | None = None) -> str:
    """Return reports as one HTML page that loads nothing.

    Parameters
    ----------
    reports : sequence of ConformanceReport
        What was found; without any, the page says that nothing was checked.
    files : mapping of (component, law) to path, optional
        Where counterexamples were written to.

    Returns
    -------
    str
        HTML; everything that was filled in is escaped.

    Examples
    --------
    >>> from .laws.operator import linearity
    >>> result = LawResult(law=linearity, subject="twice", verdict="kept", examples=25)
    >>> page = conformance_html([ConformanceReport(subject="twice", kind="operator", results=(result,))])
    >>> "keeps 1 of 1 law" in page
    True
    """
    from ..page import render_page

    parts = [_part(number, report, files or {}) for number, report in enumerate(reports)]
    single = reports[0] if len(reports) == 1 else None
    broken = sum(len(one.broken) for one in reports)
    return render_page(
        "conformance/conformance_page.html.j2",
        title=f"{single.subject} and its laws" if single else f"{len(reports)} components and their laws",
        single=single is not None,
        parts=parts,
        broken=broken,
        asked=sum(len(one.kept) + len(one.broken) for one in reports),
        verdict=single.verdict if single else together_verdict(reports),
        ok=not any(one.unexpected for one in reports) and any(one.kept for one in reports),
        cases=f"{sum(result.examples for one in reports for result in one.results):,}".replace(",", " "),
        time_up=any(result.time_up for one in reports for result in one.results),
        run=_facts(reports),
    )


def write_page(reports: Sequence[ConformanceReport], path: str | Path, *, files: Files | None = None) -> Path:
    """Write reports as one HTML page.

    Parameters
    ----------
    reports : sequence of ConformanceReport
        What was found.
    path : str or pathlib.Path
        File to write.
    files : mapping of (component, law) to path, optional
        Where counterexamples were written to.

    Returns
    -------
    pathlib.Path
        The file.
    """
    from ..outputs import whole_file

    with whole_file(Path(path)) as part:
        part.write_text(conformance_html(reports, files=files), encoding="utf-8")
    return Path(path)


def _part(number: int, report: ConformanceReport, files: Files) -> dict[str, Any]:
    """Write one component in words."""
    name = report.component or report.subject
    part = f"component-{number + 1}"
    return {
        "id": part,
        "name": name,
        "kind": report.kind,
        "css": "missed" if report.broken else "held",
        "verdict": report.verdict,
        "kept": len(report.kept),
        "cases": sum(one.examples for one in report.results),
        "seconds": f"{report.seconds:.1f}",
        "rows": [_row(one) for one in report.results if one.verdict != EXCUSED],
        "excused": [{"law": one.law.name, "reason": one.reason} for one in report.excused],
        "lost": [
            {"name": f"{one.law.name}{known_mark(report, one)}", "at": f"{part}-{first.law.name}"}
            for first, same in together(report.broken)
            for one in [first, *same]
        ],
        "broken": [
            {
                "id": f"{part}-{one.law.name}",
                "name": one.law.name,
                "sentence": one.law.sentence,
                "formula": one.law.formula,
                "tolerance": one.law.tolerance,
                "found": one.reason,
                "known": report.known.get(one.law.name, ""),
                "case": case_lines(one.counterexample or {}),
                "file": shlex.quote(str(files[name, one.law.name])) if (name, one.law.name) in files else "",
                "same": [other.law.name for other in same],
            }
            for one, same in together(report.broken)
        ],
    }


def _row(result: LawResult) -> dict[str, str]:
    worst = result.worst
    return {
        "name": result.law.name,
        "verdict": _MARKS[result.verdict],
        "css": "missed" if result.verdict == BROKEN else "held",
        "sentence": result.law.sentence,
        "formula": result.law.formula,
        "share": "" if worst is None else _share(worst.ratio),
        "error": "" if worst is None else figure(worst.error),
        "limit": "" if worst is None else figure(worst.limit),
        "cases": examples_text(result),
    }


def _share(ratio: float) -> str:
    """Write an error as a share of what is allowed.

    Examples
    --------
    >>> _share(0.0), _share(0.004), _share(0.31), _share(25.0), _share(float("inf"))
    ('0', '< 1 %', '31 %', '25 times', '–')
    """
    if math.isinf(ratio):
        return "–"
    if ratio > 1:
        return f"{ratio:.3g} times" if ratio < 1000 else "> 1000 times"
    return "0" if ratio == 0 else "< 1 %" if ratio < 0.01 else f"{ratio:.0%}".replace("%", " %")


def _facts(reports: Sequence[ConformanceReport]) -> dict[str, object]:
    """Say how all this was run."""
    if not reports:
        return {}
    first = reports[0]
    versions = {name: version for one in reports for name, version in one.versions.items()}
    return {
        "Cases": f"profile “{first.profile}”"
        if " " not in first.profile
        else f"{first.profile} for each law",
        "Seed": first.seed,
        "Time": f"{sum(one.seconds for one in reports):.1f} s",
        "Versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
