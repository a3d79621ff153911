"""Laws that every linear operator keeps, and every adjoint."""

import numpy as np
from hypothesis import strategies as st

from ..drawn_array import DrawnArray, arrays
from ..finding import Finding
from ..law import law
from ..linear_map import LinearMap
from .operator_rounding import gain, length, rounding, transposed, wide

_SCALES = st.sampled_from([1.0, -1.0, 2.0, 0.5, 3.0, -0.3])
_POWERS = st.sampled_from([-1, 1, -20, 20, -40, 30])


def _has_adjoint(op: LinearMap) -> str | None:
    return op.excuse_without_adjoint()


@law(
    kind="operator",
    formula="A(s x + x') = s A x + A x'",
    tolerance="(16 + √n) ε g (|s| ‖x‖ + ‖x'‖), g the largest stretch ‖A v‖ / ‖v‖ of x, x' and noise, n the "
    "unknowns or data: rounding of the argument and of sums of n terms, in the precision of A",
    cases=lambda op: st.fixed_dictionaries(
        {"x": arrays(op.domain), "other": arrays(op.domain), "scale": _SCALES}
    ),
)
def linearity(op: LinearMap, x: DrawnArray, other: DrawnArray, scale: float) -> Finding:
    """The image of a sum is the sum of the images, and a factor comes out."""
    first, second = x.array(op.dtype), other.array(op.dtype)
    together = wide(op.apply(scale * first + second))
    parts = scale * wide(op.apply(first)), wide(op.apply(second))
    error = length(together - parts[0] - parts[1], op.range_weight)
    size = abs(scale) * length(first, op.domain_weight) + length(second, op.domain_weight)
    size = size * gain(op, first, second)
    note = f"‖A(s x + x')‖ = {length(together):.6g}, but ‖s A x + A x'‖ = {length(parts[0] + parts[1]):.6g}"
    return Finding(error, rounding(op, size), note)


@law(
    kind="operator",
    formula="A(2^k x) = 2^k A x",
    tolerance="(16 + √n) ε g ‖x‖: powers of two move no rounding; an operator may compute in several types",
    cases=lambda op: st.fixed_dictionaries({"x": arrays(op.domain), "power": _POWERS}),
)
def homogeneity(op: LinearMap, x: DrawnArray, power: int) -> Finding:
    """Small and large arrays are treated as ordinary ones: no threshold, no clipping.

    Notes
    -----
    Arrays of 2⁻⁴⁰ to 2³⁰ times the ordinary size stay far within the range of single precision; half
    precision is tried with 2⁻⁴ to 2⁴.
    """
    if np.finfo(op.precision or op.dtype).bits < 32:
        power = int(np.clip(power, -4, 4))
    array = x.array(op.dtype)
    plain, scaled = wide(op.apply(array)), wide(op.apply(array * 2.0**power)) * 2.0**-power
    size = gain(op, array) * length(array, op.domain_weight)
    note = f"‖A x‖ = {length(plain):.6g}, but ‖A(2^{power} x)‖ / 2^{power} = {length(scaled):.6g}"
    error = length(plain - scaled, op.range_weight)
    return Finding(error, rounding(op, size, scale=2.0 ** max(-power, 0)), note)


@law(
    kind="operator",
    formula="A 0 = 0, Aᵀ 0 = 0",
    tolerance="0: nothing is rounded",
    cases=lambda op: st.just({}),
)
def zero_to_zero(op: LinearMap) -> Finding:
    """Zero goes to zero, there and back."""
    worst = float(np.abs(op.apply(np.zeros(op.domain))).max(initial=0.0))
    if op.adjoint is not None:
        worst = float(np.maximum(worst, np.abs(op.apply_adjoint(np.zeros(op.range))).max(initial=0.0)))
    return Finding(worst, 0.0, f"the largest entry of the image of zero is {worst:.6g}")


@law(
    kind="operator",
    formula="⟨A x, y⟩ = ⟨x, Aᵀ y⟩, in the inner products of the author",
    tolerance="(16 + √n) ε (‖A x‖ ‖y‖ + ‖x‖ ‖Aᵀ y‖ + g ‖x‖ ‖y‖), g the stretch of noise: rounding of both "
    "images and of the weights, in the precision of A",
    cases=lambda op: st.fixed_dictionaries({"x": arrays(op.domain), "y": arrays(op.range)}),
    excuse=_has_adjoint,
)
def adjoint(op: LinearMap, x: DrawnArray, y: DrawnArray) -> Finding:
    """The adjoint is the exact transpose.

    Notes
    -----
    Where x and y are single entries the two sides are one entry of the matrix, read along its row and along
    its column. An adjoint that only resembles the transpose lets iterations settle beside the minimum, or
    diverge: T. Elfving and P. C. Hansen, SIAM J. Sci. Comput. 40 (2018) C573, doi 10.1137/17M1133828.
    """
    first, second = x.array(op.dtype), y.array(op.dtype)
    image, back = op.apply(first), op.apply_adjoint(second)
    there, here = op.inner_range(image, second), op.inner_domain(first, back)
    sizes = length(first, op.domain_weight), length(second, op.range_weight)
    size = length(image, op.range_weight) * sizes[1] + sizes[0] * length(back, op.domain_weight)
    size += gain(op) * sizes[0] * sizes[1]
    note = f"⟨A x, y⟩ = {there:.9g}, but ⟨x, Aᵀ y⟩ = {here:.9g}"
    return Finding(abs(there - here), rounding(op, size, scale=1.0 + sum(sizes)), note)


@law(
    kind="operator",
    formula="Aᵀ(s y + y') = s Aᵀ y + Aᵀ y'",
    tolerance="that of linearity",
    cases=lambda op: st.fixed_dictionaries(
        {"x": arrays(op.range), "other": arrays(op.range), "scale": _SCALES}
    ),
    excuse=_has_adjoint,
)
def adjoint_linearity(op: LinearMap, x: DrawnArray, other: DrawnArray, scale: float) -> Finding:
    """The adjoint is linear too."""
    return linearity(transposed(op), x=x, other=other, scale=scale)


@law(
    kind="operator",
    formula="⟨A x, x'⟩ = ⟨x, A x'⟩",
    tolerance="that of the adjoint",
    cases=lambda op: st.fixed_dictionaries({"x": arrays(op.domain), "y": arrays(op.domain)}),
    excuse=lambda op: None if "symmetric" in op.claims else 'it does not state to be symmetric ("symmetric")',
)
def symmetric(op: LinearMap, x: DrawnArray, y: DrawnArray) -> Finding:
    """An operator that states to be symmetric is its own adjoint."""
    first, second = x.array(op.dtype), y.array(op.dtype)
    images = op.apply(first), op.apply(second)
    there, here = op.inner_domain(images[0], second), op.inner_domain(first, images[1])
    sizes = length(first, op.domain_weight), length(second, op.domain_weight)
    size = length(images[0], op.domain_weight) * sizes[1] + sizes[0] * length(images[1], op.domain_weight)
    size += gain(op) * sizes[0] * sizes[1]
    note = f"⟨A x, x'⟩ = {there:.9g}, but ⟨x, A x'⟩ = {here:.9g}"
    return Finding(abs(there - here), rounding(op, size, scale=1.0 + sum(sizes)), note)
