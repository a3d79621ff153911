"""Arrays that the steps of a solve and its certificates share, so that none is held twice."""

import numpy as np

from .problem import Problem


class Workspace:
    """Space for two volumes and a series.

    Attributes
    ----------
    ahead : ndarray of float32, shape of the problem
        The point ahead of a primal–dual step; free between two calls of `advance`.
    spare : ndarray of float32, shape of the problem
        Free between two calls of `advance`.
    projected : ndarray of float32, shape of the data
        The same for a projection.
    """

    def __init__(self, problem: Problem) -> None:
        self.ahead = np.empty(problem.shape, np.float32)
        self.spare = np.empty(problem.shape, np.float32)
        self.projected = np.empty_like(problem.data)
