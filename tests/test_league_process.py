"""Solvers in processes of their own: whatever they do is a result, and they see nothing but the data."""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from glasstomo.benchmarks.league.league_data import LeagueData
from glasstomo.benchmarks.league.process_watch import MARK, end_session, session_usage
from glasstomo.benchmarks.league.solver_process import Limits, SolverRun, run_solver
from glasstomo.benchmarks.league.solver_task import SolverTask, toy_data

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, as Linux has it")

MODULE = """
import ctypes, json, os, subprocess, sys, time
import numpy as np

def warming(data): return data.counts.shape[-1] == 16
def ones(data): return np.ones(data.shape, np.float32)
def twos_from_problem(problem): return np.full(problem.shape, 2.0, np.float32)

class Callable:
    def __call__(self, data): return np.ones(data.shape)
instance = Callable()

def crash(data): os.abort()
def leave(data): os._exit(0)
def interrupt(data): raise KeyboardInterrupt
def leave_politely(data): sys.exit(3)
def fail(data): raise RuntimeError("no\\nidea \\x1b[2J" + "x" * 5000)
def decline(data): raise NotImplementedError("no such data")
def nan(data):
    volume = np.ones(data.shape); volume[0, 1, 2, 3] = np.nan; return volume
def overflow(data): return np.full(data.shape, 1e300)
def flat(data): return np.ones(data.shape[1:])
def nothing(data): return None
def words(data): return "volume"
def imaginary(data): return 1j * np.ones(data.shape)
def vast(data): return ones(data) if warming(data) else np.ones(10**13)
def hungry(data):
    kept = []
    while not warming(data): kept.append(np.ones(5_000_000))
    return ones(data)
def sleep(data):
    if not warming(data): time.sleep(600)
    return ones(data)
def spin(data):
    while not warming(data): pass
    return ones(data)
def spin_in_child(data):
    if not warming(data): subprocess.run([sys.executable, "-c", "while True: pass"])
    return ones(data)
def sleep_in_warm_up(data): time.sleep(600)
def fail_in_warm_up(data):
    if warming(data): raise ValueError("too small")
    return ones(data)
def shout(data):
    for _ in range(300): sys.stdout.write("\\x1b[31m\\x00" * 3000)
    sys.stderr.buffer.write(os.urandom(200_000))
    print("the end")
    return ones(data)
def leave_children(data):
    if warming(data): return ones(data)
    folder = os.path.dirname(os.getcwd())
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", folder], start_new_session=True)
    if os.fork() == 0: time.sleep(600)
    print(folder)
    return ones(data)
def forge(data, words, volume):
    if warming(data): return ones(data)
    folder = os.path.dirname(os.getcwd())
    with open(os.path.join(folder, "answer.json"), "w") as file: file.write(words)
    volume(os.path.join(folder, "answer.npy"))
    os._exit(0)
def pipe(data): return forge(data, "{}", os.mkfifo)
def link(data): return forge(data, "{}", lambda path: os.symlink("/dev/zero", path))
def no_words(data): return forge(data, "[1, 2", lambda path: np.save(path, ones(data)))
def save_zipped(path):
    np.savez(path + ".npz", np.ones(3))
    os.rename(path + ".npz", path)
def zipped(data): return forge(data, "{}", save_zipped)
def pickled(data): return forge(data, "{}", lambda path: np.save(path, np.array([object] * 3)))
def lies(data):
    words = {"status": {"a": 1}, "iterations": 1e99, "lam": "x", "more": [0]}
    return forge(data, json.dumps(words), lambda path: np.save(path, ones(data)))
def spy(data):
    if warming(data): return ones(data)
    above = os.path.dirname(os.getcwd())
    print(json.dumps({
        "environment": dict(os.environ), "arguments": sys.argv, "work": os.listdir("."),
        "above": sorted(os.listdir(above)), "input": sys.stdin.read(),
        "task": json.load(open(os.path.join(above, "task.json"))), "data": sorted(vars(data)),
        "modules": [name for name in sys.modules if "truth" in name or "judge" in name],
    }))
    return ones(data)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("solvers")
    (found / "strange_solvers.py").write_text(textwrap.dedent(MODULE), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def data() -> LeagueData:
    return LeagueData(
        counts=np.random.default_rng(1).poisson(9.0, (2, 3, 12, 10)).astype(np.int32),
        angles_deg=np.array([-40.0, 0.0, 40.0]),
        spacing_nm=20.0,
        channels=("Co_Ka", "Zn_Ka"),
        signal="EDS_TEM",
        electrons_per_pixel=1e9,
        cross_section_barn={"Co_Ka": 3.4, "Zn_Ka": 2.7},
        seconds=30.0,
    )


def solve(name: str, data: LeagueData, folder: Path, **limits: float) -> SolverRun:
    return run_solver(f"strange_solvers:{name}", data, limits=Limits(**limits), search_path=str(folder))


@pytest.mark.parametrize("name", ["ones", "instance", "fail_in_warm_up"])
def test_an_answer_comes_back(name: str, data: LeagueData, folder: Path):
    run = solve(name, data, folder)
    assert (run.status, run.reason) == ("done", None)
    assert run.volume is not None
    assert run.volume.dtype == np.float32
    np.testing.assert_array_equal(run.volume, np.ones(data.shape))
    assert run.seconds is not None
    assert run.warm_up_seconds is not None


def test_a_solver_of_problems_is_called_for_each_channel(data: LeagueData, folder: Path):
    run = solve("twos_from_problem", data, folder)
    assert run.status == "done", run.reason
    assert run.volume is not None
    np.testing.assert_array_equal(run.volume, np.full(data.shape, 2.0))


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("crash", "crashed", "signal 6"),
        ("leave", "crashed", "exit status 0"),
        ("interrupt", "crashed", "KeyboardInterrupt"),
        ("leave_politely", "failed", "SystemExit: 3"),
        ("fail", "failed", "RuntimeError: no idea \\x1b[2Jxxx"),
        ("decline", "declined", "no such data"),
        ("nan", "bad_answer", "1 of 2880 voxels are not finite"),
        ("overflow", "bad_answer", "2880 of 2880 voxels"),
        ("flat", "failed", "shape (2, 12, 12, 10), got (12, 12, 10)"),
        ("nothing", "failed", "real numbers"),
        ("words", "failed", "real numbers"),
        ("imaginary", "failed", "real numbers"),
        ("vast", "memory", "no memory within 4 GB"),
        ("absent", "failed", "nothing of that name"),
    ],
)
def test_whatever_goes_wrong_is_told_in_one_line(
    name: str, status: str, words: str, data: LeagueData, folder: Path
):
    run = solve(name, data, folder)
    assert run.status == status, run
    assert run.volume is None
    assert run.reason is not None
    assert words in run.reason
    assert run.reason.isprintable()
    assert len(run.reason) <= 300


@LINUX
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("pipe", "bad_answer"),
        ("link", "bad_answer"),
        ("zipped", "bad_answer"),
        ("pickled", "bad_answer"),
        ("no_words", "crashed"),
    ],
)
def test_forged_files_are_no_answers(name: str, status: str, data: LeagueData, folder: Path):
    run = solve(name, data, folder)
    assert run.status == status, run
    assert run.volume is None


def test_words_of_other_kinds_are_left_out(data: LeagueData, folder: Path):
    run = solve("lies", data, folder)
    assert (run.status, run.words) == ("done", {})


def test_a_module_that_is_not_there(data: LeagueData):
    run = run_solver("no_such_module_anywhere:solve", data)
    assert run.status == "failed"
    assert "no_such_module_anywhere" in str(run.reason)


@pytest.mark.parametrize("name", ["sleep", "sleep_in_warm_up"])
def test_a_solver_that_hangs_is_ended(name: str, data: LeagueData, folder: Path):
    run = solve(name, data, folder, wall_seconds=0.3, warm_up_seconds=3.0)
    assert run.status == "time"
    assert ("warming up" if name == "sleep_in_warm_up" else "solving") in str(run.reason)


@LINUX
@pytest.mark.parametrize("name", ["spin", "spin_in_child"])
def test_core_seconds_count_over_all_processes(name: str, data: LeagueData, folder: Path):
    run = solve(name, data, folder, core_seconds=0.2, wall_seconds=120.0)
    assert run.status == "time"
    assert run.reason == "took more than 0.2 core seconds"
    assert run.core_seconds is not None
    assert run.core_seconds > 0.2


@LINUX
def test_memory_is_bounded(data: LeagueData, folder: Path):
    run = solve("hungry", data, folder, memory_gb=0.3, wall_seconds=120.0)
    assert (run.status, run.reason) == ("memory", "took more than 0.3 GB of memory")
    assert run.peak_mb is not None
    assert 200 < run.peak_mb < 3000


def test_what_it_prints_is_kept_to_its_end(data: LeagueData, folder: Path):
    run = solve("shout", data, folder)
    assert run.status == "done"
    assert len(run.output) <= 2000


@LINUX
def test_nothing_that_it_starts_outlives_it(data: LeagueData, folder: Path):
    run = solve("leave_children", data, folder)
    assert run.status == "done"
    name, deadline = run.output.strip(), time.monotonic() + 10
    assert "solve-" in name
    while alive_with(name) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive_with(name)


def alive_with(argument: str) -> list[str]:
    """Processes that were started with this argument and have not ended."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if state != "Z" and argument.encode() in words:
            found.append(process.name)
    return found


def test_it_sees_the_data_and_nothing_else(data: LeagueData, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GLASSTOMO_LEAGUE_SEED", "987654321")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    run = solve("spy", data, folder)
    assert run.status == "done", run
    seen = json.loads(run.output)
    assert "987654321" not in run.output
    assert set(seen["environment"]) <= {
        *(
            "PATH",
            "LD_LIBRARY_PATH",
            "SYSTEMROOT",
            "VIRTUAL_ENV",
            "NUMBA_CACHE_DIR",
            "HOME",
            "TMPDIR",
            "LANG",
        ),
        *("PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "OMP_WAIT_POLICY", "MPLBACKEND", "LC_CTYPE", MARK),
        *(f"{name}_NUM_THREADS" for name in ("NUMBA", "OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR")),
        "VECLIB_MAXIMUM_NUM_THREADS",
    }
    assert all(value == "1" for name, value in seen["environment"].items() if name.endswith("_NUM_THREADS"))
    assert seen["above"] == ["data.npz", "task.json", "toy.npz", "work"]
    assert (seen["work"], seen["input"], seen["modules"]) == ([], "", [])
    assert set(seen["task"]) == {"entry", "options", "search_path", "memory_bytes"}
    assert set(seen["data"]) == {
        *("counts", "angles_deg", "spacing_nm", "channels", "signal", "electrons_per_pixel"),
        *("gains", "exposure", "cross_section_barn", "seconds"),
    }


def test_the_data_come_after_the_warm_up(data: LeagueData, folder: Path, tmp_path: Path):
    """The folder of a process that never becomes ready holds no data."""
    (tmp_path / "early.py").write_text(
        "import os\ndef solve(data):\n"
        "    if data.counts.shape[-1] == 16: print(sorted(os.listdir('..')), flush=True)\n"
        "    return data.counts[:, 0, :, None] * 0.0\n",
        encoding="utf-8",
    )
    run = run_solver("early:solve", data, search_path=str(tmp_path))
    assert "['task.json', 'toy.npz', 'work']" in run.output


def test_the_toy_holds_nothing_of_the_data(data: LeagueData):
    toy = toy_data(data)
    assert toy.shape == (2, 16, 16, 16)
    assert (toy.channels, toy.signal) == (data.channels, data.signal)
    other = LeagueData(**{**vars(data), "counts": data.counts * 7 + 1, "angles_deg": data.angles_deg * 0.5})
    np.testing.assert_array_equal(toy_data(other).counts, toy.counts)
    np.testing.assert_array_equal(toy_data(other).angles_deg, toy.angles_deg)


def test_a_task_survives_its_file(tmp_path: Path):
    task = SolverTask(entry="my:solve", options={"steps": 3}, search_path="/somewhere", memory_bytes=10**9)
    task.save(tmp_path)
    assert SolverTask.load(tmp_path) == task


@LINUX
def test_usage_counts_children_and_the_end_ends_them():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    environment = {**os.environ, MARK: "test-of-usage"}
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, env=environment)
    try:
        usage, deadline = session_usage(process.pid), time.monotonic() + 60
        while (usage is None or usage.core_seconds < 0.3) and time.monotonic() < deadline:
            time.sleep(0.02)
            usage = session_usage(process.pid)
        assert usage is not None
        assert usage.core_seconds >= 0.3
        assert usage.resident_bytes > 1e6
    finally:
        end_session(process.pid, "test-of-usage")
        process.wait()
    assert session_usage(process.pid) is not None
    assert session_usage(process.pid).resident_bytes == 0  # pyright: ignore[reportOptionalMemberAccess]
