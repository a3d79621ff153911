"""A verdict on a design: each wanted precision decided or not, with the numbers behind it."""

import math
from dataclasses import dataclass, field
from typing import Any

from .decision import Judgement, State
from .scores import Row

PASS, FAIL, UNDECIDED = "pass", "fail", "undecided"


@dataclass(frozen=True, kw_only=True)
class WantedJudgement:
    """One wanted precision.

    Attributes
    ----------
    name, label, unit : str
        Its name in `Wanted`, and words for readers.
    rule : {"at_most", "at_least", "within", "share"}
        How the bound is meant.
    bound : float
        What was wanted.
    judgement : Judgement
        Where the decision stands.
    asked : int
        Replicates of which it could be asked: a particle without a miscibility limit has none to miss.
    reason : str
        Why it is undecided; empty otherwise.
    """

    name: str
    label: str
    unit: str
    rule: str
    bound: float
    judgement: Judgement
    asked: int
    reason: str

    @property
    def state(self) -> State:
        """Pass, fail or undecided."""
        return self.judgement.state

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values; numbers that are not finite become None."""
        found = self.judgement
        return {
            "wanted": self.bound,
            "rule": self.rule,
            "unit": self.unit,
            "state": self.state,
            "decided_at": found.decided_at,
            "mean": _finite(found.mean),
            "standard_error": _finite(found.standard_error),
            "low": _finite(found.low),
            "high": _finite(found.high),
            "worst": _finite(found.worst),
            "replicates": self.asked,
            "missing": found.missing,
            "reason": self.reason,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What became of a design.

    Attributes
    ----------
    state : {"pass", "fail", "undecided"}
        Pass where everything wanted passed, fail where anything failed.
    wanted : tuple of WantedJudgement
    level : float
        Probability with which a pass, or a fail, of the whole is right.
    replicates, failed, unconverged : int
        Replicates judged; those among them that ended in an error, and those whose solver stopped early.
    reasons : dict of str to int
        Errors and how often they occurred.
    seed : int
    title, design_key : str
    seconds : float
        Time that it took.
    rows : tuple of dict
        The replicates in their order, ``status`` and ``reason`` included.
    """

    state: State
    wanted: tuple[WantedJudgement, ...]
    level: float
    replicates: int
    failed: int
    unconverged: int
    reasons: dict[str, int]
    seed: int
    title: str
    design_key: str
    seconds: float
    rows: tuple[Row, ...] = field(repr=False)

    @property
    def exit_status(self) -> int:
        """0 for a pass, else 1."""
        return 0 if self.state == PASS else 1

    def __getitem__(self, name: str) -> WantedJudgement:
        for wanted in self.wanted:
            if wanted.name == name:
                return wanted
        raise KeyError(f"{name!r} was not wanted; wanted were {', '.join(w.name for w in self.wanted)}")

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the rows as plain values, for JSON."""
        return {
            "verdict": self.state,
            "title": self.title,
            "design_key": self.design_key,
            "level": self.level,
            "seed": self.seed,
            "replicates": self.replicates,
            "failed": self.failed,
            "unconverged": self.unconverged,
            "reasons": dict(self.reasons),
            "wanted": {wanted.name: wanted.as_dict() for wanted in self.wanted},
            "seconds": round(self.seconds, 3),
        }

    def table(self) -> list[dict[str, str]]:
        """Return one row of words for each wanted precision, for `rows_table` of the command line."""
        return [_words(wanted) for wanted in self.wanted]

    def lines(self) -> list[str]:
        """Say the verdict, and what a reader must know besides, in a few lines."""
        sure = f"{100 * self.level:g} % confidence"
        count = f"{self.replicates} replicate{'s' if self.replicates != 1 else ''}"
        first = {
            PASS: f"pass: everything wanted is reached ({count}, {sure})",
            FAIL: f"fail: {_names(self, FAIL)} missed ({count}, {sure})",
            UNDECIDED: f"undecided after {count}: {_names(self, UNDECIDED)}",
        }[self.state]
        said = [f"{wanted.label}: {wanted.reason}" for wanted in self.wanted if wanted.reason]
        said += [
            f"{count} of {self.replicates} replicates failed: {why}" for why, count in _often(self.reasons)
        ]
        if self.unconverged:
            said.append(
                f"{self.unconverged} of {self.replicates} reconstructions stopped before they converged: "
                "raise reconstruction.max_iterations, or loosen reconstruction.gap"
            )
        return [first, *said]


def _names(verdict: Verdict, state: str) -> str:
    return ", ".join(wanted.label for wanted in verdict.wanted if wanted.state == state)


def _often(reasons: dict[str, int], most: int = 3) -> list[tuple[str, int]]:
    return sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:most]


def _words(wanted: WantedJudgement) -> dict[str, str]:
    found = wanted.judgement
    sign = {"at_most": "≤ ", "within": "within ±"}.get(wanted.rule, "≥ ")
    share = wanted.rule == "share"
    right = "" if not share or not found.count else f" ({round(found.mean * found.count)}/{found.count})"
    spread = "" if share or math.isnan(found.standard_error) else f" ± {found.standard_error:.2g}"
    mark = {PASS: "✓ pass", FAIL: "✗ fail"}.get(wanted.state, "? undecided")
    return {
        "wanted": f"{wanted.label} {sign}{wanted.bound:g}{_unit(wanted)}",
        "mean": "–" if math.isnan(found.mean) else f"{found.mean:.3g}{spread}{right}",
        "interval": f"{_end(found.low)} to {_end(found.high)}",
        "worst": "–" if math.isnan(found.worst) else f"{found.worst:.3g}",
        "replicates": f"{wanted.asked}" + (f", {found.missing} without a value" if found.missing else ""),
        "": mark + ("" if found.decided_at is None else f" at {found.decided_at}"),
    }


def _unit(wanted: WantedJudgement) -> str:
    return f" {wanted.unit}" if wanted.unit else ""


def _end(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else ("−∞" if value < 0 else "∞")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
