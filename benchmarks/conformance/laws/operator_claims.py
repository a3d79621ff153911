"""Laws of what an author may state of an operator: signs, what goes to zero, what it commutes with."""

from collections.abc import Callable
from itertools import permutations

import numpy as np
from hypothesis import strategies as st

from ..drawn_array import DrawnArray, arrays
from ..finding import Finding
from ..law import law
from ..linear_map import LinearMap
from .operator_rounding import gain, length, rounding, transposed, wide

# Differences of second order reach one voxel to either side: supports stay this far from the faces.
_MARGIN = 2


def claimed(claim: str, meaning: str) -> Callable[[LinearMap], str | None]:
    """Excuse of a law that only holds for operators that state a property."""

    def excuse(op: LinearMap) -> str | None:
        return None if claim in op.claims else f'it does not state to {meaning} ("{claim}")'

    return excuse


@law(
    kind="operator",
    formula="x ≥ 0 ⟹ A x ≥ 0; y ≥ 0 ⟹ Aᵀ y ≥ 0",
    tolerance="(16 + √n) ε g ‖x‖: rounding of terms that cancel; weights that are not negative need none",
    cases=lambda op: st.fixed_dictionaries({"x": arrays(op.domain, floor=0), "y": arrays(op.range, floor=0)}),
    excuse=claimed("positive", "be positive"),
)
def positive(op: LinearMap, x: DrawnArray, y: DrawnArray) -> Finding:
    """Arrays without negative entries have images without negative entries, there and back."""
    worst = Finding(0.0, 0.0)
    parts = [(op, x)] if op.adjoint is None else [(op, x), (transposed(op), y)]
    for part, drawn in parts:
        array = drawn.array(op.dtype)
        lowest = float(np.min(part.apply(array), initial=0.0))
        size = gain(part, array) * length(array, part.domain_weight)
        found = Finding(-lowest, rounding(part, size), f"{part.name}: the lowest entry is {lowest:.6g}")
        worst = found if found.ratio > worst.ratio else worst
    return worst


@law(
    kind="operator",
    formula="A(c 1) = 0",
    tolerance="(16 + √n) ε g |c| ‖1‖: rounding of terms that cancel",
    cases=lambda op: st.fixed_dictionaries({"value": st.sampled_from([1.0, -1.0, 3.0, 0.1, 1e4])}),
    excuse=claimed("zero_on_constants", "send constants to zero"),
)
def zero_on_constants(op: LinearMap, value: float) -> Finding:
    """A constant goes to zero, up to the faces of the box."""
    array = np.full(op.domain, value)
    image = op.apply(array)
    worst = float(np.abs(image).max(initial=0.0))
    limit = rounding(op, gain(op) * length(array, op.domain_weight))
    return Finding(length(image), limit, f"the image of the constant {value:g} has entries up to {worst:.6g}")


def _affine_cases(op: LinearMap) -> st.SearchStrategy:
    slope = st.integers(-3, 3)
    return st.fixed_dictionaries({"slopes": st.tuples(*(slope for _ in op.domain[-3:])), "level": slope})


@law(
    kind="operator",
    formula="A(c + b·i) = 0, i the index of a voxel",
    tolerance="(16 + √n) ε g ‖x‖: rounding of terms that cancel; b and c are whole numbers",
    cases=_affine_cases,
    excuse=claimed("zero_on_affine", "send affine volumes to zero"),
)
def zero_on_affine(op: LinearMap, slopes: tuple[int, ...], level: int) -> Finding:
    """A volume that rises evenly goes to zero, up to the faces of the box."""
    ramps = np.indices(op.domain)[-len(slopes) :]
    array = level + np.tensordot(np.array(slopes, float), ramps, axes=1)
    image = op.apply(array)
    worst = float(np.abs(image).max(initial=0.0))
    limit = rounding(op, gain(op) * length(array, op.domain_weight))
    return Finding(length(image), limit, f"the image of an affine volume has entries up to {worst:.6g}")


def _symmetries(op: LinearMap) -> st.SearchStrategy:
    """Mirrors of the last three axes, and the exchanges that leave the box what it is."""
    edges = op.domain[-3:]
    every = permutations(range(len(edges)))
    orders = [order for order in every if tuple(edges[axis] for axis in order) == edges]
    mirrors = st.tuples(*(st.booleans() for _ in edges))
    return st.fixed_dictionaries(
        {"x": arrays(op.domain), "mirror": mirrors, "order": st.sampled_from(orders)}
    )


@law(
    kind="operator",
    formula="‖A T x‖ = ‖A x‖ for every mirror and exchange of axes T of the box",
    tolerance="(16 + √n) ε g ‖x‖: rounding of either image",
    cases=_symmetries,
    excuse=claimed("grid_symmetric", "treat all axes and directions alike"),
)
def grid_symmetry(op: LinearMap, x: DrawnArray, mirror: tuple[bool, ...], order: tuple[int, ...]) -> Finding:
    """Mirrored volumes, and turned ones where the edges are equal, have images of the same length."""
    array = x.array(op.dtype)
    leading = array.ndim - len(order)
    axes = tuple(leading + axis for axis, flipped in enumerate(mirror) if flipped)
    turned = np.flip(array, axes).transpose(*range(leading), *(leading + axis for axis in order))
    sizes = length(op.apply(array)), length(op.apply(turned))
    limit = rounding(op, gain(op, array) * length(array, op.domain_weight))
    note = f"‖A x‖ = {sizes[0]:.9g}, but ‖A T x‖ = {sizes[1]:.9g}"
    return Finding(abs(sizes[0] - sizes[1]), limit, note)


def _shift_cases(op: LinearMap) -> st.SearchStrategy:
    inner = tuple(n - 2 * _MARGIN - 1 if n > 2 * _MARGIN + 1 else n for n in op.domain[-3:])
    whole = (*op.domain[:-3], *inner)
    return st.fixed_dictionaries({"x": arrays(whole), "axis": st.integers(0, len(inner) - 1)})


@law(
    kind="operator",
    formula="A(shifted x) = shifted A x, for x that is zero near the faces",
    tolerance="(16 + √n) ε g ‖x‖: rounding of either image",
    cases=_shift_cases,
    excuse=claimed("shift_invariant", "be the same at every voxel"),
)
def shift_invariance(op: LinearMap, x: DrawnArray, axis: int) -> Finding:
    """A volume that is moved by a voxel within the box has an image moved by a voxel.

    Notes
    -----
    Axes of six voxels or more are moved along, by one voxel; x is zero in the two outermost voxels at either
    end of these, before and after.
    """
    small = x.array(op.dtype)
    leading = max(small.ndim - 3, 0)
    room = [have - used for have, used in zip(op.domain[leading:], small.shape[leading:], strict=True)]
    if not room[axis]:
        axis = int(np.argmax(room))
    pads = [(0, 0)] * leading + [(_MARGIN, extra - _MARGIN) if extra else (0, 0) for extra in room]
    array = np.pad(small, pads)
    # Counted from the last axis: images may have an axis of components in front.
    at, step = axis - len(room), 1 if room[axis] else 0
    images = wide(op.apply(array)), wide(op.apply(np.roll(array, step, at)))
    shifted = np.roll(images[0], step, at)
    limit = rounding(op, gain(op, array) * length(array, op.domain_weight))
    error = length(images[1] - shifted, op.range_weight)
    return Finding(error, limit, f"the image of the moved volume is off by {error:.6g}")
