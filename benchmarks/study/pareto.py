"""Pareto fronts: the settings that no other one beats in everything at once."""

from collections.abc import Sequence

import numpy as np

from .aggregate import differs, setting_costs, settings_of, statistics
from .score_rules import COSTS, SCORE_RULES, Frame, ScoreRule, score_rule
from .study_table import StudyTable


def nondominated(losses: np.ndarray) -> np.ndarray:
    """Say which points no other point beats.

    Parameters
    ----------
    losses : numpy.ndarray
        (n, d), the smaller the better. A point with an unknown (NaN) loss is on no front.

    Returns
    -------
    numpy.ndarray
        (n,) bool. A point is left out when another is at least as good in every loss and better in one;
        equal points stay or go together.

    Examples
    --------
    >>> nondominated(np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 4.0], [np.nan, 0.0]]))
    array([ True,  True, False, False])
    """
    losses = np.asarray(losses, float)
    if losses.ndim != 2:
        raise ValueError(f"`losses` must have two axes (points, losses), got shape {losses.shape}")
    found = np.zeros(len(losses), bool)
    known = np.flatnonzero(~np.isnan(losses).any(axis=1))
    # In lexicographic order nothing that comes later can beat what came before.
    order = known[np.lexsort(losses[known].T[::-1])]
    front = np.empty((0, losses.shape[1]))
    for index in order:
        point = losses[index]
        beaten = (front <= point).all(axis=1) & (front < point).any(axis=1)
        if not beaten.any():
            found[index] = True
            front = np.vstack([front, point])
    return found


def loss(rule: ScoreRule, mean: np.ndarray) -> np.ndarray:
    """Return what is to be made small: the mean, its modulus for a bias, its negative for a share.

    Examples
    --------
    >>> loss(SCORE_RULES["density_bias"], np.array([-0.2])), loss(SCORE_RULES["dice"], np.array([0.9]))
    (array([0.2]), array([-0.9]))
    """
    if rule.rule == "at_most":
        return mean
    return np.abs(mean) if rule.rule == "within" else -mean


def pareto_front(
    table: StudyTable, *, objectives: Sequence[str], resamples: int = 200, seed: int = 0
) -> Frame:
    """Find the settings of which no other is better in every objective.

    Parameters
    ----------
    table : StudyTable
        Settings are compared within equal levels of the given factors (the particle, its imperfections):
        nobody trades one particle for another.
    objectives : sequence of str
        Names of scores and of costs, two or more; the mean over the replicates counts.
    resamples : int
        Bootstrap samples of the replicates for ``front_share``; 0 leaves it out.
    seed : int
        Of these samples.

    Returns
    -------
    pandas.DataFrame
        One row per setting: the factors, one column per objective, ``front`` (bool) and ``front_share``.

    Notes
    -----
    ``front_share`` is the share of bootstrap samples in which the setting is on the front. Whole replicates
    are drawn, for all settings the same ones, so that the common random numbers stay common. With few
    replicates it is a hint, not a probability.
    """
    if len(objectives) < 2:
        raise ValueError(f"a front needs two objectives or more, got {len(objectives)}")
    settings, code = settings_of(table)
    groups = group_codes(settings, [one.name for one in table.given])
    values = [objective_values(table, name) for name in objectives]
    found = settings.copy()
    for name, value in zip(objectives, values, strict=True):
        found[name] = statistics(value, code, len(settings), 0.95)["mean"]
    found["front"] = front_by_group(found[list(objectives)].to_numpy(float), objectives, groups)
    if resamples:
        found["front_share"] = front_shares(
            table, values, objectives, code, groups, resamples=resamples, seed=seed
        )
    return found


def front_shares(
    table: StudyTable,
    values: Sequence[np.ndarray],
    objectives: Sequence[str],
    code: np.ndarray,
    groups: np.ndarray,
    *,
    resamples: int,
    seed: int,
) -> np.ndarray:
    """Return how often each setting is on the front when replicates are drawn anew."""
    rng = np.random.default_rng(seed)
    _, replicate = np.unique(table.rows["replicate"].to_numpy(), return_inverse=True)
    number, settings = int(replicate.max()) + 1, len(groups)
    known = [np.isfinite(value) for value in values]
    # Sums of every setting and replicate; a sample then only weighs replicates.
    sums = [np.zeros((settings, number)) for _ in values]
    counts = [np.zeros((settings, number)) for _ in values]
    for value, there, total, count in zip(values, known, sums, counts, strict=True):
        np.add.at(total, (code[there], replicate[there]), value[there])
        np.add.at(count, (code[there], replicate[there]), 1.0)
    times = np.zeros(settings)
    for _ in range(resamples):
        weight = np.bincount(rng.integers(0, number, number), minlength=number).astype(float)
        with np.errstate(invalid="ignore"):
            means = np.column_stack(
                [(total @ weight) / (count @ weight) for total, count in zip(sums, counts, strict=True)]
            )
        times += front_by_group(means, objectives, groups)
    return times / resamples


def front_by_group(means: np.ndarray, objectives: Sequence[str], groups: np.ndarray) -> np.ndarray:
    """Return the front within each group of settings."""
    losses = np.column_stack(
        [
            means[:, k] if name in COSTS else loss(score_rule(name), means[:, k])
            for k, name in enumerate(objectives)
        ]
    )
    found = np.zeros(len(means), bool)
    for group in np.unique(groups):
        inside = groups == group
        found[inside] = nondominated(losses[inside])
    return found


def group_codes(settings: Frame, names: Sequence[str]) -> np.ndarray:
    """Number the combinations of some factors."""
    if not names:
        return np.zeros(len(settings), int)
    return settings.groupby(list(names), sort=False).ngroup().to_numpy()


def objective_values(table: StudyTable, name: str) -> np.ndarray:
    """Return a score or a cost of every row; of a worst one of several its modulus.

    Raises
    ------
    ValueError
        If it is neither, or the table does not hold it.
    """
    if name not in COSTS and name not in SCORE_RULES:
        raise ValueError(f"no score or cost {name!r}; known: {', '.join([*SCORE_RULES, *COSTS])}")
    column = name if name in COSTS else SCORE_RULES[name].column
    if not table.holds(column):
        raise ValueError(f"the table holds no {name}: it cannot be an objective")
    values = table.rows[column].to_numpy(float)
    return np.abs(values) if name in SCORE_RULES and SCORE_RULES[name].of else values


def known_costs(table: StudyTable) -> tuple[str, ...]:
    """Return the costs at the microscope that differ between settings."""
    costs = setting_costs(table)
    return tuple(
        name
        for name in ("total_fluence_e_nm2", "minutes")
        if name in costs and differs(costs[name].to_numpy(float))
    )
