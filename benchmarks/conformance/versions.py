"""Versions of what took part in a check, so that a counterexample can be traced to them."""

import platform
from collections.abc import Mapping
from functools import cache
from typing import Any


def versions_of(component: str = "", thing: Any = None) -> dict[str, str]:
    """Return the versions of Python, glasstomo, NumPy, Hypothesis and the package of a component.

    Parameters
    ----------
    component : str
        Where it comes from, as ``"package.module:object"``.
    thing : object, optional
        The component itself, where it was handed over.

    Examples
    --------
    >>> sorted(versions_of())
    ['glasstomo', 'hypothesis', 'numpy', 'python']
    """
    from importlib import metadata

    from ... import __version__

    found = {"python": platform.python_version(), "glasstomo": __version__}
    module = component.partition(":")[0] if ":" in component else getattr(thing, "__module__", None) or ""
    package = str(module).partition(".")[0]
    names = ["numpy", "hypothesis"]
    if package not in ("", "glasstomo", "builtins"):
        names += _distributions().get(package, [])
    for name in dict.fromkeys(names):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Return packages with the distributions that brought them; takes a while, so once."""
    from importlib import metadata

    return metadata.packages_distributions()
