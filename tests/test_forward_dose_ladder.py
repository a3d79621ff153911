"""Thinned counts: Poisson at every dose, nested between doses, and the same in every study."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from glasstomo.forward import TiltSeries, thinned_counts
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

STREAM = np.random.SeedSequence(7, spawn_key=(3,))


def expectation(fluence: float, angles=(-30.0, 0.0, 30.0), per_fluence: float = 1e-6, pixels: int = 24):
    rng = np.random.default_rng(5)
    shape = (2, len(angles), pixels, pixels)
    pattern = rng.uniform(0.2, 1.0, (2, 1, pixels, pixels)) * np.ones(shape)
    return TiltSeries(
        data=pattern * per_fluence * fluence,
        angles_deg=np.array(angles),
        spacing_nm=2.0,
        channels=("Co_Ka", "Zn_Ka"),
        signal="EDS_TEM",
        electrons_per_pixel=4.0 * fluence,
    )


@pytest.mark.parametrize("fluence", [2e4, 5e5, 1.3e7, 5e7, 4.9e9, 5e10, 3e11])
def test_each_dose_alone_is_poisson(fluence):
    expected = expectation(fluence, pixels=64)
    counts = thinned_counts(expected, stream=STREAM).data
    # Sums of 24576 pixels and their index of dispersion: both within 4.5 of their standard deviations.
    mean = expected.data.sum()
    assert abs(counts.sum() - mean) < 4.5 * np.sqrt(mean)
    used = expected.data > 0
    dispersion = ((counts - expected.data)[used] ** 2 / expected.data[used]).sum()
    freedom = used.sum()
    # Var of (N - m)^2 / m is 2 + 1/m.
    spread = np.sqrt(2 * freedom + (1 / expected.data[used]).sum())
    assert abs(dispersion - freedom) < 4.5 * spread


def test_a_pixel_has_the_poisson_distribution():
    low = np.concatenate(
        [
            thinned_counts(expectation(3.1e6, per_fluence=1e-6), stream=np.random.SeedSequence(s)).data[
                0, 0, 0
            ]
            for s in range(400)
        ]
    )
    mean = expectation(3.1e6).data[0, 0, 0]
    uniforms = stats.poisson.cdf(low.reshape(400, -1), mean) - np.random.default_rng(0).random(
        (400, mean.size)
    ) * stats.poisson.pmf(low.reshape(400, -1), mean)
    # Randomised probability transform: uniform if and only if the law is Poisson with these means.
    assert stats.kstest(uniforms.ravel(), "uniform").pvalue > 1e-3


@given(steps=st.lists(st.integers(-3, 3), min_size=2, max_size=4, unique=True), seed=st.integers(0, 99))
def test_doses_on_rungs_are_nested(steps, seed):
    stream = np.random.SeedSequence(seed)
    counts = [
        thinned_counts(expectation(5e7 * 10.0**step, pixels=8), stream=stream).data for step in sorted(steps)
    ]
    for fewer, more in itertools.pairwise(counts):
        assert (fewer <= more).all()


def test_nested_doses_share_a_tenth_of_their_photons():
    more = expectation(5e7, pixels=96)
    fewer = expectation(5e6, pixels=96)
    a, b = (thinned_counts(one, stream=STREAM).data - one.data for one in (more, fewer))
    # Thinning by p gives a correlation of sqrt(p) = 0.316; 55296 pixels know it to 0.004.
    correlation = (a * b).mean() / np.sqrt(more.data.mean() * fewer.data.mean())
    assert abs(correlation - np.sqrt(0.1)) < 0.02


def test_a_tilt_keeps_its_photons_whatever_else_is_recorded():
    few = thinned_counts(expectation(2e7, angles=(-30.0, 30.0)), stream=STREAM).data
    many = thinned_counts(expectation(2e7, angles=(-60.0, -30.0, 0.0, 30.0)), stream=STREAM).data
    np.testing.assert_array_equal(few, many[:, [1, 3]])
    one = expectation(2e7)
    alone = replace(one, data=one.data[1], channels=("Zn_Ka",), gains=None)
    np.testing.assert_array_equal(
        thinned_counts(alone, stream=STREAM).data, thinned_counts(one, stream=STREAM).data[1]
    )


def test_streams_channels_and_tilts_differ():
    counts = thinned_counts(expectation(5e7), stream=STREAM).data
    assert (counts[0, 0] != counts[0, 1]).any()
    flat = replace(expectation(5e7), data=np.full((2, 3, 24, 24), 50.0))
    both = thinned_counts(flat, stream=STREAM).data
    assert (both[0] != both[1]).any()
    assert (thinned_counts(flat, stream=np.random.SeedSequence(8)).data != both).any()


def test_what_cannot_be_thinned_is_refused():
    series = expectation(5e7)
    with pytest.raises(ValueError, match="electrons_per_pixel"):
        thinned_counts(replace(series, electrons_per_pixel=None), stream=STREAM)
    with pytest.raises(ValueError, match="lower the dose"):
        thinned_counts(replace(series, data=series.data * 1e9), stream=STREAM)
    adf = replace(series, data=series.data[0], channels=("ADF",), signal="ADF", gains=None)
    with pytest.raises(ValueError, match="draw_counts"):
        thinned_counts(adf, stream=STREAM)
