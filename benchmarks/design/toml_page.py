"""A page of TOML: read with care, and its errors told with the line they stand in."""

import datetime
import math
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...phantoms.parameters import ParameterError
from .toml_lines import line_of

MOST_BYTES = 200_000
"""A design or a study is a page of text; what is larger is something else."""

_LONGEST = 500
_SHOWN = 60
_VAST = 1e30
_DEEP = "is nested too deeply; it has tables within tables only"


@dataclass(frozen=True, kw_only=True)
class Page:
    """The values of a TOML file, with the text that they came from.

    Parameters
    ----------
    name : str
        How messages call it.
    text : str
        TOML.
    values : dict
        What it says, nested.
    """

    name: str
    text: str
    values: dict[str, Any]

    @classmethod
    def read(cls, path: Path | str) -> "Page":
        """Read a file in UTF-8, or ``"-"`` for standard input.

        Raises
        ------
        ValueError
            When it is no TOML; one line that names the file and the line.
        OSError
            When it cannot be read.
        """
        name = "standard input" if str(path) == "-" else str(path)
        return cls.parse(_text(Path(path), name), name)

    @classmethod
    def parse(cls, text: str, name: str) -> "Page":
        """Read text.

        Raises
        ------
        ValueError
            As for `read`.
        """
        try:
            return cls(name=name, text=text, values=tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(plain(_bad_syntax(str(error), text, name))) from None
        except RecursionError:
            raise ValueError(plain(f"{name}: {_DEEP}")) from None
        except ValueError:
            # Python's guard against numbers that take ages to read.
            found = re.search(r"\d{4000}", text)
            line = "" if found is None else f", line {text.count(chr(10), 0, found.start()) + 1}"
            raise ValueError(plain(f"{name}{line}: holds a whole number of thousands of digits")) from None

    def error(self, error: ParameterError | RecursionError) -> ValueError:
        """Return what is wrong with the values as one line that names file, line, fields and rules."""
        if isinstance(error, RecursionError):
            return ValueError(plain(f"{self.name}: {_DEEP}"))
        return ValueError(_said(error, self.values, self.text, self.name))


def _text(path: Path, name: str) -> str:
    """Read a file, or standard input, of bounded length."""
    if str(path) == "-":
        content = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "no regular file"
            raise ValueError(plain(f"{name}: is {what}; name a file, or - for standard input"))
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(plain(f"{name}: is larger than {MOST_BYTES} bytes, which no design or study is"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            plain(f"{name}, line {line}: is not UTF-8 text (byte 0x{content[error.start]:02x})")
        ) from None


def check_plain(value: Any, path: tuple[str, ...]) -> None:
    """Refuse what TOML can say and a file of ours never means: dates, and numbers that are none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            check_plain(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            check_plain(inner, (*path, str(index)))
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
    return plain(f"{place}: {'; '.join(said)}{more}")


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


def plain(text: str) -> str:
    """One line without control characters, which a terminal would obey, and not endless."""
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
