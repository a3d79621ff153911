"""Region densities from counts: closed forms, an independent optimiser, and errors that cover."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.forward import Projector, TiltSeries
from glasstomo.recon.region_fit import fit_regions, region_paths
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

ANGLES = np.linspace(-70.0, 70.0, 8)
SIZE = 16
LINES = ("Co_Ka", "Zn_Ka")
BARN = {"Co_Ka": 3.4, "Zn_Ka": 2.6}


def labels() -> np.ndarray:
    z, y, x = np.mgrid[:SIZE, :SIZE, :SIZE] - 7.5
    ball = z**2 + y**2 + x**2 < 42
    return np.where(ball, 1 + (0.7 * y + 0.5 * z - 0.3 * x > 0.4) + 3 * (x > 2), 0)


def expected(densities, electrons=1e7, regions=None, **fields) -> TiltSeries:
    """Expected counts of (channel, region) densities."""
    regions = labels() if regions is None else regions
    names = [k for k in np.unique(regions) if k > 0]
    volumes = [sum(d * (regions == k) for d, k in zip(row, names, strict=True)) for row in densities]
    projector = Projector(shape=(SIZE, SIZE), angles_deg=ANGLES, spacing_nm=10.0)
    counts = np.stack([projector.forward(v.astype(np.float32)) for v in volumes]).astype(np.float64)
    sigma = np.array([BARN[line] for line in LINES])[:, None, None, None]
    series = TiltSeries(
        data=counts, angles_deg=ANGLES, spacing_nm=10.0, channels=LINES, signal="EDS_TEM",
        electrons_per_pixel=electrons, **fields,
    )  # fmt: skip
    return replace(series, data=counts * electrons * sigma * 1e-10 * series.sensitivity[:, :, None, None])


def drawn(series: TiltSeries, rng: np.random.Generator) -> TiltSeries:
    return replace(series, data=rng.poisson(series.data).astype(np.int32))


TRUE = np.array([[5.0, 0.5, 4.0, 1.0], [0.3, 6.0, 1.0, 5.0]])


def test_expectations_give_the_truth_back_with_gains_exposure_and_background():
    rng = np.random.default_rng(0)
    series = expected(TRUE, gains=rng.uniform(0.4, 1, (2, 8)), exposure=rng.uniform(0.5, 2, 8))
    found = fit_regions(series, labels(), cross_section_barn=BARN)
    # float32 projections.
    np.testing.assert_allclose(found.densities, TRUE, rtol=1e-5)
    assert found.converged
    assert found.regions == (1, 2, 4, 5)
    lifted = replace(series, data=series.data + 3.0)
    again = fit_regions(lifted, labels(), cross_section_barn=BARN, background=3.0)
    np.testing.assert_allclose(again.densities, TRUE, rtol=1e-5)
    assert (again.standard_errors > found.standard_errors).all()


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.floats(1e7, 1e9))
def test_one_region_is_all_counts_over_all_path_lengths(seed, electrons):
    whole = (labels() > 0).astype(int)
    series = drawn(expected([[4.0], [2.0]], electrons, whole), np.random.default_rng(seed))
    found = fit_regions(series, whole, cross_section_barn=BARN)
    projector = Projector(shape=(SIZE, SIZE), angles_deg=ANGLES, spacing_nm=10.0)
    paths = region_paths(projector, whole[None].astype(float))[0]
    for channel, line in enumerate(LINES):
        per_density = paths * electrons * BARN[line] * 1e-10
        closed = series.data[channel][paths > 0].sum() / per_density.sum()
        # Exact where every pixel expects more than a tenth of a count; a few at the rim do not.
        assert found.densities[channel, 0] == pytest.approx(closed, rel=0.02 if electrons < 1e8 else 1e-3)
        # Poisson: relative error one over the root of all counts; a little more for the floor at the rim.
        assert found.standard_errors[channel, 0] == pytest.approx(
            np.sqrt(closed / per_density.sum()), rel=0.1
        )


def test_it_is_the_maximum_of_the_poisson_likelihood():
    series = drawn(expected(TRUE, 1e9), np.random.default_rng(4))
    projector = Projector(shape=(SIZE, SIZE), angles_deg=ANGLES, spacing_nm=10.0)
    members = np.stack([labels() == k for k in (1, 2, 4, 5)])
    paths = region_paths(projector, members) * 1e9 * BARN["Zn_Ka"] * 1e-10
    # Rays that hardly touch the ball expect less than the floor of the weights: leave them out.
    held = (paths * TRUE[1][:, None, None, None]).sum(axis=0) > 1.0
    design, counts = paths[:, held], series.data[1][held]

    def loss(densities):
        mean = densities @ design
        return np.sum(mean - counts * np.log(mean)), design @ (1 - counts / mean)

    best = minimize(loss, np.full(4, 3.0), jac=True, bounds=[(1e-6, None)] * 4, options={"ftol": 1e-14})
    found = fit_regions(series, members.astype(float), cross_section_barn=BARN)
    # A fifth of a standard error: the rim's pixels carry little.
    assert np.abs(found.densities[1] - best.x).max() < 0.2 * found.standard_errors[1].min()


@pytest.mark.parametrize("electrons", [1e7, 1e9])
def test_no_bias_and_intervals_that_cover_down_to_a_count_a_pixel(electrons):
    mean = expected(TRUE, electrons)
    rng = np.random.default_rng(7)
    fits = [fit_regions(drawn(mean, rng), labels(), cross_section_barn=BARN) for _ in range(150)]
    misses = np.stack([(fit.densities - TRUE) / fit.standard_errors for fit in fits])
    # 150 draws: the mean of a z-score is known to 0.08, its spread to 6 %; four times that.
    assert np.abs(misses.mean(axis=0)).max() < 0.33
    spread = misses.std(axis=0)
    # Floored weights take the rim at a tenth of a count for less sure than it is.
    assert spread.min() > 0.7
    assert spread.max() < 1.25
    chi2 = np.mean([fit.chi2 / fit.degrees_of_freedom for fit in fits])
    assert 0.5 < chi2 < 1.1
    if electrons > 1e8:
        covered = np.mean(np.abs(misses) < 1.96)
        assert 0.92 < covered < 0.98
        # Covariances, not only variances: the standardised sum of all regions has unit spread as well.
        sums = [fit.densities[0].sum() - TRUE[0].sum() for fit in fits]
        assert np.std(sums) == pytest.approx(np.sqrt(fits[0].covariance[0].sum()), rel=0.25)


def test_a_wrong_place_shows_in_chi2():
    series = drawn(expected(TRUE, 1e9), np.random.default_rng(1))
    right = fit_regions(series, labels(), cross_section_barn=BARN)
    wrong = fit_regions(series, np.roll(labels(), 1, axis=1), cross_section_barn=BARN)
    assert np.all(right.chi2 < 1.2 * right.degrees_of_freedom)
    assert np.all(wrong.chi2 > 2 * wrong.degrees_of_freedom)


def test_bounds_hold_only_when_asked_for():
    series = drawn(expected([[5.0, 0.0, 4.0, 0.0], [0.0, 6.0, 0.0, 5.0]], 1e7), np.random.default_rng(3))
    free = fit_regions(series, labels(), cross_section_barn=BARN)
    held = fit_regions(series, labels(), cross_section_barn=BARN, nonnegative=True)
    assert free.densities.min() < 0
    assert held.densities.min() == 0.0
    assert held.converged


def test_net_counts_are_fitted_with_their_variance():
    series = expected(TRUE)
    noisy = replace(series, variance=np.full(series.data.shape, 4.0))
    found = fit_regions(noisy, labels(), cross_section_barn=BARN)
    np.testing.assert_allclose(found.densities, TRUE, rtol=1e-5)
    quarter = fit_regions(
        replace(series, variance=np.full(series.data.shape, 1.0)), labels(), cross_section_barn=BARN
    )
    np.testing.assert_allclose(found.standard_errors, 2 * quarter.standard_errors, rtol=1e-9)


def test_the_fraction_is_that_of_the_densities_and_its_error_covers():
    mean = expected(TRUE, 1e9)
    rng = np.random.default_rng(2)
    fits = [fit_regions(drawn(mean, rng), labels(), cross_section_barn=BARN) for _ in range(100)]
    true = TRUE[1] / TRUE.sum(axis=0)
    misses = [(fit.fraction("Zn_Ka") - true) / fit.fraction_errors("Zn_Ka") for fit in fits]
    # 100 draws of four regions: the spread to 4 %.
    assert np.std(misses) == pytest.approx(1.0, abs=0.15)
    with pytest.raises(ValueError, match="channel"):
        fits[0].fraction("Cu_Ka")


def test_regions_that_nothing_tells_apart_have_a_finite_sum_and_unseen_ones_no_bound():
    same = np.stack([labels() == 1, labels() == 1, np.zeros(labels().shape)]).astype(float)
    found = fit_regions(expected(TRUE), same, cross_section_barn=BARN)
    assert found.densities[0, 0] == pytest.approx(found.densities[0, 1])
    assert np.isinf(found.standard_errors[0, 2])
    assert found.densities[0, 2] == 0.0


@pytest.mark.parametrize(
    ("regions", "said"),
    [
        (np.zeros((SIZE, SIZE, SIZE), int), "positive label"),
        (np.zeros((SIZE, SIZE, SIZE)), "labels"),
        (np.ones((SIZE, SIZE, 4), int), "as many voxels"),
        (np.full((1, SIZE, SIZE, SIZE), np.nan), "finite"),
        (np.zeros((1, SIZE, SIZE, SIZE)), "no ray"),
    ],
)
def test_mistakes_are_named(regions, said):
    with pytest.raises(ValueError, match=said):
        fit_regions(expected(TRUE), regions, cross_section_barn=BARN)
    other = Projector(shape=(8, SIZE), angles_deg=ANGLES, spacing_nm=10.0)
    with pytest.raises(ValueError, match="projector"):
        fit_regions(expected(TRUE), labels(), projector=other)
