"""pyproximal's primal–dual method with pylops' matrix and gradient, on our objective."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..forward.strip import strip_matrix
from ..recon import Problem
from .peer_watch import Watch
from .plain_steps import PlainSteps


def solver(problem: Problem, steps: PlainSteps, threads: int = 1) -> Callable[[Watch], None]:
    """``pyproximal.optimization.primaldual.PrimalDual`` with a box, a weighted L2 and an L21 functional."""
    import pylops  # pyright: ignore[reportMissingImports]
    import pyproximal  # pyright: ignore[reportMissingImports]
    from pyproximal.optimization.primaldual import PrimalDual  # pyright: ignore[reportMissingImports]

    shape, data = problem.shape, problem.data
    # Their annotations are narrower than what they take: sparse matrices, functionals and sizes.
    matrix: Any = strip_matrix(shape[:2], problem.angles_deg, bins=shape[1], bin_width=1.0)
    matrix.data *= np.float32(problem.spacing_nm)
    root = np.sqrt(problem.weights)
    factor = (root * problem.column_gain / np.float32(steps.data_norm)).ravel()
    project = pylops.MatrixMult(matrix, otherdims=(shape[2],), dtype="float32")
    differences = pylops.Gradient(shape, edge=False, kind="forward", dtype="float32")
    operator = pylops.VStack(
        [pylops.Diagonal(factor, dtype="float32") * project, (1.0 / steps.field_norm) * differences],
        dtype="float32",
    )
    target = (root * data / np.float32(steps.data_norm)).ravel()
    misfit = pyproximal.L2(b=target, sigma=steps.data_norm**2)
    penalty = pyproximal.L21(ndim=3, sigma=problem.lam * steps.field_norm)
    parts: Any = [misfit, penalty]
    sizes: Any = [data.size, 3 * int(np.prod(shape))]
    both = pyproximal.VStack(parts, nn=sizes)

    def run(watch: Watch) -> None:
        PrimalDual(
            pyproximal.Box(lower=0.0),
            both,
            operator,
            x0=np.zeros(int(np.prod(shape)), np.float32),
            tau=steps.tau,
            mu=steps.sigma,
            niter=10**6,
            callback=lambda x: watch(lambda: x.reshape(shape)),
        )

    return run
