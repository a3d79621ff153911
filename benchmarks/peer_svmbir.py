"""svmbir: multi-threaded coordinate descent in C on an objective of its own; time per pass only."""

import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..recon import Problem
from .peer_watch import EnoughError, Watch
from .plain_steps import PlainSteps

_PASSES = 6


def solver(problem: Problem, steps: PlainSteps, threads: int = 1) -> Callable[[Watch], None]:
    """Passes of ``svmbir.recon`` over the volume, as a longer run less a shorter one.

    Its slices lie along our x, and its prior is not TV: no gap can be given.
    """
    import svmbir  # pyright: ignore[reportMissingImports]

    sinograms = np.ascontiguousarray(problem.data.transpose(0, 2, 1))
    weights = np.ascontiguousarray(problem.weights.transpose(0, 2, 1))
    n = problem.shape[1]
    folder = tempfile.TemporaryDirectory(prefix="glasstomo-svmbir-")

    def seconds(passes: int) -> float:
        settings: dict[str, Any] = {
            "weights": weights,
            "num_rows": problem.shape[0],
            "num_cols": n,
            "roi_radius": float(n),
            "max_resolutions": 0,
            "stop_threshold": 0.0,
            "max_iterations": passes,
            "num_threads": threads,
            "svmbir_lib_path": folder.name,
            "verbose": 0,
        }
        began = time.perf_counter()
        svmbir.recon(sinograms, -np.deg2rad(problem.angles_deg), **settings)
        return time.perf_counter() - began

    # The first run computes the weights, which it keeps in a file.
    seconds(1)

    def run(watch: Watch) -> None:
        with folder:
            for _ in range(3):
                short, long = seconds(1), seconds(1 + _PASSES)
                watch.durations.append(max(long - short, 0.0) / _PASSES)
        raise EnoughError

    return run
