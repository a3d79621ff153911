"""Components of other packages and plain functions, as the laws see them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sparse
from glasstomo.benchmarks.conformance.adapters.adaption import adapt
from glasstomo.benchmarks.conformance.adapters.complex_pairs import pair, whole
from glasstomo.benchmarks.conformance.adapters.of_astra import astra_projector
from glasstomo.benchmarks.conformance.adapters.of_odl import odl_functional, ray_transform
from glasstomo.benchmarks.conformance.adapters.of_skimage import radon_pair
from glasstomo.benchmarks.conformance.adapters.of_solvers import answer_of
from glasstomo.benchmarks.conformance.beam_geometry import BeamGeometry
from glasstomo.benchmarks.conformance.functional import Functional
from glasstomo.benchmarks.conformance.linear_map import LinearMap
from glasstomo.benchmarks.conformance.solver import Answer
from glasstomo.forward import Projector
from glasstomo.recon import Problem, reconstruct, solve_pdhg
from glasstomo.recon.baselines.sirt import sirt
from glasstomo.recon.odl_operators import odl
from scipy.sparse.linalg import LinearOperator, aslinearoperator

rng = np.random.default_rng(5)
MATRIX = rng.standard_normal((3, 4))
COMPLEX = MATRIX + 1j * rng.standard_normal((3, 4))
PROBLEM = Problem(
    data=rng.uniform(1.0, 2.0, (2, 3, 2)).astype(np.float32), angles_deg=np.array([0.0, 60.0]), spacing_nm=1.0
)


def mapped(op: LinearMap) -> np.ndarray:
    """Matrix of an operator, by its columns."""
    size = int(np.prod(op.domain))
    return np.stack([op.apply(e.reshape(op.domain)).ravel() for e in np.eye(size)], axis=1)


def mapped_back(op: LinearMap) -> np.ndarray:
    size = int(np.prod(op.range))
    return np.stack([op.apply_adjoint(e.reshape(op.range)).ravel() for e in np.eye(size)], axis=0)


@pytest.mark.parametrize(
    "thing",
    [MATRIX, sparse.csr_array(MATRIX), sparse.csc_matrix(MATRIX), aslinearoperator(MATRIX)],
    ids=["ndarray", "sparse array", "sparse matrix", "LinearOperator"],
)
def test_matrices_become_themselves(thing):
    op = adapt(thing)
    assert (op.domain, op.range, op.dtype) == ((4,), (3,), "float64")
    np.testing.assert_allclose(mapped(op), MATRIX, rtol=1e-15)
    np.testing.assert_allclose(mapped_back(op), MATRIX, rtol=1e-15)


@pytest.mark.parametrize("thing", [COMPLEX, sparse.csr_array(COMPLEX), aslinearoperator(COMPLEX)])
def test_complex_matrices_become_real_ones_of_pairs(thing):
    op = adapt(thing)
    blocks = np.block([[COMPLEX.real, -COMPLEX.imag], [COMPLEX.imag, COMPLEX.real]])
    assert (op.domain, op.range, op.dtype) == ((2, 4), (2, 3), "float64")
    np.testing.assert_allclose(mapped(op), blocks, rtol=1e-14)
    # The transpose of the blocks is the conjugate transpose of the matrix.
    np.testing.assert_allclose(mapped_back(op), blocks, rtol=1e-14)


def test_integers_are_given_doubles_and_shapes_are_kept():
    op = adapt(np.arange(12).reshape(2, 6), shape=(2, 3), name="mine")
    assert (op.name, op.dtype, op.domain) == ("mine", "float64", (2, 3))
    with pytest.raises(ValueError, match=r"`shape` must hold the 6 values that ndarray takes, got \(4, 2\)"):
        adapt(np.ones((2, 6)), shape=(4, 2))


def test_an_operator_of_scipy_without_a_way_back_has_no_adjoint():
    one_way = LinearOperator((3, 4), matvec=lambda x: MATRIX @ x, dtype=np.float64)
    assert adapt(one_way).adjoint is None
    broken = LinearOperator((3, 4), matvec=lambda x: MATRIX @ x, rmatvec=lambda y: 1 / 0, dtype=np.float64)
    assert adapt(broken).adjoint is not None


def test_pairs_of_complex_numbers_go_there_and_back():
    np.testing.assert_array_equal(whole(pair(COMPLEX)), COMPLEX)


def test_a_pair_of_functions_and_an_object_with_methods():
    op = adapt((lambda x: x[1:] - x[:-1], lambda y: -np.diff(y, prepend=0, append=0)), shape=(4,))
    np.testing.assert_array_equal(mapped(op), mapped_back(op))
    thing = SimpleNamespace(forward=np.sum, adjoint=lambda y: np.full((2, 2), y), domain=(2, 2))
    assert adapt(thing).range == ()
    with pytest.raises(ValueError, match="`shape` must be given for <lambda>"):
        adapt(lambda x: x, kind="operator")
    with pytest.raises(ValueError, match=r"`shape` must suit refuse, which refuses zeros of \(3,\): no"):
        adapt(refuse, kind="operator", shape=(3,))


def refuse(x):
    raise TypeError("no")


@pytest.mark.parametrize("make", ["class", "function"])
def test_what_makes_a_component_without_arguments_is_called(make):
    class Half:
        def forward(self, x):
            return 0.5 * x

    thing = Half if make == "class" else lambda: Half()
    assert adapt(thing, shape=(2,)).apply(np.ones(2)).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("thing", "options", "message"),
    [
        (3, {}, "cannot tell what int is"),
        (lambda x: x, {}, "`kind` must be given for <lambda>"),
        (np.eye(2), {"kind": "solver"}, "a component of kind 'operator', not 'solver'"),
        (np.eye(2), {"kind": "matrix"}, "`kind` must be one of operator, projector, functional, solver"),
        (np.eye(2), {"gap": 1.0}, "LinearMap has no `gap`; it has adjoint, claims"),
        (
            Projector.from_problem if hasattr(Projector, "from_problem") else Functional,
            {},
            "without arguments",
        ),
        (np.zeros((2, 2, 2)), {}, "a matrix must have two axes"),
        (np.array([["a", "b"]]), {}, "a matrix must have two axes and hold numbers"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_cure(thing, options, message):
    with pytest.raises(ValueError, match=message):
        adapt(thing, **options)


def test_what_is_stated_is_taken_over():
    op = adapt(np.eye(2), claims=["symmetric"], norm_bound=1.0)
    assert (op.claims, op.norm_bound) == (frozenset({"symmetric"}), 1.0)
    assert adapt(op) is op


def test_our_projector_as_a_class_and_as_an_object():
    geometry = BeamGeometry((4, 6, 2), (0.0, 30.0), 2.0, bins=7)
    family = adapt(Projector)
    made = family.make(geometry)
    twin = Projector(shape=(4, 6), angles_deg=[0.0, 30.0], spacing_nm=2.0, bins=7)
    volume = rng.standard_normal((4, 6, 2)).astype(np.float32)
    np.testing.assert_array_equal(made.apply(volume), twin.forward(volume))
    assert adapt(twin).range == (2, 7, 2)


def test_a_function_of_a_geometry_is_a_projector():
    def ours(geometry):
        return Projector(
            shape=geometry.shape[:2], angles_deg=geometry.angles_deg, spacing_nm=geometry.spacing_nm
        )

    def flat(g: BeamGeometry):
        # A matrix for the whole volume.
        return np.ones((int(np.prod(g.series_shape)), int(np.prod(g.shape))))

    geometry = BeamGeometry((3, 3, 2), (0.0, 10.0))
    assert adapt(ours).kind == adapt(flat).kind == "projector"
    assert adapt(ours).make(geometry).range == (2, 3, 2)
    made = adapt(flat).make(geometry)
    assert made.apply(np.ones((3, 3, 2))).tolist() == np.full((2, 3, 2), 18.0).tolist()
    assert made.apply_adjoint(np.ones((2, 3, 2))).shape == (3, 3, 2)
    wrong = adapt(lambda g: np.eye(3), kind="projector")
    with pytest.raises(ValueError, match="`shape` must hold the 3 values"):
        wrong.make(geometry)


def test_functionals_of_functions():
    value = adapt(lambda x: np.abs(x).sum(), kind="functional", shape=(3,))
    step = adapt(lambda x, step: x / (1 + step), kind="functional", shape=(3,))
    assert (value.prox, step.value) == (None, None)
    assert value.evaluate(np.array([1.0, -2.0, 0.0])) == 3.0
    with pytest.raises(ValueError, match="`shape` must be given"):
        adapt(lambda x: 0.0, kind="functional")


def test_odl_weights_are_those_of_its_inner_products():
    space = odl.uniform_discr([0, 0], [2, 1], (4, 5), dtype="float32")
    op = adapt(odl.Gradient(space))
    x, y = rng.standard_normal((4, 5)), rng.standard_normal((2, 4, 5))
    element = op_element = odl.Gradient(space)
    inner = element(space.element(x)).inner(op_element.range.element(list(y)))
    assert op.inner_range(op.apply(x), y) == pytest.approx(inner, rel=1e-5)
    both = adapt(odl.BroadcastOperator(odl.Gradient(space), odl.IdentityOperator(space)))
    assert both.range == (60,)
    assert both.inner_domain(np.ones((4, 5)), np.ones((4, 5))) == pytest.approx(2.0)
    with pytest.raises(ValueError, match="an operator must be linear"):
        adapt(odl.PointwiseNorm(space**2))


def test_odl_functionals_bring_their_conjugates():
    space = odl.uniform_discr(0, 2, 4)
    norm = adapt(odl.functionals.L1Norm(space))
    x = np.array([3.0, -4.0, 0.5, 0.0])
    assert norm.value(x) == pytest.approx(0.5 * 7.5)
    np.testing.assert_allclose(norm.prox(x, 1.0), [2.0, -3.0, 0.0, 0.0])
    np.testing.assert_allclose(norm.conjugate_prox(x, 2.0), [1.0, -1.0, 0.5, 0.0])
    assert (norm.conjugate(x), norm.gradient) == (np.inf, None)
    square = odl_functional(odl.functionals.L2NormSquared(space))
    np.testing.assert_allclose(square.gradient(x), 2 * x)


@pytest.mark.parametrize(
    "family",
    [radon_pair(), ray_transform("skimage"), astra_projector("strip"), ray_transform("astra_cpu")],
    ids=lambda family: family.name,
)
def test_projectors_of_others_land_where_ours_does(family):
    if "astra" in family.name:
        pytest.importorskip("astra")
    geometry = BeamGeometry((9, 9, 2), (-50.0, 0.0, 20.0, 90.0), 2.0)
    volume = np.zeros(geometry.shape, np.float32)
    # Off centre along both axes and different in the two slices: signs, order of axes and units show.
    volume[2:4, 5:7, 0], volume[4, 2, 1] = 1.0, 2.0
    ours = adapt(Projector).make(geometry).apply(volume)
    theirs = family.make(geometry).apply(volume)
    # Kernels differ by how a voxel is smeared over its neighbours.
    assert np.abs(theirs - ours).sum() < 0.35 * np.abs(ours).sum()
    centres = [(s * np.arange(9.0)[:, None]).sum(1) / s.sum(1) for s in (ours, theirs)]
    np.testing.assert_allclose(centres[1], centres[0], atol=0.2)
    if family.name == "astra.strip":
        np.testing.assert_allclose(theirs, ours, atol=2e-5)


def test_solvers_and_what_they_return():
    volume = np.zeros((3, 3, 2))
    told = SimpleNamespace(success=True, gap=0.1, cost=[2.0, 1.0])
    history = SimpleNamespace(asarray=lambda: volume)
    assert answer_of(volume).converged is None
    assert answer_of(history).volume is volume
    assert answer_of((volume, 0)).converged is True
    assert answer_of((volume, 7)).converged is False
    assert answer_of((volume, [3.0, 2.0])).objectives == (3.0, 2.0)
    found = answer_of((volume, told))
    assert (found.converged, found.gap, found.objectives) == (True, 0.1, (2.0, 1.0))
    assert answer_of(Answer(volume=volume)).volume is volume
    with pytest.raises(TypeError, match="a solver must return a volume"):
        answer_of("done")


def test_our_solvers_as_plain_functions():
    pdhg = adapt(solve_pdhg, gap=1e-3)
    assert (pdhg.takes_limit, pdhg.claims) == (True, frozenset())
    problem = Problem(
        data=PROBLEM.data, angles_deg=PROBLEM.angles_deg, spacing_nm=1.0, regulariser="tv", lam=0.1
    )
    answer = pdhg.solve(problem)
    assert answer.converged is True
    assert answer.gap <= 1e-3
    assert len(answer.objectives) > 0
    assert pdhg.solve(problem, max_iterations=1).converged is False
    assert adapt(sirt).solve(PROBLEM).converged is None
    assert adapt(reconstruct, kind="solver").name == "reconstruct"


def test_a_copy_is_handed_to_components_that_write_into_their_argument():
    space = odl.rn(3)
    x = np.ones(3)
    kept = x.copy()
    adapt(odl.ScalingOperator(space, 2.0)).apply(x)
    np.testing.assert_array_equal(x, kept)
    assert replace(adapt(np.eye(2)), name="other").name == "other"
