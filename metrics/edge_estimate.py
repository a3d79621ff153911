"""One logistic edge between the background and a level of the particle, from voxels sorted by octant."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from .edge_fit import fit_edge, is_hill, midmean
from .octants import FEWEST, OCTANTS, Octants

# Contrast over noise below which a histogram without a valley holds no particle.
_LEAST_CONTRAST = 4.0


@dataclass(frozen=True, kw_only=True, eq=False)
class EdgeEstimate:
    """A threshold between two levels.

    Attributes
    ----------
    threshold, low, high : float
        Midpoint, background level b and particle level a.
    fitted : bool
        Whether an edge was fitted; the midpoint of the modes is used otherwise.
    edges, counts, model : numpy.ndarray
        Bins of thresholds (n + 1,), −ΔV of each (n,), and the fit to it (n,), NaN without one.
    window : tuple of float
        Thresholds between which the edge was fitted.
    area_width : float
        A·w, the surface's area times the edge's logistic width, voxels; NaN without a fit.
    """

    threshold: float
    low: float
    high: float
    fitted: bool
    edges: np.ndarray
    counts: np.ndarray
    model: np.ndarray
    window: tuple[float, float]
    area_width: float


def estimate_edge(voxels: Octants, *, without: int = -1, certain: bool = False) -> EdgeEstimate | None:
    """Fit the edge between both levels, one octant left out; None without a contrast.

    Parameters
    ----------
    voxels : Octants
        The voxels around one particle, or around one phase of it.
    without : int
        Octant to leave out; −1 for none.
    certain : bool
        Whether other evidence tells that there is a particle, be there a valley or not.
    """
    inner, outer = voxels.levels(without)
    if min(inner.size, outer.size) < FEWEST:
        return None
    high, low = midmean(inner), midmean(outer)
    step = high - low
    if not step > 0:
        return None
    above = partial(voxels.above, without=without)
    hill = is_hill(above, low, high)
    if hill and not certain and step < _LEAST_CONTRAST * np.hypot(np.std(inner), np.std(outer)):
        return None
    window, clean = _window(above, inner, outer, low, high)
    inside = int(above(window[0]) - above(window[1], or_at=True))
    fit = None
    bins = int(np.clip(inside // 25, 8, 64))
    if inside >= 40 and clean and not hill:
        edges = np.linspace(*window, bins + 1)
        counts = voxels.histogram(edges, without=without)
        sigmas = voxels.errors(without)
        fit = fit_edge(
            edges,
            counts,
            high,
            low,
            (sigmas[0] + 5e-3 * step, sigmas[1] + 5e-3 * step),
            float(above(np.array(0.5 * (high + low)))),
        )
    if fit is None:
        edges = np.linspace(low, high, bins + 1)
        counts = voxels.histogram(edges, without=without)
    a, b, scale, model = fit if fit is not None else (high, low, np.nan, np.full(bins, np.nan))
    return EdgeEstimate(
        threshold=0.5 * (a + b), low=b, high=a, fitted=fit is not None,
        edges=edges, counts=counts, model=model, window=window, area_width=scale,
    )  # fmt: skip


def jackknife(voxels: Octants, everything: EdgeEstimate, *, certain: bool = False) -> float:
    """Standard error of a threshold by leaving out one octant after the other; NaN if none is left."""
    estimates = [estimate_edge(voxels, without=block, certain=certain) for block in range(OCTANTS)]
    replicates = np.array([e.threshold for e in estimates if e and e.fitted is everything.fitted])
    if replicates.size < 2:
        return float("nan")
    share = (replicates.size - 1) / replicates.size
    return float(np.sqrt(share * np.sum((replicates - replicates.mean()) ** 2)))


def _window(
    above: Callable[..., np.ndarray], inner: np.ndarray, outer: np.ndarray, low: float, high: float
) -> tuple[tuple[float, float], bool]:
    """Thresholds between which at most a fiftieth of the voxels is noise of either mode; if there are any."""
    step = high - low
    over = above(np.array([-np.inf, low + step / 4, high - step / 4]))
    at_least = above(np.array([low + step / 4, high - step / 4]), or_at=True)
    valley, below, beyond = over[1] - at_least[1], over[0] - at_least[0], over[2]
    tails = [np.clip(0.01 * valley / max(count, 1), 1e-5, 0.1) for count in (below, beyond)]
    quiet = np.quantile(outer, 1 - tails[0]), np.quantile(inner, tails[1])
    # A twentieth of the contrast stays clear of the logarithmic ends, a quarter is always left.
    start = np.clip(quiet[0], low + 0.05 * step, low + 0.375 * step)
    stop = np.clip(quiet[1], high - 0.375 * step, high - 0.05 * step)
    clean = quiet[0] <= low + 0.45 * step and quiet[1] >= high - 0.45 * step
    return (float(start), float(stop)), bool(clean)
