"""scikit-image's radon and iradon as a projector, and its TV denoising as a proximal step."""

from typing import Any

import numpy as np

from ..beam_geometry import BeamGeometry
from ..functional import Functional
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily
from .slices import odd_slices, square_slices, stacked_slices


def radon_pair(*, name: str = "skimage radon, iradon", accuracy: float = 0.02) -> ProjectorFamily:
    """Make the family of ``skimage.transform.radon`` with unfiltered ``iradon`` as the way back.

    Parameters
    ----------
    name : str
        How reports call it.
    accuracy : float
        As for `ProjectorFamily`.

    Notes
    -----
    ``iradon(filter_name=None)`` ends in a factor π / (2 tilts), that of filtered back projection; it is
    taken out, so that what is left is the plain sum over the tilts that a transpose would be. scikit-image
    nowhere says that it is one. Its axis is the pixel n // 2, so only odd sizes have the geometry of
    `BeamGeometry`, and images must be square.

    Examples
    --------
    >>> radon_pair().declines(BeamGeometry((4, 4, 1), (0.0,)))
    'its axis is the voxel n // 2, the middle of odd sizes only'
    """

    def make(geometry: BeamGeometry) -> LinearMap:
        from skimage.transform import iradon, radon

        n, bins, edge = geometry.shape[1], geometry.series_shape[1], geometry.spacing_nm
        angles = -np.array(geometry.angles_deg, np.float64)
        plain: dict[str, Any] = {"filter_name": None}

        def forward(part: np.ndarray) -> np.ndarray:
            return edge * _about_middle(radon(part, theta=angles, circle=False), bins).T

        def adjoint(sinogram: np.ndarray) -> np.ndarray:
            summed = iradon(sinogram.T, theta=angles, output_size=n, circle=False, **plain)
            return edge * summed * (2 * len(angles) / np.pi)

        return stacked_slices(geometry, name=name, forward=forward, adjoint=adjoint)

    return ProjectorFamily(name=name, make=make, declines=_declines, accuracy=accuracy)


def _declines(geometry: BeamGeometry) -> str | None:
    return square_slices(geometry) or odd_slices(geometry)


def _about_middle(sinogram: np.ndarray, bins: int) -> np.ndarray:
    """Rows of a sinogram (bin, tilt) about the axis, at ``len // 2``: as many as there are bins."""
    middle, half = sinogram.shape[0] // 2, bins // 2
    short = max(0, half - middle, middle + half + 1 - sinogram.shape[0])
    padded = np.pad(sinogram, ((short, short), (0, 0)))
    return padded[short + middle - half : short + middle + half + 1]


def chambolle(
    *, shape: tuple[int, ...] = (6, 5), name: str = "skimage denoise_tv_chambolle", iterations: int = 2000
) -> Functional:
    """Make the proximal step of total variation of ``skimage.restoration.denoise_tv_chambolle``.

    Parameters
    ----------
    shape : tuple of int
        Of the images.
    name : str
        How reports call it.
    iterations : int
        Those that it may take; it stops earlier where the relative change of its objective is 1e-7.

    Notes
    -----
    Its step minimises ``weight Σ|∇z| + ½ ‖z − x‖²`` with forward differences that vanish at the far faces.
    A change of the objective below 1e-7 says nothing of the distance to the minimum: the objective is
    strongly convex, so an excess δ allows ``‖z − prox‖ ≤ √(2δ)``, and 2 % of ‖x‖ are allowed.

    Examples
    --------
    >>> flat = chambolle(shape=(2, 2), iterations=50).prox(np.ones((2, 2)), 1.0)
    >>> np.allclose(flat, 1.0)
    True
    """

    def value(x: np.ndarray) -> float:
        steps = np.zeros((x.ndim, *x.shape))
        for axis in range(x.ndim):
            inner = (axis, *(slice(-1) if other == axis else slice(None) for other in range(x.ndim)))
            steps[inner] = np.diff(x, axis=axis)
        return float(np.sqrt(np.square(steps).sum(axis=0)).sum())

    def prox(x: np.ndarray, step: float) -> np.ndarray:
        from skimage.restoration import denoise_tv_chambolle

        return denoise_tv_chambolle(x, weight=step, eps=1e-7, max_num_iter=iterations)

    return Functional(
        name=name,
        domain=shape,
        value=value,
        prox=prox,
        dtype="float64",
        prox_accuracy=0.02,
        claims=frozenset({"homogeneous", "even"}),
    )
