"""How a solve ends: budgets, interruption from outside, divergence, and what is recorded."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from glasstomo.recon import Status, interruption, reconstruct, solve_odl, solve_pdhg
from glasstomo.recon.interruption import caught, interruptible, raised, requested
from glasstomo.recon.monitor import Monitor
from hypothesis import given
from hypothesis import strategies as st

from .small_problems import particle_problem

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


@pytest.mark.parametrize(
    ("objective", "bound"), [(np.nan, 0.0), (np.inf, np.nan), (np.inf, -np.inf), (-np.inf, -np.inf)]
)
def test_an_objective_that_is_no_number_is_divergence(objective, bound):
    monitor = Monitor()
    assert monitor.done(20, objective, bound)
    assert monitor.status is Status.DIVERGED
    assert monitor.history["iteration"] == []


def test_an_infinite_divergence_of_counts_passes():
    monitor = Monitor(gap=0.1)
    assert not monitor.done(20, np.inf, 1.0)
    assert monitor.relative_gap == np.inf
    assert monitor.done(40, 1.05, 1.0)
    assert monitor.status is Status.CONVERGED


@pytest.mark.parametrize("bound", [np.nan, -np.inf])
def test_no_bound_certifies_nothing(bound):
    monitor = Monitor(gap=1.0)
    assert not monitor.done(20, 1.0, bound)
    assert monitor.relative_gap == np.inf


def press_ctrl_c(*_):
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def calm(monkeypatch):
    """One test's Ctrl-C is not the second one of the test before, and pytest's handler is the usual one."""
    monkeypatch.setattr(interruption, "_TWICE_S", 0.0)
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        pytest.skip("this process has a handler of its own for Ctrl-C")
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not requested()


@both_engines
def test_ctrl_c_ends_a_solve_with_its_iterate(solve, calm):
    outcome = interruptible(solve)(hard_problem(), gap=0.0, max_iterations=100_000, callback=press_ctrl_c)
    assert outcome.status is Status.STOPPED
    assert "Ctrl-C" in outcome.status.message
    assert len(outcome.history["iteration"]) == 1
    assert outcome.volume.any()


@pytest.mark.parametrize("lam", ["discrepancy", "cross_validation", 0.01])
def test_ctrl_c_ends_a_reconstruction_of_all_channels(lam, calm):
    problem = particle_problem(16)
    data = np.stack([problem.data, 2 * problem.data])
    calls = []

    def press_once(*numbers):
        calls.append(numbers)
        if len(calls) == 1:
            press_ctrl_c()

    result = reconstruct(
        data, "tv2", angles_deg=problem.angles_deg, spacing_nm=5.0, lam=lam, gap=1e-12, callback=press_once
    )
    assert result.status is Status.STOPPED
    # Nothing is searched or iterated any more.
    assert len(calls) == 1
    assert result.volume.shape == (2, 16, 16, 16)
    assert np.isfinite(result.volume).all()


def test_ctrl_c_between_two_evaluations_is_seen(calm):
    problem = hard_problem()
    timer = threading.Timer(0.3, press_ctrl_c)
    timer.start()
    result = reconstruct(
        problem.data,
        "tv2",
        angles_deg=problem.angles_deg,
        spacing_nm=5.0,
        lam=0.01,
        gap=0.0,
        max_iterations=10_000_000,
        max_seconds=60,
    )
    timer.join()
    assert result.status is Status.STOPPED


def test_a_second_ctrl_c_raises(calm):
    with caught():
        press_ctrl_c()
        assert requested()
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()


def test_two_in_quick_succession_raise_even_in_two_solves(calm, monkeypatch):
    monkeypatch.setattr(interruption, "_TWICE_S", 60.0)
    monkeypatch.setattr(interruption._Request, "latest", -float("inf"))
    with caught():
        press_ctrl_c()
    with pytest.raises(KeyboardInterrupt), caught():
        press_ctrl_c()


def test_an_inner_block_keeps_the_request(calm):
    with caught():
        with caught():
            press_ctrl_c()
        assert requested()
    assert not requested()


def test_pipelines_can_ask_for_the_plain_keyboard_interrupt(calm):
    with pytest.raises(KeyboardInterrupt), raised():
        interruptible(solve_pdhg)(hard_problem(), gap=0.0, callback=press_ctrl_c)


@pytest.mark.parametrize("other", [signal.SIG_IGN, lambda *_: None], ids=["ignored", "own"])
def test_a_handler_of_the_program_is_left_alone(other, calm):
    signal.signal(signal.SIGINT, other)
    try:
        with caught():
            assert signal.getsignal(signal.SIGINT) is other
            press_ctrl_c()
            assert not requested()
        assert signal.getsignal(signal.SIGINT) is other
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_an_error_puts_the_handler_back(calm):
    with pytest.raises(ZeroDivisionError), caught():
        1 / 0  # noqa: B018


def test_other_threads_neither_catch_nor_see_it(calm):
    seen = []

    def work():
        with caught():
            seen.append(requested())

    with caught():
        press_ctrl_c()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert requested()
    assert seen == [False]


def test_a_solve_in_another_thread_leaves_ctrl_c_to_the_main_one(calm):
    outcomes = []
    solve = interruptible(solve_pdhg)
    thread = threading.Thread(
        target=lambda: outcomes.append(solve(hard_problem(), gap=0.0, max_iterations=200))
    )
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()
    thread.join()
    assert outcomes[0].status is Status.ITERATION_LIMIT


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_at_the_command_line(tmp_path, presses):
    """The first writes the volume that there is, exit status 1; the second leaves nothing behind."""
    problem = particle_problem(32)
    series = tmp_path / "series.h5"
    from glasstomo.forward import TiltSeries

    TiltSeries(
        data=np.round(2 * problem.data).astype(np.int32),
        angles_deg=problem.angles_deg,
        spacing_nm=5.0,
        channels=("Zn_Ka",),
        signal="EDS_TEM",
    ).save(series)
    out = tmp_path / "volume.h5"
    command = [sys.executable, "-m", "glasstomo.benchmarks", "reconstruct", str(series), "--method", "tv2"]
    command += ["--lam", "0.01", "--gap", "1e-12", "--max-iterations", "100000000", "--out", str(out)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        # The line that names the series comes right before the solve, which loads the kernels.
        assert process.stderr is not None
        while "tilts" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(6.0)
        for _ in range(presses):
            process.send_signal(signal.SIGINT)
            time.sleep(0.0 if presses == 2 else 0.1)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    if presses == 1:
        assert process.returncode == 1
        assert "stopped from outside" in output
        assert out.exists()
    else:
        assert process.returncode in (130, 1)
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"series.h5", "volume.h5"}


def test_bad_budgets_are_refused():
    with pytest.raises(ValueError, match="`max_iterations` must be at least 1, got 0"):
        Monitor(max_iterations=0)
    with pytest.raises(ValueError, match="`max_seconds` must be positive, got -1"):
        Monitor(max_seconds=-1)
