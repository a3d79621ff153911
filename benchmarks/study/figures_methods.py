"""Methods side by side: one row for each, one panel for each score, a mark for each level of a factor."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..figures_style import LIGHT, PAGE_IN, new_figure, panel_letters, styled
from .columns import COLUMNS
from .factor_column import FactorColumn
from .figures_curves import COLOURS, MARKERS
from .score_rules import Frame

_ROW_IN = 0.2


@styled
def figure_methods(
    rows: Frame,
    scores: Sequence[str],
    *,
    factor: FactorColumn,
    modulus: Sequence[str] = (),
    logarithmic: Sequence[str] = (),
) -> Figure:
    """Draw what every method scores, at every level of one factor.

    Parameters
    ----------
    rows : pandas.DataFrame
        Results of a study; its methods stand in the column ``method``, in the order in which they occur.
    scores : sequence of str
        One panel for each.
    factor : FactorColumn
        A mark for each of its levels; what else varies is averaged over.
    modulus : sequence of str
        Scores of which moduli are averaged: how far a signed error is from zero as a rule.
    logarithmic : sequence of str
        Scores on a logarithmic axis.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. Marks: means over the rows; bars: their 95 % intervals (1.96 standard errors). A method
        without a value at a level has no mark there.

    Raises
    ------
    ValueError
        When a column is missing.
    """
    missing = [name for name in ("method", factor.name, *scores) if name not in rows]
    if missing:
        raise ValueError(f"the results have no column {missing[0]!r}; they have {', '.join(rows.columns)}")
    methods = list(dict.fromkeys(rows["method"]))
    figure = new_figure(PAGE_IN, 0.75 + _ROW_IN * len(methods))
    axes = list(np.atleast_1d(figure.subplots(1, len(scores), sharey=True)).flat)
    for ax, score in zip(axes, scores, strict=True):
        _panel(ax, rows, methods, score, factor, modulus=score in modulus)
        if score in logarithmic:
            ax.set_xscale("log")
        elif not rows[score].dropna().lt(0).any() or score in modulus:
            ax.set_xlim(left=0)
    axes[0].set_yticks(range(len(methods)), methods)
    axes[0].set_ylim(len(methods) - 0.5, -0.5)
    if len(scores) > 1:
        panel_letters(axes)
    handles, words = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, words, loc="outside lower center", ncols=len(words), title=factor.label, title_fontsize=6.5
    )
    return figure


def _panel(
    ax: Axes, rows: Frame, methods: list[str], score: str, factor: FactorColumn, *, modulus: bool
) -> None:
    for place in range(0, len(methods), 2):
        ax.axhspan(place - 0.5, place + 0.5, color=LIGHT, alpha=0.35, linewidth=0)
    count = len(factor.levels)
    for order, level in enumerate(factor.levels):
        at = rows[rows[factor.name] == level]
        values = at[score].astype(float).abs() if modulus else at[score].astype(float)
        grouped = values.groupby(at["method"])
        mean = grouped.mean().reindex(methods).to_numpy(float)
        error = (1.96 * grouped.std(ddof=1) / np.sqrt(grouped.count())).reindex(methods).to_numpy(float)
        shift = 0.5 * (order / max(count - 1, 1) - 0.5)
        ax.errorbar(
            mean, np.arange(len(methods)) + shift, xerr=np.nan_to_num(error), fmt=MARKERS[order],
            color=COLOURS[order], markersize=3.2, elinewidth=0.7, label=factor.level_text(level),
        )  # fmt: skip
    label = COLUMNS[score].label
    ax.set_xlabel(f"|{label}|" if modulus else label)
    ax.tick_params(axis="y", length=0)
