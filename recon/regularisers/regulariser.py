"""What a solver asks of a regulariser."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from .planes import planes


class Regulariser(ABC):
    """R(x) as a sum of lengths, ``R(x) = min_v Σ |K (x, v)|``, with fused kernels for its dual.

    The dual field p has `components` numbers per voxel, in one or several balls of radius λ times a
    constant. With channels, arrays carry a leading channel axis, K sees γ_c x_c, and balls are joint:
    ``R(x) = Σ √(Σ_c γ_c² |K x_c|²)``. Channels then share their edges.

    Parameters
    ----------
    channels : int, optional
        Number of channels; none when omitted.
    channel_weights : array of float, shape (channel,), optional
        γ > 0; ones when omitted.

    Attributes
    ----------
    name : str
        As in `Problem.regulariser`.
    components : int
        Of the dual field, for each channel.
    auxiliary : int
        Components of the auxiliary volume v; 0 when there is none.
    order : int
        1 or 2: R is blind to constant or to affine volumes.
    coarse_lambda : float
        λ on voxels twice as large over λ of the fine problem.
    block_rows : tuple of float
        Largest absolute row sum of each block of K for one channel; there is one ball per block.
    rows : float
        Largest of them, times the largest γ; `dual_step` takes σ over the row sum of each block.
    columns, auxiliary_columns : float
        Sum over the blocks of K of the largest absolute column sum, times the largest γ.
    stiffness : tuple of two floats, or None
        a₁ and a₂ of the bound ``Σ_b K_bᵀK_b / row sum of b ⪯ γ² (a₁ L + a₂ L²)``, L = ∇ᵀ∇ between insulated
        faces, for every channel; None where an auxiliary volume stands in the way.
    primal_weight : float
        Dual over primal steps, in units of λ over the density, that was fastest on the project's own
        particles; any positive number converges.

    Raises
    ------
    ValueError
        When the channel weights are not one positive number per channel.
    """

    name: ClassVar[str]
    components: ClassVar[int]
    auxiliary: ClassVar[int] = 0
    order: ClassVar[int]
    block_rows: ClassVar[tuple[float, ...]]
    stiffness: tuple[float, float] | None = None
    coarse_lambda: float
    columns: float
    auxiliary_columns: float = 0.0
    primal_weight: float

    def __init__(self, channels: int | None = None, channel_weights: np.ndarray | None = None) -> None:
        count = 1 if channels is None else channels
        gamma = np.ones(count) if channel_weights is None else np.array(channel_weights, np.float64)
        if gamma.shape != (count,) or not (np.isfinite(gamma).all() and (gamma > 0).all()):
            raise ValueError(f"`channel_weights` must hold {count} positive numbers, got {channel_weights}")
        self.channels = channels
        self.gamma = gamma.astype(np.float32)
        self._largest = float(gamma.max())
        self.rows = max(self.block_rows) * self._largest
        self.columns = type(self).columns * self._largest
        if self.stiffness is not None:
            self.stiffness = (self.stiffness[0] / self._largest, self.stiffness[1] / self._largest)
        self.auxiliary_columns = type(self).auxiliary_columns * self._largest

    @abstractmethod
    def dual_step(
        self,
        ahead: np.ndarray,
        ahead_auxiliary: np.ndarray | None,
        field: np.ndarray,
        sigma: float,
        lam: float,
        relax: float,
    ) -> None:
        """``p ← p + ρ (project(p + σ_b K (ahead, ahead_auxiliary)) − p)``, in place.

        Parameters
        ----------
        ahead : ndarray of float32, shape ([channel,] z, y, x)
        ahead_auxiliary : ndarray of float32, shape ([channel,] auxiliary, z, y, x), or None
        field : ndarray of float32, shape ([channel,] component, z, y, x)
            p. Entries whose difference does not exist are zero, and stay so.
        sigma : float
            σ; block b of K takes ``σ_b = σ / row sum of b``.
        lam, relax : float
            λ and ρ.
        """

    @abstractmethod
    def primal_step(
        self,
        volume: np.ndarray,
        ahead: np.ndarray,
        field: np.ndarray,
        tau: np.ndarray,
        lower: float,
        upper: float,
        relax: float,
    ) -> None:
        """Fused primal step; `ahead` holds the back projection before it, and the point ahead after it.

        ``new ← clip(volume − τ (ahead + Kᵀp), lower, upper)``, then ``ahead ← 2 new − volume`` and
        ``volume ← volume + ρ (new − volume)``; `tau` has the shape of the volume.
        """

    def auxiliary_step(
        self,
        auxiliary: np.ndarray,
        ahead_auxiliary: np.ndarray,
        field: np.ndarray,
        tau: float,
        relax: float,
    ) -> None:
        """Do the same for v, which nothing bounds and no data see; `ahead_auxiliary` is overwritten."""
        raise NotImplementedError

    @abstractmethod
    def apply(self, volume: np.ndarray, auxiliary: np.ndarray | None, out: np.ndarray) -> None:
        """Fill `out`, of the shape of the field, with ``K (volume, auxiliary)``."""

    @abstractmethod
    def adjoint(self, field: np.ndarray, out: np.ndarray) -> None:
        """Fill `out` with Kᵀp with respect to the volume."""

    def auxiliary_adjoint(self, field: np.ndarray, out: np.ndarray) -> None:
        """Fill `out` with Kᵀp with respect to v."""
        raise NotImplementedError

    @abstractmethod
    def clip(self, field: np.ndarray, lam: float) -> None:
        """Bring p into its balls, in place."""

    @abstractmethod
    def value(self, volume: np.ndarray, auxiliary: np.ndarray | None = None) -> float:
        """R of a volume in voxel units, float64; with `auxiliary`, the upper bound at that v."""

    def _by_channel(self, array: np.ndarray) -> np.ndarray:
        """Give an array its leading channel axis."""
        return array[None] if self.channels is None else array

    def _block_sigma(self, sigma: float, block: int) -> np.ndarray:
        """σ γ of each channel for a block of K, float32."""
        return (self.gamma * (sigma / (self.block_rows[block] * self._largest))).astype(np.float32)

    def _primal_channels(self, kernel, volume, ahead, field, tau, bounds, relax) -> None:
        """Run the primal kernel of one channel over all of them."""
        parts = zip(*map(self._by_channel, (volume, ahead, tau)), self.gamma, strict=True)
        flat = planes(field)
        bounds = (np.float32(bounds[0]), np.float32(bounds[1]))
        for c, (part, part_ahead, part_tau, gamma) in enumerate(parts):
            first = c * self.components
            kernel(part, part_ahead, flat, first, part_tau, bounds, np.float32(relax), gamma)
