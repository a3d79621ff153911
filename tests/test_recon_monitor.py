"""How a solve ends: budgets, interruption from outside, divergence, and what is recorded."""

import numpy as np
import pytest
from glasstomo.recon import Status, reconstruct, solve_odl, solve_pdhg
from glasstomo.recon.monitor import Monitor
from hypothesis import given
from hypothesis import strategies as st

from .strategies_recon import particle_problem

both_engines = pytest.mark.parametrize("solve", [solve_pdhg, solve_odl], ids=["fused", "odl"])


def hard_problem():
    """A problem that takes hundreds of iterations."""
    return particle_problem(12, regulariser="tv2", lam=8.0)


@both_engines
def test_a_time_limit_ends_the_solve_with_its_iterate(solve):
    outcome = solve(hard_problem(), gap=0.0, max_iterations=100_000, max_seconds=1e-6)
    assert outcome.status is Status.TIME_LIMIT
    assert not outcome.status.ok
    assert "max_seconds" in outcome.status.message
    assert outcome.iterations <= 50
    assert outcome.volume.any()
    assert np.isfinite(outcome.relative_gap)


@both_engines
def test_a_callback_can_stop_the_solve(solve):
    seen = []

    def enough(iteration, objective, relative_gap):
        seen.append((iteration, objective, relative_gap))
        return len(seen) == 2

    outcome = solve(hard_problem(), gap=0.0, max_iterations=100_000, callback=enough)
    assert outcome.status is Status.STOPPED
    assert len(seen) == 2
    assert seen == list(
        zip(*(outcome.history[key] for key in ("iteration", "objective", "relative_gap")), strict=True)
    )
    assert sorted(outcome.history["seconds"]) == outcome.history["seconds"]


def test_an_interrupted_solve_leaves_its_iterates_in_the_warm_start():
    problem = hard_problem()
    start = solve_pdhg(problem, gap=0.0, max_iterations=20).state
    before = start.volume.copy()

    def interrupt(iteration, objective, relative_gap):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve_pdhg(problem, gap=0.0, start=start, callback=interrupt)
    assert not np.array_equal(start.volume, before)
    resumed = solve_pdhg(problem, gap=1e-3, start=start)
    assert resumed.status is Status.CONVERGED


@pytest.mark.parametrize("lam", ["discrepancy", 0.01])
def test_a_stopped_reconstruction_stops_everything(lam):
    """Also the search for lambda and the channels that are left."""
    problem = particle_problem(16)
    data = np.stack([problem.data, 2 * problem.data])
    calls = []
    result = reconstruct(
        data,
        "tv2",
        angles_deg=problem.angles_deg,
        spacing_nm=5.0,
        lam=lam,
        gap=1e-12,
        callback=lambda *numbers: calls.append(numbers) or True,
    )
    assert result.status is Status.STOPPED
    assert len(calls) == 1
    assert result.volume.shape == (2, 16, 16, 16)
    assert np.isfinite(result.volume).all()


def test_one_time_limit_holds_for_all_channels():
    problem = particle_problem(16)
    data = np.stack([problem.data, 2 * problem.data])
    options = {"angles_deg": problem.angles_deg, "spacing_nm": 5.0, "gap": 1e-12}
    result = reconstruct(data, "tv2", **options, max_seconds=1e-3)
    assert result.status is Status.TIME_LIMIT
    with pytest.raises(ValueError, match="`max_seconds` must be positive, got 0"):
        reconstruct(data, "tv2", **options, max_seconds=0)


@given(st.floats(1e-6, 1e6), st.floats(0, 1), st.floats(1e-6, 0.5))
def test_the_gap_decides(objective, share, gap):
    monitor = Monitor(gap=gap, max_iterations=10)
    bound = objective * (1 - share)
    done = monitor.done(5, objective, bound)
    assert monitor.relative_gap == pytest.approx(share, abs=1e-9)
    assert done == (monitor.relative_gap <= gap)
    assert (monitor.status is Status.CONVERGED) == done
    assert monitor.done(10, objective, bound)


@pytest.mark.parametrize("objective", [np.nan, np.inf])
def test_an_infinite_objective_is_divergence(objective):
    monitor = Monitor()
    assert monitor.done(20, objective, 0.0)
    assert monitor.status is Status.DIVERGED
    assert monitor.history["iteration"] == []


@pytest.mark.parametrize("bound", [np.nan, -np.inf])
def test_no_bound_certifies_nothing(bound):
    monitor = Monitor(gap=1.0)
    assert not monitor.done(20, 1.0, bound)
    assert monitor.relative_gap == np.inf


def test_bad_budgets_are_refused():
    with pytest.raises(ValueError, match="`max_iterations` must be at least 1, got 0"):
        Monitor(max_iterations=0)
    with pytest.raises(ValueError, match="`max_seconds` must be positive, got -1"):
        Monitor(max_seconds=-1)
