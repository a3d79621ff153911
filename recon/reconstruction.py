"""What a solver returns: the volume, how the solve ended, and what it was asked to do."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np


class Status(Enum):
    """How a solve ended; `message` says the cure."""

    CONVERGED = "converged"
    ITERATION_LIMIT = "iteration_limit"
    TIME_LIMIT = "time_limit"
    STOPPED = "stopped"
    DIVERGED = "diverged"
    DIRECT = "direct"

    @property
    def message(self) -> str:
        """One sentence: what happened and what to do about it."""
        return _MESSAGES[self]

    @property
    def ok(self) -> bool:
        """Whether the volume is the answer that was asked for."""
        return self in (Status.CONVERGED, Status.DIRECT)


_MESSAGES = {
    Status.CONVERGED: "converged: the relative primal-dual gap is below the one asked for",
    Status.ITERATION_LIMIT: (
        "stopped at the iteration limit above the gap asked for: raise max_iterations or accept a larger gap"
    ),
    Status.TIME_LIMIT: (
        "stopped at the time limit above the gap asked for: raise max_seconds or accept a larger gap"
    ),
    Status.STOPPED: (
        "stopped from outside (Ctrl-C or callback) above the gap asked for: run it again for the optimum"
    ),
    Status.DIVERGED: "diverged to infinite values: check the data and weights for extreme values",
    Status.DIRECT: "a direct or fixed-iteration method: no gap to report",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Reconstruction:
    """A reconstructed volume and the record of its solve.

    Parameters
    ----------
    volume : ndarray of float32, shape (z, y, x) or (channel, z, y, x)
        In the units of the data per nm: atoms nm⁻³ from areal densities in atoms nm⁻².
    spacing_nm : float
        Edge of a voxel, nm.
    status : Status
        How the solve ended; for several channels, the worst of theirs.
    relative_gap : float
        Relative primal–dual gap of `volume`; NaN for methods without one. The largest of several
        channels.
    iterations : int
        Iterations run, over all channels.
    channels : tuple of str
        X-ray lines or detectors, as in the tilt series.
    lam, lam_fraction : tuple of float
        Weight of the regulariser for each channel, and the same as a fraction of λ_max.
    history : dict of str to list
        What was recorded on the way: ``iteration``, ``objective``, ``relative_gap``, and how λ was found,
        by channel; under ``joint`` for channels that were reconstructed together.
    settings : dict
        Method, engine and parameters that were used.
    """

    volume: np.ndarray
    spacing_nm: float
    status: Status
    relative_gap: float = float("nan")
    iterations: int = 0
    channels: tuple[str, ...] = ("signal",)
    lam: tuple[float, ...] = ()
    lam_fraction: tuple[float, ...] = ()
    history: dict[str, list] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def channel(self, name: str) -> np.ndarray:
        """Return the volume of one channel, shape (z, y, x)."""
        if name not in self.channels:
            raise ValueError(
                f"unknown channel {name!r}; this reconstruction holds {', '.join(self.channels)}"
            )
        return self.volume if self.volume.ndim == 3 else self.volume[self.channels.index(name)]
