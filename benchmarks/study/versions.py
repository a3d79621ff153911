"""What computed a row: the versions of everything that can move its last bit."""

import functools
import platform
from importlib import metadata

PACKAGES = ("numpy", "scipy", "numba", "odl", "pandas", "scikit-image", "xraydb", "pydantic")
"""Packages whose version may move a result."""


@functools.cache
def versions() -> dict[str, str]:
    """Return name -> version of glasstomo, Python and the packages that results depend on.

    Examples
    --------
    >>> list(versions())[:3]
    ['glasstomo', 'python', 'numpy']
    """
    from ... import __version__

    found = {"glasstomo": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def versions_text() -> str:
    """Return the versions as one text, as the column `versions` of a table holds it."""
    return ", ".join(f"{name} {version}" for name, version in versions().items())


def difference(here: dict[str, str], there: dict[str, str]) -> str | None:
    """Name what differs between two machines, or return None.

    Parameters
    ----------
    here, there : dict of str to str
        As `versions` gives them.

    Examples
    --------
    >>> difference({"numpy": "2.4.6"}, {"numpy": "2.3.1"})
    'numpy is 2.3.1 there and 2.4.6 here'
    """
    names = [name for name in {**here, **there} if here.get(name) != there.get(name)]
    return (
        ", ".join(
            f"{name} is {there.get(name, 'absent')} there and {here.get(name, 'absent')} here"
            for name in names
        )
        or None
    )
