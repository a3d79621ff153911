"""The volume that pulls hardest for its variation, and the field that balances it, on a coarse grid."""

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..interruption import requested
from ..problem import REGULARISERS
from ..regularisers.regulariser import Regulariser
from .balance import balanced, potential
from .node_grid import NodeGrid

# The search stops when its bounds are this close, or after so many iterations.
_RATIO = 1.1
_CHUNK = 25
_ITERATIONS = 1500
_RELAXATION = np.float32(1.9)
# Length of the dual steps, as a share of what the start needs to reach the bound in one.
_SPEED = {"tv": 0.1, "tv2": 0.01, "tv_tv2": 0.05, "tgv2": 0.05}


@dataclass(frozen=True, kw_only=True)
class Balls:
    """A regulariser as the balls of its dual field, of radius 1 at λ = 1.

    Parameters
    ----------
    regulariser : {"tv", "tv2", "tv_tv2", "tgv2"}
    second_order_share, tgv_ratio : float
        As in `Problem`.
    """

    regulariser: str
    second_order_share: float = 0.5
    tgv_ratio: float = 2.0

    def on_nodes(self, step: float) -> tuple["Balls", float]:
        """Return the same on nodes `step` voxels apart, and λ there over λ here.

        First differences grow by h and second ones by h², and there are h³ times fewer of either.
        """
        first, second = step**2, step
        if self.regulariser == "tv_tv2":
            share = self.second_order_share
            total = (1.0 - share) * first + share * second
            coarse = share * second / total
            return Balls(regulariser="tv_tv2", second_order_share=coarse), total
        if self.regulariser == "tgv2":
            return Balls(regulariser="tgv2", tgv_ratio=self.tgv_ratio * second / first), first
        return self, first if self.regulariser == "tv" else second

    def longest(self, field: np.ndarray) -> float:
        """Least λ whose balls hold a field of shape (channel, component, z, y, x)."""
        if field.shape[1] != 9:
            return _longest(field)
        if self.regulariser == "tv_tv2":
            share = self.second_order_share
            return max(_longest(field[:, :3]) / (1.0 - share), _longest(field[:, 3:]) / share)
        return max(_longest(field[:, :3]), _longest(field[:, 3:]) / self.tgv_ratio)

    def penalty(self, channels: int) -> Regulariser:
        """The regulariser with kernels, for `channels` of equal weight."""
        options: dict[str, Any] = {"channels": channels, "channel_weights": np.ones(channels)}
        if channels == 1:
            options = {}
        if self.regulariser == "tv_tv2":
            options["second_order_share"] = self.second_order_share
        if self.regulariser == "tgv2":
            options["ratio"] = self.tgv_ratio
        module, name = REGULARISERS[self.regulariser]
        package = __name__.split(".lambda_choice", maxsplit=1)[0]
        return getattr(importlib.import_module(f"{package}.regularisers.{module}"), name)(**options)


def search(slope: np.ndarray, balls: Balls) -> tuple[np.ndarray, np.ndarray]:
    """Search the x of largest ``−⟨slope, x⟩ / R(x)`` and the p of least λ with ``Kᵀp = −slope``.

    Parameters
    ----------
    slope : ndarray of float64, shape (channel, z, y, x)
        Orthogonal to flat volumes in each channel.
    balls : Balls

    Returns
    -------
    x : ndarray of float64, shape of `slope`
    field : ndarray of float64, shape (channel, component, z, y, x)
        Interpolated from the nodes: nearly balanced.
    """
    grid = NodeGrid(slope.shape[1:])
    coarse, _ = balls.on_nodes(float(np.prod(grid.step) ** (1.0 / 3.0)))
    pull = -np.stack([grid.restrict(one) for one in slope])
    steepest, flattest = _on_nodes(pull, coarse)
    field = np.stack([_prolong_field(grid, one) for one in flattest])
    return np.stack([grid.prolong(one) for one in steepest]), field


def _prolong_field(grid: NodeGrid, field: np.ndarray) -> np.ndarray:
    if field.shape[0] != 9:
        return grid.prolong_field(field)
    return np.concatenate([grid.prolong_field(field[:3]), grid.prolong_field(field[3:])])


def _on_nodes(pull: np.ndarray, balls: Balls) -> tuple[np.ndarray, np.ndarray]:
    """Primal–dual method for ``min R(x)`` with ``⟨pull, x⟩ = 1``, whose dual over R(x) is p."""
    channels = pull.shape[0]
    penalty = balls.penalty(channels)
    # The potential of the least squares field is a fair start.
    start = np.stack([potential(one) for one in pull])
    if penalty.order == 2:
        start = np.stack([potential(one) for one in start])
    start /= np.sum(pull * start)
    iterate = _Iterate(start, pull, penalty, balls)
    best, least = -np.inf, np.inf
    steepest, flattest = start, np.zeros((channels, penalty.components, *pull.shape[1:]))
    for iteration in range(1, _ITERATIONS + 1):
        iterate.advance()
        if iteration % _CHUNK == 0 or requested():
            reached = float(np.sum(pull * iterate.volume)) / iterate.variation()
            if reached > best:
                best, steepest = reached, iterate.volume.astype(np.float64)
            field = balanced(np.multiply(iterate.field, reached, dtype=np.float64), pull, balls.regulariser)
            peak = balls.longest(field)
            if peak < least:
                least, flattest = peak, field
            if least <= _RATIO * best or requested():
                break
    return steepest, flattest


class _Iterate:
    """The iterates; arrays have a channel axis, which kernels of a single channel do not see."""

    def __init__(self, start: np.ndarray, pull: np.ndarray, penalty: Regulariser, balls: Balls) -> None:
        channels, *grid = pull.shape
        self.penalty = penalty
        self.single = channels == 1
        self.volume = start.astype(np.float32)
        self.ahead = self.volume.copy()
        self.push = np.empty_like(self.volume)
        self.field = np.zeros((channels, penalty.components, *grid), np.float32)
        self.force = pull.astype(np.float32)
        self.unit = self.force / np.float32(np.sum(pull * pull))
        self.auxiliary = self.ahead_auxiliary = self.turn = None
        if penalty.auxiliary:
            self.auxiliary = np.zeros((channels, penalty.auxiliary, *grid), np.float32)
            self.ahead_auxiliary = self.auxiliary.copy()
        speed = _SPEED[balls.regulariser] * penalty.rows
        self.sigma = np.float32(speed * start.size / self.variation())
        self.tau = np.float32(1.0 / (penalty.columns * self.sigma))
        if penalty.auxiliary:
            self.tau_auxiliary = np.float32(1.0 / (penalty.auxiliary_columns * self.sigma))

    def seen(self, array: np.ndarray | None) -> np.ndarray | None:
        """What kernels get."""
        return array[0] if self.single and array is not None else array

    def variation(self) -> float:
        """R of the volume, an upper bound where there is an auxiliary one."""
        return self.penalty.value(self.seen(self.volume), self.seen(self.auxiliary))  # pyright: ignore[reportArgumentType]

    def advance(self) -> None:
        """One over-relaxed iteration."""
        penalty, one, rho = self.penalty, np.float32(1.0), _RELAXATION
        ahead, field, push = self.seen(self.ahead), self.seen(self.field), self.seen(self.push)
        penalty.dual_step(ahead, self.seen(self.ahead_auxiliary), field, self.sigma, one, rho)  # pyright: ignore[reportArgumentType]
        penalty.adjoint(field, push)  # pyright: ignore[reportArgumentType]
        self.push *= -self.tau
        self.push += self.unit * np.float32(-np.sum(self.push * self.force, dtype=np.float64))
        # `push` is now the move of x within ⟨pull, x⟩ = 1.
        np.add(self.volume, 2.0 * self.push, out=self.ahead)
        self.volume += rho * self.push
        if self.auxiliary is not None:
            auxiliary, ahead = self.seen(self.auxiliary), self.seen(self.ahead_auxiliary)
            penalty.auxiliary_step(auxiliary, ahead, field, self.tau_auxiliary, rho)  # pyright: ignore[reportArgumentType]


def _longest(field: np.ndarray) -> float:
    """Largest joint length over channels and components."""
    return float(np.sqrt(np.square(field).sum(axis=(0, 1)).max()))
