"""Reliability curve and Brier score."""

import numpy as np
import pytest
from glasstomo.metrics.reliability_curve import reliability
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

verdicts = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60).map(
    lambda pairs: (np.array([a / 20 for a, _ in pairs]), np.array([b for _, b in pairs]))
)


@given(verdicts)
def test_parts_add_up_to_the_score_where_bins_hold_one_confidence_each(pair):
    found = reliability(*pair, edges=np.linspace(0, 1, 21).round(2))
    # The last bin holds 0.95 and 1 both, unless one of them is missing.
    if np.isin([0.95, 1.0], pair[0]).all():
        return
    assert found.brier == pytest.approx(found.miscalibration - found.resolution + found.uncertainty)


@given(verdicts)
def test_counts_and_bounds(pair):
    found = reliability(*pair)
    assert found.counts.sum() == len(pair[0])
    assert ((found.low <= found.share_right) & (found.share_right <= found.high)).all()
    assert 0 <= found.brier <= 1
    assert found.brier == pytest.approx(np.mean((pair[0] - pair[1]) ** 2))
    order = np.random.default_rng(0).permutation(len(pair[0]))
    assert reliability(pair[0][order], pair[1][order]).brier == pytest.approx(found.brier)


def test_intervals_are_clopper_and_pearsons():
    found = reliability(np.full(20, 0.85), np.arange(20) < 17)
    interval = binomtest(17, 20).proportion_ci(method="exact")
    assert (found.low[0], found.high[0]) == pytest.approx((interval.low, interval.high))


def test_truth_chance_and_a_liar():
    rng = np.random.default_rng(1)
    right = rng.random(4000) < 0.7
    assert reliability(right.astype(float), right).brier == 0
    assert reliability(np.full(4000, 0.5), right).brier == 0.25
    assert reliability(1.0 - right, right).brier == 1
    honest = rng.uniform(0.5, 1, 4000)
    outcome = rng.random(4000) < honest
    # 800 in a bin: ±0.018 each; the mean |gap| of five is half of that.
    assert reliability(honest, outcome).gap < 0.03
    boast = reliability(0.5 + 0.5 * honest, outcome)
    assert boast.gap > 0.1
    assert boast.brier > reliability(honest, outcome).brier


def test_bad_verdicts_are_refused():
    with pytest.raises(ValueError, match="one length, got \\(2,\\) and \\(1,\\)"):
        reliability(np.ones(2), np.ones(1, dtype=bool))
    with pytest.raises(TypeError, match="booleans"):
        reliability(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="between 0 and 1"):
        reliability(np.array([1.2]), np.array([True]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        reliability(np.array([np.nan]), np.array([True]))
    with pytest.raises(ValueError, match="rise from 0 to 1"):
        reliability(np.array([0.2]), np.array([True]), edges=(0.0, 0.5))
