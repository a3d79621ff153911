"""Reports as JUnit XML, which servers of continuous integration read."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from .case_text import case_lines
from .conformance_report import ConformanceReport
from .counterexample_search import BROKEN, EXCUSED, LawResult

if TYPE_CHECKING:
    from datetime import datetime


def junit_tree(reports: Iterable[ConformanceReport], *, when: "datetime | None" = None) -> ElementTree:
    """Lay reports out as JUnit XML: a suite for each component, a test case for each law.

    Parameters
    ----------
    reports : iterable of ConformanceReport
        What was found.
    when : datetime.datetime, optional
        Time of the run; now when omitted.

    Returns
    -------
    xml.etree.ElementTree.ElementTree

    Notes
    -----
    Broken laws are failures, laws that do not apply are skipped. There is no standard; elements and
    attributes are those that the schema of the Jenkins xUnit plugin (junit-10.xsd) and the one of Apache
    Ant's reports have in common, apart from `timestamp`, `hostname` and `time`, which both allow.

    Examples
    --------
    >>> from .laws.operator import linearity
    >>> result = LawResult(law=linearity, subject="twice", verdict="kept", examples=25)
    >>> tree = junit_tree([ConformanceReport(subject="twice", kind="operator", results=(result,))])
    >>> tree.getroot().find("testsuite/testcase").get("name")
    'linearity'
    """
    from datetime import UTC, datetime

    stamp = (when or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S")
    listed = list(reports)
    root = Element("testsuites", {"name": "glasstomo conform", **_totals(listed)})
    for number, report in enumerate(listed):
        name = _plain(report.component or report.subject)
        facts = {"name": name, "id": str(number), "timestamp": stamp, **_totals([report])}
        suite = SubElement(root, "testsuite", facts)
        properties = SubElement(suite, "properties")
        run = {"kind": report.kind, "profile": report.profile, "seed": report.seed, **report.versions}
        for key, value in run.items():
            SubElement(properties, "property", name=_plain(str(key)), value=_plain(str(value)))
        for result in report.results:
            _add_case(suite, f"{report.kind}.{name}", result)
    indent(root)
    return ElementTree(root)


def write_junit(reports: Iterable[ConformanceReport], path: str | Path) -> Path:
    """Write reports as JUnit XML.

    Parameters
    ----------
    reports : iterable of ConformanceReport
        What was found.
    path : str or pathlib.Path
        File to write.

    Returns
    -------
    pathlib.Path
        The file.
    """
    from ..outputs import whole_file

    with whole_file(Path(path)) as part:
        junit_tree(reports).write(part, encoding="utf-8", xml_declaration=True)
    return Path(path)


def _add_case(suite: Element, class_name: str, result: LawResult) -> None:
    case = SubElement(
        suite, "testcase", name=result.law.name, classname=class_name, time=f"{result.seconds:.3f}"
    )
    if result.verdict == EXCUSED:
        SubElement(case, "skipped", message=_plain(result.reason))
    if result.verdict != BROKEN:
        return
    failure = SubElement(case, "failure", message=_plain(result.reason), type="LawBroken")
    lines = [result.law.sentence, f"law: {result.law.formula}", f"found: {result.reason}"]
    failure.text = _plain("\n".join([*lines, *case_lines(result.counterexample or {})]))


def _totals(reports: list[ConformanceReport]) -> dict[str, str]:
    return {
        "tests": str(sum(len(one.results) for one in reports)),
        "failures": str(sum(len(one.broken) for one in reports)),
        "errors": "0",
        "skipped": str(sum(len(one.excused) for one in reports)),
        "time": f"{sum(one.seconds for one in reports):.3f}",
    }


def _plain(text: str) -> str:
    r"""Leave out what XML 1.0 cannot hold, such as the escapes that colour a terminal.

    Examples
    --------
    >>> _plain("a\x1b[31mb\ud800")
    'a[31mb'
    """
    return "".join(letter for letter in text if letter in "\t\n\r" or _allowed(ord(letter)))


def _allowed(code: int) -> bool:
    return 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
