"""λ_max: the least λ that flattens the solution, with a certified bracket."""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from ..problem import Problem
from ..regularisers.gradient import dual_step, gradient_adjoint, total_variation
from ..regularisers.hessian import dual_step2, hessian_adjoint, second_variation
from .balance import balancing_field, potential
from .node_grid import NodeGrid

# The search stops when its bounds are this close, or after so many iterations.
_RATIO = 1.1
_CHUNK = 25
_ITERATIONS = 1500
_RELAXATION = np.float32(1.9)
# Dual step, adjoint and value of the differences.
_KERNELS = {
    "tv": (dual_step, gradient_adjoint, total_variation),
    "tv2": (dual_step2, hessian_adjoint, second_variation),
}
# Length of the dual steps, as a share of what the start needs to reach the bound in one, and the
# square of the norm of the differences.
_STEPS = {"tv": (0.1, 12.0), "tv2": (0.01, 144.0)}


@dataclass(frozen=True, kw_only=True)
class LambdaMax:
    """The least λ whose solution is flat, and bounds of it.

    Parameters
    ----------
    value : float
        Estimate: the geometric mean of the bounds, or the upper one when the lower is zero. The scale
        for "λ as a fraction of λ_max".
    lower, upper : float
        Below `lower` the solution is not flat; from `upper` on it is. Certified up to the float32
        rounding of the projector.
    flat : ndarray of float64, shape (4,)
        The flat solution ``c + s_z z + s_y y + s_x x`` as (c, s_z, s_y, s_x), coordinates in voxels
        from the centre.
    """

    value: float
    lower: float
    upper: float
    flat: np.ndarray


def lambda_max(problem: Problem) -> LambdaMax:
    """Bracket the least λ whose solution is constant (TV) or affine (TV²).

    Parameters
    ----------
    problem : Problem
        Its own λ is not used.

    Returns
    -------
    LambdaMax
        All zero when no λ > 0 is needed, as for zero data.

    Notes
    -----
    Let x₀ ≥ 0 be the flat volume that fits best and g the gradient of the data term there. x₀ is a
    solution for λ exactly when a field p with ``|p| ≤ λ`` at every voxel, and multipliers ν ≥ 0 that
    vanish where x₀ > 0, satisfy ``Rᵀp = ν − g``: so ::

        λ_max = min { max |p| : Rᵀp = ν − g } = max { −⟨g, x⟩ / R(x) : x ≥ 0 where x₀ = 0 }

    Any such p gives an upper bound and any such x a lower one. Both are searched on a grid of at
    most 24 nodes along an axis, by the primal–dual method for ``min R(x)`` with ``⟨g, x⟩ = −1``,
    whose dual, over R(x), is p. With trilinear interpolation U and h voxels between nodes, the
    coarse problem has ``Uᵀg`` for g; as second differences shrink by h² and first ones by h,
    R(U x) is about h² R(x) for TV and h R(x) for TV², and fields scale by the inverse. The
    interpolated x is judged on the full grid as it is; the interpolated p is made exact by
    `balance.balancing_field`.

    ν is placed on the corner voxels, where an affine volume is least. This is exact while x₀ is
    positive except at single corners; where x₀ vanishes along an edge, a face or everywhere, it only
    widens the bracket.

    Examples
    --------
    >>> data = np.zeros((2, 16, 4))
    >>> data[:, 6:10] = 1.0
    >>> found = lambda_max(Problem(data=data, angles_deg=[0.0, 90.0], spacing_nm=1.0))
    >>> bool(0 < found.lower <= found.value <= found.upper < 1.3 * found.lower)
    True
    """
    flat, slope, pressure = _best_flat(problem)
    balanced = slope - pressure
    # What is left of the data term at rounding level is no reason to smooth.
    noise = 1e-6 * float(np.abs(problem.adjoint(problem.weights * problem.data)).max())
    if float(np.abs(balanced).max()) <= noise:
        return LambdaMax(value=0.0, lower=0.0, upper=0.0, flat=flat)
    x, field = _search(balanced, problem.regulariser)
    field += balancing_field(-balanced, problem.regulariser, field)
    upper = _longest(field)
    pulls = [_pull(problem, slope, way) for way in _feasible(x, _affine(problem.shape, flat))]
    lower = min(max([*pulls, 0.0]), upper)
    value = float(np.sqrt(lower * upper)) if lower > 0 else upper
    return LambdaMax(value=value, lower=lower, upper=upper, flat=flat)


def _basis(shape: tuple[int, int, int], regulariser: str) -> list[np.ndarray]:
    """Flat volumes: one, and for TV² the centred coordinates z, y, x; broadcastable, float64."""
    one = np.ones((1, 1, 1))
    if regulariser == "tv":
        return [one]
    axes = np.meshgrid(*(np.arange(n) - 0.5 * (n - 1) for n in shape), indexing="ij", sparse=True)
    return [one, *axes]


def _affine(shape: tuple[int, int, int], flat: np.ndarray) -> np.ndarray:
    parts = zip(flat, _basis(shape, "tv2"), strict=True)
    return np.broadcast_to(sum(float(c) * part for c, part in parts), shape)  # type: ignore[arg-type]


def _best_flat(problem: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Best flat volume x₀ ≥ 0, the slope g of the data term there, and its multipliers ν.

    Non-negativity at the eight corners is enough. The least squares problem with these constraints
    is the projection onto a cone; what is left over is found by non-negative least squares.
    """
    shape, basis = problem.shape, _basis(problem.shape, problem.regulariser)
    root = np.sqrt(problem.weights.astype(np.float64)).ravel()
    columns = [
        root * problem.forward(np.ascontiguousarray(np.broadcast_to(part, shape), np.float32)).ravel()
        for part in basis
    ]
    design = np.stack(columns, axis=1)
    # Each coordinate is measured in half lengths of its axis.
    half = np.maximum([2, *(n - 1 for n in shape)], 1)[: len(basis)] / 2.0
    size = half * (np.linalg.norm(design[:, 0]) or 1.0)
    normal = (design / size).T @ (design / size)
    # A flat volume that the data do not see (z at a single tilt of 0°) stays out.
    factor = np.linalg.cholesky(normal + 1e-9 * np.eye(size.size))
    wanted = np.linalg.solve(factor, (design / size).T @ (root * problem.data.ravel()))
    signs = np.array(list(itertools.product((-1, 1), repeat=3)))
    corners = np.column_stack([np.ones(8), 0.5 * signs * (np.array(shape) - 1)])
    cone = np.linalg.solve(factor, (corners[:, : size.size] / size).T)
    multipliers, _ = optimize.nnls(cone, -wanted)
    nearest = wanted + cone @ multipliers
    flat = np.zeros(4)
    if np.linalg.norm(nearest) > 1e-9 * np.linalg.norm(wanted):
        flat[: size.size] = np.linalg.solve(factor.T, nearest) / size
    volume = np.maximum(_affine(shape, flat), 0.0).astype(np.float32)
    slope = problem.adjoint(problem.weights * (problem.forward(volume) - problem.data)).astype(np.float64)
    pressure = np.zeros(shape)
    if problem.regulariser == "tv":
        pressure += multipliers.sum() / pressure.size
    else:
        np.add.at(pressure, tuple(np.where(signs < 0, 0, np.array(shape) - 1).T), multipliers)
    return flat, slope, pressure


def _feasible(x: np.ndarray, flat: np.ndarray) -> list[np.ndarray]:
    """Directions near x in which a flat volume stays non-negative where it touches zero."""
    touching = flat <= 1e-9 * flat.max()
    if not touching.any():
        return [x]
    return [x - min(float(x[touching].min()), 0.0), np.where(touching, np.maximum(x, 0.0), x)]


def _pull(problem: Problem, slope: np.ndarray, x: np.ndarray) -> float:
    variation = problem.regulariser_value(x.astype(np.float32))
    return -float(np.sum(slope * x)) / variation if variation > 0 else 0.0


def _search(slope: np.ndarray, regulariser: str) -> tuple[np.ndarray, np.ndarray]:
    """Return x with the largest ``−⟨slope, x⟩ / R(x)`` and p with the least max |p|, on the full grid."""
    grid = NodeGrid(slope.shape)
    step, transpose, value = _KERNELS[regulariser]
    pull = -grid.restrict(slope)
    # The potential of the least squares field is a fair start.
    start = potential(pull) if regulariser == "tv" else potential(potential(pull))
    start /= np.sum(pull * start)
    x, force = start.astype(np.float32), pull.astype(np.float32)
    unit = force / np.float32(np.sum(pull * pull))
    ahead, push = x.copy(), np.empty_like(x)
    field = np.zeros((3 if regulariser == "tv" else 6, *x.shape), np.float32)
    speed, square = _STEPS[regulariser]
    sigma = np.float32(speed * x.size / value(x))
    tau = np.float32(1.0 / (square * sigma))
    one, best, least = np.float32(1.0), -np.inf, np.inf
    steepest, flattest = start, np.zeros(field.shape)
    for iteration in range(1, _ITERATIONS + 1):
        step(ahead, field, sigma, one, _RELAXATION)
        transpose(field, push)
        push *= -tau
        push += unit * np.float32(-np.sum(push * force, dtype=np.float64))
        # `push` is now the move of x within ⟨g, x⟩ = −1.
        ahead = x + push + push
        x += _RELAXATION * push
        if iteration % _CHUNK == 0:
            reached = float(np.sum(pull * x)) / value(x)
            if reached > best:
                best, steepest = reached, x.astype(np.float64)
            balanced = np.multiply(field, reached, dtype=np.float64)
            balanced += balancing_field(pull, regulariser, balanced)
            peak = _longest(balanced)
            if peak < least:
                least, flattest = peak, balanced
            if least <= _RATIO * best:
                break
    return grid.prolong(steepest), grid.prolong_field(flattest)


def _longest(field: np.ndarray) -> float:
    return float(np.sqrt(np.square(field).sum(axis=0).max()))
