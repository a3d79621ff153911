"""SCICO's linear operators, functionals and X-ray transform."""

from typing import Any

import numpy as np

from ..beam_geometry import BeamGeometry
from ..functional import Functional
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily
from .matrix_like import matrix_like
from .slices import stacked_slices

_ANY_SIZE = (6,)
# Those whose `grad`, which differentiates the value automatically, is a gradient everywhere.
_SMOOTH = {"SquaredL2Norm", "HuberNorm", "SquaredL2Loss", "ZeroFunctional"}


def scico_operator(operator: Any, *, name: str | None = None) -> LinearMap:
    """Turn a ``scico.linop.LinearOperator`` of plain arrays into an operator.

    Parameters
    ----------
    operator : scico.linop.LinearOperator
        Real or complex; complex ones become operators of pairs (real, imaginary).
    name : str, optional
        How reports call it, its class when omitted.

    Raises
    ------
    ValueError
        When it takes or returns block arrays.
    """
    title = name or f"scico.{type(operator).__name__}"
    shapes = tuple(operator.input_shape), tuple(operator.output_shape)
    if not all(isinstance(n, int | np.integer) for shape in shapes for n in shape):
        raise ValueError(f"{title} must take and return plain arrays, not blocks: {shapes}")
    columns, rows = shapes
    into, out = np.dtype(operator.input_dtype), np.dtype(operator.output_dtype)

    def times(x: np.ndarray) -> np.ndarray:
        return np.asarray(operator(_jax(x.astype(into).reshape(columns))))

    def adjoint_times(y: np.ndarray) -> np.ndarray:
        return np.asarray(operator.adj(_jax(y.astype(out).reshape(rows))))

    return matrix_like(
        name=title,
        columns=columns,
        rows=rows,
        dtype=into,
        times=times,
        adjoint_times=adjoint_times,
        complex_in=into.kind == "c",
        complex_out=out.kind == "c",
    )


def scico_functional(
    functional: Any,
    *,
    shape: tuple[int, ...] | None = None,
    name: str | None = None,
    smooth: bool | None = None,
    accuracy: float = 0.0,
) -> Functional:
    """Turn a ``scico.functional.Functional`` into a functional of real arrays.

    Parameters
    ----------
    functional : scico.functional.Functional
        Convex.
    shape : tuple of int, optional
        Of the arrays; six values when omitted.
    name : str, optional
        How reports call it, its class when omitted.
    smooth : bool, optional
        Whether ``grad`` is a gradient everywhere; when omitted, for those that are known to be.
    accuracy : float
        `Functional.prox_accuracy`, for those that compute their step by iteration.
    """
    kind = type(functional).__name__
    smooth = kind in _SMOOTH if smooth is None else smooth

    def array(values: np.ndarray) -> Any:
        return _jax(np.asarray(values, np.float32))

    def prox(x: np.ndarray, step: float) -> np.ndarray:
        return np.asarray(functional.prox(array(x), float(step)))

    def conjugate_prox(p: np.ndarray, step: float) -> np.ndarray:
        return np.asarray(functional.conj_prox(array(p), float(step)))

    return Functional(
        name=name or f"scico.{kind}",
        domain=_ANY_SIZE if shape is None else tuple(shape),
        value=(lambda x: float(functional(array(x)))) if functional.has_eval else None,
        prox=prox if functional.has_prox else None,
        conjugate_prox=conjugate_prox if functional.has_prox else None,
        gradient=(lambda x: np.asarray(functional.grad(array(x)))) if smooth else None,
        dtype="float32",
        prox_accuracy=accuracy,
    )


def xray_transform(*, name: str = "scico.XRayTransform2D", accuracy: float = 0.05) -> ProjectorFamily:
    """Make the family of ``scico.linop.xray.XRayTransform2D``, slice by slice.

    Parameters
    ----------
    name : str
        How reports call it.
    accuracy : float
        As for `ProjectorFamily`; its documentation says that pixels are projected as boxes where they
        are trapezia.

    Notes
    -----
    The shadow of a pixel there may be no wider than a detector bin, so its pixels have to be smaller than
    1/√2 of a bin, whereas voxels and bins of `BeamGeometry` are equally wide. Each voxel is therefore given
    to it as two by two pixels of half its edge.
    """

    def make(geometry: BeamGeometry) -> LinearMap:
        from scico.linop.xray import XRayTransform2D  # pyright: ignore[reportMissingImports]

        nz, ny, _ = geometry.shape
        angles = np.deg2rad(np.array(geometry.angles_deg, np.float64)).astype(np.float32)
        transform = XRayTransform2D((2 * ny, 2 * nz), angles, dx=0.5, det_count=geometry.series_shape[1])
        # It adds up pixels: each is a quarter of a voxel.
        factor = np.float32(0.25 * geometry.spacing_nm)

        def forward(part: np.ndarray) -> np.ndarray:
            fine = np.repeat(np.repeat(part.T, 2, axis=0), 2, axis=1)
            return factor * np.asarray(transform.project(_jax(fine)))

        def adjoint(sinogram: np.ndarray) -> np.ndarray:
            fine = np.asarray(transform.back_project(_jax(sinogram)))
            return factor * fine.reshape(ny, 2, nz, 2).sum(axis=(1, 3)).T

        return stacked_slices(
            geometry, name=name, forward=forward, adjoint=adjoint, claims=frozenset({"positive"})
        )

    return ProjectorFamily(name=name, make=make, claims=frozenset({"positive"}), accuracy=accuracy)


def _jax(values: np.ndarray) -> Any:
    import scico.numpy as snp  # pyright: ignore[reportMissingImports]

    return snp.array(values)
