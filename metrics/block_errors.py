"""Standard errors of weighted lines whose residuals are correlated over blocks of pixels."""

import numpy as np

from .particle_pixels import ParticlePixels

_FEWEST_BLOCKS = 8


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


def moment_line(
    counts: np.ndarray,
    z: np.ndarray,
    other: np.ndarray,
    particles: list[ParticlePixels],
    variance_per_count: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit ``counts = a z + b other`` by two moments that noise in the thickness leaves alone.

    Parameters
    ----------
    counts, z, other : numpy.ndarray
        (pixels,) Poisson counts and the two columns, both functions of the measured thickness.
    particles : list of ParticlePixels
        Where the pixels lie.
    variance_per_count : float
        Variance of the counts over their mean; 1 for Poisson.

    Returns
    -------
    coefficients, standard_errors : numpy.ndarray
        (2,) each; errors are cluster-robust, the largest over the block sizes.

    Notes
    -----
    Solves ``Σ r = 0`` and ``Σ c r = Σ c`` for the residual r = c − a z − b·other: the counts are the
    instrument, and the right-hand side is their own variance.
    """
    scale = max(float(np.mean(counts)), 1e-12)
    instruments = np.stack([np.ones_like(counts), counts / scale])
    jacobian = instruments @ np.stack([z, other], axis=1)
    noise = variance_per_count * counts / scale
    known = instruments @ counts - np.array([0.0, noise.sum()])
    inverse = np.linalg.pinv(jacobian)
    coefficients = inverse @ known
    residual = counts - coefficients[0] * z - coefficients[1] * other
    moments = instruments * residual - np.stack([np.zeros_like(counts), noise])
    errors = np.zeros(2)
    for size in block_sizes(particles):
        numbers = block_numbers(particles, size)
        sums = np.stack([np.bincount(numbers, weights=m) for m in inverse @ moments])
        correction = sums.shape[1] / max(sums.shape[1] - 2, 1)
        errors = np.maximum(errors, np.sqrt(correction * np.sum(sums**2, axis=1)))
    return coefficients, errors
