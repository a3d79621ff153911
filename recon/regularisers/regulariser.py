"""What a solver asks of a regulariser."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np


class Regulariser(ABC):
    """R(x) as a sum of lengths, ``R(x) = min_v Σ |K (x, v)|``, with fused kernels for its dual.

    The dual field p has `components` numbers per voxel, in one or several balls of radius λ times a
    constant. With channels, arrays carry a leading channel axis and balls are joint.

    Parameters
    ----------
    channels : int, optional
        Number of channels; none when omitted.

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
    rows : float
        Largest absolute row sum of K; `dual_step` takes σ over the row sum of each block of K.
    columns, auxiliary_columns : float
        Sum over the blocks of K of the largest absolute column sum.
    primal_weight : float
        Dual over primal steps, in units of λ over the density, that was fastest on the project's own
        particles; any positive number converges.
    """

    name: ClassVar[str]
    components: ClassVar[int]
    auxiliary: ClassVar[int] = 0
    order: ClassVar[int]
    coarse_lambda: ClassVar[float]
    rows: ClassVar[float]
    columns: ClassVar[float]
    auxiliary_columns: ClassVar[float] = 0.0
    primal_weight: ClassVar[float]

    def __init__(self, channels: int | None = None) -> None:
        self.channels = channels

    @abstractmethod
    def dual_step(
        self,
        ahead: np.ndarray,
        ahead_auxiliary: np.ndarray | None,
        field: np.ndarray,
        sigma: np.float32,
        lam: np.float32,
        relax: np.float32,
    ) -> None:
        """``p ← p + ρ (project(p + σ_b K (ahead, ahead_auxiliary)) − p)``, in place."""

    @abstractmethod
    def primal_step(
        self,
        volume: np.ndarray,
        ahead: np.ndarray,
        field: np.ndarray,
        tau: np.ndarray,
        lower: np.float32,
        upper: np.float32,
        relax: np.float32,
    ) -> None:
        """Fused primal step; `ahead` holds the back projection before it, and the point ahead after it.

        ``new ← clip(volume − τ (ahead + Kᵀp), lower, upper)``, then ``ahead ← 2 new − volume`` and
        ``volume ← volume + ρ (new − volume)``.
        """

    def auxiliary_step(
        self,
        auxiliary: np.ndarray,
        ahead_auxiliary: np.ndarray,
        field: np.ndarray,
        tau: np.float32,
        relax: np.float32,
    ) -> None:
        """Do the same for v, which nothing bounds and no data see."""
        raise NotImplementedError

    @abstractmethod
    def adjoint(self, field: np.ndarray, out: np.ndarray) -> None:
        """Fill `out` with Kᵀp with respect to the volume."""

    def auxiliary_adjoint(self, field: np.ndarray, out: np.ndarray) -> None:
        """Fill `out` with Kᵀp with respect to v."""
        raise NotImplementedError

    @abstractmethod
    def clip(self, field: np.ndarray, lam: np.float32) -> None:
        """Bring p into its balls, in place."""

    @abstractmethod
    def value(self, volume: np.ndarray, auxiliary: np.ndarray | None = None) -> float:
        """R of a volume in voxel units, float64; with `auxiliary`, the upper bound at that v."""
