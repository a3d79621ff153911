"""Standard errors of weighted lines whose residuals are correlated over blocks of pixels."""

from dataclasses import dataclass

import numpy as np

_FEWEST_BLOCKS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class ParticlePixels:
    """The pixels of one particle that enter a fit.

    Attributes
    ----------
    counts, thickness_nm, per_barn : numpy.ndarray
        (pixels,) counts, thickness, and counts expected per barn of cross-section.
    rows, columns : numpy.ndarray
        (pixels,) where they lie.
    mask : numpy.ndarray
        (y, x) bool: the same.
    density_nm3 : float
        Atoms of the element per nm³.
    """

    counts: np.ndarray
    thickness_nm: np.ndarray
    per_barn: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    mask: np.ndarray
    density_nm3: float

    @property
    def design(self) -> np.ndarray:
        """Columns of the line in (σ, σδ): counts per barn, and per barn and nm of offset; (pixels, 2)."""
        return np.stack([self.per_barn, self.per_barn / self.thickness_nm], axis=1)


def block_sizes(particles: list[ParticlePixels]) -> list[int]:
    """Edges of square blocks, 1, 2, 4, … pixels, as long as eight or more of them are left."""
    sizes = [1]
    while block_count(particles, 2 * sizes[-1]) >= _FEWEST_BLOCKS:
        sizes.append(2 * sizes[-1])
    return sizes


def block_numbers(particles: list[ParticlePixels], size: int) -> np.ndarray:
    """Number of the block of every pixel, counted over all particles."""
    numbers, start = [], 0
    for p in particles:
        key = (p.rows // size) * (p.mask.shape[1] // size + 1) + p.columns // size
        _, inverse = np.unique(key, return_inverse=True)
        numbers.append(inverse + start)
        start += int(inverse.max()) + 1
    return np.concatenate(numbers)


def block_count(particles: list[ParticlePixels], size: int) -> int:
    """Blocks of a given edge over all particles."""
    return int(block_numbers(particles, size).max()) + 1


def block_errors(
    design: np.ndarray, residual: np.ndarray, variance: np.ndarray, particles: list[ParticlePixels]
) -> np.ndarray:
    """Cluster-robust standard errors of the coefficients of a weighted linear fit.

    Parameters
    ----------
    design : numpy.ndarray
        (pixels, coefficients).
    residual, variance : numpy.ndarray
        (pixels,) residuals, and the variances whose inverses were the weights.
    particles : list of ParticlePixels
        Where the pixels lie.

    Returns
    -------
    numpy.ndarray
        (coefficients,): the largest over the block sizes, as in blocking analysis [1]_.

    References
    ----------
    .. [1] H. Flyvbjerg, H. G. Petersen, J. Chem. Phys. 91, 461 (1989), doi:10.1063/1.457480
    """
    bread = np.linalg.pinv(design.T @ (design / variance[:, None]))
    scores = design * (residual / variance)[:, None]
    errors = np.zeros(design.shape[1])
    for size in block_sizes(particles):
        numbers = block_numbers(particles, size)
        sums = np.stack([np.bincount(numbers, weights=column) for column in scores.T], axis=1)
        correction = len(sums) / max(len(sums) - design.shape[1], 1)
        covariance = correction * bread @ (sums.T @ sums) @ bread
        errors = np.maximum(errors, np.sqrt(np.diag(covariance)))
    return errors
