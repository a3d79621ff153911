"""Studies on a cluster: scheduler and workers as processes of their own, joined by TCP."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from glasstomo.benchmarks.study.columns import TIMING_COLUMNS
from glasstomo.benchmarks.study.store import ResultStore, read_table
from glasstomo.benchmarks.study.versions import difference, versions
from glasstomo.benchmarks.study.workers import WorkersLostError, open_workers

HERE = Path(__file__).parent
CELLS = 36
PATIENCE_S = 300.0
# Of a client that looks for its scheduler; more than a scheduler takes to start.
CONNECT = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "60s"}
IMPATIENT = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "15s"}


def environment(more: dict[str, str]) -> dict[str, str]:
    path = os.pathsep.join([str(HERE), more.pop("PYTHONPATH", "")])
    return {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONPATH": path, **more}


@contextlib.contextmanager
def running(*command: str, **more: str) -> Iterator[subprocess.Popen]:
    """A group of processes that is killed at the end."""
    process = subprocess.Popen(
        command,
        env=environment(more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def scheduler(address: str, *prefix: str):
    _, host, port = address.replace("/", "").split(":")
    program = [*prefix, sys.executable, "-m", "distributed.cli.dask_scheduler"]
    return running(*program, "--host", host, "--port", port, "--no-dashboard")


def worker(address: str, *prefix: str, threads: int = 1, **more: str):
    program = [*prefix, sys.executable, "-m", "distributed.cli.dask_worker", address]
    return running(*program, "--nthreads", str(threads), "--no-dashboard", "--death-timeout", "120", **more)


@contextlib.contextmanager
def client(out: Path, address: str, *prefix: str, **more: str) -> Iterator[subprocess.Popen]:
    program = [*prefix, sys.executable, str(HERE / "cheap_trial.py"), str(out), "--scheduler", address]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(program, env=environment({**CONNECT, **more}), **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def free_address(host: str = "127.0.0.1") -> str:
    with socket.socket() as found:
        found.bind((host, 0))
        return f"tcp://{host}:{found.getsockname()[1]}"


def wait_for_rows(process: subprocess.Popen, out: Path, rows: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(ValueError):
            if len(ResultStore(out).finished()) >= rows:
                return
        time.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate())


def end(process: subprocess.Popen) -> tuple[int, str]:
    _, err = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in err, err
    return process.returncode, err


def table(out: Path) -> pd.DataFrame:
    return read_table(out).drop(columns=list(TIMING_COLUMNS))


@pytest.fixture(scope="module", autouse=True)
def _import_path() -> Iterator[None]:
    sys.path.insert(0, str(HERE))
    yield
    sys.path.remove(str(HERE))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> pd.DataFrame:
    import cheap_trial
    from glasstomo.benchmarks.study.run_study import run_study

    out = tmp_path_factory.mktemp("undisturbed")
    assert run_study(cheap_trial.study(), out, workers=0, trial=cheap_trial.trial).ok
    return table(out)


def test_killed_scheduler_then_resumed_on_another(tmp_path, undisturbed):
    """The client says so and ends; on another scheduler it runs what is left, and nothing twice."""
    out, log = tmp_path / "out", tmp_path / "trials.log"
    trials = {"CHEAP_LOG": str(log), "CHEAP_NAP": "0.1"}
    address = free_address()
    with (
        scheduler(address) as first,
        client(out, address, **IMPATIENT) as process,
        worker(address, **trials),
        worker(address, **trials),
    ):
        wait_for_rows(process, out, 5)
        first.kill()
        status, err = end(process)
    assert status == 1, err
    assert f"the scheduler at {address} does not answer any more" in err
    assert f"glasstomo study resume {out}" in err
    landed, begun = len(ResultStore(out).finished()), len(log.read_text().splitlines())
    assert 5 <= landed < CELLS
    address = free_address()
    with scheduler(address), client(out, address) as process, worker(address, **trials):
        status, err = end(process)
    assert status == 0, err
    pd.testing.assert_frame_equal(table(out), undisturbed, check_exact=True)
    assert len(log.read_text().splitlines()) - begun == CELLS - landed


@pytest.mark.slow
def test_scheduler_that_comes_back_is_taken_up_again(tmp_path, undisturbed):
    """A scheduler that is restarted at its address, as Kubernetes does, ends no study."""
    out, address = tmp_path / "out", free_address()
    with (
        scheduler(address) as first,
        client(out, address) as process,
        worker(address, CHEAP_NAP="0.1"),
    ):
        wait_for_rows(process, out, 5)
        first.kill()
        first.wait()
        with scheduler(address), worker(address):
            status, err = end(process)
    assert status == 0, err
    pd.testing.assert_frame_equal(table(out), undisturbed, check_exact=True)


def test_client_waits_for_the_first_worker(tmp_path, undisturbed):
    out, address = tmp_path / "out", free_address()
    with scheduler(address), client(out, address) as process:
        # The client has said that it waits before there is anything to wait for.
        assert process.stderr is not None
        assert f"the scheduler at {address} has no worker; waiting" in process.stderr.readline()
        with worker(address):
            status, err = end(process)
    assert status == 0, err
    pd.testing.assert_frame_equal(table(out), undisturbed, check_exact=True)


OTHER_NUMPY = """
from importlib import metadata
true_version = metadata.version
metadata.version = lambda name: "1.0" if name == "numpy" else true_version(name)
"""


@pytest.fixture
def other_numpy(tmp_path) -> dict[str, str]:
    """The environment of a worker that reports another version of numpy."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(OTHER_NUMPY)
    return {"PYTHONPATH": str(folder)}


def test_workers_that_do_not_fit_are_refused(other_numpy):
    address = free_address()
    here = versions()["numpy"]
    with scheduler(address):
        with (
            worker(address, threads=2),
            pytest.raises(ValueError, match="must run one thread, got 2; start it with: dask worker"),
            open_workers(address),
        ):
            pass
        # The other one has gone from the scheduler by the time that this one has started.
        with (
            worker(address, **other_numpy),
            pytest.raises(ValueError, match=f"numpy is 1.0 there and {here} here; install the same"),
            open_workers(address),
        ):
            pass


def test_worker_that_joins_with_other_versions_ends_the_run(other_numpy):
    """Its rows could differ in their last bits, and nobody would know."""
    import cheap_trial

    address = free_address()
    (cell, *_) = cheap_trial.study().cells()
    call = {"design": cell.design, "replicate": 0, "seed": 0, "scores": ()}
    with scheduler(address), worker(address, CHEAP_NAP="0.2"), open_workers(address) as workers:
        assert workers.count == 1
        outcomes = workers.run(cheap_trial.trial, ({**call, "replicate": k} for k in range(10_000)))
        assert next(outcomes)[1].error is None
        with worker(address, **other_numpy), pytest.raises(WorkersLostError, match=r"numpy is 1\.0 there"):
            for _ in outcomes:
                pass


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://127.0.0.1:1", "does not answer"),
        ("nonsense://x", "scheduler"),
        ("absent.json", r"scheduler file absent\.json does not exist"),
    ],
)
def test_addresses_where_nobody_answers(monkeypatch, address, said):
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "500ms"}),
        pytest.raises(ValueError, match=said) as caught,
        open_workers(address),
    ):
        pass
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("options", [{"scheduler": "tcp://127.0.0.1:1", "workers": 2}, {"workers": -1}])
def test_options_that_exclude_each_other(options):
    with pytest.raises(ValueError, match="workers must"), open_workers(**options):
        pass


def test_difference_names_both_sides():
    here = versions()
    assert difference(here, dict(here)) is None
    there = {**here, "numpy": "1.0"}
    del there["scipy"]
    said = difference(here, there)
    assert said is not None
    assert f"numpy is 1.0 there and {here['numpy']} here" in said
    assert f"scipy is absent there and {here['scipy']} here" in said


@pytest.fixture
def two_machines() -> Iterator[tuple[str, str]]:
    """Two network namespaces, a wire between them, and nothing else."""
    names = [f"gt{os.getpid() % 100_000}{side}" for side in "ab"]
    if shutil.which("ip") is None:
        pytest.skip("needs the program ip")
    made = subprocess.run(["ip", "netns", "add", names[0]], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("only root can make network namespaces")
    try:
        subprocess.run(["ip", "netns", "add", names[1]], check=True)
        wire = ["ip", "link", "add", "wire", "netns", names[0], "type", "veth"]
        subprocess.run([*wire, "peer", "name", "wire", "netns", names[1]], check=True)
        for number, name in enumerate(names, 1):
            inside = ["ip", "-n", name]
            subprocess.run([*inside, "addr", "add", f"10.77.0.{number}/24", "dev", "wire"], check=True)
            subprocess.run([*inside, "link", "set", "wire", "up"], check=True)
            subprocess.run([*inside, "link", "set", "lo", "up"], check=True)
        yield names[0], names[1]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def test_two_machines(two_machines, tmp_path, undisturbed):
    """Scheduler and client on one, workers on the other, which shares no file with them that matters."""
    here, there = (["ip", "netns", "exec", name] for name in two_machines)
    out, address = tmp_path / "out", "tcp://10.77.0.1:8786"
    with (
        scheduler(address, *here),
        client(out, address, *here) as process,
        worker(address, *there, CHEAP_NAP="0.05"),
        worker(address, *there, CHEAP_NAP="0.05"),
    ):
        status, err = end(process)
    assert status == 0, err
    pd.testing.assert_frame_equal(table(out), undisturbed, check_exact=True)
    hosts = {text.split(":")[1] for text in read_table(out)["worker"]}
    assert hosts == {"//10.77.0.2"}
