"""PyLops' linear operators."""

from typing import Any

import numpy as np

from ..beam_geometry import BeamGeometry
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily
from .matrix_like import in_shape, matrix_like
from .slices import stacked_slices


def pylops_operator(
    operator: Any, *, shape: tuple[int, ...] | None = None, name: str | None = None
) -> LinearMap:
    """Turn a ``pylops.LinearOperator`` into an operator of arrays of its ``dims`` and ``dimsd``.

    Parameters
    ----------
    operator : pylops.LinearOperator
        Real or complex; complex ones become operators of pairs (real, imaginary).
    shape : tuple of int, optional
        In which its flat vectors are seen, ``operator.dims`` when omitted.
    name : str, optional
        How reports call it, its class when omitted.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> twice = SimpleNamespace(shape=(4, 4), dims=(2, 2), dimsd=(2, 2), dtype="float32",
    ...                         matvec=lambda x: 2 * x, rmatvec=lambda y: 2 * y)
    >>> pylops_operator(twice).apply(np.ones((2, 2))).tolist()
    [[2.0, 2.0], [2.0, 2.0]]
    """
    title = name or f"pylops.{type(operator).__name__}"
    rows, columns = operator.shape
    seen = shape or tuple(getattr(operator, "dims", (columns,)))
    return matrix_like(
        name=title,
        columns=in_shape(seen, columns, title),
        rows=tuple(getattr(operator, "dimsd", (rows,))),
        dtype=operator.dtype,
        times=operator.matvec,
        adjoint_times=operator.rmatvec,
    )


def computed_tomography(
    angles: str = "radians", *, name: str | None = None, accuracy: float = 0.02
) -> ProjectorFamily:
    """Make the family of ``pylops.medical.CT2D`` on the CPU, ASTRA's strips, slice by slice.

    Parameters
    ----------
    angles : {"radians", "degrees"}
        What it is given as ``thetas``: its docstring says degrees, ASTRA takes them for radians.
    name : str, optional
        How reports call it.
    accuracy : float
        As for `ProjectorFamily`.

    Raises
    ------
    ValueError
        When `angles` is neither.
    """
    if angles not in ("radians", "degrees"):
        raise ValueError(f"`angles` must be 'radians' or 'degrees', got {angles!r}")
    title = name or f"pylops.CT2D ({angles})"

    def make(geometry: BeamGeometry) -> LinearMap:
        from pylops.medical import CT2D  # pyright: ignore[reportMissingImports]

        # Rows of its images run downwards, as those of ASTRA.
        tilts = -np.array(geometry.angles_deg, np.float64)
        thetas = np.deg2rad(tilts) if angles == "radians" else tilts
        nz, ny, _ = geometry.shape
        edge, bins = np.float32(geometry.spacing_nm), geometry.series_shape[1]
        operator = CT2D((nz, ny), 1.0, bins, thetas, engine="cpu")

        def forward(part: np.ndarray) -> np.ndarray:
            return edge * np.asarray(operator @ part)

        def adjoint(sinogram: np.ndarray) -> np.ndarray:
            return edge * np.asarray(operator.H @ sinogram)

        return stacked_slices(geometry, name=title, forward=forward, adjoint=adjoint)

    return ProjectorFamily(name=title, make=make, accuracy=accuracy)
