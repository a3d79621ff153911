"""The surface of a particle of several phases: one edge for each, one mask for all."""

from dataclasses import dataclass

import numpy as np

from .edge_estimate import estimate_edge, jackknife
from .edge_fit import midmean
from .octants import Octants
from .particle_regions import PhaseRegion, Regions


@dataclass(frozen=True, kw_only=True, eq=False)
class PhaseEdge:
    """The edge of one phase of a particle against the background.

    Attributes
    ----------
    level, threshold, standard_error : float
        Level of the phase, threshold of its surface and its standard error, in the units of the volume.
    volume_voxels, volume_standard_error : float
        Voxels of the particle that lie nearest to this phase, and the standard error that the
        threshold's gives them.
    fitted : bool
        Whether an edge was fitted; otherwise the middle between level and background is used, as for
        phases that touch no background.
    thresholds, differences, model : numpy.ndarray
        Bins (n + 1,), −ΔV of the voxels nearest to the phase (n,), and the fit to it (n,); empty
        without a fit.
    """

    level: float
    threshold: float
    standard_error: float
    volume_voxels: float
    volume_standard_error: float
    fitted: bool
    thresholds: np.ndarray
    differences: np.ndarray
    model: np.ndarray


def phase_edges(
    volume: np.ndarray, regions: Regions, phases: list[PhaseRegion], *, errors: bool
) -> tuple[tuple[PhaseEdge, ...], np.ndarray]:
    """Edges phase by phase, and the (z, y, x) mask of what lies above that of the nearest phase.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x).
    regions, phases
        As `find_regions` and `find_phases_of_surface` give them.
    errors : bool
        Estimate the standard errors.
    """
    values = volume.ravel()
    low = midmean(values[regions.far])
    mask = np.zeros(values.size, dtype=bool)
    edges = []
    for phase in phases:
        edge = _edge(volume, regions, phase, low, errors=errors)
        mask |= phase.domain & (values > edge.threshold)
        edges.append(edge)
    return tuple(sorted(edges, key=lambda edge: edge.level)), mask.reshape(volume.shape)


def _edge(volume: np.ndarray, regions: Regions, phase: PhaseRegion, low: float, *, errors: bool) -> PhaseEdge:
    """The edge of one phase, from the voxels that no other phase bleeds into."""
    values = volume.ravel()
    level = midmean(values[phase.core])
    found, error = None, float("nan")
    if np.count_nonzero(regions.far & phase.clear) and np.count_nonzero(phase.core & phase.clear):
        voxels = Octants(volume, phase.core, regions.far, phase.clear)
        found = estimate_edge(voxels)
        if found is not None and found.fitted and errors:
            error = jackknife(voxels, found)
    fitted = found is not None and found.fitted
    nothing = np.zeros(0)
    threshold = found.threshold if found is not None and fitted else 0.5 * (level + low)
    mine = values[phase.domain]
    return PhaseEdge(
        level=level, threshold=threshold, standard_error=error,
        volume_voxels=float(np.count_nonzero(mine > threshold)),
        volume_standard_error=error * slope_at(mine, threshold, level - low),
        fitted=fitted,
        thresholds=found.edges if found is not None and fitted else nothing,
        differences=found.counts if found is not None and fitted else nothing,
        model=found.model if found is not None and fitted else nothing,
    )  # fmt: skip


def slope_at(values: np.ndarray, threshold: float, step: float) -> float:
    """Voxels per unit of threshold, |dV/dt|, within a twentieth of the contrast on either side."""
    width = 0.05 * step
    return float(np.count_nonzero(np.abs(values - threshold) <= width) / (2 * width))


def fitted_sum(edges: tuple[PhaseEdge, ...], bins: np.ndarray) -> np.ndarray:
    """Sum of the fits of all phases in other bins (n + 1,); NaN where none was fitted."""
    centres = 0.5 * (bins[1:] + bins[:-1])
    found = [
        np.interp(
            centres,
            0.5 * (edge.thresholds[1:] + edge.thresholds[:-1]),
            edge.model / np.diff(edge.thresholds),
            left=np.nan,
            right=np.nan,
        )
        for edge in edges
        if edge.fitted
    ]
    if not found:
        return np.full(centres.size, np.nan)
    nowhere = np.isnan(found).all(axis=0)
    return np.where(nowhere, np.nan, np.nansum(found, axis=0) * np.diff(bins))
