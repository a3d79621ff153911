"""Blurred diffusion profiles of two elements on either side of an interface, fitted to shell means."""

from dataclasses import dataclass

import numpy as np

# Quadrature of the Gaussian blur, in its standard deviations.
_NODES = np.linspace(-4.0, 4.0, 41)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()
# Weak pulls, relative to the spread of the data, that keep a diffusion length which the shells do
# not determine at half their reach, and the blurs near the volume's resolution.
_PULL_LENGTH = 1e-3
_PULL_BLUR = 1e-3
# Parameters, in order.
_PLACE, _BLURS, _LIMITS, _ENDS, _LENGTHS, _TOTALS = (
    0,
    slice(1, 3),
    slice(3, 5),
    slice(5, 7),
    slice(7, 9),
    slice(9, 11),
)
_LOWER = np.array([-3.0, -2.0, -2.0, 0, 0, 0, 0, -1.0, -1.0, 0, 0])
_UPPER = np.array([3.0, 2.5, 2.5, 1, 1, 1, 1, 5.0, 5.0, np.inf, np.inf])


@dataclass(frozen=True)
class ProfileFit:
    """Fitted profiles across an interface.

    Attributes
    ----------
    parameters : numpy.ndarray
        (11,) place of the jump; logarithms of the Gaussian blur of zinc and of the rest; fractions
        at the jump, far away, and logarithms of the diffusion lengths, each of the zinc-rich and
        the other side; total densities of both sides. Lengths in voxels.
    limits : tuple of float
        Zinc fraction at the jump, zinc-rich and other side.
    zinc, rest : numpy.ndarray
        (shells,) fitted densities.
    """

    parameters: np.ndarray
    limits: tuple[float, float]
    zinc: np.ndarray
    rest: np.ndarray

    @property
    def blurs(self) -> tuple[float, float]:
        """Gaussian widths of zinc and of the rest, voxels."""
        zinc, rest = np.exp(self.parameters[_BLURS])
        return float(zinc), float(rest)


def fit_profiles(
    shells: np.ndarray,
    sums: np.ndarray,
    resolution: float,
    *,
    start: ProfileFit | None = None,
    one_blur: bool = True,
) -> ProfileFit:
    """Fit the densities of zinc and of the rest together.

    On either side the total density is constant and the zinc fraction follows a half-space
    diffusion profile ``X_i + (X_∞ − X_i) erf(|d|/ℓ)``; both elements jump at one place. A solver
    with its own λ for each element blurs each by its own Gaussian.

    Parameters
    ----------
    shells : numpy.ndarray
        (n,) signed distances to the interface, voxels, positive in the zinc-rich phase.
    sums : numpy.ndarray
        (n, 3) voxels, zinc and rest of every shell; empty shells are left out.
    resolution : float
        FWHM of the volume, voxels; starts the blurs.
    start : ProfileFit, optional
        A fit to nearly the same data.
    one_blur : bool
        Give both elements the same Gaussian blur, or each its own.
    """
    from scipy.optimize import least_squares

    filled = sums[:, 0] > 0
    where, counts = shells[filled], sums[filled, 0]
    means = sums[filled, 1:] / counts[:, None]
    root = np.sqrt(counts / counts.sum())
    scale = float(np.sqrt(np.sum((root[:, None] * (means - means.mean(axis=0))) ** 2)))
    blur, length = np.log(resolution / 2.3548), np.log(shells[-1] / 2)
    first = _first(where, means, blur, length) if start is None else start.parameters
    keep = np.ones(11, dtype=bool)
    keep[2] = not one_blur

    def full(free: np.ndarray) -> np.ndarray:
        parameters = np.empty(11)
        parameters[keep] = free
        # The jump is what is fitted: it cannot be negative.
        parameters[3] = min(parameters[3] + parameters[4], 1.0)
        if one_blur:
            parameters[2] = parameters[1]
        return parameters

    def residuals(free: np.ndarray) -> np.ndarray:
        parameters = full(free)
        misses = [root * (model - means[:, k]) / scale for k, model in enumerate(_model(where, parameters))]
        pulls = [_PULL_BLUR * (parameters[_BLURS] - blur), _PULL_LENGTH * (parameters[_LENGTHS] - length)]
        return np.concatenate([*misses, *pulls])

    first = first.copy()
    first[3] = max(first[3] - first[4], 0.0)
    bounds = (_LOWER[keep], _UPPER[keep])
    inside = np.clip(first[keep], bounds[0] + 1e-6, bounds[1] - 1e-6)
    parameters = full(least_squares(residuals, inside, bounds=bounds, x_scale="jac", max_nfev=200).x)
    rich, other = parameters[_LIMITS]
    zinc, rest = _model(shells, parameters)
    return ProfileFit(parameters=parameters, limits=(float(rich), float(other)), zinc=zinc, rest=rest)


def _first(shells: np.ndarray, means: np.ndarray, blur: float, length: float) -> np.ndarray:
    """Start: densities and fractions of the outer quarters, and of what lies beside the jump."""
    total = means.sum(axis=1)
    fraction = means[:, 0] / total
    ends = shells > 0.75 * shells[-1], shells < 0.75 * shells[0]
    near = (shells > 0) & (shells < 3), (shells < 0) & (shells > -3)

    def mean(values: np.ndarray, chosen: np.ndarray, side: np.ndarray) -> float:
        return float(values[chosen if chosen.any() else side].mean())

    sides = shells > 0, shells < 0
    at_ends = [mean(fraction, chosen, side) for chosen, side in zip(ends, sides, strict=True)]
    at_jump = [mean(fraction, chosen, side) for chosen, side in zip(near, sides, strict=True)]
    totals = [mean(total, chosen, side) for chosen, side in zip(ends, sides, strict=True)]
    return np.array([0.0, blur, blur, *at_jump, *at_ends, length, length, *totals])


def _model(shells: np.ndarray, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Blurred densities of zinc and of the rest at the shells."""
    limits, ends, totals = parameters[_LIMITS], parameters[_ENDS], parameters[_TOTALS]
    lengths, blurs = np.exp(parameters[_LENGTHS]), np.exp(parameters[_BLURS])
    shells = shells - parameters[_PLACE]
    zinc = diffusion_profile(shells, limits, ends, lengths, totals, blurs[0] ** 2)[0]
    rest = diffusion_profile(shells, limits, ends, lengths, totals, blurs[1] ** 2)[1]
    return zinc, rest


def diffusion_profile(
    distance: np.ndarray,
    limits: np.ndarray,
    ends: np.ndarray,
    lengths: np.ndarray,
    totals: np.ndarray,
    variance: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Zinc and the rest at distances to a jump, blurred by a Gaussian.

    Parameters
    ----------
    distance : numpy.ndarray
        (n,) positive on the zinc-rich side.
    limits, ends, lengths, totals : numpy.ndarray
        (2,) zinc fraction at the jump and far away, diffusion length (in the unit of `distance`) and total
        density, each of the zinc-rich and of the other side.
    variance : float
        Of the blur, in squares of that unit.

    Returns
    -------
    tuple of numpy.ndarray
        (n,) densities of zinc and of the rest.
    """
    from scipy.special import erf

    sigma = float(np.sqrt(variance))
    densities = []
    for element in range(2):
        place = distance[:, None] - sigma * _NODES
        # Half a step of the quadrature at the discontinuity is all the error that the ramp leaves.
        rich = np.clip(place / (0.2 * sigma) + 0.5, 0, 1)
        sides = []
        for side in range(2):
            zinc = limits[side] + (ends[side] - limits[side]) * erf(np.abs(place) / lengths[side])
            sides.append(totals[side] * (zinc if element == 0 else 1.0 - zinc))
        densities.append((rich * sides[0] + (1 - rich) * sides[1]) @ _WEIGHTS)
    return densities[0], densities[1]
