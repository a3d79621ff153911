"""Inverse problems of every form that a solver may get."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .plain import seeds

if TYPE_CHECKING:
    from ....recon import Problem

REGULARISERS = ("tv", "tv2", "tv_tv2", "tgv2")
DATA_TERMS = ("least_squares", "kullback_leibler")


def volume_shapes(*, max_side: int = 7) -> SearchStrategy[tuple[int, int, int]]:
    """Draw shapes (z, y, x) of small volumes; shrinks to one voxel.

    Parameters
    ----------
    max_side : int
        Most voxels along any axis.
    """
    side = st.integers(1, max_side)
    return st.tuples(side, side, side)


def least_squares_problems(
    *, regularisers: Sequence[str] = ("tv", "tv2"), any_depth: bool = True
) -> "SearchStrategy[Problem]":
    """Draw small problems of noisy data, with and without weights, pixels left out, and uneven gains.

    Parameters
    ----------
    regularisers : sequence of str
        Those to draw from.
    any_depth : bool
        Whether the depth may differ from the width, 1 to 7 voxels.

    Notes
    -----
    Data have mean 3 and standard deviation 2, so that some are negative; 1 to 5 tilts within ±75°.
    Shrinks to one tilt of 2 × 1 pixels.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> problem = smallest(least_squares_problems(), lambda problem: problem.regulariser == "tv2")
    >>> problem.shape, problem.data.shape, problem.lam
    ((2, 2, 1), (1, 2, 1), 1.0)
    """
    return st.builds(
        _least_squares,
        seed=seeds(),
        shape=st.tuples(st.integers(1, 5), st.integers(2, 7), st.integers(1, 5)),
        weighted=st.booleans(),
        uneven=st.booleans(),
        spacing_nm=st.floats(0.5, 10),
        regulariser=st.sampled_from(list(regularisers)),
        lam=st.floats(1e-3, 10),
        depth=st.none() | st.integers(1, 7) if any_depth else st.none(),
    )


def problems(
    *,
    regularisers: Sequence[str] = REGULARISERS,
    data_terms: Sequence[str] = DATA_TERMS,
    channels: Sequence[int | None] = (None, 1, 2),
    bounds: bool = True,
    backgrounds: bool = True,
) -> "SearchStrategy[Problem]":
    """Draw small problems of every form: data terms, regularisers, channels, bounds and backgrounds.

    Parameters
    ----------
    regularisers, data_terms : sequence of str
        Those to draw from.
    channels : sequence of int or None
        Numbers of channels to draw from; None is data without that axis.
    bounds : bool
        Whether lower bounds other than 0 and upper bounds are drawn.
    backgrounds : bool
        Whether known backgrounds are drawn.

    Notes
    -----
    Every problem has weights with about one pixel in ten left out. Shrinks to least squares with TV on one
    tilt of 2 × 1 pixels.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> problem = smallest(problems(), lambda problem: problem.data_term == "kullback_leibler")
    >>> problem.regulariser, problem.shape, problem.background, problem.upper
    ('tv', (2, 2, 1), None, inf)
    """
    return st.sampled_from(list(data_terms)).flatmap(
        lambda data_term: _every_form(data_term, regularisers, channels, bounds, backgrounds)
    )


def _every_form(
    data_term: str,
    regularisers: Sequence[str],
    channels: Sequence[int | None],
    bounds: bool,
    backgrounds: bool,
) -> "SearchStrategy[Problem]":
    lowest = [0.0, 0.5] if data_term == "kullback_leibler" else [0.0, -1.0, 0.5]
    return st.builds(
        _any_form,
        data_term=st.just(data_term),
        seed=seeds(),
        shape=st.tuples(st.integers(1, 4), st.integers(2, 6), st.integers(1, 5)),
        channels=st.sampled_from(list(channels)),
        uneven=st.booleans(),
        backed=st.booleans() if backgrounds else st.just(False),
        lower=st.sampled_from(lowest) if bounds else st.just(0.0),
        bounded=st.booleans() if bounds else st.just(False),
        spacing_nm=st.floats(0.5, 10),
        regulariser=st.sampled_from(list(regularisers)),
        second_order_share=st.floats(0.1, 0.9),
        tgv_ratio=st.floats(0.5, 4),
        lam=st.floats(1e-3, 10),
    )


def _least_squares(
    *, seed: int, shape: tuple[int, int, int], weighted: bool, uneven: bool, **fields
) -> "Problem":
    from ....recon import Problem

    rng, tilts = np.random.default_rng(seed), shape[0]
    weights = rng.uniform(0, 2, shape) * (rng.random(shape) < 0.9)
    weights[0, 0, 0] = 1.0
    return Problem(
        data=rng.normal(3, 2, shape),
        angles_deg=np.sort(rng.uniform(-75, 75, tilts)),
        weights=weights if weighted else None,
        gains=rng.uniform(0, 1.5, tilts) if uneven else None,
        **fields,
    )


def _any_form(
    *,
    seed: int,
    shape: tuple[int, int, int],
    channels: int | None,
    uneven: bool,
    backed: bool,
    lower: float,
    bounded: bool,
    **fields,
) -> "Problem":
    from ....recon import Problem

    rng = np.random.default_rng(seed)
    full = shape if channels is None else (channels, *shape)
    counted = fields["data_term"] == "kullback_leibler"
    weights = rng.uniform(0.2, 2, full) * (rng.random(full) < 0.9)
    weights[(0,) * len(full)] = 1.0
    return Problem(
        data=rng.poisson(3.0, full) / 1.0 if counted else rng.normal(3, 2, full),
        angles_deg=np.sort(rng.uniform(-75, 75, shape[0])),
        weights=weights,
        gains=rng.uniform(0.2, 1.5, full[:-2]) if uneven else None,
        background=rng.uniform(0.05, 0.5, full) if backed else None,
        lower=lower,
        upper=lower + 2.0 if bounded else np.inf,
        channel_weights=None if channels is None else rng.uniform(0.5, 2, channels),
        **fields,
    )
