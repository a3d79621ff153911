"""Remedies: which single change would make a design reach what it misses, and at what cost."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .check import Panel, Trial, replicate_rows
from .single_changes import Change, Ladder, single_changes
from .verdict import FAIL, PASS, UNDECIDED, Verdict, WantedJudgement

if TYPE_CHECKING:
    from ..progress import Progress
    from ..study.workers import Workers
    from .design import Design

Effect = Literal["mends", "likely", "open", "fails"]
REPLICATES = 24


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """One change and what it did.

    Attributes
    ----------
    label, kind : str
        For readers, and its kind: "solver", "holder", "calibration", "tilts", "range", "dose".
    fields : dict
        Dotted field to its new value.
    effect : {"mends", "likely", "open", "fails"}
        mends: what was missed is now decided as passed, and the rest holds so far; likely: all means are
        within their bounds, not all decided; open: not all are, nothing decided against it; fails.
    judgements : tuple of WantedJudgement
        The evidence.
    replicates, failed : int
    dose_factor : float
        Total fluence relative to the design.
    minutes_more : float
        Time at the microscope on top of the design's.
    total_fluence_e_nm2, minutes : float
        Of the changed design.
    """

    label: str
    kind: str
    fields: dict[str, Any]
    effect: Effect
    judgements: tuple[WantedJudgement, ...]
    replicates: int
    failed: int
    dose_factor: float
    minutes_more: float
    total_fluence_e_nm2: float
    minutes: float

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "change": self.label,
            "kind": self.kind,
            "fields": dict(self.fields),
            "effect": self.effect,
            "replicates": self.replicates,
            "failed": self.failed,
            "dose_factor": self.dose_factor,
            "minutes_more": self.minutes_more,
            "total_fluence_e_nm2": self.total_fluence_e_nm2,
            "minutes": self.minutes,
            "wanted": {judged.name: judged.as_dict() for judged in self.judgements},
        }


def find_remedies(
    design: "Design",
    verdict: Verdict,
    *,
    workers: "int | Workers | None" = 0,
    scheduler: str | None = None,
    progress: "Progress | None" = None,
    replicates: int = REPLICATES,
    trial: Trial | None = None,
) -> tuple[Remedy, ...]:
    """Try single changes of a design that failed, or stayed undecided.

    Parameters
    ----------
    design : Design
    verdict : Verdict
        Of `check_design` on it.
    workers, scheduler, progress, trial
        As for `check_design`.
    replicates : int
        Replicates of each change at most.

    Returns
    -------
    tuple of Remedy
        Those that help first, cheap ones before costly ones (dose, then minutes); then those that are open
        and those that fail. Empty where the design passed, or nothing ran at all.

    Raises
    ------
    ValueError
        If `replicates` is below the least of the design's confidence.

    Notes
    -----
    Changes of one kind form a ladder (2, 4, 10 times the dose). The highest rung is tried first: where even
    that does not help, the others are left out; else the lowest that helps is looked for from below. All
    changes see the particles and photons of the design itself. A change is left as soon as a mean misses its
    bound by two standard errors. The probability that any change is wrongly said to mend the design is at
    most 1 − level, over all changes together (Bonferroni); the search is short, so that many a change stays
    "likely": check the changed design before it is booked.
    """
    least = design.confidence.min_replicates
    if replicates < least:
        raise ValueError(
            f"`replicates` must be at least confidence.min_replicates, {least}, got {replicates}"
        )
    if verdict.state == PASS or verdict.failed == verdict.replicates:
        return ()
    from ..progress import Progress
    from ..study.workers import open_workers

    if trial is None:
        from .trial import run_trial as trial
    missed = {wanted.name for wanted in verdict.wanted if wanted.state != PASS and wanted.asked}
    ladders = _allowed(design, single_changes(design, missed)) if missed else ()
    rungs = sum(len(ladder.rungs) for ladder in ladders)
    opened = (
        open_workers(scheduler, None if scheduler else workers)
        if workers is None or isinstance(workers, int)
        else nullcontext(workers)
    )
    found: list[Remedy] = []
    with opened as pool, (progress or Progress()).stage("remedies", total=rungs) as stage:
        search = _Search(design, missed, pool, trial, verdict.seed, replicates, rungs)
        tried = 0
        for ladder in ladders:
            found += _climb(search, ladder)
            tried += len(ladder.rungs)
            stage.update(tried, f"{sum(remedy.effect in HELPS for remedy in found)} help")
    return tuple(sorted(found, key=_order))


HELPS = ("mends", "likely")


def remedy_table(remedies: Sequence[Remedy]) -> list[dict[str, str]]:
    """Return rows of words, for `rows_table` of the command line."""
    words = {"mends": "✓ mends it", "likely": "✓ likely", "open": "? open", "fails": "✗ fails"}
    return [
        {
            "change": remedy.label,
            "": words[remedy.effect],
            "dose": "same" if abs(remedy.dose_factor - 1) < 1e-9 else f"× {remedy.dose_factor:.3g}",
            "minutes": "same" if abs(remedy.minutes_more) < 1e-9 else f"{remedy.minutes_more:+.3g}",
            "replicates": str(remedy.replicates),
            "evidence": "; ".join(_evidence(judged) for judged in remedy.judgements if judged.asked),
        }
        for remedy in remedies
    ]


def _evidence(judged: WantedJudgement) -> str:
    mark = {PASS: "✓", FAIL: "✗"}.get(judged.state, "?")
    return f"{judged.label} {judged.judgement.mean:.3g} {mark}"


def _order(remedy: Remedy) -> tuple[float, ...]:
    rank = {"mends": 0, "likely": 1, "open": 2, "fails": 3}[remedy.effect]
    return (rank, round(remedy.dose_factor, 9), round(remedy.minutes_more, 9))


def _allowed(design: "Design", ladders: tuple[Ladder, ...]) -> tuple[Ladder, ...]:
    """Leave out changes that the design's own rules forbid, such as more tilts than a scheme has."""

    def may(change: Change) -> bool:
        try:
            design.with_fields(change.fields)
        except ValueError:
            return False
        return True

    kept = [Ladder(ladder.kind, tuple(filter(may, ladder.rungs))) for ladder in ladders]
    return tuple(ladder for ladder in kept if ladder.rungs)


@dataclass(frozen=True)
class _Search:
    """What all changes of one design are tried with."""

    design: "Design"
    missed: set[str]
    pool: "Workers"
    trial: Trial
    seed: int
    replicates: int
    rungs: int

    def attempt(self, ladder: Ladder, change: Change) -> Remedy:
        """Try one change."""
        changed = self.design.with_fields(change.fields)
        error = (1.0 - self.design.confidence.level) / self.rungs
        panel = Panel(changed, pass_error=error, enough="settled")
        for row in replicate_rows(self.pool, self.trial, changed, self.seed, self.replicates):
            panel.add(row)
            if panel.done or self._mended(panel) or self._hopeless(panel):
                break
        verdict = panel.verdict(seed=self.seed, seconds=0.0)
        return Remedy(
            label=change.label, kind=ladder.kind, fields=change.fields, effect=self._effect(panel, verdict),
            judgements=verdict.wanted, replicates=verdict.replicates, failed=verdict.failed,
            dose_factor=changed.total_fluence_e_nm2 / self.design.total_fluence_e_nm2,
            minutes_more=changed.minutes - self.design.minutes,
            total_fluence_e_nm2=changed.total_fluence_e_nm2, minutes=changed.minutes,
        )  # fmt: skip

    def _mended(self, panel: Panel) -> bool:
        return all(panel.states[name] == PASS for name in self.missed)

    def _hopeless(self, panel: Panel) -> bool:
        """Whether a mean lies so far on the wrong side that a short search will not see it change."""
        if len(panel.rows) < self.design.confidence.min_replicates:
            return False
        judged = panel.verdict(seed=self.seed, seconds=0.0).wanted
        return any(_far(one) for one in judged if one.asked)

    def _effect(self, panel: Panel, verdict: Verdict) -> Effect:
        if verdict.state == FAIL or verdict.failed == verdict.replicates:
            return "fails"
        if not all(_holds(judged) for judged in verdict.wanted if judged.asked):
            return "open"
        return "mends" if self._mended(panel) else "likely"


def _climb(search: _Search, ladder: Ladder) -> list[Remedy]:
    """Try the highest rung; if that helps, the others from below until one does as well."""
    *lower, top = ladder.rungs
    highest = search.attempt(ladder, top)
    if highest.effect not in HELPS:
        return [highest]
    for change in lower:
        tried = search.attempt(ladder, change)
        if tried.effect == "mends":
            return [tried]
        if tried.effect == "likely":
            # Something higher up may be more than likely.
            return [tried, highest] if highest.effect == "mends" else [tried]
    return [highest]


def _far(judged: WantedJudgement) -> bool:
    """Whether the mean so far misses its bound by more than two standard errors."""
    found, bound = judged.judgement, judged.bound
    size = abs(found.mean) if judged.rule == "within" else found.mean
    miss = bound - size if judged.rule in ("share", "at_least") else size - bound
    return miss > 2.0 * found.standard_error


def _holds(judged: WantedJudgement) -> bool:
    """Whether the mean so far is good enough, replicates without a value included."""
    found = judged.judgement
    if judged.state != UNDECIDED:
        return judged.state == PASS
    if found.missing:
        return False
    mean, bound = found.mean, judged.bound
    size = abs(mean) if judged.rule == "within" else mean
    return size >= bound if judged.rule in ("share", "at_least") else size <= bound
