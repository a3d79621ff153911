"""Peers of `glasstomo bench` and the plain reference: the same operator, objective and iterates as ours."""

import sys
from pathlib import Path

import numpy as np
import pytest
from glasstomo.benchmarks import bench, peer_runs, peers, plain_pdhg
from glasstomo.benchmarks.bench_problem import VARIANTS
from glasstomo.benchmarks.bench_rows import Setting
from glasstomo.benchmarks.peer_watch import EnoughError, Watch
from glasstomo.benchmarks.plain_steps import plain_steps
from glasstomo.benchmarks.progress import Stage
from glasstomo.recon import Problem, Status, lambda_max, solve_pdhg
from glasstomo.recon.monitor import Monitor

from .small_problems import one_thread, particle_problem  # noqa: F401


def unit_volumes(shape: tuple[int, int, int]):
    """Volumes with a single voxel of one: what an operator makes of them are its columns."""
    for index in np.ndindex(shape):
        volume = np.zeros(shape, np.float32)
        volume[index] = 1.0
        yield volume


# ---- peers


def test_missing_and_broken_peers_are_declined_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "broken_peer.py").write_text("raise OSError('no such library')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        peer_runs,
        "PEERS",
        {
            "absent": peers.Peer(modules=("surely_absent",), install="pip install surely-absent"),
            "broken": peers.Peer(modules=("broken_peer",), install="pip install broken-peer"),
        },
    )
    few = {"tilts": 3, "threads": [1], "repeats": 1, "parts": [], "problems": ["tv"]}
    found = list(bench.bench([8], **few, gap=0.5, peers=True, peer_seconds=0.2))
    sys.modules.pop("broken_peer", None)
    reasons = {
        row["name"]: row["declined"] for row in found if "declined" in row and row["name"].count(".") == 1
    }
    assert reasons["peer.absent"] == "surely_absent not installed: pip install surely-absent"
    assert reasons["peer.broken"] == "broken_peer cannot be imported: OSError: no such library"
    assert all(row["ms"] is None for row in found if "declined" in row)
    assert any(row["name"] == "peer.glasstomo_fused.tv.to_gap" for row in found)


def needed(name: str) -> peers.Peer:
    peer = peers.PEERS[name]
    if why := peer.missing():
        pytest.skip(why)
    return peer


@pytest.mark.parametrize("name", ["scipy", "astra"])
def test_peers_project_as_we_do(name: str):
    peer, problem = needed(name), particle_problem(10, tilts=5, nx=4)
    theirs = peers.load(peer.projector)(problem, 2)
    rng = np.random.default_rng(2)
    volume = rng.random(problem.shape, np.float32)
    series = rng.random(problem.data.shape, np.float32)
    projector = problem.projector
    # ASTRA computes its weights on the fly in float32: a few 1e-6 of the largest sum.
    for ours, other in (
        (projector.forward(volume), theirs.forward(volume)),
        (projector.adjoint(series), theirs.adjoint(series)),
    ):
        np.testing.assert_allclose(other, ours, atol=1e-5 * float(ours.max()))


def test_scikit_image_projects_along_the_same_directions():
    peer, problem = needed("scikit_image"), particle_problem(24, tilts=5, nx=2)
    theirs = peers.load(peer.projector)(problem, 1)
    volume = np.zeros(problem.shape, np.float32)
    volume[15:20, 6:9] = 1.0
    ours, other = problem.projector.forward(volume), problem.spacing_nm * theirs.forward(volume)
    margin = (other.shape[1] - ours.shape[1]) // 2
    other = other[:, margin : margin + ours.shape[1]]
    # Interpolation blurs, and its axis lies half a pixel off ours: profiles overlap, mirrored ones do not.
    assert np.corrcoef(ours.ravel(), other.ravel())[0, 1] > 0.9
    assert np.corrcoef(ours.ravel(), other[::-1].ravel())[0, 1] < 0.8
    assert theirs.adjoint(problem.data).shape == problem.shape


class Iterates(Watch):
    """Stops after some iterations and keeps the volume."""

    def __call__(self, volume):
        self.durations.append(0.0)
        if len(self.durations) == 40:
            self.found = np.array(volume())
            raise EnoughError


def iterate(name: str, problem: Problem) -> np.ndarray:
    run = peers.load(needed(name).solver)(problem, plain_steps(problem), 1)
    watch = Iterates(problem=problem, bound=0.0, gap=0.0, seconds=1.0)
    watch.run(run)
    return watch.found


@pytest.mark.parametrize("name", ["odl_astra", "pyproximal"])
def test_peers_go_through_the_same_iterates(name: str):
    # All are Chambolle and Pock's first algorithm with the same steps: only roundings differ.
    problem = with_lambda(particle_problem(10, tilts=5, nx=4))
    theirs, plain = iterate(name, problem), iterate("scipy", problem)
    np.testing.assert_allclose(theirs, plain, atol=1e-4 * float(plain.max()))


def with_lambda(problem: Problem) -> Problem:
    return problem.with_lam(VARIANTS[problem.regulariser].share * lambda_max(problem).value)


def test_plain_steps_are_short_enough_but_not_much_shorter():
    problem = with_lambda(particle_problem(6, tilts=3, nx=2))
    steps = plain_steps(problem)
    # Both parts of the scaled operator have norm one, so its square is at most two.
    assert 0.9 < steps.sigma * steps.tau * 2 < 1
    root = np.sqrt(problem.weights)
    columns = [(root * problem.forward(volume)).ravel() for volume in unit_volumes(problem.shape)]
    norm = np.linalg.norm(np.stack(columns), 2)
    assert norm <= steps.data_norm <= 1.05 * norm


def test_a_peer_reaches_the_gap_by_our_measure():
    problem = with_lambda(particle_problem(10, tilts=5, nx=4, lam=1.0))
    ours = solve_pdhg(problem, gap=1e-3, max_iterations=20000)
    bound = ours.objective * (1 - ours.relative_gap)
    watch = Watch(problem=problem, bound=bound, gap=0.02, seconds=60.0)
    watch.run(peers.load(peers.PEERS["scipy"].solver)(problem, plain_steps(problem), 1))
    assert watch.reached
    seconds, gaps = np.array(watch.curve).T
    assert (np.diff(seconds) > 0).all()
    # No volume lies below the certified bound, up to the float32 rounding of the sums.
    assert gaps.min() > -1e-6
    assert gaps[-1] <= 0.02 < gaps[-2]
    assert seconds[-1] == pytest.approx(sum(watch.durations))


def test_the_fista_baseline_is_judged_as_the_peers_are():
    problem = with_lambda(particle_problem(10, tilts=5, nx=4)).with_lam(20.0)
    ours = solve_pdhg(problem, gap=1e-3, max_iterations=20000)
    bound = ours.objective * (1 - ours.relative_gap)
    row = peer_runs._fista_row(Setting(size=10, tilts=5, gap=0.02), problem, bound, 60.0)
    gaps = [gap for _, gap in row["curve"]]
    assert gaps[-1] <= 0.02 < gaps[-2]
    assert (np.diff(gaps) <= 0).all()
    late = peer_runs._fista_row(Setting(size=10, tilts=5, gap=0.0), problem, bound, 1e-6)
    assert (late["ms"], late["iterations"]) == (None, 1)
    assert late["declined"].startswith("stopped after")


def test_a_peer_out_of_time_is_judged_and_stopped():
    problem = with_lambda(particle_problem(8, tilts=3, nx=2))
    watch = Watch(problem=problem, bound=0.0, gap=0.0, seconds=0.0)
    watch.run(peers.load(peers.PEERS["scipy"].solver)(problem, plain_steps(problem), 1))
    assert not watch.reached
    assert (len(watch.durations), len(watch.curve)) == (1, 1)


# ---- plain PDHG


def test_the_plain_reference_goes_through_the_textbook_iterates():
    """Forty steps of the kernels against forty of numpy (`peer_scipy`): only roundings differ."""
    problem = with_lambda(particle_problem(10, tilts=5, nx=4))
    monitor = Monitor(gap=0.0, max_iterations=40)
    ours = plain_pdhg.plain_pdhg(problem, plain_steps(problem), monitor)
    plain = iterate("scipy", problem)
    np.testing.assert_allclose(ours, plain, atol=1e-4 * float(plain.max()))
    assert monitor.iteration == 40
    assert monitor.history["iteration"] == [20, 40]


@pytest.mark.parametrize("regulariser", ["tv", "tv2"])
def test_the_plain_reference_finds_our_minimum(regulariser: str):
    problem = with_lambda(particle_problem(8, tilts=5, nx=4, regulariser=regulariser))
    problem = problem.with_lam(30 * problem.lam)
    ours = solve_pdhg(problem, gap=1e-4, max_iterations=20000)
    monitor = Monitor(gap=1e-3, max_iterations=20000)
    plain_pdhg.plain_pdhg(problem, plain_steps(problem), monitor)
    assert monitor.status is Status.CONVERGED
    assert ours.objective * (1 - 1e-4) <= monitor.objective <= ours.objective * (1 + 1e-3)


def test_textbook_steps_are_equal_and_as_long_as_allowed():
    problem = with_lambda(particle_problem(6, tilts=3, nx=2))
    steps, tuned = plain_steps(problem, tuned=False), plain_steps(problem)
    assert steps.sigma == steps.tau
    assert steps.sigma * steps.tau == pytest.approx(tuned.sigma * tuned.tau)


def test_iterations_are_counted_against_ours(monkeypatch: pytest.MonkeyPatch):
    problem = with_lambda(particle_problem(10, tilts=5, nx=4))
    setting = Setting(size=10, tilts=5, gap=0.1)
    rows = list(plain_pdhg.plain_rows(setting, {"tv": problem}, Stage()))
    assert [row["name"] for row in rows] == ["plain_pdhg.tv.to_gap", "plain_pdhg_tuned.tv.to_gap"]
    for row in rows:
        assert row["times_our_iterations"] == pytest.approx(
            row["iterations"] / row["our_iterations"], rel=1e-3
        )
        assert (row["relative_gap"] <= 0.1) == (row["ms"] is not None) == ("note" not in row)
    # Steps that differ in length by orders of magnitude on either side cannot be as quick.
    assert rows[1]["iterations"] <= rows[0]["iterations"]
    monkeypatch.setattr(plain_pdhg, "_MOST_RATIO", 1)
    (row, _) = plain_pdhg.plain_rows(setting, {"tv": problem}, Stage())
    assert (row["ms"], row["note"]) == (None, "cut short: its ratio is at least this")
