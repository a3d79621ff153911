"""Phases of a diagram, found without being told how many: density peaks by persistence."""

from dataclasses import dataclass

import numpy as np

from .density_peaks import DensityPeaks, density_peaks

MOST_METALS = 4
# What is left of a bias that was taken off, as a part of it: see `Phase.uncertainty`.
_BIAS_LEFT = 0.6


@dataclass(frozen=True, kw_only=True, eq=False)
class Phase:
    """One phase of a phase diagram.

    Attributes
    ----------
    fraction, density : float
        Centre (mean of the phase's voxels): element fraction and total density, atoms nm⁻³.
    peak : tuple of float
        Most frequent (fraction, density); one fraction fewer than metals, then the density.
    covariance : numpy.ndarray
        (metals, metals) covariance of (fraction, density) over the phase's voxels; of the fractions
        of all metals but the last, then the density, where there are more than two.
    share : float
        Share of the interior voxels that belong to the phase.
    fractions : tuple of float
        Fractions of all metals at the centre; they sum to one.
    centre_covariance : numpy.ndarray or None
        Covariance of the centre, axes as in `covariance`; None as long as nobody asked for errors.
    noise_covariance, intrinsic_covariance : numpy.ndarray or None
        What noise does to a voxel, and `covariance` less that: what the phase itself varies by.
    share_error : float
        Standard error of `share`, NaN where it is not known.
    errors_from : str
        Where the errors are from: "replicates", "blocks", or "" for none.
    bias : numpy.ndarray or None
        (metals,) mean bias of the phase's voxels that twins show, axes as in `covariance`; None
        without a model of the twins.
    bias_removed : bool
        Whether it was taken off the voxels, and so off the centre.
    """

    fraction: float
    density: float
    peak: tuple[float, ...]
    covariance: np.ndarray
    share: float
    fractions: tuple[float, ...] = ()
    centre_covariance: np.ndarray | None = None
    noise_covariance: np.ndarray | None = None
    intrinsic_covariance: np.ndarray | None = None
    share_error: float = float("nan")
    errors_from: str = ""
    bias: np.ndarray | None = None
    bias_removed: bool = False

    @property
    def spread(self) -> tuple[float, float]:
        """Standard deviations of fraction and density over the phase's voxels."""
        return _roots(self.covariance)

    @property
    def intrinsic_spread(self) -> tuple[float, float]:
        """Standard deviations of fraction and density without noise; NaN where they are not known."""
        return _roots(self.intrinsic_covariance)

    @property
    def fraction_error(self) -> float:
        """Standard error of `fraction`, NaN where it is not known."""
        return _roots(self.centre_covariance)[0]

    @property
    def density_error(self) -> float:
        """Standard error of `density`, NaN where it is not known."""
        return _roots(self.centre_covariance)[1]

    @property
    def uncertainty(self) -> tuple[float, float]:
        """Standard uncertainty of `fraction` and `density`: noise, and bias as far as it is known.

        Noise and bias add in squares. Of a bias that was taken off, 0.6 counts as left. In density the
        root mean square of what was left over what was taken off was 0.45 on 12 simulated particles
        at three doses, which served to choose the figure (0.7 at a twenty-fifth of the default dose, the
        worst), and 0.51 on ten others. A bias that was not taken off counts in full. Without
        a model of the twins this is noise alone, and far too small.
        """
        noise = np.array([self.fraction_error, self.density_error])
        bias = np.zeros(2) if self.bias is None else np.abs(self.bias[[0, -1]])
        both = np.hypot(noise, (_BIAS_LEFT if self.bias_removed else 1.0) * bias)
        return float(both[0]), float(both[1])

    def share_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Interval of the share, cut to 0 and 1; NaN where its error is not known."""
        from scipy.stats import norm

        reach = float(norm.ppf(0.5 + 0.5 * confidence)) * self.share_error
        return float(max(self.share - reach, 0.0)), float(min(self.share + reach, 1.0))


def find_phases(
    fraction: np.ndarray,
    density: np.ndarray,
    *,
    correlation_voxels: float = 27.0,
    smallest_share: float = 0.02,
    floor: float = 0.05,
) -> tuple[tuple[Phase, ...], np.ndarray]:
    """Find the peaks of a (fraction, density) diagram that noise does not explain.

    Parameters
    ----------
    fraction : numpy.ndarray
        (n,) per interior voxel; (metals − 1, n) where there are more than two metals, the last one's
        fraction being what is left.
    density : numpy.ndarray
        (n,) total density.
    correlation_voxels : float
        Voxels that share their noise (a resolution element of three voxels, cubed); n over this is
        the number of independent samples.
    smallest_share : float
        Peaks that hold a smaller share of the voxels join their neighbour.
    floor : float
        Voxels where the diagram is below this part of their phase's peak belong to no phase: they
        are blurred interfaces and outliers.

    Returns
    -------
    phases : tuple of Phase
        By falling share.
    labels : numpy.ndarray
        (n,) int8: index into `phases`, −1 for no phase.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, hold NaN, or speak of more than four metals.

    Notes
    -----
    The diagram is smoothed by a Gaussian kernel whose width follows Scott's rule
    ``h = s n^(-1/(d + 4))`` in its d dimensions (one a metal), with s the spread *within* the phases
    found, iterated until it agrees with itself. Cells climb to peaks in order of falling density and
    two peaks merge at their saddle unless the lower one stands out by more than five standard
    deviations of the estimate (persistence, ToMATo [1]_; variance of a kernel estimate in two
    dimensions ``f/(4π h_x h_y n)``).

    References
    ----------
    .. [1] F. Chazal et al., J. ACM 60, 41 (2013), doi:10.1145/2535927

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> fraction = np.r_[rng.normal(0.2, 0.02, 2000), rng.normal(0.8, 0.02, 1000)]
    >>> phases, labels = find_phases(fraction, rng.normal(5.0, 0.2, 3000), correlation_voxels=1.0)
    >>> [round(phase.fraction, 1) for phase in phases]
    [0.2, 0.8]
    """
    points = diagram_points(fraction, density)
    peaks = phase_peaks(points, correlation_voxels, smallest_share, floor)
    if peaks is None:
        return (), np.full(points.shape[1], -1, dtype=np.int8)
    return phases_of(points, peaks)[:2]


def diagram_points(fraction: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Points (metals, n) of a diagram: all fractions but the last metal's, then the density."""
    fractions = np.asarray(fraction, dtype=float)
    if fractions.ndim != 2:
        fractions = fractions.reshape(1, -1)
    points = np.vstack([fractions, np.asarray(density, dtype=float).reshape(1, -1)])
    if not np.isfinite(points).all():
        raise ValueError("a diagram needs finite fractions and densities, got NaN or infinity")
    if not 2 <= len(points) <= MOST_METALS:
        raise ValueError(f"`fraction` must be of two to {MOST_METALS} metals, got {len(points)}")
    return points


def phase_peaks(
    points: np.ndarray,
    correlation_voxels: float = 27.0,
    smallest_share: float = 0.02,
    floor: float = 0.05,
) -> DensityPeaks | None:
    """Peaks of a diagram's points; None for fewer points than a phase can be seen in."""
    if points.shape[1] < 8:
        return None
    return density_peaks(points, correlation=correlation_voxels, smallest_share=smallest_share, floor=floor)


def phases_of(points: np.ndarray, peaks: DensityPeaks) -> tuple[tuple[Phase, ...], np.ndarray, np.ndarray]:
    """Phases by falling share, the phase of each point, and each phase's basin."""
    owner = peaks.assign(points)
    found = []
    for basin in range(len(peaks.peaks)):
        part = points[:, owner == basin]
        if part.shape[1] < 2:
            continue
        centre = part.mean(axis=1)
        phase = Phase(
            fraction=float(centre[0]), density=float(centre[-1]), peak=peaks.centre(basin),
            covariance=np.cov(part), share=part.shape[1] / points.shape[1],
            fractions=(*map(float, centre[:-1]), 1.0 - float(centre[:-1].sum())),
        )  # fmt: skip
        found.append((phase, basin))
    found.sort(key=lambda pair: -pair[0].share)
    labels = np.full(points.shape[1], -1, dtype=np.int8)
    for index, (_, basin) in enumerate(found):
        labels[owner == basin] = index
    return tuple(phase for phase, _ in found), labels, np.array([basin for _, basin in found], dtype=int)


def _roots(covariance: np.ndarray | None) -> tuple[float, float]:
    """Standard deviations of the first fraction and of the density."""
    if covariance is None:
        return float("nan"), float("nan")
    return float(np.sqrt(covariance[0, 0])), float(np.sqrt(covariance[-1, -1]))
