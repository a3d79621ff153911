"""Laws that tie a functional to its conjugate."""

import numpy as np

from ..drawn_array import DrawnArray
from ..finding import Finding
from ..functional import Functional
from ..law import law
from .functional_points import (
    Point,
    anchors,
    cases,
    drawn,
    given,
    inside,
    near,
    needs,
    prox_error,
    rise,
    value_error,
)


@law(
    kind="functional",
    formula="prox(x, s) + s q = x, q the proximal point of f* at x / s with step 1 / s",
    tolerance=(
        "64 ε (‖x‖ + ‖p‖ + s ‖q‖ + s √n), s its `scale`, for the rounding of both formulas, and twice the "
        "`prox_accuracy` that is stated"
    ),
    cases=cases("x", steps=["step"]),
    excuse=needs("prox", "conjugate_prox"),
)
def moreau_identity(f: Functional, x: DrawnArray, step: float) -> Finding:
    """Proximal points of a functional and of its conjugate add up to the point they belong to.

    Notes
    -----
    J.-J. Moreau, Bull. Soc. Math. France 93 (1965) 273, doi 10.24033/bsmf.1625. Weights of the inner product
    are those of `Functional.weight` on both sides.
    """
    start = drawn(f, x)
    dual, scaled = f.dual(), start / step
    p, q = f.proximal(start, step), dual.proximal(scaled, 1.0 / step)
    error = f.norm(p + step * q - start)
    limit = prox_error(f, start, p) + step * prox_error(dual, scaled, q)
    return Finding(error, limit, f"‖prox(x, s) + s q − x‖ = {error:.3g}, ‖x‖ = {f.norm(start):.6g}")


@law(
    kind="functional",
    formula="f(x) + f*(p) ≥ ⟨p, x⟩",
    tolerance="64 ε (|f| + |f*| + ‖x‖² + ‖p‖² + n s²), s its `scale`: rounding of both values",
    cases=cases("x", duals=["p"]),
    excuse=needs("value", "conjugate"),
)
def fenchel_young(f: Functional, x: DrawnArray, p: DrawnArray) -> Finding:
    """A functional and its conjugate add up to at least the product of their arguments."""
    dual = f.dual()
    slope = drawn(f, p)
    point = inside(f, drawn(f, x))
    partners = [inside(dual, slope)]
    if f.prox is not None:
        # Duals of the domain of f* also where f* has no proximal step of its own.
        start = np.abs(slope) if f.nonnegative else slope
        landed = start - f.proximal(start, 1.0)
        partners.append(near(dual, landed, anchors(dual, landed), prox_error(f, start, landed) / 64.0))
    worst = Finding(0.0, 0.0)
    for partner in partners:
        if point is None or partner is None:
            continue
        here, there = (given(f, part.x) for part in (point, partner))
        product = f.inner(there, here)
        limit = value_error(f, [here], [point.value]) + value_error(f, [there], [partner.value])
        note = f"f(x) = {point.value:.6g} and f*(p) = {partner.value:.6g} beside ⟨p, x⟩ = {product:.6g}"
        found = Finding(product - point.value - partner.value, limit, note)
        if found.ratio > worst.ratio or not found.kept:
            worst = found
    return worst


@law(
    kind="functional",
    formula="f(p) + f*(q) = ⟨q, p⟩, p = prox(x, s), q = (x − p) / s",
    tolerance=(
        "rounding of both values, and η (‖q‖ + ‖p‖ / s), η = 64 ε (‖x‖ + ‖p‖ + s √n) being the rounding of p "
        "(s its `scale`) plus the `prox_accuracy` that is stated"
    ),
    cases=cases("x", steps=["step"]),
    excuse=needs("value", "prox", "conjugate"),
    cost=2,
)
def fenchel_young_equality(f: Functional, x: DrawnArray, step: float) -> Finding:
    """At a proximal point a functional and its conjugate add up to the product of the point and its dual."""
    start = drawn(f, x)
    p = f.proximal(start, step)
    return _equality(f, p, (start - p) / step, prox_error(f, start, p), step)


@law(
    kind="functional",
    formula="f(p) + f*(q) = ⟨q, p⟩, q the proximal point of f* at x with step s, p = (x − q) / s",
    tolerance=(
        "rounding of both values, and η (‖p‖ + ‖q‖ / s), η = 64 ε (‖x‖ + ‖q‖ + s √n) being the rounding of q "
        "(s its `scale`) plus the `prox_accuracy` that is stated"
    ),
    cases=cases(duals=["x"], steps=["step"]),
    excuse=needs("value", "conjugate", "conjugate_prox"),
    cost=2,
)
def conjugate_fenchel_young_equality(f: Functional, x: DrawnArray, step: float) -> Finding:
    """At a proximal point of the conjugate both add up to the product of the dual and its point."""
    start, dual = drawn(f, x), f.dual()
    q = dual.proximal(start, step)
    return _equality(dual, q, (start - q) / step, prox_error(dual, start, q), step)


def _equality(f: Functional, p: np.ndarray, q: np.ndarray, error: float, step: float) -> Finding:
    dual = f.dual()
    point = near(f, p, anchors(f, p), error / 64.0)
    if point is None:
        return Finding(np.inf, 0.0, "the value at the proximal point is infinite, and so it is all around")
    partner = near(dual, q, anchors(dual, q), error / step / 64.0)
    if partner is None:
        return Finding(np.inf, 0.0, "the value at its dual is infinite, and so it is all around")
    gap = _gap(f, point, partner)
    limit = value_error(f, [point.x], [point.value]) + value_error(f, [partner.x], [partner.value])
    limit += error * (f.norm(partner.x) + f.norm(point.x) / step) + error**2 / step
    limit += _pulled(f, point, partner) + rise(f, point.x, error) + rise(dual, partner.x, error / step)
    return Finding(abs(gap), limit, f"f(p) + f*(q) − ⟨q, p⟩ = {gap:.6g}, f(p) = {point.value:.6g}")


def _gap(f: Functional, point: Point, partner: Point) -> float:
    return point.value + partner.value - f.inner(partner.x, point.x)


def _pulled(f: Functional, point: Point, partner: Point) -> float:
    """What pulling a point and its dual into their domains may add, by convexity in each of them."""
    moved, turned = point.moved, partner.moved
    home = Point(point.x if point.anchor is None else point.anchor, point.anchor_value)
    base = Point(partner.x if partner.anchor is None else partner.anchor, partner.anchor_value)
    total = 0.0
    if moved:
        total += moved * max(_gap(f, home, partner), 0.0)
    if turned:
        total += turned * max(_gap(f, point, base), 0.0)
    if moved and turned:
        total += moved * turned * max(_gap(f, home, base), 0.0)
    return 2.0 * total
