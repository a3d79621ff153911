"""The minimum of a tiny problem to many digits, with a bound that proves it: an interior-point method."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .reference_objective import DenseProblem

if TYPE_CHECKING:
    from ...recon import Problem

# Where nothing bounds a voxel the box ends at so many times the mean density.
_BOX = 1e4
_SHRINK, _STAGES, _NEWTON = 0.05, 40, 60
_GAP, _NOTHING = 1e-6, 1e-11
# Decrement, relative to μ, below which Newton's method converges quadratically.
_NEAR = 0.06


@dataclass(frozen=True, kw_only=True, eq=False)
class Minimum:
    """The minimum of a problem.

    Parameters
    ----------
    volume : ndarray of float64, shape of the problem
        A volume within the bounds.
    objective : float
        Its objective.
    bound : float
        What no volume within the bounds, and below 10⁴ times the mean density, falls below.
    """

    volume: np.ndarray
    objective: float
    bound: float

    @property
    def slack(self) -> float:
        """How far the objective may still be from the minimum."""
        return max(self.objective - self.bound, 0.0)


def minimum(problem: "Problem | DenseProblem") -> Minimum:
    """Minimise a tiny problem in float64, independently of every solver.

    Parameters
    ----------
    problem : Problem or DenseProblem
        Of about a hundred voxels at most.

    Returns
    -------
    Minimum

    Notes
    -----
    A path-following Newton method on ``D(A z) + Σ_g φ(K z) − μ Σ log(z − lower) − μ Σ log(upper − z)``
    with μ falling to zero, where

        ``φ(u) = min_t λ t − μ log(t² − |u|²)``,  ``t = (μ + √(μ² + λ² |u|²)) / λ``

    is the barrier of the second-order cone |u| ≤ t (Y. Nesterov and A. Nemirovskii, Interior-Point
    Polynomial Algorithms in Convex Programming, SIAM 1994, doi 10.1137/1.9781611970791). On the path
    ``p = λ u / t`` lies inside its ball and the slope ``s = Aᵀq + Kᵀp`` equals ``μ/(z − lower)``: both
    are dual variables of a bound that comes within about μ per cone and per side of the box.

    Examples
    --------
    >>> from glasstomo.recon import Problem
    >>> found = minimum(Problem(data=np.ones((1, 2, 1)), angles_deg=[0.0], spacing_nm=1.0, lam=0.1))
    >>> round(float(found.volume.sum()), 4), found.objective < 1e-9  # flat, and all of the data
    (2.0, True)
    """
    dense = problem if isinstance(problem, DenseProblem) else DenseProblem(problem)
    lower = np.full(dense.size, float(dense.problem.lower))
    top = min(dense.problem.upper, dense.problem.lower + _BOX * dense.level)
    upper = np.full(dense.size, top)
    free = dense.unknowns - dense.size
    start = np.concatenate([np.minimum(lower + dense.level, 0.5 * (lower + upper)), np.zeros(free)])
    matrix = np.concatenate([dense.matrix, np.zeros((len(dense.matrix), free))], axis=1)
    barrier = _Barrier(
        value=dense.misfit,
        slopes=dense.slopes,
        curvatures=dense.curvatures,
        matrix=matrix,
        blocks=[(radius, k, np.zeros(k.shape[:2])) for radius, k in dense.blocks],
        lower=np.concatenate([lower, np.full(free, -np.inf)]),
        upper=np.concatenate([upper, np.full(free, np.inf)]),
    )
    best, bound = (float("inf"), start), -float("inf")
    first = dense.misfit(matrix @ start) + dense.lengths(start)
    # Of the data themselves: the start may happen to be the minimum.
    size = max(first, 1e-3 * dense.size_of_data)
    mu, z = size / (len(start) + sum(k.shape[1] for _, k in dense.blocks)), start
    idle = 0
    for _ in range(_STAGES):
        slack = best[0] - bound
        z = barrier.centre(z, mu)
        objective = dense.misfit(matrix @ z) + dense.lengths(z)
        best = min(best, (objective, z), key=lambda pair: pair[0])
        bound = max(bound, dense.bound(dense.slopes(matrix @ z), barrier.fields(z, mu), upper))
        if best[0] - bound <= max(_GAP * best[0], _NOTHING * size):
            break
        # Rounding ends what smaller barriers bring.
        idle = idle + 1 if best[0] - bound > 0.5 * slack else 0
        if idle == 3:
            break
        mu *= _SHRINK
    volume = best[1][: dense.size].reshape(dense.shape)
    return Minimum(volume=volume, objective=best[0], bound=min(bound, best[0]))


def least_variation(dense: DenseProblem, volume: np.ndarray) -> float:
    """λ R of "tgv2": the minimum over v at a given volume, from above by at most a millionth of λ TV."""
    free = dense.unknowns - dense.size
    blocks = [(radius, k[..., dense.size :], k[..., : dense.size] @ volume) for radius, k in dense.blocks]
    barrier = _Barrier(
        value=lambda projected: 0.0,
        slopes=np.zeros_like,
        curvatures=np.zeros_like,
        matrix=np.zeros((1, free)),
        blocks=blocks,
        lower=np.full(free, -np.inf),
        upper=np.full(free, np.inf),
    )
    z = np.zeros(free)
    first = _lengths(blocks, z)
    best, mu = first, first / max(blocks[0][1].shape[1], 1)
    if first <= 0.0:
        return 0.0
    cones = sum(k.shape[1] for _, k, _ in blocks)
    while 2.0 * mu * cones > _GAP * first:
        mu *= _SHRINK
        z = barrier.centre(z, mu)
        best = min(best, _lengths(blocks, z))
    return best


def _lengths(blocks: list, z: np.ndarray) -> float:
    return float(sum(radius * np.linalg.norm(k @ z + c, axis=0).sum() for radius, k, c in blocks))


@dataclass(kw_only=True, eq=False)
class _Barrier:
    """A data term of ``matrix @ z``, cones of ``K z + c`` and a box, smoothed by barriers."""

    value: Callable[[np.ndarray], float]
    slopes: Callable[[np.ndarray], np.ndarray]
    curvatures: Callable[[np.ndarray], np.ndarray]
    matrix: np.ndarray
    blocks: list[tuple[float, np.ndarray, np.ndarray]]
    lower: np.ndarray
    upper: np.ndarray

    def centre(self, z: np.ndarray, mu: float) -> np.ndarray:
        """Newton steps to the point of the path that belongs to μ."""
        last = np.inf
        for _ in range(_NEWTON):
            step, fall = self._newton(z, mu)
            near = fall < _NEAR * mu
            # Rounding hides falls of the value long before those of the slope: so near, whole steps are safe.
            if not fall > 1e-20 * mu or (near and fall >= last):
                break
            length = 1.0 if near else self._search(z, mu, step, fall)
            if length == 0.0:
                break
            z, last = z + length * step, fall if near else np.inf
        return z

    def _newton(self, z: np.ndarray, mu: float) -> tuple[np.ndarray, float]:
        slope, matrix = self._model(z, mu)
        diagonal = np.diag(matrix)
        # Components of v behind the far faces stand nowhere.
        scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        scaled = matrix * scale[:, None] * scale
        scaled[np.diag_indices_from(scaled)] += 1e-14
        try:
            step = -scale * np.linalg.solve(scaled, scale * slope)
        except np.linalg.LinAlgError:
            step = -scale * np.linalg.lstsq(scaled, scale * slope, rcond=1e-14)[0]
        return step, -float(slope @ step)

    def _search(self, z: np.ndarray, mu: float, step: np.ndarray, fall: float) -> float:
        """Length of a step that lowers the smoothed value enough; 0 where rounding hides any."""
        now, length = self.total(z, mu), min(1.0, 0.99 * self._room(z, step))
        while length > 1e-12:
            if self.total(z + length * step, mu) <= now - 0.1 * length * fall:
                return length
            length *= 0.5
        return 0.0

    def fields(self, z: np.ndarray, mu: float) -> list[np.ndarray]:
        """Dual field ``p = λ u / t`` of each block."""
        out = []
        for radius, k, c in self.blocks:
            u = k @ z + c
            out.append(radius * u / _heights(u, radius, mu))
        return out

    def total(self, z: np.ndarray, mu: float) -> float:
        """Value of the smoothed problem; infinite outside the box."""
        below, above = z - self.lower, self.upper - z
        if (below <= 0).any() or (above <= 0).any():
            return float("inf")
        total = self.value(self.matrix @ z)
        for radius, k, c in self.blocks:
            t = _heights(k @ z + c, radius, mu)
            # t² − |u|² = 2 μ t / λ.
            total += float(np.sum(radius * t - mu * np.log(2.0 * mu * t / radius)))
        return total - mu * float(np.sum(np.log(_finite(below))) + np.sum(np.log(_finite(above))))

    def _model(self, z: np.ndarray, mu: float) -> tuple[np.ndarray, np.ndarray]:
        projected = self.matrix @ z
        slope = self.matrix.T @ self.slopes(projected)
        matrix = (self.matrix.T * self.curvatures(projected)) @ self.matrix
        for radius, k, c in self.blocks:
            u = k @ z + c
            t = _heights(u, radius, mu)
            root = radius * t - mu
            slope = slope + np.einsum("cgn,cg->n", k, radius * u / t)
            wide = (np.sqrt(radius / t)[:, None] * k).reshape(-1, k.shape[-1])
            along = np.einsum("cg,cgn->gn", u * (radius / (t * np.sqrt(root))), k)
            matrix = matrix + wide.T @ wide - along.T @ along
        below, above = z - self.lower, self.upper - z
        slope = slope - mu / below + mu / above
        matrix[np.diag_indices_from(matrix)] += mu / below**2 + mu / above**2
        return slope, matrix

    def _room(self, z: np.ndarray, step: np.ndarray) -> float:
        """Longest step that stays within the box."""
        with np.errstate(divide="ignore", invalid="ignore"):
            down = np.where(step < 0, (self.lower - z) / step, np.inf)
            up = np.where(step > 0, (self.upper - z) / step, np.inf)
        return float(min(down.min(initial=np.inf), up.min(initial=np.inf)))


def _heights(u: np.ndarray, radius: float, mu: float) -> np.ndarray:
    """T of each cone."""
    return (mu + np.sqrt(mu**2 + radius**2 * np.square(u).sum(axis=0))) / radius


def _finite(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]
