"""Marginal effects: what changing one factor alone does to a score, from pairs with common random numbers."""

from collections.abc import Sequence

import numpy as np

from .aggregate import asked_rows
from .factor_column import FactorColumn
from .intervals import check_level, mean_interval
from .score_rules import Frame, score_rule
from .study_table import StudyTable


def effects(
    table: StudyTable,
    *,
    scores: Sequence[str] | None = None,
    factors: Sequence[str] | None = None,
    reference: str = "first",
    level: float = 0.95,
) -> Frame:
    """Estimate the marginal effect of every level of every factor.

    Parameters
    ----------
    table : StudyTable
        Finished or not: only pairs of which both cells are there count.
    scores : sequence of str, optional
        Names of `SCORE_RULES`; by default all that the table holds.
    factors : sequence of str, optional
        By default all that vary.
    reference : {"first", "previous"}
        Compare each level with the first one, or with the one before it.
    level : float
        Confidence of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per score, factor and level other than the first: ``score``, ``factor``, ``label``,
        ``level``, ``reference``, ``pairs``, ``replicates``, ``kind`` ("ratio" or "difference"),
        ``effect``, ``low``, ``high``, ``standard_error`` (of the logarithm for a ratio) and
        ``pairing_gain``: by what factor the variance would be larger without common random numbers.

    Notes
    -----
    A pair is two cells that differ in this factor only and share replicate, hence particle and noise. The
    effect is the mean of the paired differences, or for positive scores that span decades the geometric
    mean of the ratios. Pairs of one replicate share their random numbers and are not independent: the
    standard error is the cluster-robust one with replicates as clusters,

        s² = G/(G − 1) · Σ_g (Σ_{i∈g} (d_i − d̄))² / n²,

    with G replicates and n pairs, and Student's t with G − 1 degrees of freedom. In a finished study this is
    the textbook standard error of the mean over replicates. One replicate leaves it unknown.

    References
    ----------
    J. P. C. Kleijnen, Manage. Sci. 34, 65 (1988), doi:10.1287/mnsc.34.1.65.
    A. C. Cameron, D. L. Miller, J. Hum. Resour. 50, 317 (2015), doi:10.3368/jhr.50.2.317.
    """
    import pandas as pd

    check_level(level)
    if reference not in ("first", "previous"):
        raise ValueError(f"`reference` must be first or previous, got {reference!r}")
    scores = table.scores if scores is None else scores
    chosen = table.varied if factors is None else tuple(table.factor(name) for name in factors)
    found = []
    for name in scores:
        for factor in chosen:
            cells = paired_cells(table, name, factor)
            for rank in range(1, len(factor.levels)):
                against = 0 if reference == "first" else rank - 1
                pair = cells[[against, rank]].to_numpy(float)
                replicates = cells.index.get_level_values("replicate").to_numpy()
                row = paired_effect(pair[:, 0], pair[:, 1], replicates, ratio=score_rule(name).ratio)
                found.append(
                    {
                        "score": name,
                        "factor": factor.name,
                        "label": factor.label,
                        "level": factor.level_text(factor.levels[rank]),
                        "reference": factor.level_text(factor.levels[against]),
                        **row,
                    }
                )
    columns = "score factor label level reference pairs replicates kind effect standard_error pairing_gain"
    frame = pd.DataFrame(found, columns=columns.split())
    return with_interval(frame, level)


def with_interval(frame: Frame, level: float) -> Frame:
    """Add ``low`` and ``high``; those of a ratio follow from its logarithm."""
    ratio = (frame["kind"] == "ratio").to_numpy()
    effect = frame["effect"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.where(ratio, np.log(effect), effect)
    low, high = mean_interval(
        middle, frame["standard_error"].to_numpy(float), frame["replicates"].to_numpy(float), level=level
    )
    return frame.assign(low=np.where(ratio, np.exp(low), low), high=np.where(ratio, np.exp(high), high))


def paired_cells(table: StudyTable, score: str, factor: FactorColumn) -> Frame:
    """Lay a score out with one row per setting of the other factors and replicate.

    Returns
    -------
    pandas.DataFrame
        Columns: ranks of the factor's levels. Index: the other factors' ranks, and ``replicate``. NaN where
        a cell is missing, failed or has no value.
    """
    rule = score_rule(score)
    rows = table.rows
    values = rows[rule.column].to_numpy(float)
    # The signs of a worst one of several are a matter of which it was.
    values = np.abs(values) if rule.of else values
    others = [one for one in table.varied if one.name != factor.name]
    ranks = {
        f"other_{k}": rows[one.name].map({level: rank for rank, level in enumerate(one.levels)})
        for k, one in enumerate(others)
    }
    keyed = rows.assign(
        **ranks,
        value=np.where(asked_rows(table, rule), values, np.nan),
        rank=rows[factor.name].map({level: rank for rank, level in enumerate(factor.levels)}),
    )
    wide = keyed.pivot(index=[*ranks, "replicate"], columns="rank", values="value")
    return wide.reindex(columns=range(len(factor.levels)))


def paired_effect(
    before: np.ndarray, after: np.ndarray, replicates: np.ndarray, *, ratio: bool
) -> dict[str, float | int | str]:
    """Estimate a mean paired difference, or ratio, with its cluster-robust standard error.

    Parameters
    ----------
    before, after : numpy.ndarray
        (n,) values of the pairs; NaN where one is missing.
    replicates : numpy.ndarray
        (n,) the replicate of each pair.
    ratio : bool
        Compare logarithms, where all values are positive.

    Returns
    -------
    dict
        ``pairs``, ``replicates``, ``kind``, ``effect``, ``standard_error``, ``pairing_gain``.

    Examples
    --------
    >>> paired_effect(np.array([1.0, 2.0]), np.array([1.5, 2.6]), np.array([0, 1]), ratio=False)["effect"]
    0.55
    """
    there = np.isfinite(before) & np.isfinite(after)
    before, after, replicates = before[there], after[there], replicates[there]
    # One exact zero (a solver that leaves nothing of the wrong metal) has no logarithm.
    ratio = ratio and bool(np.all(before > 0) and np.all(after > 0))
    if ratio:
        before, after = np.log(before), np.log(after)
    difference = after - before
    names, cluster = np.unique(replicates, return_inverse=True)
    pairs, clusters = len(difference), len(names)
    effect = float(difference.mean()) if pairs else float("nan")
    error = cluster_error(difference, cluster, clusters)
    apart = np.hypot(cluster_error(before, cluster, clusters), cluster_error(after, cluster, clusters))
    return {
        "pairs": pairs,
        "replicates": clusters,
        "kind": "ratio" if ratio else "difference",
        "effect": float(np.exp(effect)) if ratio else effect,
        "standard_error": error,
        "pairing_gain": float((apart / error) ** 2) if error > 0 else float("nan"),
    }


def cluster_error(values: np.ndarray, cluster: np.ndarray, clusters: int) -> float:
    """Return the standard error of a mean whose values are independent between clusters only.

    Examples
    --------
    >>> cluster_error(np.array([1.0, 1.0, 3.0, 3.0]), np.array([0, 0, 1, 1]), 2)
    1.0
    """
    if clusters < 2:
        return float("nan")
    sums = np.bincount(cluster, values - values.mean(), minlength=clusters)
    return float(np.sqrt(clusters / (clusters - 1) * np.sum(sums**2)) / len(values))
