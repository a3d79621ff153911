"""What an edge-spread threshold comes with: how it was obtained, its errors, and the particle's mask."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from .phase_edges import PhaseEdge


class EsfStatus(Enum):
    """How an edge-spread threshold was obtained; the message names the cure."""

    FITTED = "edge-spread function fitted between the background and the particle mode"
    PHASES = (
        "edge-spread functions fitted phase by phase: the threshold encloses the volume of all phases, "
        "`mask` follows each phase's own surface"
    )
    SMOOTHED = (
        "noise fills the valley between the modes: fitted in the volume blurred by `smoothing_voxels`; use "
        "`mask`, or raise the dose or the regularisation"
    )
    LOCAL = (
        "densities vary too finely for phases to be told apart: the surface lies halfway between the "
        "background and the density below it, place by place; `mask` holds it, finer voxels would tell more"
    )
    THIN = (
        "the particle is nowhere thicker than a few voxels and its blurred surfaces run into each other: the "
        "volume may be off by a tenth or more; finer voxels allow the fit"
    )
    CUT = (
        "what stands out reaches three faces of the array or more: it is cut off, or a support film is "
        "part of it; subtract the film, or crop less tightly"
    )
    MIDPOINT = (
        "too few edge voxels between the modes for a fit: the midpoint of the modes is used; "
        "finer voxels or a larger particle allow the fit"
    )
    FAILED = (
        "no particle stands out from the background: no threshold; raise the dose or the "
        "regularisation, or give a threshold by hand"
    )

    @property
    def message(self) -> str:
        """What happened and what would cure it."""
        return self.value


@dataclass(frozen=True, kw_only=True, eq=False)
class EsfThreshold:
    """An edge-spread threshold with the curve that it comes from.

    Attributes
    ----------
    threshold : float
        Level of the surface, in the units of the volume; NaN if `status` is FAILED. For several phases
        the level that encloses as many voxels as `mask`.
    standard_error : float
        Standard error of the threshold: delete-one jackknife over the eight octants of the particle.
    volume_voxels, volume_standard_error : float
        Voxels of the particle, and the standard error that the threshold's gives it (|dV/dt|·SE).
    status : EsfStatus
        FITTED, PHASES, LOCAL, SMOOTHED, MIDPOINT, THIN, CUT or FAILED, with a message.
    low, high : float
        Background and particle levels b and a of the fitted edge.
    thresholds : numpy.ndarray
        Edges of the threshold bins, (n + 1,).
    volumes : numpy.ndarray
        V(t), voxels above each of `thresholds`, (n + 1,).
    differences : numpy.ndarray
        −ΔV of each bin, (n,), voxels.
    fitted : numpy.ndarray
        The edge-spread fit to `differences`, (n,), NaN outside the fitted window.
    window : tuple of float
        Thresholds between which the edge was fitted.
    mask : numpy.ndarray
        (z, y, x) bool: the particle; what lies above `threshold` in a particle of one phase, above the
        threshold of the nearest phase in one of several, nothing if `status` is FAILED.
    phases : tuple of PhaseEdge
        Edges phase by phase, faintest first; empty for a particle of one phase.
    smoothing_voxels : float
        Blur (Gaussian σ) of the volume in which the surface was found; 0 unless `status` is SMOOTHED.
    frame_share : float
        Share of the array's six faces that lies inside the particle: above 0 it is cut off, and its
        volume is that of the part in view.
    reason : str
        Why there is no threshold; empty if there is one.
    """

    threshold: float
    standard_error: float
    volume_voxels: float
    volume_standard_error: float
    status: EsfStatus
    low: float
    high: float
    thresholds: np.ndarray
    volumes: np.ndarray
    differences: np.ndarray
    fitted: np.ndarray
    window: tuple[float, float]
    mask: np.ndarray
    phases: tuple[PhaseEdge, ...] = ()
    smoothing_voxels: float = 0.0
    frame_share: float = 0.0
    reason: str = ""

    @property
    def relative_volume_error(self) -> float:
        """Standard error of the volume over the volume."""
        return self.volume_standard_error / self.volume_voxels if self.volume_voxels > 0 else float("nan")
