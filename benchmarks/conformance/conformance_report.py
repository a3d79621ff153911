"""What came of putting the laws to one component."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .case_file import encode
from .counterexample_search import BROKEN, EXCUSED, KEPT, LawResult


@dataclass(frozen=True, kw_only=True)
class ConformanceReport:
    """How one component fared with the laws of its kind.

    Parameters
    ----------
    subject : str
        Name of the component.
    kind : {"operator", "projector", "functional", "solver"}
        What it is.
    results : tuple of LawResult
        One for each law, in the order of the table of laws.
    component : str
        Where it comes from, as ``"package.module:object"``; empty when it was handed over as an object.
    options : mapping
        What it was adapted with: kind, shape.
    profile : str
        Name in `PROFILES`, or how many examples were asked for.
    seed : int
        Of the cases drawn.
    versions : mapping of str to str
        Of Python and of the packages that took part.
    known : mapping of str to str
        Laws that the component is known to break, and what is known of it.
    seconds : float
        Time taken.

    Examples
    --------
    >>> from .laws.operator import linearity
    >>> result = LawResult(law=linearity, subject="twice", verdict="kept", examples=25)
    >>> ConformanceReport(subject="twice", kind="operator", results=(result,)).verdict
    'keeps 1 of 1 law'
    """

    subject: str
    kind: str
    results: tuple[LawResult, ...]
    component: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    profile: str = ""
    seed: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def kept(self) -> tuple[LawResult, ...]:
        """Laws that held in every case."""
        return self._of(KEPT)

    @property
    def broken(self) -> tuple[LawResult, ...]:
        """Laws with a counterexample."""
        return self._of(BROKEN)

    @property
    def unexpected(self) -> tuple[LawResult, ...]:
        """Broken laws that it was not known to break."""
        return tuple(one for one in self.broken if one.law.name not in self.known)

    @property
    def excused(self) -> tuple[LawResult, ...]:
        """Laws that do not apply to the component."""
        return self._of(EXCUSED)

    @property
    def ok(self) -> bool:
        """Whether no law is broken, and at least one was put to the component."""
        return bool(self.kept) and not self.broken

    @property
    def verdict(self) -> str:
        """Say in one line how it fared."""
        asked = len(self.kept) + len(self.broken)
        text = f"keeps {len(self.kept)} of {asked} law{'' if asked == 1 else 's'}"
        if self.excused:
            text += f"; {len(self.excused)} {'does' if len(self.excused) == 1 else 'do'} not apply"
        return text

    def result(self, law: str) -> LawResult:
        """Return what came of one law.

        Raises
        ------
        KeyError
            When the law was not put to the component.
        """
        return {one.law.name: one for one in self.results}[law]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as numbers, strings, lists and dictionaries, for JSON."""
        expected = [one for one in self.broken if one.law.name in self.known]
        return {
            "subject": self.subject,
            "kind": self.kind,
            "component": self.component,
            "options": encode(dict(self.options)),
            "ok": self.ok,
            "profile": self.profile,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "versions": dict(self.versions),
            "laws": [
                {**_as_dict(one), **({"known": self.known[one.law.name]} if one in expected else {})}
                for one in self.results
            ],
        }

    def _of(self, verdict: str) -> tuple[LawResult, ...]:
        return tuple(one for one in self.results if one.verdict == verdict)


def _as_dict(result: LawResult) -> dict[str, Any]:
    worst = result.worst
    return {
        "law": result.law.name,
        "sentence": result.law.sentence,
        "verdict": result.verdict,
        "reason": result.reason,
        "examples": result.examples,
        "time_up": result.time_up,
        "error": None if worst is None else encode(float(worst.error)),
        "limit": None if worst is None else encode(float(worst.limit)),
        "case": None if result.counterexample is None else encode(dict(result.counterexample)),
        "seconds": round(result.seconds, 4),
    }
