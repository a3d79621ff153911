"""Precision and bias of reconstructed densities inside single phases of the truth."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .checks import as_volume, same_shape
from .interior import depth_inside

if TYPE_CHECKING:
    from ..phantoms import Phantom


@dataclass(frozen=True, kw_only=True)
class Precision:
    """Spread and bias of zinc fraction and density over one or several single-phase regions.

    Attributes
    ----------
    zn_fraction_2sigma, density_2sigma : float
        Twice the standard deviation of reconstructed minus true; density in atoms nm⁻³.
    zn_fraction_bias, density_bias : float
        Mean of reconstructed minus true.
    voxels : int
        Voxels judged.
    phases : dict of str to Precision
        The same for each phase alone; empty in those.
    """

    zn_fraction_2sigma: float
    density_2sigma: float
    zn_fraction_bias: float
    density_bias: float
    voxels: int
    phases: dict[str, "Precision"]

    def as_dict(self) -> dict[str, float]:
        """The four pooled figures under the keys of ``summary.json``."""
        keys = ("zn_fraction_2sigma", "density_2sigma", "zn_fraction_bias", "density_bias")
        return {key: getattr(self, key) for key in keys}


def precision(zn: np.ndarray, co: np.ndarray, phantom: "Phantom", *, depth: float = 3.0) -> Precision:
    """Compare reconstructed densities with the truth inside single-phase regions.

    Parameters
    ----------
    zn, co : numpy.ndarray
        (z, y, x) reconstructed densities, atoms nm⁻³, on the grid of `phantom`.
    phantom : Phantom
        The truth on the same grid, with elements "Zn" and "Co".
    depth : float
        Voxels that a judged voxel must lie inside its phase. Three voxels are more than twice the
        Gaussian width of a reconstruction with a resolution (FWHM) of three: what the edges of a
        region bleed into it is then below 1 %, so that the figure is the precision of the region
        and not of its edges.

    Returns
    -------
    Precision
        NaN where no voxel lies that deep.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if not depth >= 0:
        raise ValueError(f"`depth` must not be negative, got {depth}")
    zn, co = (as_volume(n, v).astype(np.float64) for n, v in (("zn", zn), ("co", co)))
    same_shape(zn=zn, co=co, labels=phantom.labels)
    total = zn + co
    fraction = np.divide(zn, total, out=np.full(total.shape, np.nan), where=total > 0)
    fraction_error = fraction - phantom.fraction("Zn", ("Zn", "Co"))
    density_error = total - (phantom.density("Zn").astype(np.float64) + phantom.density("Co"))
    regions = {}
    for index, name in enumerate(phantom.phase_names, start=1):
        regions[name] = depth_inside(phantom.labels == index, frame=False) > depth
    single = {name: _precision(fraction_error, density_error, mask, {}) for name, mask in regions.items()}
    pooled = np.any(list(regions.values()), axis=0) if regions else np.zeros(zn.shape, dtype=bool)
    return _precision(fraction_error, density_error, pooled, single)


def _precision(
    fraction_error: np.ndarray, density_error: np.ndarray, mask: np.ndarray, phases: dict[str, Precision]
) -> Precision:
    fractions, densities = fraction_error[mask], density_error[mask]
    # A voxel that was reconstructed empty has no fraction; its density error still counts.
    fractions = fractions[np.isfinite(fractions)]
    some = fractions.size > 1
    return Precision(
        zn_fraction_2sigma=2 * float(np.std(fractions)) if some else np.nan,
        density_2sigma=2 * float(np.std(densities)) if densities.size > 1 else np.nan,
        zn_fraction_bias=float(np.mean(fractions)) if some else np.nan,
        density_bias=float(np.mean(densities)) if densities.size > 1 else np.nan,
        voxels=int(densities.size),
        phases=phases,
    )
