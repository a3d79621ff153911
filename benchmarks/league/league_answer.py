"""What an entry of the league returns: the volumes, and how the solve ended."""

from dataclasses import dataclass

import numpy as np

STATUSES = ("direct", "converged", "noise_reached", "iteration_limit", "time_limit", "diverged", "unknown")
"""How a solve may end, from the best to the worst: of several channels the worst counts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeagueAnswer:
    """Volumes, and what the solver says of them.

    Parameters
    ----------
    volume : ndarray of float32, shape (channel, z, y, x)
        Atoms nm⁻³ (data units per nm for ADF); of one channel (z, y, x) inside the entries.
    status : str
        One of `STATUSES`: "noise_reached" is an iteration that was stopped once the misfit was down to
        what noise leaves, "unknown" a solver that says nothing.
    iterations : int, optional
        Run in all, over all channels.
    lam : tuple of float
        Weights of the regulariser, one per channel; empty for methods without.

    Raises
    ------
    ValueError
        When the status is another word, or the volume holds no real numbers.

    Examples
    --------
    >>> LeagueAnswer(volume=np.full((1, 2, 2, 2), np.nan), status="converged").status
    'diverged'
    """

    volume: np.ndarray
    status: str = "direct"
    iterations: int | None = None
    lam: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        volume = np.asarray(self.volume)
        if volume.dtype.kind not in "iuf":
            raise ValueError(f"`volume` must hold real numbers, got {volume.dtype}")
        if self.status not in STATUSES:
            raise ValueError(f"`status` must be one of {', '.join(STATUSES)}, got {self.status!r}")
        with np.errstate(over="ignore"):
            volume = np.ascontiguousarray(volume, np.float32)
        object.__setattr__(self, "volume", volume)
        if not np.isfinite(volume).all():
            object.__setattr__(self, "status", "diverged")


def stacked(channels: list[LeagueAnswer]) -> LeagueAnswer:
    """Return the answers of single channels as one: the worst status, all iterations."""
    counts = [one.iterations for one in channels if one.iterations is not None]
    return LeagueAnswer(
        volume=np.stack([one.volume for one in channels]),
        status=max((one.status for one in channels), key=STATUSES.index),
        iterations=sum(counts) if counts else None,
        lam=tuple(lam for one in channels for lam in one.lam),
    )
