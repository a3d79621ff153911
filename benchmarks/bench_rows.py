"""What a timing is reported as: one row per result, and what follows from several of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One size on one number of threads.

    Parameters
    ----------
    size : int
        Voxels along every edge.
    tilts : int
        Projections.
    threads : int
        Of the kernels, and of those peers that can be told.
    repeats : int
        Rounds of `stopwatch.time_tasks`.
    gap : float
        Relative gap at which a solve counts as done.
    """

    size: int
    tilts: int = 31
    threads: int = 1
    repeats: int = 5
    gap: float = 1e-3

    def row(self, name: str, milliseconds: float | None, fraction: float | None, **more: object) -> Row:
        """Lay one result out; numbers are rounded to four digits."""
        head = {"name": name, "n": self.size, "tilts": self.tilts, "threads": self.threads}
        figures = {"ms": milliseconds, "roofline_fraction": fraction, **more}
        return head | {key: rounded(value) for key, value in figures.items()}

    def __str__(self) -> str:
        return f"{self.size}³, {self.threads} thread{'s' if self.threads > 1 else ''}"


def rounded(value: object) -> object:
    """Four digits of a float; anything else as it is."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def curve(seconds: Sequence[float], gaps: Sequence[float]) -> list[list[float]]:
    """Pairs of seconds and relative gap, rounded; points without a gap are left out."""
    pairs = zip(seconds, gaps, strict=True)
    return [[float(f"{value:.4g}") for value in pair] for pair in pairs if np.isfinite(pair[1])]


def cost_fits(rows: Sequence[Row]) -> Iterator[Row]:
    """Fit ``ms = c nᵖ tiltsᑫ`` to each operation that was timed at two sizes or numbers of tilts.

    Parameters
    ----------
    rows : sequence of dict
        Results on one number of threads.

    Yields
    ------
    dict
        ``exponent`` p (3 for work in proportion to the voxels) and ``tilt_exponent`` q, each where it
        was varied, by least squares on logarithms, and ``ns_per_voxel_tilt`` of the largest problem.

    Examples
    --------
    >>> same = {"name": "projector.forward", "tilts": 10, "threads": 1}
    >>> (fit,) = cost_fits([same | {"n": n, "ms": 1e-5 * n**3} for n in (8, 16)])
    >>> fit["exponent"], fit["ns_per_voxel_tilt"]
    (3.0, 1.0)
    """
    timed: dict[str, list[Row]] = {}
    for row in rows:
        if row["ms"] is not None and row["name"].startswith(("projector.", "solver.")):
            timed.setdefault(row["name"], []).append(row)
    for name, found in timed.items():
        n, tilts, ms = (np.array([row[key] for row in found], np.float64) for key in ("n", "tilts", "ms"))
        varied = {"exponent": np.log(n), "tilt_exponent": np.log(tilts)}
        varied = {key: values for key, values in varied.items() if np.ptp(values) > 0}
        if not varied:
            continue
        columns = np.stack([*varied.values(), np.ones(len(found))], axis=1)
        powers, _, rank, _ = np.linalg.lstsq(columns, np.log(ms), rcond=None)
        # Sizes and tilts that grew together cannot be told apart.
        if rank < columns.shape[1]:
            continue
        last = max(found, key=lambda row: row["n"] ** 3 * row["tilts"])
        yield {
            "name": f"fit.{name}",
            "n": None,
            "tilts": None if "tilt_exponent" in varied else last["tilts"],
            "threads": last["threads"],
            "ms": None,
            "roofline_fraction": None,
            **{key: rounded(float(power)) for key, power in zip(varied, powers, strict=False)},
            "ns_per_voxel_tilt": rounded(float(1e6 * last["ms"] / (last["n"] ** 3 * last["tilts"]))),
        }
