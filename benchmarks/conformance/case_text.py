"""Cases as a reader takes them in at a glance."""

import dataclasses
from typing import Any

import numpy as np

from .law import Case

# Arrays up to this size are written out.
_SMALL = 12


def case_text(case: Case) -> str:
    """Write a case on one line.

    Examples
    --------
    >>> from .drawn_array import DrawnArray
    >>> case_text({"x": DrawnArray((4, 4), ((5, 1.0),)), "scale": 2.0})
    'x = (4, 4) zeros but [1, 1] = 1; scale = 2'
    """
    return "; ".join(case_lines(case))


def case_lines(case: Case) -> list[str]:
    """Write a case on one line for each keyword."""
    return [f"{name} = {value_text(value)}" for name, value in case.items()] or ["there is only one"]


def value_text(value: Any) -> str:
    """Write one value of a case: arrays by what is not zero in them, nouns by their fields.

    Examples
    --------
    >>> from .drawn_array import DrawnArray
    >>> value_text(DrawnArray((2, 2), seed=1)), value_text(DrawnArray((2,), ((0, -1.0),)))
    ('(2, 2) normal noise of seed 1', '[-1, 0]')
    """
    if type(value).__name__ == "DrawnArray":
        return _array_text(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = [
            f"{field.name}={value_text(getattr(value, field.name))}"
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != field.default
        ]
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple | list):
        return "(" + ", ".join(value_text(item) for item in value) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {value_text(item)}" for name, item in value.items()) + "}"
    return str(value)


def _array_text(drawn: Any) -> str:
    floor = "" if drawn.floor is None else f", reflected at {drawn.floor:g}"
    if drawn.seed is not None:
        extra = " and entries" if drawn.entries else ""
        return f"{drawn.shape} normal noise of seed {drawn.seed}{extra}{floor}"
    values = drawn.array()
    if values.size <= _SMALL:
        text = np.array2string(values, separator=", ", formatter={"float_kind": "{:.6g}".format})
        return " ".join(text.split())
    entries = [
        f"[{', '.join(str(i) for i in np.unravel_index(int(flat), drawn.shape))}] = "
        f"{values.reshape(-1)[flat]:.6g}"
        for flat in np.flatnonzero(values)
    ]
    if len(entries) > _SMALL:
        return f"{drawn.shape} with entries from {values.min():.6g} to {values.max():.6g}"
    return f"{drawn.shape} zeros" + (f" but {', '.join(entries)}" if entries else "")
