"""Cross-section fits: exact without noise, honest intervals with it, and what each choice costs."""

import numpy as np
import pytest
from glasstomo.metrics import fit_cross_section
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

BARN, DENSITY, ELECTRONS = 3.38, 4.87, 1.25e9
PER_NM = ELECTRONS * BARN * 1e-10 * DENSITY


def thickness(rng: np.random.Generator, size: int = 44) -> np.ndarray:
    """Thickness map of a rough ellipsoid, nm."""
    axis = np.linspace(-1, 1, size)
    semi = rng.uniform(0.7, 0.85, 2)
    square = 1 - (axis[:, None] / semi[0]) ** 2 - (axis / semi[1]) ** 2
    rough = 1 + 0.1 * np.sin(4 * axis[:, None] + rng.uniform(0, 6)) * np.sin(5 * axis + rng.uniform(0, 6))
    return rng.uniform(240, 310) * np.sqrt(np.maximum(square, 0)) * rough


def measured(true: np.ndarray, rng, *, noise_nm=2.0, waves_nm=3.0, offset_nm=0.0) -> np.ndarray:
    """Add the errors of a reconstruction: per pixel, correlated over several pixels, and common."""
    waves = gaussian_filter(rng.standard_normal(true.shape), 3.0)
    error = noise_nm * rng.standard_normal(true.shape) + waves_nm * waves / waves.std() + offset_nm
    return np.where(true > 0, np.maximum(true + error, 0.1), 0)


def replicate(seed: int, *, particles=2, dose=1.0, prior=2.5, offset=2.5, **errors):
    rng = np.random.default_rng(seed)
    truth = [thickness(rng) for _ in range(particles)]
    counts = [rng.poisson(dose * PER_NM * t) for t in truth]
    maps = [measured(t, rng, offset_nm=offset * rng.standard_normal(), **errors) for t in truth]
    return fit_cross_section(counts, maps, DENSITY, dose * ELECTRONS, thickness_standard_error_nm=prior)


def test_exact_counts_give_the_exact_slope_whatever_the_prior(rng):
    maps = [thickness(rng), thickness(rng)]
    for prior in (0.0, 2.5, np.inf):
        fit = fit_cross_section(
            [PER_NM * m for m in maps],
            maps,
            DENSITY,
            ELECTRONS,
            thickness_standard_error_nm=prior,
            variance_per_count=0.0,
        )
        assert fit.cross_section_barn == pytest.approx(BARN, rel=1e-6)
        assert fit.free_cross_section_barn == pytest.approx(BARN, rel=1e-6)
        assert fit.intercept_nm == pytest.approx(0, abs=1e-6)
        assert fit.curvature_per_um == pytest.approx(0, abs=1e-6)
        assert fit.reduced_chi2 == pytest.approx(0, abs=1e-9)


# 200 replicates: a true coverage of 95 % gives 0.95 ± 0.015, three of which are allowed.
@pytest.mark.parametrize(
    "case",
    [
        {},
        {"dose": 0.02},
        {"waves_nm": 0.0, "noise_nm": 0.0},
        {"particles": 1},
        {"waves_nm": 5.0, "particles": 4},
    ],
    ids=["default", "low dose", "noisy thickness", "one particle", "rough"],
)
def test_95_per_cent_intervals_cover(case):
    fits = [replicate(seed, **case) for seed in range(200)]
    covered = np.mean([fit.interval_barn[0] <= BARN <= fit.interval_barn[1] for fit in fits])
    slopes = np.array([fit.cross_section_barn for fit in fits])
    assert 0.90 <= covered <= 0.995
    # Noise in the thickness must not attenuate: five standard deviations of the mean of 200.
    assert abs(slopes.mean() / BARN - 1) < 5 * slopes.std() / BARN / np.sqrt(200)
    # Stated and real spread agree within the 5 % that 200 draws leave, and some conservatism.
    stated = np.sqrt(np.mean([fit.standard_error_barn**2 for fit in fits]))
    assert 0.85 < stated / slopes.std() < 1.6


def test_offset_prior_lowers_the_error_that_a_line_through_the_origin_makes():
    fits = [
        replicate(seed, prior=prior, offset=8.0, particles=1) for seed in range(60) for prior in (0.0, 8.0)
    ]
    errors = np.array([fit.cross_section_barn / BARN - 1 for fit in fits]).reshape(60, 2)
    assert np.sqrt(np.mean(errors[:, 1] ** 2)) < 0.8 * np.sqrt(np.mean(errors[:, 0] ** 2))


def test_no_prior_is_the_ratio_of_sums_and_no_limit_on_it_the_free_line(rng):
    true = thickness(rng)
    counts = rng.poisson(PER_NM * true)
    held = fit_cross_section(counts, true, DENSITY, ELECTRONS, thickness_standard_error_nm=0.0)
    freed = fit_cross_section(counts, true, DENSITY, ELECTRONS, thickness_standard_error_nm=np.inf)
    assert held.cross_section_barn == pytest.approx(held.origin_cross_section_barn, rel=1e-12)
    assert freed.cross_section_barn == pytest.approx(freed.free_cross_section_barn, rel=1e-9)


def test_parts_of_the_error_add_up_and_mean_what_they_say():
    fit = replicate(3)
    assert np.sqrt(sum(e**2 for e in fit.standard_errors_barn.values())) == pytest.approx(
        fit.standard_error_barn
    )
    alone = replicate(3, prior=0.0, offset=0.0, noise_nm=0.0, waves_nm=0.0)
    poisson = BARN / np.sqrt(sum(p.counts.sum() for p in alone.particles))
    total = alone.standard_errors_barn["counting"] ** 2 + alone.standard_errors_barn["thickness"] ** 2
    assert alone.standard_errors_barn["offset"] == pytest.approx(0, abs=1e-6)
    assert poisson <= np.sqrt(total) * 1.01
    assert alone.reduced_chi2 == pytest.approx(1.0, abs=0.12)


def test_saturating_counts_show_as_curvature(rng):
    maps = [thickness(rng) for _ in range(3)]
    straight = [rng.poisson(PER_NM * m) for m in maps]
    bent = [rng.poisson(PER_NM * m * (1 - 0.5e-3 * m)) for m in maps]
    fit = fit_cross_section(straight, maps, DENSITY, ELECTRONS)
    assert abs(fit.curvature_per_um) < 4 * fit.curvature_standard_error
    assert abs(fit.beyond_250_nm[0]) < 4 * fit.beyond_250_nm[1]
    fit = fit_cross_section(bent, maps, DENSITY, ELECTRONS)
    assert fit.curvature_per_um == pytest.approx(-0.5, abs=4 * fit.curvature_standard_error)
    assert fit.curvature_per_um < -4 * fit.curvature_standard_error


@given(factor=st.floats(0.1, 10), flip=st.booleans())
def test_slope_scales_with_electrons_and_density_and_ignores_mirrors(factor, flip):
    rng = np.random.default_rng(5)
    true = thickness(rng)
    counts = rng.poisson(PER_NM * true)
    step = -1 if flip else 1
    one = fit_cross_section(counts, true, DENSITY, ELECTRONS).cross_section_barn
    other = fit_cross_section(
        counts[:, ::step], true[:, ::step], DENSITY * factor, ELECTRONS
    ).cross_section_barn
    # Blocks are cut from the other side, so that the weight of the offset changes a little.
    assert other * factor == pytest.approx(one, rel=2e-3 if flip else 1e-9)


def test_noise_alone_has_no_slope_beyond_the_mean(rng):
    true = thickness(rng)
    counts = rng.poisson(50.0, true.shape)
    fit = fit_cross_section(counts, true, DENSITY, ELECTRONS, thickness_standard_error_nm=np.inf)
    assert abs(fit.cross_section_barn) < 4 * fit.standard_error_barn


@pytest.mark.parametrize(
    ("change", "message"),
    [({"density_nm3": 0.0}, "density_nm3"), ({"electrons_per_pixel": -1.0}, "electrons_per_pixel"),
     ({"counts": np.full((44, 44), np.nan)}, "must be finite"), ({"counts": np.zeros((44, 44))}, "no counts"),
     ({"counts": np.zeros((4, 4))}, "is \\(4, 4\\)"), ({"counts": [np.zeros((44, 44))] * 2}, "give pairs"),
     ({"density_nm3": [1.0, 2.0]}, "one number or 1"), ({"edge_pixels": 90.0}, "edge_pixels")],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(change, message, rng):
    true = thickness(rng)
    good = {
        "counts": PER_NM * true,
        "thickness_nm": true,
        "density_nm3": DENSITY,
        "electrons_per_pixel": ELECTRONS,
    }
    with pytest.raises(ValueError, match=message) as error:
        fit_cross_section(**{**good, **change})
    assert "\n" not in str(error.value)
