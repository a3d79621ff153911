"""What twins say of the bias of a phase's centre, and where the centre truly is."""

from dataclasses import dataclass

import numpy as np

from .glass_particle import GlassParticle
from .particle_twins import zinc_fraction

_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class PhaseCentre:
    """The centre of one phase: zinc fraction and metal density, means over the voxels of the phase.

    Parameters
    ----------
    fraction_shift, density_shift : float
        Mean over the twins less the model's: the bias that they foretell; NaN without twins.
    true_fraction, true_density : float
        Means of the truth over the same voxels.
    """

    fraction_shift: float
    density_shift: float
    true_fraction: float
    true_density: float


def phase_centres(particle: GlassParticle) -> list[PhaseCentre]:
    """Return the centre of every phase of a particle's diagram, in its order.

    Notes
    -----
    Twins are averaged over the voxels of the phase as it was found in the data, so that no phase has to be
    found again in them.
    """
    diagram, twins = particle.diagram, particle.twins
    where = np.argwhere(diagram.interior)
    found = []
    for index in range(len(diagram.phases)):
        voxels = tuple(where[diagram.labels == index].T)
        true = _means(particle.truth.density("Zn")[voxels], particle.truth.density("Co")[voxels])
        shift = (_NAN, _NAN)
        if twins is not None:
            means = [_means(zn[voxels], co[voxels]) for zn, co in twins.replicates]
            shift = np.mean(means, axis=0) - _means(twins.model_zn[voxels], twins.model_co[voxels])
        found.append(
            PhaseCentre(
                fraction_shift=float(shift[0]),
                density_shift=float(shift[1]),
                true_fraction=float(true[0]),
                true_density=float(true[1]),
            )
        )
    return found


def _means(zn: np.ndarray, co: np.ndarray) -> np.ndarray:
    """Mean zinc fraction, of voxels that hold metal, and mean metal density."""
    zn, co = zn.astype(np.float64), co.astype(np.float64)
    return np.array([np.nanmean(zinc_fraction(zn, co)), np.mean(zn + co)])
