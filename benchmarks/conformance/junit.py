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
    Broken laws are failures, laws that do not apply are skipped. JUnit itself fixes no format: the file
    suits the schema of Apache Ant's reports (JUnit.xsd of windyroad/JUnit-Schema), which wants every suite
    to have a package, a host and both streams, and that of the Jenkins xUnit plugin (junit-10.xsd), which
    knows fewer attributes of the root.

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
    root = Element("testsuites")
    for number, report in enumerate(reports):
        name = _plain(report.component or report.subject) or report.kind
        facts = {
            "name": name,
            "package": f"glasstomo.{report.kind}",
            "id": str(number),
            "timestamp": stamp,
            "hostname": "localhost",
            **_totals(report),
        }
        suite = SubElement(root, "testsuite", facts)
        properties = SubElement(suite, "properties")
        run = {"kind": report.kind, "profile": report.profile, "seed": report.seed, **report.versions}
        for key, value in run.items():
            SubElement(properties, "property", name=_plain(str(key)), value=_plain(str(value)))
        for result in report.results:
            _add_case(suite, f"{report.kind}.{name}", result)
        SubElement(suite, "system-out")
        SubElement(suite, "system-err")
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


def _totals(report: ConformanceReport) -> dict[str, str]:
    return {
        "tests": str(len(report.results)),
        "failures": str(len(report.broken)),
        "errors": "0",
        "skipped": str(len(report.excused)),
        "time": f"{report.seconds:.3f}",
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
