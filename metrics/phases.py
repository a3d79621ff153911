"""Phases of a diagram, found without being told how many: density peaks by persistence."""

from dataclasses import dataclass

import numpy as np

_CELLS = 128
_SIGNIFICANCE = 5.0
_ROUNDS = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class Phase:
    """One phase of a phase diagram.

    Attributes
    ----------
    fraction, density : float
        Centre (mean of the phase's voxels): element fraction and total density, atoms nm⁻³.
    peak : tuple of float
        Most frequent (fraction, density).
    covariance : numpy.ndarray
        (2, 2) covariance of (fraction, density) over the phase's voxels.
    share : float
        Share of the interior voxels that belong to the phase.
    """

    fraction: float
    density: float
    peak: tuple[float, float]
    covariance: np.ndarray
    share: float

    @property
    def spread(self) -> tuple[float, float]:
        """Standard deviations of fraction and density."""
        return float(np.sqrt(self.covariance[0, 0])), float(np.sqrt(self.covariance[1, 1]))


def find_phases(
    fraction: np.ndarray,
    density: np.ndarray,
    *,
    correlation_voxels: float = 27.0,
    smallest_share: float = 0.02,
    floor: float = 0.05,
) -> tuple[tuple[Phase, ...], np.ndarray]:
    """Find the peaks of a (fraction, density) diagram that noise does not explain.

    Parameters
    ----------
    fraction, density : numpy.ndarray
        (n,) per interior voxel.
    correlation_voxels : float
        Voxels that share their noise (a resolution element of three voxels, cubed); n over this is
        the number of independent samples.
    smallest_share : float
        Peaks that hold a smaller share of the voxels join their neighbour.
    floor : float
        Voxels where the diagram is below this part of their phase's peak belong to no phase: they
        are blurred interfaces and outliers.

    Returns
    -------
    phases : tuple of Phase
        By falling share.
    labels : numpy.ndarray
        (n,) int8: index into `phases`, −1 for no phase.

    Notes
    -----
    The diagram is smoothed by a Gaussian kernel whose width follows Scott's rule
    ``h = s n^(-1/6)`` with s the spread *within* the phases found, iterated until it agrees with
    itself. Cells climb to peaks in order of falling density and two peaks merge at their saddle
    unless the lower one stands out by more than five standard deviations of the estimate
    (persistence, ToMATo [1]_; variance of a kernel estimate ``f/(4π h_x h_y n)``).

    References
    ----------
    .. [1] F. Chazal et al., J. ACM 60, 41 (2013), doi:10.1145/2535927
    """
    points = np.stack([np.asarray(fraction, dtype=float).ravel(), np.asarray(density, dtype=float).ravel()])
    if points.shape[1] < 8:
        return (), np.full(points.shape[1], -1, dtype=np.int8)
    edges = [_edges(axis) for axis in points]
    cells = [
        np.clip(np.searchsorted(e, p, side="right") - 1, 0, _CELLS - 1)
        for e, p in zip(edges, points, strict=True)
    ]
    flat = cells[0] * _CELLS + cells[1]
    histogram = np.bincount(flat, minlength=_CELLS**2).reshape(_CELLS, _CELLS).astype(float)
    steps = np.array([e[1] - e[0] for e in edges])
    independent = max(points.shape[1] / correlation_voxels, 8.0)
    # A quarter of the whole: too wide a first kernel would join what it then cannot part again.
    spread = np.array([0.25 * np.std(p) for p in points])
    basins = peaks = np.zeros(0, dtype=np.int64)
    smooth = histogram
    for _ in range(_ROUNDS):
        width = np.maximum(spread * independent ** (-1 / 6) / steps, 0.7)
        smooth = _smooth(histogram, width)
        variance_factor = points.shape[1] / (4 * np.pi * width[0] * width[1] * independent)
        basins, peaks = _basins(smooth, variance_factor, smallest_share * points.shape[1], histogram)
        within = _within(points, basins.ravel()[flat])
        if np.allclose(within, spread, rtol=0.02):
            break
        spread = within
    owner = basins.ravel()[flat]
    weak = smooth.ravel()[flat] < floor * smooth.ravel()[peaks[owner]]
    labels = np.where(weak, -1, owner)
    return _describe(points, labels, peaks, edges)


def _edges(values: np.ndarray) -> np.ndarray:
    low, high = np.quantile(values, [0.0005, 0.9995])
    margin = 0.02 * (high - low) + 1e-9 * max(abs(high), 1.0) + 1e-12
    return np.linspace(low - margin, high + margin, _CELLS + 1)


def _smooth(histogram: np.ndarray, width: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    # Reflected ends keep the mass of a phase that sits at fraction 0 or 1.
    return gaussian_filter(histogram, width, mode="reflect", truncate=5.0)


def _within(points: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Robust spread within the basins, weighted by their voxels: half the central 68 % range."""
    total = np.zeros(2)
    for basin in np.unique(owner):
        part = points[:, owner == basin]
        low, high = np.quantile(part, [0.16, 0.84], axis=1)
        total += part.shape[1] * (0.5 * (high - low)) ** 2
    return np.sqrt(total / points.shape[1])


def _basins(
    smooth: np.ndarray, variance_factor: float, smallest: float, histogram: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Basin number of every cell, and the flat index of each basin's peak."""
    rows, columns = smooth.shape
    padded = np.full((rows + 2, columns + 2), -1, dtype=np.int64)
    order = np.argsort(smooth, axis=None, kind="stable")[::-1]
    parent: list[int] = []
    top: list[int] = []
    mass: list[float] = []
    values = smooth.ravel()

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for cell in order:
        row, column = divmod(int(cell), columns)
        near = {root(int(n)) for n in padded[row : row + 3, column : column + 3].ravel() if n >= 0}
        if not near:
            parent.append(len(parent))
            top.append(int(cell))
            mass.append(float(histogram[row, column]))
            padded[row + 1, column + 1] = len(parent) - 1
            continue
        highest = max(near, key=lambda n: values[top[n]])
        for other in near - {highest}:
            peak, saddle = values[top[other]], values[cell]
            noise = np.sqrt(max((peak + saddle) * variance_factor, 1e-300))
            if (peak - saddle) < _SIGNIFICANCE * noise or mass[other] < smallest:
                parent[other] = highest
                mass[highest] += mass[other]
        padded[row + 1, column + 1] = highest
        mass[highest] += float(histogram[row, column])
    numbers = padded[1:-1, 1:-1]
    roots = np.array([root(int(n)) for n in range(len(parent))])
    kept, renumbered = np.unique(roots[numbers], return_inverse=True)
    return renumbered.reshape(smooth.shape), np.array([top[int(n)] for n in kept])


def _describe(
    points: np.ndarray, labels: np.ndarray, peaks: np.ndarray, edges: list[np.ndarray]
) -> tuple[tuple[Phase, ...], np.ndarray]:
    found = []
    for basin, peak in enumerate(peaks):
        part = points[:, labels == basin]
        if part.shape[1] < 2:
            continue
        row, column = divmod(int(peak), _CELLS)
        middle = (0.5 * (edges[0][row] + edges[0][row + 1]), 0.5 * (edges[1][column] + edges[1][column + 1]))
        phase = Phase(
            fraction=float(part[0].mean()), density=float(part[1].mean()),
            peak=(float(middle[0]), float(middle[1])), covariance=np.cov(part),
            share=part.shape[1] / points.shape[1],
        )  # fmt: skip
        found.append((phase, basin))
    found.sort(key=lambda pair: -pair[0].share)
    ordered = np.full(labels.size, -1, dtype=np.int8)
    for index, (_, basin) in enumerate(found):
        ordered[labels == basin] = index
    return tuple(phase for phase, _ in found), ordered
