"""What a solver asks of a data term."""

from abc import ABC, abstractmethod

import numpy as np


class DataTerm(ABC):
    """D of a projection: convex, a sum over pixels, with a closed conjugate and proximal step.

    All arrays have the shape of the data, (tilt, y, x) or (channel, tilt, y, x), and are float32. A
    pixel of weight zero takes no part: its dual is zero.

    Attributes
    ----------
    curvature : ndarray of float32
        Typical second derivative of D at each pixel; sets the lengths of the steps.
    """

    curvature: np.ndarray

    @abstractmethod
    def value(self, projected: np.ndarray) -> float:
        """D of a projection (without background); infinite where it is not defined."""

    @abstractmethod
    def misfit(self, projected: np.ndarray) -> float:
        """Twice D, as χ² or deviance: near the number of pixels for the true volume."""

    @abstractmethod
    def gradient(self, projected: np.ndarray, out: np.ndarray) -> None:
        """Fill `out` with D', the dual that belongs to a projection."""

    @abstractmethod
    def conjugate(self, dual: np.ndarray) -> float:
        """``D*(q) = sup_a ⟨q, a⟩ − D(a)`` of a dual that `clip` leaves unchanged."""

    @abstractmethod
    def clip(self, dual: np.ndarray) -> None:
        """Bring a dual into the domain of D*, in place."""

    @abstractmethod
    def dual_step(
        self,
        dual: np.ndarray,
        projected: np.ndarray,
        pace: np.ndarray,
        relax: float,
        level: float = 0.0,
    ) -> None:
        """Fused step ``q ← q + ρ (prox_{σ D*}(q + σ projected) − q)``, in place.

        Parameters
        ----------
        dual, projected : ndarray of float32
            q, and the projection.
        pace : ndarray of float32, shape (tilt, y) or (channel, tilt, y)
            σ over the root of the curvature.
        relax : float
            ρ.
        level : float
            What all pixels have in common: ``σ = level + pace √curvature``.
        """
