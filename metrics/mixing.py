"""Segregated or interdiffused: whether the mixed voxels form a thin sheet or a thick region."""

from dataclasses import dataclass

import numpy as np

from .checks import as_volume, same_shape
from .diagram import particle_mask
from .interior import depth_inside
from .resolution import resolution_voxels

_PURE_SHARE = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class MixingState:
    """The mixing state of a particle, with what it was read from.

    Attributes
    ----------
    state : str
        "segregated", "interdiffused", or "pure" (one end member only).
    confidence : float
        Probability of the state, 0.5 to 1.
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
    """

    state: str
    confidence: float
    thick_share: float
    mixed_share: float
    reach_voxels: float
    resolution_voxels: float
    depth: np.ndarray


def mixing_state(
    zn: np.ndarray,
    co: np.ndarray,
    *,
    interior: np.ndarray | str | None = None,
    pure: float = 0.15,
    decisive_share: float = 0.06,
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
        Share of thick mixed regions at which either state is equally likely.

    Returns
    -------
    MixingState

    Raises
    ------
    ValueError
        If shapes differ or no particle is found.

    Notes
    -----
    Blur turns the interface of a segregated particle into a sheet of intermediate fractions, but a
    sheet no thicker than the resolution allows; where metals have truly interdiffused lie thick
    mixed regions. Both densities are smoothed by a Gaussian of the volume's own resolution (against
    noise), which widens a sharp interface to ``s = √2 · resolution``; fractions between `pure` and
    1 − `pure` then lie within ``s Φ⁻¹(1 − pure)`` of it. Mixed voxels farther than that (plus one
    voxel of rounding) from every pure voxel are thick. The confidence is a logistic function of the
    logarithm of their share of the interior; its scale is a factor of two.

    Examples
    --------
    >>> ball = sum(axis**2 for axis in np.mgrid[-12:13, -12:13, -12:13]) < 100
    >>> left = np.arange(25)[None, None, :] < 12
    >>> mixing_state(4.4 * (ball & left), 4.9 * (ball & ~left)).state
    'segregated'
    >>> mixing_state(2.2 * ball, 2.4 * ball).state
    'interdiffused'
    """
    from scipy.ndimage import gaussian_filter
    from scipy.stats import norm

    zn, co = (as_volume(n, v).astype(np.float64) for n, v in (("zn", zn), ("co", co)))
    same_shape(zn=zn, co=co)
    if not 0 < pure < 0.5:
        raise ValueError(f"`pure` must lie between 0 and 0.5, got {pure}")
    total = zn + co
    mask, _ = particle_mask(total, interior)
    resolution = resolution_voxels(total, mask)
    sigma = resolution / 2.3548
    zinc, both = gaussian_filter(zn, sigma), gaussian_filter(total, sigma)
    fraction = np.divide(zinc, both, out=np.zeros_like(zinc), where=both > 0)
    # The outermost layers mix in the background's noise; of a very small particle all is kept.
    inside = depth_inside(mask) > 2
    inside = inside if np.count_nonzero(inside) > 0.2 * np.count_nonzero(mask) else mask
    mixed = inside & (fraction > pure) & (fraction < 1 - pure)
    zinc_pure, cobalt_pure = inside & (fraction >= 1 - pure), inside & (fraction <= pure)
    depth = np.where(mixed, depth_inside(~(zinc_pure | cobalt_pure), frame=False), 0.0)
    reach = float(np.sqrt(2) * sigma * norm.ppf(1 - pure)) + 1.0
    count = np.count_nonzero(inside)
    thick = np.count_nonzero(depth > reach) / count
    mixed_share = np.count_nonzero(mixed) / count
    if (
        mixed_share < _PURE_SHARE
        and min(np.count_nonzero(zinc_pure), np.count_nonzero(cobalt_pure)) < _PURE_SHARE * count
    ):
        state, odds = "pure", (_PURE_SHARE / max(mixed_share, 1e-4)) ** 2
    else:
        state = "interdiffused" if thick > decisive_share else "segregated"
        # An odds ratio of four per factor of two in the share.
        odds = (max(thick, 1e-4) / decisive_share) ** (2 if state == "interdiffused" else -2)
    return MixingState(
        state=state, confidence=float(odds / (1 + odds)), thick_share=thick, mixed_share=mixed_share,
        reach_voxels=reach, resolution_voxels=resolution, depth=depth,
    )  # fmt: skip
