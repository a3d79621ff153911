"""Memory of a solve: what it needs, what the machine has, and what it held at most."""

import resource
import sys
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..recon import Problem, solve_pdhg
from .bench_problem import LARGEST_LAMBDA_MAX, VARIANTS
from .bench_rows import Row, Setting
from .roofline import AUXILIARY, COMPONENTS

# Python, its libraries and the compiled kernels.
_BASE = 4e8
# Densities of a phantom's elements, its labels, and the room to draw them in.
_PHANTOM_VOLUMES = 8
# λ_max, where it is looked for.
_LAMBDA_MAX_VOLUMES = 36
# Weights of the projector for a pixel and a tilt (`strip_tiles.bytes_per_tilt`), at 45° where they are most.
_WEIGHT_BYTES = 32


def needed_bytes(size: int, tilts: int, names: Sequence[str]) -> float:
    """Estimate the memory in which `bench` times some problems of one size, from above.

    Parameters
    ----------
    size, tilts : int
        Voxels along every edge, and projections.
    names : sequence of str
        In `VARIANTS`; the iterates of all of them are held at once.

    Examples
    --------
    >>> round(needed_bytes(512, 71, ["tv"]) / 1e9, 1)
    8.6
    """
    volume, series = 4.0 * size**3, 4.0 * tilts * size**2
    held, most = 3.0 * volume, 0.0
    for name in names:
        variant = VARIANTS[name]
        channels, auxiliary = len(variant.elements), AUXILIARY.get(variant.regulariser, 0)
        fields = 1 + COMPONENTS[variant.regulariser] + auxiliary
        # The iterates and room for a gap stay; a solve adds steps, points ahead and the outcome.
        held += channels * ((2 + fields) * volume + 4 * series)
        most = max(most, channels * ((4 + 2 * auxiliary) * volume + 4 * series))
    weights = _WEIGHT_BYTES * size**2 * tilts
    before = _PHANTOM_VOLUMES if size > LARGEST_LAMBDA_MAX else _LAMBDA_MAX_VOLUMES
    return _BASE + weights + max(held + most, before * volume)


def available_bytes() -> float | None:
    """Memory that this process could still get; None where the system does not say.

    Examples
    --------
    >>> found = available_bytes()
    >>> found is None or found > 0
    True
    """
    found = []
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                found.append(1024.0 * float(line.split()[1]))
        # A container may have less than its machine.
        group = Path("/sys/fs/cgroup")
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        if limit != "max":
            used = float((group / "memory.current").read_text(encoding="ascii"))
            found.append(max(float(limit) - used, 0.0))
    except (OSError, ValueError):
        pass
    return min(found, default=None)


def check_memory(sizes: Sequence[int], tilts: Sequence[int], names: Sequence[str]) -> float:
    """Refuse what does not fit; return the memory needed at most, bytes.

    Raises
    ------
    ValueError
        When the machine has less memory than the largest size needs.
    """
    needed, size, count = max((needed_bytes(n, t, names), n, t) for n in sizes for t in tilts)
    available = available_bytes()
    if available is not None and needed > available:
        raise ValueError(
            f"{size}³ voxels with {count} tilts ({', '.join(names)}) need about {needed / 1e9:.1f} GB, "
            f"{available / 1e9:.1f} GB are available; choose a smaller --size, or fewer problems"
        )
    return needed


def memory_row(setting: Setting, name: str, problem: Problem) -> Row:
    """Report what a solve holds at once, in volumes, and what the process held then, in MB."""
    rewind_peak()
    volumes = volumes_held(problem)
    return setting.row(f"solver.{name}.memory", None, None, volumes=volumes, peak_rss_mb=peak_rss_mb())


def volumes_held(problem: Problem) -> float:
    """Most memory that a solve holds at once, in volumes: its arrays, the data and the weights.

    The projector's weights do not count. Arrays are those that Python's allocator traces; kernels have
    to be compiled before.
    """
    volume = np.prod(problem.shape) * 4
    tracemalloc.start()
    try:
        held = tracemalloc.get_traced_memory()[0]
        solve_pdhg(problem, gap=0.0, max_iterations=2)
        peak = tracemalloc.get_traced_memory()[1] - held
    finally:
        tracemalloc.stop()
    return float((peak + problem.data.nbytes + problem.weights.nbytes) / volume)


def rewind_peak() -> None:
    """Let the peak of the resident memory begin anew, on Linux; elsewhere it is that of the whole run."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak_rss_mb() -> int:
    """Return the largest resident memory of this process since `rewind_peak`, MB.

    Examples
    --------
    >>> peak_rss_mb() > 10
    True
    """
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return round(1024 * int(line.split()[1]) / 1e6)
    except OSError:
        pass
    # macOS counts bytes, others kibibytes.
    unit = 1.0 if sys.platform == "darwin" else 1024.0
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)
