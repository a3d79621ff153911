"""The best design of a study: the cheapest that gives what is wanted, or the best that one can afford."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from .aggregate import aggregate, differs, setting_costs
from .factor_column import level_number, lower
from .intervals import check_level
from .pareto import group_codes, loss
from .score_rules import COSTS, SCORE_RULES, Frame, ScoreRule, check_wanted, score_rule
from .study_table import StudyTable

Standing = Literal["proven", "likely", "open", "missed"]

LEAST_REPLICATES = 4
"""Fewer prove nothing: Student's interval of two or three skewed values is not to be trusted."""

STANDINGS: tuple[Standing, ...] = ("proven", "likely", "open", "missed")
"""From best to worst: proven at the level, met on average, unknown for want of figures, missed on average."""


EXCESS = "excess"
"""Largest score over its bound: what is small where no cost differs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BestSetting:
    """The answer of a study.

    Attributes
    ----------
    setting : dict or None
        Levels of the factors that one can choose; None when nothing affordable is known.
    standing : {"proven", "likely", "open", "missed"} or None
        How surely that setting gives what is wanted, in the worst of the given circumstances.
    costs : dict
        Its cost by name; of the worst circumstance.
    scores : dict
        Its mean scores; of the worst circumstance.
    by : str
        What was made small among those that qualify: a cost, or a score.
    candidates : pandas.DataFrame
        Every choice: the factors that one can choose, costs, worst scores, ``affordable``, ``standing``,
        ``excess`` (largest score over its bound; at most 1 where all are met on average), ``complete``
        (seen in all circumstances).
    reason : str
        In words: why this one, or why none.
    """

    setting: dict[str, Any] | None
    standing: Standing | None
    costs: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    by: str
    candidates: Frame
    reason: str


def best_setting(
    table: StudyTable,
    *,
    wanted: Mapping[str, float] | None = None,
    maximum: Mapping[str, float] | None = None,
    by: str | None = None,
    level: float = 0.95,
    fixed: Mapping[str, Any] | None = None,
) -> BestSetting:
    """Find the best design of a study under constraints.

    Parameters
    ----------
    table : StudyTable
        Settings are combinations of the factors that one can choose; each must do in every circumstance
        that one cannot (particles, imperfections).
    wanted : mapping, optional
        Score to bound; by default the table's. May be empty.
    maximum : mapping, optional
        Cost (``total_fluence_e_nm2``, ``minutes``, …) to the most that one can afford.
    by : str, optional
        What to make small among those that qualify; by default the first cost that differs between settings
        where something is wanted (`EXCESS` where none does), else the first score.
    level : float
        Confidence of ``"proven"``.
    fixed : mapping, optional
        Levels of factors that are not open: only these settings count.

    Returns
    -------
    BestSetting
        The cheapest proven setting if there is one, else the cheapest that meets all on average, else the
        one that comes nearest.

    Notes
    -----
    A mean is proven to meet its bound when its one-sided Student limit does, from `LEAST_REPLICATES` values
    or more, a success probability when its one-sided Clopper-Pearson limit does. All must hold together, in
    all circumstances, so that each alone is tested at `level` and no correction is needed (an
    intersection-union test). The search over settings does favour the lucky ones: confirm the winner with
    fresh seeds (``glasstomo design check``).

    References
    ----------
    G. Casella, R. L. Berger, Statistical Inference, 2nd ed. (2002), section 8.2.3: intersection-union tests.
    """
    check_level(level)
    wanted = dict(table.wanted) if wanted is None else check_wanted(wanted)
    maximum = check_maximum(maximum or {})
    if not table.scores:
        return nothing_known(table, by)
    absent = [name for name in wanted if not table.holds(score_rule(name).column)]
    wanted = {name: bound for name, bound in wanted.items() if name not in absent}
    costs = setting_costs(table)
    check_known(maximum, costs)
    by = by or default_aim(table, costs, wanted)
    choices = judged_choices(table, costs, wanted=wanted, by=by, level=level)
    for name, value in (fixed or {}).items():
        column, at = choice_level(table, name, value)
        choices = choices[(choices[column] == at).to_numpy()]
    affordable = np.ones(len(choices), bool)
    for name, most in maximum.items():
        affordable &= choices[name].to_numpy(float) <= most
    choices = choices.assign(affordable=affordable).reset_index(drop=True)
    winner, reason = choose(choices, wanted, maximum, by)
    if winner is None:
        return BestSetting(setting=None, standing=None, by=by, candidates=choices, reason=reason)
    row = choices.loc[winner]
    return BestSetting(
        setting={one.name: plain(row[one.name]) for one in table.choices},
        standing=row["standing"],
        costs={name: float(row[name]) for name in COSTS if name in choices},
        scores={name: float(row[name]) for name in SCORE_RULES if name in choices},
        by=by,
        candidates=choices,
        reason=reason,
    )


def nothing_known(table: StudyTable, by: str | None) -> BestSetting:
    """Return the answer of a study without a single score."""
    import pandas as pd

    every = "Every cell that has run failed." if table.failed == len(table.rows) else "No cell has a score."
    return BestSetting(setting=None, standing=None, by=by or "", candidates=pd.DataFrame(), reason=every)


def choice_level(table: StudyTable, name: str, value: Any) -> tuple[str, Any]:
    """Return the column of a factor, and its level that a value or its text means.

    Raises
    ------
    ValueError
        If the factor is not one that varies and can be chosen, or has no such level.
    """
    choices = {one.name: one for one in table.choices}
    name = f"{name}_" if name not in choices and f"{name}_" in choices else name
    if name not in choices:
        raise ValueError(f"{name!r} is no factor to choose; this study has {', '.join(choices) or 'none'}")
    for level in choices[name].levels:
        if value == level or str(value) in (str(level), choices[name].level_text(level)):
            return name, level
        if choices[name].numeric and same_number(value, level):
            return name, level
    known = ", ".join(str(plain(level)) for level in choices[name].levels)
    raise ValueError(f"{name} has no level {value!r}; it has {known}")


def same_number(value: Any, level: float) -> bool:
    """Whether a number, or its text, is that level."""
    try:
        return float(value) == level
    except (TypeError, ValueError):
        return False


def plain(value: Any) -> Any:
    """Return a number of numpy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value


def check_maximum(maximum: Mapping[str, float]) -> dict[str, float]:
    """Check names and values of what one can afford.

    Raises
    ------
    ValueError
        If a cost is unknown or no positive number.
    """
    for name, most in maximum.items():
        if name not in COSTS:
            raise ValueError(f"no cost {name!r}; known: {', '.join(COSTS)}")
        if not most > 0:
            raise ValueError(f"the most of {name} must be above 0, got {most!r}")
    return dict(maximum)


def check_known(maximum: Mapping[str, float], costs: Frame) -> None:
    """Refuse a limit on a cost that the table does not hold.

    Raises
    ------
    ValueError
        If it does not.
    """
    for name in maximum:
        if name not in costs:
            raise ValueError(f"the table holds no {name}: it cannot be limited")


def default_aim(table: StudyTable, costs: Frame, wanted: Mapping[str, float]) -> str:
    """Return what is to be small.

    Where something is wanted the first cost that differs between settings, or `EXCESS` where none does; else
    the first score. Computing time is never chosen: it differs from run to run.
    """
    if not wanted:
        return table.scores[0]
    varied = [name for name in COSTS if name in costs and differs(costs[name].to_numpy(float))]
    return next((name for name in varied if name != "seconds"), EXCESS)


def judged_choices(
    table: StudyTable, costs: Frame, *, wanted: Mapping[str, float], by: str, level: float
) -> Frame:
    """Return every choice with its costs, its worst scores and how it stands over all circumstances."""
    import pandas as pd

    shown = list(wanted) + [by] * (by in SCORE_RULES and by not in wanted)
    held = [*table.scores, *(name for name in COSTS if name in costs)]
    if by not in held and not (by == EXCESS and wanted):
        raise ValueError(f"cannot choose by {by!r}: the table holds {', '.join(held)}")
    names = [one.name for one in table.choices]
    # A one-sided limit at `level` is one end of a two-sided interval at 2 level - 1.
    two_sided = max(2 * level - 1, 1e-9)
    summary = aggregate(table, scores=shown, wanted=wanted, level=two_sided, interval="clopper_pearson")
    choice = group_codes(costs, names)
    circumstances = len(costs.drop_duplicates([one.name for one in table.given])) if table.given else 1
    parts = {name: summary[summary["score"] == name].reset_index(drop=True) for name in shown}
    found = []
    for code in dict.fromkeys(choice.tolist()):
        inside = np.flatnonzero(choice == code)
        row: dict[str, Any] = {name: costs[name].iloc[inside[0]] for name in names}
        row |= {name: costs[name].iloc[inside].max() for name in COSTS if name in costs}
        row |= {name: worst_mean(score_rule(name), part.iloc[inside]) for name, part in parts.items()}
        states = [
            standing(score_rule(name), parts[name].iloc[k], wanted[name]) for name in wanted for k in inside
        ]
        asked = [state for state in states if state is not None]
        row["complete"] = len(inside) == circumstances
        row["standing"] = worst_standing(asked, complete=row["complete"])
        judged = [name for name in wanted if parts[name]["judged"].iloc[inside].any()]
        row["excess"] = max(
            (excess(score_rule(name), row[name], wanted[name]) for name in judged), default=np.nan
        )
        found.append(row)
    return pd.DataFrame(found)


def worst_mean(rule: ScoreRule, part: Frame) -> float:
    """Return the mean of the circumstance in which the score is worst."""
    column = "share" if rule.rule == "share" and "share" in part else "mean"
    means = part[column].to_numpy(float)
    known = np.isfinite(means)
    return float(means[known][np.argmax(loss(rule, means[known]))]) if known.any() else float("nan")


def standing(rule: ScoreRule, row: Frame, bound: float) -> Standing | None:
    """Say how one setting stands to one bound; None where the score cannot be asked."""
    if row["judged"] == 0:
        return None
    state: Standing = "likely"
    if rule.rule == "share":
        if row["share"] < bound:
            state = "missed"
        elif row["share_low"] >= bound:
            state = "proven"
        return state
    if not meets(rule, row["mean"], bound):
        return "missed"
    if row["values"] < row["judged"]:
        # Replicates without a value are no evidence for a mean.
        return "open"
    ends = {"at_most": ["high"], "at_least": ["low"]}.get(rule.rule, ["low", "high"])
    enough = row["values"] >= LEAST_REPLICATES
    return "proven" if enough and all(meets(rule, row[end], bound) for end in ends) else state


def meets(rule: ScoreRule, value: float, bound: float) -> bool:
    """Whether one value is good enough."""
    return bool(rule.holds(np.asarray(value, float), bound))


def worst_standing(states: Sequence[str], *, complete: bool) -> Standing:
    """Return the worst of several; a choice not seen in all circumstances is at best open."""
    if not states:
        return "open"
    rank = max(STANDINGS.index(state) for state in states)
    return STANDINGS[rank if complete else max(rank, STANDINGS.index("open"))]


def excess(rule: ScoreRule, mean: float, bound: float) -> float:
    """Return a score over its bound: 1 on it, above 1 where it is missed, infinite where it has no value.

    Examples
    --------
    >>> excess(SCORE_RULES["density_bias"], -0.6, 0.3), excess(SCORE_RULES["mixing_state"], 0.5, 0.95)
    (2.0, 1.9)
    """
    if not np.isfinite(mean):
        return float("inf")
    if rule.rule in ("at_most", "within"):
        return float(abs(mean) / bound)
    return float(bound / mean) if mean > 0 else float("inf")


def choose(
    choices: Frame, wanted: Mapping[str, float], maximum: Mapping[str, float], by: str
) -> tuple[Any, str]:
    """Return the row of the best choice and why it is that one."""
    open_to = choices[choices["affordable"]]
    limits = ", ".join(limit_text(name, most) for name, most in maximum.items())
    if not len(open_to):
        return None, f"No setting of this study is within {limits}." if limits else "There is no setting."
    aim = open_to[by].to_numpy(float)
    aim = loss(SCORE_RULES[by], aim) if by in SCORE_RULES else aim
    within = f" within {limits}" if limits else ""
    label = "excess" if by == EXCESS else SCORE_RULES[by].label if by in SCORE_RULES else COSTS[by]
    label = lower(label.partition(" (")[0])
    if not wanted:
        if not np.isfinite(aim).any():
            return None, f"No setting{within} has a value of {label} yet."
        return open_to.index[least(open_to, aim)], f"Best in {label}{within}."
    words = {"proven": "proven to give", "likely": "giving on average"}
    for state in ("proven", "likely"):
        fit = (open_to["standing"] == state).to_numpy() & np.isfinite(aim)
        if fit.any():
            best = open_to.index[fit][least(open_to[fit], aim[fit])]
            if by == EXCESS:
                return best, f"Most margin of the settings {words[state]} all that is wanted{within}."
            way = "Best" if by in SCORE_RULES else "Least"
            return best, f"{way} {label} of the settings {words[state]} all that is wanted{within}."
    far = open_to["excess"].to_numpy(float)
    if not np.isfinite(far).any():
        return None, f"No setting{within} has all figures that are wanted yet."
    return open_to.index[
        np.nanargmin(far)
    ], f"No setting{within} gives all that is wanted; this comes nearest."


def limit_text(name: str, most: float) -> str:
    """Write what one can afford.

    Examples
    --------
    >>> limit_text("minutes", 60.0)
    'time at the microscope ≤ 60 min'
    """
    label, _, unit = COSTS[name].rstrip(")").partition(" (")
    return f"{lower(label)} ≤ {level_number(most)} {unit}".rstrip()


def least(choices: Frame, aim: np.ndarray) -> int:
    """Return the place of the least aim; of equal ones the cheapest, then the farthest within the bounds."""
    # Computing time differs from run to run and must not decide; the last key counts most.
    names = ["excess", *(name for name in reversed(tuple(COSTS)) if name != "seconds")]
    keys = [choices[name].to_numpy(float) for name in names if name in choices]
    return int(np.lexsort([np.nan_to_num(key, nan=np.inf, posinf=np.inf) for key in [*keys, aim]])[0])
