"""Phantoms: number densities on a grid, of random arrays or of a particle."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....phantoms import Grid, Phantom, rasterise
from .particle import particles
from .plain import seeds


def phantoms(*, elements: tuple[str, ...] = ("Co", "Zn", "C")) -> SearchStrategy[Phantom]:
    """Draw phantoms of random densities in a cylinder that keeps clear of the edges at every tilt.

    Parameters
    ----------
    elements : tuple of str
        Elements, metals first.

    Notes
    -----
    Even sides of 8 to 14 voxels along z and y and 2 to 8 along the tilt axis, voxels of 2 to 30 nm,
    densities of 0 to 6 atoms nm⁻³. There is no analytic truth behind them; `particle_phantoms` has one.
    Shrinks to 8 × 8 × 2 voxels of 2 nm.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(phantoms(), lambda phantom: phantom.grid.shape[2] > 2).grid
    Grid(shape=(8, 8, 4), spacing_nm=2.0)
    """
    return st.builds(
        _random,
        st.just(elements),
        half=st.integers(4, 7),
        half_nx=st.integers(1, 4),
        seed=seeds(),
        spacing_nm=st.floats(2, 30),
    )


def particle_phantoms(*, max_side: int = 8, film: bool | None = None) -> SearchStrategy[Phantom]:
    """Draw particles on coarse grids that hold them whole: `phantom.particle` is their truth.

    Parameters
    ----------
    max_side : int
        Most voxels along each axis, at least 4.
    film : bool, optional
        As for `particles`.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> phantom = smallest(particle_phantoms(), lambda phantom: phantom.film is not None)
    >>> phantom.grid.shape, phantom.particle.film == phantom.film
    ((4, 4, 4), True)
    """
    return st.builds(
        _rasterised, particles(film=film), st.integers(4, max_side), supersample=st.integers(1, 2)
    )


def _random(elements: tuple[str, ...], half: int, half_nx: int, seed: int, spacing_nm: float) -> Phantom:
    size, rng = 2 * half, np.random.default_rng(seed)
    z, y, _ = Grid.cube(size, spacing_nm=1.0).points_nm()
    inside = (z**2 + y**2 < (size / 2 - 1.5) ** 2) * np.ones(2 * half_nx)
    densities = np.stack([rng.uniform(0, 6, inside.shape) * inside for _ in elements]).astype(np.float32)
    shape = inside.shape
    return Phantom(
        grid=Grid(shape=(shape[0], shape[1], shape[2]), spacing_nm=spacing_nm),
        elements=elements,
        densities=densities,
        fill=(densities.sum(axis=0) > 0).astype(np.float32),
        labels=np.zeros(shape, np.uint8),
        phase_names=(),
    )


def _rasterised(particle, side: int, supersample: int) -> Phantom:
    extent_nm = 2.0 * particle.body.bounding_radius_nm
    return rasterise(particle, Grid.cube(side, spacing_nm=extent_nm / side), supersample=supersample)
