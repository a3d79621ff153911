"""Densities of a few regions, fitted straight to the counts: no voxels, and so no bias of a regulariser."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..forward import Projector, TiltSeries
from .noisy_problem import areal_density_of_a_count

_ITERATIONS = 100
# A pixel is never taken for surer than this many counts: where next to nothing is expected, the
# variance of the fit would otherwise hang on whether one count fell there.
_FEWEST_COUNTS = 0.1
_CLOSE = 1e-6  # of the standard error, below which a step is none


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionDensities:
    """Densities of regions with their covariance.

    Attributes
    ----------
    densities : numpy.ndarray
        (channel, region) atoms nm⁻³, or counts per nm where the series is not calibrated.
    information : numpy.ndarray
        (channel, region, region) Fisher information of the densities.
    chi2 : numpy.ndarray
        (channel,) Pearson's Σ (n − μ)²/V over the pixels that any region reaches.
    degrees_of_freedom : int
        These pixels less the regions. A `chi2` well above it says that the regions are not
        homogeneous, or not where they are thought to be.
    converged : bool
        Whether the iteration settled.
    channels : tuple of str
        Names of the channels.
    regions : tuple of int
        Labels of the regions, or their numbers from 0 where memberships were given.
    """

    densities: np.ndarray
    information: np.ndarray
    chi2: np.ndarray
    degrees_of_freedom: int
    converged: bool
    channels: tuple[str, ...]
    regions: tuple[int, ...]

    @cached_property
    def covariance(self) -> np.ndarray:
        """(channel, region, region) inverse of the information: the Cramér–Rao bound.

        What no pixel determines has no bound: a pseudo-inverse is taken, with an infinite variance for
        regions that no ray passes.
        """
        return np.stack([_inverse(matrix) for matrix in self.information])

    @property
    def standard_errors(self) -> np.ndarray:
        """(channel, region) roots of the variances, from counting alone."""
        return np.sqrt(np.maximum(np.diagonal(self.covariance, axis1=1, axis2=2), 0.0))

    def fraction(self, channel: str) -> np.ndarray:
        """(region,) share of one channel in the sum of all: the zinc fraction of a series of metals."""
        return self.densities[self._index(channel)] / self.densities.sum(axis=0)

    def fraction_errors(self, channel: str) -> np.ndarray:
        """(region,) standard errors of `fraction` to first order; channels count independently."""
        mine, total = self.densities[self._index(channel)], self.densities.sum(axis=0)
        slopes = np.where(np.arange(len(self.channels))[:, None] == self._index(channel), total - mine, -mine)
        return np.sqrt(np.sum((slopes * self.standard_errors) ** 2, axis=0)) / total**2

    def _index(self, channel: str) -> int:
        if channel not in self.channels:
            raise ValueError(f"`channel` must be one of {', '.join(self.channels)}, got {channel!r}")
        return self.channels.index(channel)


def fit_regions(
    series: TiltSeries,
    regions: np.ndarray,
    *,
    cross_section_barn: dict[str, float] | None = None,
    background: np.ndarray | float = 0.0,
    nonnegative: bool = False,
    projector: Projector | None = None,
) -> RegionDensities:
    """Fit the mean densities of regions to a tilt series by maximum likelihood.

    Parameters
    ----------
    series : TiltSeries
        Counts, or net counts with their variance; gains and exposures are those of the series.
    regions : numpy.ndarray
        Either labels, (z, y, x) whole numbers, whose positive values are regions and whose zeros are
        empty; or memberships, (region, z, y, x), the share of each voxel in each region.
    cross_section_barn : dict, optional
        Partial cross-section of each line, barn; without it densities are in counts per nm.
    background : float or numpy.ndarray, optional
        Expected counts that come from none of the regions, broadcastable to the series.
    nonnegative : bool
        Hold densities at zero or above. Without it a density may come out negative by chance, and has no
        bias from a bound.
    projector : Projector, optional
        Of the geometry of series and regions; made anew when omitted.

    Returns
    -------
    RegionDensities

    Raises
    ------
    ValueError
        When regions and series do not fit, or there is no region.

    Notes
    -----
    The expected counts of a pixel are ``μ = N_e σ g Σ_k ρ_k P(1_k) + r``, and the densities ρ are those of
    the largest likelihood of Poisson counts, found by Fisher scoring (Carson, J. Comput. Assist. Tomogr. 10
    (1986) 654). Each step solves least squares with the weights 1/V, V = max(μ, 0.1), or one over the
    variance of the series where it has one. At V = μ that is the score of the Poisson likelihood; where
    fewer counts are expected it is a quasi-score, which has no bias either, since V does not depend on the
    count of the pixel itself (Wedderburn, Biometrika 61 (1974) 439, doi:10.1093/biomet/61.3.439).

    The covariance is the inverse of the Fisher information, the least that an unbiased estimate can have,
    and more than that where many pixels expect less than a tenth of a count. It
    knows of counting only: where regions are not homogeneous or not in their places, densities are off by
    more, and `chi2` says so. Pixels that no region reaches are left out.

    Examples
    --------
    >>> labels = np.zeros((16, 16, 4), int)
    >>> labels[4:12, 4:8], labels[4:12, 8:12] = 1, 2
    >>> angles = np.linspace(-60.0, 60.0, 7)
    >>> P = Projector(shape=(16, 16), angles_deg=angles, spacing_nm=1.0)
    >>> counts = P.forward(np.choose(labels, [0.0, 5.0, 2.0]))
    >>> series = TiltSeries(
    ...     data=counts, angles_deg=angles, spacing_nm=1.0, channels=("Zn_Ka",), signal="EDS_TEM")
    >>> fit_regions(series, labels).densities.round(3)
    array([[5., 2.]])
    """
    names, members = _memberships(regions)
    depth, rows = members.shape[1:3]
    data = series.stack
    if data.shape[2:] != members.shape[2:]:
        raise ValueError(
            f"`regions` must have as many voxels along y and x as the series has pixels {data.shape[2:]}, "
            f"got {members.shape[2:]}"
        )
    if projector is None:
        projector = Projector(
            shape=(depth, rows), bins=rows, angles_deg=series.angles_deg, spacing_nm=series.spacing_nm
        )
    elif projector.shape != (depth, rows) or projector.series_shape != data.shape[1:3]:
        raise ValueError(
            f"`projector` must map (z, y) = {(depth, rows)} to {data.shape[1:3]}, got {projector!r}"
        )
    paths = region_paths(projector, members)
    reached = paths.any(axis=0)
    if not reached.any():
        raise ValueError("`regions` must lie in the field of view: no ray meets any of them")
    extra = np.broadcast_to(np.asarray(background, np.float64), data.shape)
    variance = None if series.variance is None else series.variance.reshape(data.shape)
    found = []
    for index, name in enumerate(series.channels):
        scale = series.sensitivity[index] / areal_density_of_a_count(series.channel(name), cross_section_barn)
        design = (paths * scale[:, None, None])[:, reached]
        noise = None if variance is None else np.maximum(variance[index][reached], _FEWEST_COUNTS)
        found.append(
            _scoring(
                design, data[index][reached].astype(np.float64), extra[index][reached], noise, nonnegative
            )
        )
    return RegionDensities(
        densities=np.stack([one[0] for one in found]),
        information=np.stack([one[1] for one in found]),
        chi2=np.array([one[2] for one in found]),
        degrees_of_freedom=int(np.count_nonzero(reached)) - len(names),
        converged=all(one[3] for one in found),
        channels=series.channels,
        regions=names,
    )


def region_paths(projector: Projector, members: np.ndarray) -> np.ndarray:
    """Path lengths of all rays through regions.

    Parameters
    ----------
    projector : Projector
    members : numpy.ndarray
        (region, z, y, x) share of each voxel in each region.

    Returns
    -------
    numpy.ndarray
        (region, tilt, y, x) nm, float64.
    """
    return np.stack([projector.forward(member) for member in members]).astype(np.float64)


def _memberships(regions: np.ndarray) -> tuple[tuple[int, ...], np.ndarray]:
    regions = np.asarray(regions)
    if regions.ndim == 3 and regions.dtype.kind in "iub":
        names = tuple(int(label) for label in np.unique(regions) if label > 0)
        members = np.stack([regions == label for label in names]) if names else np.zeros((0, *regions.shape))
    elif regions.ndim == 4:
        names, members = tuple(range(len(regions))), regions
    else:
        raise ValueError(
            "`regions` must be labels (z, y, x) of whole numbers or memberships (region, z, y, x), got "
            f"{regions.dtype} of shape {regions.shape}"
        )
    members = members.astype(np.float32)
    if not names:
        raise ValueError("`regions` must hold a positive label, got none")
    if not np.isfinite(members).all():
        raise ValueError("`regions` must be finite")
    return names, members


def _scoring(
    design: np.ndarray, counts: np.ndarray, extra: np.ndarray, variance: np.ndarray | None, nonnegative: bool
) -> tuple[np.ndarray, np.ndarray, float, bool]:
    """Densities, information, χ² and whether it settled: weighted least squares until the weights agree.

    `design` holds counts per density, (region, pixel).
    """
    noise = np.maximum(counts, 1.0) if variance is None else variance
    densities, settled = np.zeros(len(design)), False
    information = np.zeros((len(design), len(design)))
    mean = extra
    for _ in range(_ITERATIONS):
        weighted = design / noise
        information = weighted @ design.T
        solved = _solve(information, weighted @ (counts - extra), nonnegative)
        change = solved - densities
        densities = solved
        mean = densities @ design + extra
        if variance is not None:
            settled = True
            break
        noise = np.maximum(mean, _FEWEST_COUNTS)
        if change @ information @ change < _CLOSE**2 * len(design):
            settled = True
            break
    return densities, information, float(np.sum((counts - mean) ** 2 / noise)), settled


def _solve(information: np.ndarray, right: np.ndarray, nonnegative: bool) -> np.ndarray:
    """Solve the normal equations, through a scaling to a unit diagonal; optionally at zero or above."""
    size = np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    scaled = information / np.outer(size, size)
    values, vectors = np.linalg.eigh(scaled)
    kept = values > 1e-11 * values[-1]
    if not nonnegative:
        return (vectors[:, kept] / values[kept]) @ (vectors[:, kept].T @ (right / size)) / size
    from scipy.optimize import nnls

    root = np.sqrt(values[kept])
    return nnls((vectors[:, kept] * root).T, (vectors[:, kept].T @ (right / size)) / root)[0] / size


def _inverse(information: np.ndarray) -> np.ndarray:
    """Pseudo-inverse of one information matrix; infinite variance for what no pixel looks at."""
    size = np.sqrt(np.diagonal(information))
    seen = size > 0
    whole = np.zeros_like(information)
    scaled = information[np.ix_(seen, seen)] / np.outer(size[seen], size[seen])
    whole[np.ix_(seen, seen)] = np.linalg.pinv(scaled, rcond=1e-11, hermitian=True) / np.outer(
        size[seen], size[seen]
    )
    whole[~seen, ~seen] = np.inf
    return whole
