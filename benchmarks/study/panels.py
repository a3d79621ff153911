"""How the figures of a study share out its factors: axes, panels, and what must be held fixed."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .factor_column import FactorColumn
from .score_rules import Frame
from .study_table import StudyTable

MOST_PANELS = 12
MOST_LINES = 8
# Lines that share one panel whatever they are, and panels side by side.
MOST_TOGETHER = 4
MOST_ACROSS = 3


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel: the levels of the factors that are not on its axes."""

    levels: dict[str, Any]
    title: str

    def inside(self, frame: Frame) -> np.ndarray:
        """Whether each row belongs to the panel, (n,) bool."""
        found = np.ones(len(frame), bool)
        for name, level in self.levels.items():
            found &= (frame[name] == level).to_numpy()
        return found


def panels(factors: Sequence[FactorColumn]) -> list[Panel]:
    """Return one panel for each combination of the levels of some factors."""
    found = []
    for levels in itertools.product(*(one.levels for one in factors)):
        chosen = {one.name: level for one, level in zip(factors, levels, strict=True)}
        found.append(Panel(levels=chosen, title=setting_text(factors, chosen)))
    return found


def setting_text(factors: Sequence[FactorColumn], levels: dict[str, Any]) -> str:
    """Write a setting: words alone, numbers and yes or no with what they are about."""
    words = []
    for one in factors:
        text = one.level_text(levels[one.name])
        alone = not one.numeric and text not in ("yes", "no", "none")
        words.append(text if alone else f"{one.label}: {text}")
    return ", ".join(words)


def sliced(
    table: StudyTable, axes: Sequence[str], *, most: int = MOST_PANELS
) -> tuple[StudyTable, dict[str, Any]]:
    """Hold factors at one level each until the others fit into a few panels.

    Parameters
    ----------
    table : StudyTable
        The study.
    axes : sequence of str
        Factors on the axes; they stay.
    most : int
        Panels that are allowed.

    Returns
    -------
    table : StudyTable
        With only the rows at these levels.
    fixed : dict
        Label of each factor that was held, and its level: of numbers the middle one, else the first.
    """
    fixed: dict[str, Any] = {}
    while True:
        rest = [one for one in table.varied if one.name not in axes]
        if np.prod([len(one.levels) for one in rest], dtype=float) <= most:
            return table, fixed
        table, more = at_middle(table, rest)
        fixed |= more


def at_level(table: StudyTable, factor: FactorColumn, level: Any) -> StudyTable:
    """Return the part of a study at one level of a factor."""
    rows = table.rows[(table.rows[factor.name] == level).to_numpy()].reset_index(drop=True)
    factors = tuple(
        replace(one, levels=(level,)) if one.name == factor.name else one for one in table.factors
    )
    return replace(table, rows=rows, factors=factors)


def grid(frame: Frame, x: FactorColumn, y: FactorColumn, column: str) -> np.ndarray:
    """Lay a column of settings out over two factors, (y levels, x levels), NaN where there is no setting."""
    found = np.full((len(y.levels), len(x.levels)), np.nan)
    columns = {level: k for k, level in enumerate(x.levels)}
    rows = {level: k for k, level in enumerate(y.levels)}
    for across, up, value in zip(frame[x.name], frame[y.name], frame[column], strict=True):
        found[rows[up], columns[across]] = value
    return found


def map_axes(table: StudyTable) -> tuple[FactorColumn, FactorColumn] | None:
    """Choose the two factors of a map: numbers with three levels or more, those one can choose first.

    The one that spans decades (a dose) goes up, the other one across.
    """
    numeric = [one for one in (*table.choices, *table.given) if one.numeric and len(one.levels) > 2]
    if len(numeric) < 2:
        return None
    x, y = numeric[:2]
    return (y, x) if x.log and not y.log else (x, y)


def curve_panels(table: StudyTable, x: FactorColumn) -> tuple[list[FactorColumn], list[FactorColumn]]:
    """Share out the factors beside the one along the axis: first those of panels, then those of lines.

    A few settings are lines of one panel; of more, circumstances that one cannot choose get panels.
    """
    rest = [one for one in table.varied if one.name != x.name]
    if np.prod([len(one.levels) for one in rest], dtype=float) <= MOST_TOGETHER:
        return [], rest
    given = [one for one in rest if one.given]
    if not given or len(given) == len(rest):
        given = [one for one in rest if one.name != "method"][:1]
    return given, [one for one in rest if one not in given]


def sliced_for_curves(table: StudyTable, x: FactorColumn) -> tuple[StudyTable, dict[str, Any]]:
    """Hold factors at one level each until panels and lines are few enough."""
    fixed: dict[str, Any] = {}
    while True:
        across, lines = curve_panels(table, x)
        number = [np.prod([len(one.levels) for one in group], dtype=float) for group in (across, lines)]
        if number[0] <= MOST_ACROSS and number[1] <= MOST_LINES:
            return table, fixed
        table, more = at_middle(table, lines if number[1] > MOST_LINES else across)
        fixed |= more


def at_middle(table: StudyTable, factors: Sequence[FactorColumn]) -> tuple[StudyTable, dict[str, Any]]:
    """Hold one of some factors: the number with most levels at its middle one, or a word at its first."""
    # Numbers are held before words: two solvers side by side say more than two values of a setting.
    victim = max(factors, key=lambda one: (one.numeric, len(one.levels)))
    level = victim.levels[len(victim.levels) // 2 if victim.numeric else 0]
    return at_level(table, victim, level), {victim.label: victim.level_text(level)}


def line_axis(table: StudyTable) -> FactorColumn | None:
    """Choose the factor along the axis of a curve: the number with most levels, else the first word."""
    numeric = [one for one in table.varied if one.numeric]
    if numeric:
        return max(numeric, key=lambda one: len(one.levels))
    words = sorted(table.varied, key=lambda one: (one.name == "method", -len(one.levels)))
    return words[0] if words else None
