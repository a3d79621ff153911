"""The frozen problems that come with glasstomo, one TOML file each, and how such a file is read."""

import functools
from pathlib import Path
from typing import Any

from ...phantoms.parameters import ParameterError
from ...phantoms.table import Table
from ..design.design import Design
from ..design.design_file import design_of
from ..design.json_types import check_types
from ..design.toml_page import Page, check_plain
from .league_problem import LeagueProblem

FOLDER = Path(__file__).resolve().parent / "problems"


@functools.cache
def league_problems() -> Table[LeagueProblem]:
    """Return the problems that come with glasstomo by name, easy ones first.

    Examples
    --------
    >>> "segregated_easy" in league_problems()
    True
    """
    order = ("easy", "moderate", "hard", "unsolved")
    found = [read_problem(path) for path in sorted(FOLDER.glob("*.toml"))]
    found.sort(key=lambda one: (one.kind, order.index(one.difficulty), one.name))
    return Table("problem", {one.name: one for one in found})


def named_problem(name: str) -> LeagueProblem:
    """Return a problem by name from those that come with glasstomo, or read the .toml file of that path.

    Raises
    ------
    ValueError
        When there is no such problem, or its file breaks a rule; one line.
    OSError
        When the file cannot be read.
    """
    path = Path(name)
    return read_problem(path) if path.suffix == ".toml" else league_problems()[name]


def read_problem(path: Path | str) -> LeagueProblem:
    """Read a problem from a TOML file.

    Parameters
    ----------
    path : path-like
        The fields of `LeagueProblem`; the design is its table ``[design]``. A problem without a name is
        called after its file.

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
        content = {"name": path.stem, **page.values}
        check_plain(content, ())
        design = content.pop("design", {})
        check_types(LeagueProblem.model_json_schema(), content)
        return LeagueProblem(**content, design=_own_design(design))
    except (ParameterError, RecursionError) as error:
        raise page.error(error) from None


def _own_design(values: Any) -> Design:
    """Make the design of the table ``[design]``, with its errors under that name."""
    if not isinstance(values, dict):
        raise ParameterError("LeagueProblem", [("design", f": must be a table, got {values!r}")])
    try:
        return design_of(values)
    except ParameterError as error:
        problems = [(f"design.{field}" if field else "design", rule) for field, rule in error.problems]
        raise ParameterError("LeagueProblem", problems) from None
