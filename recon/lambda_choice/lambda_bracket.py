"""λ_max: the least λ that flattens the solution, with a certified bracket."""

from dataclasses import dataclass, replace

import numpy as np

from ..problem import Problem
from .balance import balanced
from .flat_volume import FlatVolume, best_flat
from .node_search import Balls, search


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
    flat : ndarray of float64, shape (4,) or (channel, 4)
        The flat solution ``c + s_z z + s_y y + s_x x`` as (c, s_z, s_y, s_x), coordinates in voxels
        from the centre.
    """

    value: float
    lower: float
    upper: float
    flat: np.ndarray


def lambda_max(problem: Problem) -> LambdaMax:
    """Bracket the least λ whose solution is flat: constant (tv, tv_tv2) or affine (tv2, tgv2).

    Parameters
    ----------
    problem : Problem
        Of any data term and regulariser, of one channel or several. Its own λ is not used, nor is its
        upper bound: where that cuts the flat volume, λ_max is that of the problem without it.

    Returns
    -------
    LambdaMax
        All zero when no λ > 0 is needed, as for zero data.

    Notes
    -----
    Let x₀ ≥ 0 be the flat volume that fits best and g the gradient of the data term there (for counts
    at the mean of least divergence). x₀ is a solution for λ exactly when a field p in the balls of λ
    and multipliers ν ≥ 0 that vanish where x₀ > 0 satisfy ``Kᵀp = ν − g``; so, with |p| the least λ
    whose balls hold p, ::

        λ_max = min { |p| : Kᵀp = ν − g } = max { −⟨g, x⟩ / R(x) : x ≥ 0 where x₀ = 0 }

    Any such p gives an upper bound and any such x a lower one. Both are searched on a grid of at
    most 24 nodes along an axis, by the primal–dual method for ``min R(x)`` with ``⟨g, x⟩ = −1``,
    whose dual, over R(x), is p. With trilinear interpolation U and h voxels between nodes, the
    coarse problem has ``Uᵀg`` for g; as second differences shrink by h² and first ones by h,
    R(U x) is about h² R(x) for TV and h R(x) for TV², and fields scale by the inverse. The
    interpolated x is judged on the full grid as it is; the interpolated p is made exact by
    `balance.balanced`.

    Several channels share balls but have flat volumes, slopes and multipliers of their own; with the
    weights γ of the regulariser everything holds for γ x and g/γ.

    ν is placed on the corner voxels, where an affine volume is least. This is exact while x₀ is
    positive except at single corners; where x₀ vanishes along an edge, a face or everywhere, it only
    widens the bracket. The bracket is within 1.3 for tv and tv2 on the project's particles, and
    wider for tv_tv2 and tgv2, whose p is made exact by one of its two parts alone.

    Examples
    --------
    >>> data = np.zeros((2, 16, 4))
    >>> data[:, 6:10] = 1.0
    >>> found = lambda_max(Problem(data=data, angles_deg=[0.0, 90.0], spacing_nm=1.0))
    >>> bool(0 < found.lower <= found.value <= found.upper < 1.3 * found.lower)
    True
    """
    penalty = problem.penalty
    parts = [_best_flat(one, problem, penalty.order) for one in _single(problem)]
    flat = np.stack([part.coefficients for part in parts])
    flat = flat if problem.channels else flat[0]
    gamma = problem.channel_weights if problem.channels else np.ones(1)
    gamma = gamma[:, None, None, None]
    slope = np.stack([part.slope for part in parts])
    tilted = slope - np.stack([part.pressure for part in parts])
    # What is left of the data term at rounding level is no reason to smooth.
    curvature = problem.fidelity.curvature
    noise = 1e-6 * float(np.abs(problem.adjoint(curvature * problem.data)).max())
    if float(np.abs(tilted).max()) <= noise:
        return LambdaMax(value=0.0, lower=0.0, upper=0.0, flat=flat)
    balls = Balls(
        regulariser=problem.regulariser,
        second_order_share=problem.second_order_share,
        tgv_ratio=problem.tgv_ratio,
    )
    x, field = search(tilted / gamma, balls)
    upper = balls.longest(balanced(field, -tilted / gamma, problem.regulariser))
    ways = _feasible(x / gamma, parts, problem.lower)
    lower = min(max([*(_pull(problem, slope, way) for way in ways), 0.0]), upper)
    value = float(np.sqrt(lower * upper)) if lower > 0 else upper
    return LambdaMax(value=value, lower=lower, upper=upper, flat=flat)


def _best_flat(one: Problem | None, problem: Problem, order: int) -> FlatVolume:
    if one is not None:
        return best_flat(one, order)
    nothing = np.zeros(problem.grid)
    return FlatVolume(coefficients=np.zeros(4), volume=nothing, slope=nothing, pressure=nothing)


def _single(problem: Problem) -> list[Problem | None]:
    """Each channel as a problem of its own; None for one of which nothing is known."""
    if problem.channels is None:
        return [problem]
    gains = np.broadcast_to(problem.gains, problem.data.shape[:2])
    return [
        replace(
            problem,
            data=problem.data[c],
            weights=problem.weights[c],
            gains=gains[c],
            background=None if problem.background is None else problem.background[c],
            channel_weights=None,
        )
        if problem.weights[c].any()
        else None
        for c in range(problem.channels)
    ]


def _feasible(x: np.ndarray, parts: list[FlatVolume], lower: float) -> list[np.ndarray]:
    """Directions near x in which a flat volume stays above its bound where it touches it."""
    raised, cut = x.copy(), x.copy()
    for channel, part in enumerate(parts):
        touching = part.volume - lower <= 1e-9 * (part.volume.max() - lower)
        if touching.any():
            raised[channel] -= min(float(x[channel][touching].min()), 0.0)
            cut[channel][touching] = np.maximum(x[channel][touching], 0.0)
    return [raised, cut]


def _pull(problem: Problem, slope: np.ndarray, x: np.ndarray) -> float:
    variation = problem.regulariser_value((x if problem.channels else x[0]).astype(np.float32))
    return -float(np.sum(slope * x)) / variation if variation > 0 else 0.0
