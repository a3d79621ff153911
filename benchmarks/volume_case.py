"""One particle under one acquisition, with what its photons allow: the ground of comparisons of volumes."""

from dataclasses import dataclass

import numpy as np

from ..forward import MICROSCOPES, TiltSeries, draw_counts, expected_counts
from ..metrics.efficiency import Efficiency, statistical_efficiency
from ..metrics.interior import depth_inside
from ..phantoms import Phantom
from ..recon.region_fit import fit_regions
from .design import Design
from .design.trial import draw_truth

LINE = "Zn_Ka"
ELEMENT = "Zn"
# Voxels from any other phase, and from the vacuum, at which a region's mean is taken.
_DEPTH = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One particle under one acquisition: its truth and what its series records on average.

    Attributes
    ----------
    truth : Phantom
        On the grid of the reconstruction.
    expected : TiltSeries
        Expected counts of the zinc line.
    cross_section_barn : dict
        The true ones: calibration is no part of this.
    phases : tuple of str
        Those that hold zinc.
    regions : numpy.ndarray
        (phase, z, y, x) zinc of each voxel over the mean zinc density of its phase: partly filled voxels
        count in part.
    interiors : numpy.ndarray
        (phase, z, y, x) bool: voxels of a phase well away from all others.
    bound_variance : numpy.ndarray
        (phase,) Cramér–Rao bound of the zinc densities of the phases, their shapes known.
    """

    truth: Phantom
    expected: TiltSeries
    cross_section_barn: dict[str, float]
    phases: tuple[str, ...]
    regions: np.ndarray
    interiors: np.ndarray
    bound_variance: np.ndarray

    @property
    def density(self) -> np.ndarray:
        """True zinc atoms nm⁻³ (z, y, x)."""
        return self.truth.density(ELEMENT)

    @property
    def true_means(self) -> np.ndarray:
        """(phase,) mean density of the interiors, nm⁻³."""
        return np.array([float(self.density[part].mean(dtype=np.float64)) for part in self.interiors])

    @property
    def spacing_nm(self) -> float:
        """Edge of a voxel."""
        return self.truth.grid.spacing_nm


def make_case(design: Design, *, seed: int = 0) -> Case:
    """Draw the particle of a design and compute what its series records on average.

    Parameters
    ----------
    design : Design
        Specimen, beam, tilts and instrument; its reconstruction is not looked at.
    seed : int
        Of the particle.
    """
    fine = draw_truth(design.specimen, replicate=0, seed=seed)
    both = expected_counts(fine, design.acquisition)
    expected = both.channel(LINE)
    truth = fine.downsampled(2)
    phases, interiors = _deep_phases(truth)
    regions = _shares(truth, phases)
    sections = {LINE: MICROSCOPES[design.instrument.microscope].cross_section_barn[LINE]}
    bound = fit_regions(expected, regions, cross_section_barn=sections).covariance[0]
    return Case(
        truth=truth,
        expected=expected,
        cross_section_barn=sections,
        phases=phases,
        regions=regions,
        interiors=interiors,
        bound_variance=np.diagonal(bound).copy(),
    )


def fitted_regions(case: Case, *, replicates: int = 8, seed: int = 0) -> Efficiency:
    """Efficiency of fitting the phases' densities straight to the counts, their shapes known."""
    means = [
        fit_regions(
            draw_counts(case.expected, rng=np.random.default_rng([seed, number])),
            case.regions,
            cross_section_barn=case.cross_section_barn,
        ).densities[0]
        for number in range(replicates)
    ]
    return statistical_efficiency(np.array(means), case.bound_variance, truth=case.true_means)


def _deep_phases(truth: Phantom) -> tuple[tuple[str, ...], np.ndarray]:
    """Phases that hold zinc and are thick enough, with the mask of the interior of each."""
    phases, interiors = [], []
    for label, name in enumerate(truth.phase_names, start=1):
        interior = depth_inside(truth.labels == label) >= _DEPTH
        if interior.any() and truth.density(ELEMENT)[interior].mean() > 0:
            phases.append(name)
            interiors.append(interior)
    if not phases:
        raise ValueError(
            f"a phase with zinc must be {2 * _DEPTH:g} voxels thick: take more voxels or another seed"
        )
    return tuple(phases), np.stack(interiors)


def _shares(truth: Phantom, phases: tuple[str, ...]) -> np.ndarray:
    """Zinc of each voxel over the mean density of its phase, or of the nearest one where it has none."""
    from scipy.ndimage import distance_transform_edt

    density = truth.density(ELEMENT).astype(np.float64)
    labels = [1 + truth.phase_names.index(name) for name in phases]
    # Labels are kept where a voxel lies wholly in a phase; the others go to the nearest.
    nearest = np.asarray(
        distance_transform_edt(~np.isin(truth.labels, labels), return_distances=False, return_indices=True)
    )
    owner = truth.labels[tuple(nearest)]
    shares = [
        np.where(owner == label, density, 0.0) / density[truth.labels == label].mean() for label in labels
    ]
    return np.stack(shares).astype(np.float32)
