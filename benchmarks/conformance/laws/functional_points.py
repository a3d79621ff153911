"""Points of a functional's domain, and how far rounding may carry what it says of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from ..drawn_array import DrawnArray, arrays
from ..functional import Functional

# Roundings that a sum of a few hundred terms, or a formula of a few steps, may add up to.
ROUNDINGS = 64.0
# Steps of proximal maps; the first are exact in any precision.
STEPS = st.sampled_from([1.0, 2.0, 0.5]) | st.floats(0.01, 100.0)
SHARES = st.sampled_from([0.5, 0.25, 1.0]) | st.floats(0.01, 1.0)


# Multiples of it are exact in single precision up to a hundred and more.
_GRID = 2.0**-16


class Point(NamedTuple):
    """A point where a functional is finite.

    `moved` is the share of the way to `anchor` by which it was pulled into the domain, whose rounding
    had left it outside; `anchor_value` is the value there.
    """

    x: np.ndarray
    value: float
    moved: float = 0.0
    anchor: np.ndarray | None = None
    anchor_value: float = 0.0


def cases(
    *names: str, duals: Sequence[str] = (), steps: Sequence[str] = (), shares: Sequence[str] = ()
) -> Callable[[Functional], "st.SearchStrategy[dict]"]:
    """Return a law's `cases`: points of the domain, dual points, steps and shares of one, by their names."""

    def strategy(f: Functional) -> "st.SearchStrategy[dict]":
        floor = 0.0 if f.nonnegative else None
        fields: dict[str, Any] = {name: arrays(f.domain, floor=floor).map(_on_a_grid) for name in names}
        fields |= {name: arrays(f.domain).map(_on_a_grid) for name in duals}
        return st.fixed_dictionaries(
            {**fields, **dict.fromkeys(steps, STEPS), **dict.fromkeys(shares, SHARES)}
        )

    return strategy


def _on_a_grid(array: DrawnArray) -> DrawnArray:
    """Round entries to the grid: squares of what is far smaller underflow in single precision."""
    entries = tuple((index, round(value / _GRID) * _GRID) for index, value in array.entries)
    return replace(array, entries=entries)


def drawn(f: Functional, x: DrawnArray) -> np.ndarray:
    """Return an array of a case as f will be given it, in float64."""
    return given(f, x.array("float64"))


def given(f: Functional, x: np.ndarray) -> np.ndarray:
    """Round an array to the type that f is given, and return it in float64."""
    return x.astype(f.dtype).astype(np.float64)


def needs(*parts: str, claim: str | None = None) -> Callable[[Functional], str | None]:
    """Return a law's `excuse`: the subject lacks a part of `Functional`, or does not make a claim."""

    def excuse(f: Functional) -> str | None:
        for part in parts:
            if getattr(f, part) is None:
                return f"it has no {part.replace('_', ' ')}"
        return f"it does not claim to be {claim}" if claim and claim not in f.claims else None

    return excuse


def rounding(f: Functional, *points: np.ndarray) -> float:
    """Norm of what rounding makes of sums and differences of some points."""
    size = f.scale * float(np.sqrt(np.sum(np.broadcast_to(f.weight, f.domain), dtype=np.float64)))
    return ROUNDINGS * f.epsilon * (size + sum(f.norm(x) for x in points))


def prox_error(f: Functional, x: np.ndarray, p: np.ndarray) -> float:
    """Norm of the error that rounding, and the accuracy that is stated, allow a proximal point p of x."""
    return rounding(f, x, p) + f.prox_accuracy * f.norm(x)


def rise(f: Functional, p: np.ndarray, error: float) -> float:
    """How much a value may be off where p is, because of the accuracy stated for it.

    Beside a kink, as where a total variation is flat, values rise at once: more than the dual that belongs
    to p says. By convexity ``f(p) − f(p − e) ≤ f(p + e) − f(p)``, and rises along the axes add up to no less
    than that along e.
    """
    if not f.prox_accuracy:
        return 0.0
    value, rises = f.evaluate(p), []
    for at in np.ndindex(f.domain):
        axis = np.zeros(f.domain)
        axis[at] = 1.0
        axis *= error / f.norm(axis)
        ends = [f.evaluate(p + axis) - value, f.evaluate(p - axis) - value]
        rises.append(max((abs(end) for end in ends if np.isfinite(end)), default=0.0))
    return float(np.linalg.norm(rises))


def value_error(f: Functional, points: Iterable[np.ndarray], values: Iterable[float]) -> float:
    """Sum of the errors that rounding, and the accuracy that is stated, allow values at some points.

    Terms of a value may cancel: they are taken to be as large as squares of the point and of the numbers
    within the functional.
    """
    size = f.scale**2 * float(np.sum(np.broadcast_to(f.weight, f.domain), dtype=np.float64))
    squares = sum(f.inner(x, x) + size for x in points)
    total = sum(abs(value) for value in values)
    return ROUNDINGS * f.epsilon * (squares + total) + f.value_accuracy * total


def inside(f: Functional, x: np.ndarray, *, step: float = 1.0) -> Point | None:
    """Return a point where f is finite: x, or else the proximal point of x; None where neither is."""
    value = f.evaluate(x)
    if np.isfinite(value):
        return Point(x, value)
    if f.prox is None:
        return None
    p = f.proximal(x, step)
    return near(f, p, anchors(f, x), prox_error(f, x, p) / ROUNDINGS)


def anchors(f: Functional, *points: np.ndarray) -> Iterator[np.ndarray]:
    """Find points that are likely to lie well inside the domain of f, one by one.

    Proximal points of a few points, after their mean, which lies deeper inside than they do.
    """
    found = [np.zeros(f.domain), np.ones(f.domain), *points]
    if f.prox is not None:
        landed = [f.proximal(x, 1.0) for x in found]
        yield np.mean(landed, axis=0)
        yield from landed
    yield from found


def near(f: Functional, p: np.ndarray, towards: Iterable[np.ndarray], error: float) -> Point | None:
    """Return p where f is finite, else the nearest point on the way to another one where it is.

    An honest functional may be infinite at a point that rounding left outside its domain by `error`, one
    rounding of a law's 64.
    """
    value = f.evaluate(p)
    if np.isfinite(value):
        return Point(p, value)
    for anchor in towards:
        anchor_value = f.evaluate(anchor)
        if not np.isfinite(anchor_value):
            continue
        if f.norm(p - anchor) <= 16.0 * error:
            return Point(anchor, anchor_value)
        share = f.epsilon + error / max(f.norm(p - anchor), 1e-300)
        for times in (1.0, 16.0, 256.0, 4096.0):
            moved = min(times * share, 0.25)
            x = p + moved * (anchor - p)
            value = f.evaluate(x)
            if np.isfinite(value):
                return Point(x, value, moved, anchor, anchor_value)
    return None
