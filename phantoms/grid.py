"""The voxel grid: how many voxels along (z, y, x), and how large they are."""

from typing import Annotated

import numpy as np
from pydantic import Field, PositiveFloat

from .parameters import Parameters

Count = Annotated[int, Field(ge=1, strict=True)]


class Grid(Parameters):
    """Cubic voxels on a box centred on the origin.

    Parameters
    ----------
    shape : tuple of int
        Voxels along (z, y, x). The beam travels along −z at 0° tilt; the tilt axis is x.
    spacing_nm : float
        Edge of a voxel, nm.

    Examples
    --------
    >>> Grid.cube(4, spacing_nm=5.0).axis_nm(0)
    array([-7.5, -2.5,  2.5,  7.5])
    """

    shape: tuple[Count, Count, Count]
    spacing_nm: PositiveFloat

    @classmethod
    def cube(cls, size: int, *, spacing_nm: float) -> "Grid":
        """Return a grid of `size` voxels along every axis."""
        return cls(shape=(size, size, size), spacing_nm=spacing_nm)

    @property
    def extent_nm(self) -> tuple[float, float, float]:
        """Edges of the box along (z, y, x), nm."""
        nz, ny, nx = self.shape
        return nz * self.spacing_nm, ny * self.spacing_nm, nx * self.spacing_nm

    @property
    def voxel_nm3(self) -> float:
        """Volume of a voxel, nm³."""
        return self.spacing_nm**3

    def axis_nm(self, axis: int) -> np.ndarray:
        """Voxel centres along one axis, nm from the centre of the box, float64."""
        count = self.shape[axis]
        return (np.arange(count) - (count - 1) / 2) * self.spacing_nm

    def points_nm(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Voxel centres as three arrays (z, y, x) that broadcast to `shape`, nm."""
        z, y, x = (self.axis_nm(axis) for axis in range(3))
        return z[:, None, None], y[None, :, None], x[None, None, :]

    def refined(self, factor: int) -> "Grid":
        """Return the grid of the same box with voxels `factor` times as fine."""
        nz, ny, nx = self.shape
        return Grid(shape=(nz * factor, ny * factor, nx * factor), spacing_nm=self.spacing_nm / factor)
