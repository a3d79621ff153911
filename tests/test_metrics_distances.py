"""Exact and sliced Wasserstein distances, Jensen-Shannon divergence, and errors of shares."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import diagram_points
from glasstomo.metrics import phase_diagram_distance
from glasstomo.metrics.exact_distance import exact_diagram_distance
from glasstomo.metrics.jensen_shannon import jensen_shannon_divergence
from glasstomo.metrics.phases import Phase
from glasstomo.metrics.share_errors import phase_share_errors, true_phases
from glasstomo.phantoms import Grid, make_phantom
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.spatial.distance import cdist, jensenshannon

SCALES = np.array([0.03, 2.0])


def draw(seed, count=None):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 30)) if count is None else count
    return rng.uniform(0, 1, count), rng.uniform(3, 6, count)


def by_linear_programming(first, second):
    """Solve the transport problem as a linear programme over all plans: slow, and of independent make."""
    a, b = (np.stack(c, axis=1) / SCALES for c in (first, second))
    costs = cdist(a, b)
    n, m = costs.shape
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    answer = linprog(
        costs.ravel(),
        A_eq=np.vstack([rows, columns]),
        b_eq=np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)]),
    )
    assert answer.success
    return answer.fun


@settings(max_examples=25, deadline=None)
@given(a=diagram_points(), b=diagram_points())
def test_exact_distance_is_the_least_cost_of_all_plans(a, b):
    found = exact_diagram_distance(a, b, parcels=256)
    truth = by_linear_programming(a, b)
    # Both solve to 1e-9 or so; condensing is bounded by what the result itself says.
    assert abs(found.distance - truth) <= found.condensing_error + 1e-7
    low, high = found.bounds
    assert low - 1e-7 <= truth <= high + 1e-7
    if a[0].size == b[0].size:
        assert found.condensing_error == 0


@settings(max_examples=30, deadline=None)
@given(
    a=diagram_points(), dx=st.floats(-0.3, 0.3), dy=st.floats(-2, 2), parcels=st.sampled_from([16, 64, 256])
)
def test_a_shift_costs_its_length_however_coarse_the_parcels(a, dx, dy, parcels):
    shifted = (a[0] + dx, a[1] + dy)
    found = exact_diagram_distance(a, shifted, parcels=parcels)
    # Parcels are cut in the same places, so that all of them move by the same vector.
    assert found.distance == pytest.approx(np.hypot(dx / 0.03, dy / 2), rel=1e-6, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(a=diagram_points(), b=diagram_points(), c=diagram_points())
def test_exact_distance_is_a_metric_up_to_what_condensing_costs(a, b, c):
    ab, ac, cb = (exact_diagram_distance(*pair, parcels=64) for pair in ((a, b), (a, c), (c, b)))
    # Different plans of one cost may differ by rounding.
    assert exact_diagram_distance(b, a, parcels=64).distance == pytest.approx(ab.distance, rel=1e-9)
    assert exact_diagram_distance(a, a, parcels=64).distance == pytest.approx(0, abs=1e-12)
    # The condensed diagrams are points of the same metric space: the inequality holds exactly for
    # those, but equal sizes are not condensed in one pair and are in another.
    slack = ab.condensing_error + ac.condensing_error + cb.condensing_error
    assert ab.distance <= ac.distance + cb.distance + slack + 1e-9


@settings(max_examples=30, deadline=None)
@given(a=diagram_points(), b=diagram_points())
def test_sliced_never_exceeds_exact(a, b):
    exact = exact_diagram_distance(a, b, parcels=256)
    # A projection shortens every way, so that the mean over directions, before it is scaled by π/2, is
    # at most the exact distance. Even directions leave 1/(6·32²) of slack.
    assert 2 / np.pi * phase_diagram_distance(a, b) <= exact.bounds[1] * 1.001 + 1e-9


def test_sliced_and_exact_agree_on_what_moves_along_one_line():
    rng = np.random.default_rng(0)
    a = (rng.uniform(0.2, 0.4, 300), np.full(300, 5.0))
    b = (rng.uniform(0.5, 0.9, 300), np.full(300, 5.0))
    exact = exact_diagram_distance(a, b)
    assert exact.distance == pytest.approx(np.mean(np.sort(b[0]) - np.sort(a[0])) / 0.03)
    assert phase_diagram_distance(a, b) == pytest.approx(exact.distance, rel=1e-9)


def test_plan_says_where_each_parcel_goes():
    still = (np.full(64, 0.2), np.full(64, 5.0))
    moved = (np.where(np.arange(64) < 16, 0.5, 0.2), np.full(64, 5.0))
    found = exact_diagram_distance(still, moved)
    assert found.distance == pytest.approx(0.25 * 10.0)
    way = np.linalg.norm((found.targets - found.sources) / SCALES, axis=1)
    assert np.mean(way) == pytest.approx(found.distance)
    assert np.count_nonzero(way > 9.99) == 16


def test_condensing_a_large_diagram_costs_little_and_says_how_much():
    rng = np.random.default_rng(1)
    big = [(rng.normal(x, 0.05, n), rng.normal(5, 0.5, n)) for x, n in ((0.3, 3000), (0.5, 4000))]
    coarse, fine = (exact_diagram_distance(*big, parcels=n) for n in (64, 512))
    assert fine.condensing_error < 0.5 * coarse.condensing_error
    assert fine.condensing_error < 0.2
    # Two normal clouds of one shape: the shift of 0.2 is the distance, within sampling (0.05/√3000/0.03).
    assert fine.distance == pytest.approx(0.2 / 0.03, abs=0.1)
    order = rng.permutation(3000)
    shuffled = (big[0][0][order], big[0][1][order])
    assert exact_diagram_distance(shuffled, big[1], parcels=64).distance == pytest.approx(coarse.distance)


@pytest.mark.parametrize("distance", [exact_diagram_distance, jensen_shannon_divergence])
def test_bad_diagrams_are_refused(distance):
    good = draw(0)
    with pytest.raises(ValueError, match="finite voxels"):
        distance(good, (np.zeros(0), np.zeros(0)))
    with pytest.raises(ValueError, match="finite voxels"):
        distance((np.array([np.nan]), np.array([1.0])), good)
    with pytest.raises(ValueError, match="a fraction and a density per voxel, got 2 and 3"):
        distance((np.zeros(2), np.zeros(3)), good)
    for scales in ((0.0, 1.0), (np.inf, 1.0), (1.0, 2.0, 3.0)):
        with pytest.raises(ValueError, match="`scales` must be two positive numbers"):
            distance(good, good, scales=scales)


@pytest.mark.parametrize("parcels", [0, 3, 16384, True])
def test_parcels_are_a_power_of_two(parcels):
    with pytest.raises(ValueError, match="power of two"):
        exact_diagram_distance(draw(0), draw(1), parcels=parcels)


@given(a=diagram_points(), b=diagram_points())
def test_divergence_is_scipys_squared_distance(a, b):
    edges = [0.5 + 0.015 * (np.arange(-36, 37) - 0.5), np.arange(0, 9) - 0.5]
    p, q = (np.histogram2d(*c, bins=edges)[0].ravel() for c in (a, b))
    assert jensen_shannon_divergence(a, b) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-7)


@given(a=diagram_points(), b=diagram_points(), c=diagram_points())
def test_divergence_is_bounded_symmetric_and_its_root_a_metric(a, b, c):
    ab, ba, ac, cb = (jensen_shannon_divergence(*pair) for pair in ((a, b), (b, a), (a, c), (c, b)))
    assert jensen_shannon_divergence(a, a) == 0
    assert 0 <= ab <= 1
    assert ab == pytest.approx(ba, abs=1e-12)
    assert np.sqrt(ab) <= np.sqrt(ac) + np.sqrt(cb) + 1e-9


def test_divergence_of_nothing_in_common_and_of_one_source():
    rng = np.random.default_rng(2)
    low, high = ((rng.uniform(x, x + 0.2, 500), rng.uniform(4, 6, 500)) for x in (0.0, 0.6))
    assert jensen_shannon_divergence(low, high) == 1.0
    same = [
        jensen_shannon_divergence(*((rng.uniform(0, 0.3, 4000), rng.uniform(4, 6, 4000)) for _ in range(2)))
        for _ in range(20)
    ]
    # 21 × 3 cells: the mean by chance is 62 · 2/4000/(8 ln 2) = 0.0056; twenty draws of √(2/62) each.
    assert np.mean(same) == pytest.approx(0.0056, rel=0.15)
    with pytest.raises(ValueError, match="cells_per_scale"):
        jensen_shannon_divergence(low, high, cells_per_scale=0)


def phase(fraction, density, share):
    return Phase(
        fraction=fraction, density=density, peak=(fraction, density), covariance=np.eye(2), share=share
    )


phases = st.lists(
    st.builds(phase, st.floats(0, 1), st.floats(3, 7), st.floats(0, 0.25)), min_size=0, max_size=4
)


@given(found=phases, true=phases)
def test_matching_is_complete_symmetric_and_bounded(found, true):
    errors = phase_share_errors(found, true)
    assert len(errors.pairs) + len(errors.missed) == len(true)
    assert len(errors.pairs) + len(errors.invented) == len(found)
    assert 0 <= errors.share_distance <= 1
    other = phase_share_errors(true, found)
    assert len(other.pairs) == len(errors.pairs)
    assert other.share_distance == pytest.approx(errors.share_distance, abs=1e-9) or len(errors.pairs) > 1
    for pair in errors.pairs:
        assert abs(pair.fraction_error) <= 0.1
        assert abs(pair.density_error) <= 1.5
    same = phase_share_errors(found, found)
    assert same.complete
    assert all(pair.fraction_error == pair.density_error == 0 for pair in same.pairs)
    assert same.share_distance == pytest.approx(
        0.5 * sum(abs(pair.share_error) for pair in same.pairs), abs=1e-12
    )


def test_an_early_phase_does_not_take_the_only_partner_of_a_later_one():
    # The first is nearest to what the second alone can reach.
    found = [phase(0.50, 5, 0.5), phase(0.58, 5, 0.5)]
    true = [phase(0.42, 5, 0.4), phase(0.51, 5, 0.6)]
    errors = phase_share_errors(found, true)
    assert errors.complete
    assert {(p.found.fraction, p.true.fraction) for p in errors.pairs} == {(0.50, 0.42), (0.58, 0.51)}
    assert errors.share_distance == pytest.approx(0.1)
    assert errors.worst_share_error == pytest.approx(0.1)


def test_missed_and_invented_phases_count_with_their_share():
    errors = phase_share_errors([phase(0.0, 5, 0.5), phase(0.5, 5, 0.3)], [phase(0.0, 5, 0.5)])
    assert [p.share for p in errors.invented] == [0.3]
    assert not errors.complete
    # 0.3 of all voxels carry a phase that they should not; 0.3 that should be free are not.
    assert errors.share_distance == pytest.approx(0.3)
    assert phase_share_errors([], []).share_distance == 0
    assert phase_share_errors([], []).worst_share_error == 0
    with pytest.raises(ValueError, match="`tolerance` must be two positive numbers"):
        phase_share_errors([], [], tolerance=(0.1, 0.0))


def test_phases_of_a_phantom_are_those_it_was_made_of():
    phantom = make_phantom("flux_melted", Grid.cube(32, spacing_nm=15.0), rng=np.random.default_rng(3))
    found = {round(p.density, 2): p for p in true_phases(phantom) if p.fraction < 0.9}
    assert 0.3 < found[6.0].fraction < 0.5
    assert 0.55 < found[4.0].fraction < 0.99
    shares = [p.share for p in true_phases(phantom)]
    assert shares == sorted(shares, reverse=True)
    # Voxels across the interface and cut by the surface belong to none.
    assert 0.5 < sum(shares) <= 1
    assert phase_share_errors(true_phases(phantom), true_phases(phantom)).share_distance == 0
    with pytest.raises(ValueError, match="`of` must be one of `elements`"):
        true_phases(phantom, of="Cu")
