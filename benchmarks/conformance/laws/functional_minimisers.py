"""Laws of proximal points as minimisers."""

from itertools import chain

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

_MINIMISER = (
    "η (‖z − p‖ + 2 ‖x − p‖) / s and the rounding of both values, with η = 64 ε (‖x‖ + ‖p‖ + s √n) for the "
    "rounding of p (s its `scale`) plus the `prox_accuracy` that is stated; with the latter what f rises by "
    "within η of p"
)


@law(
    kind="functional",
    formula="f(z) ≥ f(p) + ⟨x − p, z − p⟩ / s for every z, p = prox(x, s)",
    tolerance=_MINIMISER,
    cases=cases("x", "z", steps=["step"]),
    excuse=needs("value", "prox"),
    cost=2,
)
def prox_minimises(f: Functional, x: DrawnArray, z: DrawnArray, step: float) -> Finding:
    """A proximal point is the minimiser that it is meant to be.

    Notes
    -----
    The inequality holds for every z just where p minimises ``s f(z) + ½ ‖z − x‖²``. It is put to the point
    drawn, to points near p on either side, to x, and to fractions of p.
    """
    return _minimises(f, drawn(f, x), drawn(f, z), step)


@law(
    kind="functional",
    formula="f*(z) ≥ f*(q) + ⟨p − q, z − q⟩ / s for every z, q the proximal point of f* at p",
    tolerance=_MINIMISER,
    cases=cases(duals=["p", "z"], steps=["step"]),
    excuse=needs("conjugate", "conjugate_prox"),
    cost=2,
)
def conjugate_prox_minimises(f: Functional, p: DrawnArray, z: DrawnArray, step: float) -> Finding:
    """A proximal point of the conjugate is the minimiser that it is meant to be."""
    return _minimises(f.dual(), drawn(f, p), drawn(f, z), step)


def _minimises(f: Functional, x: np.ndarray, z: np.ndarray, step: float) -> Finding:
    p = f.proximal(x, step)
    error = prox_error(f, x, p)
    point = near(f, p, anchors(f, p, x, z), error / 64.0)
    if point is None:
        return Finding(np.inf, 0.0, "the value at the proximal point is infinite, and so it is all around")
    slack = rise(f, point.x, error)
    worst = Finding(0.0, 0.0)
    for other in _others(f, x, z, point.x):
        value = f.evaluate(other)
        if not np.isfinite(value):
            continue
        found = _beaten(f, x, step, error, point, Point(other, value), slack)
        if found.ratio > worst.ratio or not found.kept:
            worst = found
        if not worst.kept:
            break
    return worst


def _others(f: Functional, x: np.ndarray, z: np.ndarray, p: np.ndarray) -> list[np.ndarray]:
    """Points of f's own type to set beside p."""
    away = z - p
    found = [x, z, 0.5 * p, 1.5 * p, np.zeros_like(p), -p, p + 0.1 * away, p - 0.1 * away, p + 0.5 * (x - p)]
    landed = inside(f, z)
    if landed is not None:
        found += [landed.x, 0.5 * (landed.x + p), 0.99 * p + 0.01 * landed.x]
    own = [given(f, point) for point in found]
    return [point for point in own if not (f.nonnegative and (point < 0).any())]


def _beaten(
    f: Functional, x: np.ndarray, step: float, error: float, point: Point, other: Point, slack: float
) -> Finding:
    """How far the value at another point lies below the plane through (p, f(p))."""
    p, z = point.x, other.x
    rise = f.inner(x - p, z - p) / step
    limit = error * (f.norm(z - p) + 2.0 * f.norm(x - p)) / step
    limit += slack + value_error(f, [p, z], [point.value, other.value])
    if point.anchor is not None:
        # What pulling p into the domain may have added, by the convexity of f.
        excess = point.anchor_value - point.value - f.inner(x - p, point.anchor - p) / step
        limit += point.moved / (1.0 - point.moved) * max(excess, 0.0)
    note = f"f(z) = {other.value:.6g} below f(p) + ⟨x − p, z − p⟩ / s = {point.value + rise:.6g}"
    return Finding(point.value + rise - other.value, limit, note)


@law(
    kind="functional",
    formula="‖x − prox(x, s)‖² ≤ s (f(x) − f(prox(x, s)))",
    tolerance="s times the rounding of both values, and η (2 ‖x − p‖ + η), η being the error of p",
    cases=cases("x", steps=["step"]),
    excuse=needs("value", "prox"),
)
def short_steps_stay(f: Functional, x: DrawnArray, step: float) -> Finding:
    """The proximal point of a short step is near, for it goes no further than the fall in value pays for.

    Notes
    -----
    Steps are a thousandth of those of the other laws, where a wrong power of the step shows most.
    """
    start = inside(f, drawn(f, x))
    if start is None or start.moved:
        return Finding(0.0, 0.0)
    step = 1e-3 * step
    at = given(f, start.x)
    p = f.proximal(at, step)
    error = prox_error(f, at, p)
    end = near(f, p, chain([at], anchors(f, p)), error / 64.0)
    if end is None:
        return Finding(np.inf, 0.0, "the value at the proximal point is infinite, and so it is all around")
    way, fall = f.norm(at - end.x), start.value - end.value
    limit = step * value_error(f, [at, end.x], [start.value, end.value]) + error * (2.0 * way + error)
    limit += step * rise(f, end.x, error)
    if end.anchor is not None:
        limit += end.moved * f.norm(end.anchor - p) * (2.0 * way + error)
        limit += step * end.moved / (1.0 - end.moved) * max(end.anchor_value - end.value, 0.0)
    return Finding(
        way**2 - step * fall, limit, f"‖x − p‖² = {way**2:.6g}, s (f(x) − f(p)) = {step * fall:.6g}"
    )
