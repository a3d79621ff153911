"""A component of another package, and the laws that it is known to break."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class KnownBreak:
    """Why a component of another package breaks a law.

    Parameters
    ----------
    kind : {"defect", "approximation"}
        "defect" where it does not do what its own documentation says, or fails; "approximation" where its
        documentation says, or never denied, that the law holds roughly only.
    cause : str
        What in its code or method breaks the law.
    source : str
        Where that can be read: an issue of its maintainers, its documentation or its code.
    reported : bool
        Whether its maintainers know, as `source` shows.
    raises : str
        Name of the error that it raises, where it does; empty where it returns what is wrong.
    case : mapping, optional
        A counterexample, as the law takes it.

    Examples
    --------
    >>> KnownBreak(kind="defect", cause="a sign", source="https://example.org").reported
    False
    """

    kind: str
    cause: str
    source: str
    reported: bool = False
    raises: str = ""
    case: Mapping[str, Any] | None = None


def same_break(known: KnownBreak) -> KnownBreak:
    """Return the same break as another law sees it, whose cases have other keywords."""
    return replace(known, case=None)


@dataclass(frozen=True, kw_only=True)
class PeerComponent:
    """A component of another package, ready for the laws.

    Parameters
    ----------
    summary : str
        What it is, in the words of its package.
    modules : tuple of str
        What has to be importable.
    install : str
        How to get it.
    build : callable
        Returns it, as `adapt` does.
    breaks : dict of str to KnownBreak
        Laws that it is known to break.
    versions : str
        With which versions of the packages that was found.

    Examples
    --------
    >>> part = PeerComponent(summary="", modules=("no_such_package",), install="pip install it", build=dict)
    >>> part.missing()
    'no_such_package is not installed: pip install it'
    """

    summary: str
    modules: tuple[str, ...]
    install: str
    build: Callable[[], Any]
    breaks: dict[str, KnownBreak] = field(default_factory=dict)
    versions: str = ""

    def missing(self) -> str | None:
        """Say in a sentence why it cannot be made here; None when it can."""
        absent = [name for name in self.modules if importlib.util.find_spec(name) is None]
        if not absent:
            return None
        return f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not installed: {self.install}"

    def make(self) -> Any:
        """Return the component.

        Raises
        ------
        ImportError
            When its package is not installed, with the command that gets it.
        """
        reason = self.missing()
        if reason is not None:
            raise ImportError(reason)
        return self.build()

    def known(self, law: str) -> str:
        """Say of a law that was broken whether that is known: "new", or kind and cause.

        Examples
        --------
        >>> PeerComponent(summary="", modules=(), install="", build=dict).known("adjoint")
        'new'
        """
        found = self.breaks.get(law)
        if found is None:
            return "new"
        return f"{found.kind}{', reported' if found.reported else ''}: {found.cause} ({found.source})"
