"""Replicates to settings: means with intervals, success probabilities, costs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .intervals import check_level, clopper_pearson, mean_interval, wilson
from .score_rules import COSTS, Frame, ScoreRule, score_rule
from .study_table import StudyTable

if TYPE_CHECKING:
    import numpy as np

EVERYTHING = "everything"
"""Name of the success of all wanted scores together."""

_INTERVALS = {"wilson": wilson, "clopper_pearson": clopper_pearson}


def settings_of(table: StudyTable) -> tuple[Frame, "np.ndarray"]:
    """Return the settings of a study, and the setting of each row.

    Parameters
    ----------
    table : StudyTable
        Rows and factors.

    Returns
    -------
    settings : pandas.DataFrame
        One row per combination of factor levels that occurs, in the order of the levels; columns: the
        factors.
    code : numpy.ndarray
        (rows,) row of `settings` that each row of the table belongs to.
    """
    import numpy as np
    import pandas as pd

    names = [one.name for one in table.factors]
    order = {one.name: {level: rank for rank, level in enumerate(one.levels)} for one in table.factors}
    if not names:
        return pd.DataFrame(index=[0]), np.zeros(len(table.rows), int)
    ranks = np.column_stack([table.rows[name].map(order[name]).to_numpy(int) for name in names])
    kinds, code = np.unique(ranks, axis=0, return_inverse=True)
    settings = pd.DataFrame(
        {one.name: [one.levels[rank] for rank in kinds[:, k]] for k, one in enumerate(table.factors)}
    )
    return settings, code.reshape(-1)


def judge(table: StudyTable, wanted: Mapping[str, float] | None = None) -> Frame:
    """Say of every row which wanted scores it meets.

    A cell that failed, or that could not give a score that was asked of it, does not meet it. A score that
    cannot be asked of a row (the miscibility limit of a segregated particle) is NaN and counts neither way.

    Parameters
    ----------
    table : StudyTable
        Rows and, by default, what is wanted of them.
    wanted : mapping, optional
        Score to bound, instead.

    Returns
    -------
    pandas.DataFrame
        One column per wanted score and `EVERYTHING`; 1.0 met, 0.0 not, NaN not asked.
    """
    import numpy as np
    import pandas as pd

    wanted = table.wanted if wanted is None else wanted
    found = {}
    for name, bound in wanted.items():
        rule = score_rule(name)
        met = rule.holds(table.rows[rule.column].to_numpy(float), bound)
        found[name] = np.where(asked_rows(table, rule), met.astype(float), np.nan)
    if found:
        every = np.column_stack(list(found.values()))
        none_asked = np.isnan(every).all(axis=1)
        worst = np.where(np.isnan(every), 1.0, every).min(axis=1)
        found[EVERYTHING] = np.where(none_asked, np.nan, worst)
    return pd.DataFrame(found, index=table.rows.index)


def asked_rows(table: StudyTable, rule: ScoreRule) -> "np.ndarray":
    """Whether a score is asked of each row; of a failed row only where its setting's others are asked."""
    import numpy as np

    asked = rule.asked(table.rows)
    _, code = settings_of(table)
    done = table.rows["status"].to_numpy() == "done"
    finished = np.bincount(code, done)
    asked_done = np.bincount(code, asked & done)
    never = (finished > 0) & (asked_done == 0)
    return asked & ~never[code]


def aggregate(
    table: StudyTable,
    *,
    scores: Sequence[str] | None = None,
    wanted: Mapping[str, float] | None = None,
    level: float = 0.95,
    interval: str = "wilson",
) -> Frame:
    """Summarise the replicates of every setting.

    Parameters
    ----------
    table : StudyTable
        Finished or not.
    scores : sequence of str, optional
        Names of `SCORE_RULES`; by default all that the table holds.
    wanted : mapping, optional
        Score to bound; by default the table's.
    level : float
        Confidence of the intervals.
    interval : {"wilson", "clopper_pearson"}
        Of the success probability.

    Returns
    -------
    pandas.DataFrame
        One row per setting and score, in tidy form: the factors, ``score``, ``values`` (replicates with
        one), ``failed``, ``mean``, ``sd``, ``standard_error``, ``low``, ``high`` (Student interval of the
        mean), ``median``; and where the score is wanted ``wanted``, ``judged`` (replicates that could be
        judged, failed ones included), ``met``, ``share``, ``share_low``, ``share_high``. The score
        `EVERYTHING` has the share of replicates that meet all that is wanted at once.

    Notes
    -----
    Replicates of one setting are independent draws of particle and noise, so plain statistics hold within a
    setting. Settings share their draws (common random numbers): to compare two of them use `effects`, whose
    paired differences are far sharper than these intervals suggest.
    """
    import numpy as np
    import pandas as pd

    check_level(level)
    if interval not in _INTERVALS:
        raise ValueError(f"`interval` must be one of {', '.join(_INTERVALS)}, got {interval!r}")
    wanted = table.wanted if wanted is None else wanted
    scores = table.scores if scores is None else scores
    settings, code = settings_of(table)
    number = len(settings)
    failed = np.bincount(code, table.rows["status"].to_numpy() != "done", minlength=number)
    verdicts = judge(table, wanted)
    parts = []
    for name in [*scores, *([EVERYTHING] if wanted else [])]:
        part = settings.assign(score=name)
        if name != EVERYTHING:
            part = part.assign(**score_statistics(table, score_rule(name), code, number, level))
        part = part.assign(failed=failed.astype(int))
        if name in verdicts:
            shares = success(verdicts[name].to_numpy(), code, number, level, interval)
            part = part.assign(wanted=wanted.get(name, np.nan), **shares)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else settings.assign(score="").iloc[:0]


def score_statistics(
    table: StudyTable, rule: ScoreRule, code: "np.ndarray", number: int, level: float
) -> dict[str, "np.ndarray"]:
    """Return the statistics of a score; of a worst one those of the column that reaches farthest."""
    import numpy as np

    columns = [column for column in rule.of if table.holds(column)] or [rule.column]
    found = [statistics(table.rows[one].to_numpy(float), code, number, level) for one in columns]
    reach = np.array([np.fmax(abs(one["mean"]), np.fmax(abs(one["low"]), abs(one["high"]))) for one in found])
    worst = np.nanargmax(np.where(np.isnan(reach), -1.0, reach), axis=0)
    return {
        name: np.take_along_axis(np.array([one[name] for one in found]), worst[None], axis=0)[0]
        for name in found[0]
    }


def statistics(
    values: "np.ndarray", code: "np.ndarray", number: int, level: float
) -> dict[str, "np.ndarray"]:
    """Return number, mean, spread, interval and median of the known values of each setting."""
    import numpy as np
    import pandas as pd

    known = np.isfinite(values)
    count = np.bincount(code[known], minlength=number)
    some = np.maximum(count, 1)
    mean = np.bincount(code[known], values[known], minlength=number) / some
    # Two passes: the textbook difference of squares loses the spread of values that hardly differ.
    squares = np.bincount(code[known], (values[known] - mean[code[known]]) ** 2, minlength=number)
    mean = np.where(count > 0, mean, np.nan)
    sd = np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)
    error = sd / np.sqrt(some)
    low, high = mean_interval(mean, error, count, level=level)
    median = pd.Series(values).groupby(code).median().reindex(range(number)).to_numpy(float)
    return {
        "values": count,
        "mean": mean,
        "sd": sd,
        "standard_error": error,
        "low": low,
        "high": high,
        "median": median,
    }


def success(
    met: "np.ndarray", code: "np.ndarray", number: int, level: float, interval: str
) -> dict[str, "np.ndarray"]:
    """Return how many replicates of each setting were judged and met the bound, and the share's interval."""
    import numpy as np

    asked = np.isfinite(met)
    judged = np.bincount(code[asked], minlength=number)
    right = np.bincount(code[asked], met[asked], minlength=number)
    low, high = _INTERVALS[interval](right, judged, level=level)
    nothing = judged == 0
    return {
        "judged": judged,
        "met": right.astype(int),
        "share": np.where(nothing, np.nan, right / np.maximum(judged, 1)),
        "share_low": np.where(nothing, np.nan, low),
        "share_high": np.where(nothing, np.nan, high),
    }


def differs(values: "np.ndarray") -> bool:
    """Whether known values differ by more than the rounding of their means.

    Examples
    --------
    >>> differs(np.array([1.0, np.nan, 1.0 + 1e-15])), differs(np.array([1.0, 2.0]))
    (False, True)
    """
    import numpy as np

    known = values[np.isfinite(values)]
    return bool(known.size and np.ptp(known) > 1e-9 * np.abs(known).max())


def setting_costs(table: StudyTable) -> Frame:
    """Return what every setting costs.

    Returns
    -------
    pandas.DataFrame
        One row per setting: the factors, ``done``, ``failed``, and the mean of each column of `COSTS` that
        the table holds.
    """
    import numpy as np

    settings, code = settings_of(table)
    done = table.rows["status"].to_numpy() == "done"
    found = settings.assign(
        done=np.bincount(code, done, minlength=len(settings)).astype(int),
        failed=np.bincount(code, ~done, minlength=len(settings)).astype(int),
    )
    for column in COSTS:
        if column in table.rows and column not in found and table.holds(column):
            values = table.rows[column].to_numpy(float)
            found[column] = statistics(values, code, len(settings), 0.95)["mean"]
    return found
