"""Functions that take a problem and return a volume, as solvers."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..solver import Answer, Solver

# What packages call the history of the objective.
_HISTORIES = ("objectives", "objective", "costs", "cost")


def solver(run: Callable[..., Any], *, name: str | None = None) -> Solver:
    """Turn a function of a problem into a solver.

    Parameters
    ----------
    run : callable
        ``run(problem)`` returns a volume (ndarray, or what ``numpy.asarray`` or its ``asarray()`` turns
        into one), a `Reconstruction`, a `Solve`, an `Answer`, or ``(volume, info)`` as `answer_of` takes
        them. One that takes ``max_iterations`` is also run with few of them.
    name : str, optional
        How reports call it, its own name when omitted.

    Examples
    --------
    >>> def nothing(problem): return np.zeros(problem.shape)
    >>> found = solver(nothing)
    >>> found.name, found.variational, found.takes_limit
    ('nothing', False, False)
    """

    def wrapped(problem: Any, **limits: Any) -> Answer:
        return answer_of(run(problem, **limits))

    return Solver(
        name=name or getattr(run, "__name__", type(run).__name__),
        run=wrapped,
        takes_limit="max_iterations" in _parameters(run),
        # Nothing is taken for promised that nobody has stated.
        claims=frozenset(),
    )


def answer_of(found: Any) -> Answer:
    """Read what a solver returned.

    Parameters
    ----------
    found : object
        A volume; anything with a ``volume``, and perhaps a ``status`` with ``ok``, a ``relative_gap`` and a
        ``history``; an `Answer`; or a pair of a volume and one of these: a mapping or an object with
        ``converged`` or ``success``, ``gap`` or ``relative_gap``, and ``objectives``; a list of objectives;
        an integer, which says as in SciPy that it converged where it is 0.

    Raises
    ------
    TypeError
        When there is no volume in it.

    Examples
    --------
    >>> answer_of((np.zeros((1, 1, 1)), {"converged": True, "objectives": [2.0, 1.0]})).objectives
    (2.0, 1.0)
    >>> answer_of((np.zeros((1, 1, 1)), 3)).converged
    False
    """
    if isinstance(found, Answer):
        return found
    if isinstance(found, tuple) and len(found) == 2 and not np.isscalar(found[0]):
        volume, info = found
        return _informed(_volume(volume), info)
    if hasattr(found, "volume"):
        return _recorded(found)
    return Answer(volume=_volume(found))


def _recorded(found: Any) -> Answer:
    """Read a `Reconstruction`, a `Solve` or what looks like one."""
    status: Any = getattr(found, "status", None)
    converged = None
    # A direct method is asked for no convergence, and says none.
    if hasattr(status, "ok") and getattr(status, "value", None) != "direct":
        converged = bool(status.ok)
    history = getattr(found, "history", None) or {}
    objectives = history.get("objective", ()) if isinstance(history, Mapping) else ()
    return Answer(
        volume=_volume(found.volume),
        converged=converged,
        gap=_number(getattr(found, "relative_gap", None)),
        objectives=_numbers(objectives),
    )


def _informed(volume: np.ndarray, info: Any) -> Answer:
    if isinstance(info, bool | np.bool_):
        return Answer(volume=volume, converged=bool(info))
    if isinstance(info, int | np.integer):
        return Answer(volume=volume, converged=int(info) == 0)
    if isinstance(info, list | tuple | np.ndarray):
        return Answer(volume=volume, objectives=_numbers(info))

    def told(*names: str) -> Any:
        for name in names:
            value = info.get(name) if isinstance(info, Mapping) else getattr(info, name, None)
            if value is not None:
                return value
        return None

    converged = told("converged", "success")
    return Answer(
        volume=volume,
        converged=None if converged is None else bool(converged),
        gap=_number(told("gap", "relative_gap")),
        objectives=_numbers(told(*_HISTORIES)),
    )


def _volume(found: Any) -> np.ndarray:
    array = np.asarray(found.asarray() if hasattr(found, "asarray") else found)
    if array.dtype.kind not in "biufc":
        raise TypeError(
            "a solver must return a volume, or (volume, info), or an object with a `volume`; "
            f"got {type(found).__name__}"
        )
    return array


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _numbers(values: Any) -> tuple[float, ...]:
    if values is None or np.ndim(values) != 1:
        return ()
    return tuple(float(value) for value in values)


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
