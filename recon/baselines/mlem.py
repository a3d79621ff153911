"""Expectation maximisation for Poisson counts (MLEM), with ordered subsets (OSEM), as a baseline."""

from dataclasses import replace

import numpy as np

from ..monitor import Callback
from ..problem import Problem


def mlem(
    problem: Problem,
    *,
    iterations: int = 30,
    subsets: int = 1,
    callback: Callback | None = None,
) -> np.ndarray:
    """Reconstruct by a fixed number of MLEM or OSEM iterations.

    Parameters
    ----------
    problem : Problem
        Its data (negative values count as zero), operator with gains, and which pixels have a weight
        above zero; the values of the weights, λ and the regulariser are not used.
    iterations : int
        How many passes over all tilts; the noise grows with them.
    subsets : int
        Number of interleaved groups of tilts, each of which updates the volume: 1 for MLEM.
    callback : callable, optional
        Called as ``callback(iteration, divergence, nan)`` after each iteration of MLEM, with the
        Kullback–Leibler divergence Σ (b log(b / A x) − b + A x) of the volume before it; the
        iterations end when it returns True.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        In the units of the data per nm; ≥ 0.

    Raises
    ------
    ValueError
        When a parameter is out of range.

    Notes
    -----
    ``x ← x / (Aᵀ1) · Aᵀ(b / A x)`` with A = g·P over the pixels of non-zero weight, from the uniform
    volume that explains the total. The likelihood of Poisson data grows at every MLEM iteration
    [1]_; OSEM [2]_ is faster at first and need not converge. Voxels that no ray meets stay zero.

    References
    ----------
    .. [1] L. A. Shepp, Y. Vardi, IEEE Trans. Med. Imaging 1 (1982) 113, doi:10.1109/TMI.1982.4307558
    .. [2] H. M. Hudson, R. S. Larkin, IEEE Trans. Med. Imaging 13 (1994) 601, doi:10.1109/42.363108

    Examples
    --------
    >>> data = np.full((1, 4, 2), 6.0)
    >>> x = mlem(Problem(data=data, angles_deg=[0.0], spacing_nm=1.0, depth=3), iterations=1)
    >>> x[:, 1, 0]
    array([2., 2., 2.], dtype=float32)
    """
    if iterations < 1:
        raise ValueError(f"`iterations` must be at least 1, got {iterations}")
    tilts = problem.data.shape[0]
    if not 1 <= subsets <= tilts:
        raise ValueError(f"`subsets` must lie between 1 and the {tilts} tilts, got {subsets}")
    groups = [_Group(problem, subset, subsets) for subset in range(subsets)]
    seen = sum((group.sensitivity for group in groups), np.zeros(problem.shape, np.float32))
    total = sum(float(group.counts.sum(dtype=np.float64)) for group in groups)
    level = total / max(float(seen.sum(dtype=np.float64)), 1e-30)
    volume = np.where(seen > 0, np.float32(level), np.float32(0.0))
    for iteration in range(1, iterations + 1):
        for group in groups:
            divergence = group.update(volume)
        if callback is not None and subsets == 1 and callback(iteration, divergence, float("nan")) is True:
            break
    return volume


class _Group:
    """Tilts that update the volume together."""

    def __init__(self, problem: Problem, first: int, step: int) -> None:
        part = slice(first, None, step)
        self.problem = problem
        if step > 1:
            self.problem = replace(
                problem,
                data=problem.data[part],
                angles_deg=problem.angles_deg[part],
                weights=np.maximum(problem.weights[part], np.float32(0.0)),
                gains=problem.gains[part],
                projector=None,
            )
        self.seen = (problem.weights[part] > 0).astype(np.float32)
        self.counts = np.maximum(self.problem.data, np.float32(0.0)) * self.seen
        self.sensitivity = self.problem.adjoint(self.seen)

    def update(self, volume: np.ndarray) -> float:
        """Multiply the volume by its correction, in place; return the divergence before it."""
        projected = self.problem.forward(volume)
        ratio = np.divide(self.counts, projected, out=np.zeros_like(projected), where=projected > 0)
        divergence = _divergence(self.counts, projected * self.seen)
        factor = self.problem.adjoint(ratio)
        np.divide(factor, self.sensitivity, out=factor, where=self.sensitivity > 0)
        # Voxels that no tilt of this group meets keep what the others gave them.
        factor[self.sensitivity <= 0] = 1.0
        volume *= factor
        return divergence


def _divergence(counts: np.ndarray, projected: np.ndarray) -> float:
    """Kullback–Leibler divergence of the projection from the counts, float64."""
    both = (counts > 0) & (projected > 0)
    ratio = np.divide(counts, projected, out=np.ones_like(counts), where=both)
    logs = np.log(ratio.astype(np.float64)) * counts
    return float(logs.sum() + projected.sum(dtype=np.float64) - counts.sum(dtype=np.float64))
