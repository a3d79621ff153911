"""Check a design: simulate one particle after the other until every wanted precision is decided."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal

from .decision import Decision, Judgement, State, perfect_run
from .scores import Row, scores_for
from .verdict import FAIL, PASS, UNDECIDED, Verdict, WantedJudgement

if TYPE_CHECKING:
    from ..progress import Progress, Stage
    from ..study.workers import Workers
    from .design import Design

Trial = Callable[..., Row]

# One voxel has no spread: a precision can be asked of two or more.
_LEAST = {"single_phase_voxels": 2}

# A replicate without a reconstruction has no status; direct methods have nothing to converge.
_ENDED_WELL = (None, "converged", "direct")

_NOT_ASKED = {
    "single_phase_voxels": "no voxel lies deep enough inside a single phase: raise specimen.size",
    "miscibility_limit_true": "this particle has no miscibility limit",
    "interface_width_true_nm": "this particle has no interface of known width",
    "mixing_state_true": "this particle has no mixing state",
}
"""Why a score could not be asked, by the column that says whether it can."""


def check_design(
    design: "Design",
    *,
    workers: "int | Workers | None" = 0,
    scheduler: str | None = None,
    seed: int = 0,
    progress: "Progress | None" = None,
    until: Literal["decided", "settled"] = "decided",
    trial: Trial | None = None,
) -> Verdict:
    """Judge a design by simulated replicates, as few as the wanted confidence allows.

    Parameters
    ----------
    design : Design
        With what is wanted of it, and how sure the verdict has to be.
    workers : int or Workers or None
        Processes, each with one thread: a number, 0 for this process, None for all cores; or workers that
        are open already.
    scheduler : str, optional
        Address of a dask scheduler instead of local processes.
    seed : int
        Of every draw. Designs that share specimen and seed see the same particles.
    progress : Progress, optional
        Told about every replicate.
    until : {"decided", "settled"}
        Whether every wanted precision has to be decided, or only the verdict: the first fail settles it.
    trial : callable, optional
        Instead of `run_trial`, with its arguments; importable on the workers.

    Returns
    -------
    Verdict
        The same whatever the number of workers: replicates are judged in the order of their numbers.

    Raises
    ------
    ValueError
        When `until` is unknown or `seed` is negative.

    Notes
    -----
    Each wanted precision is decided by evidence that may be looked at after every replicate (`Decision`).
    Its pass may be wrong with probability 1 − level, its fail with (1 − level)/k for k wanted precisions,
    of which each cross-section is one.
    A pass of the whole needs every one to pass, so that it is wrong with at most 1 − level (the
    intersection–union test [1]_); a fail needs one, which is Bonferroni's bound. Replicates that end in an
    error miss whatever is wanted. Nothing is decided before `min_replicates`, nor after
    `max_replicates`: what is open then remains undecided.

    References
    ----------
    .. [1] R. L. Berger, Technometrics 24, 295 (1982), doi:10.1080/00401706.1982.10487790
    """
    if until not in ("decided", "settled"):
        raise ValueError(f"`until` must be 'decided' or 'settled', got {until!r}")
    if seed < 0:
        raise ValueError(f"`seed` must not be negative, got {seed}")
    from ..progress import Progress
    from ..study.workers import open_workers

    if trial is None:
        from .trial import run_trial as trial
    start = time.perf_counter()
    panel = Panel(design, enough=until)
    quiet = Progress() if progress is None else progress
    opened = (
        open_workers(scheduler, None if scheduler else workers)
        if workers is None or isinstance(workers, int)
        else nullcontext(workers)
    )
    most = design.confidence.max_replicates
    with opened as pool, quiet.stage("replicates", total=most) as stage:
        for row in replicate_rows(pool, trial, design, seed, most):
            panel.add(row)
            _tell(stage, panel)
            if panel.done:
                break
    return panel.verdict(seed=seed, seconds=time.perf_counter() - start)


class Panel:
    """The decisions about everything that is wanted of a design.

    Parameters
    ----------
    design : Design
    pass_error : float, optional
        Probability of a wrong pass, instead of what the design's confidence leaves.
    enough : {"decided", "settled"}
        When it is done, as for `check_design`.
    """

    def __init__(self, design: "Design", *, pass_error: float | None = None, enough: str = "decided") -> None:
        from ..study.score_rules import claims

        self.design = design
        self.enough = enough
        self.rows: list[Row] = []
        confidence = design.confidence
        self._least = confidence.min_replicates
        error = 1.0 - confidence.level
        judged = claims(design.wanted.given)
        self._rules = {name: rule for name, (rule, _) in judged.items()}
        self._decisions = {
            name: Decision(
                self._rules[name].rule,
                bound,
                pass_error=error if pass_error is None else pass_error,
                fail_error=error / len(judged),
                min_count=self._least,
            )
            for name, (_, bound) in judged.items()
        }

    def add(self, row: Row) -> None:
        """Take the row of the next replicate."""
        self.rows.append(row)
        for name, decision in self._decisions.items():
            if is_asked(row, self._rules[name].applies):
                value = row.get(self._rules[name].column)
                decision.add(float(value) if isinstance(value, int | float) else None)

    @property
    def state(self) -> State:
        """Pass where everything passed, fail where anything failed."""
        states = [decision.state for decision in self._decisions.values()]
        if FAIL in states:
            return FAIL
        return PASS if all(state == PASS for state in states) else UNDECIDED

    @property
    def done(self) -> bool:
        """Whether further replicates would tell nothing that is asked for."""
        if len(self.rows) < self._least:
            return False
        if self._broken or (self.enough == "settled" and self.state != UNDECIDED):
            return True
        return all(self._settled(name) for name in self._decisions)

    def verdict(self, *, seed: int, seconds: float) -> Verdict:
        """Return what stands now."""
        failures = [row for row in self.rows if row.get("status") == "failed"]
        state = UNDECIDED if self._broken else self.state
        return Verdict(
            state=state,
            wanted=tuple(self._judged(name) for name in self._decisions),
            level=self.design.confidence.level,
            replicates=len(self.rows),
            failed=len(failures),
            unconverged=sum(row.get("solver_status") not in _ENDED_WELL for row in self.rows),
            reasons=dict(Counter(str(row.get("reason")) for row in failures)),
            seed=seed,
            title=self.design.title,
            design_key=self.design.key,
            seconds=seconds,
            rows=tuple(self.rows),
        )

    @property
    def states(self) -> dict[str, State]:
        """State of each wanted precision."""
        return {name: decision.state for name, decision in self._decisions.items()}

    @property
    def _broken(self) -> bool:
        """Whether not one replicate ran: that says nothing about the design."""
        return bool(self.rows) and all(row.get("status") == "failed" for row in self.rows)

    def _settled(self, name: str) -> bool:
        decision = self._decisions[name]
        return decision.state != UNDECIDED or decision.conflict or decision.count == 0

    def _judged(self, name: str) -> WantedJudgement:
        decision, rule = self._decisions[name], self._rules[name]
        found = decision.judgement()
        if self._broken:
            found = Judgement(**{**vars(found), "state": UNDECIDED, "decided_at": None})
        return WantedJudgement(
            name=name, label=rule.label, unit=rule.unit, rule=rule.rule, bound=decision.bound,
            judgement=found, asked=decision.count, reason=self._reason(name, found),
        )  # fmt: skip

    def _reason(self, name: str, found: Judgement) -> str:
        if found.state != UNDECIDED:
            return ""
        if self._broken:
            return "no replicate ran"
        decision, most = self._decisions[name], self.design.confidence.max_replicates
        if not decision.count:
            why = _NOT_ASKED.get(self._rules[name].applies or "", "it could not be asked of any replicate")
            return f"{why}, or drop {name} from [wanted]"
        if found.conflict:
            return "replicates proved both pass and fail: rare ones are far from the others"
        if len(self.rows) < most:
            return "not decided yet"
        least = perfect_run(decision.bound, decision.pass_error) if decision.rule == "share" else 0
        if least > most:
            return (
                f"it takes {least} replicates without a miss to pass: raise confidence.max_replicates, {most}"
            )
        return f"still open after {most} replicates: raise confidence.max_replicates, or want less or more"


def is_asked(row: Row, column: str | None) -> bool:
    """Whether a score can be asked of a replicate, by the column that says so; a failed one is asked."""
    if column is None or row.get("status") == "failed" or column not in row:
        return True
    value = row[column]
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return False
    return isinstance(value, str) or (value >= _LEAST.get(column, 0) and value != 0)


def replicate_rows(pool: "Workers", trial: Trial, design: "Design", seed: int, most: int) -> Iterator[Row]:
    """Rows of replicates 0, 1, 2… in that order, whatever the order in which they end."""
    scores = scores_for(design.wanted)
    calls: Iterator[dict[str, Any]] = (
        {"design": design, "replicate": replicate, "seed": seed, "scores": scores}
        for replicate in range(most)
    )
    waiting: dict[int, Row] = {}
    following = 0
    for index, outcome in pool.run(trial, calls, in_flight=2 * max(pool.count, 1)):
        if outcome.error is None:
            waiting[index] = {**outcome.value, "replicate": index, "status": "done", "reason": None}
        else:
            waiting[index] = {"replicate": index, "seed": seed, "status": "failed", "reason": outcome.error}
        while following in waiting:
            yield waiting.pop(following)
            following += 1


def _tell(stage: "Stage", panel: Panel) -> None:
    decided = sum(state != UNDECIDED for state in panel.states.values())
    stage.update(len(panel.rows), f"{decided} of {len(panel.states)} decided")
