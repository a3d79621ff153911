"""The flat volume that fits best: constant or affine, and nowhere below the lower bound."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import xlogy

from ..problem import Problem

# Scoring steps for counts, and the relative decrease of the divergence below which they end.
_STEPS = 50
_DECREASE = 1e-13


@dataclass(frozen=True, kw_only=True)
class FlatVolume:
    """The best flat volume of one channel, in float64.

    Parameters
    ----------
    coefficients : ndarray, shape (4,)
        ``c + s_z z + s_y y + s_x x`` as (c, s_z, s_y, s_x), coordinates in voxels from the centre.
    volume : ndarray, shape (z, y, x)
    slope : ndarray, shape (z, y, x)
        Gradient g of the data term there.
    pressure : ndarray, shape (z, y, x)
        Multipliers ν ≥ 0 of the lower bound: ``g − ν`` is orthogonal to all flat volumes.
    """

    coefficients: np.ndarray
    volume: np.ndarray
    slope: np.ndarray
    pressure: np.ndarray


def best_flat(problem: Problem, order: int) -> FlatVolume:
    """Find the flat volume that fits best.

    Parameters
    ----------
    problem : Problem
        Of one channel. Its lower bound is kept, its upper one is not looked at.
    order : {1, 2}
        1 for constants, 2 for affine volumes.

    Returns
    -------
    FlatVolume

    Notes
    -----
    An affine volume keeps the bound if it does so at the eight corners. Least squares with these
    constraints is the projection onto a cone; what is left over is found by non-negative least
    squares. For counts, the Newton step with the expected second derivative k/y in place of k b/y²
    (Fisher's scoring) is a least squares problem of the same kind, with weights k/y and the data
    themselves; a line search keeps the divergence falling.
    """
    shape, basis = problem.grid, _basis(problem.grid, order)
    columns = [
        problem.forward(np.ascontiguousarray(np.broadcast_to(part, shape), np.float32)).ravel()
        for part in basis
    ]
    design = np.stack(columns, axis=1).astype(np.float64)
    # Each coordinate is measured in half lengths of its axis.
    half = np.maximum([2, *(n - 1 for n in shape)], 1)[: len(basis)] / 2.0
    signs = np.array(list(itertools.product((-1, 1), repeat=3)))
    corners = np.column_stack([np.ones(8), 0.5 * signs * (np.array(shape) - 1)])[:, : half.size]
    fixed = design[:, 0] * problem.lower
    if problem.background is not None:
        fixed = fixed + problem.background.ravel()
    weights, data = (array.astype(np.float64).ravel() for array in (problem.weights, problem.data))
    if problem.data_term == "kullback_leibler":
        found, multipliers = _scoring(design, data, weights, fixed, corners, half)
    else:
        found, multipliers = _least_squares(design, data - fixed, weights, corners, half)
    flat = np.zeros(4)
    flat[: found.size] = found
    flat[0] += problem.lower
    volume = np.maximum(affine(shape, flat), problem.lower)
    residual = np.empty_like(problem.data)
    problem.fidelity.gradient(problem.forward(volume.astype(np.float32)), residual)
    residual[problem.weights == 0] = 0.0
    pressure = np.zeros(shape)
    if order == 1:
        pressure += multipliers.sum() / pressure.size
    else:
        np.add.at(pressure, tuple(np.where(signs < 0, 0, np.array(shape) - 1).T), multipliers)
    slope = problem.adjoint(residual).astype(np.float64)
    return FlatVolume(coefficients=flat, volume=volume, slope=slope, pressure=pressure)


def affine(shape: tuple[int, int, int], flat: np.ndarray) -> np.ndarray:
    """Volume of the four coefficients of a flat volume, float64."""
    parts = zip(flat, _basis(shape, 2), strict=True)
    return np.broadcast_to(sum(float(c) * part for c, part in parts), shape)  # type: ignore[arg-type]


def _basis(shape: tuple[int, int, int], order: int) -> list[np.ndarray]:
    """Flat volumes: one, and for order 2 the centred coordinates z, y, x; broadcastable, float64."""
    one = np.ones((1, 1, 1))
    if order == 1:
        return [one]
    axes = np.meshgrid(*(np.arange(n) - 0.5 * (n - 1) for n in shape), indexing="ij", sparse=True)
    return [one, *axes]


def _least_squares(
    design: np.ndarray, data: np.ndarray, weights: np.ndarray, corners: np.ndarray, half: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients c of least ``Σ w (B c − b)²`` with ``corners c ≥ 0``, and the multipliers."""
    root = np.sqrt(weights)
    weighted = root[:, None] * design
    size = half * (np.linalg.norm(weighted[:, 0]) or 1.0)
    normal = (weighted / size).T @ (weighted / size)
    # A flat volume that the data do not see (z at a single tilt of 0°) stays out.
    factor = np.linalg.cholesky(normal + 1e-9 * np.eye(size.size))
    wanted = np.linalg.solve(factor, (weighted / size).T @ (root * data))
    cone = np.linalg.solve(factor, (corners / size).T)
    multipliers, _ = optimize.nnls(cone, -wanted)
    nearest = wanted + cone @ multipliers
    if np.linalg.norm(nearest) <= 1e-9 * np.linalg.norm(wanted):
        return np.zeros(size.size), multipliers
    return np.linalg.solve(factor.T, nearest) / size, multipliers


def _scoring(
    design: np.ndarray,
    data: np.ndarray,
    weights: np.ndarray,
    fixed: np.ndarray,
    corners: np.ndarray,
    half: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients c ≥ 0 at the corners of least divergence of ``B c + fixed``, and the multipliers."""
    seen = weights > 0
    design, data, weights, fixed = design[seen], data[seen], weights[seen], fixed[seen]
    # The constant that gives the total, or a little of it where the background gives all.
    total, explained = weights @ data, weights @ fixed
    found = np.zeros(half.size)
    found[0] = max(total - explained, 1e-3 * total, 1e-30) / max(float(weights @ design[:, 0]), 1e-30)

    def divergence(c: np.ndarray) -> float:
        return _divergence(design @ c + fixed, data, weights)

    value, multipliers = divergence(found), np.zeros(8)
    for _ in range(_STEPS):
        mean = np.maximum(design @ found + fixed, 1e-6 * max(float(data.max()), 1e-30))
        aim, multipliers = _least_squares(design, data - fixed, weights / mean, corners, half)
        step, after = _line_search(divergence, found, aim - found, value)
        found, before, value = found + step * (aim - found), value, after
        if before - value <= _DECREASE * abs(before):
            break
    return found, multipliers


def _line_search(
    divergence: Callable[[np.ndarray], float], found: np.ndarray, way: np.ndarray, value: float
) -> tuple[float, float]:
    """Halve the step until the divergence does not grow; (0, value) when it always does."""
    step = 1.0
    for _ in range(40):
        after = divergence(found + step * way)
        if after <= value:
            return step, after
        step *= 0.5
    return 0.0, value


def _divergence(mean: np.ndarray, data: np.ndarray, weights: np.ndarray) -> float:
    if (mean < 0).any() or ((mean == 0) & (data > 0)).any():
        return np.inf
    ratio = np.divide(data, mean, out=np.ones_like(mean), where=mean > 0)
    return float(weights @ (mean - data + xlogy(data, ratio)))
