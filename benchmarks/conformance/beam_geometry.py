"""A parallel-beam geometry of one tilt axis: what a projector is made for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BeamGeometry:
    """Volume, tilts and detector.

    Volumes are (z, y, x) and series (tilt, y, x); the tilt axis is x. A point (y, z) measured from the
    centre lands at ``v = y cos α + z sin α``.

    Parameters
    ----------
    shape : tuple of int
        Voxels along (z, y, x).
    angles_deg : tuple of float
        Tilt angles, degrees.
    spacing_nm : float
        Edge of a voxel and of a detector pixel, nm.
    bins : int, optional
        Detector pixels along y, as many as voxels along y when omitted.

    Examples
    --------
    >>> BeamGeometry((4, 6, 2), (0.0, 45.0)).series_shape
    (2, 6, 2)
    """

    shape: tuple[int, int, int]
    angles_deg: tuple[float, ...]
    spacing_nm: float = 1.0
    bins: int | None = None

    @property
    def series_shape(self) -> tuple[int, int, int]:
        """Shape (tilt, y, x) of a projected series."""
        return len(self.angles_deg), self.bins or self.shape[1], self.shape[2]
