"""Put one law to one component: draw cases, look for one that breaks it, shrink it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .finding import Finding
from .law import Case, Law

KEPT, BROKEN, EXCUSED = "kept", "broken", "does not apply"


class LawBrokenError(AssertionError):
    """A component breaks a law in a case."""

    def __init__(self, law: Law, subject: Any, case: Case, finding: Finding) -> None:
        self.law, self.subject, self.case, self.finding = law, subject, case, finding
        off = f"off by {finding.error:.3g} where {finding.limit:.3g} is allowed"
        super().__init__(f"{subject.name} breaks `{law.name}` ({law.formula}): {finding.note or off}; {off}")


@dataclass(frozen=True, kw_only=True)
class LawResult:
    """How one component fared with one law.

    Parameters
    ----------
    law : Law
        The law.
    subject : str
        Name of the component.
    verdict : {"kept", "broken", "does not apply"}
        What came of it.
    reason : str
        Why it does not apply, or how it was broken.
    examples : int
        Cases that were looked at, shrinking not counted.
    worst : Finding or None
        That of the largest error relative to its limit; of the counterexample where the law is broken.
    counterexample : mapping or None
        The smallest case found that breaks the law.
    seconds : float
        Time taken.
    """

    law: Law
    subject: str
    verdict: str
    reason: str = ""
    examples: int = 0
    worst: Finding | None = None
    counterexample: Case | None = None
    seconds: float = 0.0


def examine(
    law: Law,
    subject: Any,
    *,
    examples: int = 100,
    seed: int = 0,
    max_seconds: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> LawResult:
    """Look for a case in which a component breaks a law.

    Parameters
    ----------
    law : Law
        Of the kind of the subject.
    subject : LinearMap, ProjectorFamily, Functional or Solver
        The component.
    examples : int
        Cases to look at.
    seed : int
        Of the cases drawn: the same seed draws the same ones.
    max_seconds : float, optional
        After this time no more cases are looked at; the result says how many were.
    progress : callable, optional
        Called with the number of cases looked at so far.

    Returns
    -------
    LawResult

    Examples
    --------
    >>> import numpy as np
    >>> from .laws.operator import linearity
    >>> from .linear_map import LinearMap
    >>> bent = LinearMap(name="|x|", domain=(2,), range=(2,), forward=np.abs)
    >>> result = examine(linearity, bent, examples=50)
    >>> result.verdict
    'broken'
    """
    began = time.perf_counter()
    reason = law.excuse(subject)
    if reason is not None:
        return LawResult(law=law, subject=subject.name, verdict=EXCUSED, reason=reason)
    record = _Record(law, subject, began, max_seconds, progress)
    broken = _drawn(record, examples, seed)
    seconds = time.perf_counter() - began
    if broken is not None:
        return LawResult(
            law=law,
            subject=subject.name,
            verdict=BROKEN,
            reason=broken.finding.note,
            examples=record.examples,
            worst=broken.finding,
            counterexample=broken.case,
            seconds=seconds,
        )
    return LawResult(
        law=law,
        subject=subject.name,
        verdict=KEPT,
        examples=record.examples,
        worst=record.worst,
        seconds=seconds,
    )


class _Record:
    """What has been looked at so far."""

    def __init__(
        self,
        law: Law,
        subject: Any,
        began: float,
        max_seconds: float | None,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.law, self.subject, self.began = law, subject, began
        self.max_seconds, self.progress = max_seconds, progress
        self.examples = 0
        self.worst: Finding | None = None
        self.broken = False

    def look(self, case: Case) -> None:
        """Check one case; a component that raises breaks the law."""
        late = self.max_seconds is not None and time.perf_counter() - self.began > self.max_seconds
        if late and self.examples and not self.broken:
            return
        finding = checked(self.law, self.subject, case)
        if not self.broken:
            self.examples += 1
            if self.progress is not None:
                self.progress(self.examples)
        if self.worst is None or finding.ratio > self.worst.ratio:
            self.worst = finding
        if not finding.kept:
            self.broken = True
            raise LawBrokenError(self.law, self.subject, case, finding)


def checked(law: Law, subject: Any, case: Case) -> Finding:
    """Check one case; whatever the component raises counts as an infinite error, said in the note."""
    try:
        return law(subject, **case)
    except Exception as error:
        said = " ".join(str(error).split())
        return Finding(float("nan"), 0.0, f"it raised {type(error).__name__}: {said}")


def _drawn(record: _Record, examples: int, seed: int) -> LawBrokenError | None:
    """Draw cases with Hypothesis until one breaks the law; return the smallest such, if any."""
    import hypothesis
    from hypothesis import HealthCheck, Phase, Verbosity

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=record.law.cases(record.subject))
    def look(case: Case) -> None:
        record.look(case)

    try:
        look()
    except LawBrokenError as error:
        return error
    return None
