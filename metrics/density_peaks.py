"""Peaks of a cloud of points in two to four dimensions, found without being told how many."""

import itertools
from dataclasses import dataclass

import numpy as np

_CELLS = {1: 512, 2: 128, 3: 64, 4: 24}
_SIGNIFICANCE = 5.0
_ROUNDS = 6
# First spreads of the fractions and of the density, as parts of the whole. A quarter: too wide a first
# kernel would join what it then cannot part again. The whole of one: phases that share their density, or
# their fractions, fill that axis, and a narrow kernel along it would leave nothing but noise.
_STARTS = ((0.25, 0.25), (0.1, 1.0), (0.25, 1.0), (1.0, 0.25))


@dataclass(frozen=True, kw_only=True, eq=False)
class DensityPeaks:
    """Basins of a density estimate on a grid.

    Attributes
    ----------
    edges : list of numpy.ndarray
        Edges of the cells along each axis.
    smooth : numpy.ndarray
        Kernel estimate, points per cell.
    basins : numpy.ndarray
        Basin of every cell.
    peaks : numpy.ndarray
        (basin,) flat index of its highest cell.
    floor : float
        Part of its peak below which a cell belongs to no basin.
    """

    edges: list[np.ndarray]
    smooth: np.ndarray
    basins: np.ndarray
    peaks: np.ndarray
    floor: float

    def assign(self, points: np.ndarray) -> np.ndarray:
        """Basin of each of the points (axis, n); −1 where the cloud is thinner than the floor."""
        flat = _cells(points, self.edges)
        owner = self.basins.ravel()[flat]
        weak = self.smooth.ravel()[flat] < self.floor * self.smooth.ravel()[self.peaks[owner]]
        return np.where(weak, -1, owner)

    def centre(self, basin: int) -> tuple[float, ...]:
        """Middle of the highest cell of a basin."""
        index = np.unravel_index(int(self.peaks[basin]), self.smooth.shape)
        return tuple(float(0.5 * (e[i] + e[i + 1])) for e, i in zip(self.edges, index, strict=True))


def density_peaks(
    points: np.ndarray, *, correlation: float, smallest_share: float, floor: float
) -> DensityPeaks:
    """Find the peaks of a cloud that noise does not explain.

    Parameters
    ----------
    points : numpy.ndarray
        (axis, n), two to four axes (one works as well).
    correlation : float
        Points that share their noise: n over this is the number of independent samples.
    smallest_share : float
        Peaks with a smaller share of the points join their neighbour.
    floor : float
        See `DensityPeaks`.

    Returns
    -------
    DensityPeaks

    Notes
    -----
    The kernel is a Gaussian whose width follows Scott's rule ``h = s n^(-1/(d + 4))`` [1]_ in d
    dimensions, s being the spread *within* the basins found, iterated until it agrees with itself;
    of several starts in two dimensions, the one that ends with the most peaks counts. The variance of
    the estimate is ``f Π (2 √π h)⁻¹ / n``. Peaks merge by persistence [2]_.

    References
    ----------
    .. [1] D. W. Scott, Multivariate Density Estimation, 2nd ed., Wiley (2015), doi:10.1002/9781118575574
    .. [2] F. Chazal et al., J. ACM 60, 41 (2013), doi:10.1145/2535927
    """
    axes, count = points.shape
    edges = [_edges(axis, _CELLS[axes]) for axis in points]
    shape = (_CELLS[axes],) * axes
    flat = _cells(points, edges)
    histogram = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape).astype(float)
    steps = np.array([e[1] - e[0] for e in edges])
    independent = max(count / correlation, 8.0)
    whole = np.array([np.std(p) for p in points])
    ends = []
    # In a space of three metals and more one start takes as long as all of two metals together.
    for fraction, density in _STARTS if axes <= 2 else _STARTS[:1]:
        start = whole * [*[fraction] * (axes - 1), density]
        ends.append(_fixed_point(points, flat, histogram, steps, start, independent, smallest_share))
    basins, peaks, smooth = max(ends, key=lambda end: len(end[1]))
    return DensityPeaks(edges=edges, smooth=smooth, basins=basins, peaks=peaks, floor=floor)


def _fixed_point(
    points: np.ndarray,
    flat: np.ndarray,
    histogram: np.ndarray,
    steps: np.ndarray,
    spread: np.ndarray,
    independent: float,
    smallest_share: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Basins, peaks and estimate of which the width agrees with the spread within the basins."""
    axes, count = points.shape
    basins, peaks, smooth = np.zeros(histogram.shape, np.int64), np.zeros(0, np.int64), histogram
    for _ in range(_ROUNDS):
        width = np.maximum(spread * independent ** (-1 / (axes + 4)) / steps, 0.7)
        smooth = _smooth(histogram, width)
        variance_factor = count / (np.prod(2 * np.sqrt(np.pi) * width) * independent)
        basins, peaks = _basins(smooth, histogram, float(variance_factor), smallest_share * count)
        within = _within(points, basins.ravel()[flat])
        if np.allclose(within, spread, rtol=0.02):
            break
        spread = within
    return basins, peaks, smooth


def _edges(values: np.ndarray, cells: int) -> np.ndarray:
    low, high = np.quantile(values, [0.0005, 0.9995])
    margin = 0.02 * (high - low) + 1e-9 * max(abs(high), 1.0) + 1e-12
    return np.linspace(low - margin, high + margin, cells + 1)


def _cells(points: np.ndarray, edges: list[np.ndarray]) -> np.ndarray:
    index = [
        np.clip(np.searchsorted(e, p, side="right") - 1, 0, e.size - 2)
        for e, p in zip(edges, points, strict=True)
    ]
    return np.asarray(np.ravel_multi_index(tuple(index), tuple(e.size - 1 for e in edges)))


def _smooth(histogram: np.ndarray, width: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    # Reflected ends keep the mass of a phase that sits at fraction 0 or 1.
    return gaussian_filter(histogram, width, mode="reflect", truncate=5.0)


def _within(points: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Robust spread within the basins, weighted by their points: half the central 68 % range."""
    total = np.zeros(len(points))
    for basin in np.unique(owner):
        part = points[:, owner == basin]
        low, high = np.quantile(part, [0.16, 0.84], axis=1)
        total += part.shape[1] * (0.5 * (high - low)) ** 2
    return np.sqrt(total / points.shape[1])


def _basins(
    smooth: np.ndarray, histogram: np.ndarray, variance_factor: float, smallest: float
) -> tuple[np.ndarray, np.ndarray]:
    """Basin number of every cell, and the flat index of each basin's peak."""
    from .peak_kernels import climb

    wide = tuple(n + 2 for n in smooth.shape)
    inner = tuple(slice(1, -1) for _ in wide)
    places = np.arange(np.prod(wide)).reshape(wide)[inner].ravel()
    strides = [int(np.prod(wide[axis + 1 :])) for axis in range(len(wide))]
    offsets = [np.dot(step, strides) for step in itertools.product((-1, 0, 1), repeat=len(wide))]
    owner = np.full(int(np.prod(wide)), -1, dtype=np.int64)
    roots, top = climb(
        smooth.ravel(), histogram.ravel(), np.argsort(smooth, axis=None, kind="stable")[::-1],
        places, np.array(offsets, dtype=np.int64), owner, variance_factor, _SIGNIFICANCE, smallest,
    )  # fmt: skip
    kept, renumbered = np.unique(roots[owner[places]], return_inverse=True)
    return renumbered.reshape(smooth.shape), top[kept]
