"""The cheapest design that meets what is wanted, found by a search and confirmed with fresh particles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..progress import Progress, Stage
from .candidates import Candidate, State, race
from .confirmation import Judge, check_judge
from .cost import Cost, parse_cost
from .proposals import JOURNAL_FILE, LEAST_GAIN, Proposals
from .row_book import RowBook
from .search_space import Dimension, SearchSpace
from .workers import Workers

if TYPE_CHECKING:
    from ..design.design import Design

PATIENCE = 4
"""Batches without a cheaper candidate after which the best one is confirmed."""

FIRST_MARGIN, MARGIN_STEP = 0.02, 0.04
"""How far below its bound a score must lie to be worth a confirmation (one that lies on it would take
replicates without end), and by how much more after each candidate that was not confirmed."""


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What a search found.

    Parameters
    ----------
    status : {"found", "not confirmed", "nothing promising"}
    message : str
        What that means, and what to do about it.
    best : Candidate or None
        The cheapest confirmed design.
    verdict : dict or None
        Why it was confirmed: the verdict on its fresh replicates.
    candidates : tuple of Candidate
        All that were tried, in order.
    cost : Cost
        What was made small.
    dimensions : tuple of Dimension
        What was varied.
    seed : int
    ran : int
        Replicates that were simulated by this run; the others were known.
    """

    status: str
    message: str
    best: Candidate | None
    verdict: dict[str, Any] | None
    candidates: tuple[Candidate, ...]
    cost: Cost
    dimensions: tuple[Dimension, ...]
    seed: int
    ran: int

    @property
    def replicates(self) -> int:
        """All replicates that the evidence rests on."""
        return sum(len(one.rows) + len(one.fresh) for one in self.candidates)

    @property
    def wanted(self) -> dict[str, float]:
        """What is wanted, by name."""
        return self.cost.start.wanted.given

    def rows(self) -> list[dict[str, Any]]:
        """Return the table of evidence, one dict for each candidate."""
        return [one.as_dict() for one in self.candidates]

    def as_dict(self) -> dict[str, Any]:
        """Return everything, as JSON holds it."""
        from ..reproduce import without_nan

        content = {
            "status": self.status,
            "message": self.message,
            "cost": str(self.cost),
            "vary": [str(dimension) for dimension in self.dimensions],
            "wanted": self.wanted,
            "seed": self.seed,
            "replicates": self.replicates,
            "best": None if self.best is None else self.best.as_dict(),
            "design": None if self.best is None else self.best.design.model_dump(mode="json"),
            "verdict": self.verdict,
            "candidates": self.rows(),
        }
        return without_nan(content)


def optimise(
    design: "Design",
    dimensions: Sequence[Dimension],
    *,
    cost: str = "dose",
    seed: int = 0,
    candidates: int = 48,
    finalists: int = 6,
    out: Path | None = None,
    workers: Workers | None = None,
    trial: Callable[..., dict[str, Any]] | None = None,
    judge: Judge = check_judge,
    progress: Progress | None = None,
) -> SearchResult:
    """Search for the cheapest design that meets its wanted precisions.

    Parameters
    ----------
    design : Design
        What stays as it is; its own setting is tried first where it lies in the ranges.
    dimensions : sequence of Dimension
        What varies (`parse_dimension`).
    cost : str
        ``"dose"`` (electrons per nm² over the EDS series), ``"minutes"`` (at the microscope), or a weighted
        sum relative to `design`, ``"dose=1,minutes=2"``.
    seed : int
        Same seed, same steps and same result, whatever the number of workers.
    candidates : int
        Designs to try at most.
    finalists : int
        Candidates to confirm at most.
    out : pathlib.Path, optional
        Folder in which rows are kept as they land; started again with the same arguments (`candidates` and
        `finalists` may differ), the search goes on where it ended.
    workers : Workers, optional
        Who runs the replicates; this process by default.
    trial : callable, optional
        Called as `run_trial`, which is the default.
    judge : callable, optional
        Confirms a finalist; `check_judge` by default.
    progress : Progress, optional
        Told how far it is.

    Returns
    -------
    SearchResult

    Raises
    ------
    ValueError
        When an argument is out of its range, or `out` belongs to another search.

    Notes
    -----
    1. *Race.* Every candidate sees the same particles and photons: two replicates drop what is far off, four
       settle what is clear, eight decide the rest by its means (`race`).
    2. *Propose.* What costs as much as the cheapest promising candidate is not simulated. Optuna and a model
       of the scores propose the others (`Proposals`).
    3. *Confirm.* When four batches have brought nothing cheaper, the cheapest promising candidate is judged
       with particles that the search has not seen, so that having been picked for its luck does not help it.
       The k-th finalist may err with probability α/(k (k + 1)), α = 1 − `confidence.level`: these add up to
       α, however many finalists there are. When it is not confirmed the search goes on, and asks of the next
       one to keep 4 % more below its bounds.

    The result is the cheapest design that was *confirmed*; that nothing cheaper exists is not proven. The
    candidates below it in cost, and how each of them missed, are the evidence.
    """
    if candidates < 1 or finalists < 1:
        raise ValueError(f"`candidates` and `finalists` must be at least 1, got {candidates} and {finalists}")
    if seed < 0:
        raise ValueError(f"`seed` must not be negative, got {seed}")
    space = SearchSpace(design=design, dimensions=tuple(dimensions))
    price = parse_cost(cost, design)
    if trial is None:
        from ..design.trial import run_trial as trial
    identity = {
        "design": design.model_dump(mode="json", exclude={"title", "description"}),
        "vary": [str(dimension) for dimension in space.dimensions],
        "cost": str(price),
        "seed": seed,
    }
    progress = progress or Progress()
    with RowBook(workers or Workers(), out, identity) as book:
        search = _Search(space, price, book, trial, judge, seed, progress)
        with progress.stage("search", total=candidates) as stage:
            status, message = search.run(candidates, finalists, stage)
        result = SearchResult(
            status=status,
            message=message,
            best=search.confirmed,
            verdict=search.verdict,
            candidates=tuple(search.tried),
            cost=price,
            dimensions=space.dimensions,
            seed=seed,
            ran=book.ran,
        )
        if out is not None:
            search.proposals.write_journal(out / JOURNAL_FILE)
    return result


class _Search:
    """A search under way."""

    def __init__(
        self,
        space: SearchSpace,
        cost: Cost,
        book: RowBook,
        trial: Callable[..., dict[str, Any]],
        judge: Judge,
        seed: int,
        progress: Progress,
    ) -> None:
        self.proposals = Proposals(space, cost, seed=seed)
        self.space, self.cost, self.book, self.trial, self.judge = space, cost, book, trial, judge
        self.seed, self.progress = seed, progress
        self.tried: list[Candidate] = []
        self.margin = FIRST_MARGIN
        self.confirmed: Candidate | None = None
        self.verdict: dict[str, Any] | None = None

    def run(self, candidates: int, finalists: int, stage: Stage) -> tuple[str, str]:
        """Search and confirm until a design is confirmed, or the budget is spent."""
        exhausted = self.try_batch(self.proposals.first()[:candidates], stage) is None
        for finalist in range(1, finalists + 1):
            exhausted = self.explore(candidates, stage) or exhausted
            best = self.best()
            if best is None:
                break
            if self.confirm(best, finalist):
                return "found", self.found_message(exhausted or len(self.tried) < candidates)
        return self.nothing_message(finalists, candidates)

    def explore(self, candidates: int, stage: Stage) -> bool:
        """Try batches until the best has not become cheaper for a while; True when nothing is left."""
        waited = 0
        while len(self.tried) < candidates and waited < PATIENCE:
            before = self.best()
            left = candidates - len(self.tried)
            batch = self.proposals.next(self.tried, before, margin=self.margin, most=left)
            if self.try_batch(batch, stage) is None:
                return True
            after = self.best()
            better = after is not None and (before is None or after.cost <= before.cost * (1 - LEAST_GAIN))
            waited = 0 if better or after is None else waited + 1
        return False

    def try_batch(self, batch: list[Candidate], stage: Stage) -> int | None:
        """Race a batch and remember it; None when it is empty."""
        if not batch:
            return None
        race(batch, self.book, self.trial, seed=self.seed)
        for one in batch:
            self.proposals.tell(one)
        self.tried += batch
        best = self.best()
        note = "none meets what is wanted yet" if best is None else f"best so far {best.cost:.4g}"
        stage.update(len(self.tried), f"{self.book.ran} replicates, {note}")
        return len(batch)

    def best(self) -> Candidate | None:
        """Return the cheapest candidate that seems to meet everything with the margin asked for."""
        good = [one for one in self.tried if one.promises(self.margin)]
        return min(good, key=lambda one: (one.cost, one.number), default=None)

    def confirm(self, best: Candidate, finalist: int) -> bool:
        """Judge a finalist with fresh replicates."""
        alpha = (1 - best.design.confidence.level) / (finalist * (finalist + 1))
        with self.progress.stage(f"confirm candidate {best.number} ({best.cost:.4g})"):
            judgement = self.judge(best.design, self.book, self.trial, self.seed, 1 - alpha)
        best.fresh = judgement.rows
        best.state = judgement.state
        if judgement.state is State.CONFIRMED:
            self.confirmed, self.verdict = best, judgement.verdict
            return True
        self.margin += MARGIN_STEP
        return False

    def found_message(self, settled: bool) -> str:
        """Say what was found."""
        best = self.confirmed
        assert_text = "" if settled else "; all candidates were used up: raise --candidates to look further"
        return f"candidate {best.number} is the cheapest confirmed design{assert_text}" if best else ""

    def nothing_message(self, finalists: int, candidates: int) -> tuple[str, str]:
        """Say why nothing was confirmed."""
        judged = sum(one.state in (State.REFUTED, State.UNDECIDED) for one in self.tried)
        if judged:
            cure = "--finalists" if judged >= finalists else "--candidates"
            return "not confirmed", (
                f"{judged} candidates seemed good enough and none was confirmed; raise {cure}, "
                "widen the ranges towards more dose or tilts, or raise confidence.max_replicates"
            )
        nearest = min(self.tried, key=_worst)
        missed = max(nearest.estimates.values(), key=lambda one: one.slack, default=None)
        which = (
            "" if missed is None else f"; candidate {nearest.number} comes nearest and misses {missed.name}"
        )
        return "nothing promising", (
            f"none of {len(self.tried)} candidates seems to meet what is wanted{which}; widen the ranges"
            + (", or raise --candidates" if len(self.tried) >= candidates else "")
        )


def _worst(candidate: Candidate) -> float:
    return max((one.slack for one in candidate.estimates.values()), default=float("inf"))
