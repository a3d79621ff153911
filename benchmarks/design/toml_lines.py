"""Where in a TOML text a field stands."""

import re
import tomllib
from collections.abc import Sequence
from typing import Any

_MOST_LINES = 5_000


def line_of(text: str, steps: Sequence[str]) -> int | None:
    r"""Return the line, from 1, in which a field or else the innermost table around it begins.

    Parameters
    ----------
    text : str
        Valid TOML.
    steps : sequence of str
        The field as its path of keys; indices of arrays are left aside.

    Returns
    -------
    int or None
        None for a field whose outermost table is not in the text either.

    Notes
    -----
    The field is in the shortest run of whole lines, from the top, that is valid TOML and holds it; what
    spans several lines begins after the longest shorter run that is valid. Keys may then be dotted,
    quoted or in inline tables.

    Examples
    --------
    >>> line_of("[beam]\ncurrent_na = 1.0\n", ("beam", "current_na"))
    2
    >>> line_of("[beam]\ncurrent_na = 1.0\n", ("beam", "dwell_s"))
    1
    """
    lines = re.split(r"(?<=\n)", text)
    keys = [step for step in steps if not step.isdigit()]
    if len(lines) > _MOST_LINES:
        return None
    while keys:
        if _holds(_parsed(lines, len(lines)), keys):
            return _first_line(lines, keys)
        keys = keys[:-1]
    return None


def _first_line(lines: list[str], keys: list[str]) -> int:
    low, high = 0, len(lines)  # The first `low` lines do not hold the field, the first `high` do.
    while high - low > 1:
        middle = valid = (low + high) // 2
        while valid > low and _parsed(lines, valid) is None:
            valid -= 1
        if valid > low and _holds(_parsed(lines, valid), keys):
            high = valid
        elif valid > low:
            low = valid
        else:
            # Nothing between is valid up to the middle: go on above it, line by line.
            valid = middle + 1
            while valid < high and _parsed(lines, valid) is None:
                valid += 1
            if valid >= high:
                break
            low, high = (low, valid) if _holds(_parsed(lines, valid), keys) else (valid, high)
    return low + 1


def _parsed(lines: list[str], count: int) -> dict[str, Any] | None:
    try:
        return tomllib.loads("".join(lines[:count]))
    except (ValueError, RecursionError):
        return None


def _holds(values: Any, keys: list[str]) -> bool:
    """Whether nested tables, or arrays of tables, hold a path of keys."""
    if not keys:
        return True
    if isinstance(values, list):
        return any(_holds(value, keys) for value in values)
    return isinstance(values, dict) and keys[0] in values and _holds(values[keys[0]], keys[1:])
