"""Laws of functionals that say to be one of the textbook."""

from collections.abc import Callable

import numpy as np

from ..closed_form import ClosedForm
from ..closed_forms import closed_form
from ..drawn_array import DrawnArray
from ..finding import Finding
from ..functional import Functional
from ..law import law
from .functional_points import ROUNDINGS, cases, drawn, given, needs, prox_error, value_error

_VALUE = (
    "64 ε (|f| + ‖x‖² + n s²), s its `scale`, or the accuracy it states; infinite or finite as the closed "
    "form is at x or within 64 ε of it"
)
_POINT = "64 ε (‖x‖ + ‖p‖ + s √n), s its `scale`, and the `prox_accuracy` that is stated"


def _form(f: Functional) -> ClosedForm:
    return closed_form(str(f.closed_form), f.parameters, f.weight)


def _has(part: str, *, form: str | None) -> Callable[[Functional], str | None]:
    """Excuse who lacks a part, names no closed form, or names one that has not that part."""

    def excuse(f: Functional) -> str | None:
        lacking = needs(part)(f)
        if lacking or f.closed_form is None:
            return lacking or "it names no closed form"
        unknown = form is not None and getattr(_form(f), form) is None
        return f"the closed form {f.closed_form} has no {part.replace('_', ' ')}" if unknown else None

    return excuse


@law(
    kind="functional",
    formula="f(x) as in the textbook",
    tolerance=_VALUE,
    cases=cases("x"),
    excuse=_has("value", form=None),
)
def closed_form_value(f: Functional, x: DrawnArray) -> Finding:
    """The value is that of the closed form."""
    return _same_value(f, x, _form(f).value)


@law(
    kind="functional",
    formula="f*(p) as in the textbook",
    tolerance=_VALUE,
    cases=cases(duals=["p"]),
    excuse=_has("conjugate", form="conjugate"),
)
def closed_form_conjugate(f: Functional, p: DrawnArray) -> Finding:
    """The conjugate is that of the closed form."""
    expected = _form(f).conjugate
    return Finding(0.0, 0.0) if expected is None else _same_value(f.dual(), p, expected)


def _same_value(f: Functional, x: DrawnArray, expected: Callable[[np.ndarray], float]) -> Finding:
    # A point that is well inside the domain beside the one drawn, which often is not.
    worst = Finding(0.0, 0.0)
    for share in (1.0, 1.0 / 128.0):
        point = given(f, share * x.array("float64"))
        found = _beside(f, point, expected)
        if found.ratio > worst.ratio or not found.kept:
            worst = found
    return worst


def _beside(f: Functional, point: np.ndarray, expected: Callable[[np.ndarray], float]) -> Finding:
    got, right = f.evaluate(point), expected(point)
    note = f"f(x) = {got:.9g}, and {right:.9g} in closed form"
    if got == right:
        return Finding(0.0, 0.0)
    if np.isfinite(got) and np.isfinite(right):
        return Finding(abs(got - right), value_error(f, [point], [got, right]), note)
    if np.isnan(got):
        return Finding(float("nan"), 0.0, note)
    slip = ROUNDINGS * f.epsilon
    nearby = [point * (1 + slip), point * (1 - slip), point + slip * f.scale, point - slip * f.scale]
    undecided = any(np.isfinite(expected(other)) != np.isfinite(right) for other in nearby)
    return Finding(0.0 if undecided else np.inf, 0.0, note)


@law(
    kind="functional",
    formula="prox(x, s) as in the textbook",
    tolerance=_POINT,
    cases=cases("x", steps=["step"]),
    excuse=_has("prox", form="prox"),
)
def closed_form_prox(f: Functional, x: DrawnArray, step: float) -> Finding:
    """The proximal point is that of the closed form."""
    expected = _form(f).prox
    return Finding(0.0, 0.0) if expected is None else _same_point(f, x, step, expected)


@law(
    kind="functional",
    formula="the proximal point of f* as in the textbook",
    tolerance=_POINT,
    cases=cases(duals=["p"], steps=["step"]),
    excuse=_has("conjugate_prox", form="prox"),
)
def closed_form_conjugate_prox(f: Functional, p: DrawnArray, step: float) -> Finding:
    """The proximal point of the conjugate is that of the closed form."""
    return _same_point(f.dual(), p, step, _form(f).conjugate_step)


def _same_point(
    f: Functional, x: DrawnArray, step: float, expected: Callable[[np.ndarray, float], np.ndarray]
) -> Finding:
    start = drawn(f, x)
    got, right = f.proximal(start, step), expected(start, step)
    apart = f.norm(got - right)
    return Finding(
        apart, prox_error(f, start, right), f"{apart:.3g} from the closed form, at step {step:.6g}"
    )
