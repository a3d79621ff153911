"""A solver in a process of its own, which gets the data and nothing else, within a budget."""

import contextlib
import json
import os
import secrets
import select
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from .league_data import LeagueData
from .process_watch import MARK, end_session, peak_bytes, session_usage
from .solver_child import one_line
from .solver_task import ANSWER_FILE, DATA_FILE, GO, READY, SOLVED, TOY_FILE, WORDS_FILE, SolverTask, toy_data

THREADS = ("NUMBA", "OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMEXPR")

# Looks at the process: often at first, as many solves take less than a second.
_LOOK_S = (0.02, 0.1)
_LAST_LINES = 2000
_MOST_WORDS = 100_000
_END_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one solve may take.

    Parameters
    ----------
    core_seconds : float
        From the moment the data are there, over all threads and processes of the solver.
    wall_seconds : float, optional
        The same by the clock, for a solver that sleeps or a machine that is busy; three times as much,
        and ten seconds, when omitted.
    memory_gb : float
        Resident, GB.
    warm_up_seconds : float
        By the clock, for imports, compilation and the toy.
    """

    core_seconds: float = 30.0
    wall_seconds: float | None = None
    memory_gb: float = 4.0
    warm_up_seconds: float = 300.0

    @property
    def most_wall_seconds(self) -> float:
        """Seconds by the clock."""
        return 3 * self.core_seconds + 10 if self.wall_seconds is None else self.wall_seconds


@dataclass(frozen=True, kw_only=True, eq=False)
class SolverRun:
    """What became of one solve.

    Parameters
    ----------
    status : {"done", "declined", "failed", "crashed", "time", "memory", "bad_answer"}
        A volume came back; the solver does not take such data; it raised an error; its process died; the
        budget was used up; so was the memory; what came back is no volume of finite numbers.
    reason : str or None
        One line; None when it is done.
    volume : ndarray of float32 or None, shape (channel, z, y, x)
    seconds, core_seconds : float or None
        By the clock and by the processor, from the moment the data were there to the answer.
    warm_up_seconds : float or None
        By the clock.
    peak_mb : float or None
        Largest resident memory of its main process, MB.
    words : dict
        What the solver says of its answer: ``status``, ``iterations``.
    output : str
        The end of what it printed.
    """

    status: str
    reason: str | None = None
    volume: np.ndarray | None = None
    seconds: float | None = None
    core_seconds: float | None = None
    warm_up_seconds: float | None = None
    peak_mb: float | None = None
    words: dict[str, Any]
    output: str = ""


def run_solver(
    entry: str,
    data: LeagueData,
    *,
    options: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    search_path: str | None = None,
) -> SolverRun:
    """Run a solver on some data in a fresh process, and bring back what it found.

    Parameters
    ----------
    entry : str
        Name in `ENTRIES`, or ``"package.module:object"``.
    data : LeagueData
        All that the solver gets.
    options : mapping, optional
        For an outside solver.
    limits : Limits, optional
    search_path : str, optional
        Folder to look for the module in, after all others.

    Returns
    -------
    SolverRun
        Whatever the solver does: a failure is a result.

    Notes
    -----
    The process has one thread (by the environment of the numerical libraries), an empty folder to work in,
    no standard input, and an environment with nothing but paths. It warms up on a toy before the data are
    written; the clock runs from then on. What it leaves behind is killed. This keeps the truth from a solver
    that does not look for it; it is no jail for one that does, which needs another user or machine.
    """
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="solve-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        SolverTask(
            entry=entry,
            options=dict(options or {}),
            search_path=search_path,
            memory_bytes=int(limits.memory_gb * 1e9),
        ).save(folder)
        toy_data(data).save(folder / TOY_FILE)
        return _Watched(folder, data, limits).run()


class _Watched:
    """One process from its start to its end."""

    def __init__(self, folder: Path, data: LeagueData, limits: Limits) -> None:
        self.folder, self.data, self.limits = folder, data, limits
        self.mark = secrets.token_hex(8)
        self.peak = 0
        self.seconds = self.core_seconds = self.warm_up_seconds = None

    def run(self) -> SolverRun:
        (self.folder / "work").mkdir()
        to_read, to_write = os.pipe(), os.pipe()
        program = [sys.executable, "-P", "-m", "glasstomo.benchmarks.league.solver_child"]
        try:
            process = subprocess.Popen(
                [*program, str(self.folder), str(to_write[0]), str(to_read[1])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(to_write[0], to_read[1]),
                cwd=self.folder / "work",
                env=self._environment(),
                start_new_session=True,
            )
        finally:
            os.close(to_write[0])
            os.close(to_read[1])
        tail = _Tail(process.stdout)
        try:
            told = self._watch(process, to_read[0], to_write[1])
        finally:
            end_session(process.pid, self.mark)
            process.wait()
            os.close(to_read[0])
            os.close(to_write[1])
            tail.close()
        return self._result(told, process.returncode, tail.text)

    def _watch(self, process: subprocess.Popen, read: int, write: int) -> tuple[str, str] | None:
        """Wait until the process has ended; return status and reason where this side ended it."""
        start = time.monotonic()
        message, told = self._until(process, read, start, self.limits.warm_up_seconds, None)
        if told is not None or message != READY:
            return told
        self.warm_up_seconds = time.monotonic() - start
        self.data.save(self.folder / DATA_FILE)
        before = session_usage(process.pid)
        cores = None if before is None else before.core_seconds
        start = time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            os.write(write, GO)
        message, told = self._until(process, read, start, self.limits.most_wall_seconds, cores)
        self.seconds = time.monotonic() - start
        after = session_usage(process.pid)
        if cores is not None and after is not None:
            self.core_seconds = max(after.core_seconds - cores, 0.0)
        if told is not None or message != SOLVED:
            return told
        self.peak = max(self.peak, peak_bytes(process.pid) or 0)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)
            return None
        return "time", f"the answer was not written within {_END_S:g} s"

    def _until(
        self, process: subprocess.Popen, read: int, start: float, most_s: float, cores: float | None
    ) -> tuple[bytes, tuple[str, str] | None]:
        """Wait for a message, or the end of the process, within the limits."""
        look = _LOOK_S[0]
        while True:
            if select.select([read], [], [], look)[0]:
                return os.read(read, 64), None
            look = min(1.2 * look, _LOOK_S[1])
            self.peak = max(self.peak, peak_bytes(process.pid) or 0)
            usage = session_usage(process.pid)
            if usage is not None and usage.resident_bytes > self.limits.memory_gb * 1e9:
                return b"", ("memory", f"took more than {self.limits.memory_gb:g} GB of memory")
            if time.monotonic() - start > most_s:
                doing = "warming up" if self.warm_up_seconds is None else "solving"
                return b"", ("time", f"was {doing} for more than {most_s:g} s")
            if usage is not None and cores is not None:
                used = usage.core_seconds - cores
                if used > self.limits.core_seconds:
                    return b"", ("time", f"took more than {self.limits.core_seconds:g} core seconds")
            if process.poll() is not None:
                # Its last words may still be in the pipe.
                said = select.select([read], [], [], 0)[0]
                return (os.read(read, 64) if said else b""), None

    def _environment(self) -> dict[str, str]:
        """Paths and thread numbers; no seed, no name, no folder of results."""
        work = str(self.folder / "work")
        kept = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV", "NUMBA_CACHE_DIR")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {f"{name}_NUM_THREADS": "1" for name in THREADS}
        return environment | {
            "HOME": work,
            "TMPDIR": work,
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_WAIT_POLICY": "passive",
            "MPLBACKEND": "Agg",
            MARK: self.mark,
        }

    def _result(self, told: tuple[str, str] | None, code: int, output: str) -> SolverRun:
        words = _read_words(self.folder / WORDS_FILE)
        volume, status, reason = None, "done", None
        if told is not None:
            status, reason = told
        elif words is None:
            status, reason = "crashed", _end_text(code, output)
        elif "memory" in words:
            status, reason = "memory", f"no memory within {self.limits.memory_gb:g} GB ({words['memory']})"
        elif "declined" in words:
            status, reason = "declined", str(words["declined"])
        elif "error" in words:
            status, reason = "failed", str(words["error"])
        else:
            volume, reason = _read_volume(self.folder / ANSWER_FILE, self.data.shape)
            status = "done" if reason is None else "bad_answer"
        return SolverRun(
            status=status,
            reason=None if reason is None else one_line(reason),
            volume=volume,
            seconds=self.seconds,
            core_seconds=self.core_seconds,
            warm_up_seconds=self.warm_up_seconds,
            peak_mb=self.peak / 1e6 if self.peak else None,
            words=words or {},
            output=output,
        )


class _Tail:
    """Reads what a process prints, whatever its length, and keeps the end."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._stream, self._end = stream, b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):
                while part := os.read(self._stream.fileno(), 65536):
                    self._end = (self._end + part)[-_LAST_LINES:]

    def close(self) -> None:
        """Stop reading: a process that got away may hold the other end for ever."""
        self._thread.join(2.0)
        if self._stream is not None and not self._thread.is_alive():
            self._stream.close()

    @property
    def text(self) -> str:
        """The end of it."""
        return self._end.decode("utf-8", "replace")


def _read_words(path: Path) -> dict[str, Any] | None:
    """Return what the process said, as far as it may be believed: texts on one line, and whole numbers."""
    try:
        if not _is_plain(path):
            return None
        with path.open("rb") as file:
            found = json.loads(file.read(_MOST_WORDS))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    words: dict[str, Any] = {
        name: one_line(found[name])
        for name in ("declined", "error", "memory", "status")
        if isinstance(found.get(name), str)
    }
    count = found.get("iterations")
    if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**53:
        words["iterations"] = count
    return words


def _is_plain(path: Path) -> bool:
    """Whether a path is a file, and no link or pipe, which could be anything or never end."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _read_volume(path: Path, shape: tuple[int, ...]) -> tuple[np.ndarray | None, str | None]:
    """Return the volume of a file, or what is wrong with it; its header is read before its numbers."""
    try:
        if not _is_plain(path):
            return None, "no volume came back"
        mapped = np.lib.format.open_memmap(path, mode="r")
        if mapped.shape != shape:
            return None, f"the volume must have shape {shape}, got {mapped.shape}"
        if mapped.dtype.kind not in "iuf":
            return None, f"the volume must hold real numbers, got {mapped.dtype}"
        with np.errstate(over="ignore", invalid="ignore"):
            volume = np.array(mapped, np.float32)
    except (OSError, ValueError, EOFError) as error:
        return None, f"no volume came back ({error})"
    wrong = int((~np.isfinite(volume)).sum())
    if wrong:
        return None, f"{wrong} of {volume.size} voxels are not finite"
    return volume, None


def _end_text(code: int, output: str) -> str:
    how = f"signal {-code}" if code < 0 else f"exit status {code}"
    lines = [line for line in output.splitlines() if line.strip()]
    return f"its process ended with {how}" + (f": {lines[-1].strip()}" if lines else "")
