"""scipy and numpy as a peer: sparse matrix times dense rows, and the textbook primal–dual method."""

from collections.abc import Callable

import numpy as np

from ..forward.strip import strip_matrix
from ..recon import Problem
from .peer_watch import Watch
from .peers import Projections
from .plain_steps import PlainSteps


def projections(problem: Problem, threads: int = 1) -> Projections:
    """Our own weights as scipy's CSR matrices; scipy uses one thread."""
    _, ny, _ = shape = problem.shape
    matrix = strip_matrix(shape[:2], problem.angles_deg, bins=ny, bin_width=1.0)
    matrix.data *= np.float32(problem.spacing_nm)
    transpose = matrix.T.tocsr()
    tilts = problem.angles_deg.size
    rays, pixels = tilts * ny, shape[0] * ny

    def forward(volume: np.ndarray) -> np.ndarray:
        return (matrix @ volume.reshape(pixels, -1)).reshape(tilts, ny, -1)

    def adjoint(series: np.ndarray) -> np.ndarray:
        return (transpose @ series.reshape(rays, -1)).reshape(*shape[:2], -1)

    return Projections(forward=forward, adjoint=adjoint)


def solver(problem: Problem, steps: PlainSteps, threads: int = 1) -> Callable[[Watch], None]:
    """PDHG for TV (Chambolle and Pock 2011, doi 10.1007/s10851-010-0251-1), algorithm 1, in numpy."""
    operator = projections(problem)
    root = np.sqrt(problem.weights)
    scaled = root * problem.column_gain / np.float32(steps.data_norm)
    target = root * problem.data / np.float32(steps.data_norm)
    sigma, tau = np.float32(steps.sigma), np.float32(steps.tau)
    curvature = np.float32(steps.data_norm**2)
    radius, norm = np.float32(problem.lam * steps.field_norm), np.float32(steps.field_norm)

    def run(watch: Watch) -> None:
        x = np.zeros(problem.shape, np.float32)
        ahead, y, p = x.copy(), np.zeros_like(problem.data), np.zeros((3, *problem.shape), np.float32)
        while True:
            y += sigma * (scaled * operator.forward(ahead))
            y -= sigma * target
            y *= curvature / (curvature + sigma)
            p += sigma / norm * _gradient(ahead)
            p /= np.maximum(np.float32(1.0), np.sqrt(np.square(p).sum(axis=0)) / radius)
            old = x
            x = old - tau * (operator.adjoint(scaled * y) + _gradient_transpose(p) / norm)
            np.maximum(x, 0.0, out=x)
            ahead = 2.0 * x - old
            watch(lambda x=x: x)

    return run


def _gradient(volume: np.ndarray) -> np.ndarray:
    out = np.zeros((3, *volume.shape), np.float32)
    out[0, :-1] = volume[1:] - volume[:-1]
    out[1, :, :-1] = volume[:, 1:] - volume[:, :-1]
    out[2, :, :, :-1] = volume[:, :, 1:] - volume[:, :, :-1]
    return out


def _gradient_transpose(field: np.ndarray) -> np.ndarray:
    out = -(field[0] + field[1] + field[2])
    # The field is zero at the far faces, where there is no difference.
    out[1:] += field[0, :-1]
    out[:, 1:] += field[1, :, :-1]
    out[:, :, 1:] += field[2, :, :, :-1]
    return out
