"""Laws of solvers: our own keep them, the reference they are judged by is right, and nothing is invented."""

import math

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.adapters.of_solvers import solver as plain_solver
from glasstomo.benchmarks.conformance.case_file import decode, encode
from glasstomo.benchmarks.conformance.counterexample_search import KEPT, examine
from glasstomo.benchmarks.conformance.drawn_array import DrawnArray
from glasstomo.benchmarks.conformance.drawn_problem import DrawnProblem, problems
from glasstomo.benchmarks.conformance.laws.solver_judgement import same_answer
from glasstomo.benchmarks.conformance.laws.solver_table import SOLVER_LAWS
from glasstomo.benchmarks.conformance.own_solvers import OWN_SOLVERS
from glasstomo.benchmarks.conformance.reference_matrices import (
    gradient_matrix,
    hessian_matrix,
    inside_matrix,
    strip_matrix,
    symmetrised_matrix,
)
from glasstomo.benchmarks.conformance.reference_minimum import minimum
from glasstomo.benchmarks.conformance.reference_objective import DenseProblem
from glasstomo.benchmarks.conformance.solver import Answer, Solver
from glasstomo.forward import Projector
from glasstomo.recon import Problem, Status, reconstruct, solve_odl, solve_pdhg
from glasstomo.recon.noise_level import gaussian_variance
from hypothesis import given, settings
from hypothesis import strategies as st

from .small_problems import one_thread  # noqa: F401

ANY = Solver(
    name="any",
    run=lambda problem: Answer(volume=np.zeros(problem.shape)),
    variational=True,
    regularisers=("tv", "tv2", "tv_tv2", "tgv2"),
    data_terms=("least_squares", "kullback_leibler"),
    claims=frozenset({"weights", "gains", "background", "channels", "bounds", "any_geometry"}),
)
any_problem = problems(ANY)
seeds = st.integers(0, 2**32 - 1)
QUICK = ["pdhg", "interior_point", "sirt", "cgls", "mlem", "osem", "wbp"]


def applying(names):
    pairs = [(name, law) for name in names for law in SOLVER_LAWS]
    return [pair for pair in pairs if SOLVER_LAWS[pair[1]].excuse(OWN_SOLVERS[pair[0]]()) is None]


@pytest.mark.parametrize(("name", "law"), applying(QUICK))
def test_our_solvers_keep_every_law(name, law):
    result = examine(SOLVER_LAWS[law], OWN_SOLVERS[name](), examples=4)
    assert result.verdict == KEPT, (result.reason, result.counterexample)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "law"), applying(["odl", "fista_tv", "reconstruct_tv"]))
def test_our_slow_solvers_keep_every_law(name, law):
    # ODL takes a second for a problem; `glasstomo conform --own --profile nightly` has the many.
    result = examine(SOLVER_LAWS[law], OWN_SOLVERS[name](), examples=1)
    assert result.verdict == KEPT, (result.reason, result.counterexample)


@given(
    nz=st.integers(1, 5),
    ny=st.integers(1, 5),
    bins=st.integers(1, 6),
    angles=st.lists(st.floats(-360, 360), min_size=1, max_size=3),
    seed=seeds,
)
def test_the_strip_matrix_is_the_projector(nz, ny, bins, angles, seed):
    projector = Projector(shape=(nz, ny), angles_deg=angles, spacing_nm=2.0, bins=bins)
    volume = np.random.default_rng(seed).random((nz, ny, 2), np.float32)
    dense = 2.0 * strip_matrix(nz, ny, bins, tuple(angles)) @ volume.reshape(nz * ny, 2)
    # Weights of the projector are float32.
    np.testing.assert_allclose(projector.forward(volume).reshape(-1, 2), dense, atol=1e-5)


def test_differences_of_differences_are_the_hessian():
    grid = (3, 4, 2)
    first = np.einsum("agbh,bhn->agn", inside_matrix(grid), gradient_matrix(grid))
    np.testing.assert_array_equal(first, gradient_matrix(grid))
    second = np.einsum("agbh,bhn->agn", symmetrised_matrix(grid), gradient_matrix(grid))
    np.testing.assert_allclose(second, hessian_matrix(grid), atol=1e-12)


@settings(max_examples=15)
@given(drawn=any_problem, seed=seeds)
def test_the_dense_objective_is_that_of_the_problem(drawn, seed):
    problem = drawn.problem()
    upper = min(problem.upper, problem.lower + 2)
    volume = np.random.default_rng(seed).uniform(problem.lower, upper, problem.shape).astype(np.float32)
    dense = DenseProblem(problem)
    expected = problem.objective(volume)
    # R of tgv2 is a minimum over v, which the kernel finds to 1e-4.
    share = 2e-4 if problem.regulariser == "tgv2" else 1e-6
    assert dense.objective(volume) == pytest.approx(expected, rel=share, abs=dense.rounding(volume))


@settings(max_examples=15)
@given(drawn=any_problem, seed=seeds)
def test_the_minimum_is_certified_and_below_every_volume(drawn, seed):
    problem = drawn.problem()
    found, dense = minimum(problem), DenseProblem(problem)
    assert found.bound <= found.objective
    # Where the fit is perfect, rounding of the slopes counts as often as the box is wide: ten thousand times.
    assert found.slack <= 1e-5 * found.objective + 1e-6 * dense.size_of_data
    assert found.volume.min() >= problem.lower
    assert found.volume.max() <= problem.upper
    assert dense.objective(found.volume) <= found.objective * (1 + 1e-5) + 1e-9 * dense.size_of_data
    rng = np.random.default_rng(seed)
    near = found.volume + 0.1 * dense.level * rng.standard_normal(problem.shape)
    for volume in (rng.uniform(problem.lower, min(problem.upper, 3.0), problem.shape), near):
        assert found.bound <= dense.objective(np.clip(volume, problem.lower, problem.upper)) * (1 + 1e-6)


@given(drawn=any_problem, seed=seeds, size=st.floats(0, 3))
def test_the_dense_bound_holds_for_any_dual(drawn, seed, size):
    problem = drawn.problem()
    dense, rng = DenseProblem(problem), np.random.default_rng(seed)
    dual = dense.slopes(dense.matrix @ rng.uniform(0.1, 2, dense.size))
    fields = [size * radius * rng.standard_normal(k.shape[:2]) for radius, k in dense.blocks]
    top = min(problem.upper, 3.0)
    bound = dense.bound(dual, fields, np.full(dense.size, top))
    volume = rng.uniform(problem.lower, top, problem.shape)
    assert bound <= dense.objective(volume) + 1e-9 * (1 + abs(bound))


def test_the_minimum_of_one_voxel_is_the_clipped_mean():
    """One voxel has no differences: least squares of w (h x − b), within the bounds."""
    data, weights = np.array([3.0, 1.0]), np.array([1.0, 3.0])
    for upper, expected in ((np.inf, 0.75), (0.5, 0.5)):
        problem = Problem(
            data=data.reshape(2, 1, 1),
            weights=weights.reshape(2, 1, 1),
            angles_deg=[0.0, 90.0],
            spacing_nm=2.0,
            lam=1.0,
            upper=upper,
        )
        assert minimum(problem).volume.item() == pytest.approx(expected, rel=1e-4)


def test_the_minimum_of_two_voxels_is_soft_thresholding():
    """Two voxels seen from above: the difference of 2 shrinks by 2 λ, the mean stays."""
    problem = Problem(data=np.array([[[1.0], [3.0]]]), angles_deg=[0.0], spacing_nm=1.0, lam=0.4, depth=1)
    np.testing.assert_allclose(minimum(problem).volume.ravel(), [1.4, 2.6], atol=1e-3)


@given(drawn=any_problem)
def test_drawn_problems_are_written_down_and_read_back(drawn):
    again = decode(encode(drawn))
    assert again == drawn
    np.testing.assert_array_equal(again.problem().data, drawn.problem().data)


@given(drawn=problems(Solver(name="modest", run=ANY.run, claims=frozenset())))
def test_a_solver_that_claims_nothing_gets_plain_problems(drawn):
    assert drawn.body.shape[0] == drawn.body.shape[1] > 1
    assert list(drawn.angles_deg) == sorted(set(drawn.angles_deg))
    assert len(drawn.angles_deg) > 1
    assert drawn.gains is drawn.background is drawn.channel_weights is None
    assert not drawn.weighted
    assert (drawn.regulariser, drawn.data_term, drawn.upper) == ("tv", "least_squares", math.inf)


def test_counterexamples_shrink_to_one_bright_voxel():
    nan = Solver(
        name="nan", run=lambda problem: Answer(volume=np.full(problem.shape, np.nan)), claims=ANY.claims
    )
    case = examine(SOLVER_LAWS["finite_answer"], nan, examples=5).counterexample
    assert case == {"drawn": DrawnProblem(DrawnArray((1, 1, 1), ((0, 1.0),), floor=0.0))}


def test_a_function_that_states_nothing_gets_no_law_of_claims():
    def back_projection(problem):
        return problem.projector.adjoint(problem.data)

    subject = plain_solver(back_projection)
    asked = {name for name, law in SOLVER_LAWS.items() if law.excuse(subject) is None}
    assert asked == {
        "finite_answer",
        "problem_unchanged",
        "answer_kept",
        "zero_data",
        "data_scale",
        "length_unit",
        "finds_voxel",
        "odd_data",
        "any_range",
    }
    results = {name: examine(SOLVER_LAWS[name], subject, examples=4) for name in asked}
    # It is too large by the square of the length that rays take, and says so nowhere.
    assert {name for name, result in results.items() if result.verdict != KEPT} == {"length_unit"}


def test_every_law_has_a_sentence_and_someone_who_keeps_it():
    subjects = [make() for make in OWN_SOLVERS.values()]
    for name, law in SOLVER_LAWS.items():
        assert (law.name, law.kind) == (name, "solver")
        assert law.sentence.endswith(".")
        assert any(law.excuse(subject) is None for subject in subjects), name


def test_an_answer_that_is_said_to_be_unfinished_promises_nothing():
    subject = Solver(
        name="zeros", run=lambda p: Answer(volume=np.zeros(p.shape), converged=False), variational=True
    )
    assert examine(SOLVER_LAWS["optimality"], subject, examples=5).verdict == KEPT
    assert examine(SOLVER_LAWS["finds_voxel"], subject, examples=5).verdict != KEPT


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        (np.zeros((1, 1)), r"must return a volume of shape \(1, 1, 1\), got \(1, 1\)"),
        (np.zeros((1, 1, 1), complex), "must return real numbers, got complex128"),
    ],
)
def test_what_is_no_volume_is_refused(volume, message):
    subject = Solver(name="odd", run=lambda problem: Answer(volume=volume))
    with pytest.raises(ValueError, match=message):
        subject.solve(DrawnProblem(DrawnArray((1, 1, 1), ((0, 1.0),))).problem())


def test_answers_are_compared_with_what_rounding_does_to_them():
    """A method that amplifies noise a million times is not blamed for amplifying rounding alike."""

    def unstable(problem):
        return Answer(volume=1e6 * np.diff(problem.data, axis=0, append=0).sum(0, keepdims=True))

    problem = DrawnProblem(DrawnArray((1, 3, 1), seed=1, floor=0.0), (10.0, 20.0)).problem()
    subject = Solver(name="unstable", run=unstable)
    wobbly = Solver(name="wobbly", run=lambda p: Answer(volume=unstable(p).volume * (1 + 1e-5)))
    same = same_answer(subject, problem, problem, forth=np.array, back=lambda x: x * (1 + 1e-6))
    assert same.kept
    assert not same_answer(wobbly, problem, problem, forth=np.array, back=lambda x: 1.01 * x).kept


def test_one_voxel_is_solved_by_both_engines():
    """It has no differences, which ODL's estimate of norms refused."""
    data = np.array([4.0, 2.0]).reshape(2, 1, 1)
    problem = Problem(data=data, angles_deg=[0.0, 90.0], spacing_nm=1.0, lam=1.0)
    for solve in (solve_pdhg(problem), solve_odl(problem)):
        assert solve.status is Status.CONVERGED
        assert solve.volume.item() == pytest.approx(3.0, rel=1e-2)


def test_arrays_of_zeros_are_reconstructed():
    """They tell nothing of their noise, whose inverse variance was infinite."""
    zeros = np.zeros((3, 6, 2))
    np.testing.assert_array_equal(gaussian_variance(zeros), 1.0)
    found = reconstruct(zeros, "tv", angles_deg=[-40, 0, 40], spacing_nm=1.0)
    assert not found.volume.any()
