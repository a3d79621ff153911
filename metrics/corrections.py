"""Corrections of a phase diagram for what blurs it: the bias of the reconstruction, and noise."""

from collections.abc import Sequence

import numpy as np

from ..phantoms.table import Table
from .phases import Phase

CORRECTIONS: Table[str] = Table(
    "correction",
    {
        "bias": "every voxel less the bias that twins show: their mean less the model they were made from",
        "noise": "every phase's cloud of voxels narrowed to its covariance without noise",
    },
)
"""Name to what is done, in the order in which they are done."""


def known_corrections(names: Sequence[str]) -> tuple[str, ...]:
    """Return the corrections in the order in which they are done; unknown ones are refused."""
    if isinstance(names, str):
        raise TypeError(
            f"`corrections` must be a sequence of names, got the string {names!r}; write [{names!r}]"
        )
    for name in names:
        CORRECTIONS[name]
    return tuple(name for name in CORRECTIONS if name in set(names))


def without_bias(points: np.ndarray, mean: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Points of a diagram less the bias of its twins, back inside the range of fractions.

    Parameters
    ----------
    points : numpy.ndarray
        (metals, n) of the data.
    mean : numpy.ndarray
        (metals, n) mean of the twins.
    model : numpy.ndarray
        (metals, n) of the volumes that the twins were made from.

    Returns
    -------
    numpy.ndarray
        (metals, n).

    Notes
    -----
    The bootstrap's estimate of bias [1]_. With the reconstruction itself as the model this is Tukey's
    twicing [2]_.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, Chapman & Hall (1993), ch. 10.
    .. [2] J. W. Tukey, Exploratory Data Analysis, Addison-Wesley (1977), ch. 16.

    Examples
    --------
    >>> point = np.array([[0.1], [5.0]])
    >>> without_bias(point, mean=np.array([[0.2], [4.5]]), model=np.array([[0.0], [5.0]])).tolist()
    [[0.0], [5.5]]
    """
    better = points - (mean - model)
    fractions = np.maximum(np.vstack([better[:-1], 1.0 - better[:-1].sum(axis=0)]), 0.0)
    fractions /= fractions.sum(axis=0)
    return np.vstack([fractions[:-1], np.maximum(better[-1:], 0.0)])


def without_noise(points: np.ndarray, labels: np.ndarray, phases: Sequence[Phase]) -> np.ndarray:
    """Points of a diagram with each phase narrowed to its intrinsic covariance.

    Parameters
    ----------
    points : numpy.ndarray
        (metals, n).
    labels : numpy.ndarray
        (n,) index of each point's phase, −1 for none: those stay where they are.
    phases : sequence of Phase
        With `intrinsic_covariance`.

    Returns
    -------
    numpy.ndarray
        (metals, n); the mean of each phase stays.

    Notes
    -----
    The linear map that carries a Gaussian of the observed covariance C to one of the intrinsic V by
    the least displacement, ``A = C^(-1/2) (C^(1/2) V C^(1/2))^(1/2) C^(-1/2)`` [1]_. A posterior mean
    would pull every voxel in further, and leave a cloud narrower than the truth: for the shape of a
    distribution, as against the best guess of each member, the covariance must come out right [2]_.

    References
    ----------
    .. [1] I. Olkin, F. Pukelsheim, Linear Algebra Appl. 48, 257 (1982), doi:10.1016/0024-3795(82)90112-4
    .. [2] T. A. Louis, J. Am. Stat. Assoc. 79, 393 (1984), doi:10.1080/01621459.1984.10478062
    """
    narrowed = points.copy()
    for index, phase in enumerate(phases):
        if phase.intrinsic_covariance is None:
            raise ValueError("the correction 'noise' needs replicates: noise is not known without them")
        held = labels == index
        if not held.any():
            continue
        middle = points[:, held].mean(axis=1, keepdims=True)
        narrowed[:, held] = middle + _least_map(phase.covariance, phase.intrinsic_covariance) @ (
            points[:, held] - middle
        )
    return narrowed


def _least_map(observed: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    # Fractions and densities differ by two orders of magnitude: only in units of the spread is rank rank.
    unit = np.sqrt(np.maximum(np.diag(observed), 1e-300))
    scale = np.outer(unit, unit)
    root, inverse = _roots(observed / scale)
    carried = inverse @ _roots(root @ (wanted / scale) @ root)[0] @ inverse
    return unit[:, None] * carried / unit[None, :]


def _roots(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Square root of a positive matrix, and the pseudo-inverse of that."""
    values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    values = np.sqrt(np.maximum(values, 0.0))
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=values > 1e-6)
    return (vectors * values) @ vectors.T, (vectors * inverse) @ vectors.T
