"""An entry of the league: a solver, what it needs, and how it chooses its parameters."""

import importlib
import importlib.util
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .league_answer import LeagueAnswer
from .league_data import LeagueData

FAMILIES = ("null", "own", "peer", "outside")
"""What any solver has to beat, ours, other packages', and solvers named on the command line."""


@dataclass(frozen=True, kw_only=True)
class LeagueEntry:
    """A solver that takes part.

    Parameters
    ----------
    name : str
        Short, for tables.
    summary : str
        What it is, in one line.
    family : {"null", "own", "peer", "outside"}
        See `FAMILIES`.
    solver : str
        ``module:function`` in this folder, or ``package.module:object`` anywhere for the family "outside".
        ``function(data, **options)`` with `LeagueData` returns a `LeagueAnswer`, or an array
        (channel, z, y, x). One from outside may take a `Problem` instead (`problem_solver`).
    options : dict
        Keyword arguments of the function.
    rule : str
        How its parameters are chosen without the truth, one sentence.
    modules : tuple of str
        Packages that it needs to be importable.
    install : str
        How to get them.
    signals : tuple of str
        Signals that it takes.

    Raises
    ------
    ValueError
        When the family is unknown.

    Examples
    --------
    >>> entry = LeagueEntry(
    ...     name="mine", summary="a constant", family="null", solver="null_entries:constant", rule="total")
    >>> data = LeagueData(
    ...     counts=np.full((1, 2, 4, 4), 8), angles_deg=[-30.0, 30.0], spacing_nm=5.0,
    ...     channels=("ADF",), signal="ADF")
    >>> entry.missing(), entry.declines(data), entry.solve(data).volume.shape
    (None, None, (1, 4, 4, 4))
    """

    name: str
    summary: str
    family: str
    solver: str
    rule: str
    options: dict[str, Any] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    install: str = ""
    signals: tuple[str, ...] = ("EDS_TEM", "ADF")

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(f"`family` must be one of {', '.join(FAMILIES)}, got {self.family!r}")

    def missing(self) -> str | None:
        """Say in a sentence why it cannot run here; None when it can."""
        absent = [name for name in self.modules if importlib.util.find_spec(name) is None]
        if absent:
            return f"{' and '.join(absent)} not installed: {self.install}"
        return None

    def declines(self, data: LeagueData) -> str | None:
        """Say in a sentence why it does not take these data; None when it does."""
        if data.signal in self.signals:
            return None
        return f"{self.name} takes {' or '.join(self.signals)}, not {data.signal}"

    def solve(self, data: LeagueData) -> LeagueAnswer:
        """Reconstruct.

        Parameters
        ----------
        data : LeagueData

        Returns
        -------
        LeagueAnswer
            Volume of shape ``data.shape``; its status is "diverged" when a value is not finite.

        Raises
        ------
        ValueError
            When it declines, cannot be imported, or returns a volume of another shape.
        """
        reason = self.missing() or self.declines(data)
        if reason:
            raise ValueError(reason)
        answer = self.function()(data, **self.options)
        if not isinstance(answer, LeagueAnswer):
            answer = LeagueAnswer(volume=np.asarray(answer), status="unknown")
        if answer.volume.shape != data.shape:
            raise ValueError(
                f"{self.name} must return a volume (channel, z, y, x) of shape {data.shape}, "
                f"got {answer.volume.shape}"
            )
        return answer

    def function(self) -> Callable[..., Any]:
        """Import the solver; it is called as ``function(data, **options)``."""
        found = imported(self.solver, __package__ if self.family != "outside" else None)
        if self.family != "outside" or takes_data(found):
            return found
        from .problem_solver import by_channel

        return by_channel(found)


def imported(path: str, package: str | None = None) -> Callable[..., Any]:
    """Return the callable that ``module:function`` names, in a package or anywhere.

    Raises
    ------
    ValueError
        When there is no such module or object, or it cannot be called.
    """
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise ValueError(f"`solver` must read package.module:object, got {path!r}")
    try:
        home = importlib.import_module(f".{module}" if package else module, package)
    except ImportError as error:
        raise ValueError(f"`solver` {path!r} cannot be imported: {error}") from None
    found = getattr(home, name, None)
    if not callable(found):
        kind = "nothing of that name" if found is None else f"a {type(found).__name__}"
        raise ValueError(f"`solver` {path!r} must name something callable, {module} holds {kind}")
    return found


def takes_data(solver: Callable[..., Any]) -> bool:
    """Whether a solver takes `LeagueData`: its first argument is called ``data`` or annotated so."""
    try:
        first = next(iter(inspect.signature(solver).parameters.values()), None)
    except (TypeError, ValueError):
        return False
    if first is None:
        return False
    # An annotation is a string where the solver's module postpones its evaluation.
    noun = getattr(first.annotation, "__name__", first.annotation)
    return first.name == "data" or str(noun).rpartition(".")[2] == "LeagueData"
