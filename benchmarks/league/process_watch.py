"""What a process and those that it started take: core seconds, resident memory; and how to end them all."""

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
MARK = "GLASSTOMO_LEAGUE_RUN"
"""Environment variable whose value all processes of one solve share."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a session of processes has taken so far.

    Parameters
    ----------
    core_seconds : float
        Of all its processes, in user and kernel mode.
    resident_bytes : int
        Of all of them now.
    """

    core_seconds: float
    resident_bytes: int


def session_usage(session: int) -> Usage | None:
    """Return what the processes of a session have taken; None where the system does not tell (no ``/proc``).

    Parameters
    ----------
    session : int
        Process id of its leader.

    Examples
    --------
    >>> usage = session_usage(os.getsid(0))
    >>> usage is None or usage.resident_bytes > 0
    True
    """
    if not (_PROC / "self" / "stat").exists():
        return None
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    ticks = pages = 0
    for process in _PROC.iterdir():
        fields = _stat(process)
        if fields is not None and int(fields[3]) == session:
            # Children that have ended and been waited for count with their parent.
            ticks += sum(int(value) for value in fields[11:15])
            pages += int(fields[21])
    return Usage(core_seconds=ticks / tick, resident_bytes=pages * page)


def peak_bytes(process: int) -> int | None:
    """Return the largest resident memory that a live process has had; None where it cannot be told."""
    with contextlib.suppress(OSError):
        for line in (_PROC / str(process) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def end_session(session: int, mark: str) -> None:
    """Kill a session's processes, and those that left it but still carry its mark.

    Parameters
    ----------
    session : int
        Process id of its leader, which has not been waited for, so that the number is still its own.
    mark : str
        Value of `MARK` in the environment they were started with.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)
    if not _PROC.is_dir():
        return
    wanted = f"{MARK}={mark}".encode()
    for process in _PROC.iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and wanted in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


def _stat(process: Path) -> list[bytes] | None:
    """Fields of ``stat`` after the name, from the state on; None for what is no process, or gone."""
    if not process.name.isdigit():
        return None
    try:
        return (process / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
