"""Laws of proximal maps alone: whatever the functional, and without its values."""

import numpy as np

from ..drawn_array import DrawnArray
from ..finding import Finding
from ..functional import Functional
from ..law import law
from .functional_points import cases, drawn, given, needs, prox_error, rounding

_FIRM = (
    "η (2 ‖P x − P y‖ + ‖x − y‖) + η², with η = 64 ε of both points and their images for rounding, plus the "
    "`prox_accuracy` that is stated"
)

_SMALL = 1.0 / 16.0


@law(
    kind="functional",
    formula="‖P x − P y‖² ≤ ⟨P x − P y, x − y⟩, P x = prox(x, s)",
    tolerance=_FIRM,
    cases=cases("x", "y", steps=["step"]),
    excuse=needs("prox"),
    cost=2,
)
def firm_nonexpansiveness(f: Functional, x: DrawnArray, y: DrawnArray, step: float) -> Finding:
    """Proximal points of two points lie no further apart than these do, and in their direction.

    Notes
    -----
    Just the proximal maps of convex functions are firmly non-expansive gradients: J.-J. Moreau, Bull. Soc.
    Math. France 93 (1965) 273, doi 10.24033/bsmf.1625.
    """
    return _firm(f, drawn(f, x), drawn(f, y), step)


@law(
    kind="functional",
    formula="‖P p − P q‖² ≤ ⟨P p − P q, p − q⟩, P the proximal map of f*",
    tolerance=_FIRM,
    cases=cases(duals=["p", "q"], steps=["step"]),
    excuse=needs("conjugate_prox"),
    cost=2,
)
def conjugate_firm_nonexpansiveness(f: Functional, p: DrawnArray, q: DrawnArray, step: float) -> Finding:
    """Proximal points of the conjugate lie no further apart than their points, and in their direction."""
    return _firm(f.dual(), drawn(f, p), drawn(f, q), step)


def _firm(f: Functional, x: np.ndarray, y: np.ndarray, step: float) -> Finding:
    worst = Finding(0.0, 0.0)
    # Also where both are small, and where they are near each other: what lies inside a set is left alone.
    for first, second in ((x, y), (_SMALL * x, _SMALL * y), (x, x + _SMALL * (y - x))):
        found = _pair(f, first, given(f, second), step)
        if found.ratio > worst.ratio or not found.kept:
            worst = found
    return worst


def _pair(f: Functional, x: np.ndarray, y: np.ndarray, step: float) -> Finding:
    first, second = f.proximal(x, step), f.proximal(y, step)
    change, way = first - second, x - y
    error = prox_error(f, x, first) + prox_error(f, y, second)
    limit = error * (2.0 * f.norm(change) + f.norm(way)) + error**2
    square, product = f.inner(change, change), f.inner(change, way)
    return Finding(
        square - product, limit, f"‖P x − P y‖² = {square:.6g}, ⟨P x − P y, x − y⟩ = {product:.6g}"
    )


@law(
    kind="functional",
    formula="prox(x, s) = prox(t x + (1 − t) prox(x, s), t s), 0 < t ≤ 1",
    tolerance="the rounding of three points, 64 ε each, and twice the `prox_accuracy` that is stated",
    cases=cases("x", steps=["step"], shares=["share"]),
    excuse=needs("prox"),
)
def steps_agree(f: Functional, x: DrawnArray, step: float, share: float) -> Finding:
    """A shorter step from a point on the way leads to the same proximal point.

    Notes
    -----
    The resolvent identity: H. H. Bauschke and P. L. Combettes, Convex Analysis and Monotone Operator Theory
    in Hilbert Spaces, 2nd ed. (2017), proposition 23.31, doi 10.1007/978-3-319-48311-5. It shows whether the
    step is used as it should, without a value of f.
    """
    return _steps_agree(f, drawn(f, x), step, share)


@law(
    kind="functional",
    formula="P_s p = P_ts (t p + (1 − t) P_s p), P the proximal map of f*, 0 < t ≤ 1",
    tolerance="the rounding of three points, 64 ε each, and twice the `prox_accuracy` that is stated",
    cases=cases(duals=["p"], steps=["step"], shares=["share"]),
    excuse=needs("conjugate_prox"),
)
def conjugate_steps_agree(f: Functional, p: DrawnArray, step: float, share: float) -> Finding:
    """A shorter step of the conjugate from a point on the way leads to the same proximal point."""
    return _steps_agree(f.dual(), drawn(f, p), step, share)


def _steps_agree(f: Functional, x: np.ndarray, step: float, share: float) -> Finding:
    p = f.proximal(x, step)
    between = share * x + (1.0 - share) * p
    again = f.proximal(between, share * step)
    limit = prox_error(f, x, p) + prox_error(f, between, again) + rounding(f, between)
    error = f.norm(again - p)
    return Finding(error, limit, f"{error:.3g} apart, of a way of {f.norm(x - p):.6g}")


@law(
    kind="functional",
    formula="‖x − prox(x, s)‖ grows with s, ‖x − prox(x, s)‖ / s falls",
    tolerance="the rounding of both proximal points, 64 ε each, and the `prox_accuracy` that is stated",
    cases=cases("x", steps=["step", "other"]),
    excuse=needs("prox"),
)
def longer_steps_go_further(f: Functional, x: DrawnArray, step: float, other: float) -> Finding:
    """A longer step leads further, but by no more than in proportion."""
    start = drawn(f, x)
    short, long = sorted((step, other))
    ends = [f.proximal(start, s) for s in (short, long)]
    near, far = (f.norm(start - p) for p in ends)
    limit = prox_error(f, start, ends[0]) + prox_error(f, start, ends[1])
    worst = max(near - far, short / long * far - near)
    return Finding(worst, limit, f"ways of {near:.6g} and {far:.6g} in steps of {short:.6g} and {long:.6g}")


@law(
    kind="functional",
    formula="prox(a x, a s) = a prox(x, s), a > 0",
    tolerance="the rounding of both proximal points, 64 ε each, and the `prox_accuracy` that is stated",
    cases=cases("x", steps=["step", "factor"]),
    excuse=needs("prox", claim="homogeneous"),
)
def prox_scales(f: Functional, x: DrawnArray, step: float, factor: float) -> Finding:
    """The proximal point of a homogeneous functional scales with its argument and the step."""
    start = drawn(f, x)
    p, scaled = f.proximal(start, step), f.proximal(factor * start, factor * step)
    limit = factor * prox_error(f, start, p) + prox_error(f, factor * start, scaled)
    error = f.norm(scaled - factor * p)
    return Finding(error, limit, f"‖prox(a x, a s) − a prox(x, s)‖ = {error:.3g}, a = {factor:.6g}")


@law(
    kind="functional",
    formula="prox(−x, s) = −prox(x, s)",
    tolerance="the rounding of both proximal points, 64 ε each, and the `prox_accuracy` that is stated",
    cases=cases("x", steps=["step"]),
    excuse=needs("prox", claim="even"),
)
def prox_is_odd(f: Functional, x: DrawnArray, step: float) -> Finding:
    """The proximal point of an even functional changes sign with its argument."""
    start = drawn(f, x)
    p, mirrored = f.proximal(start, step), f.proximal(-start, step)
    error = f.norm(p + mirrored)
    limit = prox_error(f, start, p) + prox_error(f, start, mirrored)
    return Finding(error, limit, f"‖prox(−x, s) + prox(x, s)‖ = {error:.3g}")
