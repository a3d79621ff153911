"""Laws of difference operators: closed forms on polynomials, whatever the order of the components."""

from itertools import combinations

import numpy as np
from hypothesis import strategies as st

from ..finding import Finding
from ..law import law
from ..linear_map import LinearMap
from .operator_claims import claimed
from .operator_rounding import gain, length, rounding

_SMALL = st.integers(-3, 3).map(float)


def _count(shape: tuple[int, ...], *axes: int) -> float:
    """Number of voxels where a difference exists that takes one voxel more along each of some axes."""
    return float(np.prod([max(n - axes.count(axis), 0) for axis, n in enumerate(shape)]))


def _pairs(op: LinearMap) -> list[tuple[int, int]]:
    return list(combinations(range(len(op.domain)), 2))


def _energy(op: LinearMap, array: np.ndarray, expected: float, longest: float) -> Finding:
    """Compare the squared length of an image, and its longest vector, with the closed form."""
    image = op.apply(array)
    size = gain(op, array) * length(array, op.domain_weight)
    limit = rounding(op, size)
    off = abs(length(image) - float(np.sqrt(expected)))
    vectors = np.sqrt(np.sum(np.square(image.astype(np.float64)), axis=0))
    over = float(vectors.max(initial=0.0)) - longest
    note = (
        f"‖A x‖ = {length(image):.9g} instead of {np.sqrt(expected):.9g}, "
        f"the longest vector {vectors.max(initial=0.0):.6g} instead of {longest:.6g}"
    )
    return Finding(max(off, over), limit, note)


@law(
    kind="operator",
    formula="‖∇x‖² = Σ_a b_a² N_a and |∇x| ≤ |b| for x = b·i, N_a the pairs of neighbours along a",
    tolerance="(16 + √n) ε g ‖x‖: rounding of terms that cancel; b is whole",
    cases=lambda op: st.fixed_dictionaries({"slopes": st.tuples(*(_SMALL for _ in op.domain))}),
    excuse=claimed("gradient", "be first differences per voxel that end at the faces"),
)
def gradient_of_planes(op: LinearMap, slopes: tuple[float, ...]) -> Finding:
    """The gradient of an even slope is that slope wherever two neighbours exist, and nothing more.

    Notes
    -----
    Forward and backward differences both keep it, in any order of components; periodic ones do not.
    """
    shape = op.domain
    array = np.tensordot(np.array(slopes), np.indices(shape), axes=1)
    expected = sum(slope**2 * _count(shape, a) for a, slope in enumerate(slopes))
    steep = float(np.sqrt(sum(slope**2 for slope, n in zip(slopes, shape, strict=True) if n > 1)))
    return _energy(op, array, expected, steep)


@law(
    kind="operator",
    formula="‖∇²x‖² = Σ_a M_aa² N_aa + 2 Σ_a<b M_ab² N_ab and |∇²x| ≤ ‖M‖_F for x = ½ iᵀ M i",
    tolerance="(16 + √n) ε g ‖x‖: rounding of terms that cancel; M is whole",
    cases=lambda op: st.fixed_dictionaries(
        {"entries": st.tuples(*(_SMALL for _ in [*op.domain, *_pairs(op)]))}
    ),
    excuse=claimed("hessian", "be second differences per voxel with the Frobenius norm"),
)
def hessian_of_quadratics(op: LinearMap, entries: tuple[float, ...]) -> Finding:
    """The Hessian of a quadratic has the Frobenius norm of its matrix, mixed terms counted twice.

    Notes
    -----
    In three axes the entries are M_zz, M_yy, M_xx, M_zy, M_zx, M_yx. With six components the mixed ones
    carry √2, or quadratics of one matrix turned by 45° would cost differently; with nine they stand twice.
    N counts the voxels where a difference exists.
    """
    shape = op.domain
    straight, mixed = entries[: len(shape)], dict(zip(_pairs(op), entries[len(shape) :], strict=True))
    curved = np.diag(straight)
    for (a, b), value in mixed.items():
        curved[a, b] = curved[b, a] = value
    places = np.indices(shape).astype(float)
    array = 0.5 * np.einsum("a...,ab,b...->...", places, curved, places)
    expected = sum(value**2 * _count(shape, a, a) for a, value in enumerate(straight))
    expected += sum(2 * value**2 * _count(shape, a, b) for (a, b), value in mixed.items())
    return _energy(op, array, expected, float(np.linalg.norm(curved)))


@law(
    kind="operator",
    formula="‖E v‖² = Σ_a B_aa² N_aa + ½ Σ_a<b (B_ab + B_ba)² N_ab and |E v| ≤ ‖B + Bᵀ‖_F / 2 for v = B i",
    tolerance="(16 + √n) ε g ‖v‖: rounding of terms that cancel; B is whole",
    cases=lambda op: st.fixed_dictionaries({"entries": st.tuples(*(_SMALL for _ in range(9)))}),
    excuse=claimed("symmetrised_gradient", "be symmetrised differences with the Frobenius norm"),
)
def strain_of_linear_fields(op: LinearMap, entries: tuple[float, ...]) -> Finding:
    """The symmetrised gradient of a linear field is the symmetric part of its matrix: turns cost nothing.

    Notes
    -----
    Entries are B_zz, B_zy, B_zx, B_yz, ...: the derivative of component a along axis b. A component along an
    axis does not exist behind its far face, so that straight differences exist in all but two planes.
    """
    shape = op.domain[1:]
    field = np.array(entries).reshape(3, 3)
    array = np.tensordot(field, np.indices(shape).astype(float), axes=1)
    even = 0.5 * (field + field.T)
    expected = sum(even[a, a] ** 2 * _count(shape, a, a) for a in range(3))
    expected += sum(2 * even[a, b] ** 2 * _count(shape, a, b) for a, b in combinations(range(3), 2))
    return _energy(op, array, expected, float(np.linalg.norm(even)))
