"""Twins of standards: what segmentation does to a body of known thickness and much the same shape."""

import numpy as np

from ..metrics.particle_pixels import gather_pixels
from ..phantoms import MATERIALS, Grid, Phantom
from .experiment import Experiment
from .standards import Standard, measure_adf
from .thickness_prior import ThicknessPrior

EDGE_PIXELS = 3.0


def twin_phantom(standard: Standard) -> Phantom:
    """Return a homogeneous body within the measured surface of a standard, on voxels half as wide.

    Parameters
    ----------
    standard : Standard
        As measured; its truth is not looked at.

    Returns
    -------
    Phantom
        Of the standard's material and film. The surface is where the reconstruction, linearly
        interpolated, crosses the threshold; a voxel is filled by its distance to it, (V − t)/|∇V|.
    """
    from scipy.ndimage import zoom

    volume = standard.reconstruction.volume
    fine = np.asarray(zoom(volume.astype(np.float32), 2, order=1, mode="nearest", grid_mode=True))
    slope = np.sqrt(sum(np.gradient(fine, axis=axis) ** 2 for axis in range(3)))
    contrast = standard.threshold.high - standard.threshold.low
    distance = (fine - standard.threshold.threshold) / np.maximum(slope, 1e-6 * contrast)
    fill = np.clip(0.5 + distance, 0, 1).astype(np.float32)
    material = MATERIALS[standard.material]
    elements = tuple(material.formula)
    densities = np.stack([fill * np.float32(material.number_density(e)) for e in elements])
    spacing = 0.5 * standard.reconstruction.spacing_nm
    return Phantom(
        grid=Grid(shape=fill.shape, spacing_nm=spacing),
        elements=elements,
        densities=densities,
        fill=fill,
        labels=np.where(fill >= 1, 1, np.where(fill > 0, 255, 0)).astype(np.uint8),
        phase_names=(standard.material,),
        film=standard.film,
    )


def thickness_error_nm(thickness_nm: np.ndarray, true_nm: np.ndarray) -> float:
    """Mean error of a thickness map over the pixels that a cross-section is fitted to, nm."""
    pixels = gather_pixels(true_nm, thickness_nm, 1.0, 1e10, EDGE_PIXELS)[0]
    return float((thickness_nm - true_nm)[pixels.mask].mean())


def prior_from_twins(
    experiment: Experiment, microscope: str, standards: tuple[Standard, ...], *, count: int = 1
) -> ThicknessPrior:
    """Measure on twins what thicknesses are off by, whatever the acquisition.

    Parameters
    ----------
    experiment : Experiment
        As the standards were measured.
    microscope : str
        The same.
    standards : tuple of Standard
        Two at least in all twins together: their scatter is the standard error.
    count : int
        Twins of each standard; each costs as much as measuring the standard.

    Returns
    -------
    ThicknessPrior

    Raises
    ------
    ValueError
        When there are fewer than two twins.

    Notes
    -----
    Parametric bootstrap [1]_: the segmented body is sent through the same simulated ADF series, the
    same reconstruction and the same threshold, and its thickness is known. The mean error is taken for
    the bias of the standards. The scatter of n twins is widened by the error of their mean, √(1 + 1/n),
    and for being known from n − 1 degrees of freedom only, by t/z at 97.5 %. A twin is smoother than its
    standard, so that it finds half to two thirds of a large bias only (docs/calibration.md): half of
    the bias is added to the standard error in quadrature.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap (1993),
       doi:10.1201/9780429246593
    """
    from scipy.special import stdtrit

    number = count * len(standards)
    if number < 2:
        raise ValueError(
            f"`count` times the standards must be at least 2 twins for a scatter, got {number}; raise `count`"
        )
    errors = []
    for standard in standards:
        phantom = twin_phantom(standard)
        true = phantom.fill.sum(axis=0, dtype=np.float64) * phantom.grid.spacing_nm
        true = true.reshape(true.shape[0] // 2, 2, true.shape[1] // 2, 2).mean(axis=(1, 3))
        for k in range(count):
            found = measure_adf(experiment, phantom, microscope, f"{standard.name} twin {k}")
            errors.append(thickness_error_nm(found.thickness_nm, true))
    widened = np.sqrt(1 + 1 / number) * float(stdtrit(number - 1, 0.975)) / 1.96
    bias = float(np.mean(errors))
    return ThicknessPrior(
        bias_nm=bias,
        standard_error_nm=float(np.hypot(np.std(errors, ddof=1) * widened, 0.5 * bias)),
        source=f"{number} twins",
    )
