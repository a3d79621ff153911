"""Which figures a study gets: chosen by the number and kind of its factors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .aggregate import EVERYTHING, aggregate
from .factor_column import lower
from .panels import line_axis, map_axes, sliced, sliced_for_curves
from .pareto import known_costs, pareto_front
from .score_rules import SCORE_RULES, Frame
from .study_table import StudyTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SECTIONS = ("precision", "success", "trade-offs", "effects")
# Scores that are drawn when nothing is wanted, and beside what is wanted.
_SHOWN = 4


@dataclass(frozen=True, kw_only=True)
class StudyFigure:
    """A figure that has not been drawn yet.

    Attributes
    ----------
    name : str
        Of its file, without a suffix.
    section : str
        One of `SECTIONS`.
    caption : str
        What it shows and how to read it; plain text.
    draw : callable
        Returns the matplotlib figure.
    """

    name: str
    section: str
    caption: str
    draw: "Callable[[], Figure]"


def study_figures(
    table: StudyTable, summary: Frame, effects: Frame, *, level: float = 0.95
) -> list[StudyFigure]:
    """Choose the figures of a study.

    Parameters
    ----------
    table : StudyTable
        Finished or not.
    summary, effects : pandas.DataFrame
        What `aggregate` and `glasstomo.benchmarks.study.effects` found.
    level : float
        Confidence of the intervals, for the captions.

    Returns
    -------
    list of StudyFigure
        Maps where two factors are numbers with three levels or more, curves and dots for the others, fronts
        where a cost differs between settings, effects where anything varies.
    """
    scores = shown_scores(table)
    if not scores or not table.varied:
        return []
    found = maps(table, scores, level) if map_axes(table) else curves(table, scores, level)
    return [*found, *fronts(table, scores), *effect_figures(effects, scores, level)]


def shown_scores(table: StudyTable) -> list[str]:
    """Return the scores to draw: those wanted, and the first few others that differ at all."""
    wanted = [name for name in table.scores if name in table.wanted]
    others = [
        name
        for name in table.scores
        if name not in table.wanted and table.rows[SCORE_RULES[name].column].nunique() > 1
    ]
    return [*wanted, *others[: max(_SHOWN - len(wanted), 0)]]


def maps(table: StudyTable, scores: Sequence[str], level: float) -> list[StudyFigure]:
    """Precision and success over two factors."""
    from .figures_maps import figure_precision_map, figure_success_map

    axes = map_axes(table)
    if axes is None:
        return []
    part, fixed = sliced(table, [one.name for one in axes])
    summary = aggregate(part, level=level)
    held = held_text(fixed)
    found = []
    for name in scores:
        rule, bound = SCORE_RULES[name], table.wanted.get(name)
        if rule.rule == "share":
            continue
        thick = "" if bound is None else f" Thick line: the wanted {'±' * (rule.rule == 'within')}{bound:g}."
        curves = "" if rule.rule == "within" else " Thin lines: equal values, interpolated between settings."
        found.append(
            StudyFigure(
                name=f"map_{name}",
                section="precision",
                caption=f"{rule.text}, mean of the replicates of each setting.{curves}{thick} Hatched: no "
                f"value yet.{held}",
                draw=lambda name=name: figure_precision_map(part, summary, name, x=axes[0], y=axes[1]),
            )
        )
    shares = [name for name in scores if SCORE_RULES[name].rule == "share" and name in table.wanted]
    together = bool(table.wanted) and len(table.wanted) > len(shares) * (len(table.wanted) == 1)
    for name in [*shares, *([EVERYTHING] if together else [])]:
        what = "all that is wanted at once" if name == EVERYTHING else "the right mixing state"
        found.append(
            StudyFigure(
                name=f"success_{name}",
                section="success",
                caption=f"Share of the replicates with {what}; in each cell how many of how many. Outlined: "
                f"more likely than not, the lower end of the {level:.0%} Wilson interval is above one half."
                f"{held}",
                draw=lambda name=name: figure_success_map(part, summary, name, x=axes[0], y=axes[1]),
            )
        )
    return found


def curves(table: StudyTable, scores: Sequence[str], level: float) -> list[StudyFigure]:
    """Scores along one factor."""
    from .figures_curves import figure_curves, figure_success

    axis = line_axis(table)
    if axis is None:
        return []
    part, fixed = sliced_for_curves(table, axis)
    summary = aggregate(part, level=level)
    joined = "lines join settings" if axis.numeric else "one group for each level"
    wanted = " Dashed: what is wanted." if set(scores) & set(table.wanted) else ""
    found = [
        StudyFigure(
            name=f"curves_{axis.name}",
            section="precision",
            caption=f"Scores against {lower(axis.label)}: means with {level:.0%} intervals, "
            f"faint points are single replicates; {joined}.{wanted}{held_text(fixed)}",
            draw=lambda: figure_curves(part, summary, scores, x=axis),
        )
    ]
    if table.wanted:
        found.append(
            StudyFigure(
                name=f"success_{axis.name}",
                section="success",
                caption="Share of the replicates that give all that is wanted at once, with "
                f"{level:.0%} Wilson intervals.{held_text(fixed)}",
                draw=lambda: figure_success(part, summary, x=axis),
            )
        )
    return found


def fronts(table: StudyTable, scores: Sequence[str]) -> list[StudyFigure]:
    """What precision costs."""
    from .figures_fronts import figure_pareto

    table, fixed = sliced(table, [one.name for one in table.choices], most=3)
    costs = known_costs(table)
    ratio = [name for name in scores if SCORE_RULES[name].rule != "share"]
    if not costs or not ratio:
        return []

    def draw(name: str) -> "Figure":
        found = {cost: pareto_front(table, objectives=(name, cost), resamples=0) for cost in costs}
        return figure_pareto(table, found, name)

    return [
        StudyFigure(
            name=f"front_{name}",
            section="trade-offs",
            caption=f"{SCORE_RULES[name].text} against what it costs, mean of the replicates. Filled points "
            f"lie on the front: no other setting is both cheaper and better.{held_text(fixed)}",
            draw=lambda name=name: draw(name),
        )
        for name in ratio[:2]
    ]


def effect_figures(effects: Frame, scores: Sequence[str], level: float) -> list[StudyFigure]:
    """What each factor does alone."""
    from .figures_effects import figure_effects

    known = effects[effects["effect"].notna() & effects["score"].isin(list(scores))]
    shown = [name for name in scores if name in set(known["score"])][:3]
    if not shown:
        return []
    return [
        StudyFigure(
            name="effects",
            section="effects",
            caption="What changing one factor alone does, all else equal: geometric mean of paired ratios, "
            "or mean of paired differences, over pairs that share particle and noise. Bars: "
            f"{level:.0%} intervals from the scatter of the replicates; filled where they exclude no effect.",
            draw=lambda: figure_effects(effects, shown),
        )
    ]


def held_text(fixed: dict[str, str]) -> str:
    """Say which factors a figure holds."""
    if not fixed:
        return ""
    return f" Shown at {', '.join(f'{label} = {level}' for label, level in fixed.items())}."
