"""Fit of a logistic edge to the finite differences of a particle's volume."""

from collections.abc import Callable

import numpy as np


def fit_edge(
    edges: np.ndarray,
    counts: np.ndarray,
    high: float,
    low: float,
    sigmas: tuple[float, float],
    enclosed: float = np.inf,
) -> tuple[float, float, float, np.ndarray] | None:
    """Quasi-likelihood fit of (a, b, A·w), and the fitted −ΔV; the second round knows the overdispersion.

    `enclosed` is the volume inside the middle of the edge, voxels: the surface of a body of that
    volume grows outwards as a sphere's does. Infinite, it stays the same.
    """
    from scipy.optimize import least_squares

    def model(a: float, b: float, scale: float) -> np.ndarray:
        return np.maximum(np.diff(_taken(edges, a, b, scale, enclosed)), 1e-9)

    step = high - low
    margin = 1e-4 * step
    scale = counts.sum() / np.diff(_logit(edges, high, low)).sum()
    bounds = ([edges[-1] + margin, low - step, 0.0], [high + step, edges[0] - margin, np.inf])
    start = np.array([max(high, edges[-1] + 2 * margin), min(low, edges[0] - 2 * margin), scale])
    dispersion = 1.0
    solution = None
    for _ in range(2):

        def residuals(p: np.ndarray, dispersion: float = dispersion) -> np.ndarray:
            mu = model(p[0], p[1], p[2])
            # Signed square roots of the Poisson deviance: least squares then is maximum likelihood.
            log = counts * np.log(np.where(counts > 0, counts, 1.0) / mu)
            deviance = np.sqrt(np.maximum(2 * (log - counts + mu), 0)) * np.sign(counts - mu)
            prior = [(p[0] - high) / sigmas[0], (p[1] - low) / sigmas[1]]
            return np.concatenate([deviance / np.sqrt(dispersion), prior])

        solution = least_squares(residuals, start, bounds=bounds, x_scale=[step, step, max(scale, 1.0)])
        if not solution.success:
            return None
        start = solution.x
        mu = model(start[0], start[1], start[2])
        dispersion = max(1.0, float(np.sum((counts - mu) ** 2 / mu)) / max(counts.size - 3, 1))
    a, b, scale = (float(value) for value in start)
    return a, b, scale, model(a, b, scale)


def _taken(t: np.ndarray, high: float, low: float, scale: float, enclosed: float) -> np.ndarray:
    """Volume that thresholds t take away from the middle's: V₀ − V₀(1 − s·logit/3V₀)³."""
    inwards = scale * _logit(t, high, low)
    if not np.isfinite(enclosed):
        return inwards
    # Beyond half the radius the sphere is no guide, and the cube must not turn back.
    share = np.clip(inwards / (3 * enclosed), -0.5, 0.5)
    return 3 * enclosed * (share - share**2 + share**3 / 3) + (inwards - 3 * enclosed * share)


def _logit(t: np.ndarray, high: float, low: float) -> np.ndarray:
    return np.log((t - low) / (high - t))


def is_hill(above: Callable[[np.ndarray], np.ndarray], low: float, high: float) -> bool:
    """Whether the histogram between the levels is a hill instead of a valley: one mode, not two.

    `above` gives how many voxels lie above each of several thresholds.
    """
    width = (high - low) / 6
    middles = np.array([low, 0.5 * (low + high), high])
    at = above(middles - width) - above(middles + width)
    return bool(at[1] >= 0.8 * min(at[0], at[2]))


def midmean(values: np.ndarray) -> float:
    """Interquartile mean: robust like the median, smooth for two-phase particles."""
    low, high = np.quantile(values, [0.25, 0.75])
    inner = values[(values >= low) & (values <= high)]
    # Interpolation between two equal values may round past both.
    return float(np.mean(inner if inner.size else values, dtype=np.float64))


def otsu(values: np.ndarray) -> float:
    """Otsu's threshold, the start of the search (doi:10.1109/TSMC.1979.4310076)."""
    counts, edges = np.histogram(values, bins=256)
    centres = 0.5 * (edges[1:] + edges[:-1])
    weight = np.cumsum(counts)
    total = np.cumsum(counts * centres)
    above = weight[-1] - weight
    with np.errstate(invalid="ignore", divide="ignore"):
        between = weight * above * (total / weight - (total[-1] - total) / above) ** 2
    return float(edges[1 + int(np.nanargmax(between[:-1]))])
