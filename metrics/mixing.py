"""Segregated or interdiffused: whether the mixed voxels form a thin sheet or a thick region."""

from dataclasses import dataclass

import numpy as np

from .checks import as_volume, same_shape
from .diagram import particle_mask
from .interior import depth_inside
from .mixing_confidence import MOST_CERTAIN, MixingEvidence, interdiffused_probability
from .resolution import resolution_voxels

_PURE_SHARE = 0.02

# Of the particles that the confidence was calibrated on, every surface that was found rightly had less
# than 0.21 of the metal density inside it left outside, and those that were noise 0.29 or more.
_DENSEST_OUTSIDE = 0.25

# Two pure parts, of which the scarcer holds 1 %, spread the fraction by this much.
_LEAST_SPREAD = 0.1

_NO_PARTS = (
    "the fraction hardly varies (±{spread:.2f}) and the resolution is too coarse for a mixture to be told "
    "from parts: raise the dose or the number of tilts"
)
_TOO_FAINT = (
    "the metals outside the particle are {outside:.0%} as dense as inside: no particle stands out; raise "
    "the dose or the regularisation, or hand over a better mask"
)
_TOO_CLOSE = (
    "neither state is likely enough ({likeliest}: {probability:.2f}) at a resolution of {resolution:.1f} "
    "voxels in a particle of {radius:.1f} voxels' radius; raise the dose or the number of tilts"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class MixingState:
    """The mixing state of a particle, with what it was read from.

    Attributes
    ----------
    state : str
        "segregated", "interdiffused", "pure" (one end member only), or "undecided".
    likeliest : str
        The state that is likeliest, also where it is not likely enough to be the verdict.
    confidence : float
        Calibrated probability of `likeliest`, 0.5 to 0.995; 0.5 where no particle or no part stands out.
    reason : str
        Why nothing was decided and what would cure it; empty after a verdict.
    thick_share : float
        Share of the interior that is mixed and farther from every pure voxel than `reach_voxels`.
    mixed_share : float
        Share of the interior that is mixed at all.
    reach_voxels : float
        Half the thickness that a blurred sharp interface can have, voxels.
    resolution_voxels : float
        FWHM of the blur at the particle's surface, voxels.
    depth : numpy.ndarray
        (z, y, x) distance of every mixed voxel to the nearest pure one, voxels; 0 elsewhere.
    evidence : MixingEvidence
        The numbers behind the confidence.
    """

    state: str
    likeliest: str
    confidence: float
    reason: str
    thick_share: float
    mixed_share: float
    reach_voxels: float
    resolution_voxels: float
    depth: np.ndarray
    evidence: MixingEvidence


def mixing_state(
    zn: np.ndarray,
    co: np.ndarray,
    *,
    interior: np.ndarray | str | None = None,
    pure: float = 0.15,
    decisive_share: float = 0.06,
    least_confidence: float = 0.75,
) -> MixingState:
    """Tell a segregated particle from an interdiffused one.

    Parameters
    ----------
    zn, co : numpy.ndarray
        (z, y, x) densities, atoms nm⁻³.
    interior : numpy.ndarray or "esf", optional
        Mask of the particle; the edge-spread threshold on the total density without one.
    pure : float
        Fractions below this, or above one minus it, count as pure.
    decisive_share : float
        Share of thick mixed regions that speaks for neither state.
    least_confidence : float
        Below this the state is "undecided", 0.5 to 1; 0.5 always decides where a particle stands out.

    Returns
    -------
    MixingState

    Raises
    ------
    ValueError
        If shapes differ, a parameter is out of range, or no particle is found.

    Notes
    -----
    Blur turns the interface of a segregated particle into a sheet of intermediate fractions, but a
    sheet no thicker than the resolution allows; where metals have truly interdiffused lie thick
    mixed regions. Both densities are smoothed by a Gaussian of the volume's own resolution (against
    noise), which widens a sharp interface to ``s = √2 · resolution``; fractions between `pure` and
    1 − `pure` then lie within ``s Φ⁻¹(1 − pure)`` of it. Mixed voxels farther than that (plus one
    voxel of rounding) from every pure voxel are thick.

    Their share, the sharpness of the fraction, its spread, and the resolution in units of the particle give
    the probability of either state (`interdiffused_probability`), calibrated on particles that were not
    used to fit it. What it cannot know: a texture far finer than the resolution *is* a mixture to the
    volume, at any dose. "Interdiffused" says mixed on the scale of `reach_voxels`.

    Examples
    --------
    >>> ball = sum(axis**2 for axis in np.mgrid[-12:13, -12:13, -12:13]) < 100
    >>> left = np.arange(25)[None, None, :] < 12
    >>> mixing_state(4.4 * (ball & left), 4.9 * (ball & ~left)).state
    'segregated'
    >>> mixing_state(2.2 * ball, 2.4 * ball).state
    'interdiffused'
    """
    zn, co = (as_volume(n, v).astype(np.float64) for n, v in (("zn", zn), ("co", co)))
    same_shape(zn=zn, co=co)
    if not 0 < pure < 0.5:
        raise ValueError(f"`pure` must lie between 0 and 0.5, got {pure}")
    if not 0 < decisive_share < 1:
        raise ValueError(f"`decisive_share` must lie between 0 and 1, got {decisive_share}")
    if not 0.5 <= least_confidence <= 1:
        raise ValueError(f"`least_confidence` must lie between 0.5 and 1, got {least_confidence}")
    mask, _ = particle_mask(zn + co, interior)
    seen = _look(zn, co, mask, pure)
    likeliest, confidence = _judge(seen, decisive_share)
    outside = _outside(zn + co, mask)
    reason = ""
    if outside > _DENSEST_OUTSIDE:
        confidence, reason = 0.5, _TOO_FAINT.format(outside=outside)
    elif likeliest == "segregated" and seen.evidence.spread < _LEAST_SPREAD:
        confidence, reason = 0.5, _NO_PARTS.format(spread=seen.evidence.spread)
    elif confidence < least_confidence:
        reason = _TOO_CLOSE.format(
            likeliest=likeliest, probability=confidence, resolution=seen.resolution, radius=seen.radius
        )
    return MixingState(
        state="undecided" if reason else likeliest, likeliest=likeliest, confidence=confidence,
        reason=reason, thick_share=seen.evidence.thick_share, mixed_share=seen.mixed_share,
        reach_voxels=seen.reach, resolution_voxels=seen.resolution, depth=seen.depth,
        evidence=seen.evidence,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What a volume shows: lengths in voxels, shares of the interior."""

    evidence: MixingEvidence
    mixed_share: float
    scarcer_share: float
    resolution: float
    reach: float
    radius: float
    depth: np.ndarray


def _look(zn: np.ndarray, co: np.ndarray, mask: np.ndarray, pure: float) -> _Look:
    from scipy.stats import norm

    total = zn + co
    resolution = resolution_voxels(total, mask)
    sigma = resolution / 2.3548
    fraction = _smooth_fraction(zn, total, sigma)
    # The outermost layers mix in the background's noise; of a very small particle all is kept.
    inside = depth_inside(mask) > 2
    inside = inside if np.count_nonzero(inside) > 0.2 * np.count_nonzero(mask) else mask
    mixed = inside & (fraction > pure) & (fraction < 1 - pure)
    zinc_pure, cobalt_pure = inside & (fraction >= 1 - pure), inside & (fraction <= pure)
    depth = np.where(mixed, depth_inside(~(zinc_pure | cobalt_pure), frame=False), 0.0)
    reach = float(np.sqrt(2) * sigma * norm.ppf(1 - pure)) + 1.0
    radius = float(np.cbrt(0.75 / np.pi * np.count_nonzero(mask)))
    count = np.count_nonzero(inside)
    change = fraction[inside] - _smooth_fraction(zn, total, 2 * sigma)[inside]
    evidence = MixingEvidence(
        thick_share=np.count_nonzero(depth > reach) / count,
        sharpness=float(np.sqrt(np.mean(change**2))),
        spread=float(np.std(fraction[inside])),
        coarseness=reach / radius,
    )
    return _Look(
        evidence=evidence, mixed_share=np.count_nonzero(mixed) / count,
        scarcer_share=min(np.count_nonzero(zinc_pure), np.count_nonzero(cobalt_pure)) / count,
        resolution=resolution, reach=reach, radius=radius, depth=depth,
    )  # fmt: skip


def _judge(seen: _Look, decisive_share: float) -> tuple[str, float]:
    """Likeliest state and its probability."""
    if seen.mixed_share < _PURE_SHARE and seen.scarcer_share < _PURE_SHARE:
        odds = (_PURE_SHARE / max(seen.mixed_share, 1e-4)) ** 2
        return "pure", min(odds / (1 + odds), MOST_CERTAIN)
    probability = interdiffused_probability(seen.evidence, decisive_share=decisive_share)
    if probability > 0.5:
        return "interdiffused", probability
    return "segregated", 1.0 - probability


def _outside(total: np.ndarray, mask: np.ndarray) -> float:
    """Mean density outside the particle over that inside."""
    inside = float(np.mean(total[mask]))
    return float(np.mean(total[~mask])) / inside if inside > 0 else np.inf


def _smooth_fraction(zn: np.ndarray, total: np.ndarray, sigma: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    zinc, both = gaussian_filter(zn, sigma), gaussian_filter(total, sigma)
    return np.divide(zinc, both, out=np.zeros_like(zinc), where=both > 0)
