"""Widths of blurred steps from shell means, with bootstrap over parts of the volume."""

from dataclasses import dataclass

import numpy as np

# 10–90 % width of an error function of unit Gaussian width: 2 Φ⁻¹(0.9).
WIDTH_PER_SIGMA = 2.5631031
_ITERATIONS = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class EdgeFit:
    """An error-function step fitted to the means of shells.

    Attributes
    ----------
    place, sigma : float
        Middle of the step and its Gaussian width, in the unit of the shells.
    low, high : float
        Level on the side of small and of large distances.
    ok : bool
        Whether the fit settled with a step wider than nothing and inside the shells.
    """

    place: float
    sigma: float
    low: float
    high: float
    ok: bool

    def values(self, shells: np.ndarray) -> np.ndarray:
        """Fitted means at the shells."""
        return _model(shells, np.array([self.place, self.sigma, self.low, self.high]))[0]

    @property
    def height(self) -> float:
        """Step from small to large distances, signed."""
        return self.high - self.low


def fit_edge(shells: np.ndarray, weights: np.ndarray, sums: np.ndarray, *, sigma: float) -> EdgeFit:
    """Fit ``low + (high − low) Φ((d − place)/σ)`` to shell means by weighted least squares.

    Parameters
    ----------
    shells : numpy.ndarray
        (n,) distances of the shells.
    weights, sums : numpy.ndarray
        (n,) weight in each shell and the sum of weighted values; shells of no weight are left out.
    sigma : float
        Start of σ.
    """
    start = np.array([0.0, sigma, *_plateaus(shells, weights, sums)])
    parameters, settled = _gauss_newton(shells, weights, sums, start, _ITERATIONS)
    place, width, low, high = (float(value) for value in parameters)
    reach = float(np.abs(shells[weights > 0]).max()) if (weights > 0).any() else 0.0
    ok = settled and 0 < width < 0.6 * reach and abs(place) < 0.5 * reach
    return EdgeFit(place=place, sigma=width, low=low, high=high, ok=ok)


def resampled_sigma(shells: np.ndarray, weights: np.ndarray, sums: np.ndarray, fit: EdgeFit) -> float:
    """Width of the step from slightly other shell sums: a few Gauss–Newton steps from a fit nearby."""
    start = np.array([fit.place, fit.sigma, fit.low, fit.high])
    return float(_gauss_newton(shells, weights, sums, start, 4)[0][1])


def _plateaus(shells: np.ndarray, weights: np.ndarray, sums: np.ndarray) -> tuple[float, float]:
    """Means of the outer halves on both sides."""
    held = []
    for side in (-shells, shells):
        outer = side > 0.5 * side.max()
        outer = outer if weights[outer].sum() > 0 else side > 0
        held.append(float(sums[outer].sum() / max(weights[outer].sum(), 1e-300)))
    return held[0], held[1]


def _gauss_newton(
    shells: np.ndarray, weights: np.ndarray, sums: np.ndarray, start: np.ndarray, iterations: int
) -> tuple[np.ndarray, bool]:
    """Damped Gauss–Newton in (place, σ, low, high); whether it settled."""
    filled = weights > 0
    where, root = shells[filled], np.sqrt(weights[filled])
    if where.size < 6:
        return start, False
    means = sums[filled] / weights[filled]
    best = start
    value, slopes = _model(where, best)
    miss = root * (means - value)
    damping = 1e-3
    for _ in range(iterations):
        scaled = root[:, None] * slopes
        normal = scaled.T @ scaled
        right = scaled.T @ miss
        step = np.linalg.lstsq(normal + damping * np.diag(np.diag(normal) + 1e-12), right, rcond=None)[0]
        trial = best + step
        # A width keeps its sign, and moves by less than its half.
        trial[1] = float(np.clip(trial[1], 0.5 * best[1], 2.0 * best[1]))
        value, new_slopes = _model(where, trial)
        new_miss = root * (means - value)
        if new_miss @ new_miss <= miss @ miss:
            settled = bool(np.all(np.abs(trial - best) <= 1e-6 * (np.abs(best) + 1e-3)))
            best, miss, slopes, damping = trial, new_miss, new_slopes, max(damping / 10, 1e-12)
            if settled:
                return best, True
        else:
            damping *= 10
            if damping > 1e8:
                return best, True
    return best, False


def _model(shells: np.ndarray, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fitted means and their derivatives by (place, σ, low, high)."""
    from scipy.special import ndtr

    place, sigma, low, high = parameters
    along = (shells - place) / sigma
    share = ndtr(along)
    slope = np.exp(-0.5 * along**2) / np.sqrt(2 * np.pi) * (high - low) / sigma
    return low + (high - low) * share, np.stack([-slope, -slope * along, 1 - share, share], axis=1)
