"""Write a design as a commented TOML file that reads back as the same design."""

import textwrap
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ...forward import Absorption
from ..outputs import whole_file
from .design import DEFAULT_DWELL_S, Design
from .template import SECTIONS, Entry, Section
from .toml_values import toml_key, toml_value

_WIDTH = 100
_HEAD = """\
A design for glasstomo: an acquisition, judged by simulation before the microscope is booked.

    glasstomo design explain {name}    dose, damage, time, counts, shadowing, missing wedge
    glasstomo design check {name}      simulate, reconstruct, decide: is it good enough?

Lines that begin with # are comments; a field behind a single # is off, or stands at its default. Units
stand in the names.
"""


def design_text(design: Design | None = None, *, name: str = "DESIGN.toml", schema: str | None = None) -> str:
    """Write a design as a commented TOML text.

    Parameters
    ----------
    design : Design, optional
        The design; the default one, its dwell spelt out, when left out.
    name : str, optional
        Of the file, for the commands that its head shows.
    schema : str, optional
        Path of its JSON Schema, relative to the file, for editors (taplo, Even Better TOML, tombi).

    Returns
    -------
    str
        Every field with what it means: set where it has a value, behind a # where it has none.

    Examples
    --------
    >>> text = design_text(Design(tilts={"count": 31}))
    >>> [line for line in text.splitlines() if line.startswith("count")]
    ['count = 31']
    """
    design = example_design() if design is None else design
    lines = [] if schema is None else [f"#:schema {schema}"]
    lines += [f"# {line}".rstrip() for line in _HEAD.format(name=name).splitlines()]
    for section in SECTIONS:
        lines += ["", *_section_lines(design, section)]
    return "\n".join(lines) + "\n"


def example_design(changes: dict[str, Any] | None = None) -> Design:
    """Return the default design with some fields changed, its dwell spelt out: the first that anyone changes.

    Parameters
    ----------
    changes : dict, optional
        Dotted field to value.

    Raises
    ------
    ValueError
        When there is no such field, or a value breaks its rule.
    """
    from .design_file import changed_design

    changes = changes or {}
    beam = {} if "beam.total_fluence_e_nm2" in changes else {"beam.dwell_s": DEFAULT_DWELL_S}
    return changed_design(Design(), {**beam, **changes})


def write_template(
    path: Path, design: Design | None = None, *, force: bool = False, schema: str | None = None
) -> None:
    """Write a design, by default the example, as a commented file.

    Parameters
    ----------
    path : pathlib.Path
        The file, whole or not at all.
    design : Design, optional
        The default one when left out.
    force : bool, optional
        Replace a file that is there.
    schema : str, optional
        As for `design_text`.

    Raises
    ------
    ValueError
        When the file is there and `force` is not given.
    OSError
        When it cannot be written.
    """
    if path.exists() and not force:
        raise ValueError(f"{path}: is there already; choose another name, or --force to replace it")
    text = design_text(design, name=path.name, schema=schema)
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def _section_lines(design: Design, section: Section) -> list[str]:
    noun: Any = design
    steps = section.path.split(".") if section.path else []
    for step in steps:
        noun = getattr(noun, step, None)
    shown = _shown(noun, section)
    others = _others(noun, section)
    # A table that is off altogether stands as an example, its header behind a # as well.
    off = bool(steps) and noun is None
    lines = _comment(section.words)
    if steps:
        lines.append(f"# [{section.path}]" if off else f"[{section.path}]")
    for entry in section.entries:
        lines += _comment(entry.words, indent="" if not steps else "  ")
        value = shown.get(entry.key)
        if value is not None:
            lines.append(f"{entry.key} = {toml_value(value)}")
        else:
            lines.append(f"# {entry.key} = {toml_value(_example(noun, entry))}")
    return lines + [f"{toml_key(key)} = {toml_value(value)}" for key, value in others.items()]


def _example(noun: Any, entry: Entry) -> Any:
    if entry.example is not None:
        return entry.example
    return type(noun).model_fields[entry.key].default


def _shown(noun: Any, section: Section) -> dict[str, Any]:
    """Values of a table's fields that the file sets."""
    if not isinstance(noun, BaseModel):
        return {}
    values = _content(noun)
    hidden: set[str] = set()
    if section.path == "tilts" and values.get("angles_deg") is not None:
        hidden = {"scheme", "start_deg", "stop_deg", "count"}
    if section.path == "tilts" and values.get("scheme") == "golden_ratio":
        hidden = {"order"}
    if section.path == "imperfections" and values["absorption"] == Absorption().model_dump(mode="json"):
        values["absorption"] = True
    empty: tuple[Any, ...] = (None, "", {})
    return {
        entry.key: values[entry.key]
        for entry in section.entries
        if entry.key not in hidden and values.get(entry.key) not in empty
    }


def _content(noun: BaseModel) -> dict[str, Any]:
    """Values of a noun's own fields, ready for TOML: nouns within as tables."""
    return {
        key: value.model_dump(mode="json", exclude_none=True) if isinstance(value, BaseModel) else value
        for key, value in ((name, getattr(noun, name)) for name in type(noun).model_fields)
    }


def _others(noun: Any, section: Section) -> dict[str, Any]:
    """Fields that are set and that the words leave out, such as an analytic particle."""
    if not isinstance(noun, BaseModel):
        return {}
    tables = {other.path for other in SECTIONS}
    named = {entry.key for entry in section.entries}
    prefix = f"{section.path}." if section.path else ""
    return {
        key: value
        for key, value in _content(noun).items()
        if key in noun.model_fields_set
        and key not in named
        and f"{prefix}{key}" not in tables
        and value is not None
    }


def _comment(words: str, indent: str = "") -> list[str]:
    return [f"# {indent}{line}" for line in textwrap.wrap(words, _WIDTH - len(indent))]


def parsed_value(text: str) -> Any:
    """Read a value as TOML does; bare words are text, ``none`` gives a field back its default.

    Examples
    --------
    >>> parsed_value("31"), parsed_value("wall"), parsed_value("[0, 10]"), parsed_value("none")
    (31, 'wall', [0, 10], None)
    """
    if text == "none":
        return None
    try:
        values = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return values["value"] if list(values) == ["value"] else text
