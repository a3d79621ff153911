"""A coarse grid of nodes under a volume, and linear interpolation between the two."""

import numpy as np

from .balance import PAIRS, stored


class NodeGrid:
    """Nodes at about equal distances along z, y and x, the first and last on the outermost voxels.

    Parameters
    ----------
    shape : tuple of int
        Voxels of the full grid along (z, y, x).
    nodes : int
        Nodes along the longest axis, at most; an axis that is shorter gets fewer.

    Attributes
    ----------
    shape : tuple of int
        Nodes along (z, y, x).
    step : tuple of float
        Voxels from one node to the next.

    Examples
    --------
    >>> grid = NodeGrid((96, 96, 48), nodes=24)
    >>> grid.shape, round(grid.step[0], 3)
    ((24, 24, 13), 4.13)
    """

    def __init__(self, shape: tuple[int, int, int], *, nodes: int = 24) -> None:
        wide = max(max(shape) - 1, 1) / (nodes - 1)
        self.full = shape
        self.shape = tuple(
            n if wide <= 1 or n < 3 else int(np.ceil((n - 1) / wide - 1e-9)) + 1 for n in shape
        )
        self.step = tuple((n - 1) / (m - 1) if m > 1 else 1.0 for n, m in zip(shape, self.shape, strict=True))

    def restrict(self, volume: np.ndarray) -> np.ndarray:
        """Transpose of `prolong`: sums over the voxels near each node."""
        for axis in range(3):
            volume = _along(self._weights(axis).T, volume, axis)
        return volume

    def prolong(self, volume: np.ndarray) -> np.ndarray:
        """Interpolate from the nodes to the voxels, trilinearly; affine volumes stay affine."""
        for axis in range(3):
            volume = _along(self._weights(axis), volume, axis)
        return volume

    def prolong_field(self, field: np.ndarray) -> np.ndarray:
        """Interpolate a field (3 or 6, nodes) that balances a restricted slope to one for the slope itself.

        A node stands for as many voxels as its cell holds, and a difference between nodes for
        `step` differences between voxels: the field shrinks by the one and grows by the other.
        """
        out = np.zeros((field.shape[0], *self.full))
        cell = float(np.prod(self.step))
        for index, part in enumerate(field):
            axes = (index,) if field.shape[0] == 3 else PAIRS[index]
            inner = part[stored(axes, self.shape)]
            for axis in range(3):
                between = axes.count(axis) == 1
                inner = _along(self._between(axis) if between else self._within(axis, axes), inner, axis)
            out[index][stored(axes, self.full)] = inner * (np.prod([self.step[a] for a in axes]) / cell)
        return out

    def _weights(self, axis: int) -> np.ndarray:
        return _linear(np.arange(self.full[axis]) / self.step[axis], self.shape[axis])

    def _between(self, axis: int) -> np.ndarray:
        """For differences: they stand half-way between nodes, and nothing flows through the outer faces."""
        n, m = self.full[axis], self.shape[axis]
        faces = (np.arange(n - 1) + 0.5) / self.step[axis] - 0.5
        return _linear(faces + 1.0, m + 1)[:, 1:m]

    def _within(self, axis: int, axes: tuple[int, ...]) -> np.ndarray:
        """For second differences along their own axis, which the outermost nodes lack."""
        weights = self._weights(axis)
        return weights[1:-1, 1:-1] if axis in axes else weights


def _linear(positions: np.ndarray, nodes: int) -> np.ndarray:
    """Matrix of linear interpolation from `nodes` nodes at 0, 1, 2 … to positions among them."""
    low = np.clip(np.floor(positions).astype(int), 0, max(nodes - 2, 0))
    share = np.clip(positions - low, 0.0, 1.0)
    rows = np.arange(positions.size)
    matrix = np.zeros((positions.size, nodes))
    matrix[rows, low] = 1.0 - share
    if nodes > 1:
        matrix[rows, low + 1] += share
    return matrix


def _along(matrix: np.ndarray, array: np.ndarray, axis: int) -> np.ndarray:
    return np.moveaxis(np.tensordot(matrix, array, (1, axis)), 0, axis)
