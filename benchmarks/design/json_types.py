"""Take the types of a file at their word: no text for a number, no yes or no for a one."""

from typing import Any

from ...phantoms.parameters import ParameterError

_WORDS = {
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number",
    "string": "text in quotes",
    "array": "a list in [ ]",
    "object": "a table",
    "null": "left out",
}


def check_types(schema: dict[str, Any], values: dict[str, Any]) -> None:
    """Compare the types of values with those that a JSON Schema allows.

    Validation alone is lenient: it takes ``"15"`` for 15 and ``true`` for 1.0, which in a file are slips.

    Parameters
    ----------
    schema : dict
        JSON Schema of a noun.
    values : dict
        Nested tables, as TOML gives them.

    Raises
    ------
    ParameterError
        When a value's type is none of its field's.

    Examples
    --------
    >>> from glasstomo.forward import AcquisitionErrors
    >>> schema = AcquisitionErrors.model_json_schema()
    >>> check_types(schema, {"tilt_sigma_deg": 0.2})
    >>> check_types(schema, {"tilt_sigma_deg": "0.2"})
    Traceback (most recent call last):
        ...
    glasstomo.phantoms.parameters.ParameterError: AcquisitionErrors: tilt_sigma_deg: must be a number, \
got text: '0.2'
    """
    problems: list[tuple[str, str]] = []
    _check(schema, schema.get("$defs", {}), values, (), problems)
    if problems:
        raise ParameterError(schema.get("title", "the whole"), problems)


def _check(
    schema: dict[str, Any], known: dict[str, Any], value: Any, path: tuple[str, ...], problems: list
) -> None:
    options = _options(schema, known)
    types = {option["type"] for option in options if isinstance(option.get("type"), str)}
    kind = _kind(value)
    # An empty schema, or a choice of constants, leaves the judgement to validation.
    free = any("type" not in option for option in options)
    if not free and not types & _fits(kind, value):
        wanted = " or ".join(dict.fromkeys(_WORDS[name] for name in types - {"null"}))
        problems.append((".".join(path), f": must be {wanted}, got {_named(kind)}: {_short(value)}"))
        return
    tables = [option for option in options if option.get("type") == "object"]
    if kind == "object" and len(tables) > 1:
        # Alternatives that a field of their own tells apart.
        tables = [table for table in tables if _constant(table, "kind") == value.get("kind", tables)]
    if kind == "object" and len(tables) == 1:
        inner = tables[0]
        for key, item in value.items():
            part = inner.get("properties", {}).get(key, inner.get("additionalProperties"))
            if isinstance(part, dict):
                _check(part, known, item, (*path, key), problems)
    lists = [option for option in options if option.get("type") == "array"]
    if kind == "array" and len(lists) == 1:
        fixed = lists[0].get("prefixItems", [])
        for index, item in enumerate(value):
            part = fixed[index] if index < len(fixed) else lists[0].get("items")
            if isinstance(part, dict):
                _check(part, known, item, (*path, str(index)), problems)


def _options(schema: dict[str, Any], known: dict[str, Any]) -> list[dict[str, Any]]:
    """The alternatives of a schema, with references followed."""
    if "$ref" in schema:
        return _options(known[schema["$ref"].rpartition("/")[2]], known)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return [option for part in schema[word] for option in _options(part, known)]
    return [schema]


def _constant(table: dict[str, Any], name: str) -> Any:
    return table.get("properties", {}).get(name, {}).get("const")


def _kind(value: Any) -> str:
    """Name of a value's type in JSON Schema."""
    if isinstance(value, bool):
        return "boolean"
    for kind, name in ((int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"


def _fits(kind: str, value: Any) -> set[str]:
    """The types of JSON Schema that a value has."""
    if kind == "integer" or (kind == "number" and value == int(value)):
        return {"integer", "number"}
    return {kind}


def _named(kind: str) -> str:
    return {"string": "text", "array": "a list", "object": "a table", "boolean": "a yes or no"}.get(
        kind, "a number"
    )


def _short(value: Any, limit: int = 40) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
