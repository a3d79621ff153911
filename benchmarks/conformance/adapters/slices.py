"""Projectors of one slice, put together along the tilt axis."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..beam_geometry import BeamGeometry
from ..linear_map import LinearMap

Slice = Callable[[np.ndarray], np.ndarray]


def stacked_slices(
    geometry: BeamGeometry, *, name: str, forward: Slice, adjoint: Slice | None = None, **stated: Any
) -> LinearMap:
    """Make the operator of a volume from that of one slice across the tilt axis.

    Parameters
    ----------
    geometry : BeamGeometry
        Of the volume.
    name : str
        How reports call it.
    forward, adjoint : callable
        Slice (z, y) to sinogram (tilt, y) and back.
    **stated
        Further fields of `LinearMap`.

    Examples
    --------
    >>> shadow = stacked_slices(BeamGeometry((2, 2, 3), (0.0,)), name="sum along z",
    ...                         forward=lambda part: part.sum(axis=0, keepdims=True))
    >>> shadow.apply(np.ones((2, 2, 3))).shape
    (1, 2, 3)
    """

    def each(function: Slice) -> Slice:
        def call(array: np.ndarray) -> np.ndarray:
            parts = [np.ascontiguousarray(array[..., x]) for x in range(array.shape[2])]
            return np.stack([function(part) for part in parts], axis=-1)

        return call

    return LinearMap(
        name=name,
        domain=geometry.shape,
        range=geometry.series_shape,
        forward=each(forward),
        adjoint=None if adjoint is None else each(adjoint),
        **stated,
    )


def square_slices(geometry: BeamGeometry) -> str | None:
    """Say that slices must be square; None when they are.

    Examples
    --------
    >>> square_slices(BeamGeometry((2, 3, 1), (0.0,)))
    'it takes square slices only'
    """
    return None if geometry.shape[0] == geometry.shape[1] else "it takes square slices only"


def odd_slices(geometry: BeamGeometry) -> str | None:
    """Say that the axis lies in the middle of a voxel, which an even number of them has not.

    Examples
    --------
    >>> odd_slices(BeamGeometry((4, 4, 1), (0.0,)))
    'its axis is the voxel n // 2, the middle of odd sizes only'
    """
    sizes = geometry.shape[0], geometry.shape[1], geometry.series_shape[1]
    if all(size % 2 for size in sizes):
        return None
    return "its axis is the voxel n // 2, the middle of odd sizes only"
