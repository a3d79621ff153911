"""The width of an interface from the counts: the volume says only where the interface runs."""

from dataclasses import dataclass, replace

import numpy as np

from ..forward import TiltSeries
from ..metrics.edge_width import WIDTH_PER_SIGMA
from ..metrics.interface_profile import diffusion_profile
from ..metrics.interface_shape import InterfaceGeometry, interface_geometry
from ..recon.profile_fit import CountsProfile, fit_profile
from ..recon.reconstruction import Reconstruction
from ..recon.twin import expected_series

# Blur that a step is sampled with, voxels²: that of a mean over a voxel.
_SAMPLED = 1 / 12
# What the place and the bends of the interface, the body's surface and the sampling add to the error of the
# squared width: voxels², a share of it, and a multiple of the error of counting, since places that are known
# from few counts widen what they should not. From particles 0-7 of study `fine_interface`, checked on four
# more (docs/interfaces.md).
_FLOOR_VOXELS2 = 0.12
_RELATIVE = 0.03
_COUNTING = 6.0
_LIMIT_BENDS = 0.3
_LIMIT_FLOOR = 0.015
_MOST_CHI2 = 5.0  # where the model is wrong altogether, and not just a body by a voxel
_LINES = ("Co_Ka", "Zn_Ka")


@dataclass(frozen=True, kw_only=True, eq=False)
class CountsInterface:
    """Width of an interface as the counts have it.

    Attributes
    ----------
    width_nm, standard_error_nm : float
        10–90 % width and its standard error; 0 where `squared_nm2` is negative, NaN without an interface.
    squared_nm2, squared_error_nm2 : float
        Its square, negative by chance where the interface is sharp, and the standard error of that.
    interval_nm : tuple of float
        95 % interval of the width, from that of the square.
    densities : numpy.ndarray
        (2, 2) cobalt and zinc on the cobalt-rich and on the zinc-rich side, atoms nm⁻³.
    chi2_per_degree : float
        Pearson's χ² over its degrees of freedom.
    reason : str
        Why there is no width; empty if there is one.
    """

    width_nm: float
    standard_error_nm: float
    squared_nm2: float
    squared_error_nm2: float
    interval_nm: tuple[float, float]
    densities: np.ndarray
    chi2_per_degree: float
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class CountsLimit:
    """Miscibility limit as the counts have it.

    Attributes
    ----------
    limit, standard_error : float
        Zinc fraction of the zinc-rich phase at the interface; NaN without one.
    other_limit, other_standard_error : float
        Of the cobalt-rich phase.
    chi2_per_degree : float
        Pearson's χ² over its degrees of freedom.
    reason : str
        Why there is no limit; empty if there is one.
    """

    limit: float
    standard_error: float
    other_limit: float
    other_standard_error: float
    chi2_per_degree: float
    reason: str


def interface_width_from_counts(
    series: TiltSeries,
    metals: Reconstruction,
    *,
    cross_section_barn: dict[str, float],
    interior: np.ndarray | str | None = None,
) -> CountsInterface:
    """Measure the width of the interface between two phases that do not mix.

    Parameters
    ----------
    series : TiltSeries
        Counts of Co and Zn Kα.
    metals : Reconstruction
        Of that series, in atoms nm⁻³: it tells where the interface runs and what the body fills.
    cross_section_barn : dict
        Partial cross-section of each line, barn.
    interior : numpy.ndarray or "esf", optional
        As for `glasstomo.metrics.interface_width`.

    Returns
    -------
    CountsInterface

    Notes
    -----
    Each element steps by an error function of variance s², which is fitted to the counts with the four
    densities and the bends of the interface (`glasstomo.recon.profile_fit`). The width is 2.563 s. What the
    probe and the scan blur is part of it. The standard error is six times that of counting, joined to what
    geometry leaves at any dose.
    """
    geometry = interface_geometry(metals.channel("Zn_Ka"), metals.channel("Co_Ka"), interior=interior)
    if geometry.reason:
        return _no_width(geometry.reason)
    start = [1.0, *_levels(metals, geometry).ravel()]
    fit = fit_profile(
        _both(series), geometry.distance, geometry.body, step_profile, start,
        cross_section_barn=cross_section_barn, lower=[-0.06, *[-5.0] * 4], upper=[150.0, *[100.0] * 4],
        blur_voxels2=_SAMPLED,
    )  # fmt: skip
    if not np.isfinite(fit.unbounded).all():
        return _no_width("the fit to the counts did not settle: more counts, or a larger particle")
    scale = (WIDTH_PER_SIGMA * series.spacing_nm) ** 2
    squared = float(fit.unbounded[0] * scale)
    floor = np.hypot(_FLOOR_VOXELS2 * scale, _RELATIVE * max(squared, 0.0))
    error = float(np.hypot(_COUNTING * np.sqrt(fit.covariance[0, 0]) * scale, floor))
    width = float(np.sqrt(max(squared, 0.0)))
    low, high = (float(np.sqrt(max(squared + sign * 1.96 * error, 0.0))) for sign in (-1, 1))
    return CountsInterface(
        width_nm=width, standard_error_nm=error / (2 * max(width, np.sqrt(error) / 2)),
        squared_nm2=squared, squared_error_nm2=error, interval_nm=(low, high),
        densities=fit.parameters[1:].reshape(2, 2), chi2_per_degree=_per_degree(fit), reason="",
    )  # fmt: skip


def miscibility_limit_from_counts(
    series: TiltSeries,
    metals: Reconstruction,
    *,
    cross_section_barn: dict[str, float],
    interior: np.ndarray | str | None = None,
) -> CountsLimit:
    """Extrapolate the zinc fraction of the zinc-rich phase to its interface, in the counts.

    Parameters
    ----------
    series, metals, cross_section_barn, interior
        As for `interface_width_from_counts`.

    Returns
    -------
    CountsLimit

    Notes
    -----
    On either side of a sharp interface the total density is constant and the zinc fraction follows
    ``X_i + (X_∞ − X_i) erf(|d|/ℓ)``, as in `glasstomo.metrics.miscibility_limit`; here both are fitted to the
    counts, with the bends of the interface, so that no regulariser smooths the jump. What the reconstruction
    holds within reach of the particle's surface is projected and taken as known.
    """
    zn, co = (metals.channel(line).astype(np.float64) for line in ("Zn_Ka", "Co_Ka"))
    geometry = interface_geometry(zn, co, interior=interior, between="densities")
    if geometry.reason:
        return _no_limit(geometry.reason)
    both, deep = _both(series), geometry.deep.astype(np.float64)
    aside = expected_series(both, np.stack([co, zn]) * (1 - deep), cross_section_barn=cross_section_barn)
    free, length = [np.inf] * 4, np.log(8.0)
    prior = np.array([0.0] * 4 + [length] * 2 + [0.0] * 2), np.array([*free, 1.0, 1.0, np.inf, np.inf])
    fit = fit_profile(
        both, geometry.distance, deep, sampled_diffusion, _diffusion_start(zn, co, geometry),
        cross_section_barn=cross_section_barn, background=aside.data, lower=[0.0] * 8,
        upper=[1.0] * 4 + [4.5] * 2 + [50.0] * 2, prior=prior, blur_voxels2=_SAMPLED,
        bend_prior_voxels=_LIMIT_BENDS,
    )  # fmt: skip
    if _per_degree(fit) > _MOST_CHI2:
        return _no_limit(
            f"the counts do not follow diffusion profiles (χ² per degree of freedom {_per_degree(fit):.1f}): "
            "phases that do not mix have a width instead"
        )
    errors = np.hypot(np.sqrt(np.diagonal(fit.covariance)[:2]), _LIMIT_FLOOR)
    return CountsLimit(
        limit=float(fit.parameters[0]), standard_error=float(errors[0]),
        other_limit=float(fit.parameters[1]), other_standard_error=float(errors[1]),
        chi2_per_degree=_per_degree(fit), reason="",
    )  # fmt: skip


def step_profile(theta: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Cobalt and zinc of an error-function step: variance (voxels²), Co low and high, Zn low and high."""
    from scipy.special import ndtr

    share = ndtr(distance / np.sqrt(max(theta[0] + _SAMPLED, 1e-3)))
    return np.stack([theta[k] + (theta[k + 1] - theta[k]) * share for k in (1, 3)])


def sampled_diffusion(theta: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Cobalt and zinc of two half-space profiles with a jump: limits, ends, log lengths, totals."""
    zinc, rest = diffusion_profile(distance, theta[:2], theta[2:4], np.exp(theta[4:6]), theta[6:8], _SAMPLED)
    return np.stack([rest, zinc])


def _both(series: TiltSeries) -> TiltSeries:
    """The two lines in the order that the profiles have."""
    lines = [series.channel(line) for line in _LINES]
    gains = None if series.gains is None else np.concatenate([line.gains for line in lines])  # type: ignore[misc]
    variance = None if series.variance is None else np.stack([line.variance for line in lines])  # type: ignore[misc]
    return replace(
        series, data=np.stack([line.data for line in lines]), channels=_LINES, gains=gains, variance=variance
    )


def _levels(metals: Reconstruction, geometry: InterfaceGeometry) -> np.ndarray:
    """Medians of cobalt and zinc on the cobalt-rich and on the zinc-rich side."""
    sides = [geometry.deep & (side * geometry.distance > 2) for side in (-1, 1)]
    return np.array(
        [
            [float(np.median(metals.channel(line)[side])) if side.any() else 1.0 for side in sides]
            for line in _LINES
        ]
    )


def _diffusion_start(zn: np.ndarray, co: np.ndarray, geometry: InterfaceGeometry) -> list[float]:
    """Fractions beside the interface and far from it, lengths, and totals, zinc-rich side first."""
    total = zn + co
    limits, ends, totals = [], [], []
    for side in (1, -1):
        along = side * geometry.distance
        near, far = (geometry.deep & (along > a) & (along < b) for a, b in ((1.5, 4), (8, np.inf)))
        far = far if np.count_nonzero(far) > 50 else geometry.deep & (along > 0)
        near = near if near.any() else far
        limits.append(float(zn[near].sum() / total[near].sum()))
        ends.append(float(zn[far].sum() / total[far].sum()))
        totals.append(float(np.median(total[far])))
    kept = np.clip([*limits, *ends], 0.02, 0.98)
    return [*kept, np.log(8.0), np.log(8.0), *totals]


def _per_degree(fit: CountsProfile) -> float:
    return fit.chi2 / max(fit.degrees_of_freedom, 1)


def _no_width(reason: str) -> CountsInterface:
    nan = float("nan")
    return CountsInterface(
        width_nm=nan, standard_error_nm=nan, squared_nm2=nan, squared_error_nm2=nan, interval_nm=(nan, nan),
        densities=np.full((2, 2), nan), chi2_per_degree=nan, reason=reason,
    )  # fmt: skip


def _no_limit(reason: str) -> CountsLimit:
    nan = float("nan")
    return CountsLimit(
        limit=nan, standard_error=nan, other_limit=nan, other_standard_error=nan, chi2_per_degree=nan,
        reason=reason,
    )  # fmt: skip
