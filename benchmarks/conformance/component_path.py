"""Components by what one writes on the command line."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from ...phantoms.table import Table

# Tables of our own components: module, name in it.
_OWN = {
    "operator": ("own_operators", "OWN_OPERATORS"),
    "projector": ("own_projectors", "OWN_PROJECTORS"),
    "functional": ("own_functionals", "OWN_FUNCTIONALS"),
    "solver": ("own_solvers", "OWN_SOLVERS"),
}
_MUTANTS = {
    "operator": ("mutants.operators", "OPERATOR_MUTANTS"),
    "projector": ("mutants.projectors", "PROJECTOR_MUTANTS"),
    "functional": ("mutants.functionals", "FUNCTIONAL_MUTANTS"),
    "solver": ("mutants.solvers", "SOLVER_MUTANTS"),
}


def own_components(kind: str | None = None) -> dict[str, Callable[[], Any]]:
    """Return our own components, ``own/NAME`` to what makes them, all or those of one kind."""
    return _collected("own", _OWN, kind)


def mutants(kind: str | None = None) -> dict[str, Any]:
    """Return the mutants, ``mutant/NAME`` to `Mutant`, all or those of one kind."""
    return _collected("mutant", _MUTANTS, kind)


def peer_components() -> dict[str, Any]:
    """Return the components of other packages, ``peer/NAME`` to `PeerComponent`."""
    from .peer_components import PEER_COMPONENTS

    return {f"peer/{name}": peer for name, peer in PEER_COMPONENTS.items()}


def _collected(prefix: str, tables: Mapping[str, tuple[str, str]], kind: str | None) -> dict[str, Any]:
    chosen = tables if kind is None else {kind: Table("kind of component", dict(tables))[kind]}
    found: dict[str, Any] = {}
    for module, name in chosen.values():
        table = getattr(importlib.import_module(f".{module}", __package__), name)
        found.update({f"{prefix}/{key}": value for key, value in table.items()})
    return found


def load_component(path: str, **options: Any) -> Any:
    """Return the component that a path names, as the laws see it.

    Parameters
    ----------
    path : str
        ``"package.module:object"``, where the object may be an attribute of another ("module:a.b"), or
        ``"own/NAME"``, ``"peer/NAME"``, ``"mutant/NAME"`` for those that come with glasstomo.
    **options
        Passed on to `adapt`: kind, shape.

    Returns
    -------
    LinearMap, ProjectorFamily, Functional or Solver

    Raises
    ------
    ValueError
        When there is no such object, or its module cannot be imported.
    TypeError
        When the object cannot be adapted.

    Examples
    --------
    >>> load_component("numpy:fft.shift")
    Traceback (most recent call last):
        ...
    ValueError: `numpy:fft.shift`: module numpy.fft has no `shift`; did you mean `fftshift`?
    """
    from .adapters.adaption import adapt

    if ":" not in path and "/" in path:
        return _shipped(path)
    return adapt(load_object(path), **options)


def load_object(path: str) -> Any:
    """Import what ``"package.module:object"`` names."""
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise ValueError(f"`{path}` must be package.module:object, as in my_solver:solve")
    if module.endswith(".py") or "/" in module:
        raise ValueError(f"`{path}` must name a module, not a file: write it without .py and with dots")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        said = " ".join(str(error).split())
        raise ValueError(f"`{path}`: {module} cannot be imported: {type(error).__name__}: {said}") from error
    here = f"module {module}"
    for part in name.split("."):
        if not hasattr(found, part):
            raise ValueError(f"`{path}`: {here} has no `{part}`{_near(part, found)}")
        found, here = getattr(found, part), f"{here}.{part}"
    return found


def _near(name: str, owner: Any) -> str:
    import difflib

    near = difflib.get_close_matches(name, [one for one in dir(owner) if not one.startswith("_")], n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _shipped(path: str) -> Any:
    family = path.partition("/")[0]
    if family == "peer":
        return Table("component", peer_components())[path].make()
    if family not in ("own", "mutant"):
        raise ValueError(f"`{path}` must be package.module:object, own/NAME, peer/NAME or mutant/NAME")
    collect = own_components if family == "own" else mutants
    known: dict[str, Any] = {}
    # Kind by kind: a name needs only what components of its kind need.
    for kind in _OWN:
        known.update(collect(kind))
        if path in known:
            break
    made = Table("component", known)[path]
    return made.make() if hasattr(made, "make") else made()
