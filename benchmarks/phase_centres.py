"""Centres of phases with what twins say of their errors, beside the truth."""

from dataclasses import dataclass

import numpy as np

from .glass_particle import GlassParticle
from .particle_twins import zinc_fraction

_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class PhaseCentre:
    """The centre of one phase: means over the voxels that the diagram gives to it.

    Parameters
    ----------
    fraction, density : float
        Zinc fraction and metal density, atoms nm⁻³.
    fraction_error, density_error : float
        Standard errors over the twins; NaN without twins.
    fraction_shift, density_shift : float
        Mean over the twins less the model's: the bias that they foretell; NaN without twins.
    true_fraction, true_density : float
        Means of the truth over the same voxels.
    share : float
        Of the interior voxels.
    """

    fraction: float
    density: float
    fraction_error: float
    density_error: float
    fraction_shift: float
    density_shift: float
    true_fraction: float
    true_density: float
    share: float


def phase_centres(particle: GlassParticle) -> list[PhaseCentre]:
    """Return the centre of every phase of a particle's diagram, in its order.

    Notes
    -----
    Twins are averaged over the voxels of the phase as it was found in the data, so that no phase has to be
    found again in them: the standard error leaves out what another assignment of voxels would add.
    """
    diagram, twins = particle.diagram, particle.twins
    where = np.argwhere(diagram.interior)
    found = []
    for index, phase in enumerate(diagram.phases):
        voxels = tuple(where[diagram.labels == index].T)
        true = _means(particle.truth.density("Zn")[voxels], particle.truth.density("Co")[voxels])
        errors, shifts = (_NAN, _NAN), (_NAN, _NAN)
        if twins is not None:
            means = np.array([_means(zn[voxels], co[voxels]) for zn, co in twins.replicates])
            errors = tuple(means.std(axis=0, ddof=1))
            model = _means(twins.model_zn[voxels], twins.model_co[voxels])
            shifts = tuple(means.mean(axis=0) - model)
        found.append(
            PhaseCentre(
                fraction=phase.fraction, density=phase.density,
                fraction_error=float(errors[0]), density_error=float(errors[1]),
                fraction_shift=float(shifts[0]), density_shift=float(shifts[1]),
                true_fraction=float(true[0]), true_density=float(true[1]), share=phase.share,
            )
        )  # fmt: skip
    return found


def _means(zn: np.ndarray, co: np.ndarray) -> np.ndarray:
    """Mean zinc fraction, of voxels that hold metal, and mean metal density."""
    zn, co = zn.astype(np.float64), co.astype(np.float64)
    return np.array([np.nanmean(zinc_fraction(zn, co)), np.mean(zn + co)])
