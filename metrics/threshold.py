"""The edge-spread threshold: where the surface of a particle lies in a blurred, noisy volume."""

from dataclasses import replace

import numpy as np

from .checks import as_volume
from .edge_estimate import EdgeEstimate, estimate_edge, jackknife
from .edge_fit import midmean
from .esf_result import EsfStatus, EsfThreshold
from .interior import depth_inside
from .local_surface import is_compact, is_uneven, levels_below, local_surface
from .octants import Octants
from .particle_regions import (
    PhaseRegion,
    Regions,
    blurred,
    faces_reached,
    find_phases_of_surface,
    find_regions,
    frame_share,
    largest_piece,
)
from .phase_edges import fitted_sum, phase_edges, slope_at

__all__ = ["EsfStatus", "EsfThreshold", "esf_threshold"]

# Blurs tried in turn on volumes so noisy that no valley is left between the modes, voxels.
_BLURS = (0.0, 1.0, 2.0)
# More of the array's faces than this are covered by no particle, but by what surrounds a hole.
_MOST_FRAME = 0.4
# Specks of single voxels lose more than this share of their contrast to a blur of one voxel.
_SPECK = 0.5
# Noise reaches the array's faces as often as it reaches anything.
_EVENLY = 0.8
# Noise above the threshold, as a share of the particle.
_MOST_SPECKS = 0.03
# Films and slabs reach at least so many faces of the array; needles two.
_CUT_FACES = 3
# No voxel of a particle lies deeper than this, voxels: nowhere does it reach its level.
_THIN = 3.0


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
    numbers (a, b, A·w) are fitted to −ΔV by Poisson quasi-likelihood; the area grows outwards as that
    of a sphere of the same volume V₀ does, V(t) = V₀(1 − A·w·ln(…)/3V₀)³, without which a sphere of
    radius 14 voxels, blurred by 2.5 voxels (FWHM), loses another per cent of its volume.
    Sharp edges give nearly constant −ΔV, which says little about a and b; hence both also carry what
    the volume itself says about them: the interquartile mean of the deeper half of the particle (by
    volume) and of the farther half of the background, each with its spread over the octants. The
    window leaves out the ends where noise of either mode makes up more than a fiftieth of −ΔV.

    A particle of several phases has an edge for each. Plateaus in its interior whose contrasts differ
    by a quarter or more are told apart by repeated halving (Otsu's threshold, kept where it falls
    into a gap of the histogram); every voxel belongs to the nearest plateau, and each phase is fitted
    by the voxels that no other phase bleeds into: status PHASES. Where the density below the surface
    varies that much and no plateaus are found, the surface is put halfway to the nearest voxel deep
    inside, place by place: status LOCAL. In either case `mask` holds the particle and `threshold`
    the level that encloses as many voxels. A faint shell thinner than the blur is seen as a part of the
    edge and missed.

    Where noise fills the valley between the modes, the volume is blurred by one voxel, then by two:
    status SMOOTHED. Specks, noise that reaches the frame as often as the middle, and bright
    surroundings of a dark particle are no particle: status FAILED, with `reason`.

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
    sharp = as_volume("volume", volume)
    if sharp.dtype.itemsize < 4:
        sharp = sharp.astype(np.float32)
    found = None
    reason = "every voxel is alike"
    for blur in _BLURS:
        volume = blurred(sharp, blur) if blur else sharp
        regions = find_regions(volume)
        if regions is None:
            continue
        found = _surface(volume, sharp, regions, errors=errors, blur=blur)
        if isinstance(found, EsfThreshold):
            return found
        reason = found
    return _failed(sharp, reason)


def _surface(
    volume: np.ndarray, sharp: np.ndarray, regions: Regions, *, errors: bool, blur: float
) -> EsfThreshold | str:
    """Threshold of a volume, or why there is none."""
    phases = find_phases_of_surface(regions)
    compact = is_compact(regions)
    levels = levels_below(regions) if compact and not phases else None
    if phases:
        found = _of_phases(volume, regions, phases, errors=errors, blur=blur)
    elif levels is not None and is_uneven(regions, levels):
        found = _of_places(volume, regions, levels, errors=errors, blur=blur)
    else:
        voxels = Octants(volume, regions.core, regions.far)
        estimate = estimate_edge(voxels, certain=compact)
        if estimate is None or (blur and not compact):
            return "noise fills the valley between background and particle"
        found = _of_one(volume, voxels, estimate, errors=errors, blur=blur, certain=compact)
    trouble = _no_particle(volume, sharp, regions, found)
    if trouble:
        return trouble
    cut = faces_reached(found.mask) >= _CUT_FACES and faces_reached(largest_piece(found.mask)) >= _CUT_FACES
    return replace(found, status=EsfStatus.CUT) if cut else found


def _no_particle(volume: np.ndarray, sharp: np.ndarray, regions: Regions, found: EsfThreshold) -> str:
    """Why what was found is no particle; empty if it is one."""
    if found.frame_share > _MOST_FRAME:
        return (
            "what is bright surrounds what is dark; a particle must be brighter than its surroundings: "
            "negate the volume, or crop it less tightly"
        )
    share = np.count_nonzero(found.mask) / found.mask.size
    if share == 0 or (found.frame_share > _EVENLY * share and faces_reached(found.mask) == 6):
        return "what is bright is spread over the volume as noise is"
    values, smooth = sharp[found.mask], regions.smooth[found.mask]
    level = np.median(volume[found.mask]) - found.low
    gone = np.mean(smooth - found.low) < _SPECK * np.mean(values - found.low)
    if gone or np.median(values) - found.low < _SPECK * level:
        return "what is bright are specks of single voxels"
    specks = np.count_nonzero(found.mask.ravel() & regions.far) / np.count_nonzero(regions.far)
    if specks * np.count_nonzero(~found.mask) > _MOST_SPECKS * np.count_nonzero(found.mask):
        return "noise of the background reaches as high as the particle"
    return ""


def _of_one(
    volume: np.ndarray, voxels: Octants, estimate: EdgeEstimate, *, errors: bool, blur: float, certain: bool
) -> EsfThreshold:
    """Threshold of a particle of one phase."""
    error = jackknife(voxels, estimate, certain=certain) if errors else float("nan")
    mask = volume > estimate.threshold
    status = EsfStatus.FITTED if estimate.fitted else EsfStatus.MIDPOINT
    if depth_inside(mask).max() < _THIN:
        status = EsfStatus.THIN
    elif blur:
        status = EsfStatus.SMOOTHED
    return EsfThreshold(
        threshold=estimate.threshold,
        standard_error=error,
        volume_voxels=float(np.count_nonzero(mask)),
        volume_standard_error=error
        * slope_at(volume.ravel(), estimate.threshold, estimate.high - estimate.low),
        status=status,
        low=estimate.low,
        high=estimate.high,
        thresholds=estimate.edges,
        volumes=voxels.above(estimate.edges).astype(float),
        differences=estimate.counts,
        fitted=estimate.model,
        window=estimate.window,
        mask=mask,
        smoothing_voxels=blur,
        frame_share=frame_share(mask),
    )


def _of_phases(
    volume: np.ndarray, regions: Regions, phases: list[PhaseRegion], *, errors: bool, blur: float
) -> EsfThreshold:
    """Threshold of a particle of several phases: each has a surface of its own."""
    edges, mask = phase_edges(volume, regions, phases, errors=errors)
    parts = np.array([edge.volume_standard_error for edge in edges if edge.fitted])
    error = float(np.sqrt(np.sum(parts**2))) if parts.size else float("nan")
    found = _of_mask(volume, regions, mask, high=edges[-1].level, error=error, blur=blur)
    status = EsfStatus.SMOOTHED if blur else EsfStatus.PHASES
    return replace(found, status=status, phases=edges, fitted=fitted_sum(edges, found.thresholds))


def _of_places(
    volume: np.ndarray, regions: Regions, levels: np.ndarray, *, errors: bool, blur: float
) -> EsfThreshold:
    """Threshold of a particle that varies too finely for phases: half of what lies below, place by place."""
    mask, level, error = local_surface(volume, regions, levels)
    found = _of_mask(volume, regions, mask, high=level, error=error if errors else float("nan"), blur=blur)
    return replace(found, status=EsfStatus.SMOOTHED if blur else EsfStatus.LOCAL)


def _of_mask(
    volume: np.ndarray, regions: Regions, mask: np.ndarray, *, high: float, error: float, blur: float
) -> EsfThreshold:
    """The threshold that encloses as many voxels as a mask."""
    values = volume.ravel()
    low = midmean(values[regions.far])
    held = int(np.count_nonzero(mask))
    threshold = low if held == mask.size else float(np.partition(values, -held - 1)[-held - 1])
    slope = slope_at(values, threshold, high - low)
    bins = np.linspace(low, high, 65)
    return EsfThreshold(
        threshold=threshold,
        standard_error=error / slope if slope > 0 else float("nan"),
        volume_voxels=float(held),
        volume_standard_error=error,
        status=EsfStatus.LOCAL,
        low=low,
        high=high,
        thresholds=bins,
        volumes=_volumes_above(values, bins),
        differences=np.histogram(values, bins=bins)[0].astype(float),
        fitted=np.full(64, np.nan),
        window=(float(bins[0]), float(bins[-1])),
        mask=mask,
        smoothing_voxels=blur,
        frame_share=frame_share(mask),
    )


def _volumes_above(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    ordered = np.sort(values)
    return (ordered.size - np.searchsorted(ordered, edges, side="right")).astype(float)


def _failed(volume: np.ndarray, reason: str) -> EsfThreshold:
    values = volume.ravel()
    edges = np.linspace(values.min(), values.max(), 65)
    nan = float("nan")
    return EsfThreshold(
        threshold=nan, standard_error=nan, volume_voxels=nan, volume_standard_error=nan,
        status=EsfStatus.FAILED, low=nan, high=nan, thresholds=edges,
        volumes=_volumes_above(values, edges), differences=np.histogram(values, bins=edges)[0].astype(float),
        fitted=np.full(64, nan), window=(nan, nan),
        mask=np.zeros(volume.shape, dtype=bool), reason=reason,
    )  # fmt: skip
