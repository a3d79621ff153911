"""A literal table of named things whose unknown names list the known ones."""

import difflib
from typing import TypeVar

Value = TypeVar("Value")


class UnknownNameError(KeyError, ValueError):
    """A name that a table does not hold; its message lists the names that it does."""

    def __str__(self) -> str:
        return str(self.args[0])


class Table(dict[str, Value]):
    """A dictionary of one kind of thing, filled once as a literal.

    Parameters
    ----------
    kind : str
        What one entry is, in the singular (``"microscope"``); it opens the error message.
    entries : dict
        The entries by name.

    Examples
    --------
    >>> holders = Table("holder", {"none": 0, "wall": 1})
    >>> holders["wal"]
    Traceback (most recent call last):
        ...
    glasstomo.phantoms.table.UnknownNameError: unknown holder 'wal'; did you mean 'wall'? known: none, wall
    """

    def __init__(self, kind: str, entries: dict[str, Value]) -> None:
        super().__init__(entries)
        self.kind = kind

    def __missing__(self, name: object) -> Value:
        near = difflib.get_close_matches(str(name), self, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UnknownNameError(f"unknown {self.kind} {name!r}; {hint}known: {', '.join(self)}")
