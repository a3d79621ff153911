"""Put one law to one component: draw cases, look for one that breaks it, shrink it."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .finding import Finding
from .law import Case, Law

KEPT, BROKEN, EXCUSED = "kept", "broken", "does not apply"

# Shrinking a case of a slow component ends after this time with the smallest one found so far.
SHRINK_SECONDS = 20.0
_RAISED = "it raised "


class LawBrokenError(AssertionError):
    """A component breaks a law in a case."""

    def __init__(self, law: Law, subject: Any, case: Case, finding: Finding) -> None:
        self.law, self.subject, self.case, self.finding = law, subject, case, finding
        super().__init__(f"{subject.name} breaks `{law.name}` ({law.formula}): {how_far(finding)}")


class _TimeUpError(BaseException):
    """No time is left; passes through Hypothesis, which catches whatever is an Exception."""


def how_far(finding: Finding) -> str:
    """Say what was found: what a component raised, or both sides and how far they are apart.

    Examples
    --------
    >>> how_far(Finding(0.5, 1e-6)), how_far(Finding(float("nan"), 0.0, "it raised KeyError: 'x'"))
    ('off by 0.5 where 1e-06 is allowed', "it raised KeyError: 'x'")
    """
    if raised(finding):
        return finding.note
    off = f"off by {finding.error:.3g} where {finding.limit:.3g} is allowed"
    return f"{finding.note}; {off}" if finding.note else off


def raised(finding: Finding) -> str:
    """Return the name of the exception that the component raised, or nothing."""
    return finding.note[len(_RAISED) :].partition(":")[0] if finding.note.startswith(_RAISED) else ""


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
    asked : int
        Cases that were asked for; fewer are looked at where the law has fewer, or time is up.
    time_up : bool
        Whether time was up before all were looked at.
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
    asked: int = 0
    time_up: bool = False
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
    shrink: bool = True,
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
    shrink : bool
        Whether to look for the smallest case that breaks the law; the first one is quicker.
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
    broken = _drawn(record, examples, seed, shrink)
    return LawResult(
        law=law,
        subject=subject.name,
        verdict=KEPT if broken is None else BROKEN,
        reason="" if broken is None else how_far(broken.finding) + record.flaky,
        examples=record.examples,
        asked=examples,
        time_up=record.time_up,
        worst=record.worst if broken is None else broken.finding,
        counterexample=None if broken is None else broken.case,
        seconds=time.perf_counter() - began,
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
        self.law, self.subject = law, subject
        self.ends = None if max_seconds is None else began + max_seconds
        self.progress = progress
        self.examples = 0
        self.time_up = False
        self.flaky = ""
        self.worst: Finding | None = None
        self.broken: LawBrokenError | None = None

    def look(self, case: Case) -> None:
        """Check one case; a component that raises breaks the law."""
        # At least one case is looked at, whatever the time.
        if self.ends is not None and self.examples and time.perf_counter() > self.ends:
            self.time_up = self.broken is None
            raise _TimeUpError
        finding = checked(self.law, self.subject, case)
        if self.broken is None:
            self.examples += 1
            if self.progress is not None:
                self.progress(self.examples)
            if self.worst is None or finding.ratio > self.worst.ratio:
                self.worst = finding
            if not finding.kept:
                self.ends = time.perf_counter() + SHRINK_SECONDS
        elif raised(finding) != raised(self.broken.finding):
            # Another mistake than the one that is being shrunk.
            return
        if not finding.kept:
            self.broken = LawBrokenError(self.law, self.subject, case, finding)
            raise self.broken


def checked(law: Law, subject: Any, case: Case) -> Finding:
    """Check one case; whatever the component raises counts as an infinite error, said in the note."""
    from hypothesis.errors import HypothesisException

    try:
        return law(subject, **case)
    except HypothesisException:
        # The law has asked for another case.
        raise
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        return Finding(float("nan"), 0.0, f"{_RAISED}{type(error).__name__}: {said}{_where(error)}")


def _where(error: BaseException) -> str:
    """Say the last line outside of installed packages that an error passed through."""
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def _drawn(record: _Record, examples: int, seed: int, shrink: bool) -> LawBrokenError | None:
    """Draw cases with Hypothesis until one breaks the law; return the smallest such, if any."""
    import hypothesis
    from hypothesis import HealthCheck, Phase, Verbosity
    from hypothesis.errors import Flaky, Unsatisfiable

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.large_base_example,
            HealthCheck.nested_given,
        ],
    )
    @hypothesis.given(case=record.law.cases(record.subject))
    def look(case: Case) -> None:
        record.look(case)

    try:
        # Verdicts must not depend on which warnings the caller turns into errors.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            look()
    except (LawBrokenError, _TimeUpError):
        pass
    except Flaky:
        record.flaky = " (not every time: the same case gives different answers)"
    except Unsatisfiable as error:
        said = f"law `{record.law.name}` found no case that suits {record.subject.name}"
        raise ValueError(said) from error
    return record.broken
