"""Cases written down as JSON, and read back."""

import dataclasses
import importlib
import math
from typing import Any

# Nouns that may stand in a case, and the module here that holds each.
_NOUNS = {"DrawnArray": "drawn_array", "BeamGeometry": "beam_geometry", "DrawnProblem": "drawn_problem"}
_KIND = "is"
_NAMED = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def encode(value: Any) -> Any:
    """Turn a value of a case into what JSON holds.

    Raises
    ------
    TypeError
        When it is neither a number, a string, None, a sequence or dictionary of such, nor a noun of cases.

    Examples
    --------
    >>> from .drawn_array import DrawnArray
    >>> encode((1, DrawnArray((2,), ((1, 0.5),))))
    [1, {'is': 'DrawnArray', 'shape': [2], 'entries': [[1, 0.5]], 'seed': None, 'floor': None}]
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        name = type(value).__name__
        if name not in _NOUNS:
            raise TypeError(f"a case may hold {', '.join(_NOUNS)}, not {name}")
        fields = {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {_KIND: name, **fields}
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {_KIND: "number", "value": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a case may not hold a {type(value).__name__}: {value!r}")


def decode(value: Any) -> Any:
    """Turn what `encode` made back into the value; sequences become tuples.

    Examples
    --------
    >>> from .drawn_array import DrawnArray
    >>> case = {"x": DrawnArray((2,), ((1, 0.5),)), "scale": float("inf")}
    >>> decode(encode(case)) == case
    True
    """
    if isinstance(value, list):
        return tuple(decode(item) for item in value)
    if not isinstance(value, dict):
        return value
    kind = value.get(_KIND)
    if kind is None:
        return {key: decode(item) for key, item in value.items()}
    if kind == "number":
        return _NAMED[value["value"]]
    if kind not in _NOUNS:
        raise ValueError(f"unknown noun {kind!r} in a case; known: {', '.join(_NOUNS)}")
    noun = getattr(importlib.import_module(f".{_NOUNS[kind]}", __package__), kind)
    return noun(**{key: decode(item) for key, item in value.items() if key != _KIND})
