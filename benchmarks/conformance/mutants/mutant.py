"""A component with one deliberate mistake, and the laws that have to catch it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Mutant:
    """One of our own components with one thing wrong, as a real mistake would be.

    Parameters
    ----------
    name : str
        How reports call it.
    summary : str
        What is wrong with it, in one sentence.
    breaks : tuple of str
        Names of the laws that have to catch it, each on its own; it may break others too.
    of : str
        Name of the component that it was made from, in the table of our own components of its kind;
        that one keeps every law that the mutant breaks.
    make : callable
        ``make()`` returns the broken `LinearMap`, `ProjectorFamily`, `Functional` or `Solver`.

    Raises
    ------
    ValueError
        When no law is named.

    Examples
    --------
    >>> from ..linear_map import LinearMap
    >>> def make():
    ...     return LinearMap(name="halved", domain=(2,), range=(2,), forward=lambda x: 2 * x,
    ...                      adjoint=lambda y: y)
    >>> Mutant(name="halved_adjoint", summary="The adjoint forgets a factor of 2.", breaks=("adjoint",),
    ...        of="twice", make=make).make().name
    'halved'
    """

    name: str
    summary: str
    breaks: tuple[str, ...]
    of: str
    make: Callable[[], Any]

    def __post_init__(self) -> None:
        if not self.breaks:
            raise ValueError(f"`breaks` of {self.name} must name at least one law that catches it, got none")

    def __repr__(self) -> str:
        return f"<mutant {self.name} of {self.of}: {self.summary}>"
