"""A problem on voxels twice as large, and its iterates carried back: a cheap warm start."""

from dataclasses import replace

import numpy as np

from .primal_dual import PrimalDual
from .problem import Problem
from .regularisers.planes import padded_zeros

# Differences of order 1 and 2 over twice the distance grow by 2 and 4, and there are eight times
# fewer of them: so much weight must a term of R gain.
_FIRST, _SECOND = 4.0, 2.0
_SMALLEST = 16


def can_coarsen(problem: Problem) -> bool:
    """Whether all axes are even and long enough for a coarse problem to mean something."""
    return all(n % 2 == 0 and n >= 2 * _SMALLEST for n in problem.grid)


def coarsen(problem: Problem) -> Problem:
    """Return the problem binned by two along y, x and z, with the matching weights of R.

    Gaussian data become means over 2 × 2 pixels, with a quarter of their mean variance. Of Poisson
    data the counts k b are added, and so are the counts k that one unit of the data gives: b and the
    background become means weighted by k. A pixel of weight zero gives its whole bin weight zero.

    Parameters
    ----------
    problem : Problem
        With even axes.

    Returns
    -------
    Problem
        With half as many voxels along every axis, of twice the size.
    """
    weights = _coarse_weights(problem)
    if problem.data_term == "kullback_leibler":
        exposure = np.maximum(_block_means(problem.weights), 1e-30)

        def mean(array: np.ndarray) -> np.ndarray:
            return _block_means(array * problem.weights) / exposure
    else:
        mean = _block_means
    return replace(
        problem,
        data=np.where(weights > 0, mean(problem.data), 0.0),
        weights=weights,
        background=None if problem.background is None else mean(problem.background),
        spacing_nm=2.0 * problem.spacing_nm,
        depth=problem.grid[0] // 2,
        projector=None,
        **_coarse_terms(problem),
    )


def _coarse_terms(problem: Problem) -> dict[str, float]:
    """λ and the balance within R: first differences gain a factor 4, second ones 2."""
    if problem.regulariser == "tv_tv2":
        share = problem.second_order_share
        total = (1.0 - share) * _FIRST + share * _SECOND
        return {"lam": problem.lam * total, "second_order_share": share * _SECOND / total}
    if problem.regulariser == "tgv2":
        return {"lam": problem.lam * _FIRST, "tgv_ratio": problem.tgv_ratio * _SECOND / _FIRST}
    return {"lam": problem.lam * lambda_ratio(problem)}


def lambda_ratio(problem: Problem) -> float:
    """λ on voxels twice as large over λ of the problem."""
    if problem.regulariser == "tv_tv2":
        share = problem.second_order_share
        return (1.0 - share) * _FIRST + share * _SECOND
    return _SECOND if problem.regulariser == "tv2" else _FIRST


def fine_lambda(problem: Problem, coarse_lam: float) -> float:
    """λ of the fine problem that corresponds to a λ of the coarse one."""
    return coarse_lam / lambda_ratio(problem)


def refine(state: PrimalDual, problem: Problem) -> PrimalDual:
    """Carry the iterates of the coarse problem to the fine one; the coarse λ must match.

    Densities are copied to the voxels they cover; gradients per voxel (the auxiliary volume of TGV²)
    are halved. Duals of the data are a weight times a relative or absolute residual, so each pixel
    gets its share of the weight of its bin; duals of the regulariser scale with their radii.
    """
    field = padded_zeros(problem.field_shape)
    _spread(state.field, (-3, -2, -1), field)
    # TV and the first differences of the mixed forms have three components, second ones six.
    second = field.shape[-4] - 3 if field.shape[-4] != 6 else 6
    components = np.full(field.shape[-4], 1.0 / _FIRST, np.float32)
    components[components.size - second :] = 1.0 / _SECOND
    field *= components[:, None, None, None]
    auxiliary = None
    if state.auxiliary is not None:
        auxiliary = _spread(state.auxiliary, (-3, -2, -1))
        auxiliary *= np.float32(0.5)
    residual = _spread(state.residual, (-2, -1))
    coarse = _spread(_coarse_weights(problem), (-2, -1))
    share = np.divide(problem.weights, coarse, out=np.zeros_like(residual), where=coarse > 0)
    return PrimalDual(
        volume=_spread(state.volume, (-3, -2, -1)),
        field=field,
        residual=residual * share,
        auxiliary=auxiliary,
    )


def _coarse_weights(problem: Problem) -> np.ndarray:
    known = problem.weights > 0
    whole = _block_means(known) == 1.0
    if problem.data_term == "kullback_leibler":
        return np.where(whole, 4.0 * _block_means(problem.weights), 0.0).astype(np.float32)
    variance = np.divide(1.0, problem.weights, out=np.zeros_like(problem.weights), where=known)
    mean = _block_means(variance)
    return np.divide(4.0, mean, out=np.zeros_like(mean), where=whole).astype(np.float32)


def _block_means(array: np.ndarray) -> np.ndarray:
    *lead, ny, nx = array.shape
    return array.reshape(*lead, ny // 2, 2, nx // 2, 2).mean(axis=(-3, -1), dtype=np.float64)


def _spread(array: np.ndarray, axes: tuple[int, ...], out: np.ndarray | None = None) -> np.ndarray:
    """Copy every element to two along each of the axes, without a second copy of the whole."""
    shape = list(array.shape)
    for axis in axes:
        shape[axis] *= 2
    out = np.empty(shape, np.float32) if out is None else out
    for corner in np.ndindex(*(2,) * len(axes)):
        where = [slice(None)] * array.ndim
        for axis, offset in zip(axes, corner, strict=True):
            where[axis] = slice(offset, None, 2)
        out[tuple(where)] = array
    return out
