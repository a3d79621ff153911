"""λ_max: certified bounds, closed forms, and actual solves on either side."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import least_squares_problems
from glasstomo.forward import Projector
from glasstomo.recon import Problem, lambda_max, solve_pdhg
from glasstomo.recon.lambda_choice.balance import balanced
from glasstomo.recon.primal_dual import PrimalDual
from hypothesis import given
from hypothesis import strategies as st

from .small_problems import in_one_and_two_threads, one_thread, particle_problem  # noqa: F401
from .test_recon_operators import KINDS

both = pytest.mark.parametrize("regulariser", ["tv", "tv2"])


def flat_volume(problem, flat):
    z, y, x = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in problem.shape), indexing="ij")
    return (flat[0] + flat[1] * z + flat[2] * y + flat[3] * x).astype(np.float32)


def solve_from_flat(problem, lam, iterations=6000):
    """Start at the flat solution with the duals that belong to it."""
    found = lambda_max(problem)
    volume = np.maximum(flat_volume(problem, found.flat), 0)
    state = PrimalDual(
        volume=volume,
        field=np.zeros((KINDS[problem.regulariser][3], *problem.shape), np.float32),
        residual=problem.weights * (problem.forward(volume) - problem.data),
    )
    problem = problem.with_lam(lam)
    return problem.objective(volume), solve_pdhg(problem, gap=1e-4, max_iterations=iterations, start=state)


@both
@pytest.mark.parametrize("weighted", [True, False])
def test_the_solution_is_flat_above_and_not_below(regulariser, weighted):
    problem = particle_problem(12, tilts=7, regulariser=regulariser)
    if not weighted:
        problem = replace(problem, weights=None, gains=None)
    found = lambda_max(problem)
    assert 0 < found.lower <= found.value <= found.upper < 1.15 * found.lower
    flat, above = solve_from_flat(problem, 1.05 * found.upper)
    assert min(above.history["objective"]) >= flat * (1 - 1e-5)
    if regulariser == "tv":
        # That no volume is better than the flat one is also what the gap certifies; for TV² it closes slowly.
        assert above.objective * (1 - above.relative_gap) >= flat * (1 - 0.01)
    flat, below = solve_from_flat(problem, 0.9 * found.lower)
    assert below.objective < flat * (1 - 1e-5)
    slopes = np.polyfit(np.arange(12), below.volume.mean(axis=(0, 1)), 1)
    assert np.ptp(below.volume.mean(axis=(0, 1)) - np.polyval(slopes, np.arange(12))) > 0


@both
@pytest.mark.parametrize("weighted", [True, False])
def test_the_bracket_holds_the_exact_value(regulariser, weighted):
    """λ_max as a cone programme: the least max |p| with Rᵀp = −g."""
    cvxpy = pytest.importorskip("cvxpy", reason="needs cvxpy: pip install 'glasstomo[peers]'")
    problem = particle_problem(6, tilts=4, nx=5, regulariser=regulariser)
    if not weighted:
        problem = replace(problem, weights=None, gains=None)
    found = lambda_max(problem)
    volume = flat_volume(problem, found.flat)
    assert volume.min() > 0
    slope = problem.adjoint(problem.weights * (problem.forward(volume) - problem.data)).astype(float)
    slow = KINDS[regulariser][2]
    parts = np.stack([slow(e.reshape(problem.shape)) for e in np.eye(slope.size)], axis=-1)
    parts = parts.reshape(len(parts), slope.size, slope.size)
    # As a maximum over volumes: its dual, and without the rounding of g's balance.
    x = cvxpy.Variable(slope.size)
    variation = cvxpy.sum(cvxpy.norm(cvxpy.vstack([part @ x for part in parts]), 2, axis=0))
    scale = np.abs(slope).sum()
    least = cvxpy.Problem(cvxpy.Minimize(variation), [(-slope.ravel() / scale) @ x == 1, cvxpy.sum(x) == 0])
    exact = scale / least.solve("CLARABEL")
    assert found.lower <= exact * (1 + 1e-4)
    assert found.upper >= exact * (1 - 1e-4)
    assert found.value == pytest.approx(exact, rel=0.1)


def test_two_halves_along_the_tilt_axis_in_closed_form():
    """One projection along z of a single row along x: λ_max is the largest running sum of the slope."""
    data = np.zeros((1, 1, 12))
    data[0, 0, :6] = 1.0
    problem = Problem(data=data, angles_deg=[0.0], spacing_nm=2.0, depth=1)
    # x₀ = 1/4, slope 2 (2 x₀ − b) = ∓1 on the two halves: its running sum peaks at 6.
    found = lambda_max(problem)
    assert found.flat[0] == pytest.approx(0.25)
    # The search stops at a ratio of 1.1.
    assert 6 / 1.1 <= found.lower <= 6 * (1 + 1e-6)
    assert 6 * (1 - 1e-6) <= found.upper <= 6 * 1.1


@given(problem=least_squares_problems())
def test_bounds_enclose_whatever_is_tried(problem):
    """No volume pulls harder than the upper bound, the flat solution is feasible and stationary."""
    found = lambda_max(problem)
    assert 0 <= found.lower <= found.value <= found.upper
    volume = flat_volume(problem, found.flat)
    scale = max(abs(found.flat).max(), 1e-6) * max(problem.shape)
    assert volume.min() >= -1e-5 * scale
    volume = np.maximum(volume, 0)
    slope = problem.adjoint(problem.weights * (problem.forward(volume) - problem.data)).astype(float)
    size = problem.adjoint(problem.weights * (problem.forward(volume) + abs(problem.data))).max() + 1e-30
    rng = np.random.default_rng(0)
    for _ in range(5):
        tried = rng.random(problem.shape) ** 3
        pull = -np.sum(slope * tried)
        variation = problem.regulariser_value(tried.astype(np.float32))
        assert pull <= found.upper * variation + 1e-4 * size * tried.size


@both
def test_scales_with_data_and_weights(regulariser):
    problem = particle_problem(10, tilts=5, regulariser=regulariser)
    one = lambda_max(problem)
    for factor, changed in (
        (4, replace(problem, data=4 * problem.data)),
        (16, replace(problem, weights=16 * problem.weights)),
    ):
        assert lambda_max(changed).value == pytest.approx(factor * one.value, rel=1e-3)


@both
def test_the_bracket_stays_narrow_on_a_grid_finer_than_the_nodes(regulariser):
    problem = particle_problem(48, tilts=9, regulariser=regulariser)
    found = lambda_max(problem)
    assert found.upper < 1.3 * found.lower


@both
def test_zero_and_flat_data_need_no_smoothing(regulariser):
    angles = [-30.0, 0.0, 40.0]
    zero = Problem(data=np.zeros((3, 8, 4)), angles_deg=angles, spacing_nm=1.0, regulariser=regulariser)
    assert lambda_max(zero).value == 0
    ones = Projector(shape=(8, 8), angles_deg=angles, spacing_nm=1.0).forward(np.full((8, 8, 4), 3.0))
    flat = Problem(data=ones, angles_deg=angles, spacing_nm=1.0, regulariser=regulariser)
    found = lambda_max(flat)
    assert found.value == 0
    assert found.flat == pytest.approx([3.0, 0, 0, 0], abs=1e-5)


def test_affine_data_are_flat_for_tv2_only():
    angles = [-50.0, 0.0, 40.0]
    z, y, x = np.meshgrid(np.arange(6.0), np.arange(7.0), np.arange(5.0), indexing="ij")
    data = Projector(shape=(6, 7), angles_deg=angles, spacing_nm=1.0).forward(5 + 0.2 * z - 0.3 * y + 0.1 * x)
    tv, tv2 = (
        lambda_max(Problem(data=data, angles_deg=angles, spacing_nm=1.0, depth=6, regulariser=r))
        for r in ("tv", "tv2")
    )
    assert tv.lower > 0.1
    assert tv2.value < 1e-3 * tv.value
    assert tv2.flat[1:] == pytest.approx([0.2, -0.3, 0.1], abs=1e-4)


@both
def test_the_flat_solution_is_not_negative(regulariser):
    """Steep data: an affine fit would cross zero inside; it may touch it at a corner only."""
    rng = np.random.default_rng(3)
    ramp = np.maximum(np.arange(8.0) - 4, 0)[None, :, None] * np.ones((3, 1, 4)) + 0.1 * rng.random((3, 8, 4))
    problem = Problem(data=ramp, angles_deg=[-40, 0, 40], spacing_nm=1.0, regulariser=regulariser)
    found = lambda_max(problem)
    assert flat_volume(problem, found.flat).min() >= -1e-6
    assert 0 < found.lower <= found.upper
    flat, above = solve_from_flat(problem, 1.05 * found.upper)
    assert above.objective >= flat * (1 - 1e-5)
    flat, below = solve_from_flat(problem, 0.9 * found.lower)
    assert below.objective < flat


@both
def test_negative_data_have_zero_for_the_flat_solution(regulariser):
    rng = np.random.default_rng(4)
    problem = Problem(
        data=rng.normal(-0.2, 1, (3, 8, 5)), angles_deg=[-40, 0, 40], spacing_nm=1.0, regulariser=regulariser
    )
    found = lambda_max(problem)
    assert not found.flat.any()
    flat, above = solve_from_flat(problem, 1.05 * found.upper, 500)
    assert above.objective >= flat * (1 - 1e-5)


@both
def test_threads_do_not_change_a_bit(regulariser):
    problem = particle_problem(12, regulariser=regulariser)
    one, two = in_one_and_two_threads(lambda: lambda_max(problem))
    assert (one.lower, one.upper) == (two.lower, two.upper)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
def test_any_shape_has_a_bracket(depth, ny, nx):
    data = np.random.default_rng(0).uniform(1, 3, (2, ny, nx))
    for regulariser in ("tv", "tv2"):
        found = lambda_max(
            Problem(data=data, angles_deg=[0, 60], spacing_nm=1.0, depth=depth, regulariser=regulariser)
        )
        assert np.isfinite([found.lower, found.value, found.upper]).all()
        assert found.lower <= found.upper


FORMS = [
    {"regulariser": "tv"},
    {"regulariser": "tv2"},
    {"regulariser": "tv_tv2", "second_order_share": 0.3},
    {"regulariser": "tgv2", "tgv_ratio": 1.5},
]


def any_problem(n, data_term, channels, **form):
    plain = particle_problem(n, tilts=5)
    data, weights = plain.data, np.full_like(plain.data, 2.0)
    options = {"background": 0.2}
    if channels:
        data, weights = np.stack([data, 0.3 * data[:, ::-1]]), np.stack([weights, weights])
        options["channel_weights"] = [0.5, 1.5]
    return replace(plain, data=data, weights=weights, data_term=data_term, projector=None, **options, **form)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["regulariser"])
@pytest.mark.parametrize("data_term", ["least_squares", "kullback_leibler"])
@pytest.mark.parametrize("channels", [False, True], ids=["one", "two"])
def test_every_form_has_a_narrow_bracket_that_holds(form, data_term, channels):
    """The best flat volume is stationary, and no volume pulls harder than the upper bound."""
    problem = any_problem(9, data_term, channels, **form)
    found = lambda_max(problem)
    assert 0 < found.lower <= found.value <= found.upper < 1.25 * found.lower
    flats = found.flat if channels else found.flat[None]
    volume = np.stack([flat_volume(replace_grid(problem), flat) for flat in flats])
    volume = np.maximum(volume if channels else volume[0], 0)
    dual = np.empty_like(problem.data)
    problem.fidelity.gradient(problem.forward(volume), dual)
    slope = problem.adjoint(dual).astype(float)
    size = np.abs(problem.adjoint(np.abs(dual))).sum()
    # Stationary: no pull along the constants; x₀ > 0 here, so that no multiplier is due.
    assert volume.min() > 0
    assert (abs(slope.sum(axis=(-3, -2, -1))) < 1e-4 * size).all()
    rng = np.random.default_rng(0)
    for _ in range(3):
        tried = rng.random(problem.shape).astype(np.float32) ** 3
        assert -np.sum(slope * tried) <= found.upper * problem.regulariser_value(tried) * (1 + 1e-4)


def replace_grid(problem):
    """What `flat_volume` reads of a problem."""
    return type("Grid", (), {"shape": problem.grid})


@pytest.mark.parametrize("regulariser", ["tv", "tgv2"])
def test_counts_have_the_flat_solution_of_their_total(regulariser):
    """No scaling of it lowers the divergence: Σ (1 − b/y) A x₀ = 0."""
    data = np.random.default_rng(0).poisson(30.0, (3, 8, 6)).astype(float)
    problem = Problem(
        data=data,
        weights=np.full(data.shape, 1.0),
        background=4.0,
        angles_deg=[-30, 0, 40],
        spacing_nm=2.0,
        data_term="kullback_leibler",
        regulariser=regulariser,
    )
    flat = flat_volume(problem, lambda_max(problem).flat)
    projected = problem.forward(flat).astype(float)
    assert np.sum((1 - data / (projected + 4.0)) * projected) == pytest.approx(0, abs=1e-4 * projected.sum())


def test_the_balancing_fields_of_all_forms_are_exact():
    """Kᵀp = pull by the kernels of the regularisers themselves, also for the auxiliary volume."""
    rng = np.random.default_rng(1)
    for form in FORMS:
        penalty = any_problem(6, "least_squares", False, **form).penalty
        axes = np.meshgrid(*(np.arange(n, dtype=float) for n in (5, 6, 4)), indexing="ij")
        pull = rng.normal(size=(5, 6, 4))
        basis = np.stack([np.ones(pull.shape), *axes]).reshape(4, -1)
        fit, *_ = np.linalg.lstsq(basis.T, pull.ravel(), rcond=None)
        pull -= (fit @ basis).reshape(pull.shape)
        field = rng.normal(size=(1, penalty.components, 5, 6, 4))
        found = balanced(field, pull[None], form["regulariser"])[0].astype(np.float32)
        back = np.empty(pull.shape, np.float32)
        penalty.adjoint(found, back)
        # float32 sums of fields of order one.
        assert back == pytest.approx(pull, abs=2e-5)
        if penalty.auxiliary:
            turn = np.empty((3, *pull.shape), np.float32)
            penalty.auxiliary_adjoint(found, turn)
            assert np.abs(turn).max() < 2e-5
