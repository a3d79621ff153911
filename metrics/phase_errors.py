"""Errors of the phases of a diagram: of their centres, their shares, and what noise adds to their spread."""

from dataclasses import replace

import numpy as np

from .density_peaks import DensityPeaks
from .phases import Phase
from .voxel_covariance import VoxelErrors

_BLOCK_VOXELS = 8


def errors_from_replicates(
    phases: tuple[Phase, ...],
    labels: np.ndarray,
    points: np.ndarray,
    errors: VoxelErrors,
    peaks: DensityPeaks,
    basins: np.ndarray,
) -> tuple[Phase, ...]:
    """Phases with the errors that replicates of their voxels show.

    Parameters
    ----------
    phases, labels, basins
        As `phases_of` returns them.
    points : numpy.ndarray
        (metals, n) of the diagram.
    errors : VoxelErrors
        Of the same voxels.
    peaks : DensityPeaks
        That assigns points to phases.

    Returns
    -------
    tuple of Phase

    Notes
    -----
    A centre scatters as the means of the same voxels do over the replicates, which counts every
    correlation between voxels. A share scatters as the share that is assigned to the phase when the
    diagram is displaced by each replicate's deviation from the replicates' mean. The intrinsic
    covariance is the observed one less the mean noise covariance of the phase's voxels, with negative
    eigenvalues set to zero: the moment form of deconvolving one Gaussian [1]_. Voxels below the
    floor of `find_phases` are missing from the observed covariance, which takes 16 % off the
    variance of a Gaussian phase of two metals.

    References
    ----------
    .. [1] J. Bovy, D. W. Hogg, S. T. Roweis, Ann. Appl. Stat. 5, 1657 (2011), doi:10.1214/10-AOAS439
    """
    deviations = errors.replicates - errors.mean
    shares = np.zeros((len(deviations), len(phases)))
    for draw, deviation in enumerate(deviations):
        owner = peaks.assign(points + deviation)
        shares[draw] = [np.mean(owner == basin) for basin in basins]
    found = []
    for index, phase in enumerate(phases):
        held = labels == index
        centres = errors.replicates[:, :, held].mean(axis=2, dtype=np.float64)
        noise = errors.covariance[held].mean(axis=0)
        found.append(
            replace(
                phase,
                centre_covariance=np.cov(centres.T),
                noise_covariance=noise,
                intrinsic_covariance=positive_part(phase.covariance - noise),
                share_error=float(np.std(shares[:, index], ddof=1)),
                errors_from="replicates",
            )
        )
    return tuple(found)


def errors_from_blocks(
    phases: tuple[Phase, ...],
    labels: np.ndarray,
    points: np.ndarray,
    interior: np.ndarray,
    *,
    block_voxels: int = _BLOCK_VOXELS,
) -> tuple[Phase, ...]:
    """Phases with standard errors of their centres from cubes of the volume.

    Parameters
    ----------
    phases, labels, points
        As for `errors_from_replicates`.
    interior : numpy.ndarray
        (z, y, x) bool: where the points lie.
    block_voxels : int
        Edge of a cube; several times the resolution, so that cubes are as good as independent.

    Returns
    -------
    tuple of Phase
        Unchanged where a phase lies in fewer than three cubes.

    Notes
    -----
    The delete-one-block jackknife [1]_ of the mean over the phase's voxels. One particle does not
    tell noise from a phase that varies through it: the error counts both, as if the particle were
    one sample of a larger whole, and says nothing of a bias that all of the phase shares.

    References
    ----------
    .. [1] H. R. Künsch, Ann. Stat. 17, 1217 (1989), doi:10.1214/aos/1176347265
    """
    places = np.argwhere(interior) // block_voxels
    _, block = np.unique(places @ [1 << 40, 1 << 20, 1], return_inverse=True)
    found = []
    for index, phase in enumerate(phases):
        held = labels == index
        counts = np.bincount(block[held])
        used = counts > 0
        if np.count_nonzero(used) < 3:
            found.append(phase)
            continue
        sums = np.stack([np.bincount(block[held], weights=axis[held]) for axis in points])[:, used]
        without = (sums.sum(axis=1, keepdims=True) - sums) / (counts.sum() - counts[used])
        blocks = without.shape[1]
        covariance = np.cov(without, ddof=0) * (blocks - 1)
        found.append(replace(phase, centre_covariance=covariance, errors_from="blocks"))
    return tuple(found)


def positive_part(matrix: np.ndarray) -> np.ndarray:
    """Nearest symmetric matrix without negative eigenvalues.

    Examples
    --------
    >>> positive_part(np.diag([2.0, -1.0])).tolist()
    [[2.0, 0.0], [0.0, 0.0]]
    """
    values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    return (vectors * np.maximum(values, 0.0)) @ vectors.T
