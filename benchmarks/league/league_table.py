"""Who stands where: the ranking of entries on each problem and over all of them, with its errors."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .league_problem import LeagueProblem

if TYPE_CHECKING:
    import pandas as pd

UNIT_ENTRY = "constant"
"""Null entry whose score is the unit on every problem: one constant wherever all tilts are bright."""

RULE = (
    "On a problem, entries are ranked by the mean of its primary score over the replicates: the distance of "
    "the phase diagram from the true one, in units of the published precision, or the relative error of the "
    "cross-section. Entries that a paired t-test over the replicates (95 %) does not tell from the best of "
    "their group share its rank. Over all problems they are ranked by the geometric mean of their error "
    f"relative to that of the null entry “{UNIT_ENTRY}”. On each problem it is at most 1, so that an answer "
    "worse than the null, or none, counts as the null; and errors below a tenth of what solves a problem "
    "count as that tenth. Entries within 1.96 standard errors of their paired difference share a rank. Time "
    "is shown, and decides nothing."
)
"""How entries are ranked, for readers."""

# Errors below this part of what solves a problem are luck, and nobody's need: they count as that.
_LEAST = 0.1
_Z = 1.96


@dataclass(frozen=True, kw_only=True)
class Place:
    """An entry on one problem.

    Parameters
    ----------
    problem, entry : str
    rank : int
        From 1; ties share it.
    score, error : float or None
        Mean of the primary score over the replicates that have one, and its standard error.
    relative : float
        Mean score over that of the null entry, replicates without a score counting as the null; at most 1.
    solved : bool
        Whether the mean score is at or below `LeagueProblem.solved`, and no replicate lacks one.
    scores : dict
        Means of the other scores.
    answers, replicates : int
        Replicates with a primary score, and all.
    core_seconds : float or None
        Median.
    failures : dict
        Status to how often, of those that are not "done".
    reason : str or None
        Why the first of them failed.
    """

    problem: str
    entry: str
    rank: int
    score: float | None
    error: float | None
    relative: float
    solved: bool
    scores: dict[str, float]
    answers: int
    replicates: int
    core_seconds: float | None
    failures: dict[str, int]
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An entry over all problems.

    Parameters
    ----------
    entry, family : str
    rank : int
        From 1; ties share it.
    relative : float
        Geometric mean over the problems of the error relative to the null entry.
    factor : float
        Standard error of `relative`, as a factor: 1.1 for ten per cent to either side.
    by_kind : dict
        The same for each kind of problem alone.
    mean_rank : float
        Over the problems.
    solved, problems : int
        Problems solved, and all.
    fraction_within : float or None
        Median over all particles of ±2σ + |bias| of the zinc fraction in single phases.
    cross_section_within : float or None
        Median over all standards of the relative error of their cross-section.
    core_seconds : float or None
        Median over all solves.
    failures : dict
        Status to how often, of those that are not "done".
    front : bool
        Whether no other entry is both better and faster.
    """

    entry: str
    family: str
    rank: int
    relative: float
    factor: float
    by_kind: dict[str, float]
    mean_rank: float
    solved: int
    problems: int
    fraction_within: float | None
    cross_section_within: float | None
    core_seconds: float | None
    failures: dict[str, int]
    front: bool


@dataclass(frozen=True, kw_only=True)
class LeagueTable:
    """The ranking.

    Parameters
    ----------
    standings : tuple of Standing
        Best first.
    places : tuple of Place
        By problem, best first.
    left_out : dict
        Entries that could not run here, and why.
    """

    standings: tuple[Standing, ...]
    places: tuple[Place, ...]
    left_out: dict[str, str]

    def on(self, problem: str) -> list[Place]:
        """Return the places on one problem, best first."""
        return [one for one in self.places if one.problem == problem]

    def as_dict(self) -> dict[str, Any]:
        """Return everything, as JSON holds it."""
        return asdict(self)


def league_table(rows: "pd.DataFrame", problems: Sequence[LeagueProblem]) -> LeagueTable:
    """Rank the entries.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `LeagueRun.table`.
    problems : sequence of LeagueProblem
        Those of the rows.

    Returns
    -------
    LeagueTable

    Raises
    ------
    ValueError
        When the rows hold two problems or two versions of an entry under one name.

    Examples
    --------
    >>> import pandas as pd
    >>> problem = LeagueProblem(name="p", replicates=2)
    >>> rows = pd.DataFrame([
    ...     {"problem": "p", "problem_key": problem.key, "entry": entry, "entry_key": entry,
    ...      "family": "own", "replicate": k, "status": "done", "core_seconds": 1.0,
    ...      "phase_diagram_distance": score + 0.01 * k}
    ...     for entry, score in (("constant", 4.0), ("mine", 1.0)) for k in range(2)])
    >>> [(one.entry, one.rank, round(one.relative, 2)) for one in league_table(rows, [problem]).standings]
    [('mine', 1, 0.25), ('constant', 2, 1.0)]
    """
    records = [_clean(row) for row in rows.to_dict("records")]
    _check_keys(records)
    missing = {row["entry"]: row["reason"] or "" for row in records if row["status"] == "missing"}
    records = [row for row in records if row["entry"] not in missing]
    boards = [
        _Board(problem, [row for row in records if row["problem"] == problem.name]) for problem in problems
    ]
    boards = [board for board in boards if board.names]
    places = [place for board in boards for place in board.places()]
    return LeagueTable(
        standings=tuple(_standings(boards, places, records)), places=tuple(places), left_out=missing
    )


class _Board:
    """The scores of one problem: entries by replicates."""

    def __init__(self, problem: LeagueProblem, records: list[dict[str, Any]]) -> None:
        self.problem = problem
        self.names = list(dict.fromkeys(row["entry"] for row in records))
        self.records = {name: [row for row in records if row["entry"] == name] for name in self.names}
        numbers = sorted({row["replicate"] for row in records})
        self.raw = np.full((len(self.names), len(numbers)), np.nan)
        for row in records:
            score = row.get(problem.primary)
            if row["status"] == "done" and score is not None:
                self.raw[self.names.index(row["entry"]), numbers.index(row["replicate"])] = score
        self.unit = self._unit()
        self.least = _LEAST * problem.solved
        # An answer that is missing costs what the null entry would have.
        self.filled = np.where(np.isnan(self.raw), self.unit, self.raw)
        self.means = self.filled.mean(axis=1) if self.names else np.zeros(0)

    def _unit(self) -> np.ndarray:
        """Score of the null entry, or of the worst where it has none, for each replicate."""
        known = np.where(np.isnan(self.raw), -np.inf, self.raw)
        worst = known.max(axis=0, initial=-np.inf)
        unit = (
            self.raw[self.names.index(UNIT_ENTRY)]
            if UNIT_ENTRY in self.names
            else np.full_like(worst, np.nan)
        )
        unit = np.where(np.isnan(unit), worst, unit)
        return np.where(np.isfinite(unit), unit, 1.0)

    def relative(self, name: str) -> float:
        """Return the mean score over that of the null entry."""
        mean = max(float(self.means[self.names.index(name)]), self.least)
        return min(mean / max(float(self.unit.mean()), self.least), 1.0)

    def difference(self, first: str, second: str) -> tuple[float, float]:
        """Mean and standard error of the logarithm of the ratio of two entries, paired by replicate."""
        one, two = (np.minimum(self.filled[self.names.index(name)], self.unit) for name in (first, second))
        means = max(float(one.mean()), self.least), max(float(two.mean()), self.least)
        # To first order: the log of a mean changes by its relative change.
        changes = one / means[0] - two / means[1]
        return math.log(means[0] / means[1]), _standard_error(changes)

    def places(self) -> list[Place]:
        """Return the places, best first; ties share the rank of the best among them."""
        order = sorted(self.names, key=lambda name: (self.means[self.names.index(name)], name))
        found, leader, rank = [], None, 0
        for number, name in enumerate(order, start=1):
            if leader is None or not self._tied(leader, name):
                leader, rank = name, number
            found.append(self._place(name, rank))
        return found

    def _tied(self, first: str, second: str) -> bool:
        from scipy.stats import t

        one, two = (self.filled[self.names.index(name)] for name in (first, second))
        if one.size < 2:
            return bool(np.array_equal(one, two))
        bound = float(t.ppf(0.975, one.size - 1)) * _standard_error(one - two)
        return abs(float((one - two).mean())) <= bound

    def _place(self, name: str, rank: int) -> Place:
        records, raw = self.records[name], self.raw[self.names.index(name)]
        known = raw[np.isfinite(raw)]
        score = float(known.mean()) if known.size else None
        failed = [row for row in records if row["status"] != "done"]
        return Place(
            problem=self.problem.name,
            entry=name,
            rank=rank,
            score=score,
            error=_standard_error(known) if known.size > 1 else None,
            relative=self.relative(name),
            solved=score is not None and score <= self.problem.solved and known.size == raw.size,
            scores=_means(records),
            answers=int(known.size),
            replicates=int(raw.size),
            core_seconds=_median(records),
            failures=_counts(failed),
            reason=failed[0].get("reason") if failed else None,
        )


def _standings(boards: list[_Board], places: list[Place], records: list[dict[str, Any]]) -> list[Standing]:
    """Return the entries over all problems, best first."""
    if not boards:
        return []
    families = {row["entry"]: row.get("family") or "" for row in records}
    # Only who took part in every problem can be compared over all.
    names = [name for name in families if all(name in board.names for board in boards)]
    logs = {name: float(np.mean([math.log(board.relative(name)) for board in boards])) for name in names}
    times = {name: _median([row for row in records if row["entry"] == name]) for name in names}
    order = sorted(names, key=lambda name: (logs[name], name))
    found, leader, rank = [], None, 0
    for number, name in enumerate(order, start=1):
        if leader is None or not _tied_over_all(boards, leader, name):
            leader, rank = name, number
        mine = [place for place in places if place.entry == name]
        own = [row for row in records if row["entry"] == name]
        found.append(
            Standing(
                entry=name,
                family=families[name],
                rank=rank,
                relative=math.exp(logs[name]),
                factor=_factor(boards, name),
                by_kind=_by_kind(boards, name),
                mean_rank=float(np.mean([place.rank for place in mine])),
                solved=sum(place.solved for place in mine),
                problems=len(mine),
                fraction_within=_median_of(map(_fraction_within, own)),
                cross_section_within=_median_of(row.get("cross_section_error") for row in own),
                core_seconds=times[name],
                failures=_counts([row for row in own if row["status"] != "done"]),
                front=_on_front(name, logs, times),
            )
        )
    return found


def _fraction_within(row: dict[str, Any]) -> float | None:
    spread, bias = row.get("zn_fraction_2sigma"), row.get("zn_fraction_bias")
    return None if spread is None or bias is None else spread + abs(bias)


def _tied_over_all(boards: list[_Board], first: str, second: str) -> bool:
    pairs = [board.difference(first, second) for board in boards]
    total, error = sum(mean for mean, _ in pairs), math.sqrt(sum(one**2 for _, one in pairs))
    return abs(total) <= _Z * error or total == 0


def _factor(boards: list[_Board], name: str) -> float:
    if name == UNIT_ENTRY:
        return 1.0
    squares = []
    for board in boards:
        scores = np.minimum(board.filled[board.names.index(name)], board.unit)
        squares.append((_standard_error(scores) / max(float(scores.mean()), board.least)) ** 2)
    return math.exp(math.sqrt(sum(squares)) / len(boards))


def _by_kind(boards: list[_Board], name: str) -> dict[str, float]:
    kinds = dict.fromkeys(board.problem.kind for board in boards)
    return {
        kind: math.exp(
            float(np.mean([math.log(board.relative(name)) for board in boards if board.problem.kind == kind]))
        )
        for kind in kinds
    }


def _on_front(name: str, logs: dict[str, float], times: dict[str, float | None]) -> bool:
    own = times[name]
    if own is None:
        return False
    return not any(
        logs[other] < logs[name] and (time := times[other]) is not None and time <= own
        for other in logs
        if other != name
    )


def _check_keys(records: list[dict[str, Any]]) -> None:
    for kind in ("problem", "entry"):
        keys: dict[str, set[str]] = {}
        for row in records:
            keys.setdefault(row[kind], set()).add(row[f"{kind}_key"])
        twice = [name for name, found in keys.items() if len(found) > 1]
        if twice:
            raise ValueError(
                f"the rows hold more than one {kind} called {twice[0]!r}; rank the rows of one run at a time"
            )


def _clean(row: dict[Any, Any]) -> dict[str, Any]:
    """Take None for what is missing."""
    return {
        str(name): None if isinstance(value, float) and math.isnan(value) else value
        for name, value in row.items()
    }


def _standard_error(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) / math.sqrt(values.size) if values.size > 1 else 0.0


def _median(records: list[dict[str, Any]]) -> float | None:
    """Median time; by the clock where the system does not count core seconds."""
    found = [
        row.get("core_seconds") if row.get("core_seconds") is not None else row.get("seconds")
        for row in records
    ]
    return _median_of(found)


def _median_of(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _means(records: list[dict[str, Any]]) -> dict[str, float]:
    from .league_columns import SCORE_COLUMNS

    found = {}
    for name in SCORE_COLUMNS:
        known = [row[name] for row in records if row.get(name) is not None]
        if known:
            found[name] = float(np.mean(known))
    return found


def _counts(records: list[dict[str, Any]]) -> dict[str, int]:
    statuses = [row["status"] for row in records]
    return {status: statuses.count(status) for status in dict.fromkeys(statuses)}
