"""TV and TV² solvers: two engines and CVXPY agree, certified bounds hold, and the laws of the problem."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import least_squares_problems, problems, seeds
from glasstomo.forward import Projector
from glasstomo.recon import Problem, Status, solve_odl, solve_pdhg
from glasstomo.recon.gap import bracket
from glasstomo.recon.primal_dual import PrimalDual
from hypothesis import given, settings
from hypothesis import strategies as st

from .small_problems import in_one_and_two_threads, one_thread, particle, particle_problem  # noqa: F401
from .test_recon_operators import slow_gradient, slow_hessian

both = pytest.mark.parametrize("regulariser", ["tv", "tv2"])
every = pytest.mark.parametrize("regulariser", ["tv", "tv2", "tv_tv2", "tgv2"])
LAMBDA = {"tv": 3.0, "tv2": 8.0, "tv_tv2": 5.0, "tgv2": 3.0}  # about what the noise asks for


def nrmse(volume, truth):
    return np.linalg.norm(volume - truth) / np.linalg.norm(truth)


@both
@pytest.mark.parametrize(("n", "weighted"), [(24, True), (14, False)])
def test_the_two_engines_agree(regulariser, n, weighted):
    problem = particle_problem(n, tilts=7, regulariser=regulariser, lam=2 * LAMBDA[regulariser])
    if not weighted:
        level = float(np.median(problem.weights[problem.data > 0]))
        problem = replace(problem, weights=None, lam=problem.lam / level)
    fused = solve_pdhg(problem, gap=1e-4, max_iterations=4000)
    other = solve_odl(problem, gap=3e-4, max_iterations=4000)
    assert fused.status is other.status is Status.CONVERGED
    # Both gaps are upper bounds of the distance from the one minimum; the distance itself is smaller.
    assert other.objective == pytest.approx(fused.objective, rel=1e-4)
    assert other.misfit == pytest.approx(fused.misfit, rel=2e-3)
    assert nrmse(other.volume, fused.volume) < 5e-3


@given(problem=problems(), seed=seeds(), scale=st.floats(0, 3))
def test_the_bound_is_below_every_volume_in_the_box(problem, seed, scale):
    """Whatever the dual variables are: this is what makes the gap a certificate."""
    rng = np.random.default_rng(seed)
    field = scale * problem.lam * rng.normal(size=problem.field_shape).astype(np.float32)
    residual = scale * (rng.normal(size=problem.data.shape) * problem.weights).astype(np.float32)
    tried = rng.uniform(problem.lower, problem.lower + 3, problem.shape).astype(np.float32)
    objective, bound = bracket(problem, tried, field, residual)
    upper = min(2 * max(tried.max(), problem.density_scale), problem.upper)
    rounding = 1e-5 * (abs(bound) + min(objective, 1e30))
    assert bound <= objective + rounding
    some = problem.lower + (upper - problem.lower) * rng.random(problem.shape)
    for volume in (np.full(problem.shape, problem.lower), np.full(problem.shape, upper), some):
        # R of TGV² is taken at v = 0, as the bound is: an upper one.
        auxiliary = None if problem.auxiliary_shape is None else np.zeros(problem.auxiliary_shape, np.float32)
        assert bound <= problem.objective(volume.astype(np.float32), auxiliary=auxiliary) + rounding


@given(problem=problems())
@settings(max_examples=25)
def test_every_problem_is_solved_within_its_bounds(problem):
    solve = solve_pdhg(problem, gap=1e-2, max_iterations=300)
    assert solve.volume.shape == problem.shape
    assert np.isfinite(solve.volume).all()
    assert solve.volume.min() >= np.float32(problem.lower)
    assert solve.volume.max() <= np.float32(problem.upper)
    assert solve.status in (Status.CONVERGED, Status.ITERATION_LIMIT)
    assert solve.relative_gap >= -1e-5
    best = solve.objective * (1 - solve.relative_gap) if np.isfinite(solve.relative_gap) else -np.inf
    start = np.full(problem.shape, problem.lower, np.float32)
    assert best <= problem.objective(start) * (1 + 1e-5) + 1e-6


@both
def test_the_gap_is_never_negative_and_the_truth_never_below_the_bound(regulariser):
    problem = particle_problem(16, regulariser=regulariser, lam=LAMBDA[regulariser])
    solve = solve_pdhg(problem, gap=0.0, max_iterations=1500)
    gaps = np.array(solve.history["relative_gap"])
    bounds = np.array(solve.history["objective"]) * (1 - gaps)
    # In float32 the gap stalls at about 1e-6 of the objective.
    assert gaps.min() > -1e-6
    assert gaps[-1] < 1e-3
    assert bounds.max() <= problem.objective(particle(16))
    assert bounds.max() <= min(solve.history["objective"]) * (1 + 1e-6)
    assert solve.objective == pytest.approx(problem.objective(solve.volume), rel=1e-6)
    assert solve.misfit == pytest.approx(problem.misfit(problem.forward(solve.volume)), rel=1e-6)


@every
def test_zero_data_give_zero(regulariser):
    problem = Problem(
        data=np.zeros((3, 8, 5)), angles_deg=[-40, 0, 40], spacing_nm=2.0, regulariser=regulariser, lam=1.0
    )
    for solve in (solve_pdhg(problem), solve_odl(problem)):
        assert solve.status is Status.CONVERGED
        assert not solve.volume.any()


@every
def test_tilt_order_does_not_matter(regulariser):
    problem = particle_problem(12, regulariser=regulariser, lam=LAMBDA[regulariser])
    order = np.random.default_rng(0).permutation(problem.angles_deg.size)
    shuffled = Problem(
        data=problem.data[order],
        weights=problem.weights[order],
        gains=problem.gains[order],
        angles_deg=problem.angles_deg[order],
        spacing_nm=5.0,
        regulariser=regulariser,
        lam=problem.lam,
    )
    one, two = (solve_pdhg(p, gap=0.0, max_iterations=100).volume for p in (problem, shuffled))
    # Only the order of float32 sums differs.
    np.testing.assert_allclose(one, two, atol=1e-4 * one.max())


@every
def test_scaled_data_and_lambda_scale_the_volume(regulariser):
    problem = particle_problem(12, regulariser=regulariser, weights=None, lam=LAMBDA[regulariser])
    # Times a power of two is exact in binary, so every iterate must follow bit for bit.
    louder = replace(problem, data=4 * problem.data, lam=4 * problem.lam)
    one, two = (solve_pdhg(p, gap=1e-3, max_iterations=400) for p in (problem, louder))
    np.testing.assert_array_equal(4 * one.volume, two.volume)
    assert two.objective == pytest.approx(16 * one.objective, rel=1e-12)


@every
def test_weights_and_lambda_together_change_nothing(regulariser):
    problem = particle_problem(12, regulariser=regulariser, lam=LAMBDA[regulariser])
    surer = replace(problem, weights=4 * problem.weights, lam=4 * problem.lam)
    one, two = (solve_pdhg(p, gap=1e-3, max_iterations=400) for p in (problem, surer))
    # Roots of the weights are taken, exact for 4.
    np.testing.assert_allclose(one.volume, two.volume, atol=1e-4 * one.volume.max())


@every
def test_axes_z_and_y_are_interchangeable(regulariser):
    """Exchanging z and y is α → 90° − α, and neither R prefers an axis."""
    problem = particle_problem(12, regulariser=regulariser, lam=LAMBDA[regulariser])
    turned = replace(problem, angles_deg=90 - problem.angles_deg, projector=None)
    one, two = (solve_pdhg(p, gap=0.0, max_iterations=100).volume for p in (problem, turned))
    np.testing.assert_allclose(one, two.swapaxes(0, 1), atol=1e-3 * one.max())


@both
def test_mirrored_data_give_the_mirrored_volume(regulariser):
    """y → −y with α → −α, at the optimum, up to the one-sidedness of the differences."""
    lam = LAMBDA[regulariser]
    problem = particle_problem(16, regulariser=regulariser, lam=lam)
    mirrored = replace(
        problem,
        data=problem.data[:, ::-1],
        weights=problem.weights[:, ::-1],
        angles_deg=-problem.angles_deg,
        projector=None,
    )
    one, two = (solve_pdhg(p, gap=2e-4, max_iterations=3000).volume for p in (problem, mirrored))
    # Forward differences meet in other triples at a corner once mirrored: R itself changes a little,
    # and with it the edges of a particle of a few voxels.
    assert nrmse(two[:, ::-1], one) < 0.08


@both
def test_shifted_data_give_the_shifted_volume(regulariser):
    """Along the tilt axis, for a particle with empty space on both sides."""
    truth = np.zeros((12, 12, 20), np.float32)
    truth[3:9, 3:9, 6:12] = 4.0
    angles = np.linspace(-60, 60, 7)
    data = Projector(shape=(12, 12), angles_deg=angles, spacing_nm=1.0).forward(truth)
    options = {"angles_deg": angles, "spacing_nm": 1.0, "regulariser": regulariser, "lam": 0.3}
    one, two = (
        solve_pdhg(Problem(data=d, **options), gap=1e-5, max_iterations=4000).volume
        for d in (data, np.roll(data, 3, axis=2))
    )
    assert nrmse(np.roll(one, 3, axis=2), two) < 0.01


@every
def test_threads_do_not_change_a_bit(regulariser):
    problem = particle_problem(16, regulariser=regulariser, lam=LAMBDA[regulariser])
    one, two = in_one_and_two_threads(lambda: solve_pdhg(problem, gap=0.0, max_iterations=40))
    np.testing.assert_array_equal(one.volume, two.volume)
    assert one.objective == two.objective
    assert one.relative_gap == two.relative_gap


def test_noiseless_piecewise_constant_object_is_recovered():
    truth = np.zeros((16, 16, 8), np.float32)
    truth[3:12, 4:13, 2:7] = 3.0
    truth[5:9, 6:10, 3:6] = 5.0
    angles = np.linspace(-80, 80, 17)
    data = Projector(shape=(16, 16), angles_deg=angles, spacing_nm=2.0).forward(truth)
    problem = Problem(data=data, angles_deg=angles, spacing_nm=2.0, lam=0.05)
    solve = solve_pdhg(problem, gap=1e-3, max_iterations=4000)
    assert solve.status is Status.CONVERGED
    # λ takes a little off the contrast: λ × perimeter over area, divided by the data's pull.
    assert nrmse(solve.volume, truth) < 0.01


@both
@pytest.mark.parametrize("lam", [0.0, 1e-3])
def test_vanishing_lambda_still_fits_the_data(regulariser, lam):
    problem = particle_problem(12, regulariser=regulariser, lam=lam)
    solve = solve_pdhg(problem, max_iterations=1000)
    zero = problem.objective(np.zeros(problem.shape, np.float32))
    # 1296 pixels of unit variance, fewer degrees of freedom than voxels.
    assert solve.objective < min(0.01 * zero, problem.data.size)
    assert solve.volume.max() < 40


@both
def test_excessive_lambda_flattens(regulariser):
    problem = particle_problem(10, regulariser=regulariser, lam=1e4)
    solve = solve_pdhg(problem, gap=0.02, max_iterations=3000)
    zero = problem.objective(np.zeros(problem.shape, np.float32))
    assert solve.objective < 1.2 * zero
    assert solve.relative_gap < 0.2
    assert solve.volume.max() < 0.1 * particle(10).max()


@pytest.mark.parametrize("solver", [solve_pdhg, solve_odl])
def test_pixels_of_no_weight_are_left_out(solver):
    problem = particle_problem(10, lam=6.0)
    weights = problem.weights.copy()
    weights[2, 3:6] = 0
    spoilt, clean = problem.data.copy(), problem.data * (weights > 0)
    spoilt[2, 3:6] = 50.0
    # The left-out pixels enter the scale of the steps, not the problem.
    one, two = (
        solver(replace(problem, data=data, weights=weights), gap=2e-4, max_iterations=4000)
        for data in (clean, spoilt)
    )
    assert one.status is two.status is Status.CONVERGED
    assert two.objective == pytest.approx(one.objective, rel=2e-4)


def test_rays_that_meet_no_voxel_cost_a_constant():
    """A flat volume at 70° leaves outer bins empty; data there, and tilts of gain zero, add ½ w b²."""
    rng = np.random.default_rng(2)
    data = rng.uniform(1, 2, (3, 12, 4)).astype(np.float32)
    problem = Problem(
        data=data, angles_deg=[-75, 0, 75], gains=np.array([1, 0, 1]), spacing_nm=1.0, lam=0.2, depth=2
    )
    dark = problem.projector.row_sums()[:, :, None] * problem.column_gain == 0
    assert dark[1].all()
    assert dark[0].any()
    for solve in (solve_pdhg(problem, gap=1e-3, max_iterations=3000), solve_odl(problem, gap=1e-3)):
        assert solve.status is Status.CONVERGED
        assert solve.objective > 0.5 * np.sum(data**2 * dark)


def test_callbacks_and_history_agree():
    problem = particle_problem(10, lam=3.0)
    for solver in (solve_pdhg, solve_odl):
        seen = []
        solve = solver(problem, gap=1e-9, max_iterations=130, callback=lambda *at: seen.append(at))  # noqa: B023
        assert solve.status is Status.ITERATION_LIMIT
        assert solve.iterations == 130
        assert [list(column) for column in zip(*seen, strict=True)] == list(solve.history.values())[:3]
        assert solve.history["iteration"][-1] == 130


@settings(max_examples=15)
@given(problem=least_squares_problems())
def test_any_problem_is_solved_or_says_so(problem):
    solve = solve_pdhg(problem, gap=1e-2, max_iterations=300)
    assert solve.volume.shape == problem.shape
    assert solve.volume.min() >= 0
    assert np.isfinite(solve.objective)
    assert (solve.status is Status.CONVERGED) == (solve.relative_gap <= 1e-2)
    zero = problem.objective(np.zeros(problem.shape, np.float32))
    assert solve.objective * (1 - solve.relative_gap) <= zero * (1 + 1e-5)


def test_values_that_overflow_end_as_diverged():
    data = np.full((2, 6, 3), 1e30)
    problem = Problem(
        data=data, angles_deg=[0, 60], spacing_nm=1.0, lam=1.0, weights=np.full(data.shape, 1e20)
    )
    with np.errstate(all="ignore"):
        solve = solve_pdhg(problem, max_iterations=50)
    assert solve.status in (Status.DIVERGED, Status.ITERATION_LIMIT)
    assert not solve.status.ok
    assert "check" in Status.DIVERGED.message
    assert "raise" in Status.ITERATION_LIMIT.message


@pytest.mark.parametrize("solver", [solve_pdhg, solve_odl])
def test_bad_starts_are_named(solver):
    problem = particle_problem(8, lam=1.0)
    start = PrimalDual(
        volume=np.zeros(problem.shape, np.float32),
        field=np.zeros((6, *problem.shape), np.float32),
        residual=np.zeros_like(problem.data),
    )
    with pytest.raises(ValueError, match=r"`start.field` must be contiguous float32 of shape \(3, 8, 8, 8\)"):
        solver(problem, start=start)
    with pytest.raises(ValueError, match="`max_iterations` must be at least 1, got 0"):
        solver(problem, max_iterations=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": np.zeros((2, 3))}, r"`data` must have axes \(tilt, y, x\)"),
        ({"data": np.full((2, 4, 3), np.nan)}, r"`data` must be finite: nan at \(tilt, y, x\) = \(0, 0, 0\)"),
        ({"angles_deg": [0.0]}, "1 angles for 2 projections"),
        ({"lam": -1.0}, "`lam` must be a finite number >= 0, got -1.0"),
        ({"lam": np.inf}, "`lam` must be a finite number"),
        ({"regulariser": "tgv"}, "must be one of tv, tv2, tv_tv2, tgv2, got 'tgv'"),
        ({"weights": np.zeros((2, 4, 3))}, "not all zero"),
        ({"weights": -np.ones((2, 4, 3))}, "`weights` must be >= 0"),
        ({"weights": np.ones((2, 4, 4))}, "must have the shape of the data"),
        ({"gains": np.ones(3)}, "`gains` must hold 2 finite numbers"),
        ({"projector": Projector(shape=(4, 4), angles_deg=[0, 20], spacing_nm=1.0)}, "must have the angles"),
        ({"projector": Projector(shape=(5, 4), angles_deg=[0, 10], spacing_nm=1.0)}, "`projector` must map"),
    ],
)
def test_bad_problems_are_named(change, message):
    good = {"data": np.ones((2, 4, 3)), "angles_deg": [0.0, 10.0], "spacing_nm": 1.0}
    with pytest.raises(ValueError, match=message):
        Problem(**{**good, **change})


@both
def test_regulariser_value(regulariser):
    x = particle(9)
    problem = particle_problem(9, regulariser=regulariser, lam=2.0)
    slow = slow_gradient if regulariser == "tv" else slow_hessian
    value = np.sqrt(np.square(slow(x.astype(float))).sum(axis=0)).sum()
    assert problem.regulariser_value(x) == pytest.approx(value, rel=1e-5)
    misfit = np.sum(problem.weights * (problem.forward(x) - problem.data).astype(float) ** 2)
    assert problem.objective(x) == pytest.approx(misfit / 2 + 2 * value, rel=1e-5)
