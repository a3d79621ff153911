"""The report: one HTML file that holds its figures, readable without a network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .checks import checks
from .labels import number, quantity_label, scientific
from .page import picture_width_rem, render_page
from .report_answers import answers
from .report_parts import ReportFigure, ReportTable, sorted_by_section
from .report_sections import SECTIONS
from .report_sentences import sentences


def write_report(
    summary: Mapping[str, Any],
    *,
    figures: Sequence[ReportFigure],
    tables: Sequence[ReportTable] = (),
    out: Path,
) -> None:
    """Write the report of a run.

    Parameters
    ----------
    summary : mapping
        What stands in ``summary.json``. ``settings`` (microscope, size, seed and what else was chosen) is
        shown and repeated as a command line where it is given.
    figures : sequence of ReportFigure
        In the order in which they appear within their sections.
    tables : sequence of ReportTable
        Further tables.
    out : pathlib.Path
        The HTML file to write.
    """
    out.write_text(report_html(summary, figures=figures, tables=tables), encoding="utf-8")


def report_html(
    summary: Mapping[str, Any], *, figures: Sequence[ReportFigure], tables: Sequence[ReportTable] = ()
) -> str:
    """Return the report as HTML."""
    verdict = checks(dict(summary))
    settings = summary.get("settings", {})
    return render_page(
        "report.html.j2",
        sections=SECTIONS,
        settings={quantity_label(key): value for key, value in settings.items()},
        assumed=assumed(settings),
        runtime=runtime_facts(summary.get("runtime", {})),
        sentences=sentences(summary),
        answers=[answer.as_text() for answer in answers(summary)],
        checks=verdict,
        missed=[check["name"] for check in verdict if not check["holds"]],
        figures=[
            {
                "number": index,
                "section": figure.section,
                "caption": figure.caption,
                "source": figure.source,
                "width_rem": picture_width_rem(figure.data),
            }
            for index, figure in enumerate(sorted_by_section(figures), start=1)
        ],
        tables=tables,
        command=command(settings),
    )


def command(settings: Mapping[str, Any]) -> str:
    """Write the command line that repeats a run."""
    options = " ".join(
        f"--{key} {settings[key]}" for key in ("microscope", "size", "seed", "twins") if key in settings
    )
    return f"glasstomo reproduce {options}".rstrip()


def fluence_text(settings: Mapping[str, Any]) -> str:
    """Write the fluence of one EDS tilt, electrons nm⁻².

    Examples
    --------
    >>> fluence_text({"beam_current_na": 1.0, "dwell_s": 0.2, "spacing_nm": 5.0})
    '5.0 × 10⁷'
    """
    current, dwell = settings.get("beam_current_na", 1.0), settings.get("dwell_s", 0.2)
    return scientific(current * 1e-9 * dwell / 1.602176634e-19 / settings.get("spacing_nm", 5.0) ** 2)


def assumed(settings: Mapping[str, Any]) -> dict[str, str]:
    """Write what the paper does not give: current, dwell and pixel, the dose that follows, and the twins."""
    return {
        "current": number(settings.get("beam_current_na", 1.0)),
        "dwell": number(settings.get("dwell_s", 0.2)),
        "pixel": number(settings.get("spacing_nm", 5.0)),
        "fluence": fluence_text(settings),
        "twins": str(settings.get("twins") or ""),
    }


def runtime_facts(runtime: Mapping[str, Any]) -> dict[str, object]:
    """Return what a run took, and on what, by name."""
    facts: dict[str, object] = {
        quantity_label(key): value for key, value in runtime.items() if key != "versions"
    }
    versions = runtime.get("versions", {})
    return facts | {"versions": ", ".join(f"{name} {version}" for name, version in versions.items())}
