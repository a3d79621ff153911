"""Rasterised phantoms against closed-form volumes, compositions and a brute-force mean."""

import numpy as np
import pytest
from glasstomo.phantoms import (
    MATERIALS,
    Ellipsoid,
    Embedded,
    FacetedCrystal,
    FluxMelted,
    Grid,
    Interdiffused,
    Particle,
    Phantom,
    Phase,
    Pure,
    RoughShard,
    Segregated,
    Sheet,
    Sphere,
    raster,
    rasterise,
)

CO = Phase(name="co_rich", formula_units={"ZIF-4-Co": 1.0}, metal_density_nm3=5.0)
ZN = Phase(name="zn_rich", formula_units={"ZIF-62": 1.0}, metal_density_nm3=6.0)


@pytest.mark.parametrize(
    "body",
    [
        Sphere(radius_nm=91.0, center_nm=(3.0, -5.0, 7.0)),
        Ellipsoid(semi_axes_nm=(90.0, 60.0, 110.0), rotation_deg=(30.0, 20.0, 50.0)),
        FacetedCrystal(radius_nm=80.0, habit="rhombic_dodecahedron", rotation_deg=(5.0, 40.0, 60.0)),
        FacetedCrystal(radius_nm=100.0, seed=8),
    ],
)
def test_volume_converges_to_the_closed_form(body):
    particle = Particle(body=body, mixing=Pure(phase=CO))
    errors = []
    for size in (12, 24, 48):
        phantom = rasterise(particle, Grid.cube(size, spacing_nm=264.0 / size))
        errors.append(abs(phantom.volume_nm3 / body.volume_nm3 - 1))
        assert phantom.atoms("Co") == pytest.approx(5.0 * phantom.volume_nm3, rel=1e-5)
    # Sub-voxels of 1.8 nm, a surface of some 30 000 of them: midpoint errors average out below 1e-3.
    assert errors[-1] < 1e-3
    assert errors[-1] < max(errors[0], 2e-4)


def test_mass_of_a_standard_is_density_times_volume():
    body = Sphere(radius_nm=150.0)
    phase = Phase(name="standard", formula_units={"ZIF-62": 1.0})
    phantom = rasterise(Particle(body=body, mixing=Pure(phase=phase)), Grid.cube(96, spacing_nm=5.0))
    for element, density in MATERIALS["ZIF-62"].number_densities().items():
        assert phantom.atoms(element) == pytest.approx(density * body.volume_nm3, rel=1e-3)


def test_domains_share_the_mass_as_their_closed_form_says():
    # A plane at h = 20 nm cuts a cap of height 60 - 20 off a sphere of 60 nm: pi H^2 (3R - H) / 3.
    sheet = Sheet(inclination_deg=50.0, azimuth_deg=200.0, offset_nm=20.0)
    particle = Particle(body=Sphere(radius_nm=60.0), domain=sheet, mixing=Segregated(first=CO, second=ZN))
    phantom = rasterise(particle, Grid.cube(40, spacing_nm=4.0))
    cap = np.pi * 40.0**2 * (3 * 60.0 - 40.0) / 3
    assert phantom.atoms("Zn") == pytest.approx(6.0 * cap, rel=3e-3)
    assert phantom.atoms("Co") == pytest.approx(5.0 * (particle.body.volume_nm3 - cap), rel=3e-3)


def test_embedded_domain_keeps_its_mass():
    inner = Sphere(radius_nm=30.0, center_nm=(10.0, 0.0, 0.0))
    particle = Particle(
        body=Sphere(radius_nm=60.0),
        domain=Embedded(body=inner),
        mixing=Segregated(first=CO, second=ZN),
    )
    phantom = rasterise(particle, Grid.cube(40, spacing_nm=4.0))
    assert phantom.atoms("Co") == pytest.approx(5.0 * inner.volume_nm3, rel=3e-3)


@pytest.mark.parametrize(
    "mixing",
    [
        Segregated(first=CO, second=ZN),
        Segregated(first=CO, second=ZN, width_nm=3.0),
        Interdiffused(first=CO, second=ZN, diffusion_length_nm=15.0),
        FluxMelted(co_rich_length_nm=15.0, zn_rich_length_nm=25.0),
    ],
)
def test_voxels_hold_the_mean_of_many_points(mixing):
    particle = Particle(
        body=RoughShard(radius_nm=80.0, seed=4),
        domain=Sheet(inclination_deg=35.0, azimuth_deg=70.0, curvature_per_nm=0.004),
        mixing=mixing,
    )
    grid = Grid.cube(16, spacing_nm=14.0)
    phantom = rasterise(particle, grid, supersample=4)
    fine = grid.refined(8)
    brute = particle.densities(*fine.points_nm())[:2].reshape(2, 16, 8, 16, 8, 16, 8).mean(axis=(2, 4, 6))
    found = phantom.densities[:2]
    # Surface voxels: 64 points against 512, of a density up to 6; one row of points is 1/4 of it.
    assert np.abs(found - brute).max() < 1.0
    assert np.sqrt(np.mean((found - brute)[brute > 0] ** 2)) < 0.1
    inner = (phantom.labels > 0) & (phantom.labels < 255)
    # Inside, only the curvature of the profile over a voxel is left: h^2/24 of its second derivative.
    assert np.abs(found - brute)[:, inner].max() < 0.05


@pytest.mark.parametrize("length", [0.2, 1.0, 1.5, 2.9, 3.1, 6.0])
def test_a_profile_of_any_width_is_averaged_over_voxels(length):
    particle = Particle(
        body=Sphere(radius_nm=1000.0),
        domain=Sheet(inclination_deg=25.0, azimuth_deg=50.0),
        mixing=Interdiffused(first=CO, second=ZN, diffusion_length_nm=10.0 * length),
    )
    grid = Grid.cube(12, spacing_nm=10.0)
    points = grid.refined(8).points_nm()
    brute = particle.densities(*points)[0].reshape(12, 8, 12, 8, 12, 8).mean(axis=(1, 3, 5))
    found = rasterise(particle, grid).density("Co")
    # Midpoint rule on thirds of a voxel, or on whole ones beyond three voxels: h^2/24 of a second
    # derivative of at most 0.242 x 2 / length^2 times the jump of 5; a step adds 1/9 of a voxel.
    bound = 5 * 0.242 * 2 / length**2 / 24 / (9 if length < 3 else 1)
    assert np.abs(found - brute).max() < (1.2 * bound if length >= 1 else 5 / 9)


def test_grids_of_one_box_agree_on_mass_and_each_other():
    particle = Particle(
        body=RoughShard(radius_nm=100.0, seed=2),
        domain=Sheet(inclination_deg=60.0),
        mixing=FluxMelted(co_rich_length_nm=20.0, zn_rich_length_nm=20.0),
    )
    fine = rasterise(particle, Grid.cube(72, spacing_nm=4.0))
    coarse = rasterise(particle, Grid.cube(36, spacing_nm=8.0))
    for element in fine.elements:
        assert coarse.atoms(element) == pytest.approx(fine.atoms(element), rel=2e-3)
    difference = coarse.densities - fine.downsampled(2).densities
    # Both estimate the same voxel means: 27 points each against 216.
    assert np.sqrt(np.mean(difference[:2][:, coarse.fill > 0] ** 2)) < 0.1
    # A phase label is proven for the whole voxel, so it holds on the finer grid too.
    named = (coarse.labels > 0) & (coarse.labels < 255)
    np.testing.assert_array_equal(fine.downsampled(2).labels[named], coarse.labels[named])


@pytest.mark.parametrize(
    "particle",
    [
        Particle(
            body=RoughShard(radius_nm=60.0, seed=5),
            domain=Sheet(inclination_deg=40.0, curvature_per_nm=0.004),
            mixing=FluxMelted(co_rich_length_nm=30.0, zn_rich_length_nm=15.0),
        ),
        Particle(
            body=FacetedCrystal(radius_nm=55.0, seed=5),
            domain=Sheet(offset_nm=5.0),
            mixing=Segregated(first=CO, second=ZN),
        ),
    ],
)
def test_neither_cells_nor_threads_change_a_voxel(particle, monkeypatch):
    grid = Grid(shape=(44, 50, 46), spacing_nm=3.5)
    monkeypatch.setattr(raster, "CELL", 50)  # one cell: every voxel is looked at, every facet counts
    monkeypatch.setattr(raster, "THREADS", 1)
    whole = rasterise(particle, grid)
    monkeypatch.setattr(raster, "CELL", 7)
    monkeypatch.setattr(raster, "THREADS", 3)
    parts = rasterise(particle, grid)
    np.testing.assert_array_equal(parts.fill, whole.fill)
    np.testing.assert_array_equal(parts.labels, whole.labels)
    # Sub-voxels of a single voxel are summed in another order than those of many.
    np.testing.assert_allclose(parts.densities, whole.densities, rtol=3e-7)


def test_labels_name_the_phases():
    particle = Particle(
        body=Sphere(radius_nm=60.0), domain=Sheet(offset_nm=5.0), mixing=Segregated(first=CO, second=ZN)
    )
    phantom = rasterise(particle, Grid.cube(32, spacing_nm=4.5))
    assert phantom.phase_names == ("co_rich", "zn_rich")
    fraction = phantom.fraction()
    assert set(np.unique(fraction[phantom.labels == 1])) == {0.0}
    assert set(np.unique(fraction[phantom.labels == 2])) == {1.0}
    assert np.isnan(fraction[phantom.labels == 0]).all()
    np.testing.assert_allclose(phantom.metal_density()[phantom.labels == 1], 5.0)
    # The interface is a layer one or two voxels thick over a disc of 60 nm, not more.
    mixed = (phantom.labels == 255) & (phantom.fill == 1)
    assert 0 < mixed.sum() < 4 * np.pi * 60.0**2 / 4.5**2


def test_a_particle_that_leaves_the_grid_is_cut():
    particle = Particle(body=Sphere(radius_nm=50.0, center_nm=(40.0, 0.0, 0.0)), mixing=Pure(phase=CO))
    phantom = rasterise(particle, Grid(shape=(20, 40, 40), spacing_nm=4.0))
    # The box ends at z = 40: the lower half of the sphere is left.
    assert phantom.volume_nm3 == pytest.approx(particle.body.volume_nm3 / 2, rel=5e-3)
    far = Particle(body=Sphere(radius_nm=5.0, center_nm=(400.0, 0.0, 0.0)), mixing=Pure(phase=CO))
    assert rasterise(far, Grid.cube(8, spacing_nm=4.0)).volume_nm3 == 0.0


def test_an_absent_element_has_density_zero_and_an_unknown_one_is_refused():
    phantom = rasterise(
        Particle(body=Sphere(radius_nm=9.0), mixing=Pure(phase=CO)), Grid.cube(8, spacing_nm=3.0)
    )
    assert not phantom.density("Zn").any()
    assert phantom.fraction()[4, 4, 4] == 0.0
    with pytest.raises(ValueError, match="unknown element 'Zm'; known: H, C"):
        phantom.density("Zm")


def test_wrong_shapes_and_factors_are_refused():
    grid = Grid.cube(4, spacing_nm=1.0)
    fill = np.zeros(grid.shape, np.float32)
    arrays = {"densities": np.zeros((1, 4, 4, 4), np.float32), "labels": np.zeros(grid.shape, np.uint8)}
    with pytest.raises(ValueError, match=r"`fill` must have shape \(4, 4, 4\), got \(4, 4, 3\)"):
        Phantom(grid=grid, elements=("Co",), fill=fill[..., :3], phase_names=("a",), **arrays)
    phantom = Phantom(grid=grid, elements=("Co",), fill=fill, phase_names=("a",), **arrays)
    with pytest.raises(ValueError, match=r"`factor` must divide every axis of \(4, 4, 4\), got 3"):
        phantom.downsampled(3)
    with pytest.raises(ValueError, match="`supersample` must be at least 1, got 0"):
        rasterise(Particle(body=Sphere(radius_nm=1.0), mixing=Pure(phase=CO)), grid, supersample=0)
