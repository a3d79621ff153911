"""The laws inside the tests of another project: one call that raises when a law is broken."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .case_text import case_text
from .conformance_report import ConformanceReport
from .conformity import conform
from .law import Law


class LawsBrokenError(AssertionError):
    """A component breaks laws; `report` holds all that was found."""

    def __init__(self, report: ConformanceReport, message: str) -> None:
        self.report = report
        super().__init__(message)


def law_names(kind: str) -> list[str]:
    """Return the names of the laws of a kind of component, to parametrise a test with.

    Parameters
    ----------
    kind : {"operator", "projector", "functional", "solver"}
        What they are laws of.

    Examples
    --------
    >>> "linearity" in law_names("operator")
    True
    """
    from .laws.tables import LAWS

    return list(LAWS[kind])


def check_laws(
    thing: Any,
    *,
    kind: str | None = None,
    laws: Iterable[str | Law] | None = None,
    profile: str = "quick",
    examples: int | None = None,
    seed: int = 0,
    save: str | Path | None = None,
    **options: Any,
) -> ConformanceReport:
    """Raise unless a component keeps its laws; needs no plugin, only a test function.

    Parameters
    ----------
    thing : LinearMap, ProjectorFamily, Functional, Solver or what `adapt` takes
        The component.
    kind : {"operator", "projector", "functional", "solver"}, optional
        What it is, where `adapt` cannot tell.
    laws : iterable of str or Law, optional
        Which laws; all of its kind when omitted.
    profile : str
        Name in `PROFILES`.
    examples : int, optional
        Cases for each law instead.
    seed : int
        Of the cases drawn.
    save : path, optional
        Folder that counterexamples are written to, for `replay`.
    **options
        Passed on to `adapt`, such as ``shape=(8, 8, 4)``.

    Returns
    -------
    ConformanceReport
        With every law that applies kept.

    Raises
    ------
    LawsBrokenError
        An AssertionError that names each broken law, what was found and the smallest case.

    Examples
    --------
    >>> import numpy as np
    >>> from .linear_map import LinearMap
    >>> twice = LinearMap(name="twice", domain=(2,), range=(2,), forward=lambda x: 2 * x)
    >>> check_laws(twice, laws=["linearity"]).ok
    True
    """
    report = conform(thing, kind=kind, laws=laws, profile=profile, examples=examples, seed=seed, **options)
    if report.broken:
        raise LawsBrokenError(report, _message(report, save))
    return report


def _message(report: ConformanceReport, save: str | Path | None) -> str:
    lines = [f"{report.subject} {report.verdict}"]
    files = {}
    if save is not None:
        from .counterexample import counterexamples, save_counterexample

        files = {one.law: save_counterexample(one, save) for one in counterexamples(report)}
    for one in report.broken:
        lines += [
            f"- {one.law.name}: {one.law.sentence}",
            f"    law    {one.law.formula}",
            f"    found  {one.reason}",
            f"    in     {case_text(one.counterexample or {})}",
        ]
        if one.law.name in files:
            lines.append(f"    again  replay({str(files[one.law.name])!r}, …)")
    return "\n".join(lines)
