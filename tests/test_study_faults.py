"""Never lose work: studies whose processes are killed, interrupted, starved of disk, and resumed.

Clients, workers and schedulers are real processes, the signals are real, and so is the full disk. After
every fault the study is resumed, and its table must equal that of a run that nobody disturbed.
"""

import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from glasstomo.benchmarks.study.columns import TIMING_COLUMNS
from glasstomo.benchmarks.study.store import ResultStore, read_table

HERE = Path(__file__).parent
CELLS = 36
# Fails and says so, instead of hanging, when a fault test is broken.
PATIENCE_S = 300.0


class Client:
    """A client process with the log of its trials."""

    def __init__(self, folder: Path, out: Path, *options: str, nap: float = 0.0, **changes) -> None:
        self.out, self.log = out, folder / "trials.log"
        environment = {
            **os.environ,
            "PYTHONPATH": str(HERE),
            "CHEAP_NAP": str(nap),
            "CHEAP_LOG": str(self.log),
            "OMP_NUM_THREADS": "1",
            "NUMBA_NUM_THREADS": "1",
            **changes.pop("env", {}),
        }
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "cheap_trial.py"), str(out), *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **changes,
        )

    def end(self) -> tuple[int, str]:
        """Exit status and what it said on standard error."""
        _, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, err

    def landed(self) -> set[str]:
        """Keys of the cells that have a row now."""
        try:
            return set(ResultStore(self.out).finished())
        except ValueError:
            return set()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait while the client runs."""
        until(lambda: condition() or self.process.poll() is not None)
        assert condition(), self.end()

    def workers(self) -> set[int]:
        """Processes that have begun a trial."""
        return (
            {int(line.split()[0]) for line in self.log.read_text().splitlines()}
            if self.log.exists()
            else set()
        )

    def begun(self) -> Counter[str]:
        """How often every trial has begun."""
        return Counter(line.split(maxsplit=1)[1] for line in self.log.read_text().splitlines())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def table(out: Path) -> pd.DataFrame:
    """What must not depend on faults, workers or machines."""
    return read_table(out).drop(columns=list(TIMING_COLUMNS))


@pytest.fixture(scope="module", autouse=True)
def _import_path() -> Iterator[None]:
    sys.path.insert(0, str(HERE))
    yield
    sys.path.remove(str(HERE))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> pd.DataFrame:
    """The table of a plain loop in one process, without any mischief."""
    import cheap_trial
    from glasstomo.benchmarks.study.run_study import run_study

    out = tmp_path_factory.mktemp("undisturbed")
    summary = run_study(cheap_trial.study(), out, workers=0, trial=cheap_trial.trial)
    assert summary.ok
    assert summary.cells == summary.computed == CELLS
    return table(out)


def same(out: Path, undisturbed: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(table(out), undisturbed, check_exact=True)
    assert (out / "results.parquet").exists()
    pd.testing.assert_frame_equal(pd.read_parquet(out / "results.parquet"), read_table(out))
    assert [path for path in out.rglob(".*-*")] == []


@pytest.mark.parametrize("workers", [1, 2])
def test_number_of_workers_does_not_matter(tmp_path, undisturbed, workers):
    client = Client(tmp_path, tmp_path / "out", "--workers", str(workers))
    status, err = client.end()
    assert status == 0, err
    same(tmp_path / "out", undisturbed)
    assert set(client.begun().values()) == {1}
    assert len(client.workers()) == workers


def test_killed_worker(tmp_path, undisturbed):
    """Its cell runs again elsewhere; nothing else does, and nothing is lost."""
    client = Client(tmp_path, tmp_path / "out", "--workers", "2", nap=0.15)
    client.wait_for(lambda: len(client.landed()) >= 4)
    os.kill(min(client.workers()), signal.SIGKILL)
    status, err = client.end()
    assert status == 0, err
    same(tmp_path / "out", undisturbed)
    begun = client.begun()
    assert len(begun) == CELLS
    assert sum(begun.values()) <= CELLS + 2
    assert len(client.workers()) == 3


def test_killed_client(tmp_path, undisturbed):
    """Its workers end with it, its lock too; what had landed is not run again."""
    client = Client(tmp_path, tmp_path / "out", "--workers", "2", nap=0.15)
    client.wait_for(lambda: len(client.landed()) >= 6)
    client.process.kill()
    client.end()
    until(lambda: not any(alive(pid) for pid in client.workers()))
    landed = len(client.landed())
    assert 6 <= landed < CELLS
    before = sum(client.begun().values())
    resumed = Client(tmp_path, tmp_path / "out", "--workers", "1")
    status, err = resumed.end()
    assert status == 0, err
    same(tmp_path / "out", undisturbed)
    assert sum(resumed.begun().values()) - before == CELLS - landed


@pytest.mark.slow
def test_client_killed_again_and_again(tmp_path, undisturbed):
    """Whatever instant it dies at, among them those at which files are written and put together."""
    begun = landed = 0
    for attempt in range(12):
        client = Client(tmp_path, tmp_path / "out", "--workers", str(attempt % 3), nap=0.05)
        time.sleep(2.5 + 0.137 * attempt)
        client.process.kill()
        client.end()
        now = len(client.landed())
        assert now >= landed
        landed = now
        if landed == CELLS:
            break
    client = Client(tmp_path, tmp_path / "out", "--workers", "2")
    status, err = client.end()
    assert status == 0, err
    same(tmp_path / "out", undisturbed)
    begun = sum(client.begun().values())
    # Every death costs at most what two workers had under way or on the way back.
    assert begun <= CELLS + 4 * (attempt + 1)


@pytest.mark.parametrize(
    ("workers", "number", "exit_status"),
    [
        (2, signal.SIGINT, 130),
        (0, signal.SIGINT, 130),
        pytest.param(2, signal.SIGTERM, 143, marks=pytest.mark.slow),
        # A plain loop does not look after signals: what has landed has landed.
        pytest.param(0, signal.SIGTERM, -signal.SIGTERM, marks=pytest.mark.slow),
    ],
)
def test_interrupted_run_lands_what_has_ended(tmp_path, undisturbed, workers, number, exit_status):
    client = Client(tmp_path, tmp_path / "out", "--workers", str(workers), nap=0.2)
    client.wait_for(lambda: len(client.landed()) >= 4)
    # As a terminal does it: to the whole group of processes, workers included.
    os.killpg(client.process.pid, number)
    asked = time.monotonic()
    status, err = client.end()
    assert status == exit_status, err
    # Far below what the cells under way and those that wait would take on a busy machine.
    assert time.monotonic() - asked < 60
    assert "Traceback" not in err
    if status > 0:
        assert "glasstomo study resume" in err
    until(lambda: not any(alive(pid) for pid in client.workers()))
    landed, before = len(client.landed()), sum(client.begun().values())
    assert 4 <= landed < CELLS
    resumed = Client(tmp_path, tmp_path / "out", "--workers", "1")
    assert resumed.end()[0] == 0
    same(tmp_path / "out", undisturbed)
    assert sum(resumed.begun().values()) - before == CELLS - landed


def test_second_client_is_refused(tmp_path, undisturbed):
    first = Client(tmp_path, tmp_path / "out", "--workers", "0", nap=0.1)
    first.wait_for(lambda: len(first.landed()) >= 1)
    second = Client(tmp_path, tmp_path / "out", "--workers", "0")
    status, err = second.end()
    assert status == 2
    assert f"in use by process {first.process.pid}" in err
    assert first.end()[0] == 0
    same(tmp_path / "out", undisturbed)


def limit_files() -> None:
    """No file may grow beyond a few rows: writes fail as on a full disk, with another number."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, resource.RLIM_INFINITY))


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_limit_on_the_size_of_files(tmp_path, undisturbed, workers):
    (tmp_path / "out").mkdir()
    client = Client(tmp_path, tmp_path / "out", "--workers", str(workers), preexec_fn=limit_files)
    status, err = client.end()
    assert status == 1, err
    assert "cannot be written" in err
    assert "make room there, then resume" in err
    assert "Traceback" not in err
    resumed = Client(tmp_path, tmp_path / "out", "--workers", str(workers))
    status, err = resumed.end()
    assert status == 0, err
    same(tmp_path / "out", undisturbed)


@pytest.fixture
def tiny_disk(tmp_path) -> Iterator[Path]:
    """A disk that takes some rows and not all; it can be made larger."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk(tiny_disk, tmp_path, undisturbed):
    out = tiny_disk / "out"
    client = Client(tmp_path, out, "--workers", "1", nap=0.05)
    status, err = client.end()
    assert status == 1, err
    assert "No space left on device" in err
    assert f"glasstomo study resume {out}" in err
    assert "Traceback" not in err
    landed, before = len(client.landed()), sum(client.begun().values())
    assert 3 <= landed < CELLS
    again = Client(tmp_path, out, "--workers", "1")
    status, err = again.end()
    assert status == 1, err
    assert len(client.landed()) >= landed
    landed, before = len(client.landed()), sum(client.begun().values())
    subprocess.run(["mount", "-o", "remount,size=16m", str(tiny_disk)], check=True)
    resumed = Client(tmp_path, out, "--workers", "1")
    status, err = resumed.end()
    assert status == 0, err
    same(out, undisturbed)
    assert sum(resumed.begun().values()) - before == CELLS - landed


def test_cells_that_fail_are_rows_with_their_reason(tmp_path, undisturbed):
    """One raises, one kills its worker whenever it runs, one calls sys.exit; the others do not notice."""
    tables = {}
    for workers in (1, 2):
        out = tmp_path / f"out{workers}"
        client = Client(tmp_path, out, "--workers", str(workers), env={"CHEAP_MISCHIEF": "kill"})
        status, err = client.end()
        assert status == 1, err
        assert "Traceback" not in err
        tables[workers] = table(out)
    pd.testing.assert_frame_equal(tables[1], tables[2], check_exact=True)
    failed = tables[1][tables[1]["status"] == "failed"]
    assert len(failed) == 3 * 2
    reasons = {replicate: set(group["reason"]) for replicate, group in failed.groupby("replicate")}
    assert all(len(said) == 1 for said in reasons.values())
    assert "KeyError: 'zinc' (in mischief, line" in reasons[0].pop()
    assert "worker died every time" in reasons[1].pop()
    assert "SystemExit: a plug-in that thinks it is a program" in reasons[2].pop()
    assert set(failed["tilts_count"]) == {5}
    assert failed["zn_fraction_2sigma"].isna().all()
    assert (failed["design_key"].str.len() == 16).all()
    good = tables[1]["status"] == "done"
    # Whole numbers of which some are missing are floats in a data frame.
    pd.testing.assert_frame_equal(
        tables[1][good].drop(columns="reason"),
        undisturbed[good].drop(columns="reason"),
        check_exact=True,
        check_dtype=False,
    )
    # Resuming leaves failed cells alone unless asked.
    out = tmp_path / "out2"
    before = sum(client.begun().values())
    assert Client(tmp_path, out, "--workers", "0").end()[0] == 1
    assert sum(client.begun().values()) == before
    assert Client(tmp_path, out, "--workers", "0", "--retry-failed").end()[0] == 0
    assert sum(client.begun().values()) - before == 6
    same(out, undisturbed)
