"""The particles of the published experiment: size, shares, composition, reproducibility."""

import numpy as np
import pytest
from glasstomo.phantoms import PHANTOMS, FacetedCrystal, Grid, RoughShard, make_phantom

FIELD_NM = 480.0
GRID = Grid.cube(32, spacing_nm=FIELD_NM / 32)


@pytest.fixture(scope="module", params=[(name, seed) for name in PHANTOMS for seed in range(5)], ids=str)
def drawn(request):
    name, seed = request.param
    return name, make_phantom(name, GRID, rng=np.random.default_rng(seed))


def test_particle_fits_the_field_of_view_at_every_tilt(drawn):
    body = drawn[1].particle.body
    assert body.bounding_radius_nm <= 0.47 * FIELD_NM
    diameter = np.cbrt(6 / np.pi * drawn[1].volume_nm3)
    assert 0.52 * FIELD_NM <= diameter <= 0.72 * FIELD_NM


def test_particle_is_thick_enough_for_the_linearity_check(drawn):
    thickness = drawn[1].fill.sum(axis=0) * GRID.spacing_nm
    assert thickness.max() > 250.0


def test_film_lies_below_the_particle(drawn):
    film, body = drawn[1].film, drawn[1].particle.body
    axis = np.linspace(-FIELD_NM / 2, FIELD_NM / 2, 97)
    inside = body.signed_distance(axis[:, None, None], axis[None, :, None], axis) < 0
    lowest = axis[inside.any(axis=(1, 2)).argmax()]
    # Two lattices of 5 to 10 nm miss the tip by different amounts.
    assert film.top_nm == pytest.approx(lowest, abs=10.0)
    assert film.number_densities().keys() == {"C"}


def test_every_phase_has_its_share(drawn):
    name, phantom = drawn
    particle = phantom.particle
    points = [c[phantom.fill > 0.5] for c in np.broadcast_arrays(*GRID.points_nm())]
    distance = particle.domain.signed_distance(*points)
    # What has interdiffused is pure nowhere in some bodies: its shares are those before diffusion.
    labels = np.where(distance < 0, 1, 2) if name == "interdiffused" else particle.mixing.labels(distance)
    shares = [(labels == k + 1).mean() for k in range(len(phantom.phase_names))]
    assert sum(shares) == pytest.approx(1.0)
    assert min(shares) >= 0.2
    assert (
        phantom.phase_names
        == {
            "segregated": ("co_rich", "zn_rich"),
            "textured": ("co_rich", "zn_rich"),
            "interdiffused": ("co_rich", "zn_rich"),
            "flux_melted": ("co_rich", "zn_rich", "remnant"),
            "zif4_co_standard": ("ZIF-4-Co",),
            "zif62_standard": ("ZIF-62",),
        }[name]
    )


def test_composition_is_the_published_one(drawn):
    name, phantom = drawn
    metal, fraction = phantom.metal_density(), phantom.fraction()
    states = {"segregated": "segregated", "textured": "segregated"}
    states |= {"flux_melted": "interdiffused", "interdiffused": "interdiffused"}
    assert phantom.particle.mixing_state == states.get(name, "pure")
    if name == "interdiffused":
        inside = phantom.fill > 0.999
        # Both densities are mixed in proportion: between 5 and 6 they lie on a line.
        np.testing.assert_allclose(metal[inside], 5.0 + fraction_of_units(phantom)[inside], rtol=2e-4)
        return
    if name == "flux_melted":
        bounds = {1: (0.3, 0.5, 6.0), 2: (0.55, 0.99, 4.0), 3: (0.99, 1.0, 4.0)}
    elif name in ("segregated", "textured"):
        bounds = {1: (0.0, 0.0, 5.0), 2: (1.0, 1.0, 6.0)}
    else:
        bounds = {1: (0.0, 0.0, 4.866) if name == "zif4_co_standard" else (1.0, 1.0, 4.431)}
    for label, (low, high, density) in bounds.items():
        here = phantom.labels == label
        assert here.any()
        # Float32 rounding.
        assert fraction[here].min() >= low - 1e-6
        assert fraction[here].max() <= high + 1e-6
        np.testing.assert_allclose(metal[here], density, rtol=2e-4)


def fraction_of_units(phantom):
    """Share of the zinc glass, from the zinc density alone."""
    return phantom.density("Zn") / 6.0


@pytest.mark.parametrize("name", PHANTOMS)
def test_seed_makes_the_particle_whatever_the_grid(name):
    first, again, finer, other = (
        make_phantom(name, grid, rng=np.random.default_rng(seed))
        for grid, seed in ((GRID, 3), (GRID, 3), (GRID.refined(2), 3), (GRID, 4))
    )
    np.testing.assert_array_equal(first.densities, again.densities)
    assert finer.particle == first.particle
    assert other.particle != first.particle
    for element in first.elements:
        assert finer.atoms(element) == pytest.approx(first.atoms(element), rel=0.01)


def test_particle_scales_with_the_field_of_view():
    small, large = (
        make_phantom("segregated", Grid.cube(24, spacing_nm=s), rng=np.random.default_rng(1))
        for s in (5.0, 20.0)
    )
    assert large.volume_nm3 == pytest.approx(64 * small.volume_nm3, rel=1e-3)
    np.testing.assert_allclose(large.fill, small.fill, atol=1e-6)


def test_options_reach_the_builder():
    rng = np.random.default_rng(2)
    crystal = make_phantom("zif62_standard", GRID, rng=rng, body="crystal", film=False)
    assert isinstance(crystal.particle.body, FacetedCrystal)
    assert crystal.film is None
    diffuse = make_phantom("segregated", GRID, rng=rng, body="shard", width_nm=12.0)
    assert isinstance(diffuse.particle.body, RoughShard)
    assert diffuse.particle.mixing.width_nm == 12.0


def test_standards_come_in_both_morphologies():
    kinds = {PHANTOMS["zif62_standard"](np.random.default_rng(seed)).body.kind for seed in range(8)}
    assert kinds == {"rough_shard", "faceted_crystal"}


def test_bad_requests_are_refused():
    with pytest.raises(ValueError, match="unknown phantom 'segregatd'; did you mean 'segregated'"):
        make_phantom("segregatd", GRID, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="unknown body 'ball'; known: shard, crystal"):
        make_phantom("segregated", GRID, rng=np.random.default_rng(0), body="ball")
    with pytest.raises(TypeError, match=r"`rng` must be a numpy.random.Generator, got 3; use default_rng"):
        make_phantom("segregated", GRID, rng=3)
