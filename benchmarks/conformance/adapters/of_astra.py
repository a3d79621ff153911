"""ASTRA's projectors on the CPU, by name or as OpTomo objects."""

import weakref
from typing import Any

import numpy as np

from ..beam_geometry import BeamGeometry
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily
from .matrix_like import matrix_like
from .slices import stacked_slices

# What ASTRA's manual says of each kernel: https://astra-toolbox.com/docs/proj2d.html
CLAIMS = {
    "strip": frozenset({"positive", "mass"}),
    "line": frozenset({"positive", "line_integrals"}),
    "linear": frozenset({"positive", "line_integrals"}),
}


def astra_operator(
    operator: Any, *, shape: tuple[int, ...] | None = None, name: str | None = None
) -> LinearMap:
    """Turn an ``astra.OpTomo`` into an operator of arrays of its ``vshape`` and ``sshape``.

    Parameters
    ----------
    operator : astra.OpTomo
        Of a 2D or 3D projector.
    shape : tuple of int, optional
        Has to be that of its volume where it is given.
    name : str, optional
        How reports call it.

    Raises
    ------
    ValueError
        When `shape` is not that of its volume.
    """
    columns = tuple(operator.vshape)
    if shape is not None and tuple(shape) != columns:
        raise ValueError(f"`shape` must be that of the volume, {columns}, got {tuple(shape)}")
    return matrix_like(
        name=name or "astra.OpTomo",
        columns=columns,
        rows=tuple(operator.sshape),
        dtype="float32",
        times=lambda x: operator.FP(x),
        adjoint_times=lambda y: operator.BP(y),
    )


def astra_projector(kernel: str, *, name: str | None = None, accuracy: float = 0.02) -> ProjectorFamily:
    """Make the family of one of ASTRA's 2D kernels on the CPU, slice by slice.

    Parameters
    ----------
    kernel : {"strip", "line", "linear"}
        ASTRA's name of it.
    name : str, optional
        How reports call it.
    accuracy : float
        As for `ProjectorFamily`.

    Raises
    ------
    ValueError
        When the kernel is not one of these.

    Notes
    -----
    ASTRA's image has rows from the top down, so z upwards turns its angles round: it is given −α.

    Examples
    --------
    >>> sorted(astra_projector("strip").claims)
    ['mass', 'positive']
    """
    if kernel not in CLAIMS:
        raise ValueError(f"`kernel` must be one of {', '.join(CLAIMS)}, got {kernel!r}")
    title = name or f"astra.{kernel}"

    def make(geometry: BeamGeometry) -> LinearMap:
        import astra  # pyright: ignore[reportMissingImports]

        nz, ny, _ = geometry.shape
        grid = astra.create_vol_geom(nz, ny)
        angles = -np.deg2rad(np.array(geometry.angles_deg, np.float64))
        beams = astra.create_proj_geom("parallel", 1.0, geometry.series_shape[1], angles)
        number = astra.create_projector(kernel, beams, grid)
        strips = astra.OpTomo(number)
        edge = np.float32(geometry.spacing_nm)
        made = stacked_slices(
            geometry,
            name=title,
            # Lengths are in voxels there.
            forward=lambda part: edge * strips.FP(part),
            adjoint=lambda sinogram: edge * strips.BP(sinogram),
            claims=CLAIMS[kernel] & {"positive"},
        )
        # ASTRA keeps projectors until it is told not to.
        weakref.finalize(strips, astra.projector.delete, number)
        return made

    return ProjectorFamily(name=title, make=make, claims=CLAIMS[kernel], accuracy=accuracy)
