"""Blurred diffusion profiles on either side of an interface, fitted to shell means."""

from dataclasses import dataclass

import numpy as np

_PULL = 1e-5


@dataclass(frozen=True)
class ProfileFit:
    """Fitted profiles across an interface.

    Attributes
    ----------
    jump : numpy.ndarray
        Place of the jump in voxels, and the logarithm of the blur's Gaussian width in voxels.
    lengths : numpy.ndarray
        Logarithms of the diffusion lengths of the zinc-rich and the cobalt-rich side, voxels.
    limits : tuple of float
        Zinc fraction at the jump, zinc-rich and cobalt-rich side.
    total, zinc : numpy.ndarray
        (shells,) fitted total and zinc density.
    """

    jump: np.ndarray
    lengths: np.ndarray
    limits: tuple[float, float]
    total: np.ndarray
    zinc: np.ndarray


def fit_profiles(
    shells: np.ndarray, sums: np.ndarray, resolution: float, start: ProfileFit | None = None
) -> ProfileFit:
    """Fit the total density (place and blur of the jump), then zinc (what lies on either side)."""
    filled = sums[:, 0] > 0
    weights = np.sqrt(sums[filled, 0])
    zinc = sums[filled, 1] / sums[filled, 0]
    total = zinc + sums[filled, 2] / sums[filled, 0]
    guess = np.array([0.0, np.log(resolution / 2.3548)])
    jump = _search(
        lambda p: _step_basis(shells[filled], p),
        weights,
        total,
        guess,
        np.array([1.0, 0.4]),
        start and start.jump,
    )
    long = np.full(2, np.log(shells[-1] / 2))
    lengths = _search(
        lambda p: _diffusion_basis(shells[filled], jump, p), weights, zinc, long, np.array([0.7, 0.7]),
        start and start.lengths,
    )  # fmt: skip
    totals = _solve(_step_basis(shells[filled], jump), weights, total)[1]
    zincs = _solve(_diffusion_basis(shells[filled], jump, lengths), weights, zinc)[1]
    return ProfileFit(
        jump=jump, lengths=lengths, limits=(float(zincs[0] / totals[0]), float(zincs[2] / totals[1])),
        total=_step_basis(shells, jump) @ totals, zinc=_diffusion_basis(shells, jump, lengths) @ zincs,
    )  # fmt: skip


def limits_beyond(shells: np.ndarray, sums: np.ndarray, best: ProfileFit, gap: float) -> np.ndarray:
    """Both limits from zinc farther than `gap` from the jump alone; the jump itself is kept."""
    far = (sums[:, 0] > 0) & (np.abs(shells - best.jump[0]) >= gap)
    weights = np.sqrt(sums[far, 0])
    zinc, total = sums[far, 1] / sums[far, 0], (sums[far, 1] + sums[far, 2]) / sums[far, 0]
    zincs = _solve(_diffusion_basis(shells[far], best.jump, best.lengths), weights, zinc)[1]
    totals = _solve(_step_basis(shells[far], best.jump), weights, total)[1]
    return np.array([zincs[0] / totals[0], zincs[2] / totals[1]])


def _solve(basis: np.ndarray, weights: np.ndarray, values: np.ndarray) -> tuple[float, np.ndarray]:
    coefficients = np.linalg.lstsq(basis * weights[:, None], values * weights)[0]
    return float(np.sum((weights * (basis @ coefficients - values)) ** 2)), coefficients


def _search(basis, weights, values, guess, scale, start) -> np.ndarray:
    """Non-linear parameters by simplex, the linear ones solved for inside, weakly pulled to a guess."""
    from scipy.optimize import minimize

    spread = float(np.sum(weights**2)) * float(np.var(values))

    def loss(p: np.ndarray) -> float:
        pull = float(np.sum(((p - guess) / scale) ** 2))
        return _solve(basis(p), weights, values)[0] / spread + _PULL * pull

    first = guess if start is None else start
    simplex = first + np.array([[0, 0], [0.3, 0], [0, 0.3]])
    return minimize(
        loss, first, method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 2e-3, "fatol": 1e-10, "maxiter": 150},
    ).x  # fmt: skip


def _step_basis(distance: np.ndarray, jump: np.ndarray) -> np.ndarray:
    """Blurred steps: zinc-rich side, cobalt-rich side."""
    from scipy.special import ndtr

    rich = ndtr((distance - jump[0]) / np.exp(jump[1]))
    return np.stack([rich, 1 - rich], axis=1)


def _diffusion_basis(distance: np.ndarray, jump: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Blurred steps and blurred half-space diffusion profiles H(±d) erf(|d|/ℓ) on either side."""
    from scipy.special import erf

    sigma = float(np.exp(jump[1]))
    nodes = np.linspace(-4.0, 4.0, 81)
    weights = np.exp(-0.5 * nodes**2)
    # Half a step of the quadrature at the discontinuity is all the error that the ramp leaves.
    place = distance[:, None] - jump[0] - sigma * nodes[None, :]
    rich = np.clip(place / (0.1 * sigma) + 0.5, 0, 1)
    weights /= weights.sum()
    columns = [
        rich @ weights, (rich * erf(np.abs(place) / np.exp(lengths[0]))) @ weights,
        (1 - rich) @ weights, ((1 - rich) * erf(np.abs(place) / np.exp(lengths[1]))) @ weights,
    ]  # fmt: skip
    return np.stack(columns, axis=1)
