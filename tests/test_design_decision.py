"""Sequential decisions: evidence against its integrals, error rates by simulation, laws of the intervals."""

import math

import numpy as np
import pytest
from glasstomo.benchmarks.design.decision import MISS, Decision, mean_end, share_interval
from glasstomo.benchmarks.design.e_process import EFFECT_VARIANCES, mean_evidence, share_evidence
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad
from scipy.stats import beta, norm


def decide(values, rule="at_most", bound=1.0, *, error=0.05, least=2) -> Decision:
    decision = Decision(rule, bound, pass_error=error, fail_error=error, min_count=least)
    for value in values:
        if decision.add(float(value)) != "undecided":
            break
    return decision


def rates(draw, truth_seed, *, runs, length, **kind) -> dict[str, float]:
    rng = np.random.default_rng(truth_seed)
    states = [decide(draw(rng, length), **kind).state for _ in range(runs)]
    return {state: states.count(state) / runs for state in ("pass", "fail", "undecided")}


def most(error: float, runs: int) -> float:
    """A share that a true error of `error` exceeds once in a thousand test runs."""
    return error + 3.1 * math.sqrt(error * (1 - error) / runs)


@pytest.mark.parametrize("above", [True, False])
def test_evidence_about_a_mean_is_the_integral_over_effects_and_spreads(above):
    values, bound = np.array([0.3, 1.1, 0.7, 0.9]), 0.4
    sign = 1 if above else -1

    def likelihood(sigma, effect):
        return np.prod(norm.pdf(values, bound + sign * effect * sigma, sigma)) / sigma

    null = quad(lambda sigma: likelihood(sigma, 0.0), 0, 30, limit=200)[0]
    ratios = []
    for variance in EFFECT_VARIANCES:
        prior = norm(0, math.sqrt(variance))
        both = dblquad(
            lambda sigma, effect, p=prior: 2 * p.pdf(effect) * likelihood(sigma, effect),
            0, 6 * math.sqrt(variance), 1e-3, 15, epsabs=1e-10,
        )[0]  # fmt: skip
        ratios.append(both / null)
    assert mean_evidence(list(values), bound, above=above) == pytest.approx(np.mean(ratios), rel=1e-4)


@pytest.mark.parametrize(("right", "count"), [(7, 7), (8, 9), (0, 3)])
def test_evidence_about_a_share_is_the_integral_over_shares(right, count):
    bound = 0.7

    def ratio(p):
        return (p / bound) ** right * ((1 - p) / (1 - bound)) ** (count - right)

    below = quad(lambda p: beta.pdf(p, 0.5, 0.5) * ratio(p), 0, 1)[0]
    mixed = quad(lambda p: beta.pdf(p, 1.7 / 0.3, 1.0) * ratio(p), 0, 1)[0]
    above = 0.5 * mixed + 0.5 * ratio(1.0)
    up = share_evidence(right, count, bound, above=True, target=bound)
    down = share_evidence(right, count, bound, above=False, target=bound)
    assert (up, down) == pytest.approx((above, 0.0) if right else (0.0, below), rel=1e-6)


@settings(max_examples=60)
@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.floats(-3, 3), st.floats(1e-3, 3), st.booleans()
)
def test_evidence_falls_as_the_bound_nears_the_values(values, bound, step, above):
    nearer = bound + step if above else bound - step
    assert mean_evidence(values, nearer, above=above) <= mean_evidence(values, bound, above=above) * (
        1 + 1e-9
    )


@settings(max_examples=60)
@given(
    st.lists(st.floats(0.1, 5), min_size=2, max_size=9),
    st.floats(0.1, 3),
    st.floats(1e-6, 1e6),
    st.booleans(),
)
def test_evidence_knows_no_unit(values, bound, scale, above):
    scaled = [scale * value for value in values]
    # Cancellation in the mean of nearly equal values leaves rounding.
    one = mean_evidence(values, bound, above=above)
    assert mean_evidence(scaled, scale * bound, above=above) == pytest.approx(one, rel=1e-4)


def test_the_average_of_the_evidence_at_the_bound_is_one():
    # E[E] = 1 for a likelihood ratio of fixed length; its tail is heavy, so the mean is taken by importance:
    # equal shares of either side bound it instead.
    rng = np.random.default_rng(5)
    found = [mean_evidence(list(rng.normal(1.0, 0.2, 3)), 1.0, above=True) for _ in range(40000)]
    # Cut at 20, what is lost is the tail of probability below 1/20.
    assert 0.5 < np.mean(np.minimum(found, 20)) < 1.0
    assert np.mean(np.array(found) >= 20) < most(0.05, 40000)
    exact = [
        share_evidence(k, 5, 0.8, above=False, target=0.8) * math.comb(5, k) * 0.8**k * 0.2 ** (5 - k)
        for k in range(6)
    ]
    assert math.fsum(exact) <= 1.0


@pytest.mark.parametrize("spread", [0.02, 0.15, 0.6])
def test_wrong_decisions_of_means_are_as_rare_as_stated(spread):
    # Just at the bound either decision would be wrong for a truth a hair's breadth away.
    found = rates(lambda rng, n: rng.normal(1.0, spread, n), 1, runs=150, length=60)
    assert found["pass"] <= most(0.05, 150)
    assert found["fail"] <= most(0.05, 150)


def test_wrong_decisions_of_biases_are_as_rare_as_stated():
    for truth in (-1.0, 1.0):
        found = rates(lambda rng, n, t=truth: rng.normal(t, 0.3, n), 2, runs=120, length=40, rule="within")
        assert found["pass"] <= most(0.05, 120)
        assert found["fail"] <= most(0.05, 120)


@pytest.mark.parametrize("wanted", [0.6, 0.95])
def test_wrong_decisions_of_shares_are_as_rare_as_stated(wanted):
    found = rates(lambda rng, n: rng.random(n) < wanted, 3, runs=200, length=150, rule="share", bound=wanted)
    assert found["pass"] <= most(0.05, 200)
    assert found["fail"] <= most(0.05, 200)


def test_clear_cases_are_decided_soon():
    near = {0.6: 6, 0.8: 14, 1.25: 16, 2.0: 6}
    for ratio, soon in near.items():
        rng = np.random.default_rng(8)
        runs = [decide(rng.normal(ratio, 0.15 * ratio, 100)) for _ in range(60)]
        right = "pass" if ratio < 1 else "fail"
        assert sum(run.state == right for run in runs) >= 56
        assert np.median([run.count for run in runs]) <= soon


def test_a_share_of_95_percent_takes_66_replicates_without_a_failure():
    # ln 20/ln(1/0.95) = 58.4 is the least that any test of 5 % can do.
    decision = decide([1] * 100, "share", 0.95)
    assert (decision.state, decision.decided_at) == ("pass", 66)
    assert decide([1] * 30 + [0] * 9, "share", 0.95).state == "fail"


def test_a_share_with_a_failure_is_not_passed_by_the_weight_on_never():
    assert decide([1] * 5 + [0] + [1] * 60, "share", 0.95).state == "undecided"


def test_values_far_apart_withdraw_a_decision():
    decision = Decision("at_most", 1.0, pass_error=0.05, fail_error=0.05)
    for value in [0.5, 0.51, 0.5, 0.51, 0.5]:
        decision.add(value)
    assert decision.state == "pass"
    for k in range(200):
        decision.add(3.0 + 0.01 * (k % 2))
    assert decision.judgement().conflict
    assert (decision.state, decision.decided_at) == ("undecided", None)
    assert decision.judgement().worst == 3.01


@pytest.mark.parametrize(
    ("rule", "bad"), [("at_most", MISS), ("within", MISS), ("at_least", 0.0), ("share", 0.0)]
)
def test_a_missing_value_counts_as_a_miss(rule, bad):
    bound = 0.9
    missing = Decision(rule, bound, pass_error=0.05, fail_error=0.05)
    for value in (1.0, None, 1.0, math.nan):
        missing.add(value)
    filled = Decision(rule, bound, pass_error=0.05, fail_error=0.05)
    for value in (1.0, bad * bound, 1.0, bad * bound):
        filled.add(value)
    if rule == "within":
        assert missing.pass_evidence <= filled.pass_evidence
    else:
        assert missing.pass_evidence == filled.pass_evidence
        assert missing.fail_evidence == filled.fail_evidence
    found = missing.judgement()
    assert (found.missing, found.count) == (2, 4)
    assert found.mean == (0.5 if rule == "share" else 1.0)


@settings(max_examples=60)
@given(
    st.sampled_from(["at_most", "at_least", "within"]),
    st.lists(st.floats(-2, 3), min_size=2, max_size=15),
    st.floats(0.2, 2),
)
def test_interval_and_decision_agree(rule, values, bound):
    decision = Decision(rule, bound, pass_error=0.05, fail_error=0.02)
    for value in values:
        decision.add(value)
        found = decision.judgement()
        if decision.decided_at != decision.count:
            continue
        low, high = {"at_most": (-math.inf, bound), "at_least": (bound, math.inf)}.get(rule, (-bound, bound))
        slack = 1e-6 * (1 + abs(bound))
        if found.state == "pass":
            assert low - slack <= found.low
            assert found.high <= high + slack
        elif rule != "within":
            assert found.low >= high - slack or found.high <= low + slack


def test_intervals_hold_at_all_times_together():
    rng = np.random.default_rng(4)
    missed = 0
    for _ in range(100):
        values = list(rng.normal(2.0, 0.5, 30))
        ends = [
            (mean_end(values[:n], 0.05, above=False), mean_end(values[:n], 0.05, above=True))
            for n in range(1, 31)
        ]
        missed += any(not low <= 2.0 <= high for low, high in ends)
    # Either end may fail with 5 %.
    assert missed / 100 <= most(0.10, 100)
    assert ends[0] == (-math.inf, math.inf)
    assert ends[-1][1] - ends[-1][0] < 1.0


@given(st.integers(0, 60), st.integers(1, 60), st.sampled_from([0.5, 0.9]))
def test_share_intervals_hold_the_share_and_narrow(right, count, target):
    right = min(right, count)
    low, high = share_interval(right, count, target, lower=0.05, upper=0.05)
    assert 0 <= low <= right / count <= high <= 1
    wide = share_interval(right, count, target, lower=0.01, upper=0.01)
    assert wide[0] <= low + 1e-9
    assert wide[1] >= high - 1e-9


def test_few_values_that_agree_prove_little_near_the_bound():
    # Nine tenths of them stand at 0.91 of the bound, the rest at 1.82: the mean is at the bound.
    assert decide([0.91, 0.92, 0.9, 0.91, 0.91, 0.92]).state == "undecided"
    assert mean_evidence([0.91, 0.92, 0.9], 1.0, above=False) > 20
    extra = [mean_evidence([0.91, 0.92, 0.9], 1.0, above=False, extra=e) for e in (0.0, 0.01, 0.1, 1.0)]
    assert extra == sorted(extra, reverse=True)


def test_equal_values_are_decided_without_a_spread():
    decision = decide([0.5] * 10)
    assert (decision.state, decision.judgement().standard_error) == ("pass", 0.0)
    assert decide([1.0] * 10).state == "undecided"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "below"}, "at_most"),
        ({"bound": 0.0}, "positive"),
        ({"bound": math.inf}, "finite"),
        ({"rule": "share", "bound": 1.0}, "between 0 and 1"),
        ({"pass_error": 0.0}, "pass_error"),
        ({"fail_error": 1.0}, "fail_error"),
        ({"min_count": 0}, "min_count"),
    ],
)
def test_mistakes_are_named(change, said):
    with pytest.raises(ValueError, match=said):
        Decision(**{"rule": "at_most", "bound": 1.0, "pass_error": 0.1, "fail_error": 0.1, **change})
    with pytest.raises(ValueError, match="zeros and ones"):
        Decision("share", 0.9, pass_error=0.1, fail_error=0.1).add(0.5)
