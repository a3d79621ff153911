"""Laws of gradients."""

import numpy as np

from ..drawn_array import DrawnArray
from ..finding import Finding
from ..functional import Functional
from ..law import law
from .functional_points import ROUNDINGS, cases, drawn, given, inside, needs, prox_error, value_error

_LENGTHS = (1.0, 0.1, 0.01)


@law(
    kind="functional",
    formula="f(z) ≥ f(x) + ⟨∇f(x), z − x⟩ for every z",
    tolerance=(
        "rounding of both values, and 64 ε (‖∇f‖ + L (‖x‖ + s √n)) ‖z − x‖ for that of the gradient: L is "
        "its steepest change among the points, s the `scale` of f"
    ),
    cases=cases("x", duals=["direction"]),
    excuse=needs("value", "gradient"),
    cost=2,
)
def gradient_supports(f: Functional, x: DrawnArray, direction: DrawnArray) -> Finding:
    """A convex functional lies above the plane of its gradient.

    Notes
    -----
    Put to points at three distances on either side it brackets the derivative, as differences of values
    would, but with no error of truncation.
    """
    start = inside(f, drawn(f, x))
    if start is None:
        return Finding(0.0, 0.0)
    at = given(f, start.x)
    slope, value = f.slope(at), f.evaluate(at)
    around = _around(f, at, drawn(f, direction))
    steepest = max((f.norm(f.slope(z) - slope) / f.norm(z - at) for z, _ in around), default=0.0)
    unit = f.scale * f.norm(np.ones(f.domain))
    rough = ROUNDINGS * f.epsilon * (f.norm(slope) + steepest * (f.norm(at) + unit))
    worst = Finding(0.0, 0.0)
    for z, there in around:
        plane = value + f.inner(slope, z - at)
        limit = value_error(f, [at, z], [value, there]) + rough * f.norm(z - at)
        found = Finding(plane - there, limit, f"f(z) = {there:.6g} below the plane at {plane:.6g}")
        if found.ratio > worst.ratio or not found.kept:
            worst = found
    return worst


def _around(f: Functional, at: np.ndarray, direction: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Points on either side, with their values, where these are finite."""
    found = []
    for length in _LENGTHS:
        for sign in (length, -length):
            z = given(f, at + sign * direction)
            if (z == at).all() or (f.nonnegative and (z < 0).any()):
                continue
            value = f.evaluate(z)
            if np.isfinite(value):
                found.append((z, value))
    return found


@law(
    kind="functional",
    formula="∇f(prox(x, s)) = (x − prox(x, s)) / s",
    tolerance=(
        "what the gradient changes by where every entry moves by η, four times, and η / s: "
        "η = 64 ε (‖x‖ + ‖p‖ + s √n) is the rounding of p (s its `scale`) plus the `prox_accuracy` stated"
    ),
    cases=cases("x", steps=["step"]),
    excuse=needs("value", "prox", "gradient"),
)
def gradient_at_prox(f: Functional, x: DrawnArray, step: float) -> Finding:
    """At a proximal point the gradient is what was left of the step.

    Notes
    -----
    Asked where f is finite all around: on the surface of a domain there is no gradient to speak of, and at a
    kink, where it jumps, the tolerance is as large as the jump.
    """
    start = drawn(f, x)
    p = f.proximal(start, step)
    error = prox_error(f, start, p)
    aside = [given(f, p + sign * error) for sign in (1.0, -1.0)]
    if any(f.nonnegative and (z < 0).any() for z in aside):
        return Finding(0.0, 0.0)
    if not all(np.isfinite(f.evaluate(z)) for z in (p, *aside)):
        return Finding(0.0, 0.0)
    slope, left = f.slope(p), (start - p) / step
    limit = 4.0 * sum(f.norm(f.slope(z) - slope) for z in aside)
    limit += error / step + ROUNDINGS * f.epsilon * f.norm(slope)
    apart = f.norm(slope - left)
    return Finding(apart, limit, f"‖∇f(p) − (x − p)/s‖ = {apart:.3g}, ‖∇f(p)‖ = {f.norm(slope):.6g}")
