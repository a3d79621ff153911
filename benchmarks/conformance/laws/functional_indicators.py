"""Laws of indicators: functionals that are 0 within a convex set and infinite outside."""

import numpy as np

from ..drawn_array import DrawnArray
from ..finding import Finding
from ..functional import Functional
from ..law import law
from .functional_points import anchors, cases, drawn, near, needs, prox_error, rounding

_NEAREST = "64 ε of the points and their nearest ones for rounding, and the `prox_accuracy` that is stated"


@law(
    kind="functional",
    formula="f(x) ∈ {0, ∞}",
    tolerance="none: nothing is rounded",
    cases=cases("x"),
    excuse=needs("value", claim="indicator"),
)
def indicator_values(f: Functional, x: DrawnArray) -> Finding:
    """An indicator is zero or infinite."""
    value = f.evaluate(x.array(f.dtype))
    return Finding(0.0 if value in (0.0, np.inf) else np.inf, 0.0, f"f(x) = {value}")


@law(
    kind="functional",
    formula="f(prox(x, s)) = 0",
    tolerance=(
        "its rounding, and the accuracy that is stated: inside is also what so short a way to a point of the "
        "set brings inside"
    ),
    cases=cases("x", steps=["step"]),
    excuse=needs("value", "prox", claim="indicator"),
)
def projection_lies_inside(f: Functional, x: DrawnArray, step: float) -> Finding:
    """The proximal point of an indicator lies in its set."""
    start = drawn(f, x)
    p = f.proximal(start, step)
    point = near(f, p, anchors(f, p, start), prox_error(f, start, p) / 64.0)
    value = np.inf if point is None else point.value
    return Finding(abs(value), 0.0, f"f(prox(x, s)) = {value}")


@law(
    kind="functional",
    formula="prox(prox(x, s), s) = prox(x, s)",
    tolerance=_NEAREST,
    cases=cases("x", steps=["step"]),
    excuse=needs("prox", claim="indicator"),
)
def projection_is_idempotent(f: Functional, x: DrawnArray, step: float) -> Finding:
    """The nearest point of a set is its own nearest point."""
    start = drawn(f, x)
    p = f.proximal(start, step)
    again = f.proximal(p, step)
    limit = prox_error(f, start, p) + prox_error(f, p, again)
    return Finding(f.norm(again - p), limit, f"moved by {f.norm(again - p):.3g} the second time")


@law(
    kind="functional",
    formula="prox(x, s) = prox(x, t)",
    tolerance=_NEAREST,
    cases=cases("x", steps=["step", "other"]),
    excuse=needs("prox", claim="indicator"),
)
def projection_ignores_the_step(f: Functional, x: DrawnArray, step: float, other: float) -> Finding:
    """The nearest point of a set does not depend on the step."""
    start = drawn(f, x)
    first, second = f.proximal(start, step), f.proximal(start, other)
    limit = rounding(f, start, first) + 2.0 * f.prox_accuracy * f.norm(start)
    apart = f.norm(first - second)
    return Finding(apart, limit, f"{apart:.3g} apart for steps of {step:.6g} and {other:.6g}")
