"""`glasstomo bench`: counts of work, honest clocks, rows that programs read.

Nothing here depends on how long anything takes.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from glasstomo.benchmarks import bench, bench_memory, bench_solves, bench_tasks, cli, machine_limits
from glasstomo.benchmarks.bench_problem import VARIANTS, bench_data
from glasstomo.benchmarks.bench_rows import Setting, cost_fits
from glasstomo.benchmarks.figures_bench import figure_bench
from glasstomo.benchmarks.figures_style import png_bytes
from glasstomo.benchmarks.progress import Stage
from glasstomo.benchmarks.roofline import AUXILIARY, COMPONENTS, Work, difference_weights, workload
from glasstomo.benchmarks.stopwatch import PausedClock, Timing, time_tasks
from glasstomo.forward import Projector
from glasstomo.recon import Problem
from glasstomo.recon.problem import REGULARISERS
from hypothesis import given
from hypothesis import strategies as st

from .small_problems import one_thread  # noqa: F401

sides = st.integers(1, 4)


def unit_volumes(shape: tuple[int, ...]):
    """Volumes with a single voxel of one: what an operator makes of them are its columns."""
    for index in np.ndindex(shape):
        volume = np.zeros(shape, np.float32)
        volume[index] = 1.0
        yield volume


# ---- counts of work


@given(
    shape=st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 3)),
    angles=st.lists(st.floats(-90, 90), min_size=1, max_size=4, unique=True),
)
def test_flops_of_a_projection_are_two_for_each_weight_of_its_matrix(shape, angles):
    projector = Projector(shape=shape[:2], angles_deg=angles, spacing_nm=1.0)
    shares = np.stack([projector.forward(volume) for volume in unit_volumes(shape)])
    work = workload(shape, np.array(angles)).projection()
    # The whole matrix also repeats itself along x, which the columns above have gone through. Shares of
    # about 1e-6 may be counted or not.
    assert 2 * np.count_nonzero(shares > 2e-6) <= work.flops <= 2 * np.count_nonzero(shares > 5e-7)
    assert work.bytes_moved == 4 * (np.prod(shape) + len(angles) * shape[1] * shape[2])


@given(shape=st.tuples(sides, sides, sides))
def test_difference_weights_are_those_of_the_kernels(shape):
    """Non-zero entries of K, found column by column from the transposes."""
    for name in REGULARISERS:
        problem = Problem(
            data=np.ones((1, *shape[1:])), angles_deg=[0.0], spacing_nm=1.0, depth=shape[0], regulariser=name
        )
        penalty, found = problem.penalty, 0
        back = np.empty(shape, np.float32)
        auxiliary = np.empty((penalty.auxiliary, *shape), np.float32)
        for field in unit_volumes(problem.field_shape):
            penalty.adjoint(field, back)
            found += np.count_nonzero(back)
            if penalty.auxiliary:
                penalty.auxiliary_adjoint(field, auxiliary)
                found += np.count_nonzero(auxiliary)
        assert difference_weights(shape, name) == found
        assert COMPONENTS[name] == penalty.components
        assert AUXILIARY.get(name, 0) == penalty.auxiliary


@pytest.mark.parametrize(("name", "volumes"), [("tv", 13), ("tv2", 22), ("tv_tv2", 31), ("tgv2", 43)])
def test_work_of_an_iteration_is_that_of_its_sweeps(name: str, volumes: int):
    counts = workload((6, 6, 4), np.array([-30.0, 0.0, 30.0]))
    iteration, projection = counts.iteration(name), counts.projection()
    assert iteration.bytes_moved == volumes * counts.volume_bytes + 5 * counts.series_bytes
    assert iteration.flops == 2 * projection.flops + 4 * difference_weights((6, 6, 4), name)
    assert counts.gap_evaluation(name).bytes_moved < iteration.bytes_moved


def test_time_at_the_limit_is_the_larger_of_two():
    work = Work(flops=6.0, bytes_moved=4.0, working_set=4)
    assert work.seconds_at_limit(copy_bytes_s=1.0, axpy_flop_s=2.0) == 4.0
    assert work.seconds_at_limit(copy_bytes_s=4.0, axpy_flop_s=2.0) == 3.0
    assert (3 * work).seconds_at_limit(copy_bytes_s=1.0, axpy_flop_s=2.0) == 12.0


# ---- the machine's limits


@pytest.mark.parametrize("threads", [1, 2])
def test_micro_kernels_do_the_work_that_they_are_credited_with(threads: int):
    rng = np.random.default_rng(5)
    source, target = rng.random((threads, 50), np.float32), np.zeros((threads, 50), np.float32)
    machine_limits._copy(source, target)
    np.testing.assert_array_equal(source, target)
    rows = rng.random((threads, 4, 32), np.float32)
    expected = rows.astype(np.float64)
    for _ in range(3 * 16):
        expected = 0.875 * expected + 0.875
    machine_limits._fma(rows, 3, np.float32(0.875))
    # 48 roundings of 6e-8, of which each step leaves seven eighths.
    np.testing.assert_allclose(rows, expected, rtol=1e-6)
    sources, totals = rng.random((threads, 4, 32), np.float32), np.zeros((threads, 32), np.float32)
    machine_limits._axpy(sources, totals, 3)
    once = np.einsum("tcx,c->tx", sources.astype(np.float64), [1.0, 0.5, 1.0, 0.5])
    np.testing.assert_allclose(totals, once, rtol=1e-5)


def test_amounts_count_what_is_moved_and_done():
    assert machine_limits.copy_limit(2**20, 2).amount == 2**20
    for limit in (machine_limits.fma_limit, machine_limits.axpy_limit):
        assert limit(3).amount == 3 * limit(1).amount
    assert machine_limits.copy_limit(2**20, 1).rate(0.5) == 2**21


def test_limits_are_the_best_samples_and_work_is_judged_by_its_own_copy():
    limits = two_copies()
    seconds = {"machine.copy.1048576": [4.0, 2.0], "machine.copy.2097152": [8.0, 9.0]}
    seconds |= {"machine.axpy": [0.5, 0.25], "machine.fma": [1.0, 1.0]}
    rates = bench_tasks.machine_rates(
        limits, {name: Timing(seconds=np.array(s)) for name, s in seconds.items()}
    )
    assert rates.copy_bytes_s == {2**20: 2.0**19, 2**21: 2.0**18}
    assert rates.axpy_flop_s == limits["machine.axpy"].amount / 0.25
    large = Work(flops=0.0, bytes_moved=2.0**18, working_set=2**20 + 1)
    assert rates.fraction(large, 4.0) == 0.25
    small = Work(flops=0.0, bytes_moved=2.0**18, working_set=5)
    assert rates.fraction(small, 4.0) == 0.125


def two_copies() -> dict[str, machine_limits.Limit]:
    works = [Work(flops=0.0, bytes_moved=1.0, working_set=size) for size in (5, 2**20, 2**20 + 1)]
    return bench_tasks.machine_tasks(works, 1)


# ---- clocks


def test_tasks_are_warmed_up_and_then_taken_forwards_and_backwards():
    calls: list[str] = []

    def slow(name: str):
        def task() -> None:
            calls.append(name)
            # Longer than the shortest sample, so that each sample is one call.
            clock = PausedClock()
            while clock.seconds < 5e-3:
                clock.stop()
                clock.start()

        return task

    timings = time_tasks({"a": slow("a"), "b": slow("b")}, repeats=2)
    assert "".join(calls) == "aabb" + "abba" * 2
    assert {timing.seconds.size for timing in timings.values()} == {4}
    assert all(timing.median >= timing.best >= 5e-3 for timing in timings.values())


def test_quick_tasks_are_called_several_times_per_sample():
    calls = [0]

    def quick() -> None:
        calls[0] += 1

    timing = time_tasks({"quick": quick}, repeats=1)["quick"]
    assert calls[0] > 100
    assert 0 < timing.best < 1e-3


def test_no_figure_from_a_single_shot():
    with pytest.raises(ValueError, match="at least two samples"):
        Timing(seconds=np.array([1.0]))
    with pytest.raises(ValueError, match="`repeats` must be at least 1"):
        time_tasks({}, repeats=0)


@given(
    each=st.floats(1e-6, 1.0),
    setup=st.lists(st.floats(0, 1.0), min_size=2, max_size=6),
)
def test_what_two_solves_share_falls_out_of_an_iteration(each: float, setup: list[float]):
    short, long = np.array(setup) + each, np.array(setup) + 9 * each
    median, best, note = bench_tasks.iteration_seconds(Timing(seconds=long), Timing(seconds=short))
    # The difference of numbers up to 10 in float64.
    assert median == pytest.approx(each, rel=1e-6, abs=1e-14)
    assert best == pytest.approx(each, rel=1e-6, abs=1e-14)
    assert not note


def test_a_disturbed_iteration_is_never_too_short():
    median, best, note = bench_tasks.iteration_seconds(
        Timing(seconds=np.array([9.0, 9.9])), Timing(seconds=np.array([20.0, 30.0]))
    )
    assert best == 1.0
    assert median >= best
    assert "disturbed" in note["note"]


# ---- results


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", "--threads", "1", "--only", "operations", "--only", "solves", *arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return list(bench.bench([12], tilts=5, threads=[1], repeats=1, gap=0.1, problems=["tv", "tv2"]))


def test_json_is_one_object_per_line_and_nothing_else(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    plot = tmp_path / "plot.png"
    status, out, _ = run(
        capsys,
        "--size",
        "12",
        "--tilts",
        "5",
        "--problem",
        "tv",
        "--repeats",
        "1",
        "--gap",
        "0.1",
        "--json",
        "--plot",
        str(plot),
    )
    assert status == 0
    found = [json.loads(line) for line in out.splitlines()]
    for row in found:
        assert list(row)[:6] == ["name", "n", "tilts", "threads", "ms", "roofline_fraction"]
        assert (row["n"], row["tilts"], row["threads"]) == (12, 5, 1)
    names = {row["name"] for row in found}
    assert names >= {f"machine.{limit}" for limit in ("copy", "axpy", "fma")}
    assert names >= {"projector.forward", "projector.adjoint"}
    wanted = ("iteration", "gap", "lambda_max", "to_gap", "memory")
    assert names >= {f"solver.tv.{what}" for what in wanted}
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_every_figure_obeys_its_law(rows: list[dict]):
    copies = {row["working_set_mib"]: row["gb_s"] for row in rows if row["name"] == "machine.copy"}
    (axpy,) = (row["gflop_s"] for row in rows if row["name"] == "machine.axpy")
    timed = [row for row in rows if row["ms"] is not None]
    assert all(row["ms"] >= row["min_ms"] > 0 for row in timed)
    judged = [row for row in timed if not row["name"].startswith("machine.")]
    assert len(judged) == 10
    for row in judged:
        assert 0 < row["roofline_fraction"] <= 1.5
        if "flops" in row:
            # All arrays of 12³ fit into the smallest copy, 1 MiB.
            limit_ms = 1e-6 * max(row["bytes"] / copies[1], row["flops"] / axpy)
            # Four printed digits on each of them.
            assert row["roofline_fraction"] * row["ms"] == pytest.approx(limit_ms, rel=3e-3)


def test_memory_holds_at_least_the_iterates(rows: list[dict]):
    volumes = {row["name"]: row["volumes"] for row in rows if row["name"].endswith(".memory")}
    # A volume, its extrapolation, a back projection, steps and the field; TV² has three components more,
    # and spectral steps where they help.
    assert volumes["solver.tv.memory"] > 7
    assert volumes["solver.tv2.memory"] > volumes["solver.tv.memory"] + 2.5


@given(power=st.floats(0.5, 4), factor=st.floats(1e-6, 1e3))
def test_fits_find_the_power_and_leave_single_sizes_out(power: float, factor: float):
    same = {"tilts": 7, "threads": 1}
    timed = [same | {"name": "solver.tv.gap", "n": n, "ms": factor * n**power} for n in (16, 32, 48)]
    others = [
        same | {"name": "machine.axpy", "n": 16, "ms": 1.0},
        same | {"name": "machine.axpy", "n": 32, "ms": 1.0},
        same | {"name": "solver.tv2.gap", "n": 16, "ms": 1.0},
        same | {"name": "solver.tv.memory", "n": 16, "ms": None},
    ]
    (fit,) = cost_fits([*others, *timed])
    assert fit["name"] == "fit.solver.tv.gap"
    # Printed to four digits.
    assert fit["exponent"] == pytest.approx(power, rel=1e-3)
    assert fit["ns_per_voxel_tilt"] == pytest.approx(1e6 * factor * 48**power / (48**3 * 7), rel=1e-3)


@given(powers=st.tuples(st.floats(0.5, 4), st.floats(0.1, 2)))
def test_fits_tell_voxels_and_tilts_apart(powers: tuple[float, float]):
    p, q = powers
    timed = [
        {"name": "projector.forward", "n": n, "tilts": tilts, "threads": 1, "ms": 1e-4 * n**p * tilts**q}
        for n, tilts in ((16, 5), (32, 5), (32, 20))
    ]
    (fit,) = cost_fits(timed)
    assert (fit["exponent"], fit["tilt_exponent"]) == (pytest.approx(p, rel=1e-3), pytest.approx(q, rel=1e-3))
    assert fit["tilts"] is None
    # Two problems that differ in both say nothing about either.
    assert not list(cost_fits(timed[:1] + timed[2:]))


def test_parts_and_problems_can_be_chosen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench_tasks, "has_spectral_steps", lambda _: True)
    rows = list(
        bench.bench([8], tilts=[3, 5], threads=[1], repeats=1, parts=["operations"], problems=["tv2"])
    )
    names = {row["name"] for row in rows if row["name"].startswith("solver.")}
    wanted = ("iteration", "spectral_iteration", "gap", "lambda_max", "memory")
    assert names == {f"solver.tv2.{what}" for what in wanted}
    assert {row["tilts"] for row in rows if row["name"] == "projector.forward"} == {3, 5}
    assert any("tilt_exponent" in row for row in rows)
    for wrong, message in (
        ({"parts": ["solve"]}, "`parts` must be of operations, solves, plain, study, compile; got 'solve'"),
        ({"problems": ["tv3"]}, "`problems` must be of tv, tv2.*; got 'tv3'"),
    ):
        with pytest.raises(ValueError, match=message):
            next(bench.bench([8], **wrong))


def test_large_sizes_are_timed_without_a_solve_to_a_gap(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench, "_LARGEST_SOLVE", 8)
    rows = {row["name"]: row for row in bench.bench([10], tilts=3, threads=[1], repeats=1)}
    assert "left out above 8³" in rows["solver.tv.to_gap"]["declined"]
    assert rows["solver.tv.iteration"]["ms"] > 0
    assert not any("tv2" in name for name in rows)


def test_every_part_has_its_rows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench, "two_elements_rows", lambda *_: iter([{"name": "study"}]))
    monkeypatch.setattr(bench, "compile_rows", lambda *_: iter([{"name": "compile"}]))
    monkeypatch.setattr(bench, "plain_rows", lambda *_: iter([{"name": "plain"}]))
    rows = bench.bench([8], tilts=3, threads=[1], parts=["plain", "study", "compile"])
    assert [row["name"] for row in rows] == ["plain", "study", "compile"]


def test_the_study_case_reconstructs_both_elements_on_one_thread(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench_solves, "_STUDY_SIZE", 32)
    rows = list(bench_solves.two_elements_rows(Setting(size=8, gap=0.2), Stage()))
    names = ["study.two_elements.found_lambda", "study.two_elements.given_lambda"]
    assert [row["name"] for row in rows] == names
    for row in rows:
        assert (row["n"], row["tilts"], row["threads"], row["status"]) == (32, 15, 1, "converged")
        assert 0 < row["min_ms"] <= row["ms"]
    assert bench_solves.all_converged(rows)


# ---- memory


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("tilts", [3, 31])
def test_memory_is_estimated_from_above_but_not_far(name: str, tilts: int, monkeypatch: pytest.MonkeyPatch):
    # What happens before the solves.
    for stage in ("_LAMBDA_MAX_VOLUMES", "_PHANTOM_VOLUMES"):
        monkeypatch.setattr(bench_memory, stage, 0)
    size = 16
    problem = bench_data(size, tilts, VARIANTS[name].elements).problem(name)
    # Compiled first: what the compiler holds is no array of a solve.
    bench_memory.volumes_held(problem)
    held = bench_memory.volumes_held(problem) * 4 * np.prod(problem.shape)
    needed = bench_memory.needed_bytes(size, tilts, [name]) - bench_memory._BASE
    # Beside the solve there are the iterates that other tasks hold, and the projector's weights.
    assert held < needed < 3 * held


def test_more_of_anything_needs_more_memory():
    one = bench_memory.needed_bytes(300, 15, ["tv"])
    assert bench_memory.needed_bytes(301, 15, ["tv"]) > one
    assert bench_memory.needed_bytes(300, 16, ["tv"]) > one
    assert bench_memory.needed_bytes(300, 15, ["tv", "tv2"]) > one
    # 512 voxels and 71 tilts fit in 20 GB.
    assert bench_memory.needed_bytes(512, 71, ["tv"]) < 20e9


def test_what_does_not_fit_is_refused_in_a_line(capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench_memory, "available_bytes", lambda: 1e9)
    monkeypatch.setattr(bench, "bench_data", None)
    status, _, err = run(capsys, "--size", "512", "--tilts", "71")
    assert status == 2
    (line,) = [line for line in err.splitlines() if line.strip()]
    assert line.startswith("glasstomo: error: 512³ voxels with 71 tilts (tv) need about ")
    monkeypatch.setattr(bench_memory, "available_bytes", lambda: None)
    assert bench_memory.check_memory([512], [71], ["tv"]) > 1e9


def test_the_peak_of_memory_is_that_of_what_ran_last():
    bench_memory.rewind_peak()
    before = bench_memory.peak_rss_mb()
    large = np.ones(50_000_000, np.uint8)
    assert bench_memory.peak_rss_mb() > before + 40
    del large
    bench_memory.rewind_peak()
    if Path("/proc/self/clear_refs").exists():
        assert bench_memory.peak_rss_mb() < before + 40


def test_an_interrupted_run_shows_what_it_has(capsys, monkeypatch: pytest.MonkeyPatch):
    def interrupted(setting, *_):
        yield setting.row("projector.forward", 1.0, 0.5)
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "_bench_one", interrupted)
    status, out, _ = run(capsys, "--size", "8")
    assert status == 130
    assert "projector.forward" in out


def test_a_solve_short_of_its_gap_is_a_check_that_did_not_hold(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bench_solves, "MOST_ITERATIONS", 2)
    status, out, _ = run(capsys, "--size", "8", "--tilts", "3", "--repeats", "1", "--problem", "tv")
    assert status == 1
    assert "iteration_limit" in out
    assert "GFLOP/s" in out


@pytest.mark.parametrize(
    "arguments",
    [["--threads", "99999"], ["--size", "4"], ["--plot", "plot.txt"], ["--plot", "missing/plot.png"]],
)
def test_bad_input_is_refused_before_anything_runs(capsys, monkeypatch, arguments: list[str]):
    monkeypatch.setattr(bench, "bench_data", None)
    status, _, err = run(capsys, *arguments)
    assert status == 2
    (line,) = [line for line in err.splitlines() if line.strip()]
    assert line.startswith("glasstomo: error: ")


def test_the_suite_problem_is_the_same_every_time():
    one, other = bench_data(12, 5), bench_data(12, 5, ("Co", "Zn"))
    np.testing.assert_array_equal(one.counts["Co"], other.counts["Co"])
    assert one.counts["Co"].max() > 0
    assert not np.array_equal(other.counts["Zn"], other.counts["Co"])


@pytest.mark.parametrize("name", VARIANTS)
def test_problems_of_the_table_are_what_they_say(name: str):
    variant = VARIANTS[name]
    problem = bench_data(12, 5, variant.elements).problem(name)
    assert (problem.regulariser, problem.data_term) == (variant.regulariser, variant.data_term)
    assert (problem.channels or 1) == len(variant.elements)
    assert problem.lam > 0
    # Counts per unit of the data, or inverse variances of no more than one count: about as many.
    assert problem.misfit(np.zeros_like(problem.data)) > problem.data.size


# ---- figure


def test_figure_draws_each_curve_once_in_its_panel(rows: list[dict]):
    extra = {"name": "peer.scipy.tv.to_gap", "n": 12, "tilts": 5, "threads": 1, "curve": [[1, 0.5], [2, 0.0]]}
    figure = figure_bench([*rows, extra], gap=0.1)
    first, second = (ax for ax in figure.axes if ax.axison)
    assert [ax.get_title().split(",")[0] for ax in (first, second)] == ["TV", "TV²"]
    labels = [line.get_label() for line in first.lines if not line.get_label().startswith("_")]
    assert labels == ["glasstomo, its own certificate", "scipy + numpy"]
    # A gap of zero has no place on a logarithmic axis.
    assert list(first.lines[1].get_xdata()) == [1]
    assert png_bytes(figure).startswith(b"\x89PNG")


def test_a_figure_needs_a_curve():
    with pytest.raises(ValueError, match="at least one solve"):
        figure_bench([{"name": "projector.forward"}])
