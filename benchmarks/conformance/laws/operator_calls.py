"""Laws of calling an operator: what a call leaves behind, and what it does not."""

import numpy as np
from hypothesis import strategies as st

from ..drawn_array import DrawnArray, arrays
from ..finding import Finding
from ..law import law
from ..linear_map import LinearMap
from .operator_rounding import transposed

_LAYOUTS = ("Fortran", "strided", "reversed")


def _both(op: LinearMap) -> tuple[LinearMap, ...]:
    return (op,) if op.adjoint is None else (op, transposed(op))


def _pairs(op: LinearMap) -> st.SearchStrategy:
    return st.fixed_dictionaries({"x": arrays(op.domain), "y": arrays(op.range)})


def _differing(one: np.ndarray, other: np.ndarray) -> int:
    """Number of entries that are not the same, bit by bit except for the sign of zero."""
    return int(np.count_nonzero(~((one == other) | (np.isnan(one) & np.isnan(other)))))


@law(
    kind="operator",
    formula="A x and Aᵀ y are finite",
    tolerance="0 entries: arguments are of ordinary size",
    cases=_pairs,
)
def finite_output(op: LinearMap, x: DrawnArray, y: DrawnArray) -> Finding:
    """Finite arrays have finite images."""
    bad = 0
    for part, array in zip(_both(op), (x, y), strict=False):
        bad += int(np.count_nonzero(~np.isfinite(part.apply(array.array(op.dtype)))))
    return Finding(float(bad), 0.0, f"{bad} entries of the image are not finite")


@law(
    kind="operator",
    formula="x is the same before and after A x; so is y after Aᵀ y",
    tolerance="0: not a bit may change",
    cases=_pairs,
)
def input_unchanged(op: LinearMap, x: DrawnArray, y: DrawnArray) -> Finding:
    """A call leaves its argument as it was."""
    changed = 0
    for part, drawn in zip(_both(op), (x, y), strict=False):
        given = drawn.array(op.dtype)
        before = given.copy()
        part.apply(given)
        changed += _differing(before, given)
    return Finding(float(changed), 0.0, f"{changed} entries of the argument have changed")


@law(
    kind="operator",
    formula="A x is the same, bit by bit, before and after A x' and Aᵀ y",
    tolerance="0 entries: one thread, the same bits",
    cases=lambda op: st.fixed_dictionaries(
        {"x": arrays(op.domain), "other": arrays(op.domain), "y": arrays(op.range)}
    ),
)
def determinism(op: LinearMap, x: DrawnArray, other: DrawnArray, y: DrawnArray) -> Finding:
    """The image of an array depends on nothing but the array."""
    first = np.array(op.apply(x.array(op.dtype)))
    back = None if op.adjoint is None else np.array(op.apply_adjoint(y.array(op.dtype)))
    op.apply(other.array(op.dtype))
    differing = _differing(first, op.apply(x.array(op.dtype)))
    if back is not None:
        differing += _differing(back, op.apply_adjoint(y.array(op.dtype)))
    return Finding(float(differing), 0.0, f"{differing} entries differ when the image is computed again")


@law(
    kind="operator",
    formula="A x is still the same after A x' and Aᵀ y",
    tolerance="0: not a bit may change",
    cases=determinism.cases,
)
def result_kept(op: LinearMap, x: DrawnArray, other: DrawnArray, y: DrawnArray) -> Finding:
    """What one call returned is not overwritten by the next."""
    image = op.apply(x.array(op.dtype))
    back = None if op.adjoint is None else op.apply_adjoint(y.array(op.dtype))
    before = np.array(image), None if back is None else np.array(back)
    op.apply(other.array(op.dtype))
    if op.adjoint is not None:
        op.apply_adjoint(np.ones(op.range))
    changed = _differing(before[0], image)
    if back is not None and before[1] is not None:
        changed += _differing(before[1], back)
    return Finding(float(changed), 0.0, f"{changed} entries of an earlier result have changed")


@law(
    kind="operator",
    formula="A x is the same for C-ordered, Fortran-ordered, strided and reversed x",
    tolerance="0 entries: the values are the same, and so is their order",
    cases=lambda op: st.fixed_dictionaries(
        {"x": arrays(op.domain), "y": arrays(op.range), "layout": st.sampled_from(_LAYOUTS)}
    ),
    excuse=lambda op: (
        None if "any_layout" in op.claims else 'it does not state to take any order in memory ("any_layout")'
    ),
)
def any_layout(op: LinearMap, x: DrawnArray, y: DrawnArray, layout: str) -> Finding:
    """How an array lies in memory makes no difference."""
    differing = 0
    for part, drawn in zip(_both(op), (x, y), strict=False):
        array = drawn.array(op.dtype)
        image = part.forward(_laid_out(array, layout))
        differing += _differing(part.apply(array), np.asarray(image))
    return Finding(float(differing), 0.0, f"{differing} entries differ for a {layout} array")


def _laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """Return equal values in another order in memory."""
    if layout == "Fortran":
        return np.asfortranarray(array)
    if layout == "reversed":
        return np.ascontiguousarray(array[::-1])[::-1]
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]
