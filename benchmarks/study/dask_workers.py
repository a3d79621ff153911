"""Workers of dask.distributed: processes on this machine, or a cluster behind a scheduler's address."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from .versions import difference, versions
from .workers import Note, Outcome, Workers, WorkersLostError, performed, reason

THREAD_VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that hold the kernels of a worker to one thread."""

_COUNT_S = 2.0
_WAIT_NOTE_S = 60.0

# dask holds no data here, so spilling and pausing cannot help: a call that outgrows its worker's share
# of memory is ended with it, and reported as killed. Profiling would only cost time.
# dask has workers give memory back to the system at every free: volumes of a megabyte would then be
# mapped, zeroed and unmapped without end, a third of the time of a cell.
_KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**30), "MALLOC_MMAP_THRESHOLD_": str(2**30)}
_LOCAL_CONFIG = {
    "distributed.nanny.pre-spawn-environ": {**_KEEP_MEMORY, **dict.fromkeys(THREAD_VARIABLES, "1")},
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.active-memory-manager.start": False,
}

_one_at_a_time = threading.Lock()


class OtherVersionsError(Exception):
    """A worker whose rows could differ in their last bits from those of this machine."""


def perform(function: Callable[..., Any], call: dict[str, Any], expected: dict[str, str]) -> Outcome:
    """Make one call on a worker.

    Numba is held to one thread, and the calls of one process to one at a time: its plain pool of threads
    ends the process when two threads start kernels at once.
    """
    from distributed import get_worker

    different = difference(expected, versions())
    if different is not None:
        raise OtherVersionsError(different)
    with _one_at_a_time:
        for name in THREAD_VARIABLES:
            os.environ.setdefault(name, "1")
        import numba

        numba.set_num_threads(1)
        return performed(function, call, get_worker().address)


class DaskWorkers(Workers):
    """Workers behind a dask client; `open_workers` makes them.

    Parameters
    ----------
    client : distributed.Client
    label : str
        Who they are, for people.
    note : callable
        Told one line when no worker is there.
    patience_s : float
        For how long there may be none before that is said.
    """

    apart = True

    def __init__(self, client: Any, label: str, note: Note, patience_s: float = 0.0) -> None:
        self.client, self.note, self.patience_s = client, note, patience_s
        self._label = label
        self._count, self._counted = 0, -float("inf")
        self._next_note = time.monotonic() + patience_s
        self._ready: Callable[[], int] = int
        self._stop: Callable[[], object] = object

    @property
    def count(self) -> int:
        """How many calls run at the same time, now."""
        if time.monotonic() - self._counted > _COUNT_S and self.client.status == "running":
            with suppress(OSError, TimeoutError):
                self._count = sum(self.client.nthreads().values())
                self._counted = time.monotonic()
        return self._count

    @property
    def ready(self) -> int:
        """How many outcomes are there already."""
        return self._ready()

    @property
    def label(self) -> str:
        """Who they are, for people."""
        return self._label

    def stop(self) -> None:
        """Ask the run under way to end; may be called by a handler of signals."""
        self._stop()

    def run(
        self,
        function: Callable[..., Any],
        calls: Iterable[dict[str, Any]],
        *,
        in_flight: int | None = None,
    ) -> Iterator[tuple[int, Outcome]]:
        """Call `function(**call)` for every call; see `Workers.run`."""
        from .call_window import CallWindow

        window = CallWindow(self, function, in_flight)
        self._ready, self._stop = window.ready, window.stop
        try:
            yield from window.outcomes(calls)
        finally:
            window.cancel()

    def check(self) -> None:
        """Raise when the scheduler is gone; say so, now and then, when it has no worker."""
        if self.client.status in ("closed", "closing"):
            raise WorkersLostError(f"{self.label} does not answer any more; start it again, then resume")
        now = time.monotonic()
        if self.client.status != "running" or self.count > 0:
            self._next_note = now + self.patience_s
        elif now >= self._next_note:
            self._next_note = now + _WAIT_NOTE_S
            self.note(f"{self.label} has no worker; waiting for one (Ctrl-C ends)")


@contextmanager
def local_workers(count: int | None, note: Note | None = None) -> Iterator[DaskWorkers]:
    """Start processes of one thread each on this machine; see `open_workers`."""
    import dask.config
    from dask.system import CPU_COUNT

    number = count or CPU_COUNT
    environment = dict.fromkeys(THREAD_VARIABLES, "1")
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        stack.enter_context(_environment_kept())
        stack.enter_context(dask.config.set(_LOCAL_CONFIG))  # pyright: ignore[reportPrivateImportUsage]
        from distributed import Client, LocalCluster

        with _ctrl_c_held():
            # No dashboard; the status server that remains takes a free port, as its own is often taken.
            cluster = LocalCluster(
                n_workers=number,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,  # pyright: ignore[reportArgumentType]
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                env=environment,
                silence_logs=logging.CRITICAL,
            )
            stack.callback(_close_cluster, cluster)
            client = Client(cluster, set_as_default=False)
            stack.callback(client.close)
        label = f"{number} {'process' if number == 1 else 'processes'} on this machine"
        # The last worker may have died, and starts anew in a moment.
        yield DaskWorkers(client, label, note or _say_nothing, patience_s=_WAIT_NOTE_S)


@contextmanager
def cluster_workers(scheduler: str, note: Note | None = None) -> Iterator[DaskWorkers]:
    """Join the workers of a scheduler that runs elsewhere; see `open_workers`."""
    with _quiet():
        client = _connected(scheduler)
        try:
            pool = DaskWorkers(client, f"the scheduler at {client.scheduler.address}", note or _say_nothing)
            while pool.count == 0:
                pool.check()
                time.sleep(0.2)
                pool._counted = -float("inf")
            _check_workers(client, pool.label)
            yield pool
        finally:
            client.close()


def _connected(scheduler: str) -> Any:
    """Return a client of the scheduler at an address or in a scheduler file."""
    from distributed import Client

    from_file = scheduler.endswith(".json")
    if from_file and not Path(scheduler).is_file():
        raise ValueError(
            f"scheduler file {scheduler} does not exist; dask scheduler --scheduler-file writes it"
        )
    try:
        if from_file:
            return Client(scheduler_file=scheduler, set_as_default=False)
        return Client(scheduler, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ValueError(
            f"scheduler {scheduler} does not answer ({reason(error)}); start one with: dask scheduler"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"scheduler must be an address such as tcp://host:8786 or a scheduler file, got {scheduler} "
            f"({reason(error)})"
        ) from None


def _check_workers(client: Any, label: str) -> None:
    """Refuse workers that run several threads or other versions."""
    for address, threads in client.nthreads().items():
        if threads > 1:
            raise ValueError(
                f"worker {address} must run one thread, got {threads}; start it with: "
                "dask worker --nthreads 1 --nworkers NUMBER"
            )
    try:
        found = client.run(versions)
    except Exception as error:
        raise ValueError(
            f"workers of {label} cannot run glasstomo ({reason(error)}); install it there in this version"
        ) from None
    for address, there in found.items():
        different = difference(versions(), there)
        if different is not None:
            raise ValueError(f"worker {address} has other versions: {different}; install the same there")


def _close_cluster(cluster: Any) -> None:
    """End the processes now: what they still compute has no reader, and a kernel may run for minutes."""
    for nanny in cluster.workers.values():
        with suppress(Exception):
            nanny.auto_restart = False
            if nanny.pid is not None:
                os.kill(nanny.pid, signal.SIGKILL)
    with suppress(Exception):
        cluster.close(timeout=10)


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Keep Ctrl-C for the end of the block, and away from all threads and processes that it starts.

    A terminal sends it to the whole group of processes: workers would die of it, half-started or in the
    middle of a cell, before the client could say what has landed. Threads and processes inherit what is
    blocked, so that workers which are started anew later do not hear of it either.
    """
    # Its start unblocks Ctrl-C: it has to be running before.
    resource_tracker.ensure_running()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Put back what dask writes into the environment of this process for the sake of its workers."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep dask's log from standard error: what matters is reported by us, in one line."""
    import distributed  # noqa: F401 (its import sets its loggers up)

    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "distributed"]
    loggers = [logging.getLogger(name) for name in ["distributed", *names]]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _say_nothing(text: str) -> None:
    """Take a note, and drop it."""
