"""Profiles across an interface, fitted straight to the counts together with where the interface runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..forward import Projector, TiltSeries
from .noisy_problem import areal_density_of_a_count

Profile = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``profile(parameters, distance_voxels) -> densities (channel, n)``."""

_FEWEST_COUNTS = 0.1
_REACH, _PER_VOXEL = 32.0, 16  # of the table that a profile is looked up in, voxels
_FEWEST_VOXELS = 20  # of interface, for a node of its bends to be there
_CLOSE = 1e-2  # of the standard error


@dataclass(frozen=True, kw_only=True, eq=False)
class CountsProfile:
    """A profile that was fitted to counts.

    Attributes
    ----------
    parameters : numpy.ndarray
        (n,) of the profile, within their bounds.
    unbounded : numpy.ndarray
        (n,) one scoring step from there without bounds: linear in the counts, so that its mean over noise
        has no bias from a bound.
    covariance : numpy.ndarray
        (n, n) of `unbounded`: inverse Fisher information, bends included, times the larger of 1 and χ² per
        degree of freedom.
    bends : numpy.ndarray
        (z, y, x) what was added to the given distance, voxels.
    chi2 : float
        Pearson's, over both channels.
    degrees_of_freedom : int
        Pixels that the body reaches, less what was fitted.
    converged : bool
        Whether the steps fell below a hundredth of the standard errors.
    """

    parameters: np.ndarray
    unbounded: np.ndarray
    covariance: np.ndarray
    bends: np.ndarray
    chi2: float
    degrees_of_freedom: int
    converged: bool


def fit_profile(
    series: TiltSeries,
    distance: np.ndarray,
    body: np.ndarray,
    profile: Profile,
    start: Sequence[float] | np.ndarray,
    *,
    cross_section_barn: dict[str, float] | None = None,
    background: np.ndarray | float = 0.0,
    lower: Sequence[float] | np.ndarray | None = None,
    upper: Sequence[float] | np.ndarray | None = None,
    prior: tuple[np.ndarray, np.ndarray] | None = None,
    bend_voxels: float = 16.0,
    bend_prior_voxels: float = 0.7,
    blur_voxels2: float = 0.0,
    iterations: int = 20,
) -> CountsProfile:
    """Fit densities that depend on the distance to an interface, and bends of the interface, to counts.

    Parameters
    ----------
    series : TiltSeries
        Counts of several channels, (channel, tilt, y, x).
    distance : numpy.ndarray
        (z, y, x) signed distance to the interface, voxels, as far as it is known.
    body : numpy.ndarray
        (z, y, x) share of each voxel in the body.
    profile : callable
        ``profile(parameters, distance_voxels)``, densities (channel, n) in atoms nm⁻³.
    start : sequence of float
        (n,) parameters to begin with.
    cross_section_barn : dict, optional
        Partial cross-section of each line, barn.
    background : float or numpy.ndarray, optional
        Expected counts of what `body` leaves out, broadcastable to the series.
    lower, upper : sequence of float, optional
        Bounds of the parameters.
    prior : tuple of numpy.ndarray, optional
        Means and standard deviations (n,) of a Gaussian prior; infinite where there is none.
    bend_voxels : float
        Distance of the nodes between which bends of the interface are interpolated, voxels; 0 for none.
    bend_prior_voxels : float
        Standard deviation of a bend before the counts are seen, voxels.
    blur_voxels2 : float
        Variance of a blur that `profile` holds and the truth does not, voxels², so that a sharp step can
        be sampled at voxels; taken off again in the projection.
    iterations : int
        Steps at most.

    Returns
    -------
    CountsProfile

    Raises
    ------
    ValueError
        When shapes do not fit.

    Notes
    -----
    The density of element e is ``b(r) ρ_e(d(r) + Σ_j c_j h_j(r); θ)`` with trilinear hats h_j on a coarse
    grid; θ and c are found by Fisher scoring of the Poisson likelihood of all counts, as in `fit_regions`.
    No regulariser takes part, except through the body's surface, and what the interface's place is off by
    is fitted with the rest. Hats are constant along the normals of the interface, so that
    a bend is no wider profile.

    Profiles are sampled at voxel centres. Projected as squares, they are then blurred by 1/12 voxel² across
    the tilt axis, while along it a sample lacks the 1/12 voxel² of the pixel's mean. Both, and
    `blur_voxels2`, are made up for to second order: ``ρ − ½ v ρ″`` has the variance of ρ less v.

    Examples
    --------
    >>> from scipy.special import ndtr
    >>> z, y, x = np.mgrid[:24, :24, :8] - 11.5
    >>> body, angles = (z**2 + y**2 < 81) * 1.0, np.linspace(-70.0, 70.0, 15)
    >>> def step(theta, d):
    ...     return np.outer(theta[1:], ndtr(d / np.sqrt(theta[0])))
    >>> P = Projector(shape=(24, 24), angles_deg=angles, spacing_nm=2.0)
    >>> counts = P.forward(body * step(np.array([2.0, 50.0]), (y + 0.3).ravel()).reshape(body.shape))
    >>> series = TiltSeries(
    ...     data=counts, angles_deg=angles, spacing_nm=2.0, channels=("Zn_Ka",), signal="EDS_TEM")
    >>> found = fit_profile(series, y + 0.0, body, step, [1.0, 30.0], lower=[0.1, 0.0], bend_voxels=8)
    >>> found.parameters.round()
    array([ 2., 50.])
    """
    model = _Model(series, distance, body, cross_section_barn, bend_voxels, blur_voxels2, background)
    theta = np.array(start, np.float64)
    low = np.full(theta.size, -np.inf) if lower is None else np.asarray(lower, np.float64)
    high = np.full(theta.size, np.inf) if upper is None else np.asarray(upper, np.float64)
    centre, width = (theta, np.full(theta.size, np.inf)) if prior is None else prior
    stiffness = np.concatenate([1.0 / np.square(width), np.full(len(model.hats), bend_prior_voxels**-2.0)])
    middle = np.concatenate([np.where(np.isfinite(width), centre, 0.0), np.zeros(len(model.hats))])
    bends = np.zeros(len(model.hats))
    settled, step, covariance, chi2 = False, np.zeros(stiffness.size), np.eye(stiffness.size), np.inf
    for _ in range(iterations):
        information, score, chi2 = model.score(profile, theta, bends)
        score = score - stiffness * (np.concatenate([theta, bends]) - middle)
        information = information + np.diag(stiffness)
        covariance, step = _solved(information, score)
        # What wants beyond its bound stays there, and the others move as they would with it fixed.
        free = np.ones(step.size, bool)
        free[: theta.size] = ~(
            ((theta <= low) & (step[: theta.size] < 0)) | ((theta >= high) & (step[: theta.size] > 0))
        )
        move = np.zeros(step.size)
        move[free] = _solved(information[np.ix_(free, free)], score[free])[1]
        errors = np.sqrt(np.diagonal(covariance))
        if np.all(np.abs(move) < _CLOSE * errors):
            settled = True
            break
        trial = theta + move[: theta.size]
        span = np.where(np.isfinite(high - low), 0.3 * (high - low), np.maximum(2 * np.abs(theta), 1.0))
        theta = np.clip(theta + np.clip(trial - theta, -span, span), low, high)
        bends = bends + np.clip(move[theta.size :], -1.0, 1.0)
    degrees = model.counted - step.size
    excess = max(1.0, chi2 / max(degrees, 1))
    return CountsProfile(
        parameters=theta,
        unbounded=theta + step[: theta.size],
        covariance=covariance[: theta.size, : theta.size] * excess,
        bends=model.bends(bends),
        chi2=float(chi2),
        degrees_of_freedom=degrees,
        converged=settled,
    )


class _Model:
    """Expected counts and their derivatives by parameters and bends."""

    def __init__(self, series, distance, body, cross_section_barn, bend_voxels, blur, background) -> None:
        data = series.stack
        if distance.shape != body.shape or data.shape[2:] != body.shape[1:]:
            raise ValueError(
                f"`distance` {distance.shape} and `body` {body.shape} must be alike and fit pixels "
                f"{data.shape[2:]}"
            )
        self.distance, self.body = distance, body.astype(np.float64)
        # A voxel is projected as a square, which blurs across x; along x it stands for the mean of its pixel.
        slopes = [slope**2 for slope in np.gradient(distance)]
        along_x = slopes[2] / np.maximum(sum(slopes), 1e-9)
        self.excess = blur + (1 - 2 * along_x) / 12
        self.projector = Projector(
            shape=body.shape[:2], angles_deg=series.angles_deg, spacing_nm=series.spacing_nm
        )
        self.hit = self.projector.forward(self.body) > 0
        self.scale = [
            series.sensitivity[k] / areal_density_of_a_count(series.channel(name), cross_section_barn)
            for k, name in enumerate(series.channels)
        ]
        self.data = [counts[self.hit].astype(np.float64) for counts in data]
        extra = np.broadcast_to(np.asarray(background, np.float64), data.shape)
        self.extra = [counts[self.hit] for counts in extra]
        self.counted = len(self.data) * int(np.count_nonzero(self.hit))
        self.hats = _hats(distance, body, bend_voxels) if bend_voxels else []

    def score(
        self, profile: Profile, theta: np.ndarray, bends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Fisher information, score and χ² at some parameters."""
        table = np.arange(-_REACH * _PER_VOXEL, _REACH * _PER_VOXEL + 1) / _PER_VOXEL
        value, slopes = _slopes(profile, theta, table)
        where = self.distance + self.bends(bends)
        size = theta.size + len(self.hats)
        information, score, chi2 = np.zeros((size, size)), np.zeros(size), 0.0
        for channel, counts in enumerate(self.data):
            mean = self._seen(self._at(where, table, value[channel]), channel) + self.extra[channel]
            noise = np.maximum(mean, _FEWEST_COUNTS)
            rows = [
                self._seen(self._at(where, table, slope[channel]), channel)
                if slope[channel].any()
                else np.zeros_like(mean)
                for slope in slopes
            ]
            steep = self._at(where, table, np.gradient(value[channel], table))
            rows += [self._seen(steep[:, :, x] * hat, channel, x) for x, hat in self.hats]
            jacobian = np.stack(rows)
            weighted = jacobian / noise
            information += weighted @ jacobian.T
            score += weighted @ (counts - mean)
            chi2 += float(np.sum((counts - mean) ** 2 / noise))
        return information, score, chi2

    def bends(self, values: np.ndarray) -> np.ndarray:
        """Bends on the voxels, voxels."""
        moved = np.zeros(self.distance.shape)
        for value, (x, hat) in zip(values, self.hats, strict=True):
            moved[:, :, x] += value * hat
        return moved

    def _at(self, where: np.ndarray, table: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values of a table whose projection is as wide as the truth, whatever a voxel does to it."""
        curved = np.gradient(np.gradient(values, table), table)
        return np.interp(where, table, values) - 0.5 * self.excess * np.interp(where, table, curved)

    def _seen(self, density: np.ndarray, channel: int, x: slice = slice(None)) -> np.ndarray:
        """Counts of a density that is given on some slices along x, in the pixels that count."""
        counts = np.zeros(self.hit.shape)
        counts[:, :, x] = self.projector.forward(self.body[:, :, x] * density)
        return (counts * self.scale[channel][:, None, None])[self.hit]


def _hats(distance: np.ndarray, body: np.ndarray, edge: float) -> list[tuple[slice, np.ndarray]]:
    """Trilinear hats that any interface lies in: slices along x, and values (z, y, slice).

    A voxel takes the value of its foot point on the interface: a bend shifts a profile and does not
    stretch it.
    """
    reach = np.abs(distance) < 0.75 * _REACH
    slopes = np.gradient(distance)
    steep = np.maximum(sum(slope**2 for slope in slopes), 0.25)
    places = np.indices(distance.shape, dtype=np.float64) + 0.5
    feet = [(a - distance * slope / steep) / edge for a, slope in zip(places, slopes, strict=True)]
    near = (np.abs(distance) < 2) & (body > 0.1)
    parts = [
        [np.clip(1 - np.abs(foot - node), 0, None) for node in range(int(np.ceil(count / edge)) + 1)]
        for foot, count in zip(feet, distance.shape, strict=True)
    ]
    hats = []
    for a in parts[0]:
        for b in parts[1]:
            both = a * b * reach
            for c in parts[2]:
                hat = both * c
                if hat[near].sum() > _FEWEST_VOXELS:
                    held = np.flatnonzero(hat.any(axis=(0, 1)))
                    x = slice(int(held[0]), int(held[-1]) + 1)
                    hats.append((x, hat[:, :, x].astype(np.float32)))
    return hats


def _slopes(profile: Profile, theta: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Profile and its derivatives by every parameter, by central differences."""
    slopes = []
    for index in range(theta.size):
        step = np.zeros(theta.size)
        step[index] = 1e-4 * max(abs(theta[index]), 1e-2)
        slopes.append((profile(theta + step, table) - profile(theta - step, table)) / (2 * step[index]))
    return profile(theta, table), slopes


def _solved(information: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    inverse = np.linalg.pinv(information / np.outer(size, size), rcond=1e-12, hermitian=True)
    inverse = inverse / np.outer(size, size)
    return np.asarray(inverse), np.asarray(inverse @ score)
