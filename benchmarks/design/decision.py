"""Sequential decisions whether a mean is small enough, a bias within bounds, a probability high enough."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from .e_process import mean_evidence, share_evidence, t_evidence

Rule = Literal["at_most", "at_least", "within", "share"]
State = Literal["pass", "fail", "undecided"]
RULES = ("at_most", "at_least", "within", "share")

# What a replicate that has no value counts for, in units of the bound.
MISS = 2.0

# Values are taken to scatter as if so many more had differed from their mean by this part of the bound.
# Three replicates that agree by chance would else prove anything; the guard fades as replicates come in.
GUARD_COUNT = 4
GUARD_SPREAD = 0.15


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Where a decision stands.

    Attributes
    ----------
    state : {"pass", "fail", "undecided"}
        A decision once taken stands, unless later replicates prove the opposite: then it is withdrawn.
    decided_at : int or None
        Number of replicates at which it was taken.
    count, missing : int
        Replicates so far, and those among them without a value.
    mean, standard_error : float
        Of the values (of the successes, for a share); NaN where too few are known.
    worst : float
        The value on the worst side; NaN where none is known, and for a share.
    conflict : bool
        Whether replicates proved both pass and fail, which normal values almost never do.
    low, high : float
        Interval that agrees with the decision: each end holds, at all times together, with the confidence
        of the decision that it takes part in. Infinite where nothing is known yet.
    """

    state: State
    decided_at: int | None
    count: int
    missing: int
    mean: float
    standard_error: float
    worst: float
    conflict: bool
    low: float
    high: float


class Decision:
    """Decides about one wanted precision, one replicate after the other.

    Parameters
    ----------
    rule : {"at_most", "at_least", "within", "share"}
        Whether the mean is at most, or at least, the bound, or between −bound and bound; or the share of
        ones among zeros and ones at least the bound.
    bound : float
        Positive; below 1 for a share.
    pass_error, fail_error : float
        Largest probability of a wrong pass, and of a wrong fail, over any number of replicates.
    min_count : int
        Replicates before which nothing is decided.

    Raises
    ------
    ValueError
        When the rule is unknown, or bound, errors or count are out of range.

    Notes
    -----
    A pass is the evidence 1/`pass_error` against every truth that misses the bound, a fail the evidence
    1/`fail_error` against every truth that meets it (`mean_evidence`, `share_evidence`). Errors are
    guaranteed at any stopping time for normal values, and for any share; for other values they are measured
    (`error_rates`). No test can do more: few values never rule out a rare one far from them [1]_. A guard
    of `GUARD_COUNT` further values that differ from the mean by `GUARD_SPREAD` of the bound keeps the first
    replicates from proving much by agreeing.

    A replicate without a value (None or NaN) counts as a failure of a share, and for a mean as twice the
    bound on the bad side (as zero for ``"at_least"``).

    References
    ----------
    .. [1] R. R. Bahadur, L. J. Savage, Ann. Math. Stat. 27, 1115 (1956), doi:10.1214/aoms/1177728077

    Examples
    --------
    >>> decision = Decision("at_most", 0.03, pass_error=0.05, fail_error=0.05)
    >>> for value in (0.014, 0.016, 0.015, 0.017, 0.015):
    ...     _ = decision.add(value)
    >>> decision.state, decision.decided_at
    ('pass', 5)
    """

    def __init__(
        self, rule: Rule, bound: float, *, pass_error: float, fail_error: float, min_count: int = 2
    ) -> None:
        if rule not in RULES:
            raise ValueError(f"`rule` must be one of {', '.join(RULES)}, got {rule!r}")
        if not (0 < bound < math.inf) or (rule == "share" and bound >= 1):
            most = "between 0 and 1" if rule == "share" else "positive and finite"
            raise ValueError(f"`bound` must be {most}, got {bound}")
        for name, error in (("pass_error", pass_error), ("fail_error", fail_error)):
            if not 0 < error < 1:
                raise ValueError(f"`{name}` must lie between 0 and 1, got {error}")
        if min_count < 1:
            raise ValueError(f"`min_count` must be at least 1, got {min_count}")
        self.rule = rule
        self.bound = float(bound)
        self.pass_error = pass_error
        self.fail_error = fail_error
        self.min_count = min_count
        self.state: State = "undecided"
        self.decided_at: int | None = None
        self.conflict = False
        self._values: list[float | None] = []

    @property
    def count(self) -> int:
        """Replicates so far."""
        return len(self._values)

    def add(self, value: float | None) -> State:
        """Take the value of the next replicate, None or NaN where there is none, and return the state."""
        known = value is not None and math.isfinite(value)
        if known and self.rule == "share" and value not in (0, 1):
            raise ValueError(f"a share counts zeros and ones, got {value}")
        self._values.append(float(value) if known and value is not None else None)
        if self.count >= self.min_count and not self.conflict:
            self._look()
        return self.state

    def _look(self) -> None:
        found: list[State] = []
        if self.state != "pass" and self.pass_evidence >= 1.0 / self.pass_error:
            found.append("pass")
        if self.state != "fail" and self.fail_evidence >= 1.0 / self.fail_error:
            found.append("fail")
        if found and self.state == "undecided":
            self.state, self.decided_at = found[0], self.count
        elif found:
            # Rare, far values: the first ones said nothing of them.
            self.state, self.decided_at, self.conflict = "undecided", None, True

    @property
    def pass_evidence(self) -> float:
        """Evidence against every truth that misses the bound: for "within" the less of both sides'."""
        if self.rule == "share":
            return share_evidence(self._right, self.count, self.bound, above=True, target=self.bound)
        return min(
            mean_evidence(self._filled(bad), end, above=bad < 0, extra=self._extra) for bad, end in self._ends
        )

    @property
    def fail_evidence(self) -> float:
        """Evidence against every truth that meets the bound: for "within" the mean of both sides'."""
        if self.rule == "share":
            return share_evidence(self._right, self.count, self.bound, above=False, target=self.bound)
        found = [
            mean_evidence(self._filled(bad), end, above=bad > 0, extra=self._extra) for bad, end in self._ends
        ]
        return math.fsum(found) / len(found)

    def judgement(self) -> Judgement:
        """Return where the decision stands, with an interval."""
        known = [value for value in self._values if value is not None]
        mean = error = math.nan
        if self.rule == "share" and self.count:
            mean = self._right / self.count
            error = math.sqrt(mean * (1 - mean) / self.count)
        elif known:
            mean = math.fsum(known) / len(known)
            squares = math.fsum((value - mean) ** 2 for value in known)
            error = math.sqrt(squares / (len(known) - 1) / len(known)) if len(known) > 1 else math.nan
        low, high = self._interval()
        return Judgement(
            state=self.state, decided_at=self.decided_at, count=self.count,
            missing=self.count - len(known), mean=mean, standard_error=error, worst=self._worst(known),
            conflict=self.conflict, low=low, high=high,
        )  # fmt: skip

    def _worst(self, known: list[float]) -> float:
        if not known or self.rule == "share":
            return math.nan
        return {"at_most": max(known), "at_least": min(known)}.get(self.rule, max(known, key=abs))

    @property
    def _ends(self) -> tuple[tuple[int, float], ...]:
        """Bounds, each with the side on which it is missed: above (1) or below (−1)."""
        upper, lower = (1, self.bound), (-1, self.bound if self.rule == "at_least" else -self.bound)
        return {"at_most": (upper,), "at_least": (lower,)}.get(self.rule, (upper, lower))

    @property
    def _extra(self) -> float:
        return GUARD_COUNT * (GUARD_SPREAD * self.bound) ** 2

    @property
    def _right(self) -> int:
        return sum(value == 1 for value in self._values)

    def _filled(self, bad: int) -> list[float]:
        """Values, with those that are missing on the bad side."""
        miss = 0.0 if self.rule == "at_least" else bad * MISS * self.bound
        return [miss if value is None else value for value in self._values]

    def _interval(self) -> tuple[float, float]:
        lower, upper = {
            "at_most": (self.fail_error, self.pass_error),
            # Either side may fail it, and each then has half of the error.
            "within": (self.fail_error / 2,) * 2 if self.state == "fail" else (self.pass_error,) * 2,
        }.get(self.rule, (self.pass_error, self.fail_error))
        if self.rule == "share":
            return share_interval(self._right, self.count, self.bound, lower=lower, upper=upper)
        above, below = (1, -1) if self.rule == "within" else (self._ends[0][0],) * 2
        return (
            mean_end(self._filled(below), lower, above=False, extra=self._extra),
            mean_end(self._filled(above), upper, above=True, extra=self._extra),
        )


def mean_end(values: Sequence[float], error: float, *, above: bool, extra: float = 0.0) -> float:
    """Upper, or lower, end of an interval of a mean that holds at all times together.

    Parameters
    ----------
    values : sequence of float
        So far.
    error : float
        Probability with which it may ever fail.
    above : bool
        Whether the upper end is wanted.
    extra : float
        As for `mean_evidence`.

    Returns
    -------
    float
        Infinite while the evidence cannot reach 1/`error`.
    """
    n = len(values)
    if n == 0:
        return math.inf if above else -math.inf
    mean = math.fsum(values) / n
    scatter = math.fsum((value - mean) ** 2 for value in values) + extra
    if scatter == 0.0:
        # The evidence of equal values is the same at every distance.
        away = 0.0 if t_evidence(n, 1.0, 0.0) >= 1.0 / error else math.inf
    else:
        away = _crossing(lambda step: t_evidence(n, step, scatter), 1.0 / error, math.sqrt(scatter / n))
    return mean + away if above else mean - away


def _crossing(evidence: Callable[[float], float], level: float, scale: float) -> float:
    """Distance at which growing evidence reaches a level; infinite where it never does."""
    low, high = 0.0, scale
    while evidence(high) < level:
        low, high = high, 2.0 * high
        if high > 1e9 * scale:
            return math.inf
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if evidence(middle) < level else (low, middle)
    return high


def share_interval(
    right: int, count: int, target: float, *, lower: float, upper: float
) -> tuple[float, float]:
    """Interval of a probability that holds at all times together.

    Parameters
    ----------
    right, count : int
        Successes and trials.
    target : float
        The probability wanted, as for `share_evidence`.
    lower, upper : float
        Probabilities with which either end may ever fail.
    """
    if count == 0:
        return 0.0, 1.0
    share = right / count

    def end(above: bool, error: float) -> float:
        beyond, inside = (0.0, share) if above else (1.0, share)
        for _ in range(60):
            middle = 0.5 * (beyond + inside)
            found = share_evidence(right, count, middle, above=above, target=target)
            beyond, inside = (middle, inside) if found >= 1.0 / error else (beyond, middle)
        return beyond

    return (0.0 if right == 0 else end(True, lower)), (1.0 if right == count else end(False, upper))


def perfect_run(bound: float, error: float) -> int:
    """Trials without a failure that pass a share.

    Parameters
    ----------
    bound : float
        The share that is wanted, in (0, 1).
    error : float
        Probability of a wrong pass.

    Notes
    -----
    No test can do with fewer than ln(1/error)/ln(1/bound).

    Examples
    --------
    >>> perfect_run(0.95, 0.05), perfect_run(0.8, 0.05)
    (66, 16)
    """
    count = max(1, math.floor(math.log(1.0 / error) / math.log(1.0 / bound)))
    while share_evidence(count, count, bound, above=True, target=bound) < 1.0 / error:
        count += 1
    return count
