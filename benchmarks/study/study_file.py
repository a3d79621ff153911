"""Read a study from a TOML file: one clear line for whatever is wrong with it."""

from pathlib import Path
from typing import Any

from ...phantoms.parameters import ParameterError
from ..design.design import Design
from ..design.design_file import design_of, read_design
from ..design.json_types import check_types
from ..design.toml_page import Page, check_plain
from .study import Study


def read_study(path: Path | str) -> Study:
    """Read a study from a TOML file.

    Parameters
    ----------
    path : path-like
        The design is its table ``[design]``, or ``design = "file.toml"`` beside it. A study without a name
        is called after its file, and one in ``study.toml`` after its folder.

    Raises
    ------
    ValueError
        When the file is no TOML or a field breaks its rule; one line that names file, line where it is
        known, dotted field, rule and value.
    OSError
        When it cannot be read.
    """
    path = Path(path)
    page = Page.read(path)
    try:
        content = {"name": _name_of(path), **page.values}
        check_plain(content, ())
        design = content.pop("design", {})
        check_types(Study.model_json_schema(), content)
        if isinstance(design, str):
            content["design"] = read_design(path.parent / design)
        else:
            content["design"] = _own_design(design)
        return Study(**content)
    except (ParameterError, RecursionError) as error:
        raise page.error(error) from None


def _own_design(values: Any) -> Design:
    """Make the design of the table ``[design]``, with its errors under that name."""
    if not isinstance(values, dict):
        rule = f": must be a table, or the name of a design file, got {values!r}"
        raise ParameterError("Study", [("design", rule)])
    try:
        return design_of(values)
    except ParameterError as error:
        problems = [(f"design.{field}" if field else "design", rule) for field, rule in error.problems]
        raise ParameterError("Study", problems) from None


def _name_of(path: Path) -> str:
    found = path.stem if path.stem != "study" else path.resolve().parent.name
    return (
        "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in found).lstrip("-_")
        or "study"
    )
