"""Answers of a study in a few lines: tables of means for the documents, and the least level that does."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .score_rules import Frame

if TYPE_CHECKING:
    import pandas as pd


def mean_table(
    rows: "pd.DataFrame",
    score: str,
    *,
    down: str | Sequence[str],
    across: str,
    where: Mapping[str, Any] | None = None,
    modulus: bool = False,
) -> "pd.DataFrame":
    """Average a score over replicates, for every level of some factors.

    Parameters
    ----------
    rows : pandas.DataFrame
        Results of a study.
    score : str
        Column to average.
    down, across : str or sequence of str, str
        Factor columns that make the rows and the columns of the table; what else varies is averaged too.
    where : mapping, optional
        Column to value: the rows to keep.
    modulus : bool
        Average the modulus: how far from zero a signed error is as a rule, whatever its sign.

    Returns
    -------
    pandas.DataFrame
        Means; NaN where no cell finished with a value. A cell without a value is left out: compare `counts`
        of a score like ``mixing_state_right``, which has one in every finished cell.

    Raises
    ------
    ValueError
        When a column is missing or nothing is left.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"count": [7, 7, 15], "method": ["tv"] * 3, "dice": [0.8, 0.9, 0.95]})
    >>> mean_table(rows, "dice", down="method", across="count").round(2).values.tolist()
    [[0.85, 0.95]]
    """
    where = dict(where or {})
    down = [down] if isinstance(down, str) else list(down)
    _check_columns(rows, [score, *down, across, *where])
    kept = _where(rows, where)
    values: Frame = kept[score].abs() if modulus else kept[score]
    means: Frame = (
        kept.assign(**{score: values.astype(float)}).groupby([*down, across], sort=False)[score].mean()
    )
    return means.unstack(across).sort_index(axis=1)


def least_level(
    rows: "pd.DataFrame",
    score: str,
    *,
    along: str,
    by: str | Sequence[str],
    at_most: float | None = None,
    within: float | None = None,
    where: Mapping[str, Any] | None = None,
) -> "pd.Series":
    """Find the least level of a factor from which on a score, smaller is better, is good enough.

    Parameters
    ----------
    rows : pandas.DataFrame
        Results of a study.
    score : str
        Averaged over replicates.
    along : str
        Numeric factor whose least level is sought.
    by : str or sequence of str
        Factors that the answer is given for.
    at_most : float, optional
        Good enough is a mean of at most this.
    within : float, optional
        Or: good enough is at most ``1 + within`` times the best mean over all levels, for each level of `by`.
    where : mapping, optional
        Column to value: the rows to keep.

    Returns
    -------
    pandas.Series
        The least level, by `by`; NaN where no level is good enough. It is the first of the levels that were
        run, no interpolation; a larger level may be worse again.

    Raises
    ------
    ValueError
        When not exactly one of `at_most` and `within` is given, or a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"count": [3, 5, 9] * 2, "scale": [50.0] * 3 + [99.0] * 3,
    ...                      "nrmse": [0.9, 0.5, 0.2, 0.3, 0.21, 0.2]})
    >>> least_level(rows, "nrmse", along="count", by="scale", within=0.1).to_dict()
    {50.0: 9.0, 99.0: 5.0}
    """
    if (at_most is None) == (within is None):
        raise ValueError("give either `at_most`, a bound, or `within`, a share above the best")
    table = mean_table(rows, score, down=by, across=along, where=where)
    bound = np.full(len(table), at_most) if within is None else (1.0 + within) * table.min(axis=1).to_numpy()
    good = table.to_numpy() <= np.asarray(bound, float)[:, None]
    levels = np.asarray(table.columns, float)
    found = np.where(good.any(axis=1), levels[good.argmax(axis=1)], np.nan)
    import pandas as pd

    return pd.Series(found, index=table.index, name=along).sort_index()


def markdown(table: "pd.DataFrame", *, digits: int = 3) -> str:
    """Write a table of means as Markdown, a dash for what is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> print(markdown(pd.DataFrame({7: [0.812], 15: [float("nan")]}, index=pd.Index(["tv"], name="method"))))
    | method | 7 | 15 |
    |---|---:|---:|
    | tv | 0.812 | – |
    """
    names = [str(name or "") for name in table.index.names]
    head = [*names, *(_level(column) for column in table.columns)]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(names)}{'---:|' * table.shape[1]}"]
    for label, values in zip(table.index, table.to_numpy(float), strict=True):
        labels = label if isinstance(label, tuple) else (label,)
        cells = [f"{value:.{digits}f}" if np.isfinite(value) else "–" for value in values]
        lines.append(f"| {' | '.join([*(_level(one) for one in labels), *cells])} |")
    return "\n".join(lines)


def _level(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float | np.number) else str(value)


def _where(rows: "pd.DataFrame", where: Mapping[str, Any]) -> Frame:
    kept: Frame = rows
    for column, value in where.items():
        kept = kept[kept[column] == value]
    if kept.empty:
        raise ValueError(f"no row has {', '.join(f'{name} = {value!r}' for name, value in where.items())}")
    return kept


def _check_columns(rows: "pd.DataFrame", columns: Sequence[str]) -> None:
    for name in columns:
        if name not in rows:
            raise ValueError(f"the table has no column {name!r}; it has {', '.join(map(str, rows.columns))}")
