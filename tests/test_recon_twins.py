"""Twins: what a known volume would have recorded, and what the solver makes of it."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.forward import Acquisition, TiltScheme, TiltSeries, expected_counts, simulate
from glasstomo.phantoms import Grid, make_phantom
from glasstomo.recon import drawn, expected_series, reconstruct, twins

BARN = {"Co_Ka": 3.38, "Zn_Ka": 2.48}


def a_series(*, seed: int = 3, size: int = 20, **options) -> TiltSeries:
    phantom = make_phantom(
        "segregated", Grid.cube(2 * size, spacing_nm=240 / size), rng=np.random.default_rng(seed), film=False
    )
    return simulate(
        phantom, scheme=TiltScheme.uniform(-70, 70, 9), microscope="osiris", lines=tuple(BARN),
        rng=np.random.default_rng(seed), **options,
    )  # fmt: skip


def test_expectation_of_the_truth_is_that_of_the_simulation_on_the_same_grid():
    phantom = make_phantom(
        "segregated", Grid.cube(20, spacing_nm=24.0), rng=np.random.default_rng(3), film=False
    )
    scheme = TiltScheme.uniform(-70, 70, 9)
    acquisition = Acquisition(
        scheme=scheme, microscope="osiris", lines=tuple(BARN), holder="wall", binning=1, inverse_crime=True
    )
    clean = expected_counts(phantom, acquisition)
    truth = np.stack([phantom.density("Co"), phantom.density("Zn")])
    twin = expected_series(clean, truth, cross_section_barn={"Co_Ka": 3.38, "Zn_Ka": 2.48})
    np.testing.assert_allclose(twin.data, clean.data, rtol=2e-5, atol=1e-3)


@pytest.mark.parametrize("exposed", [False, True])
def test_gains_and_exposure_scale_the_expectation(exposed):
    series = a_series()
    ones = np.ones(series.count)
    gains = np.stack([np.linspace(0.5, 1, series.count), np.linspace(1, 0.2, series.count)])
    exposure = np.linspace(0.5, 2, series.count) if exposed else ones
    volume = np.random.default_rng(0).uniform(0, 5, (2, 20, 20, 20))
    plain = expected_series(replace(series, gains=None, exposure=None), volume)
    scaled = expected_series(replace(series, gains=gains, exposure=exposure), volume)
    np.testing.assert_allclose(scaled.data, plain.data * (gains * exposure)[:, :, None, None], rtol=1e-12)


def test_noise_has_the_mean_and_the_variance_that_it_should():
    series = a_series()
    expected = replace(series, data=np.full(series.data.shape, 7.0))
    counts = drawn(expected, rng=np.random.default_rng(1)).data
    # 7200 Poisson values: the mean is known to 0.03, the variance to 0.12 (one standard error).
    assert abs(counts.mean() - 7) < 0.13
    assert abs(counts.var() - 7) < 0.5
    assert counts.dtype.kind == "i"
    net = replace(expected, variance=np.full(series.data.shape, 25.0))
    values = drawn(net, rng=np.random.default_rng(1)).data
    assert abs(values.mean() - 7) < 0.25
    assert abs(values.var() - 25) < 1.7


def test_twins_of_a_reconstruction_scatter_as_real_repeats_do():
    phantom = make_phantom(
        "segregated", Grid.cube(40, spacing_nm=12.0), rng=np.random.default_rng(3), film=False
    )
    options = {"cross_section_barn": BARN, "lam": 0.002, "gap": 1e-3}
    scheme = TiltScheme.uniform(-70, 70, 9)
    repeats = [
        simulate(phantom, scheme=scheme, microscope="osiris", lines=tuple(BARN), rng=np.random.default_rng(k))
        for k in range(12)
    ]
    volumes = [reconstruct(series, "tv", **options).volume for series in repeats]
    spread = np.std(volumes, axis=0, ddof=1)
    twin = [
        one.volume
        for one in twins(repeats[0], volumes[0], "tv", count=12, rng=np.random.default_rng(5), **options)
    ]
    found = np.std(twin, axis=0, ddof=1)
    inside = phantom.downsampled(2).fill > 0.999
    ratio = np.median(found[:, inside]) / np.median(spread[:, inside])
    # Medians of thousands of standard deviations of twelve draws each: a few per cent of scatter.
    assert 0.7 < ratio < 1.4


def test_same_seed_same_twins_and_other_seed_other_twins():
    series = a_series()
    volume = reconstruct(series, "tv", cross_section_barn=BARN, lam=0.01).volume

    def one(seed: int) -> np.ndarray:
        made = twins(series, volume, "wbp", count=2, rng=np.random.default_rng(seed), cross_section_barn=BARN)
        return np.stack([twin.volume for twin in made])

    np.testing.assert_array_equal(one(1), one(1))
    assert not np.array_equal(one(1)[0], one(1)[1])
    assert not np.array_equal(one(1), one(2))


def test_dark_field_twins_carry_noise_read_off_the_data():
    phantom = make_phantom(
        "zif4_co_standard", Grid.cube(40, spacing_nm=12.0), rng=np.random.default_rng(3), film=False
    )
    series = simulate(
        phantom, scheme=TiltScheme.uniform(-70, 70, 9), microscope="osiris", signal="adf", dwell_s=2e-5,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    volume = reconstruct(series, "tv", lam=0.01).volume
    volume = volume if volume.ndim == 3 else volume[0]
    (twin,) = twins(series, volume, "tv", count=1, rng=np.random.default_rng(1), lam=0.01)
    assert 0 < np.abs(twin.volume - volume).max() < 0.5 * volume.max()


@pytest.mark.parametrize(
    ("volume", "words"),
    [(np.ones((2, 20, 20, 19)), "must be"), (np.ones((20, 20, 20)), "must be"),
     (np.full((2, 20, 20, 20), np.nan), "finite")],
)  # fmt: skip
def test_volumes_that_do_not_fit_are_refused(volume, words):
    with pytest.raises(ValueError, match=f"`volume`.*{words}"):
        expected_series(a_series(), volume)


def test_no_twin_is_refused_at_once():
    series = a_series()
    with pytest.raises(ValueError, match="`count` must be at least 1, got 0"):
        twins(series, np.ones((2, 20, 20, 20)), count=0, rng=np.random.default_rng(0))
    adf = replace(series.channel("Co_Ka"), signal="ADF")
    with pytest.raises(ValueError, match="`variance`"):
        drawn(adf, rng=np.random.default_rng(0))
