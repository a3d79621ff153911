"""The parts of the default engine: spectral metric and steps, turns, and the sharpened certificate."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import least_squares_problems, seeds
from glasstomo.recon import Problem, Status, solve_pdhg
from glasstomo.recon.certificate import certify
from glasstomo.recon.gap import bracket
from glasstomo.recon.monitor import Monitor
from glasstomo.recon.pdhg import takes_spectral_steps
from glasstomo.recon.primal_dual import PrimalDual, starting_point
from glasstomo.recon.schedule import Schedule
from glasstomo.recon.spectral_metric import SpectralMetric
from glasstomo.recon.spectral_steps import SpectralSteps
from glasstomo.recon.workspace import Workspace
from hypothesis import given, settings
from hypothesis import strategies as st

from .small_problems import one_thread, particle, particle_problem  # noqa: F401

SPECTRAL = ["tv2", "tv_tv2"]


def joint(problem: Problem, factors=(1.0, 0.6)) -> Problem:
    """Two channels of one particle, of unlike strength and weight in the regulariser."""
    return Problem(
        data=np.stack([f * problem.data for f in factors]),
        weights=np.stack([problem.weights / f for f in factors]),
        gains=problem.gains,
        angles_deg=problem.angles_deg,
        spacing_nm=problem.spacing_nm,
        regulariser=problem.regulariser,
        channel_weights=np.array([1.0, 1.7]),
        lam=problem.lam,
    )


def new_proof(problem, state, gap):
    space = Workspace(problem)
    return certify(problem, state, gap=gap, projected=space.projected, spare=space.spare, back=space.ahead)


@pytest.mark.parametrize("regulariser", ["tv", *SPECTRAL])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("n", [5, 8])
def test_the_metric_bounds_the_operators(regulariser, channels, n):
    """M ⪰ σ_d AᵀA + σ_p Σ KᵀK / rows + σ_s, which is all that convergence asks: λ_max(M⁻¹ H) ≤ 1."""
    problem = particle_problem(n, tilts=5, nx=4, regulariser=regulariser, lam=1.0)
    problem = joint(problem) if channels == 2 else problem
    sigma = {"data": 0.3, "field": 2.0, "sign": 0.7}
    metric = SpectralMetric(problem, **sigma)
    field = np.zeros(problem.field_shape, np.float32)

    def operators(x):
        # The dual step of a field of zeros with no bound on its length is σ K x / rows, block by block.
        field[:] = 0.0
        problem.penalty.dual_step(x, None, field, np.float32(1.0), np.float32(1e30), np.float32(1.0))
        slope = np.empty(problem.shape, np.float32)
        problem.penalty.adjoint(field, slope)
        data = problem.adjoint(problem.forward(x))
        return sigma["data"] * data + sigma["field"] * slope + sigma["sign"] * x

    # The power method in float32, from a start of all frequencies.
    vector = np.random.default_rng(0).normal(size=problem.shape).astype(np.float32)
    for _ in range(300):
        vector = metric.solve(operators(vector / np.linalg.norm(vector)))
    largest = float(np.linalg.norm(vector))
    assert largest <= 1.0 + 1e-4
    # Neither is the metric so large that its steps come to nothing.
    assert largest > 0.3


@pytest.mark.parametrize("regulariser", SPECTRAL)
def test_metric_solve_is_linear_and_symmetric(regulariser, rng):
    problem = particle_problem(8, tilts=5, regulariser=regulariser, lam=1.0)
    metric = SpectralMetric(problem, data=0.5, field=1.0, sign=0.1)
    x, y = rng.normal(size=(2, *problem.shape)).astype(np.float32)
    mx, my = metric.solve(x.copy()), metric.solve(y.copy())
    np.testing.assert_allclose(metric.solve(x + 2 * y), mx + 2 * my, atol=1e-5 * np.abs(mx).max())
    assert np.vdot(mx, y) == pytest.approx(np.vdot(x, my), rel=1e-3)
    assert np.vdot(mx, x) > 0


@pytest.mark.parametrize("regulariser", SPECTRAL)
@pytest.mark.parametrize("form", ["plain", "counts", "box", "joint"])
def test_both_kinds_of_steps_reach_one_minimum(regulariser, form):
    problem = particle_problem(16, tilts=7, regulariser=regulariser, lam=6.0)
    if form == "counts":
        problem = replace(problem, data_term="kullback_leibler", weights=np.full_like(problem.data, 2.0))
    if form == "box":
        problem = replace(problem, upper=4.5)
    if form == "joint":
        problem = joint(problem)
    assert takes_spectral_steps(problem)
    both = solve_pdhg(problem, gap=2e-4, max_iterations=4000)
    diagonal = solve_pdhg(problem, gap=2e-4, max_iterations=8000, steps="diagonal")
    assert both.status is diagonal.status is Status.CONVERGED
    assert both.objective == pytest.approx(diagonal.objective, rel=4e-4)
    assert both.iterations < diagonal.iterations
    assert np.linalg.norm(both.volume - diagonal.volume) < 0.02 * np.linalg.norm(diagonal.volume)


@pytest.mark.parametrize("upper", [np.inf, 4.5])
def test_the_solution_is_a_fixed_point_of_spectral_steps(upper):
    problem = particle_problem(12, tilts=7, regulariser="tv2", lam=6.0, upper=upper)
    solved = solve_pdhg(problem, gap=1e-6, max_iterations=20000)
    assert solved.relative_gap < 2e-5
    steps = SpectralSteps(problem, Workspace(problem))
    before = solved.state.volume.copy()
    steps.begin(solved.state)
    steps.advance(solved.state, 20, Monitor())
    moved = np.linalg.norm(solved.state.volume - before) / np.linalg.norm(before)
    assert moved < 5e-3
    # Away from it they move.
    cold = starting_point(problem, None)
    steps.begin(cold)
    steps.advance(cold, 20, Monitor())
    assert np.linalg.norm(cold.volume) > 0.5 * np.linalg.norm(before)


@given(problem=least_squares_problems(), seed=seeds(), scale=st.floats(0, 2))
@settings(deadline=None)
def test_the_sharpened_bound_is_below_every_volume_in_the_box(problem, seed, scale):
    """Whatever the duals: it is what makes the status "converged" true."""
    rng = np.random.default_rng(seed)
    tried = rng.uniform(-1, 3, problem.shape).astype(np.float32)
    tried[rng.random(problem.shape) < 0.7] = 0.0
    state = PrimalDual(
        volume=tried,
        field=scale * problem.lam * rng.normal(size=problem.field_shape).astype(np.float32),
        residual=scale * (rng.normal(size=problem.data.shape) * problem.weights).astype(np.float32),
    )
    # A huge gap wanted: the bound is sharpened whatever it is.
    proof = new_proof(problem, state, gap=1e-9 + 0.1)
    plain = bracket(problem, state.volume, state.field, state.residual)
    rounding = 1e-5 * (abs(plain[1]) + proof.objective)
    assert proof.objective == pytest.approx(plain[0], rel=1e-6)
    assert proof.bound >= plain[1] - rounding
    upper = 2 * max(tried.max(), problem.density_scale)
    for volume in (np.zeros(problem.shape), np.maximum(tried, 0), upper * rng.random(problem.shape)):
        assert proof.bound <= problem.objective(volume.astype(np.float32)) + rounding


@pytest.mark.parametrize(("regulariser", "iterations", "share"), [("tv", 180, 0.3), ("tv2", 300, 0.9)])
def test_dark_rays_sharpen_the_bound_of_iterates(regulariser, iterations, share):
    problem = particle_problem(20, tilts=9, regulariser=regulariser, lam=6.0)
    state = solve_pdhg(problem, gap=0.0, max_iterations=iterations, steps="diagonal").state
    objective, plain = bracket(problem, state.volume, state.field, state.residual)
    # Any gap is wanted to which the present one is near.
    proof = new_proof(problem, state, gap=(objective - plain) / objective / 20)
    assert objective - proof.bound < share * (objective - plain)
    best = solve_pdhg(problem, gap=1e-5, max_iterations=6000)
    assert proof.bound <= best.objective * (1 + 1e-6)
    misfit = problem.misfit(problem.forward(np.maximum(state.volume, 0)))
    assert proof.misfit == pytest.approx(misfit, rel=1e-6)
    assert best.objective <= problem.objective(particle(20))


class FakeSteps:
    def __init__(self):
        self.begun = 0

    def begin(self, state):
        self.begun += 1


def turns(schedule, gaps):
    """Kinds and numbers of steps that a schedule hands out as the gap falls."""
    return [schedule.next(None, gap) for gap in gaps]


def test_steps_take_turns_and_useless_ones_end():
    diagonal, spectral = FakeSteps(), FakeSteps()
    handed = turns(
        Schedule(diagonal, spectral, gap=1e-3, warm=False), [np.inf] + [1e-2 / 1.5**k for k in range(12)]
    )
    kinds = ["s" if steps is spectral else "d" for steps, _ in handed]
    assert kinds[:2] == ["s", "s"]
    assert "".join(kinds).replace("s", "").strip("d") == ""
    assert "ssd" in "".join(kinds)
    assert "ds" in "".join(kinds)
    assert all(count in (20, 40) for _, count in handed)
    # From the second turn on spectral steps must lower the gap.
    diagonal, spectral = FakeSteps(), FakeSteps()
    handed = turns(Schedule(diagonal, spectral, gap=1e-3, warm=True), [np.inf] + [5e-3] * 40)
    assert spectral.begun == 2
    assert handed[-1][0] is diagonal


def test_without_spectral_steps_diagonal_ones_run_on():
    diagonal = FakeSteps()
    handed = turns(Schedule(diagonal, None, gap=1e-3, warm=False), [np.inf, 1.0, 0.1, 0.01, 0.005])
    assert all(steps is diagonal for steps, _ in handed)
    # Begun once: a fresh start would throw away the point ahead.
    assert diagonal.begun == 1


def test_spectral_steps_stay_away_where_they_do_not_help():
    problem = particle_problem(12, regulariser="tv2", lam=6.0)
    assert takes_spectral_steps(problem)
    assert not takes_spectral_steps(replace(problem, regulariser="tv"))
    assert not takes_spectral_steps(replace(problem, regulariser="tgv2"))
    weights = problem.weights.copy()
    weights[0, 0, 0] = 1e5 * weights.max()
    assert not takes_spectral_steps(replace(problem, weights=weights))
    with pytest.raises(ValueError, match="`steps` must be one of auto, diagonal, got 'fast'"):
        solve_pdhg(problem, steps="fast")
    with pytest.raises(ValueError, match="has no spectral steps; use diagonal ones"):
        SpectralMetric(replace(problem, regulariser="tgv2"), data=1.0, field=1.0, sign=1.0)
