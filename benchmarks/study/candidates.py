"""Designs that a search has looked at: what each costs, and what a few replicates said about it."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .estimates import Estimate, estimates
from .row_book import RowBook
from .search_space import Setting

if TYPE_CHECKING:
    from ..design.design import Design

STAGES = (2, 4, 8)
"""Replicates after which a candidate is judged, and dropped if it is clear."""

_CLEAR = 2.0


class State(enum.Enum):
    """What became of a candidate."""

    RUNNING = "under way"
    HOPELESS = "far from what is wanted"
    MISSES = "misses what is wanted"
    PROMISING = "seems to meet what is wanted"
    CONFIRMED = "meets what is wanted, with the stated confidence"
    REFUTED = "failed with fresh replicates"
    UNDECIDED = "too close to call with the replicates allowed"


@dataclass(kw_only=True)
class Candidate:
    """One design of a search.

    Parameters
    ----------
    number : int
        Order in which it came, from 0.
    setting : dict
        What was varied.
    design : Design
    cost : float
    source : str
        Who proposed it: start, cheapest, dearest, optuna or model.
    """

    number: int
    setting: Setting
    design: "Design"
    cost: float
    source: str
    state: State = State.RUNNING
    rows: list[dict[str, Any]] = field(default_factory=list)
    fresh: list[dict[str, Any]] = field(default_factory=list)

    @property
    def estimates(self) -> dict[str, Estimate]:
        """What all replicates so far say about every wanted precision."""
        return estimates([*self.rows, *self.fresh], self.design.wanted.given)

    def promises(self, margin: float = 0.0) -> bool:
        """Whether it seems to meet everything, scores by at least the share `margin` of their bounds.

        Shares of successes keep no margin: they cannot exceed one.
        """
        if self.state is not State.PROMISING:
            return False
        found = self.estimates
        shares = {name for name, _ in found.items() if name == "mixing_state"}
        return all(one.slack <= (0.0 if name in shares else -margin) for name, one in found.items())

    def as_dict(self) -> dict[str, Any]:
        """Return one row of the table of evidence."""
        found = self.estimates
        return {
            "candidate": self.number,
            **self.setting,
            "cost": self.cost,
            "total_fluence_e_nm2": self.design.total_fluence_e_nm2,
            "minutes": self.design.minutes,
            "source": self.source,
            "state": self.state.name.lower(),
            "replicates": len(self.rows),
            "fresh_replicates": len(self.fresh),
            "failed": sum(row["status"] == "failed" for row in [*self.rows, *self.fresh]),
            **{name: one.mean for name, one in found.items()},
            "design_key": self.design.key,
        }


def race(candidates: Sequence[Candidate], book: RowBook, trial: Any, *, seed: int) -> None:
    """Give every candidate just as many replicates as it deserves, and set its state.

    All candidates see the same particles and photons (replicates 0, 1, 2 ...), so that their differences
    are of the designs. Two replicates drop what is out of reach; four settle what is clear by two standard
    errors; the rest get eight and are judged by their means.
    """
    for stage in STAGES:
        alive = [one for one in candidates if one.state is State.RUNNING]
        calls = [
            {"design": one.design, "replicate": replicate, "seed": seed}
            for one in alive
            for replicate in range(len(one.rows), stage)
        ]
        owners = [one for one in alive for _ in range(len(one.rows), stage)]
        for one, row in zip(owners, book.rows(trial, calls), strict=True):
            one.rows.append(row)
        for one in alive:
            one.state = judged(one, last=stage == STAGES[-1])


def judged(candidate: Candidate, *, last: bool) -> State:
    """Say whether a candidate is done with, and how."""
    found = candidate.estimates.values()
    if not found or any(one.hopeless for one in found):
        # Nothing to ask of it, or out of reach.
        return State.HOPELESS
    if last:
        return State.PROMISING if all(one.slack <= 0 for one in found) else State.MISSES
    if len(candidate.rows) >= STAGES[1]:
        if any(one.slack > _CLEAR * one.error for one in found):
            return State.MISSES
        if all(one.slack < -_CLEAR * one.error for one in found):
            return State.PROMISING
    return State.RUNNING
