"""Hypothesis strategies for projectors and reconstruction problems, and small objects made by hand."""

import numba
import numpy as np
import pytest
from glasstomo.forward import Projector
from glasstomo.recon import Problem
from hypothesis import strategies as st

seeds = st.integers(0, 2**32 - 1)
shapes = st.tuples(st.integers(1, 7), st.integers(1, 7), st.integers(1, 7))


@st.composite
def projectors(draw: st.DrawFn) -> Projector:
    """Any geometry: unequal axes, one tilt or several, any angles, narrow or wide detectors."""
    return Projector(
        shape=(draw(st.integers(1, 12)), draw(st.integers(1, 12))),
        angles_deg=draw(st.lists(st.floats(-400, 400), min_size=1, max_size=6)),
        spacing_nm=draw(st.floats(0.3, 30)),
        bins=draw(st.integers(1, 20)),
        bin_nm=draw(st.floats(0.3, 30)),
    )


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Small noisy problems: either regulariser, with or without weights, zero weights and gains."""
    rng = np.random.default_rng(draw(seeds))
    tilts, ny, nx = draw(st.integers(1, 5)), draw(st.integers(2, 7)), draw(st.integers(1, 5))
    weights = rng.uniform(0, 2, (tilts, ny, nx)) * (rng.random((tilts, ny, nx)) < 0.9)
    weights[0, 0, 0] = 1.0
    return Problem(
        data=rng.normal(3, 2, (tilts, ny, nx)),
        angles_deg=np.sort(rng.uniform(-75, 75, tilts)),
        spacing_nm=draw(st.floats(0.5, 10)),
        weights=weights if draw(st.booleans()) else None,
        gains=rng.uniform(0, 1.5, tilts) if draw(st.booleans()) else None,
        regulariser=draw(st.sampled_from(["tv", "tv2"])),
        lam=draw(st.floats(1e-3, 10)),
        depth=draw(st.none() | st.integers(1, 7)),
    )


@st.composite
def all_problems(draw: st.DrawFn) -> Problem:
    """Small problems of every form: data terms, regularisers, channels, bounds and backgrounds."""
    rng = np.random.default_rng(draw(seeds))
    counted = draw(st.booleans())
    channels = draw(st.sampled_from([(), (1,), (2,)]))
    tilts, ny, nx = draw(st.integers(1, 4)), draw(st.integers(2, 6)), draw(st.integers(1, 5))
    shape = (*channels, tilts, ny, nx)
    weights = rng.uniform(0.2, 2, shape) * (rng.random(shape) < 0.9)
    weights[(0,) * len(shape)] = 1.0
    background = draw(st.none() | st.just(rng.uniform(0.05, 0.5, shape)))
    lower = draw(st.sampled_from([0.0, 0.5] if counted else [0.0, -1.0, 0.5]))
    return Problem(
        data=rng.poisson(3.0, shape) / 1.0 if counted else rng.normal(3, 2, shape),
        data_term="kullback_leibler" if counted else "least_squares",
        angles_deg=np.sort(rng.uniform(-75, 75, tilts)),
        spacing_nm=draw(st.floats(0.5, 10)),
        weights=weights,
        gains=rng.uniform(0.2, 1.5, (*channels, tilts)) if draw(st.booleans()) else None,
        background=background,
        lower=lower,
        upper=draw(st.sampled_from([np.inf, lower + 2.0])),
        regulariser=draw(st.sampled_from(["tv", "tv2", "tv_tv2", "tgv2"])),
        second_order_share=draw(st.floats(0.1, 0.9)),
        tgv_ratio=draw(st.floats(0.5, 4)),
        channel_weights=rng.uniform(0.5, 2, channels) if channels else None,
        lam=draw(st.floats(1e-3, 10)),
    )


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
