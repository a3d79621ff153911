"""Bias and noise maps from replicates, and the efficiency that their scatter has."""

import numpy as np
import pytest
from glasstomo.metrics.efficiency import statistical_efficiency
from glasstomo.metrics.replicate_maps import ReplicateMaps
from hypothesis import given
from hypothesis import strategies as st


def draws(count: int, seed: int = 0, offset: float = 0.0) -> np.ndarray:
    return offset + np.random.default_rng(seed).normal(size=(count, 3, 4, 5))


@given(count=st.integers(2, 12), cut=st.integers(0, 12), seed=st.integers(0, 99), scale=st.floats(0.01, 100))
def test_streaming_and_merging_equal_the_whole(count, cut, seed, scale):
    volumes = scale * draws(count, seed, offset=2.0)
    truth = np.full((3, 4, 5), 1.5 * scale)
    maps = ReplicateMaps(volumes)
    assert maps.count == count
    np.testing.assert_allclose(maps.mean, volumes.mean(axis=0), rtol=1e-9, atol=1e-9 * scale)
    np.testing.assert_allclose(maps.noise, volumes.std(axis=0, ddof=1), rtol=1e-9)
    np.testing.assert_allclose(maps.bias(truth), volumes.mean(axis=0) - truth, atol=1e-9 * scale)
    np.testing.assert_allclose(maps.bias_standard_error, maps.noise / np.sqrt(count))
    parts = ReplicateMaps(volumes[:cut]).merged(ReplicateMaps(volumes[cut:]))
    assert parts.count == count
    np.testing.assert_allclose(parts.mean, maps.mean, rtol=1e-9, atol=1e-9 * scale)
    np.testing.assert_allclose(parts.noise, maps.noise, rtol=1e-7)


def test_small_noise_on_a_large_mean_survives():
    volumes = 1e8 + draws(50, seed=1)
    noise = ReplicateMaps(volumes).noise
    # The textbook Σv² − (Σv)²/n would lose all digits here.
    np.testing.assert_allclose(noise, (volumes - 1e8).std(axis=0, ddof=1), rtol=1e-5)


def test_merging_leaves_both_as_they_were():
    one, other = ReplicateMaps(draws(3)), ReplicateMaps(draws(4, seed=5))
    before = one.mean, one.noise
    both = one.merged(other)
    both.add(np.zeros((3, 4, 5)))
    alone = ReplicateMaps().merged(one)
    alone.add(np.ones((3, 4, 5)))
    assert (one.count, other.count, both.count, alone.count) == (3, 4, 8, 4)
    np.testing.assert_array_equal(one.mean, before[0])
    np.testing.assert_array_equal(one.noise, before[1])


def test_budget_splits_error_into_bias_and_noise(rng):
    truth = np.zeros((16, 16, 16))
    maps = ReplicateMaps(truth + 0.3 + 2.0 * rng.normal(size=truth.shape) for _ in range(6))
    budget = maps.budget(truth)
    # 4096 voxels: the noise is known to 0.5 %, bias² = 0.09 to 4/6·√(2/4096) = 0.015.
    assert budget.noise == pytest.approx(2.0, rel=0.02)
    assert budget.bias**2 == pytest.approx(0.09, abs=0.05)
    assert budget.total == pytest.approx(np.hypot(budget.bias, budget.noise))
    unbiased = ReplicateMaps(rng.normal(size=truth.shape) for _ in range(4)).budget(truth)
    # Taken naively, the mean of four would seem to have a bias of 0.5.
    assert unbiased.bias < 0.2


def test_budget_of_a_mask():
    truth = np.zeros((2, 2, 2))
    mask = truth.astype(bool)
    mask[0] = True
    volumes = [np.where(mask, 1.0, 9.0)] * 3
    budget = ReplicateMaps(volumes).budget(truth, mask)
    assert (budget.bias, budget.noise, budget.total) == (1.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="some voxels"):
        ReplicateMaps(volumes).budget(truth, ~(mask | ~mask))


def test_maps_need_replicates_of_one_shape():
    maps = ReplicateMaps()
    assert "no volumes yet" in repr(maps)
    with pytest.raises(ValueError, match="1 replicates or more"):
        maps.mean  # noqa: B018
    maps.add(np.zeros((2, 3, 4)))
    assert repr(maps) == "ReplicateMaps(1 replicates, (2, 3, 4) voxels)"
    assert maps.bias(np.ones((2, 3, 4))).tolist() == (-np.ones((2, 3, 4))).tolist()
    with pytest.raises(ValueError, match="2 replicates or more"):
        maps.noise  # noqa: B018
    with pytest.raises(ValueError, match="shape of the others"):
        maps.add(np.zeros((2, 3, 5)))
    with pytest.raises(ValueError, match="same shape"):
        maps.merged(ReplicateMaps([np.zeros((1, 1, 1))]))
    with pytest.raises(ValueError, match="finite"):
        maps.add(np.full((2, 3, 4), np.nan))
    with pytest.raises(ValueError, match="shape of the replicates"):
        maps.bias(np.zeros((1, 1, 1)))
    assert maps.count == 1


def test_the_mean_is_a_copy():
    maps = ReplicateMaps([np.zeros((1, 1, 1))])
    maps.mean[:] = 7
    assert maps.mean.item() == 0


@pytest.mark.parametrize("efficiency", [0.25, 1.0])
def test_intervals_cover_as_often_as_they_say(efficiency):
    # Estimates of standard deviation 1 and a bound of `efficiency`: 4000 experiments of 8 replicates each.
    estimates = np.random.default_rng(11).normal(size=(8, 4000))
    found = statistical_efficiency(estimates, efficiency)
    covered = np.mean((found.low <= efficiency) & (efficiency <= found.high))
    # Binomial: 0.95 ± 0.0034.
    assert covered == pytest.approx(0.95, abs=0.014)
    assert np.median(found.high / found.low) == pytest.approx(9.48, abs=0.02)


def test_a_poisson_mean_is_efficient(rng):
    counts = rng.poisson(100.0, size=(2000, 50))
    found = statistical_efficiency(counts.mean(axis=1), 100.0 / 50, truth=100.0)
    # 2000 replicates know a variance to 3.2 %.
    assert found.value == pytest.approx(1.0, abs=0.12)
    assert abs(found.bias) < 4 * found.bias_standard_error
    # Half the counts thrown away, half the efficiency.
    half = statistical_efficiency(counts[:, :25].mean(axis=1), 100.0 / 50)
    assert half.value == pytest.approx(0.5, abs=0.07)


def test_a_biased_estimate_cannot_boast(rng):
    estimates = rng.normal(size=(500, 1))
    shrunk = statistical_efficiency(0.1 * estimates + 0.9 * 3.0, 1.0, truth=0.0)
    assert shrunk.value > 50
    assert shrunk.mse_value < 0.2


def test_efficiency_by_hand():
    found = statistical_efficiency(np.array([[1.0], [2.0], [6.0]]), 0.7, truth=1.0)
    # Mean 3, squares of deviations 4 + 1 + 9 over 2; bias² 4 less 7/3 of noise.
    assert found.variance[0] == pytest.approx(7.0)
    assert found.value[0] == pytest.approx(0.1)
    assert found.bias[0] == pytest.approx(2.0)
    assert found.bias_standard_error[0] == pytest.approx(np.sqrt(7 / 3))
    assert found.mse_value[0] == pytest.approx(0.7 / (7 + 4 - 7 / 3))


def test_no_scatter_is_an_infinite_efficiency():
    found = statistical_efficiency(np.full((5, 2), 3.0), 0.1, truth=np.array([3.0, 2.0]))
    assert np.isinf(found.value).all()
    assert np.isinf(found.mse_value[0])
    assert found.mse_value[1] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimates": np.ones(1)}, "2 replicates or more"),
        ({"estimates": np.ones((2, 2, 2))}, "2 replicates or more"),
        ({"estimates": np.array([1.0, np.nan])}, "finite"),
        ({"bound_variance": 0.0}, "positive and finite"),
        ({"bound_variance": np.inf}, "positive and finite"),
        ({"bound_variance": np.ones(3)}, "one for each region"),
        ({"truth": np.ones(3)}, "one for each region"),
        ({"level": 1.0}, "between 0 and 1"),
    ],
)
def test_wrong_input_is_refused(options, message):
    options = {"estimates": np.array([[1.0, 2.0], [2.0, 3.0]]), "bound_variance": 1.0} | options
    with pytest.raises(ValueError, match=message):
        statistical_efficiency(options.pop("estimates"), options.pop("bound_variance"), **options)
