"""Read a design from a TOML file: one clear line for whatever is wrong with it."""

from pathlib import Path
from typing import Any

from ...phantoms.parameters import ParameterError
from .design import Design
from .design_schema import json_schema
from .json_types import check_types
from .toml_page import Page, check_plain, plain


def read_design(path: Path | str) -> Design:
    """Read a design from a file.

    Parameters
    ----------
    path : path-like
        A TOML file in UTF-8, or ``"-"`` for standard input.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        When the text is no TOML, or a field breaks its rule; one line that names file, line where it is
        known, dotted field, rule, value and cure.
    OSError
        When the file cannot be read.
    """
    return _design(Page.read(path))


def parse_design(text: str, name: str = "design") -> Design:
    r"""Read a design from text.

    Parameters
    ----------
    text : str
        TOML.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        As for `read_design`.

    Examples
    --------
    >>> parse_design("[tilts]\ncount = 31").tilts.count
    31
    >>> parse_design("[beam]\ncurrent_na = 1.0\ndwel_s = 0.2", "mine.toml")
    Traceback (most recent call last):
        ...
    ValueError: mine.toml, line 3: beam.dwel_s is not a field of Beam; did you mean 'dwell_s'?
    """
    return _design(Page.parse(text, name))


def _design(page: Page) -> Design:
    try:
        return design_of(page.values)
    except (ParameterError, RecursionError) as error:
        raise page.error(error) from None


def design_of(values: dict[str, Any]) -> Design:
    """Make a design of the values of a TOML file, whose types are taken at their word.

    Raises
    ------
    ParameterError
        When a value has the wrong type or breaks its rule.
    """
    check_plain(values, ())
    check_types(json_schema(), values)
    return Design(**values)


def changed_design(design: Design, settings: dict[str, Any]) -> Design:
    """Return a design with some fields changed, checked as those of a file are.

    Parameters
    ----------
    design : Design
    settings : dict
        Dotted field to value, as TOML gives it; None gives the field back its default.

    Raises
    ------
    ValueError
        When there is no such field, or a value has the wrong type or breaks its rule.

    Examples
    --------
    >>> changed_design(Design(), {"tilts.count": 31, "beam.dwell_s": 0.1}).tilts.count
    31
    >>> changed_design(Design(), {"tilts.count": "31"})
    Traceback (most recent call last):
        ...
    ValueError: tilts.count: must be a whole number, got text: '31'
    """
    try:
        for path, value in settings.items():
            nested: Any = value
            for step in reversed(path.split(".")):
                nested = {step: nested}
            if value is not None:
                check_plain(nested, ())
                check_types(json_schema(), nested)
        return design.with_fields(settings)
    except ParameterError as error:
        rules = [f"{field}{rule}".replace("Input should be", "must be") for field, rule in error.problems]
        raise ValueError(plain("; ".join(rules[:3]))) from None
    except RecursionError:
        raise ValueError("is nested too deeply; a design has tables within tables only") from None
