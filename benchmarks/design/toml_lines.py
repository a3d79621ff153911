"""Where in a TOML text a field stands."""

import re
import tomllib
from collections.abc import Sequence
from typing import Any

# Characters that are read in all: a page of text takes a tenth; one made to take long gets no line.
_MOST_READ = 1_500_000
# Steps that short values span are taken one by one.
_NEAR = 8


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
    search = _Search(re.split(r"(?<=\n)", text))
    keys = [step for step in steps if not step.isdigit()]
    try:
        while keys and not search.holds(len(search.lines), keys):
            keys = keys[:-1]
        return search.first(keys) if keys else None
    except _TooLongError:
        return None


class _TooLongError(Exception):
    """The text would take too long to search."""


class _Search:
    """Looks at runs of lines from the top of a text, of which parsing each has a price."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self._left = _MOST_READ

    def parsed(self, count: int) -> dict[str, Any] | None:
        """What the first `count` lines hold; None where they end within something."""
        text = "".join(self.lines[:count])
        self._left -= len(text)
        if self._left < 0:
            raise _TooLongError
        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError):
            return None

    def holds(self, count: int, keys: list[str]) -> bool:
        """Whether the first `count` lines hold a path of keys."""
        return _holds(self.parsed(count), keys)

    def first(self, keys: list[str]) -> int | None:
        """The line in which a path of keys begins, which the text holds."""
        low, high = 0, len(self.lines)  # The first `low` lines do not hold the keys, the first `high` do.
        while high - low > 1:
            found = self._valid_between(low, high)
            if found is None:
                break
            count, values = found
            low, high = (low, count) if _holds(values, keys) else (count, high)
        long = high - low > _NEAR
        # Up to the beginning of what spans the lines that are left.
        while low + 1 < high and self.parsed(low + 1) is not None:
            low += 1
        # Growing steps may have missed the end of something long: then another key begins here.
        return None if long and keys[-1] not in self.lines[low] else low + 1

    def _valid_between(self, low: int, high: int) -> tuple[int, dict[str, Any]] | None:
        """A valid run of lines between two, from the middle outwards in growing steps."""
        middle = (low + high) // 2
        # What spans many lines mostly ends shortly before what is looked for.
        counts = [middle, high - 1, high - 2, high - 3]
        step = 1
        while middle - step > low or middle + step < high:
            counts += [middle - step, middle + step]
            step = 2 * step if step > _NEAR else step + 1
        for count in dict.fromkeys(counts):
            if low < count < high and (values := self.parsed(count)) is not None:
                return count, values
        return None


def _holds(values: Any, keys: list[str]) -> bool:
    """Whether nested tables, or arrays of tables, hold a path of keys."""
    if not keys:
        return True
    if isinstance(values, list):
        return any(_holds(value, keys) for value in values)
    return isinstance(values, dict) and keys[0] in values and _holds(values[keys[0]], keys[1:])
