"""Turn a component of any package into what the laws see."""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from ..functional import Functional
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily
from ..solver import Solver
from . import of_callables, of_solvers

KINDS = ("operator", "projector", "functional", "solver")

Component = LinearMap | ProjectorFamily | Functional | Solver

# Package and class, as the classes that an object descends from are called, and ``module:function`` here.
# Nothing is imported to find out: an object of a package that is not installed cannot turn up.
_CLASSES = {
    "odl.Functional": "of_odl:odl_functional",
    "odl.Operator": "of_odl:odl_operator",
    "astra.OpTomo": "of_astra:astra_operator",
    "pylops.LinearOperator": "of_pylops:pylops_operator",
    "pyproximal.ProxOperator": "of_pyproximal:pyproximal_functional",
    "scico.LinearOperator": "of_scico:scico_operator",
    "scico.Functional": "of_scico:scico_functional",
    "scipy.LinearOperator": "of_scipy:scipy_operator",
    "scipy.sparray": "of_scipy:matrix",
    "scipy.spmatrix": "of_scipy:matrix",
    "numpy.ndarray": "of_scipy:matrix",
    "glasstomo.Projector": "of_glasstomo:projector_at",
}
# Functions and classes that stand for a component by themselves.
_NAMED = {
    "skimage.radon": "of_skimage:radon_pair",
    "skimage.iradon": "of_skimage:radon_pair",
    "skimage.denoise_tv_chambolle": "of_skimage:chambolle",
    "glasstomo.Projector": "of_glasstomo:projector_family",
}
_PROBLEM, _GEOMETRY = ("problem", "Problem"), ("geometry", "BeamGeometry")


def adapt(
    thing: Any,
    *,
    kind: str | None = None,
    shape: tuple[int, ...] | None = None,
    name: str | None = None,
    **stated: Any,
) -> Component:
    """Turn a component of any package into a `LinearMap`, `ProjectorFamily`, `Functional` or `Solver`.

    Parameters
    ----------
    thing : object
        One of the four already; an operator or functional of ODL, ASTRA (OpTomo), PyLops, PyProximal, SciPy
        or SCICO; ``skimage.transform.radon`` or ``skimage.restoration.denoise_tv_chambolle``; a matrix,
        dense or sparse; a pair of functions (forward, adjoint), or with ``kind="functional"`` (value,
        proximal step); an object with ``forward`` and ``adjoint``, with ``prox``, or with ``solve``; a
        function of a ``problem`` (a solver) or of a ``geometry`` (a projector); a class, or a function, that
        makes one of these without arguments.
    kind : {"operator", "projector", "functional", "solver"}, optional
        What it is, where it could be more than one of them; otherwise only checked.
    shape : tuple of int, optional
        Of the arrays that it takes, where it does not say so itself.
    name : str, optional
        How reports call it.
    **stated : object
        Further fields of the noun that comes out: ``claims``, ``norm_bound``, ``prox_accuracy``,
        ``closed_form``, ``gap``, ``variational``, ``accuracy``, ``dtype``…; what the component promises.

    Returns
    -------
    LinearMap, ProjectorFamily, Functional or Solver

    Raises
    ------
    ValueError
        When it cannot be told what it is or what arrays it takes, or it is not of that kind.

    Examples
    --------
    >>> import numpy as np
    >>> adapt(np.eye(3)).apply_adjoint(np.arange(3.0))
    array([0., 1., 2.])
    >>> adapt((np.cumsum, lambda y: np.cumsum(y[::-1])[::-1]), shape=(4,), name="sums").range
    (4,)
    >>> def mine(problem): return np.zeros(problem.shape)
    >>> adapt(mine, claims=frozenset({"nonnegative"})).kind
    'solver'
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}, got {kind!r}")
    found = _found(thing, kind, shape, name)
    if kind is not None and found.kind != kind:
        raise ValueError(f"{found.name} is a component of kind {found.kind!r}, not {kind!r}")
    return _with_stated(found, name, stated)


def _with_stated(found: Component, name: str | None, stated: dict[str, Any]) -> Component:
    known = {field.name for field in fields(found)}
    unknown = sorted(set(stated) - known)
    if unknown:
        raise ValueError(
            f"{type(found).__name__} has no {', '.join(f'`{field}`' for field in unknown)}; "
            f"it has {', '.join(sorted(known))}"
        )
    if "claims" in stated:
        stated = {**stated, "claims": frozenset(stated["claims"])}
    if name is not None:
        stated = {**stated, "name": name}
    return replace(found, **stated) if stated else found


def _found(thing: Any, kind: str | None, shape: tuple[int, ...] | None, name: str | None) -> Component:
    if isinstance(thing, LinearMap | ProjectorFamily | Functional | Solver):
        return thing
    adapter = _known(thing)
    if adapter is not None:
        return _applied(adapter, thing, shape, name)
    if _is_functions(thing):
        if kind == "functional":
            return of_callables.functional(thing, shape=shape, name=name)
        return of_callables.operator(*thing, shape=shape, name=name)
    for attribute, of_kind, make in (
        ("forward", "operator", of_callables.methods),
        ("prox", "functional", of_callables.functional),
        ("solve", "solver", lambda thing, **more: of_solvers.solver(thing.solve, name=_title(thing, name))),
    ):
        fits = not inspect.isclass(thing) and callable(getattr(thing, attribute, None))
        if fits and kind in (None, of_kind):
            return make(thing, shape=shape, name=name)
    if not callable(thing):
        raise ValueError(
            f"cannot tell what {_title(thing, name)} is: give a component of a known package, a matrix, a "
            "function, a pair of functions, or an object with `forward`, `prox` or `solve`"
        )
    return _called(thing, kind, shape, name)


def _called(
    thing: Callable[..., Any], kind: str | None, shape: tuple[int, ...] | None, name: str | None
) -> Component:
    """Adapt a function by its kind or by what it takes; what takes nothing makes the component."""
    if of_callables.makes_by_itself(thing):
        return adapt(thing(), kind=kind, shape=shape, name=name)
    if inspect.isclass(thing):
        raise ValueError(
            f"{thing.__name__} cannot be made without arguments: give an object of it, or a function "
            "without arguments that makes one"
        )
    kind = kind or _kind_by_signature(thing)
    if kind == "solver":
        return of_solvers.solver(thing, name=name)
    if kind == "projector":
        return of_callables.projector(thing, name=name, adapt=adapt)  # pyright: ignore[reportArgumentType]
    if kind == "functional":
        return of_callables.functional(thing, shape=shape, name=name)
    if kind == "operator":
        return of_callables.operator(thing, shape=shape, name=name)
    raise ValueError(
        f"`kind` must be given for {_title(thing, name)}, as its arguments do not tell: one of "
        f"{', '.join(KINDS)}; functions of `problem` are solvers, those of `geometry` projectors"
    )


def _kind_by_signature(thing: Callable[..., Any]) -> str | None:
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return None
    if not parameters:
        return None
    first = parameters[0]
    annotation = getattr(first.annotation, "__name__", str(first.annotation)).rpartition(".")[2]
    for kind, (argument, noun) in (("solver", _PROBLEM), ("projector", _GEOMETRY)):
        if first.name == argument or annotation.strip("'\"") == noun:
            return kind
    return None


def _known(thing: Any) -> str | None:
    """Find the adapter of an object of a known package, or of a known function or class."""
    if inspect.isclass(thing) or inspect.isfunction(thing):
        return _NAMED.get(_label(thing))
    for ancestor in type(thing).__mro__:
        adapter = _CLASSES.get(_label(ancestor))
        if adapter is not None:
            return adapter
    return None


def _label(thing: Any) -> str:
    return f"{thing.__module__.partition('.')[0]}.{thing.__name__}"


def _applied(adapter: str, thing: Any, shape: tuple[int, ...] | None, name: str | None) -> Component:
    module, _, function = adapter.partition(":")
    make = getattr(importlib.import_module(f".{module}", __package__), function)
    takes = inspect.signature(make).parameters
    given = {"name": name, "shape": shape}
    options = {key: value for key, value in given.items() if value is not None and key in takes}
    positional = [
        parameter for parameter in takes.values() if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    return make(thing, **options) if positional else make(**options)


def _is_functions(thing: Any) -> bool:
    """Whether it is a pair of functions; a matrix may have such a shape, but no entry of it is called."""
    return isinstance(thing, tuple | list) and len(thing) == 2 and all(callable(part) for part in thing)


def _title(thing: Any, name: str | None) -> str:
    return name or getattr(thing, "__name__", None) or type(thing).__name__
