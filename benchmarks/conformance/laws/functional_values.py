"""Laws of the values of a functional, and of its conjugate."""

from itertools import chain

import numpy as np

from ..drawn_array import DrawnArray
from ..finding import Finding
from ..functional import Functional
from ..law import law
from .functional_points import anchors, cases, drawn, given, inside, near, needs, value_error

_VALUES = "64 ε (|f| + ‖x‖² + n s²) for each value, s being its `scale`, or the relative accuracy it states"


@law(
    kind="functional",
    formula="f(x) ∈ (−∞, ∞]",
    tolerance="none: a value is a number or plus infinity",
    cases=cases("x"),
    excuse=needs("value"),
)
def proper_value(f: Functional, x: DrawnArray) -> Finding:
    """A value is a number or plus infinity, never NaN nor minus infinity."""
    return _proper(f.evaluate(x.array(f.dtype)), "f(x)")


@law(
    kind="functional",
    formula="f*(p) ∈ (−∞, ∞]",
    tolerance="none: a value is a number or plus infinity",
    cases=cases(duals=["p"]),
    excuse=needs("conjugate"),
)
def proper_conjugate(f: Functional, p: DrawnArray) -> Finding:
    """A value of the conjugate is a number or plus infinity, never NaN nor minus infinity."""
    return _proper(f.dual().evaluate(p.array(f.dtype)), "f*(p)")


def _proper(value: float, name: str) -> Finding:
    wrong = np.isnan(value) or value == -np.inf
    return Finding(float("nan") if wrong else 0.0, 0.0, f"{name} = {value}" if wrong else "")


@law(
    kind="functional",
    formula="f((1 − t) x + t y) ≤ (1 − t) f(x) + t f(y)",
    tolerance=_VALUES,
    cases=cases("x", "y", shares=["share"]),
    excuse=needs("value"),
)
def convexity(f: Functional, x: DrawnArray, y: DrawnArray, share: float) -> Finding:
    """Between two points the value lies on or below the straight line."""
    return _convex(f, drawn(f, x), drawn(f, y), share)


@law(
    kind="functional",
    formula="f*((1 − t) p + t q) ≤ (1 − t) f*(p) + t f*(q)",
    tolerance=_VALUES,
    cases=cases(duals=["p", "q"], shares=["share"]),
    excuse=needs("conjugate"),
)
def conjugate_convexity(f: Functional, p: DrawnArray, q: DrawnArray, share: float) -> Finding:
    """Between two points the conjugate lies on or below the straight line."""
    return _convex(f.dual(), drawn(f, p), drawn(f, q), share)


def _convex(f: Functional, x: np.ndarray, y: np.ndarray, share: float) -> Finding:
    first, second = inside(f, x), inside(f, y)
    if first is None or second is None:
        return Finding(0.0, 0.0)
    a, at_a, b, at_b = given(f, first.x), first.value, given(f, second.x), second.value
    middle = (1.0 - share) * a + share * b
    # Rounding may carry the point between two on the surface of a domain outside.
    point = near(f, middle, chain([a, b], anchors(f)), f.epsilon * (f.norm(a) + f.norm(b)))
    line = (1.0 - share) * at_a + share * at_b
    if point is None:
        return Finding(np.inf, 0.0, f"infinite between points of values {at_a:.6g} and {at_b:.6g}")
    limit = value_error(f, [a, b, middle], [at_a, at_b, point.value])
    limit += point.moved * max(point.anchor_value - line, 0.0)
    return Finding(point.value - line, limit, f"{point.value:.6g} between {at_a:.6g} and {at_b:.6g}")


@law(
    kind="functional",
    formula="f(s x) = s f(x), s > 0",
    tolerance=_VALUES,
    cases=cases("x", steps=["factor"]),
    excuse=needs("value", claim="homogeneous"),
)
def homogeneity(f: Functional, x: DrawnArray, factor: float) -> Finding:
    """A positive factor comes out of the value."""
    point = drawn(f, x)
    scaled, plain = f.evaluate(factor * point), f.evaluate(point)
    if scaled == factor * plain:
        return Finding(0.0, 0.0)
    limit = value_error(f, [factor * point], [scaled]) + factor * value_error(f, [point], [plain])
    return Finding(
        abs(scaled - factor * plain), limit, f"f(s x) = {scaled:.6g}, s f(x) = {factor * plain:.6g}"
    )


@law(
    kind="functional",
    formula="f(−x) = f(x)",
    tolerance="4 ε |f|: signs are exact, sums may be taken in another order; or the accuracy it states",
    cases=cases("x"),
    excuse=needs("value", claim="even"),
)
def evenness(f: Functional, x: DrawnArray) -> Finding:
    """The value does not change with the sign of its argument."""
    point = x.array(f.dtype)
    here, there = f.evaluate(point), f.evaluate(-point)
    if here == there:
        return Finding(0.0, 0.0)
    limit = 4.0 * f.epsilon * abs(here) + 2.0 * f.value_accuracy * abs(here)
    return Finding(abs(here - there), limit, f"f(x) = {here:.6g}, f(−x) = {there:.6g}")
