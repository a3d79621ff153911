"""Bias and noise, voxel by voxel, from replicates that are seen one after another."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .checks import as_mask, as_volume


@dataclass(frozen=True, kw_only=True)
class ErrorBudget:
    """Root-mean-square errors over a mask, in the units of the volumes.

    Attributes
    ----------
    bias : float
        Of the mean of infinitely many replicates; the noise of the mean of these few is taken off.
    noise : float
        Standard deviation from replicate to replicate.
    total : float
        Of a single replicate: total² = bias² + noise².
    """

    bias: float
    noise: float
    total: float


class ReplicateMaps:
    """Mean and variance of every voxel over replicates, added one at a time.

    Two volumes are held, whatever the number of replicates.

    Parameters
    ----------
    volumes : iterable of numpy.ndarray, optional
        (z, y, x) each, all of one shape; more may follow by `add`.

    Notes
    -----
    Sums are updated as Welford does, m ← m + (v − m)/n and S ← S + (v − m_before)(v − m_after), which
    loses no digits when the noise is small beside the mean; two of them are merged as Chan et al. do.

    References
    ----------
    B. P. Welford, Technometrics 4, 419 (1962), doi:10.1080/00401706.1962.10490022
    T. F. Chan, G. H. Golub and R. J. LeVeque, Am. Stat. 37, 242 (1983), doi:10.1080/00031305.1983.10483115

    Examples
    --------
    >>> maps = ReplicateMaps(np.full((1, 1, 1), value) for value in (1.0, 3.0))
    >>> maps.count, maps.mean.item(), round(maps.noise.item(), 3)
    (2, 2.0, 1.414)
    >>> maps.bias(np.full((1, 1, 1), 1.5)).item(), maps.bias_standard_error.item()
    (0.5, 1.0)
    """

    def __init__(self, volumes: Iterable[np.ndarray] = ()) -> None:
        self.count = 0
        self._mean: np.ndarray | None = None
        self._squares: np.ndarray | None = None
        for volume in volumes:
            self.add(volume)

    def __repr__(self) -> str:
        shape = "no volumes yet" if self._mean is None else f"{self._mean.shape} voxels"
        return f"ReplicateMaps({self.count} replicates, {shape})"

    def add(self, volume: np.ndarray) -> None:
        """Take one more replicate (z, y, x)."""
        volume = as_volume("volume", volume).astype(np.float64)
        if self._mean is None or self._squares is None:
            self._mean, self._squares = np.zeros(volume.shape), np.zeros(volume.shape)
        if volume.shape != self._mean.shape:
            raise ValueError(
                f"`volume` must have the shape of the others {self._mean.shape}, got {volume.shape}"
            )
        self.count += 1
        off = volume - self._mean
        self._mean += off / self.count
        off *= volume - self._mean
        self._squares += off

    def merged(self, other: "ReplicateMaps") -> "ReplicateMaps":
        """Return the maps of the replicates of both, such as those of two workers."""
        if self._mean is None or self._squares is None or other._mean is None or other._squares is None:
            kept = other if self._mean is None else self
            return kept._copy()
        if self._mean.shape != other._mean.shape:
            raise ValueError(f"`other` must have the same shape {self._mean.shape}, got {other._mean.shape}")
        both = ReplicateMaps()
        both.count = self.count + other.count
        off = other._mean - self._mean
        both._mean = self._mean + off * (other.count / both.count)
        both._squares = self._squares + other._squares + off**2 * (self.count * other.count / both.count)
        return both

    @property
    def mean(self) -> np.ndarray:
        """Mean of the replicates (z, y, x)."""
        return self._known(1)[0].copy()

    @property
    def noise(self) -> np.ndarray:
        """Standard deviation from replicate to replicate (z, y, x)."""
        return np.sqrt(self._known(2)[1] / (self.count - 1))

    def bias(self, truth: np.ndarray) -> np.ndarray:
        """Mean less truth (z, y, x)."""
        mean = self._known(1)[0]
        return mean - self._like(truth, mean)

    @property
    def bias_standard_error(self) -> np.ndarray:
        """Standard error of the bias (z, y, x): the noise over the root of the number of replicates."""
        return self.noise / np.sqrt(self.count)

    def budget(self, truth: np.ndarray, mask: np.ndarray | None = None) -> ErrorBudget:
        """Split the root-mean-square error over a mask, or over all voxels, into bias and noise.

        Notes
        -----
        The mean of n replicates keeps noise²/n, which is taken off the square of its difference to the
        truth: bias² is unbiased, and 0 where that leaves less than nothing.
        """
        noise, bias = self.noise, self.bias(truth)
        if mask is not None:
            mask = as_mask("mask", mask, noise.shape)
            if not mask.any():
                raise ValueError("`mask` must hold some voxels, got none")
            noise, bias = noise[mask], bias[mask]
        variance = float(np.mean(noise**2))
        square = max(float(np.mean(bias**2)) - variance / self.count, 0.0)
        return ErrorBudget(
            bias=float(np.sqrt(square)),
            noise=float(np.sqrt(variance)),
            total=float(np.sqrt(square + variance)),
        )

    def _known(self, fewest: int) -> tuple[np.ndarray, np.ndarray]:
        if self.count < fewest or self._mean is None or self._squares is None:
            raise ValueError(f"`ReplicateMaps` need {fewest} replicates or more for this, got {self.count}")
        return self._mean, self._squares

    def _like(self, truth: np.ndarray, mean: np.ndarray) -> np.ndarray:
        truth = as_volume("truth", truth)
        if truth.shape != mean.shape:
            raise ValueError(f"`truth` must have the shape of the replicates {mean.shape}, got {truth.shape}")
        return truth

    def _copy(self) -> "ReplicateMaps":
        copy = ReplicateMaps()
        copy.count = self.count
        copy._mean = None if self._mean is None else self._mean.copy()
        copy._squares = None if self._squares is None else self._squares.copy()
        return copy
