"""Differences, fused solver steps and ODL operators: slow references, adjoints, norms."""

import subprocess
import sys

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import projectors, seeds, volume_shapes
from glasstomo.forward import Projector
from glasstomo.recon.data_terms.least_squares import LeastSquares
from glasstomo.recon.lambda_choice.balance import balancing_field, potential
from glasstomo.recon.lambda_choice.node_grid import NodeGrid
from glasstomo.recon.regularisers import gradient, hessian
from glasstomo.recon.regularisers.field_clip import clip_field
from hypothesis import given
from hypothesis import strategies as st

from .small_problems import in_one_and_two_threads, one_thread  # noqa: F401

# float32 kernels on numbers of order one.
FLOAT32 = 2e-5
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def slow_gradient(x):
    out = np.zeros((3, *x.shape))
    for a in range(3):
        inside = tuple(slice(0, n - 1) if b == a else slice(None) for b, n in enumerate(x.shape))
        out[a][inside] = np.diff(x, axis=a)
    return out


def slow_hessian(x):
    """Second differences, voxel by voxel."""
    out = np.zeros((6, *x.shape))
    steps = np.eye(3, dtype=int)
    for at in np.ndindex(x.shape):
        for index, (a, b) in enumerate(PAIRS):
            i, last = np.array(at), np.array(x.shape) - 1
            if a == b and 0 < i[a] < last[a]:
                out[(index, *at)] = x[tuple(i + steps[a])] - 2 * x[at] + x[tuple(i - steps[a])]
            if a != b and i[a] < last[a] and i[b] < last[b]:
                corner, left, right = i + steps[a] + steps[b], i + steps[a], i + steps[b]
                mixed = x[tuple(corner)] - x[tuple(left)] - x[tuple(right)] + x[at]
                out[(index, *at)] = np.sqrt(2) * mixed
    return out


KINDS = {
    "tv": (gradient.gradient, gradient.gradient_adjoint, slow_gradient, 3),
    "tv2": (hessian.hessian, hessian.hessian_adjoint, slow_hessian, 6),
}
kinds = pytest.mark.parametrize("kind", KINDS)


def random(rng, shape):
    return rng.normal(size=shape).astype(np.float32)


def apply(kernel, array, shape):
    out = np.full(shape, np.nan, np.float32)
    kernel(array, out)
    return out


def valid_field(kind, rng, shape):
    """Draw a field that is zero where a difference does not exist, as every solver's is."""
    fill, _, _, components = KINDS[kind]
    support = apply(fill, random(rng, shape), (components, *shape)) != 0
    return random(rng, (components, *shape)) * support


def projected(field, radius):
    norm = np.sqrt(np.square(field, dtype=np.float64).sum(axis=0))
    return field * np.minimum(1, radius / np.maximum(norm, 1e-30))


@kinds
@given(shape=volume_shapes(), seed=seeds())
def test_differences_equal_the_slow_reference(kind, shape, seed):
    fill, _, slow, components = KINDS[kind]
    x = random(np.random.default_rng(seed), shape)
    np.testing.assert_allclose(apply(fill, x, (components, *shape)), slow(x.astype(float)), atol=FLOAT32)


@kinds
@given(shape=volume_shapes(), seed=seeds())
def test_adjoint_is_the_transpose(kind, shape, seed):
    fill, fill_adjoint, _, components = KINDS[kind]
    rng = np.random.default_rng(seed)
    x, p = random(rng, shape), random(rng, (components, *shape))
    forward = apply(fill, x, p.shape).astype(float)
    back = apply(fill_adjoint, p, shape).astype(float)
    scale = np.linalg.norm(x) * np.linalg.norm(p)
    assert abs(np.sum(forward * p) - np.sum(x * back)) <= 1e-6 * scale


@kinds
def test_norms_are_below_their_bounds_and_close_to_them(kind, rng):
    fill, fill_adjoint, _, components = KINDS[kind]
    z, y, x = np.indices((12, 12, 12))
    v = ((-1.0) ** (z + y + x)).astype(np.float32)
    for _ in range(60):
        v /= np.linalg.norm(v)
        field = apply(fill, v, (components, *v.shape))
        v = apply(fill_adjoint, field, v.shape)
    norm, bound = np.linalg.norm(field), {"tv": np.sqrt(12), "tv2": 12.0}[kind]
    # On 12 voxels the steepest pattern is cos(π/24)² ≈ 0.98 of the bound for the first differences.
    assert 0.93 * bound < norm <= bound


@given(shape=volume_shapes(), slopes=st.tuples(*[st.integers(-50, 50)] * 4))
def test_flat_volumes_have_no_differences(shape, slopes):
    z, y, x = np.indices(shape)
    affine = (slopes[0] + slopes[1] * z + slopes[2] * y + slopes[3] * x).astype(np.float32)
    assert not apply(hessian.hessian, affine, (6, *shape)).any()
    assert hessian.second_variation(affine) == 0
    constant = np.full(shape, slopes[0], np.float32)
    assert not apply(gradient.gradient, constant, (3, *shape)).any()
    assert gradient.total_variation(constant) == 0


def test_missing_differences_are_exactly_zero(rng):
    # Values of very different size: rounding must not leave anything where no neighbour is.
    x = (10.0 ** rng.uniform(-8, 8, (4, 5, 6))).astype(np.float32)
    field = apply(hessian.hessian, x, (6, 4, 5, 6))
    for component in (3, 4):
        assert not field[component, -1].any()
    for component in (3, 5):
        assert not field[component, :, -1].any()
    for component in (4, 5):
        assert not field[component, :, :, -1].any()


@given(shape=volume_shapes(), seed=seeds())
def test_variations_are_sums_of_lengths(shape, seed):
    x = random(np.random.default_rng(seed), shape)
    tv = np.sqrt(np.square(slow_gradient(x.astype(float))).sum(axis=0)).sum()
    tv2 = np.sqrt(np.square(slow_hessian(x.astype(float))).sum(axis=0)).sum()
    assert gradient.total_variation(x) == pytest.approx(tv, rel=1e-5, abs=1e-6)
    assert hessian.second_variation(x) == pytest.approx(tv2, rel=1e-5, abs=1e-6)


@given(seed=seeds(), relax=st.floats(0.5, 1.9))
def test_data_step_is_the_prox_of_its_conjugate(seed, relax):
    rng = np.random.default_rng(seed)
    q, a, b = (random(rng, (2, 3, 4)) for _ in range(3))
    w = (rng.uniform(0, 2, q.shape) * (rng.random(q.shape) < 0.8)).astype(np.float32)
    q *= w > 0
    pace = rng.uniform(0.1, 2, q.shape[:2]).astype(np.float32)
    s = pace[..., None] * np.sqrt(w)
    # prox of σ (q²/2w + q b) at q + σ a; a pixel of no weight keeps q = 0.
    trial = np.where(w > 0, (q + s * (a - b)) * w / np.where(w > 0, w + s, 1), 0)
    wanted = q + relax * (trial - q)
    LeastSquares(b, w).dual_step(q, a, pace, np.float32(relax))
    np.testing.assert_allclose(q, wanted, atol=FLOAT32)


@given(shape=volume_shapes(), seed=seeds(), radius=st.floats(0, 3))
def test_clip_field_is_the_projection(shape, seed, radius):
    field = random(np.random.default_rng(seed), (3, *shape))
    wanted = projected(field, radius)
    clip_field(field, np.float32(radius))
    np.testing.assert_allclose(field, wanted, atol=FLOAT32)


@kinds
def test_threads_do_not_change_a_bit(kind, rng):
    fill, fill_adjoint, _, components = KINDS[kind]
    value = gradient.total_variation if kind == "tv" else hessian.second_variation
    x = random(rng, (17, 18, 19))
    p = random(rng, (components, *x.shape))
    one, two = in_one_and_two_threads(
        lambda: (apply(fill, x, p.shape), apply(fill_adjoint, p, x.shape), np.array(value(x)))
    )
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


# Fields that balance a slope, and the grid of nodes: the parts of lambda_max.


def slow_transpose(kind, field, shape):
    """Transpose of the slow differences, by their matrix."""
    _, _, slow, _ = KINDS[kind]
    size = int(np.prod(shape))
    matrix = np.stack([slow(e.reshape(shape)).ravel() for e in np.eye(size)], axis=1)
    return (matrix.T @ field.ravel()).reshape(shape)


@kinds
@given(shape=st.tuples(*[st.integers(1, 5)] * 3), seed=seeds())
def test_balancing_field_balances(kind, shape, seed):
    rng = np.random.default_rng(seed)
    slope = rng.normal(size=shape)
    z, y, x = np.indices(shape)
    flat = [np.ones(shape)] if kind == "tv" else [np.ones(shape), z, y, x]
    basis = np.stack([part.ravel() for part in flat], axis=1).astype(float)
    slope -= (basis @ np.linalg.lstsq(basis, slope.ravel(), rcond=None)[0]).reshape(shape)
    there = valid_field(kind, rng, shape).astype(float)
    field = there + balancing_field(slope, kind, there)
    np.testing.assert_allclose(slow_transpose(kind, field, shape), slope, atol=1e-9)


@given(shape=volume_shapes(), seed=seeds())
def test_potential_solves_poisson(shape, seed):
    source = np.random.default_rng(seed).normal(size=shape)
    source -= source.mean()
    u = potential(source)
    np.testing.assert_allclose(slow_transpose("tv", slow_gradient(u), shape), source, atol=1e-9)
    assert abs(u.mean()) < 1e-12


@given(shape=st.tuples(*[st.integers(1, 40)] * 3), seed=seeds())
def test_nodes_interpolate_affine_volumes_exactly(shape, seed):
    rng = np.random.default_rng(seed)
    grid = NodeGrid(shape, nodes=8)
    assert max(grid.shape) <= 8 or max(shape) <= 8
    c = rng.normal(size=4)
    coarse = [np.arange(m) * h for m, h in zip(grid.shape, grid.step, strict=True)]
    fine = [np.arange(n) for n in shape]

    def affine(axes):
        z, y, x = np.meshgrid(*axes, indexing="ij")
        return c[0] + c[1] * z + c[2] * y + c[3] * x

    np.testing.assert_allclose(grid.prolong(affine(coarse)), affine(fine), atol=1e-9)
    x, y = rng.normal(size=grid.shape), rng.normal(size=shape)
    assert np.sum(grid.prolong(x) * y) == pytest.approx(np.sum(x * grid.restrict(y)), abs=1e-9)


@kinds
def test_a_field_of_the_nodes_nearly_balances_on_the_full_grid(kind):
    z, y, x = np.meshgrid(*[np.cos(np.pi * (np.arange(49)) / 48)] * 3, indexing="ij")
    slope = z * y + x
    basis = np.stack([b.ravel() for b in (np.ones_like(z), *np.indices(z.shape).astype(float))], axis=1)
    slope -= (basis @ np.linalg.lstsq(basis, slope.ravel(), rcond=None)[0]).reshape(slope.shape)
    grid = NodeGrid(slope.shape, nodes=25)
    zeros = np.zeros((KINDS[kind][3], *grid.shape))
    full = grid.prolong_field(balancing_field(grid.restrict(slope), kind, zeros))
    rest = balancing_field(slope, kind, full)
    # Linear interpolation over two voxels of a pattern one period long.
    assert np.linalg.norm(rest) < 0.1 * np.linalg.norm(full)


# The same operators as ODL sees them.


def odl_operators():
    from glasstomo.recon.odl_operators import GradientOperator, HessianOperator

    return {"tv": GradientOperator, "tv2": HessianOperator}


@given(projector=projectors(), seed=seeds(), nx=st.integers(1, 4))
def test_odl_projection_and_its_adjoint(projector, seed, nx):
    from glasstomo.recon.odl_operators import ProjectionOperator, volume_space

    rng = np.random.default_rng(seed)
    gains = rng.uniform(0, 2, projector.angles_deg.size)
    # The adjoint must not depend on the voxel size: the spaces carry no weight.
    space = volume_space((*projector.shape, nx), projector.spacing_nm)
    operator = ProjectionOperator(projector, space, gains)
    x, y = random(rng, space.shape), random(rng, operator.range.shape)
    seen = operator(x)
    np.testing.assert_allclose(
        seen.asarray(), gains.astype(np.float32)[:, None, None] * projector.forward(x), rtol=1e-6
    )
    left, right = (
        float(seen.inner(operator.range.element(y))),
        float(space.element(x).inner(operator.adjoint(y))),
    )
    scale = float(seen.norm()) * np.linalg.norm(y) + np.linalg.norm(x) * float(operator.adjoint(y).norm())
    assert abs(left - right) <= 2e-6 * scale
    assert operator.adjoint.adjoint is operator
    out = operator.range.element()
    operator(space.element(x), out=out)
    np.testing.assert_array_equal(out.asarray(), seen.asarray())


@kinds
@given(shape=volume_shapes(), seed=seeds())
def test_odl_differences_and_their_adjoint(kind, shape, seed):
    from glasstomo.recon.odl_operators import odl, volume_space

    fill, fill_adjoint, _, components = KINDS[kind]
    rng = np.random.default_rng(seed)
    operator = odl_operators()[kind](volume_space(shape, 3.0))
    x, p = random(rng, shape), random(rng, (components, *shape))
    np.testing.assert_array_equal(np.stack([part.asarray() for part in operator(x)]), apply(fill, x, p.shape))
    np.testing.assert_array_equal(operator.adjoint(list(p)).asarray(), apply(fill_adjoint, p, shape))
    # The Frobenius norm of the Hessian is the 2-norm of its six components.
    value = gradient.total_variation(x) if kind == "tv" else hessian.second_variation(x)
    norm = odl.functionals.GroupL1Norm(operator.range)(operator(x))
    assert float(norm) == pytest.approx(value, rel=1e-4, abs=1e-5)


def test_odl_solvers_take_the_operators(rng):
    from glasstomo.recon.odl_operators import ProjectionOperator, odl, volume_space

    projector = Projector(shape=(6, 6), angles_deg=np.arange(0, 180, 10.0), spacing_nm=2.0)
    operator = ProjectionOperator(projector, volume_space((6, 6, 2), 2.0))
    truth = rng.random((6, 6, 2)).astype(np.float32)
    x = operator.domain.zero()
    odl.solvers.conjugate_gradient_normal(operator, x, operator(truth), niter=80)
    # 18 tilts of 6 bins determine 36 pixels; the slowest mode limits what 80 steps in float32 reach.
    np.testing.assert_allclose(x.asarray(), truth, atol=0.02)


def test_odl_import_leaves_the_print_options_alone():
    # In a new process: here ODL may have been imported long ago.
    code = (
        "import numpy as np; before = np.get_printoptions(); "
        "import glasstomo.recon.odl_operators; assert np.get_printoptions() == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_odl_operators_name_what_does_not_fit():
    from glasstomo.recon.odl_operators import GradientOperator, ProjectionOperator, odl, volume_space

    projector = Projector(shape=(4, 5), angles_deg=[0.0, 30.0], spacing_nm=1.0)
    with pytest.raises(
        ValueError, match=r"`domain` must have shape \(4, 5\) along \(z, y\), got \(5, 4, 3\)"
    ):
        ProjectionOperator(projector, volume_space((5, 4, 3)))
    with pytest.raises(ValueError, match="`gains` must hold one number per tilt: 2"):
        ProjectionOperator(projector, volume_space((4, 5, 3)), np.ones(3))
    with pytest.raises(ValueError, match=r"`domain` must have axes \(z, y, x\)"):
        GradientOperator(odl.uniform_discr([0, 0], [1, 1], (3, 4), dtype="float32", weighting=1.0))
    with pytest.raises(odl.core.operator.OpDomainError):
        ProjectionOperator(projector, volume_space((4, 5, 3)))(np.zeros((2, 5, 3)))
