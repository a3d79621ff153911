"""The objective of a problem and its dual bound, in float64 and by dense matrices alone."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .reference_matrices import (
    gradient_matrix,
    hessian_matrix,
    inside_matrix,
    strip_matrix,
    symmetrised_matrix,
)

if TYPE_CHECKING:
    from ...recon import Problem

# Rounding of float32 in volume, weights and projections, each a few times.
_ROUNDING = 16 * float(np.finfo(np.float32).eps)


class DenseProblem:
    """A tiny `Problem` written out as matrices: ``min D(A x) + Σ_b radius_b Σ_g |K_b z|_g``.

    Parameters
    ----------
    problem : Problem
        A few hundred voxels at most: matrices are dense.

    Attributes
    ----------
    matrix : ndarray of float64, shape (pixel, voxel)
        Projection with gains; voxels of all channels in the order of the volume.
    blocks : list of (float, ndarray of float64, shape (component, group, unknown))
        Radius λ of each ball and what it holds the length of. Unknowns are the voxels, followed by the
        gradient field v of "tgv2".

    Notes
    -----
    Nothing here comes from the kernels that solvers use: the strip weights are the exact integrals over
    the shadow of a voxel, the differences Kronecker products.

    Examples
    --------
    >>> from glasstomo.recon import Problem
    >>> problem = Problem(data=np.ones((1, 2, 1)), angles_deg=[0.0], spacing_nm=1.0, lam=0.1)
    >>> DenseProblem(problem).objective(np.zeros((2, 2, 1)))
    1.0
    """

    def __init__(self, problem: "Problem") -> None:
        self.problem = problem
        self.shape = problem.shape
        self.size = int(np.prod(problem.shape))
        self.poisson = problem.data_term == "kullback_leibler"
        self.data = problem.data.astype(np.float64).ravel()
        self.weights = problem.weights.astype(np.float64).ravel()
        background = problem.background
        self.background = (
            np.zeros_like(self.data) if background is None else background.astype(np.float64).ravel()
        )
        self.matrix = self._projection()
        self.blocks = self._blocks() if problem.lam > 0 else []

    @property
    def unknowns(self) -> int:
        """Voxels, and components of v where there is one."""
        return self.size * (4 if self.blocks and self.problem.regulariser == "tgv2" else 1)

    def _projection(self) -> np.ndarray:
        problem = self.problem
        nz, ny, nx = problem.grid
        tilts, bins = problem.data.shape[-3:-1]
        strips = strip_matrix(nz, ny, bins, tuple(map(float, problem.angles_deg)))
        gains = np.broadcast_to(problem.gains, problem.data.shape[:-2]).reshape(-1, tilts)
        parts = [
            np.kron(problem.spacing_nm * np.repeat(gain, bins)[:, None] * strips, np.eye(nx))
            for gain in gains
        ]
        rows, columns = parts[0].shape
        matrix = np.zeros((len(parts) * rows, len(parts) * columns))
        for index, part in enumerate(parts):
            matrix[index * rows : (index + 1) * rows, index * columns : (index + 1) * columns] = part
        return matrix

    def _blocks(self) -> list[tuple[float, np.ndarray]]:
        problem, grid, lam = self.problem, self.problem.grid, self.problem.lam
        if problem.regulariser == "tgv2":
            return self._generalised_blocks()
        only: dict[str, float] = {"tv": 0.0, "tv2": 1.0}
        share = only.get(problem.regulariser, float(problem.second_order_share))
        kinds = ((1.0 - share, gradient_matrix), (share, hessian_matrix))
        return [(factor * lam, self._joined(make(grid))) for factor, make in kinds if factor > 0]

    def _generalised_blocks(self) -> list[tuple[float, np.ndarray]]:
        lam, grid = self.problem.lam, self.problem.grid
        voxels = int(np.prod(grid))
        inside = inside_matrix(grid).reshape(3, voxels, 3 * voxels)
        second = symmetrised_matrix(grid).reshape(6, voxels, 3 * voxels)
        first = np.concatenate([self._joined(gradient_matrix(grid)), -self._joined(inside)], axis=2)
        second = self._joined(second)
        empty = np.zeros((*second.shape[:2], self.size))
        return [(lam, first), (lam * self.problem.tgv_ratio, np.concatenate([empty, second], axis=2))]

    def _joined(self, matrix: np.ndarray) -> np.ndarray:
        """Components of all channels, weighted, in one group."""
        gamma = self.problem.channel_weights
        if gamma is None:
            return matrix
        components, groups, columns = matrix.shape
        joined = np.zeros((len(gamma), components, groups, len(gamma), columns))
        for channel, weight in enumerate(gamma):
            joined[channel, :, :, channel] = weight * matrix
        return joined.reshape(len(gamma) * components, groups, len(gamma) * columns)

    # The data term.

    def misfit(self, projected: np.ndarray) -> float:
        """D of a projection without background; infinite outside its domain."""
        y, b, w = projected + self.background, self.data, self.weights
        if not self.poisson:
            return 0.5 * float(np.sum(w * np.square(y - b)))
        used, counted = w > 0, (w > 0) & (b > 0)
        if (y[used] < 0).any() or (y[counted] <= 0).any():
            return float("inf")
        change = (y[counted] - b[counted]) / b[counted]
        total = float(np.sum((w * b)[counted] * (change - np.log1p(change))))
        return total + float(np.sum((w * y)[used & ~counted]))

    def slopes(self, projected: np.ndarray) -> np.ndarray:
        """D', pixel by pixel."""
        y, b, w = projected + self.background, self.data, self.weights
        if not self.poisson:
            return w * (y - b)
        return w * (1.0 - np.divide(b, y, out=np.zeros_like(b), where=(b > 0) & (w > 0)))

    def curvatures(self, projected: np.ndarray) -> np.ndarray:
        """D'', pixel by pixel."""
        if not self.poisson:
            return self.weights
        y = projected + self.background
        return np.divide(
            self.weights * self.data, y**2, out=np.zeros_like(y), where=(self.data > 0) & (self.weights > 0)
        )

    def conjugate(self, dual: np.ndarray) -> float:
        """D* of a dual; infinite outside its domain."""
        q, b, w = dual, self.data, self.weights
        if (q[w == 0] != 0).any():
            return float("inf")
        used = w > 0
        q, b, w, r = q[used], b[used], w[used], self.background[used]
        if not self.poisson:
            return float(np.sum(q**2 / (2 * w) + q * (b - r)))
        counted = b > 0
        if (q > w).any() or (q[counted] >= w[counted]).any():
            return float("inf")
        logs = np.sum((w * b)[counted] * np.log1p(-q[counted] / w[counted]))
        return float(-logs - np.sum(q * r))

    # The whole.

    def variation(self, volume: np.ndarray) -> float:
        """λ R of a volume; of "tgv2" its minimum over v, to a millionth of its value at v = 0."""
        flat = np.asarray(volume, np.float64).ravel()
        if self.blocks and self.problem.regulariser == "tgv2":
            from .reference_minimum import least_variation

            return least_variation(self, flat)
        return self.lengths(flat)

    def lengths(self, unknowns: np.ndarray) -> float:
        """``Σ_b radius_b Σ_g |K_b z|_g``."""
        return float(sum(radius * np.linalg.norm(k @ unknowns, axis=0).sum() for radius, k in self.blocks))

    def objective(self, volume: np.ndarray) -> float:
        """``D(g·P x + r) + λ R(x)`` of a volume in the order (channel, z, y, x)."""
        flat = np.asarray(volume, np.float64).ravel()
        return self.misfit(self.matrix @ flat) + self.variation(flat)

    def rounding(self, volume: np.ndarray) -> float:
        """How far float32 may put the objective of a volume off: that of its projection and differences."""
        flat = np.asarray(volume, np.float64).ravel()
        projected = self.matrix @ flat
        size = np.abs(self.matrix) @ np.abs(flat) + np.abs(self.background) + np.abs(self.data)
        off = _ROUNDING * size
        slope, curvature = np.abs(self.slopes(projected)), self.curvatures(projected)
        differences = sum(radius * np.abs(k[..., : self.size]).sum(axis=0) for radius, k in self.blocks)
        lengths = float(np.sum(differences @ np.abs(flat))) if self.blocks else 0.0
        total = float(np.sum(slope * off + curvature * off**2)) + _ROUNDING * lengths
        return total if np.isfinite(total) else float("inf")

    def bound(self, dual: np.ndarray, fields: list[np.ndarray], upper: np.ndarray) -> float:
        """Return a number that no volume with ``lower ≤ x ≤ upper`` falls below, from any dual variables.

        Parameters
        ----------
        dual : ndarray, shape (pixel,)
            q of the data, in the domain of D*.
        fields : list of ndarray, shape (component, group)
            p of each block; shortened until they lie in their balls.
        upper : ndarray, shape (voxel,)
            Of the box.

        Notes
        -----
        ``−D*(q) + Σ min(lower s, upper s)`` with ``s = Aᵀq + Kᵀp`` (Fenchel duality: R. T. Rockafellar,
        Convex Analysis, 1970, section 31). As nothing bounds the v of "tgv2", its slope has to vanish:
        the first of its fields is therefore made from the second.
        """
        fields = self._feasible(fields)
        slope = self.matrix.T @ dual
        for (_, k), field in zip(self.blocks, fields, strict=True):
            slope = slope + np.einsum("cgn,cg->n", k[..., : self.size], field)
        lower = self.problem.lower
        return float(np.sum(np.where(slope > 0, lower * slope, upper * slope)) - self.conjugate(dual))

    def _feasible(self, fields: list[np.ndarray]) -> list[np.ndarray]:
        if self.unknowns > self.size:
            first, second = (k[..., self.size :] for _, k in self.blocks)
            pull = np.einsum("cgn,cg->n", second, fields[1])
            # The matrix of the first is −γ or 0 on its diagonal.
            squares = np.maximum(np.square(first).sum(axis=2), 1e-300)
            fields = [-np.einsum("cgn,n->cg", first, pull) / squares, fields[1]]
        largest = 1.0
        for (radius, _), field in zip(self.blocks, fields, strict=True):
            largest = max(largest, float(np.linalg.norm(field, axis=0).max(initial=0.0)) / radius)
        return [field / largest for field in fields]

    @cached_property
    def level(self) -> float:
        """Mean density that the data give along their rays; > 0."""
        shares = self.matrix.sum(axis=1) * (self.weights > 0)
        total = float(np.sum(np.abs(self.data) * (self.weights > 0)))
        return (total / max(float(shares.sum()), 1e-300)) or 1.0

    @cached_property
    def size_of_data(self) -> float:
        """What D is about without any explanation of the data; > 0."""
        return float(np.sum(self.weights * np.abs(self.data) ** (1 if self.poisson else 2))) or 1.0
