"""The JSON Schema of a design file, by which editors complete, explain and check it."""

import functools
import inspect
import re
from typing import Any

from pydantic import BaseModel

from ...forward import HOLDERS, MICROSCOPES
from ...phantoms import PHANTOMS
from ...recon import METHODS
from .design import Design
from .template import WORDS

DRAFT = "http://json-schema.org/draft-07/schema#"
"""What the TOML extensions of editors (taplo, Even Better TOML, tombi) understand."""


def json_schema() -> dict[str, Any]:
    """Return the schema of a design file.

    Returns
    -------
    dict
        JSON Schema, draft 7: types, bounds, names of the library, defaults, and what every field means.

    Notes
    -----
    Rules that tie several fields together (a dwell or a budget, never both) are checked on reading only.

    Examples
    --------
    >>> schema = json_schema()
    >>> schema["$defs"]["Tilts"]["properties"]["count"]["maximum"]
    361
    >>> schema["$defs"]["Instrument"]["properties"]["holder"]["enum"]
    ['none', 'wall', 'blade']
    """
    # Callers may change what they get.
    return _copied(_schema())


@functools.cache
def _schema() -> dict[str, Any]:
    schema = Design.model_json_schema()
    tables = schema["$defs"]
    for noun in _nouns(Design, {}).values():
        _describe(schema if noun is Design else tables[noun.__name__], noun)
    named = {
        ("Specimen", "particle"): list(PHANTOMS),
        ("Instrument", "microscope"): list(MICROSCOPES),
        ("Instrument", "holder"): list(HOLDERS),
    }
    for (noun, field), names in named.items():
        field = tables[noun]["properties"][field]
        field.pop("anyOf", None)
        field |= {"type": "string", "enum": names}
    method = tables["Inversion"]["properties"]["method"]
    method.pop("type", None)
    method["anyOf"] = [
        {"type": "string", "enum": list(METHODS)},
        {"type": "string", "pattern": ":", "description": "package.module:object"},
    ]
    tables["Imperfections"]["properties"]["absorption"]["anyOf"].append({"type": "boolean"})
    lam = tables["Inversion"]["properties"]["lam"]
    lam["anyOf"] = [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        {"type": "string", "enum": ["discrepancy", "cross_validation", "oracle"]},
    ]
    return {"$schema": DRAFT, **_tidied(schema), "title": "Design"}


def _nouns(noun: type[BaseModel], found: dict[str, type[BaseModel]]) -> dict[str, type[BaseModel]]:
    """The nouns that a noun is made of, itself included, by name."""
    if noun.__name__ not in found:
        found[noun.__name__] = noun
        for field in noun.model_fields.values():
            for kind in _kinds(field.annotation):
                _nouns(kind, found)
    return found


def _kinds(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [kind for part in getattr(annotation, "__args__", ()) for kind in _kinds(part)]


def _describe(table: dict[str, Any], noun: type[BaseModel]) -> None:
    """Give a table and its fields the words of the noun's docstring."""
    text = inspect.getdoc(noun) or ""
    words = field_words(text)
    for path, said in WORDS.items():
        if _noun_at(path) is noun:
            words |= said
    table["description"] = text.partition("\n\n")[0].replace("\n", " ").replace("`", "")
    for name, said in words.items():
        if name in table.get("properties", {}):
            table["properties"][name]["description"] = said


def _noun_at(path: str) -> type[BaseModel]:
    """The noun of a table of the file."""
    noun: type[BaseModel] = Design
    for step in path.split(".") if path else []:
        (noun,) = _kinds(noun.model_fields[step].annotation)
    return noun


def field_words(docstring: str) -> dict[str, str]:
    r"""What the section *Parameters* of a numpydoc docstring says of each field.

    Examples
    --------
    >>> field_words("Beam.\n\nParameters\n----------\na, b : float\n    Both,\n    nm.\n")
    {'a': 'Both, nm.', 'b': 'Both, nm.'}
    """
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-{3,}|\Z)", docstring, re.DOTALL | re.MULTILINE)
    words: dict[str, str] = {}
    for names, body in re.findall(
        r"^(\w[\w, ]*?)(?: :[^\n]*)?\n((?:(?:[ ]{4}[^\n]*)?\n?(?=[ \n]|\w|\Z))*)",
        section[1] if section else "",
        re.MULTILINE,
    ):
        said = " ".join(body.split()).replace("`", "")
        for name in names.split(", "):
            if said:
                words[name] = said
    return words


def _tidied(part: Any, within_properties: bool = False) -> Any:
    """Leave out what TOML has no word for (null) and what only repeats names."""
    if isinstance(part, list):
        return [_tidied(item) for item in part]
    if not isinstance(part, dict):
        return part
    part = dict(part)
    if not within_properties:
        if isinstance(part.get("title"), str):
            part.pop("title")
        if "anyOf" in part:
            part["anyOf"] = [one for one in part["anyOf"] if one != {"type": "null"}]
            if len(part["anyOf"]) == 1:
                part |= part.pop("anyOf")[0]
        if "default" in part and (part["default"] is None or isinstance(part["default"], dict)):
            part.pop("default")
        if "prefixItems" in part:
            # Draft 7 calls it items, and 2020-12 took that word for the rest.
            part["items"] = part.pop("prefixItems")
        part.pop("discriminator", None)
        if "$ref" in part and len(part) > 1:
            # In draft 7 nothing beside a reference counts.
            part["allOf"] = [{"$ref": part.pop("$ref")}]
    return {
        key: value if key in ("enum", "default") else _tidied(value, key in ("properties", "$defs"))
        for key, value in part.items()
    }


def _copied(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _copied(value) for key, value in part.items()}
    return [_copied(item) for item in part] if isinstance(part, list) else part
