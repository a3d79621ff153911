"""Plain functions, pairs of them, and objects with the usual methods, as components."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ..beam_geometry import BeamGeometry
from ..functional import Functional
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily


def operator(
    forward: Callable[[np.ndarray], Any],
    adjoint: Callable[[np.ndarray], Any] | None = None,
    *,
    shape: tuple[int, ...] | None,
    range_shape: tuple[int, ...] | None = None,
    name: str | None = None,
    dtype: str = "float32",
) -> LinearMap:
    """Turn one function, or two, into an operator.

    Parameters
    ----------
    forward, adjoint : callable
        Array to array, and back.
    shape : tuple of int
        Of what goes in.
    range_shape : tuple of int, optional
        Of what comes out; when omitted, that of what comes out for zeros.
    name : str, optional
        How reports call it.
    dtype : str
        Type of the arrays that it is given.

    Raises
    ------
    ValueError
        When there is no shape, or it takes no arrays of that shape.

    Examples
    --------
    >>> operator(lambda x: x.sum(axis=0), shape=(4, 3)).range
    (3,)
    """
    title = name or _name(forward)
    if shape is None:
        raise ValueError(f"`shape` must be given for {title}: that of the arrays that it takes")
    domain = tuple(shape)
    if range_shape is None:
        try:
            range_shape = np.shape(forward(np.zeros(domain, dtype)))
        except Exception as error:
            raise ValueError(
                f"`shape` must suit {title}, which refuses zeros of {domain}: {error}"
            ) from error
    return LinearMap(
        name=title, domain=domain, range=tuple(range_shape), forward=forward, adjoint=adjoint, dtype=dtype
    )


def methods(thing: Any, *, shape: tuple[int, ...] | None = None, name: str | None = None) -> LinearMap:
    """Turn an object with ``forward`` and perhaps ``adjoint`` (or ``T``, ``backward``) into an operator.

    Parameters
    ----------
    thing : object
        Whose ``forward`` maps arrays to arrays.
    shape : tuple of int, optional
        Of what goes in; its ``domain`` or ``input_shape`` when omitted, where it has one of these.
    name : str, optional
        How reports call it.
    """
    back = next(
        (getattr(thing, way) for way in ("adjoint", "backward") if callable(getattr(thing, way, None))), None
    )
    if shape is None:
        known = getattr(thing, "domain", getattr(thing, "input_shape", None))
        shape = tuple(known) if isinstance(known, tuple | list) else None
    return operator(thing.forward, back, shape=shape, name=name or type(thing).__name__)


def functional(
    thing: Any, *, shape: tuple[int, ...] | None, name: str | None = None, dtype: str = "float64"
) -> Functional:
    """Turn a value, a proximal step, a pair (value, step) or an object with these into a functional.

    Parameters
    ----------
    thing : callable, tuple of callables, or object
        A function of one array is the value; one of an array and a step is the proximal step; an object
        may have ``value`` (or be called), ``prox``, ``conjugate``, ``conjugate_prox`` and ``gradient``,
        as those of `Functional`.
    shape : tuple of int
        Of its argument.
    name : str, optional
        How reports call it.
    dtype : str
        Type of the arrays that it is given.

    Raises
    ------
    ValueError
        When there is no shape.

    Examples
    --------
    >>> def shrink(x, step): return np.sign(x) * np.maximum(np.abs(x) - step, 0)
    >>> functional((lambda x: np.abs(x).sum(), shrink), shape=(3,)).prox is shrink
    True
    """
    title = name or _name(thing[0] if isinstance(thing, tuple) else thing)
    if shape is None:
        raise ValueError(f"`shape` must be given for {title}: that of the arrays that it takes")
    parts: dict[str, Any]
    if isinstance(thing, tuple):
        parts = dict(zip(("value", "prox"), thing, strict=True))
    elif hasattr(thing, "prox"):
        names = ("prox", "conjugate", "conjugate_prox", "gradient")
        parts = {part: getattr(thing, part, None) for part in names}
        parts["value"] = getattr(thing, "value", thing if callable(thing) else None)
    else:
        parts = {"prox" if takes(thing) >= 2 else "value": thing}
    return Functional(name=title, domain=tuple(shape), dtype=dtype, **parts)


def projector(
    factory: Callable[[BeamGeometry], Any], *, name: str | None = None, adapt: Callable[..., LinearMap]
) -> ProjectorFamily:
    """Turn a function of a geometry into a projector family.

    Parameters
    ----------
    factory : callable
        ``factory(geometry)`` returns anything that is adapted to an operator: a `LinearMap`, a pair
        (forward, adjoint), a matrix, an object with ``forward`` and ``adjoint``.
    name : str, optional
        How reports call it.
    adapt : callable
        What adapts its answer.

    Examples
    --------
    >>> from .adaption import adapt
    >>> def one_view(geometry):
    ...     return (lambda volume: volume.sum(axis=0, keepdims=True),
    ...             lambda series: np.repeat(series, geometry.shape[0], axis=0))
    >>> projector(one_view, adapt=adapt).make(BeamGeometry((3, 2, 1), (0.0,))).range
    (1, 2, 1)
    """
    title = name or _name(factory)

    def make(geometry: BeamGeometry) -> LinearMap:
        return in_geometry(
            adapt(factory(geometry), kind="operator", shape=geometry.shape, name=title), geometry
        )

    return ProjectorFamily(name=title, make=make)


def in_geometry(found: LinearMap, geometry: BeamGeometry) -> LinearMap:
    """See an operator of flat vectors, such as a matrix, as one of volumes and series.

    Raises
    ------
    ValueError
        When its sizes are not those of the geometry.
    """
    volume, series = geometry.shape, geometry.series_shape
    if (found.domain, found.range) == (volume, series):
        return found
    if (prod(found.domain), prod(found.range)) != (prod(volume), prod(series)):
        raise ValueError(
            f"{found.name} must map volumes {volume} to series {series}, "
            f"got an operator from {found.domain} to {found.range}"
        )
    back = found.adjoint
    return replace(
        found,
        domain=volume,
        range=series,
        forward=lambda x: np.asarray(found.forward(x.reshape(found.domain))).reshape(series),
        adjoint=None if back is None else lambda y: np.asarray(back(y.reshape(found.range))).reshape(volume),
    )


def takes(function: Callable[..., Any]) -> int:
    """Count the arguments without a default that a function takes by position; 1 where it cannot tell."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = _without_default(function)
    return 1 if parameters is None else sum(parameter.kind in kinds for parameter in parameters)


def makes_by_itself(function: Callable[..., Any]) -> bool:
    """Whether a function or class can be called without any argument, and does not take as many as come.

    Examples
    --------
    >>> makes_by_itself(lambda size=3: size), makes_by_itself(lambda *, size: size)
    (True, False)
    """
    return _without_default(function) == []


def _without_default(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    many = inspect.Parameter.VAR_POSITIONAL
    optional = (inspect.Parameter.VAR_KEYWORD, *([many] if inspect.isclass(function) else []))
    return [p for p in parameters if p.default is inspect.Parameter.empty and p.kind not in optional]


def _name(thing: Any) -> str:
    return getattr(thing, "__name__", None) or type(thing).__name__
