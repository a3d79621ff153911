"""The edge-spread threshold: where the surface of a particle lies in a blurred, noisy volume."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial

import numpy as np

from .checks import as_volume
from .edge_fit import fit_edge, is_hill, midmean, otsu
from .interior import depth_inside
from .octants import FEWEST, OCTANTS, Octants


class EsfStatus(Enum):
    """How an edge-spread threshold was obtained; the message names the cure."""

    FITTED = "edge-spread function fitted between the background and the particle mode"
    MIDPOINT = (
        "too few edge voxels between the modes for a fit: the midpoint of the modes is used; "
        "finer voxels or a larger particle allow the fit"
    )
    FAILED = (
        "no particle stands out from the background: no threshold; raise the dose or the "
        "regularisation, or give a threshold by hand"
    )

    @property
    def message(self) -> str:
        """What happened and what would cure it."""
        return self.value


@dataclass(frozen=True, kw_only=True, eq=False)
class EsfThreshold:
    """An edge-spread threshold with the curve that it comes from.

    Attributes
    ----------
    threshold : float
        Level of the surface, in the units of the volume; NaN if `status` is FAILED.
    standard_error : float
        Standard error of the threshold: delete-one jackknife over the eight octants of the particle.
    volume_voxels, volume_standard_error : float
        Voxels above the threshold, and the standard error that the threshold's gives it (|dV/dt|·SE).
    status : EsfStatus
        FITTED, MIDPOINT (fallback) or FAILED, with a message.
    low, high : float
        Background and particle levels b and a of the fitted edge.
    thresholds : numpy.ndarray
        Edges of the threshold bins, (n + 1,).
    volumes : numpy.ndarray
        V(t), voxels above each of `thresholds`, (n + 1,).
    differences : numpy.ndarray
        −ΔV of each bin, (n,), voxels.
    fitted : numpy.ndarray
        The edge-spread fit to `differences`, (n,), NaN outside the fitted window.
    window : tuple of float
        Thresholds between which the edge was fitted.
    """

    threshold: float
    standard_error: float
    volume_voxels: float
    volume_standard_error: float
    status: EsfStatus
    low: float
    high: float
    thresholds: np.ndarray
    volumes: np.ndarray
    differences: np.ndarray
    fitted: np.ndarray
    window: tuple[float, float]

    @property
    def relative_volume_error(self) -> float:
        """Standard error of the volume over the volume."""
        return self.volume_standard_error / self.volume_voxels if self.volume_voxels > 0 else float("nan")


def esf_threshold(volume: np.ndarray, *, errors: bool = True) -> EsfThreshold:
    """Find the threshold at the steepest point of a particle's edge, from V(t) alone.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x), any units. One particle, brighter than what surrounds it; its densities may
        differ from phase to phase.
    errors : bool
        Estimate the standard errors, which takes most of the time; NaN without.

    Returns
    -------
    EsfThreshold

    Raises
    ------
    ValueError
        If the volume is not three-dimensional or not finite.

    Notes
    -----
    Collins et al. [1]_ segment by the threshold at the steepest point of an edge-spread function
    fitted to the finite differences of the particle volume V(t). A logistic edge
    ``g(r) = b + (a − b)/(1 + exp(r/w))`` around a surface of area A encloses

        V(t) = V(½(a + b)) − A·w·ln((t − b)/(a − t)),

    so −ΔV between neighbouring thresholds has its minimum at the steepest point ½(a + b). Three
    numbers (a, b, A·w) are fitted to −ΔV by Poisson quasi-likelihood. Sharp edges give nearly
    constant −ΔV, which says little about a and b; hence both also carry what the volume itself
    says about them: the interquartile mean of the deeper half of the particle (by volume) and of
    the farther half of the background, each with its spread over the octants of the particle. The
    window leaves out the ends where noise of either mode makes up more than a fiftieth of −ΔV.

    A surface of mean curvature κ blurred by a Gaussian of width σ recedes by about σ²κ: a sphere
    of radius 20 voxels blurred by 2.5 voxels (FWHM) loses 0.8 % of its volume whatever the method.

    References
    ----------
    .. [1] S. M. Collins et al., APL Materials 7, 091111 (2019), doi:10.1063/1.5120093

    Examples
    --------
    >>> r = np.sqrt(sum(axis**2 for axis in np.mgrid[-16:17, -16:17, -16:17]))
    >>> found = esf_threshold(5.0 / (1 + np.exp((r - 10) / 0.8)))
    >>> found.status.name, round(found.threshold, 1)
    ('FITTED', 2.5)
    """
    volume = as_volume("volume", volume)
    values = volume.ravel()
    ceiling = np.quantile(values, 0.999)
    levels = _levels(volume, ceiling)
    if levels is None:
        return _failed(values)
    voxels = Octants(volume, *levels)
    everything = _estimate(voxels, without=-1)
    if everything is None:
        return _failed(values)
    estimates = [_estimate(voxels, without=block) for block in range(OCTANTS if errors else 0)]
    replicates = np.array([e.threshold for e in estimates if e is not None and e.status is everything.status])
    error = np.nan
    if replicates.size > 1:
        share = (replicates.size - 1) / replicates.size
        error = float(np.sqrt(share * np.sum((replicates - replicates.mean()) ** 2)))
    width = 0.05 * (everything.high - everything.low)
    near = np.count_nonzero(np.abs(values - everything.threshold) <= width)
    slope = near / (2 * width)
    return EsfThreshold(
        threshold=everything.threshold,
        standard_error=error,
        volume_voxels=float(np.count_nonzero(values > everything.threshold)),
        volume_standard_error=slope * error,
        status=everything.status,
        low=everything.low,
        high=everything.high,
        thresholds=everything.edges,
        volumes=voxels.above(everything.edges).astype(float),
        differences=everything.counts,
        fitted=everything.fitted,
        window=everything.window,
    )


@dataclass(frozen=True, kw_only=True)
class _Edge:
    threshold: float
    low: float
    high: float
    status: EsfStatus
    edges: np.ndarray
    counts: np.ndarray
    fitted: np.ndarray
    window: tuple[float, float]


def _levels(volume: np.ndarray, ceiling: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Flat masks of the particle's deeper half and of the background's farther half."""
    clipped = np.minimum(volume, ceiling)
    if not clipped.max() > clipped.min():
        return None
    threshold = otsu(clipped.ravel())
    core = far = np.zeros(0, dtype=bool)
    for _ in range(2):
        inside = volume > threshold
        if inside.all() or not inside.any():
            return None
        depth, distance = depth_inside(inside), depth_inside(~inside, frame=False)
        core = (inside & (depth >= np.median(depth[inside]))).ravel()
        far = (~inside & (distance >= np.median(distance[~inside]))).ravel()
        threshold = 0.5 * (midmean(volume.ravel()[core]) + midmean(volume.ravel()[far]))
    return core, far


def _estimate(voxels: Octants, *, without: int) -> _Edge | None:
    """Fit the edge between both levels, one octant left out; None without a contrast."""
    inner, outer = voxels.levels(without)
    if min(inner.size, outer.size) < FEWEST:
        return None
    high, low = midmean(inner), midmean(outer)
    step = high - low
    if not step > 0:
        return None
    above = partial(voxels.above, without=without)
    hill = is_hill(above, low, high)
    if hill and step < 4 * np.hypot(np.std(inner), np.std(outer)):
        return None
    window = _window(above, inner, outer, low, high)
    inside = int(above(window[0]) - above(window[1], or_at=True))
    fit = None
    bins = int(np.clip(inside // 25, 8, 64))
    if inside >= 40 and not hill:
        edges = np.linspace(*window, bins + 1)
        counts = voxels.histogram(edges, without=without)
        sigmas = voxels.errors(without)
        fit = fit_edge(edges, counts, high, low, (sigmas[0] + 5e-3 * step, sigmas[1] + 5e-3 * step))
    if fit is None:
        edges = np.linspace(low, high, bins + 1)
        counts = voxels.histogram(edges, without=without)
        fit, status = (high, low, np.full(bins, np.nan)), EsfStatus.MIDPOINT
    else:
        status = EsfStatus.FITTED
    return _Edge(
        threshold=0.5 * (fit[0] + fit[1]), low=fit[1], high=fit[0], status=status, edges=edges,
        counts=counts, fitted=fit[2], window=window,
    )  # fmt: skip


def _window(
    above: Callable[..., np.ndarray], inner: np.ndarray, outer: np.ndarray, low: float, high: float
) -> tuple[float, float]:
    """Thresholds between which at most a fiftieth of the voxels is noise of either mode."""
    step = high - low
    over = above(np.array([-np.inf, low + step / 4, high - step / 4]))
    at_least = above(np.array([low + step / 4, high - step / 4]), or_at=True)
    valley, below, beyond = over[1] - at_least[1], over[0] - at_least[0], over[2]
    tails = [np.clip(0.01 * valley / max(count, 1), 1e-5, 0.1) for count in (below, beyond)]
    # A twentieth of the contrast stays clear of the logarithmic ends, a quarter is always left.
    start = np.clip(np.quantile(outer, 1 - tails[0]), low + 0.05 * step, low + 0.375 * step)
    stop = np.clip(np.quantile(inner, tails[1]), high - 0.375 * step, high - 0.05 * step)
    return float(start), float(stop)


def _volumes_above(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    ordered = np.sort(values)
    return (ordered.size - np.searchsorted(ordered, edges, side="right")).astype(float)


def _failed(values: np.ndarray) -> EsfThreshold:
    edges = np.linspace(values.min(), values.max(), 65)
    nan = float("nan")
    return EsfThreshold(
        threshold=nan, standard_error=nan, volume_voxels=nan, volume_standard_error=nan,
        status=EsfStatus.FAILED, low=nan, high=nan, thresholds=edges,
        volumes=_volumes_above(values, edges), differences=np.histogram(values, bins=edges)[0].astype(float),
        fitted=np.full(64, nan), window=(nan, nan),
    )  # fmt: skip
