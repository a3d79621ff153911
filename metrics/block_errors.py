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
        (2,) each; errors from leaving out one block at a time, the largest over the block sizes.

    Notes
    -----
    Solves ``Σ r = 0`` and ``Σ c r = Σ c`` for the residual r = c − a z − b·other: the counts are the
    instrument, and the right-hand side is their own variance. The jackknife [1]_ over blocks holds with
    few blocks too, where residuals, which the fit has made small, would promise too much.

    References
    ----------
    .. [1] B. Efron, C. Stein, Ann. Statist. 9, 586 (1981), doi:10.1214/aos/1176345462
    """
    matrices, targets = _moments(counts, z, other, variance_per_count)
    matrix, target = matrices.sum(axis=-1), targets.sum(axis=-1)
    coefficients = _solved(matrix, target)
    errors = np.zeros(2)
    for size in block_sizes(particles):
        numbers = block_numbers(particles, size)
        parts = [np.bincount(numbers, weights=row) for row in (*matrices.reshape(4, -1), *targets)]
        blocks = np.stack(parts, axis=-1)
        without = _solved(matrix - blocks[:, :4].reshape(-1, 2, 2), target - blocks[:, 4:])
        spread = np.sum((without - without.mean(axis=0)) ** 2, axis=0)
        errors = np.maximum(errors, np.sqrt((len(blocks) - 1) / len(blocks) * spread))
    return coefficients, errors


def moment_coefficients(counts: np.ndarray, z: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Coefficients of `moment_line` for counts without noise, (2,)."""
    matrices, targets = _moments(counts, z, other, 0.0)
    return _solved(matrices.sum(axis=-1), targets.sum(axis=-1))


def _solved(matrix: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Solve one or many 2 × 2 systems; the shortest solution where one is singular."""
    determinant = matrix[..., 0, 0] * matrix[..., 1, 1] - matrix[..., 0, 1] * matrix[..., 1, 0]
    scale = np.abs(matrix[..., 0, 0] * matrix[..., 1, 1]) + np.abs(matrix[..., 0, 1] * matrix[..., 1, 0])
    if (np.abs(determinant) <= 1e-13 * scale).any():
        return np.einsum("...ij,...j->...i", np.linalg.pinv(matrix), target)
    first = target[..., 0] * matrix[..., 1, 1] - target[..., 1] * matrix[..., 0, 1]
    second = target[..., 1] * matrix[..., 0, 0] - target[..., 0] * matrix[..., 1, 0]
    return np.stack([first, second], axis=-1) / determinant[..., None]


def _moments(
    counts: np.ndarray, z: np.ndarray, other: np.ndarray, variance_per_count: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrix of the moments, (2, 2, pixels), and their right-hand side, (2, pixels)."""
    scale = max(float(np.mean(counts)), 1e-12)
    instruments = np.stack([np.ones_like(counts), counts / scale])
    noise = np.stack([np.zeros_like(counts), variance_per_count * counts / scale])
    return instruments[:, None] * np.stack([z, other])[None], instruments * counts - noise


def excess_error(
    residual: np.ndarray, fitted_sum: float, counting_variance: float, particle: ParticlePixels
) -> float:
    """Relative standard error of a ratio of sums that counting alone does not explain.

    Parameters
    ----------
    residual : numpy.ndarray
        (pixels,) counts minus fit, summing to zero.
    fitted_sum : float
        Sum of the fit.
    counting_variance : float
        Variance that counting gives the sum of the residuals.
    particle : ParticlePixels
        Where the pixels lie.

    Returns
    -------
    float
        Root of the largest excess of the variance from blocks over that of counting, over the sum of
        the fit.

    Notes
    -----
    The variance from B blocks of pure counting noise itself scatters by √(2/(B − 1)) of its value.
    The largest of several such variances lies above counting by about that much even where there is
    nothing else, so that much is taken off.
    """
    largest = 0.0
    for size in block_sizes([particle]):
        sums = np.bincount(block_numbers([particle], size), weights=residual)
        count = len(sums)
        if count < 2:
            continue
        variance = count / (count - 1) * float(sums @ sums)
        chance = counting_variance * (1 + np.sqrt(2 / (count - 1)))
        largest = max(largest, variance - chance)
    return float(np.sqrt(largest)) / abs(fitted_sum)
