"""Read a design from a TOML file: one clear line for whatever is wrong with it."""

import datetime
import math
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from ...phantoms.parameters import ParameterError
from .design import Design
from .design_schema import json_schema
from .json_types import check_types
from .toml_lines import line_of

MOST_BYTES = 200_000
"""A design is a page of text; what is larger is something else."""

_VAST = 1e30
_LONGEST = 500
_SHOWN = 60
_DEEP = "is nested too deeply; a design has tables within tables only"


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
    name = "standard input" if str(path) == "-" else str(path)
    return parse_design(_text(Path(path), name), name)


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
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(_plain(_bad_syntax(str(error), text, name))) from None
    except RecursionError:
        raise ValueError(_plain(f"{name}: {_DEEP}")) from None
    except ValueError:
        # Python's guard against numbers that take ages to read.
        found = re.search(r"\d{4000}", text)
        line = "" if found is None else f", line {text.count(chr(10), 0, found.start()) + 1}"
        raise ValueError(_plain(f"{name}{line}: holds a whole number of thousands of digits")) from None
    try:
        return design_of(values)
    except ParameterError as error:
        raise ValueError(_said(error, values, text, name)) from None
    except RecursionError:
        raise ValueError(_plain(f"{name}: {_DEEP}")) from None


def design_of(values: dict[str, Any]) -> Design:
    """Make a design of the values of a TOML file, whose types are taken at their word.

    Raises
    ------
    ParameterError
        When a value has the wrong type or breaks its rule.
    """
    _check_plain(values, ())
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
                _check_plain(nested, ())
                check_types(json_schema(), nested)
        # What is wanted by default would make way for the first wish of one's own.
        wished = any(path.partition(".")[0] == "wanted" for path in settings)
        return (design.replace(wanted=design.wanted) if wished else design).with_fields(settings)
    except ParameterError as error:
        rules = [f"{field}{rule}".replace("Input should be", "must be") for field, rule in error.problems]
        raise ValueError(_plain("; ".join(rules[:3]))) from None
    except RecursionError:
        raise ValueError(_DEEP) from None


def _text(path: Path, name: str) -> str:
    """Read a file, or standard input, of bounded length."""
    if str(path) == "-":
        content = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "no regular file"
            raise ValueError(_plain(f"{name}: is {what}; name a design file, or - for standard input"))
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(_plain(f"{name}: is larger than {MOST_BYTES} bytes, which no design is"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            _plain(f"{name}, line {line}: is not UTF-8 text (byte 0x{content[error.start]:02x})")
        ) from None


def _check_plain(value: Any, path: tuple[str, ...]) -> None:
    """Refuse what TOML can say and a design never means: dates, and numbers that are none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_plain(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_plain(inner, (*path, str(index)))
    elif isinstance(value, datetime.date | datetime.time):
        raise ParameterError("Design", [(".".join(path), f": must not be a date or time, got {value}")])
    elif isinstance(value, float) and not math.isfinite(value):
        raise ParameterError("Design", [(".".join(path), f": must be a finite number, got {value}")])
    elif isinstance(value, int) and abs(value) >= 2**63:
        raise ParameterError("Design", [(".".join(path), ": must fit into 64 bits, got a larger number")])
    elif isinstance(value, float) and value and not 1 / _VAST <= abs(value) <= _VAST:
        # Products of such numbers overflow, and none of them is meant.
        rule = f": must be 0 or lie within {1 / _VAST:g} and {_VAST:g} in size, got {value}"
        raise ParameterError("Design", [(".".join(path), rule)])


def _bad_syntax(reason: str, text: str, name: str) -> str:
    """Say why a text is no TOML, with the line that is at fault."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", reason, re.DOTALL)
    if found is None:
        return f"{name}: is not valid TOML: {reason}"
    number = int(found[2])
    shown = text.split("\n")[number - 1].strip()[:_SHOWN]
    return f"{name}, line {number}: is not valid TOML: {found[1]} at column {found[3]} of {shown!r}"


def _said(error: ParameterError, values: dict[str, Any], text: str, name: str) -> str:
    """Say the failures with their line, each field once."""
    rules: dict[tuple[str, ...], list[str]] = {}
    for field, rule in error.problems:
        rules.setdefault(_steps_in(values, field), []).append(rule.removeprefix(": "))
    said = []
    # A misspelt field is both unknown and missing: the slip comes first.
    rules = dict(sorted(rules.items(), key=lambda item: item[1][0] == " is missing"))
    for steps, reasons in list(rules.items())[:3]:
        field = ".".join(steps)
        joined = ", or ".join(dict.fromkeys(reasons)).replace("Input should be", "must be")
        said.append(f"{field}{joined if joined.startswith(' ') else f': {joined}'}" if field else joined)
    more = f" (and {len(rules) - 3} more)" if len(rules) > 3 else ""
    first, reasons = next(iter(rules.items()))
    line = line_of(text, (*first, *_named_in(reasons[0])))
    place = name if line is None else f"{name}, line {line}"
    return _plain(f"{place}: {'; '.join(said)}{more}")


def _named_in(rule: str) -> list[str]:
    """The field that a rule about a whole table begins with, in backticks."""
    found = re.match(r"`([\w.]+)`", rule)
    return found[1].split(".") if found else []


def _steps_in(values: Any, field: str) -> tuple[str, ...]:
    """Take the names of the members of a union, which no file spells, out of a dotted field."""
    steps: list[str] = []
    place = values
    parts = field.split(".") if field else []
    for depth, step in enumerate(parts):
        if isinstance(place, dict) and step in place:
            place = place[step]
        elif isinstance(place, list) and step.isdigit() and int(step) < len(place):
            place = place[int(step)]
        elif not (depth == len(parts) - 1 and isinstance(place, dict)):
            continue
        steps.append(step)
    return tuple(steps)


def _plain(text: str) -> str:
    """One line without control characters, which a terminal would obey, and not endless."""
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
