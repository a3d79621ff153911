"""The voxels of a volume by octants of the particle in it, for estimates that leave one of them out."""

import numpy as np

OCTANTS = 8
# Voxels that an octant or a level must hold to count.
FEWEST = 8


class Octants:
    """Voxels octant by octant, so that estimates without one of them cost little.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x).
    core, far : numpy.ndarray
        Flat masks of the particle's deeper half and of the background's farther half.
    domain : numpy.ndarray, optional
        Flat mask of the voxels that count; every voxel without one.
    """

    def __init__(
        self, volume: np.ndarray, core: np.ndarray, far: np.ndarray, domain: np.ndarray | None = None
    ) -> None:
        values, blocks = volume.ravel(), _octants(volume, core)
        if domain is not None:
            values, blocks, core, far = values[domain], blocks[domain], core[domain], far[domain]
        self._ordered = [np.sort(values[blocks == block]).astype(np.float64) for block in range(OCTANTS)]
        self._core, self._core_blocks = values[core], blocks[core]
        self._far, self._far_blocks = values[far], blocks[far]
        self._core_levels = _medians(self._core, self._core_blocks)
        self._far_levels = _medians(self._far, self._far_blocks)

    def levels(self, without: int) -> tuple[np.ndarray, np.ndarray]:
        """Values of the particle's deeper half and of the background's farther half."""
        return self._core[self._core_blocks != without], self._far[self._far_blocks != without]

    def errors(self, without: int) -> tuple[float, float]:
        """Standard deviation of either level from octant to octant: rings, phases and drift, not noise."""
        found = []
        for medians in (self._core_levels, self._far_levels):
            kept = [median for block, median in medians.items() if block != without]
            found.append(float(np.std(kept)) if len(kept) > 1 else 0.0)
        return found[0], found[1]

    def above(self, thresholds: np.ndarray | float, *, without: int = -1, or_at: bool = False) -> np.ndarray:
        """How many voxels lie above each threshold, or at it too."""
        side = "left" if or_at else "right"
        counts = np.zeros(np.shape(thresholds), dtype=np.int64)
        for block, ordered in enumerate(self._ordered):
            if block != without:
                counts += ordered.size - np.searchsorted(ordered, thresholds, side=side)
        return counts

    def histogram(self, edges: np.ndarray, *, without: int) -> np.ndarray:
        """Voxels of each bin; the last one is closed."""
        counts = self.above(edges, without=without, or_at=True)
        counts[-1] = self.above(edges[-1:], without=without)[0]
        return -np.diff(counts).astype(float)


def _medians(values: np.ndarray, blocks: np.ndarray) -> dict[int, float]:
    """Median of every octant that holds enough voxels."""
    parts = {block: values[blocks == block] for block in range(OCTANTS)}
    return {block: np.median(part) for block, part in parts.items() if part.size >= FEWEST}


def _octants(volume: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Octant number of every voxel around the middle of the particle, flat."""
    mask = core.reshape(volume.shape)
    code = np.zeros(volume.shape, dtype=np.int8)
    for axis in range(3):
        profile = mask.sum(axis=tuple(i for i in range(3) if i != axis))
        middle = np.searchsorted(np.cumsum(profile), profile.sum() / 2)
        side = np.arange(volume.shape[axis]) > middle
        code += (side << axis).astype(np.int8).reshape([-1 if i == axis else 1 for i in range(3)])
    return code.ravel()
