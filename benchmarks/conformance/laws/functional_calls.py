"""Laws of calls: what a functional may do to its arguments, and to itself."""

from collections.abc import Iterator

import numpy as np

from ..drawn_array import DrawnArray
from ..finding import Finding
from ..functional import Functional
from ..law import law
from .functional_points import cases

_CALLS = ("value", "gradient", "conjugate")
_STEPS = ("prox", "conjugate_prox")


def _results(f: Functional, given: np.ndarray, step: float) -> Iterator[tuple[str, np.ndarray]]:
    """Call every part that there is with one array itself, not a copy of it."""
    for name in (*_CALLS, *_STEPS):
        part = getattr(f, name)
        if part is not None:
            result = part(given, step) if name in _STEPS else part(given)
            yield name, np.array(result, np.float64)


@law(
    kind="functional",
    formula="x before = x after",
    tolerance="none: not a bit may change",
    cases=cases("x", steps=["step"]),
)
def input_unchanged(f: Functional, x: DrawnArray, step: float) -> Finding:
    """No part of a functional changes the array that it is given."""
    given = x.array(f.dtype)
    before = given.copy()
    for name, _ in _results(f, given, step):
        if given.tobytes() != before.tobytes():
            change = float(np.abs(given.astype(np.float64) - before).max())
            return Finding(change or np.inf, 0.0, f"`{name}` changed its argument by {change:.3g}")
    return Finding(0.0, 0.0)


@law(
    kind="functional",
    formula="f(x), f(y), f(x) again: the first equals the third",
    tolerance="none: the same bits; twice the `prox_accuracy` or `value_accuracy` where one is stated",
    cases=cases("x", "y", steps=["step"]),
    cost=2,
)
def determinism(f: Functional, x: DrawnArray, y: DrawnArray, step: float) -> Finding:
    """The same argument gives the same result, whatever was asked in between."""
    first = dict(_results(f, x.array(f.dtype), step))
    list(_results(f, y.array(f.dtype), 2.0 * step))
    size, worst = f.norm(x.array("float64")), Finding(0.0, 0.0)
    for name, again in _results(f, x.array(f.dtype), step):
        if np.array_equal(again, first[name], equal_nan=True):
            continue
        if name in _STEPS:
            limit = 2.0 * f.prox_accuracy * size
        else:
            limit = 2.0 * f.value_accuracy * float(np.abs(first[name]).max())
        apart = float(np.linalg.norm(again - first[name]))
        found = Finding(apart, limit, f"`{name}` differs by {apart:.3g} the second time")
        if found.ratio > worst.ratio or not found.kept:
            worst = found
    return worst
