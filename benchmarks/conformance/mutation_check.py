"""The kit checked: every deliberate mistake has to be caught, by the laws that say they catch it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .component_path import mutants, own_components
from .conformance_report import ConformanceReport
from .conformity import conform

if TYPE_CHECKING:
    from ..progress import Progress
    from .mutants.mutant import Mutant


@dataclass(frozen=True, kw_only=True)
class MutantResult:
    """How a mutant fared, beside the component that it was made from.

    Parameters
    ----------
    mutant : Mutant
        What is wrong, and which laws have to catch it.
    report : ConformanceReport
        Of the mutant, put to those laws.
    original : ConformanceReport
        Of the component that it was made from, put to at least the same laws.
    """

    mutant: "Mutant"
    report: ConformanceReport
    original: ConformanceReport

    @property
    def missed(self) -> tuple[str, ...]:
        """Laws that should have caught it and did not."""
        broken = {one.law.name for one in self.report.broken}
        return tuple(name for name in self.mutant.breaks if name not in broken)

    @property
    def accused(self) -> tuple[str, ...]:
        """Laws that the original does not keep either, so that they say nothing of the mistake."""
        kept = {one.law.name for one in self.original.kept}
        return tuple(name for name in self.mutant.breaks if name not in kept)

    @property
    def caught(self) -> bool:
        """Whether every law that is named breaks on the mutant and holds on the original."""
        return not self.missed and not self.accused

    def row(self) -> dict[str, object]:
        """Return a row of the table."""
        said = "✓ caught"
        if self.missed:
            said = f"✗ missed by {', '.join(self.missed)}"
        elif self.accused:
            said = f"✗ the original does not keep {', '.join(self.accused)}"
        return {
            "mutant": self.mutant.name,
            "of": self.mutant.of,
            "verdict": said,
            "laws": ", ".join(self.mutant.breaks),
            "what_is_wrong": self.mutant.summary,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return it as numbers, strings, lists and dictionaries."""
        return {
            "mutant": self.mutant.name,
            "of": self.mutant.of,
            "summary": self.mutant.summary,
            "breaks": list(self.mutant.breaks),
            "caught": self.caught,
            "missed": list(self.missed),
            "original_breaks": list(self.accused),
            "found": {one.law.name: one.reason for one in self.report.broken},
        }


def check_mutant(mutant: "Mutant", original: Any, **how: Any) -> MutantResult:
    """Put the laws that a mutant names to it, and to the component that it was made from.

    Parameters
    ----------
    mutant : Mutant
        The deliberate mistake.
    original : LinearMap, ProjectorFamily, Functional or Solver
        The component without it.
    **how
        Passed on to `conform`: profile, examples, seed, progress.

    Returns
    -------
    MutantResult
    """
    return MutantResult(
        mutant=mutant,
        report=conform(mutant.make(), laws=mutant.breaks, shrink=False, **how),
        original=conform(original, laws=mutant.breaks, **how),
    )


def check_mutants(
    kind: str | None = None,
    *,
    profile: str = "quick",
    examples: int | None = None,
    seed: int = 0,
    progress: "Progress | None" = None,
) -> list[MutantResult]:
    """Check every mutant, or those of one kind of component.

    Parameters
    ----------
    kind : {"operator", "projector", "functional", "solver"}, optional
        All when omitted.
    profile : str
        Name in `PROFILES`.
    examples : int, optional
        Cases for each law instead.
    seed : int
        Of the cases drawn.
    progress : Progress, optional
        Told about every mutant.

    Returns
    -------
    list of MutantResult

    Raises
    ------
    ValueError
        When a mutant names an original that there is not.
    """
    from ...phantoms.table import Table
    from ..progress import Progress

    found = list(mutants(kind).values())
    components = Table("component", own_components(kind))
    how: dict[str, Any] = {"profile": profile, "examples": examples, "seed": seed}
    laws: dict[str, list[str]] = {}
    for mutant in found:
        laws.setdefault(mutant.of, []).extend(mutant.breaks)
    with (progress or Progress()).stage("mutants", total=len(laws) + len(found)) as stage:
        originals = {}
        for name, broken in laws.items():
            originals[name] = conform(components[f"own/{name}"](), laws=broken, **how)
            stage.advance()
        results = []
        for mutant in found:
            report = conform(mutant.make(), laws=mutant.breaks, shrink=False, **how)
            results.append(MutantResult(mutant=mutant, report=report, original=originals[mutant.of]))
            stage.advance()
        return results
