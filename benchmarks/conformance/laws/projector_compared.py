"""How far two projections may be apart that geometry says are the same."""

import numpy as np

from ..beam_geometry import BeamGeometry
from ..finding import Finding
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily
from .operator_rounding import gain, length, rounding
from .projector_cases import mixes_parity

ROUNDED = (
    "(16 + √n) ε g ‖x‖ (1 + h c), g the largest stretch ‖P v‖ / ‖v‖ of x and noise, n the unknowns or data, "
    "in the precision of P: rounding of sums, and of places by ε times the half diagonal h of the volume in "
    "voxels; a weight changes with the place of its voxel by c = 1 per voxel where it is an overlap, and by "
    "c = 1 / |sin α cos α| where it may be the length of a ray"
)


def compared(
    family: ProjectorFamily,
    geometry: BeamGeometry,
    op: LinearMap,
    array: np.ndarray,
    found: np.ndarray,
    wanted: np.ndarray,
    what: str,
) -> Finding:
    """Compare two projections of a volume that should be the same, as `ROUNDED` says.

    Parameters
    ----------
    family : ProjectorFamily
    geometry : BeamGeometry
        Of `op`.
    op : LinearMap
        The projector that made one of them.
    array : ndarray, shape (z, y, x)
        The volume that it projected.
    found, wanted : ndarray of float64
        The two projections.
    what : str
        What was done to one of them, for the note.

    Returns
    -------
    Finding
    """
    error = length(found - wanted)
    size = gain(op, array) * length(array.astype(op.dtype), op.domain_weight)
    limit = rounding(op, size) * (1.0 + _half_diagonal(geometry) * _steepness(family, geometry))
    return Finding(error, limit, f"{what}: off by {error:.6g} of {length(wanted):.6g}")


def _half_diagonal(geometry: BeamGeometry) -> float:
    return 0.5 * float(np.hypot(geometry.shape[0], geometry.shape[1]))


def _steepness(family: ProjectorFamily, geometry: BeamGeometry) -> float:
    """Largest change of a weight, per voxel that its voxel moves across the beam."""
    if mixes_parity(family):
        return 1.0
    # A ray along a grid axis lies in the middle of voxels, where its length does not change.
    doubled = np.abs(np.sin(2.0 * np.deg2rad(geometry.angles_deg)))
    return float(np.max(np.where(doubled > 1e-9, 2.0 / np.maximum(doubled, 1e-9), 1.0)))
