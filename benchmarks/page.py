"""Pages that load nothing: one style, one set of parts and one way to hold pictures for every report."""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from .labels import number

# Pixels across a figure as wide as a journal's page, and the width that it then has on the screen.
PAGE_PIXELS = 1540
_PAGE_REM = 54.0
# Letters of a cell that stays on one line.
_SHORT = 18
_PNG = b"\x89PNG"
_TYPES = {_PNG: "image/png", b"<svg": "image/svg+xml", b"<?xml": "image/svg+xml"}


def render_page(template: str, **values: Any) -> str:
    """Fill a template of this package.

    Parameters
    ----------
    template : str
        File in the folder of this module, or below it, as ``"study/study_report.html.j2"``. It extends
        ``page_base.html.j2`` and takes its parts from ``page_parts.html.j2``.
    **values
        What the template asks for; a name that it asks for in vain is an error.

    Returns
    -------
    str
        HTML. Everything that was filled in is escaped.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_source),
        # By the name of the file, a style sheet would be escaped like text.
        autoescape=lambda name: name is None or not name.endswith(".css"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, cell=cell, columns=columns)
    return environment.get_template(template).render(**values)


def _source(name: str) -> str:
    return resources.files("glasstomo.benchmarks").joinpath(name).read_text(encoding="utf-8")


def picture_source(data: bytes) -> str:
    """Write a picture as a ``data:`` address.

    Parameters
    ----------
    data : bytes
        A PNG or SVG file.

    Raises
    ------
    ValueError
        When it is neither.

    Examples
    --------
    >>> picture_source(b"<svg/>")
    'data:image/svg+xml;base64,PHN2Zy8+'
    """
    for start, kind in _TYPES.items():
        if data.startswith(start):
            return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
    raise ValueError("`image` must be a PNG or SVG file")


def picture_width_rem(data: bytes) -> float:
    """Return the widest that a page shows a picture, rem.

    A figure as wide as a journal's page fills the page, one of a column does not; type has one size in
    all of them.

    Parameters
    ----------
    data : bytes
        A PNG file; others count as a page wide.
    """
    pixels = int.from_bytes(data[16:20]) if data.startswith(_PNG) else PAGE_PIXELS
    return round(_PAGE_REM * min(1.0, max(pixels / PAGE_PIXELS, 0.1)), 1)


def cell(value: object) -> str:
    """Write what stands in a table; a long list by its length and ends.

    Examples
    --------
    >>> cell([-70.0, -60.0, -50.0, -40.0]), cell([1.5, 2.0]), cell(None), cell(-0.25)
    ('4 values from −70 to −40', '1.5, 2', '–', '−0.25')
    """
    if isinstance(value, list | tuple):
        if len(value) > 3:
            return f"{len(value)} values from {cell(value[0])} to {cell(value[-1])}"
        return ", ".join(cell(item) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return str(value)
    return str(value) if isinstance(value, int) else number(value, 4).replace("-", "−")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
        Its head.
    numeric : bool
        Whether it holds numbers alone: those stand to the right, with as many decimals each.
    decimals : int or None
        Decimals of its numbers; None where they differ too much in size for that.
    short : bool
        Whether all its cells are too short to be broken into lines.
    """

    name: str
    numeric: bool
    decimals: int | None = None
    short: bool = False

    def text(self, value: object) -> str:
        """Write one value of this column."""
        if self.decimals is None or isinstance(value, int) or not isinstance(value, float):
            return cell(value)
        return f"{value:.{self.decimals}f}".replace("-", "−") if math.isfinite(value) else cell(None)


def columns(rows: Sequence[Mapping[str, object]]) -> list[Column]:
    """Return the columns of a table of rows with equal keys.

    Examples
    --------
    >>> line, barn = columns([{"line": "Co_Ka", "barn": 3.4}, {"line": "Co_Kb", "barn": 0.396}])
    >>> line.numeric, barn.numeric, barn.text(3.4)
    (False, True, '3.400')
    """
    found = []
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows if row[name] is not None]
        numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        if not values or not numeric:
            found.append(Column(name, False, short=all(len(cell(value)) <= _SHORT for value in values)))
            continue
        texts = [cell(value) for value in values]
        plain = all("×" not in text for text in texts)
        decimals = max(len(text.partition(".")[2]) for text in texts) if plain else None
        found.append(Column(name, True, decimals))
    return found
