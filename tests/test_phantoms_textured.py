"""The textured particle: shares, amount of interface, scaling with the wavelength."""

import numpy as np
import pytest
from glasstomo.phantoms import PHANTOMS, Grid, make_phantom, rasterise
from hypothesis import given, settings
from hypothesis import strategies as st

FIELD_NM = 480.0
GRID = Grid.cube(48, spacing_nm=FIELD_NM / 48)
# A lattice that shares no spacing with the one on which the builder measures shares.
POINTS = np.meshgrid(*[np.linspace(-225.0, 225.0, 61)] * 3, indexing="ij")


def textured(seed, **options):
    return PHANTOMS["textured"](np.random.default_rng(seed), **options)


def first_share(particle):
    inside = particle.body.signed_distance(*POINTS) < 0
    first = particle.domain.signed_distance(*POINTS)[inside] < 0
    return first.mean()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), wavelength_nm=st.floats(50.0, 1000.0), share=st.floats(0.05, 0.95))
def test_first_phase_has_its_share_of_this_body(seed, wavelength_nm, share):
    particle = textured(seed, wavelength_nm=wavelength_nm, share=share)
    # Two lattices of about 17,000 and 40,000 points: finer domains than their spacings of 11 and 7.5 nm
    # resolve leave differences of 0.4 % (binomial, worst case), coarse ones far less; four times that.
    assert first_share(particle) == pytest.approx(share, abs=0.016)


def test_interface_area_is_that_of_a_gaussian_field():
    wavelength = 80.0
    steps = np.arange(0.0, FIELD_NM, 2.0) - FIELD_NM / 2
    lines = np.meshgrid(steps, steps[::24], steps[::24], indexing="ij")
    measured = []
    for seed in range(16):
        domain = textured(seed, wavelength_nm=wavelength).domain
        for axis in range(3):
            first = domain.signed_distance(*np.roll(lines, axis, axis=0)) < 0
            crossings = np.count_nonzero(np.diff(first, axis=0), axis=0).mean()
            measured.append(2.0 * crossings / (steps[-1] - steps[0]))
    # Twice the crossings per length; Rice's formula at the level 0. Crossings closer than a step of 2 nm
    # are missed (under 1 %); shares of one half in the body scatter the level by some 0.1 (1 %). The wave
    # numbers of 48 modes scatter by 1/sqrt(2 · 48) = 10 % along one axis.
    expected = 2.0 / np.pi * (2.0 * np.pi / np.sqrt(3.0)) / wavelength
    scatter = np.std(measured, ddof=1) / np.sqrt(len(measured))
    assert scatter < 0.025 * expected
    assert abs(np.mean(measured) - expected) < 3.0 * scatter + 0.02 * expected


def test_same_body_and_same_texture_at_another_scale():
    coarse, fine = textured(8, wavelength_nm=200.0), textured(8, wavelength_nm=100.0)
    assert fine.body == coarse.body
    assert fine.film == coarse.film
    z, y, x = (axis[::10, ::10, ::10] for axis in POINTS)
    # The cosines are taken in float32, of phases of some ten radians.
    np.testing.assert_allclose(
        fine.domain.field(z, y, x), coarse.domain.field(2 * z, 2 * y, 2 * x), atol=3e-5
    )


def test_finer_texture_has_more_boundary_and_the_same_metal():
    boundaries, atoms = [], []
    for wavelength in (320.0, 160.0, 80.0):
        phantom = rasterise(textured(3, wavelength_nm=wavelength), GRID)
        single = np.isin(phantom.labels, (1, 2)).sum()
        boundaries.append(1.0 - single / np.count_nonzero(phantom.fill > 0.999))
        atoms.append([phantom.atoms("Co"), phantom.atoms("Zn")])
    assert boundaries[0] < boundaries[1] < boundaries[2]
    # Half the body at 5 and half at 6 atoms per nm3, whatever the texture: shares are held to 1 %.
    atoms = np.array(atoms) / phantom.volume_nm3
    np.testing.assert_allclose(atoms, [[2.5, 3.0]] * 3, rtol=0.025)


def test_voxel_means_agree_with_a_brute_force_average():
    particle = textured(11, wavelength_nm=120.0)
    grid = Grid.cube(24, spacing_nm=20.0)
    phantom = rasterise(particle, grid, supersample=4)
    # Every voxel over 8^3 points, whether or not the distance to the interface says that it is crossed.
    brute = rasterise_brutally(particle, grid, 8)
    zinc = phantom.density("Zn")
    # 4^3 against 8^3 points: a plane that cuts a voxel moves by up to 1/8 of its edge and 0.75 nm-3 of 6;
    # a voxel wrongly taken as whole would be off by more wherever an interface crosses it.
    assert np.abs(zinc - brute).max() < 1.1
    assert np.abs(zinc - brute).mean() < 0.01


def rasterise_brutally(particle, grid, times):
    fine = grid.refined(times)
    nz, ny, nx = grid.shape
    zinc = particle.elements.index("Zn")
    slabs = []
    z, y, x = (fine.axis_nm(axis) for axis in range(3))
    for part in range(0, fine.shape[0], times):
        slab = particle.densities(z[part : part + times, None, None], y[None, :, None], x)[zinc]
        slabs.append(slab.reshape(times, ny, times, nx, times).mean(axis=(0, 2, 4)))
    assert len(slabs) == nz
    return np.array(slabs)


def test_width_reaches_the_interfaces():
    sharp, wide = (textured(4, wavelength_nm=300.0, width_nm=width) for width in (0.0, 30.0))
    assert wide.domain == sharp.domain
    inside = sharp.body.signed_distance(*POINTS) < 0
    shares = []
    for particle in (sharp, wide):
        zinc = particle.densities(*(axis[inside] for axis in POINTS))[particle.elements.index("Zn")]
        shares.append(np.mean((zinc > 0.6) & (zinc < 5.4)))
    assert shares[0] == 0.0
    # A slab of 30 nm at 2.31/300 nm of interface per volume holds about a fifth of it.
    assert 0.1 < shares[1] < 0.35


def test_texture_scales_with_the_field_of_view_only_if_the_wavelength_does():
    small = make_phantom(
        "textured", Grid.cube(24, spacing_nm=5.0), rng=np.random.default_rng(1), wavelength_nm=40.0
    )
    large = make_phantom(
        "textured", Grid.cube(24, spacing_nm=20.0), rng=np.random.default_rng(1), wavelength_nm=160.0
    )
    np.testing.assert_allclose(large.fill, small.fill, atol=1e-6)
    # Points in float32 phases may fall on either side of an interface: single sub-voxels of 27.
    assert np.abs(large.density("Zn") - small.density("Zn")).mean() < 1e-3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wavelength_nm": 0.0}, "`wavelength_nm` must be positive, got 0.0"),
        ({"wavelength_nm": float("nan")}, "`wavelength_nm` must be positive, got nan"),
        ({"share": 1.0}, "`share` must lie between 0.05 and 0.95, got 1.0"),
        ({"width_nm": -1.0}, "width_nm: Input should be greater than or equal to 0, got -1.0"),
    ],
)
def test_bad_textures_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        textured(0, **options)
