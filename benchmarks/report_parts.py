"""What sections of the report are made of: figures and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .page import picture_source
from .report_sections import SECTIONS


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
    name : str
        Of its file, without number and suffix.
    """

    image: bytes | Path
    caption: str
    section: str
    name: str = ""

    def __post_init__(self) -> None:
        check_section(self.section)

    @property
    def data(self) -> bytes:
        """The image itself."""
        return self.image.read_bytes() if isinstance(self.image, Path) else self.image

    @property
    def source(self) -> str:
        """The image as a ``data:`` address."""
        return picture_source(self.data)


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """A table of the report.

    Parameters
    ----------
    title : str
        Its heading.
    rows : sequence of mapping
        Rows of equal keys, which are its head.
    section : str
        One of `SECTIONS`.
    note : str
        What stands under it.
    name : str
        Of its file, without suffix.
    data : sequence of mapping, optional
        The same for programs, in numbers alone; the file holds these, or else the rows.
    """

    title: str
    rows: Sequence[Mapping[str, object]]
    section: str
    note: str = ""
    name: str = ""
    data: Sequence[Mapping[str, object]] = ()

    def __post_init__(self) -> None:
        check_section(self.section)


def check_section(name: str) -> None:
    """Refuse a section that the report does not have."""
    if name not in SECTIONS:
        raise ValueError(f"`section` must be one of {', '.join(SECTIONS)}, got {name!r}")


def sorted_by_section(figures: Sequence[ReportFigure]) -> list[ReportFigure]:
    """Put figures in the order of the sections, which is that of their numbers."""
    order = list(SECTIONS)
    return sorted(figures, key=lambda figure: order.index(figure.section))


def report_figure(figure: Any, caption: str, section: str, name: str) -> ReportFigure:
    """Render a matplotlib figure, and close the door on its memory."""
    from .figures_style import png_bytes

    return ReportFigure(image=png_bytes(figure), caption=caption, section=section, name=name)
