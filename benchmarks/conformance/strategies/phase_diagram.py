"""Volumes of two metals whose phase diagram is to be judged, and diagrams as clouds of points."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .plain import seeds

Pair = tuple[np.ndarray, np.ndarray]


def metal_volumes(*, size: int = 16, max_phases: int = 3) -> SearchStrategy[Pair]:
    """Draw zinc and cobalt (z, y, x), atoms nm⁻³, of a ball of layers with one phase each.

    Parameters
    ----------
    size : int
        Voxels along each axis.
    max_phases : int
        Most phases. Their zinc fractions and metal densities (3 to 6 nm⁻³) are those of the strategy;
        phases may come out alike.

    Notes
    -----
    Volumes are float64, free of noise or with up to 0.2 nm⁻³ of it (negative values included, as
    unconstrained solvers give), and zero outside the ball but for the noise. Shrinks to a ball of cobalt,
    3 nm⁻³.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> zn, co = smallest(metal_volumes(), lambda pair: pair[0].any())
    >>> zn.shape, bool(((zn + co)[zn > 0] >= 3).all())
    ((16, 16, 16), True)
    """
    phase = st.tuples(st.floats(0, 1), st.floats(3, 6))
    return st.builds(
        _layers,
        st.just(size),
        st.lists(phase, min_size=1, max_size=max_phases),
        noise=st.just(0.0) | st.floats(0.01, 0.2),
        seed=seeds(),
    )


def diagram_points(*, min_points: int = 2, max_points: int = 30) -> SearchStrategy[Pair]:
    """Draw phase diagrams as points: fractions (n,), 0 to 1, and densities (n,), 3 to 6 nm⁻³.

    Parameters
    ----------
    min_points, max_points : int
        Fewest and most points.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> fraction, density = smallest(diagram_points(), lambda points: len(points[0]) > 4)
    >>> len(fraction), bool((density >= 3).all())
    (5, True)
    """
    return st.builds(_cloud, st.integers(min_points, max_points), seeds())


def _layers(size: int, phases: list[tuple[float, float]], noise: float, seed: int) -> Pair:
    axis = np.arange(size) - (size - 1) / 2
    z, y, x = axis[:, None, None], axis[None, :, None], axis[None, None, :]
    ball = z**2 + y**2 + x**2 < (0.42 * size) ** 2
    # Layers along x of equal thickness, one per phase.
    layer = np.clip(((x / (0.84 * size) + 0.5) * len(phases)).astype(int), 0, len(phases) - 1)
    fraction, density = (np.array(values)[layer] * ball for values in zip(*phases, strict=True))
    rng = np.random.default_rng(seed)
    zn, co = (
        metal + noise * rng.standard_normal(ball.shape)
        for metal in (fraction * density, (1 - fraction) * density * ball)
    )
    return zn, co


def _cloud(count: int, seed: int) -> Pair:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1, count), rng.uniform(3, 6, count)
