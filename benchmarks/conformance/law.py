"""A law: one sentence, its formula, its tolerance with the reason, and the function that checks a case."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .finding import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Case = Mapping[str, Any]


def _always(subject: Any) -> str | None:
    """Every subject of the kind has to keep the law."""
    del subject


@dataclass(frozen=True, kw_only=True, eq=False)
class Law:
    """One law that every component of a kind keeps.

    Parameters
    ----------
    check : callable
        ``check(subject, **case) -> Finding``; the first line of its docstring is the law's sentence.
    kind : {"operator", "projector", "functional", "solver"}
        What it is a law of.
    formula : str
        The law as mathematics.
    tolerance : str
        How far off a case may be, and why.
    cases : callable
        ``cases(subject)`` returns the Hypothesis strategy of cases: dictionaries of the keywords of
        `check`, whose values are numbers, strings, tuples of them, or frozen dataclasses of such
        (`case_file` writes them down).
    excuse : callable
        ``excuse(subject)`` returns a sentence when the law does not apply, such as "it has no adjoint",
        and None when it does.
    cost : float
        Examples are divided by this where time is short; 1 for a law that takes about a millisecond.

    Examples
    --------
    >>> from hypothesis import strategies as st
    >>> @law(kind="operator", formula="f(0) = 0", tolerance="0: nothing is rounded",
    ...      cases=lambda subject: st.just({}))
    ... def zero(subject):
    ...     '''Zero goes to zero.'''
    ...     return Finding(abs(subject(0.0)), 0.0)
    >>> zero.name, zero.sentence, zero(lambda x: x + 1.0).kept
    ('zero', 'Zero goes to zero.', False)
    """

    check: Callable[..., Finding]
    kind: str
    formula: str
    tolerance: str
    cases: "Callable[[Any], SearchStrategy[dict[str, Any]]]"
    excuse: Callable[[Any], str | None] = _always
    cost: float = 1.0

    @property
    def name(self) -> str:
        """Name of the function that checks it."""
        return self.check.__name__

    @property
    def sentence(self) -> str:
        """First line of the docstring of the function that checks it."""
        return inspect.cleandoc(self.check.__doc__ or "").partition("\n")[0]

    def __call__(self, subject: Any, **case: Any) -> Finding:
        """Check one case."""
        return self.check(subject, **case)

    def __repr__(self) -> str:
        return f"<law {self.name} of {self.kind}s: {self.sentence}>"


def law(**fields: Any) -> Callable[[Callable[..., Finding]], Law]:
    """Make a law of the function below it; keywords are the fields of `Law`."""

    def made(check: Callable[..., Finding]) -> Law:
        return Law(check=check, **fields)

    return made
