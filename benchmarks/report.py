"""The report: one HTML file that holds its figures, readable without a network."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from .checks import checks
from .labels import line_label, number, particle_name, quantity_label, scientific, signed

SECTIONS = ("calibration", "particles", "phases", "reconstruction")

# Pixels across the widest figure.
PAGE_PIXELS = 1540

_TYPES = {b"\x89PNG": "image/png", b"<svg": "image/svg+xml", b"<?xml": "image/svg+xml"}


@dataclass(frozen=True, kw_only=True)
class ReportFigure:
    """A figure of the report.

    Parameters
    ----------
    image : bytes or pathlib.Path
        PNG or SVG, or the file that holds it.
    caption : str
        What it shows, and how to read it; plain text.
    section : str
        One of `SECTIONS`.
    """

    image: bytes | Path
    caption: str
    section: str

    def __post_init__(self) -> None:
        if self.section not in SECTIONS:
            raise ValueError(f"`section` must be one of {', '.join(SECTIONS)}, got {self.section!r}")

    @property
    def data(self) -> bytes:
        """The image itself."""
        return self.image.read_bytes() if isinstance(self.image, Path) else self.image

    @property
    def width_rem(self) -> float:
        """Widest that the page shows it: a journal's page of 7 in fills it, a column does not."""
        data = self.data
        pixels = int.from_bytes(data[16:20]) if data.startswith(b"\x89PNG") else PAGE_PIXELS
        return round(54 * min(1.0, max(pixels / PAGE_PIXELS, 0.1)), 1)

    @property
    def source(self) -> str:
        """The image as a ``data:`` address."""
        data = self.data
        for start, kind in _TYPES.items():
            if data.startswith(start):
                return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
        raise ValueError("`image` must be a PNG or SVG file")


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """A table of the report: rows of equal keys, which are its head."""

    title: str
    rows: Sequence[Mapping[str, object]]
    section: str


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
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        number=number,
        signed=signed,
        cell=cell,
        particle_name=particle_name,
        line_label=line_label,
        quantity_label=quantity_label,
    )
    template = environment.from_string(
        resources.files("glasstomo.benchmarks").joinpath("report.html.j2").read_text(encoding="utf-8")
    )
    verdict = checks(dict(summary))
    numbered = [(index, figure) for index, figure in enumerate(sorted_by_section(figures), start=1)]
    return template.render(
        summary=summary,
        settings=summary.get("settings", {}),
        runtime=summary.get("runtime", {}),
        checks=verdict,
        missed=[check for check in verdict if not check["holds"]],
        figures=numbered,
        tables=tables,
        fluence=fluence_text(summary.get("settings", {})),
        command=command(summary.get("settings", {})),
    )


def sorted_by_section(figures: Sequence[ReportFigure]) -> list[ReportFigure]:
    """Put figures in the order of the sections, which is that of their numbers."""
    return sorted(figures, key=lambda figure: SECTIONS.index(figure.section))


def command(settings: Mapping[str, Any]) -> str:
    """Write the command line that repeats a run."""
    options = " ".join(
        f"--{key} {settings[key]}" for key in ("microscope", "size", "seed") if key in settings
    )
    return f"glasstomo reproduce {options}".rstrip()


def cell(value: object) -> str:
    """Write what stands in a table; a long list by its length and ends.

    Examples
    --------
    >>> cell([-70.0, -60.0, -50.0, -40.0]), cell([1.5, 2.0]), cell(None)
    ('4 values from -70 to -40', '1.5, 2', '–')
    """
    if isinstance(value, list | tuple):
        if len(value) > 3:
            return f"{len(value)} values from {cell(value[0])} to {cell(value[-1])}"
        return ", ".join(cell(item) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return str(value)
    return str(value) if isinstance(value, int) else number(value, 4)


def fluence_text(settings: Mapping[str, Any]) -> str:
    """Write the fluence of one EDS tilt, electrons nm⁻².

    Examples
    --------
    >>> fluence_text({"beam_current_na": 1.0, "dwell_s": 0.2, "spacing_nm": 5.0})
    '5.0 × 10⁷'
    """
    current, dwell = settings.get("beam_current_na", 1.0), settings.get("dwell_s", 0.2)
    return scientific(current * 1e-9 * dwell / 1.602176634e-19 / settings.get("spacing_nm", 5.0) ** 2)
