"""Small problems made by hand, and threads for tests of kernels."""

import numba
import numpy as np
import pytest
from glasstomo.forward import Projector
from glasstomo.recon import Problem


def particle(n: int, nx: int | None = None) -> np.ndarray:
    """Draw an ellipsoid of density 4 with a denser ball inside, off centre; (n, n, nx) float32."""
    nx = nx or n
    z, y, x = np.ogrid[: float(n), : float(n), : float(nx)]
    z, y, x = z - (n - 1) / 2, y - (n - 1) / 2, x - (nx - 1) / 2
    volume = 4.0 * (z**2 + 1.5 * y**2 + (n / nx * x) ** 2 < (0.36 * n) ** 2)
    volume += 2.0 * ((z - 0.08 * n) ** 2 + (y + 0.1 * n) ** 2 + x**2 < (0.15 * n) ** 2)
    return volume.astype(np.float32)


def particle_problem(
    n: int = 16, *, tilts: int = 9, seed: int = 1, counts: float = 2.0, **options
) -> Problem:
    """Poisson counts of `particle` with uneven gains, weighted by their inverse variance.

    Equal grids for data and reconstruction: these problems test solvers, not images.
    """
    rng = np.random.default_rng(seed)
    angles = np.linspace(-65, 65, tilts)
    gains = rng.uniform(0.5, 1.0, tilts)
    projector = Projector(shape=(n, n), angles_deg=angles, spacing_nm=5.0)
    expected = counts * gains[:, None, None] * projector.forward(particle(n, options.pop("nx", None)))
    drawn = rng.poisson(expected)
    return Problem(
        **{
            "data": drawn / counts,
            "weights": counts**2 / np.maximum(drawn, 1),
            "gains": gains,
            "angles_deg": angles,
            "spacing_nm": 5.0,
            "projector": projector,
            **options,
        }
    )


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Keep kernels on these small arrays in one thread: two wait for each other longer than they work.

    Modules import this name; tests of threads set their own number.
    """
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def in_one_and_two_threads(compute) -> list:
    """Results of `compute()` in one and in two threads; skips where numba was started with one."""
    if numba.config.NUMBA_NUM_THREADS < 2:  # type: ignore[attr-defined]
        pytest.skip("numba was started with one thread")
    before, results = numba.get_num_threads(), []
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            results.append(compute())
    finally:
        numba.set_num_threads(before)
    return results
