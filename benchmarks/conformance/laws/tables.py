"""All laws, by the kind of component that they are laws of."""

import importlib
import importlib.util
from collections.abc import Iterable

from ....phantoms.table import Table
from ..law import Law


def _laws(kind: str) -> Table[Law]:
    module = f"{__package__}.{kind}_table"
    found = ()
    if importlib.util.find_spec(module):
        made = getattr(importlib.import_module(module), f"{kind.upper()}_LAWS")
        found = tuple(made.values()) if isinstance(made, dict) else tuple(made)
    return Table(f"law of {kind}s", {law.name: law for law in found})


LAWS: Table[Table[Law]] = Table(
    "kind of component",
    {kind: _laws(kind) for kind in ("operator", "projector", "functional", "solver")},
)
"""Kind of component to its laws by name."""


def laws_of(kind: str, names: Iterable[str | Law] | None = None) -> tuple[Law, ...]:
    """Return the laws of one kind of component, all or those that are named.

    Parameters
    ----------
    kind : {"operator", "projector", "functional", "solver"}
        What they are laws of.
    names : iterable of str or Law, optional
        Which of them, in this order; laws of one's own may be among them.

    Raises
    ------
    ValueError
        When a name is unknown, none is given, or a law is one of another kind.

    Examples
    --------
    >>> [law.name for law in laws_of("operator", ["linearity"])]
    ['linearity']
    """
    table = LAWS[kind]
    if names is None:
        return tuple(table.values())
    if isinstance(names, str | Law):
        names = [names]
    found = tuple(dict.fromkeys(name if isinstance(name, Law) else table[name] for name in names))
    for law in found:
        if law.kind != kind:
            raise ValueError(f"`laws` must be laws of {kind}s, `{law.name}` is one of {law.kind}s")
    if not found:
        raise ValueError(f"`laws` must name at least one of {', '.join(table)}, got none")
    return found
