"""A problem that knows some of the tilts only."""

from dataclasses import replace

import numpy as np

from .problem import Problem


def some_tilts(problem: Problem, tilts: np.ndarray) -> Problem:
    """Return the problem with some of its tilts; λ stays as it is.

    Parameters
    ----------
    problem : Problem
    tilts : ndarray of int
        Which to keep, at least one.

    Returns
    -------
    Problem
        With a projector of its own.
    """
    background = problem.background
    return replace(
        problem,
        data=problem.data[..., tilts, :, :],
        weights=problem.weights[..., tilts, :, :],
        background=None if background is None else background[..., tilts, :, :],
        gains=problem.gains[..., tilts],
        angles_deg=problem.angles_deg[tilts],
        projector=None,
    )
