"""The report of a study: one HTML file, its figures, and its tables for other programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..figure_files import save_figure
from ..outputs import whole_folder
from .aggregate import aggregate
from .best_setting import BestSetting, best_setting
from .effects import effects
from .export import readable_table, wide_table, write_table
from .intervals import check_level
from .report_figures import StudyFigure, study_figures
from .report_page import study_html
from .score_rules import Frame
from .study_source import read_study_table
from .study_table import StudyTable

TABLE_FORMATS = ("csv", "parquet", "tex")
FIGURE_FORMATS = ("png", "pdf", "svg")


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyReport:
    """What a report found.

    Attributes
    ----------
    table : StudyTable
        The rows and what they mean.
    summary, effects, wide : pandas.DataFrame
        See `aggregate`, `effects` and `wide_table`.
    best : BestSetting
        The answer.
    level : float
        Confidence of all intervals.
    """

    table: StudyTable
    summary: Frame
    effects: Frame
    wide: Frame
    best: BestSetting
    level: float

    def as_dict(self) -> dict[str, Any]:
        """Return the answer for a program, as JSON holds it."""
        table = self.table
        return {
            "study": table.name,
            "cells": {
                "done": len(table.rows) - table.failed,
                "failed": table.failed,
                "planned": table.planned,
            },
            "settings": len(self.wide),
            "wanted": dict(table.wanted),
            "not_measured": list(table.unmeasured),
            "level": self.level,
            "best": {
                "setting": self.best.setting,
                "standing": self.best.standing if self.table.wanted else None,
                "costs": plain(self.best.costs),
                "scores": plain(self.best.scores),
                "by": self.best.by,
                "reason": self.best.reason,
            },
        }


def plain(values: Mapping[str, float]) -> dict[str, float | None]:
    """Return numbers as JSON holds them: what is unknown as null."""
    return {name: value if value == value else None for name, value in values.items()}


def study_report(
    table: StudyTable,
    *,
    maximum: Mapping[str, float] | None = None,
    by: str | None = None,
    fixed: Mapping[str, Any] | None = None,
    level: float = 0.95,
) -> StudyReport:
    """Work out everything that a report says.

    Parameters
    ----------
    table : StudyTable
        Finished or not.
    maximum, by, fixed
        As `best_setting`.
    level : float
        Confidence of all intervals.
    """
    check_level(level)
    summary = aggregate(table, level=level)
    return StudyReport(
        table=table,
        summary=summary,
        effects=effects(table, level=level),
        wide=wide_table(table, level=level, summary=summary),
        best=best_setting(table, maximum=maximum, by=by, fixed=fixed, level=level),
        level=level,
    )


def write_study_report(
    source: Path | str,
    out: Path | str,
    *,
    wanted: Mapping[str, float] | None = None,
    maximum: Mapping[str, float] | None = None,
    by: str | None = None,
    fixed: Mapping[str, Any] | None = None,
    level: float = 0.95,
    tables: Sequence[str] = ("csv",),
    figures: str = "png",
) -> dict[str, Any]:
    """Write the report of a study, finished or not.

    Parameters
    ----------
    source : path-like
        As `read_study_table`: the folder of a run, a kept study, or a table.
    out : path-like
        Folder for ``report.html``, ``report.json``, ``figures/`` and ``tables/``. All appear together or
        not at all; what an earlier report left there is replaced.
    wanted : mapping, optional
        Score to bound, instead of what the study's design wants.
    maximum : mapping, optional
        Cost to the most that one can afford.
    by : str, optional
        What the best design makes small.
    fixed : mapping, optional
        Factor to the level at which the best design is sought.
    level : float
        Confidence of all intervals.
    tables : sequence of str
        Formats of the tables, of `TABLE_FORMATS`.
    figures : str
        Format of the figure files, of `FIGURE_FORMATS`; the page always holds PNG.

    Returns
    -------
    dict
        What ``report.json`` holds.

    Raises
    ------
    ValueError
        If the source is no study, no cell has finished, or an option breaks its rule.
    OSError
        If something cannot be read or written.
    """
    for given, known, name in ((tables, TABLE_FORMATS, "tables"), ((figures,), FIGURE_FORMATS, "figures")):
        for one in given:
            if one not in known:
                raise ValueError(f"`{name}` must be of {', '.join(known)}, got {one!r}")
    table = read_study_table(source, wanted=wanted)
    report = study_report(table, maximum=maximum, by=by, fixed=fixed, level=level)
    drawn = study_figures(table, report.summary, report.effects, level=level)
    answer = report.as_dict()
    with whole_folder(Path(out)) as folder:
        (folder / "figures").mkdir()
        (folder / "tables").mkdir()
        pictures = write_figures(drawn, folder / "figures", figures)
        write_tables(report, folder / "tables", tables)
        (folder / "report.json").write_text(
            json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        page = study_html(report, pictures, source=str(source), maximum=maximum or {})
        (folder / "report.html").write_text(page, encoding="utf-8")
    return answer


def write_figures(
    figures: Sequence[StudyFigure], folder: Path, suffix: str
) -> list[tuple[StudyFigure, bytes]]:
    """Draw the figures into a folder, and return them with their pictures for the page."""
    import matplotlib

    from ..figures_style import STYLE, png_bytes

    found = []
    for one in figures:
        figure = one.draw()
        picture = png_bytes(figure)
        if suffix == "png":
            (folder / f"{one.name}.png").write_bytes(picture)
        else:
            with matplotlib.rc_context(STYLE):
                save_figure(figure, folder / f"{one.name}.{suffix}")
        found.append((one, picture))
    return found


def write_tables(report: StudyReport, folder: Path, formats: Sequence[str]) -> None:
    """Write settings, their statistics in tidy form, effects and choices."""
    import pandas as pd

    frames = {
        "settings": report.wide,
        "statistics": report.summary,
        "effects": report.effects,
        "choices": pd.DataFrame(report.best.candidates),
    }
    readable = readable_table(report.table, report.wide)
    title = report.table.title or report.table.name
    for suffix in formats:
        if suffix == "tex":
            # Only the readable form is worth printing.
            write_table(
                readable,
                folder / "settings.tex",
                caption=f"{title}: means with {report.level:.0%} intervals.",
            )
            continue
        for name, frame in frames.items():
            write_table(frame, folder / f"{name}.{suffix}")
