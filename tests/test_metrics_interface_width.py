"""Interface widths against error-function profiles of known width, under blur, noise, turns and scales."""

import numpy as np
import pytest
from glasstomo.metrics.diffuse_interface import interface_width
from glasstomo.metrics.edge_width import WIDTH_PER_SIGMA, fit_edge
from glasstomo.metrics.level_surface import level_surface
from glasstomo.phantoms import Grid, make_phantom
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr
from scipy.stats import norm

SPACING = 5.0


def particle(
    width_nm: float,
    *,
    blur_voxels: float = 1.2,
    normal=(0.3, 0.5, 0.8),
    curvature: float = 0.01,
    size: int = 40,
    noise: float = 0.0,
    seed: int = 0,
):
    """Zinc (6 nm⁻³) and cobalt (5 nm⁻³) of a ball with a curved interface; blur enters in closed form."""
    z, y, x = np.mgrid[-size / 2 : size / 2, -size / 2 : size / 2, -size / 2 : size / 2] + 0.5
    unit = np.asarray(normal) / np.linalg.norm(normal)
    ball = ndtr((0.4 * size - np.sqrt(z**2 + y**2 + x**2)) / blur_voxels)
    centre = unit / curvature
    d = 1 / curvature - np.sqrt(sum((a - c) ** 2 for a, c in zip((z, y, x), centre, strict=True)))
    share = ndtr(d / np.hypot(blur_voxels, width_nm / SPACING / WIDTH_PER_SIGMA))
    zn, co = 6.0 * ball * share, 5.0 * ball * (1 - share)
    if noise:
        rng = np.random.default_rng(seed)
        grain = [gaussian_filter(rng.standard_normal(zn.shape), 1.0) for _ in range(2)]
        zn, co = (v + noise * 6 * g / g.std() * (ball > 0.05) for v, g in zip((zn, co), grain, strict=True))
    return zn, co


def test_the_constant_is_that_of_the_normal_distribution():
    assert pytest.approx(norm.ppf(0.9) - norm.ppf(0.1), rel=1e-7) == WIDTH_PER_SIGMA


@pytest.mark.parametrize("blur", [0.8, 1.5])
@pytest.mark.parametrize("width", [10.0, 20.0, 40.0])
def test_a_known_width_comes_back_whatever_the_blur(width, blur):
    found = interface_width(*particle(width, blur_voxels=blur), spacing_nm=SPACING)
    # A fifth of a voxel: what positions on a grid and shells of half a voxel leave.
    assert found.width_nm == pytest.approx(width, abs=0.2 * SPACING)
    # The blur adds in squares; the same shells and distances widen both.
    assert found.resolution_nm == pytest.approx(WIDTH_PER_SIGMA * blur * SPACING, rel=0.08)
    assert found.apparent_nm**2 - found.resolution_nm**2 == pytest.approx(found.squared_nm2)
    assert found.reason == ""


def test_a_sharp_interface_is_no_wider_than_its_error():
    found = interface_width(*particle(0.0), spacing_nm=SPACING)
    assert found.width_nm < 0.6 * SPACING
    # In squares there is no root to hide behind: within a few per cent of the resolution's own square.
    assert abs(found.squared_nm2) < 0.08 * found.resolution_nm**2


@pytest.mark.parametrize("width", [0.0, 20.0])
def test_the_truth_of_a_phantom_scores_well(width):
    grid = Grid.cube(48, spacing_nm=10.0)
    for seed in (0, 2):
        truth = make_phantom("segregated", grid, rng=np.random.default_rng(seed), width_nm=width)
        found = interface_width(
            truth.density("Zn"), truth.density("Co"), spacing_nm=10.0, interior=truth.fill > 0.5
        )
        # 3 nm of a voxel of 10 nm; a sharp edge has no width to take a root of, hence half a voxel.
        assert found.width_nm == pytest.approx(width, abs=3.0 if width else 5.0)


@settings(max_examples=12)
@given(st.permutations((0, 1, 2)), st.tuples(*[st.booleans()] * 3), st.sampled_from([5.0, 15.0, 30.0]))
def test_turning_mirroring_and_renaming_change_nothing(axes, flips, width):
    zn, co = particle(width, size=32)
    straight = interface_width(zn, co, spacing_nm=SPACING)
    turned = [np.flip(v.transpose(axes), [k for k, flip in enumerate(flips) if flip]) for v in (zn, co)]
    again = interface_width(*turned, spacing_nm=SPACING)
    # Ties between equally near points of the level set go by the order of the axes.
    assert again.apparent_nm == pytest.approx(straight.apparent_nm, rel=0.02)
    assert again.squared_nm2 == pytest.approx(straight.squared_nm2, abs=0.05 * straight.resolution_nm**2)
    swapped = interface_width(co, zn, spacing_nm=SPACING)
    assert swapped.apparent_nm == pytest.approx(straight.apparent_nm, rel=0.01)


@settings(max_examples=8)
@given(st.floats(0.5, 20), st.floats(0.1, 30))
def test_lengths_scale_with_the_voxel_and_not_with_the_density(spacing, density):
    zn, co = particle(20.0, size=32)
    one = interface_width(zn, co, spacing_nm=SPACING)
    other = interface_width(density * zn, density * co, spacing_nm=spacing)
    for name in ("width_nm", "standard_error_nm", "apparent_nm", "resolution_nm"):
        assert getattr(other, name) == pytest.approx(getattr(one, name) * spacing / SPACING, rel=1e-3)


def test_the_standard_error_covers_the_scatter_of_noise():
    noisy = [
        interface_width(*particle(20.0, size=32, noise=0.05, seed=seed), spacing_nm=SPACING)
        for seed in range(16)
    ]
    scatter = np.std([found.width_nm for found in noisy], ddof=1)
    claimed = np.sqrt(np.mean([found.standard_error_nm**2 for found in noisy]))
    # Sixteen draws know their spread to 18 %; cubes share some noise, and differ in curvature besides.
    assert 0.5 * scatter < claimed < 4 * scatter
    assert np.mean([found.width_nm for found in noisy]) == pytest.approx(20.0, abs=2.0)


def test_a_given_resolution_replaces_that_of_the_surface():
    zn, co = particle(20.0)
    found = interface_width(zn, co, spacing_nm=SPACING, resolution_nm=12.0)
    assert found.resolution_nm == pytest.approx(12.0)
    assert found.width_nm == pytest.approx(np.sqrt(found.apparent_nm**2 - 144))


def test_without_an_interface_there_is_a_reason_and_no_number():
    zn, co = particle(0.0)
    total = zn + co
    for pair in ((total, 0 * total), (0.4 * total, 0.6 * total)):
        found = interface_width(*pair, spacing_nm=SPACING)
        assert np.isnan(found.width_nm)
        assert "one phase" in found.reason
    z = np.mgrid[-8:8, -8:8, -8:8][0] + 0.5
    small = (sum(a**2 for a in np.mgrid[-8:8, -8:8, -8:8]) < 20) * 5.0
    assert "too few voxels" in interface_width(small * (z > 0), small * (z < 0), spacing_nm=30.0).reason


def test_a_grade_wider_than_the_particle_is_refused_not_guessed():
    zn, co = particle(500.0)
    found = interface_width(zn, co, spacing_nm=SPACING)
    assert np.isnan(found.width_nm)
    assert found.reason


def test_volumes_that_hold_no_particle_to_speak_of_are_refused_or_explained():
    zn, co = particle(0.0, size=16)
    with pytest.raises(ValueError, match="interior"):
        interface_width(zn, co, spacing_nm=5.0, interior=np.zeros(zn.shape, bool))
    everywhere = interface_width(zn, co, spacing_nm=5.0, interior=np.ones(zn.shape, bool))
    assert "fills the volume" in everywhere.reason
    assert "too few voxels" in interface_width(zn[:2], co[:2], spacing_nm=5.0).reason


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.floats(0, 3), st.booleans())
def test_noise_gives_a_finite_width_or_a_reason(seed, noise, given_resolution):
    rng = np.random.default_rng(seed)
    zn, co = particle(float(rng.uniform(0, 60)), size=24, blur_voxels=float(rng.uniform(0.5, 3)))
    zn, co = (v + rng.normal(0, noise, v.shape) for v in (zn, co))
    r = np.sqrt(sum(axis**2 for axis in np.mgrid[-12:12, -12:12, -12:12] + 0.5))
    found = interface_width(
        zn, co, spacing_nm=5.0, interior=r < 10, resolution_nm=12.0 if given_resolution else None
    )
    numbers = [found.width_nm, found.standard_error_nm, found.apparent_nm, found.resolution_nm]
    assert np.isnan(numbers).all() if found.reason else np.isfinite(numbers).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spacing_nm": 0.0}, "spacing_nm"),
        ({"spacing_nm": np.nan}, "spacing_nm"),
        ({"resolution_nm": -1.0}, "resolution_nm"),
        ({"co": np.zeros((4, 4, 4))}, "shapes"),
    ],
)
def test_mistakes_are_named(change, said):
    zn, co = particle(0.0, size=16)
    with pytest.raises(ValueError, match=said):
        interface_width(**{"zn": zn, "co": co, "spacing_nm": 5.0, **change})


@settings(max_examples=20)
@given(st.floats(0.6, 4), st.floats(-1.5, 1.5), st.floats(-2, 2), st.floats(0.2, 8))
def test_a_noiseless_step_is_fitted_to_rounding(sigma, place, low, height):
    shells = np.arange(-14, 14.5, 0.5)
    weights = np.linspace(1, 50, shells.size)
    values = low + height * ndtr((shells - place) / sigma)
    fit = fit_edge(shells, weights, weights * values, sigma=1.0)
    assert fit.ok
    # The last Gauss–Newton step is below 1e-6 and converges quadratically.
    assert (fit.place, fit.sigma) == pytest.approx((place, sigma), rel=1e-5, abs=1e-5)


def test_distances_to_a_sphere_are_exact_to_a_tenth_of_a_voxel():
    r = np.sqrt(sum((a - c) ** 2 for a, c in zip(np.mgrid[:40, :40, :40], (19.3, 20.1, 18.7), strict=True)))
    surface = level_surface(np.tanh((11.3 - r) / 2), np.ones(r.shape, bool), reach=12.0)
    error = surface.distance - (11.3 - r)
    # A point half a voxel aside stands off a sphere of eleven by 0.1, more near its focus.
    for shell in (np.abs(11.3 - r) < 2, np.abs(11.3 - r) < 8):
        assert np.sqrt(np.mean(error[shell] ** 2)) < 0.1
    assert np.abs(error[np.abs(11.3 - r) < 2]).max() < 0.25
    assert level_surface(np.ones((5, 5, 5)), np.ones((5, 5, 5), bool), reach=3) is None
