"""Compilation of the kernels: say that it happens, and how long it takes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numba
import numpy as np
from numba.core import event as events

from .bench_rows import Row, rounded
from .progress import Progress

MESSAGE = "compiling kernels (first use, kept for later)"
# What a first start has to compile for the default methods, in a process of its own.
_PROGRAM = """
from glasstomo.benchmarks.compilation import compiled_kernels, warm_up
with compiled_kernels() as names:
    warm_up(["tv", "tv2"])
print(len(names))
"""


class _Listener(events.Listener):
    """Hears of every kernel that numba compiles because no cache holds it."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.names = progress, []
        self.seconds, self.depth, self.since = 0.0, 0, 0.0

    def on_start(self, event: events.Event) -> None:
        """Say so at the first kernel; one may compile others that it calls."""
        function = event.data["dispatcher"].py_func  # type: ignore[index]
        # Kernels bring what numba itself has written in Python.
        if not str(function.__module__).startswith("numba."):
            if not self.names:
                self.progress.note(MESSAGE)
            self.names.append(function.__name__)
        if self.depth == 0:
            self.since = time.perf_counter()
        self.depth += 1

    def on_end(self, event: events.Event) -> None:
        """Keep the time."""
        self.depth -= 1
        if self.depth == 0:
            self.seconds += time.perf_counter() - self.since


@contextmanager
def compiled_kernels(progress: Progress | None = None) -> Iterator[list[str]]:
    """Say so when kernels compile in the block, and nothing when all come from numba's cache.

    Parameters
    ----------
    progress : Progress, optional
        Told `MESSAGE` at the first kernel, and at the end how many there were and how long they took.

    Yields
    ------
    list of str
        Names of the kernels that were compiled, as they come.

    Notes
    -----
    numba's own event ``numba:compile`` is raised by real compilations only: one loaded from the cache
    raises none.

    Examples
    --------
    >>> with compiled_kernels() as names:
    ...     numba.njit(lambda x: x + 1)(1)
    2
    >>> names
    ['<lambda>']
    """
    progress = progress or Progress()
    listener = _Listener(progress)
    try:
        with events.install_listener("numba:compile", listener):
            yield listener.names
    finally:
        if listener.names:
            progress.note(f"{len(listener.names)} kernels compiled in {listener.seconds:.1f} s")


def warm_up(methods: Sequence[str], engine: str = "fused") -> None:
    """Reconstruct a volume of no size by each method, which compiles its kernels or loads them.

    Parameters
    ----------
    methods : sequence of str
        Names in `METHODS`.
    engine : {"fused", "odl"}
        As for `reconstruct`.
    """
    from ..recon import reconstruct

    angles = [-30.0, 0.0, 30.0]
    data = np.ones((3, 8, 8), np.float32)
    for method in methods:
        reconstruct(data, method, angles_deg=angles, spacing_nm=1.0, max_iterations=20, engine=engine)


def compile_rows(progress: Progress) -> Iterator[Row]:
    """Time a first start with an empty cache, and a second one that finds everything there.

    Yields
    ------
    dict
        ``compile.first`` and ``compile.cached``: ``ms`` of a whole process that imports the package
        and reconstructs a tiny volume by TV and by TV², and how many ``kernels`` it compiled.
    """
    with tempfile.TemporaryDirectory(prefix="glasstomo-compile-") as cache:
        for name in ("compile.first", "compile.cached"):
            with progress.stage("start with an empty cache" if name == "compile.first" else "start again"):
                milliseconds, kernels = _start(cache)
            yield {
                "name": name,
                "n": None,
                "tilts": None,
                "threads": numba.get_num_threads(),
                "ms": rounded(milliseconds),
                "roofline_fraction": None,
                "kernels": kernels,
            }


def _start(cache: str) -> tuple[float, int]:
    """Milliseconds of a fresh process that keeps its kernels in a folder, and how many it compiled."""
    environment = os.environ | {"NUMBA_CACHE_DIR": cache, "NUMBA_NUM_THREADS": str(numba.get_num_threads())}
    began = time.perf_counter()
    said = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    milliseconds = 1e3 * (time.perf_counter() - began)
    if said.returncode != 0:
        *_, last = ["no message", *said.stderr.strip().splitlines()]
        raise RuntimeError(f"a fresh start failed: {last}")
    return milliseconds, int(said.stdout)
