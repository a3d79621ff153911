"""The page of a study's report: what was found, as words, tables and pictures for the template."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..labels import number
from ..page import picture_source, picture_width_rem, render_page
from .best_setting import STANDINGS, limit_text
from .export import interval_text, minus, readable_table
from .factor_column import level_number, lower
from .panels import panels, setting_text
from .pareto import known_costs, loss, pareto_front
from .report_figures import SECTIONS, StudyFigure, shown_scores
from .score_rules import COSTS, SCORE_RULES, Frame
from .study_table import StudyTable

if TYPE_CHECKING:
    from .study_report import StudyReport

# Rows of the page's tables; the files hold all.
_MOST_ROWS = 60
_MOST_FRONT = 14


def study_html(
    report: "StudyReport",
    pictures: Sequence[tuple[StudyFigure, bytes]],
    *,
    source: str = "",
    maximum: Mapping[str, float] | None = None,
) -> str:
    """Return the report as one HTML page that loads nothing.

    Parameters
    ----------
    report : StudyReport
        What was found.
    pictures : sequence of (StudyFigure, bytes)
        Its figures as PNG.
    source : str
        Where the rows came from.
    maximum : mapping, optional
        What one can afford, for the text.
    """
    table = report.table
    readable = readable_table(table, report.wide)
    return render_page(
        "study/study_report.html.j2",
        title=table.title or (table.name or "study").replace("_", " ").capitalize(),
        question=table.question,
        source=source,
        level=f"{report.level:.0%}",
        done=len(table.rows) - table.failed,
        failed=table.failed,
        planned=table.planned,
        factors=table.varied,
        constants=table.constants,
        wanted=wanted_rows(table),
        unmeasured=[SCORE_RULES[name].label for name in table.unmeasured],
        limits=[limit_text(name, most) for name, most in (maximum or {}).items()],
        best=best_text(report),
        choices=choice_rows(report),
        figures=numbered(pictures),
        fronts=front_tables(table),
        effects=effect_rows(report),
        settings=frame_rows(readable.head(_MOST_ROWS)),
        left_out=max(len(readable) - _MOST_ROWS, 0),
        failures=failures(table),
        run=run_facts(table),
    )


def wanted_rows(table: StudyTable) -> list[dict[str, str]]:
    """Say in words what is wanted."""
    words = {
        "at_most": "mean at most {}",
        "within": "mean within ±{}",
        "at_least": "mean at least {}",
        "share": "in at least {} of the particles",
    }
    found = []
    for name, bound in table.wanted.items():
        rule = SCORE_RULES[name]
        text = f"{bound:.4g} {rule.unit}".strip() if rule.rule != "share" else f"{bound:.4g}"
        found.append({"score": rule.label, "rule": words[rule.rule].format(text)})
    return found


def best_text(report: "StudyReport") -> dict[str, Any]:
    """Write the answer: its setting, how it stands, what it costs and gives."""
    best, table = report.best, report.table
    setting = "" if best.setting is None else setting_text(table.choices, best.setting) or "the only setting"
    costs = [
        f"{COSTS[name]}: {level_number(float(f'{best.costs[name]:.3g}'))}"
        for name in shown_costs(table, best.costs)
        if np.isfinite(best.costs[name])
    ]
    scores = [
        f"{SCORE_RULES[name].text}: {minus(number(value))}"
        for name, value in best.scores.items()
        if value == value
    ]
    words = {
        "proven": "Proven to give all that is wanted.",
        "likely": "Gives all that is wanted on average; not proven by so few replicates.",
        "open": "Not decided: figures are missing.",
        "missed": "Does not give all that is wanted.",
    }
    held = best.standing in ("proven", "likely") or (not table.wanted and best.setting is not None)
    return {
        "setting": setting,
        "standing": words[best.standing] if table.wanted and best.standing else "",
        "reason": best.reason,
        "costs": costs,
        "scores": scores,
        "css": "held" if held else "missed",
        "circumstances": " and ".join(lower(one.label.partition(" (")[0]) for one in table.given),
    }


def choice_rows(report: "StudyReport", most: int = 8) -> list[dict[str, str]]:
    """Return the best few choices as text, best first."""
    best, table = report.best, report.table
    if best.candidates.empty or not table.choices:
        return []
    rank = best.candidates["standing"].map({one: order for order, one in enumerate(STANDINGS)})
    order = best.candidates.assign(rank=rank)
    order = order[order["affordable"]]
    # Those that qualify by what they cost, the others by how far they are from it.
    fit = order["standing"].isin(["proven", "likely"]) | (not table.wanted)
    aim: Frame = loss(SCORE_RULES[best.by], order[best.by]) if best.by in SCORE_RULES else order[best.by]
    order = order.assign(rank=rank.where(fit, len(STANDINGS)), key=aim.where(fit, order["excess"]))
    order = order.sort_values(["rank", "key"], kind="stable").head(most)
    words = {"proven": "proven", "likely": "on average", "open": "unknown", "missed": "no"}
    found = []
    for row in order.to_dict("records"):
        text = {one.label: one.level_text(row[one.name]) for one in table.choices}
        for name in shown_costs(table, COSTS):
            if name in row:
                text[COSTS[name]] = level_number(float(f"{row[name]:.3g}")) if row[name] == row[name] else "–"
        for name, rule in SCORE_RULES.items():
            if name in row:
                text[rule.text] = minus(number(row[name]))
        if table.wanted:
            text["Gives all that is wanted"] = words[row["standing"]]
        found.append(text)
    return found


def numbered(pictures: Sequence[tuple[StudyFigure, bytes]]) -> list[dict[str, Any]]:
    """Number the figures in the order of the sections, with their pictures inside."""
    order = sorted(pictures, key=lambda pair: SECTIONS.index(pair[0].section))
    return [
        {
            "number": index,
            "section": figure.section,
            "caption": figure.caption,
            "width_rem": picture_width_rem(picture),
            "source": picture_source(picture),
        }
        for index, (figure, picture) in enumerate(order, start=1)
    ]


def front_tables(table: StudyTable) -> list[dict[str, Any]]:
    """Return the settings on the front of the first score and all costs, as text."""
    costs, scores = known_costs(table), shown_scores(table)
    if not costs or not scores:
        return []
    score, shown = scores[0], shown_costs(table, costs)
    front = pareto_front(table, objectives=(score, *costs))
    on = front[front["front"]].sort_values(list(costs))
    found = []
    for panel in panels(list(table.given)):
        rows = []
        for row in on[panel.inside(on)].head(_MOST_FRONT).to_dict("records"):
            text = {one.label: one.level_text(row[one.name]) for one in table.choices}
            text |= {COSTS[name]: level_number(float(f"{row[name]:.3g}")) for name in shown}
            text[SCORE_RULES[score].text] = minus(number(row[score]))
            text["On the front (% of samples)"] = f"{100 * row['front_share']:.0f}"
            rows.append(text)
        if rows:
            found.append(
                {"title": panel.title, "rows": rows, "more": int(panel.inside(on).sum()) - len(rows)}
            )
    return found


def shown_costs(table: StudyTable, costs: Iterable[str]) -> list[str]:
    """Return the costs worth a column: not computing time, and none that repeats a factor."""
    numbers = [table.rows[one.name].to_numpy(float) for one in table.varied if one.numeric]
    found = []
    for name in costs:
        if name in table.rows and name not in ("tilts", "seconds"):
            values = table.rows[name].to_numpy(float)
            known = np.isfinite(values)
            if not any(np.allclose(one[known], values[known], rtol=1e-6, atol=0) for one in numbers):
                found.append(name)
    return found


def effect_rows(report: "StudyReport") -> list[dict[str, str]]:
    """Return the effects on the scores that are shown, as text."""
    found = []
    shown = report.effects[report.effects["score"].isin(shown_scores(report.table)[:4])]
    for row in shown.itertuples():
        sign = "× " if row.kind == "ratio" else ""
        gain = row.pairing_gain
        found.append(
            {
                "Score": SCORE_RULES[str(row.score)].text,
                "Factor": str(row.label),
                "Change": f"{row.reference} → {row.level}",
                "Effect": f"{sign}{interval_text(row.effect, row.low, row.high)}" if row.pairs else "–",
                "Pairs": f"{row.pairs} in {row.replicates} replicates",
                "Worth of pairing": "–" if gain != gain else f"{number(gain, 2)} times the replicates",
            }
        )
    return found


def frame_rows(frame: Frame) -> list[dict[str, str]]:
    """Return the rows of a table of text."""
    return [{str(key): str(value) for key, value in row.items()} for row in frame.to_dict("records")]


def failures(table: StudyTable) -> list[dict[str, Any]]:
    """Return the reasons of failed cells with their number, most frequent first."""
    rows = table.rows
    if "reason" not in rows:
        return []
    reasons = rows.loc[rows["status"] != "done", "reason"].fillna("no reason given").astype(str)
    counts = reasons.str.slice(0, 300).value_counts()
    return [{"reason": reason, "cells": int(count)} for reason, count in counts.head(10).items()]


def run_facts(table: StudyTable) -> dict[str, str]:
    """Return what the rows say about how they were made."""
    rows, facts = table.rows, {}
    for column, label in (("study_key", "study key"), ("seed", "seed"), ("versions", "versions")):
        if column in rows and rows[column].notna().any():
            values = [str(value) for value in rows[column].dropna().unique()]
            facts[label] = "; ".join(values[:3]) + (f" and {len(values) - 3} more" if len(values) > 3 else "")
    facts["replicates"] = str(rows["replicate"].nunique())
    if "seconds" in rows and rows["seconds"].notna().any():
        facts["computing time"] = (
            f"{number(rows['seconds'].sum() / 3600)} core hours, "
            f"{number(rows['seconds'].median())} s per cell (median)"
        )
    if "solver_status" in rows and rows["solver_status"].notna().any():
        counts = rows["solver_status"].dropna().value_counts()
        facts["solver"] = ", ".join(
            f"{str(name).replace('_', ' ')}: {count}" for name, count in counts.items()
        )
    return facts
