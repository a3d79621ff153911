"""Confirming the finalist of a search with replicates that the search has not seen."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .candidates import State
from .estimates import estimates, is_asked
from .row_book import RowBook
from .score_rules import claims

if TYPE_CHECKING:
    from ..design.design import Design


AT_ONCE = 8
"""Replicates that run together: fixed, so that steps do not depend on the number of workers."""


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What came of a confirmation.

    Parameters
    ----------
    state : State
        CONFIRMED, REFUTED or UNDECIDED.
    rows : list of dict
        The fresh replicates.
    verdict : dict
        The whole verdict, as JSON holds it.
    """

    state: State
    rows: list[dict[str, Any]]
    verdict: dict[str, Any]


Judge = Callable[["Design", RowBook, Callable[..., dict[str, Any]], int, float], Confirmation]
"""Called with design, book, trial, seed and level."""


def check_judge(
    design: "Design", book: RowBook, trial: Callable[..., dict[str, Any]], seed: int, level: float
) -> Confirmation:
    """Judge a design at a confidence level on particles of a seed of their own.

    Parameters
    ----------
    design : Design
    book : RowBook
        Runs the replicates that are not known.
    trial : callable
        As `run_trial`.
    seed : int
        Of the search; that of the fresh particles follows from it.
    level : float
        Confidence that a confirmed design meets everything wanted.

    Notes
    -----
    Every wanted precision has a `Decision`. A design is confirmed when all pass: to be wrong about that, at
    least one that is missed must pass, so each may err with probability 1 − `level` without any correction
    for their number. It is refuted when one fails. It is left undecided at `confidence.max_replicates`, times
    log(1 − `level`)/log(1 − `confidence.level`) (a higher level takes that much longer at the same evidence),
    and from half of that on as soon as a mean lies on the wrong side: a pass is then out of reach.
    Stopping at a convenient moment costs no confidence, as decisions hold at all times together.
    """
    from ..design.decision import Decision
    from ..design.streams import stream

    fresh = int(stream(seed, "search", "confirm").generate_state(1)[0])
    error, wanted = 1 - level, design.wanted.given
    longer = math.log(error) / math.log(1 - design.confidence.level)
    most = math.ceil(design.confidence.max_replicates * max(1.0, longer))
    decisions: dict[str, Decision] = {}
    rows: list[dict[str, Any]] = []
    state = State.UNDECIDED
    while state is State.UNDECIDED and len(rows) < most:
        numbers = range(len(rows), min(len(rows) + AT_ONCE, most))
        new = book.rows(trial, [{"design": design, "replicate": k, "seed": fresh} for k in numbers])
        for row in new:
            rows.append(row)
            _take(row, wanted, decisions, error, design.confidence.min_replicates)
            state = _state(decisions)
            if state is not State.UNDECIDED:
                break
        if 2 * len(rows) >= most and _out_of_reach(rows, wanted, decisions):
            break
    verdict = {
        "state": state.name.lower(),
        "level": level,
        "seed": fresh,
        "replicates": len(rows),
        "wanted": {
            name: {"rule": one.rule, "bound": one.bound, **asdict(one.judgement())}
            for name, one in decisions.items()
        },
    }
    return Confirmation(state=state, rows=rows, verdict=verdict)


def _take(
    row: dict[str, Any], wanted: Mapping[str, float], decisions: dict[str, Any], error: float, least: int
) -> None:
    """Give a row to the decisions that it says something about."""
    from ..design.decision import Decision

    judged = claims(wanted)
    for name, (rule, bound) in judged.items():
        if not is_asked(row, rule):
            continue
        if name not in decisions:
            decisions[name] = Decision(
                rule.rule, bound, pass_error=error, fail_error=error / len(judged), min_count=least
            )
        decisions[name].add(row.get(rule.column))


def _state(decisions: Mapping[str, Any]) -> State:
    states = [one.state for one in decisions.values()]
    if "fail" in states:
        return State.REFUTED
    return State.CONFIRMED if states and all(one == "pass" for one in states) else State.UNDECIDED


def _out_of_reach(
    rows: list[dict[str, Any]], wanted: Mapping[str, float], decisions: Mapping[str, Any]
) -> bool:
    found = estimates(rows, wanted)
    return any(found[name].slack > 0 for name, one in decisions.items() if one.state == "undecided")
