"""The process of one solver: ``python -m glasstomo.benchmarks.league.solver_child FOLDER READ WRITE``.

It finds in its folder what `SolverTask` says and the data; nothing else of the problem is ever handed to it.
"""

import contextlib
import ctypes
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .league_data import LeagueData
from .solver_task import ANSWER_FILE, DATA_FILE, GO, READY, SOLVED, TOY_FILE, WORDS_FILE, SolverTask

if TYPE_CHECKING:
    from .entries import LeagueEntry

# Address space beside the resident memory: libraries reserve much that they never touch.
_RESERVED = 16_000_000_000
_LARGEST_FILE = 2_000_000_000
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_LONGEST = 300


def main(folder: Path, read: int, write: int) -> None:
    """Warm up, wait for the data, solve once, leave the answer in the folder."""
    end_with_parent()
    task = SolverTask.load(folder)
    limit_resources(task.memory_bytes)
    if task.search_path:
        sys.path.append(task.search_path)
    try:
        entry = found_entry(task)
        warm_up(entry, folder)
        os.write(write, READY)
        if os.read(read, len(GO)) != GO:
            return
        data = LeagueData.load(folder / DATA_FILE)
        declined = entry.declines(data)
        words = solved(entry, data, folder, write) if declined is None else {"declined": declined}
    except MemoryError as error:
        words = {"memory": one_line(str(error)) or "MemoryError"}
    except NotImplementedError as error:
        words = {"declined": one_line(str(error)) or "not implemented"}
    except (Exception, SystemExit) as error:
        words = {"error": said(error)}
    whole = folder / (WORDS_FILE + ".part")
    whole.write_text(json.dumps(words), encoding="utf-8")
    whole.replace(folder / WORDS_FILE)


def found_entry(task: SolverTask) -> "LeagueEntry":
    """Return the entry of the task, with its options."""
    from .entries import ENTRIES, outside_entry

    return outside_entry(task.entry, options=task.options) if ":" in task.entry else ENTRIES[task.entry]


def warm_up(entry: "LeagueEntry", folder: Path) -> None:
    """Solve the toy; whatever a solver thinks of such small data is no reason to end."""
    toy = LeagueData.load(folder / TOY_FILE)
    with contextlib.suppress(Exception):
        if entry.declines(toy) is None:
            entry.solve(toy)


def solved(entry: "LeagueEntry", data: LeagueData, folder: Path, write: int) -> dict[str, Any]:
    """Solve, write the volume, and return what the solver says of it."""
    answer = entry.solve(data)
    os.write(write, SOLVED)
    volume = np.asarray(answer.volume)
    if volume.nbytes > _LARGEST_FILE:
        raise ValueError(f"the solver must return a volume of shape {data.shape}, got {volume.shape}")
    np.save(folder / ANSWER_FILE, volume, allow_pickle=False)
    return {
        "status": str(answer.status),
        "iterations": None if answer.iterations is None else int(answer.iterations),
    }


def end_with_parent() -> None:
    """Have the kernel end this process when the one that watches it is gone (Linux)."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def limit_resources(memory_bytes: int) -> None:
    """Bound what one wrong line could take: address space, files, and dumps of the process."""
    try:
        import resource
    except ImportError:
        return
    wanted = {
        resource.RLIMIT_AS: memory_bytes + _RESERVED,
        resource.RLIMIT_FSIZE: _LARGEST_FILE,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in wanted.items():
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def said(error: BaseException) -> str:
    """Write an error on one line."""
    return one_line(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def one_line(text: str) -> str:
    """Return the first line of a text without control characters, and not endless."""
    line = " ".join(text.split())
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    # Threads and exit handlers of the solver's libraries have nothing left to say.
    os._exit(0)
