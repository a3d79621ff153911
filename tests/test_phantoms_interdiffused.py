"""The interdiffused particle: its profile, its lengths, and what it shares with the segregated one."""

import math

import numpy as np
import pytest
from glasstomo.phantoms import PHANTOMS, Grid, rasterise
from hypothesis import given, settings
from hypothesis import strategies as st

GRID = Grid.cube(48, spacing_nm=10.0)


def interdiffused(seed, **options):
    return PHANTOMS["interdiffused"](np.random.default_rng(seed), **options)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length_nm=st.floats(5.0, 300.0))
def test_densities_follow_the_error_function_of_the_distance(seed, length_nm):
    particle = interdiffused(seed, diffusion_length_nm=length_nm)
    rng = np.random.default_rng(seed)
    points = rng.uniform(-100.0, 100.0, (3, 200))
    inside = particle.body.signed_distance(*points) < 0
    distance = particle.domain.signed_distance(*points)[inside]
    share = np.array([0.5 * math.erfc(d / length_nm) for d in distance])
    densities = dict(zip(particle.elements, particle.densities(*points)[:, inside], strict=True))
    # Formula units are kept in double precision; the formula is the same.
    np.testing.assert_allclose(densities["Co"], 5.0 * share, atol=1e-5)
    np.testing.assert_allclose(densities["Zn"], 6.0 * (1 - share), atol=1e-5)


def test_a_seed_has_the_body_and_the_interface_of_its_segregated_twin():
    for seed in range(4):
        segregated = PHANTOMS["segregated"](np.random.default_rng(seed))
        particle = interdiffused(seed)
        assert (particle.body, particle.domain) == (segregated.body, segregated.domain)
        assert (particle.mixing_state, segregated.mixing_state) == ("interdiffused", "segregated")


def test_a_vanishing_length_is_the_segregated_particle():
    one = rasterise(interdiffused(3, diffusion_length_nm=1e-3), GRID)
    other = rasterise(PHANTOMS["segregated"](np.random.default_rng(3)), GRID)
    # Sub-voxels at the interface itself may be sampled more finely where a length is given.
    difference = np.abs(one.density("Zn") - other.density("Zn"))
    assert difference.mean() < 2e-3
    assert np.mean(difference > 0.05) < 0.01


def test_lengths_are_drawn_between_an_eighth_and_five_sixteenths_of_the_field():
    for field in (480.0, 160.0):
        lengths = [
            interdiffused(seed, field_of_view_nm=field).mixing.diffusion_length_nm / field
            for seed in range(12)
        ]
        assert 0.125 <= min(lengths) < max(lengths) <= 0.3125
        # Twelve draws that all fall in one half would happen once in two thousand.
        assert min(lengths) < 0.21875 < max(lengths)


def test_longer_diffusion_moves_no_metal_away_from_the_middle():
    # In a symmetric couple the metals change places; curvature and unequal sides leave a few per cent.
    atoms = [
        [rasterise(interdiffused(5, diffusion_length_nm=length), GRID).atoms(e) for e in ("Co", "Zn")]
        for length in (1.0, 60.0, 120.0)
    ]
    np.testing.assert_allclose(atoms, [atoms[0]] * 3, rtol=0.12)


@pytest.mark.parametrize("length", [0.0, -3.0, float("nan")])
def test_lengths_that_mean_nothing_are_refused(length):
    with pytest.raises(ValueError, match="diffusion_length_nm"):
        interdiffused(0, diffusion_length_nm=length)
