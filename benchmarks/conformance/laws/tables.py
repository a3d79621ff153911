"""All laws, by the kind of component that they are laws of."""

from collections.abc import Iterable

from ....phantoms.table import Table
from ..law import Law
from .functional_table import FUNCTIONAL_LAWS
from .operator_table import OPERATOR_LAWS
from .projector_table import PROJECTOR_LAWS
from .solver_table import SOLVER_LAWS

LAWS: Table[Table[Law]] = Table(
    "kind of component",
    {
        "operator": OPERATOR_LAWS,
        "projector": PROJECTOR_LAWS,
        "functional": FUNCTIONAL_LAWS,
        "solver": SOLVER_LAWS,
    },
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
