"""How far a design is from what is wanted, judged roughly from a few replicates.

These estimates steer a search: they say which designs deserve more replicates. They are no verdicts; those
come from `check_design`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .score_rules import ScoreRule, claims

# Of a value that could not be measured, in bounds; as in `Decision`.
MISS = 2.0

Row = Mapping[str, Any]

# A spread taken from n replicates is pooled with this one, as if two more degrees of freedom had shown it.
PRIOR_RELATIVE_SPREAD = 0.15
PRIOR_FREEDOM = 2.0
# Out of reach at this many standard errors, or at this chance of so few successes.
FAR = 3.0
TAIL = 0.02


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One wanted precision of one design.

    Parameters
    ----------
    name : str
        What is wanted.
    bound : float
        Its bound.
    count : int
        Replicates in which it was asked.
    mean : float
        Mean of the values, or share of successes; NaN when nothing was measured.
    slack : float
        Relative distance to the bound: −0.1 keeps 10 % below it, 0.2 misses it by 20 %.
    error : float
        Standard error of `slack`.
    logit : tuple of float
        A scale on which scores are close to linear in the logarithms of dose and tilts, and its standard
        error: log(mean / bound), or half the log odds that are missing. Negative when the bound is met.
    hopeless : bool
        More replicates will hardly make it meet its bound.
    """

    name: str
    bound: float
    count: int
    mean: float
    slack: float
    error: float
    logit: tuple[float, float]
    hopeless: bool


def estimates(rows: Sequence[Row], wanted: Mapping[str, float]) -> dict[str, Estimate]:
    """Estimate every wanted precision from replicates of one design.

    Parameters
    ----------
    rows : sequence of dict
        Rows of `run_trial`, failed ones included.
    wanted : dict
        Name → bound, as `Wanted.given`.

    Returns
    -------
    dict
        Name → `Estimate`, one for each cross-section (`claims`). A score that cannot be asked of a particle
        (the miscibility limit of one that has none) is left out.

    Notes
    -----
    For *at most b* the slack is x̄/b − 1, for *within ±b* abs(x̄)/b − 1, and for a share p of successes
    (p − k/n)/p. Standard errors pool the spread s of the n values with a prior of 15 % of their mean on two
    degrees of freedom: s² → ((n − 1) s² + 2 (0.15 x̄)²)/(n + 1), as three values alone may agree by chance.
    A replicate that failed, or that left a score unmeasured, counts as twice the bound, as in `Decision`;
    `mean` leaves it out.

    Examples
    --------
    >>> rows = [{"status": "done", "zn_fraction_2sigma": x, "single_phase_voxels": 9} for x in (0.027, 0.029)]
    >>> found = estimates(rows, {"zn_fraction_2sigma": 0.03})["zn_fraction_2sigma"]
    >>> round(found.slack, 3), found.hopeless
    (-0.067, False)
    """
    found = {}
    for name, (rule, bound) in claims(wanted).items():
        asked = [row for row in rows if is_asked(row, rule)]
        if not asked:
            continue
        values = [_number(row.get(rule.column)) for row in asked]
        make = _share if rule.rule == "share" else _mean
        found[name] = make(name, bound, values, rule.rule)
    return found


def is_asked(row: Row, rule: ScoreRule) -> bool:
    """Whether a score can be asked of a row: a failed one is asked, and has no excuse."""
    column = rule.applies
    if column is None or row.get("status") != "done" or column not in row:
        return True
    value = row[column]
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return False
    return isinstance(value, str) or value != 0


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _mean(name: str, bound: float, values: list[float], rule: str) -> Estimate:
    known = [value for value in values if math.isfinite(value)]
    n, missing = len(values), len(values) - len(known)
    centre = math.fsum(known) / len(known) if known else math.nan
    # What verdicts take for a value that could not be measured.
    miss = 0.0 if rule == "at_least" else MISS * bound * (-1.0 if centre < 0 else 1.0)
    filled = known + [miss] * missing
    mean = math.fsum(filled) / n
    squares = math.fsum((value - mean) ** 2 for value in filled)
    # A bias that is about zero still has a spread, of the order of what is tolerated.
    prior = PRIOR_RELATIVE_SPREAD * max(abs(mean), bound if rule == "within" else 0.0)
    spread = math.sqrt((squares + PRIOR_FREEDOM * prior**2) / (n - 1 + PRIOR_FREEDOM))
    error = spread / math.sqrt(n) / bound
    size = abs(mean) if rule == "within" else mean
    slack = (1 - size / bound) if rule == "at_least" else (size / bound - 1)
    ratio = max(1 + slack, 0.05)
    return Estimate(
        name=name,
        bound=bound,
        count=n,
        mean=centre,
        slack=slack,
        error=error,
        logit=(math.log(ratio), min(error / ratio, 1.0)),
        hopeless=n >= 2 and slack > FAR * error,
    )


def _share(name: str, bound: float, values: list[float], rule: str) -> Estimate:
    n, right = len(values), sum(value == 1.0 for value in values)
    # The chance of so few successes if the probability were just what is wanted.
    chance = math.fsum(math.comb(n, k) * bound**k * (1 - bound) ** (n - k) for k in range(right + 1))
    odds = math.log((right + 0.5) / (n - right + 0.5)) - math.log(bound / (1 - bound)) if bound < 1 else -1.0
    # Few replicates without a failure look worse than a high wanted share by their number alone.
    odds = max(odds, 0.5) if right == n else odds
    error = 0.5 * math.sqrt(1 / (right + 0.5) + 1 / (n - right + 0.5))
    return Estimate(
        name=name,
        bound=bound,
        count=n,
        mean=right / n,
        slack=(bound - right / n) / bound,
        error=math.sqrt((right + 0.5) * (n - right + 0.5) / (n + 1) ** 2 / (n + 2)) / bound,
        logit=(-0.5 * odds, error),
        hopeless=n >= 2 and chance < TAIL,
    )
