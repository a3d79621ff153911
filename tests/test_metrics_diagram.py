"""Phase diagrams, the phases in them and the distance between two."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import diagram_points
from glasstomo.metrics import find_phases, mixing_state, phase_diagram, phase_diagram_distance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter


def cloud(rng, count, fraction, density, spread=(0.02, 0.3)):
    return rng.normal(fraction, spread[0], count), rng.normal(density, spread[1], count)


def join(*clouds):
    return tuple(np.concatenate(parts) for parts in zip(*clouds, strict=True))


@pytest.fixture
def particle(rng):
    """Return zinc and cobalt of a ball of two halves, blurred and noisy, and the halves' densities."""
    axis = np.arange(48) - 23.5
    ball = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 < 17**2
    left = (axis < 0) & ball
    zn, co = (gaussian_filter(a, 1.0) for a in (4.45 * left, 4.87 * (ball & ~left)))
    noise = gaussian_filter(rng.standard_normal((2, 48, 48, 48)), (0, 0.8, 0.8, 0.8))
    noise *= 0.2 / noise.std()
    return np.maximum(zn + noise[0] * ball, 0), np.maximum(co + noise[1] * ball, 0)


def test_diagram_holds_both_phases_where_they_are(particle):
    diagram = phase_diagram(*particle)
    assert diagram.histogram.sum() == diagram.fraction.size == np.count_nonzero(diagram.interior)
    assert len(diagram.phases) == 2
    by_fraction = sorted(diagram.phases, key=lambda p: p.fraction)
    for phase, (fraction, density) in zip(by_fraction, [(0.0, 4.87), (1.0, 4.45)], strict=True):
        # Rectified noise of 0.2 in 4.6 moves a pure fraction by 0.2/√(2π)/4.6 = 0.017.
        assert phase.fraction == pytest.approx(fraction, abs=0.03)
        assert phase.density == pytest.approx(density, abs=0.12)
        assert phase.share > 0.3
    assert diagram.threshold is not None
    assert diagram.threshold.threshold == pytest.approx(2.3, abs=0.2)


def test_exchanging_the_elements_mirrors_the_fraction(particle):
    one, other = phase_diagram(*particle), phase_diagram(*particle[::-1])
    np.testing.assert_allclose(one.fraction, 1 - other.fraction, atol=1e-12)
    np.testing.assert_allclose(one.density, other.density)


def test_several_other_elements_add_up(particle):
    zn, co = particle
    split = phase_diagram(zn, np.stack([0.25 * co, 0.75 * co]), names=("Zn", "Co", "Cu"))
    np.testing.assert_allclose(split.fraction, phase_diagram(zn, co).fraction)


def test_interior_may_be_given_and_erosion_shrinks_it(particle):
    mask = phase_diagram(*particle, erode=0).interior
    given_mask = phase_diagram(*particle, interior=mask, erode=0)
    assert given_mask.threshold is None
    np.testing.assert_array_equal(given_mask.interior, mask)
    sizes = [phase_diagram(*particle, interior=mask, erode=k).fraction.size for k in (0, 1, 2, 4)]
    assert sizes == sorted(sizes, reverse=True)


def test_bad_diagrams_are_refused(particle):
    zn, co = particle
    with pytest.raises(ValueError, match="shapes must agree"):
        phase_diagram(zn, co[1:])
    with pytest.raises(ValueError, match="no particle stands out"):
        phase_diagram(np.zeros((8, 8, 8)), np.zeros((8, 8, 8)))
    with pytest.raises(ValueError, match="erode less"):
        phase_diagram(zn, co, erode=99)
    with pytest.raises(ValueError, match="must be a mask"):
        phase_diagram(zn, co, interior="otsu")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_number_of_phases_is_found(number, rng):
    centres = [(0.1, 5.0), (0.4, 6.0), (0.62, 4.0), (0.95, 4.4)][:number]
    fraction, density = join(*(cloud(rng, 20_000 // (1 + i), *c) for i, c in enumerate(centres)))
    phases, labels = find_phases(fraction, density)
    assert len(phases) == number
    for phase, (x, rho) in zip(phases, centres, strict=True):  # both by falling share
        assert phase.fraction == pytest.approx(x, abs=0.005)
        assert phase.density == pytest.approx(rho, abs=0.05)
        # Voxels below 5 % of the peak are left out: that cuts the variance by 16 %.
        assert phase.spread == pytest.approx((0.02, 0.3), rel=0.15)
    assert sum(p.share for p in phases) == pytest.approx(np.mean(labels >= 0))


def test_one_broad_phase_stays_one_over_many_draws():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        assert len(find_phases(*cloud(rng, 30_000, 0.5, 5.0, (0.1, 1.0)))[0]) == 1


@settings(max_examples=10)
@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 10))
def test_phases_ignore_the_order_of_voxels_and_the_unit_of_density(seed, scale):
    rng = np.random.default_rng(3)
    fraction, density = join(cloud(rng, 3000, 0.2, 5.0), cloud(rng, 3000, 0.8, 4.0))
    shuffled = np.random.default_rng(seed).permutation(6000)
    one = find_phases(fraction, density)[0]
    other = find_phases(fraction[shuffled], scale * density[shuffled])[0]
    assert [p.fraction for p in other] == pytest.approx([p.fraction for p in one], abs=2e-3)
    assert [p.density / scale for p in other] == pytest.approx([p.density for p in one], abs=2e-2)


@given(a=diagram_points(), b=diagram_points(), c=diagram_points())
def test_distance_is_a_metric(a, b, c):
    ab, ba = phase_diagram_distance(a, b), phase_diagram_distance(b, a)
    assert phase_diagram_distance(a, a) == pytest.approx(0, abs=1e-12)
    assert ab >= 0
    assert ab == pytest.approx(ba)
    assert ab <= phase_diagram_distance(a, c) + phase_diagram_distance(c, b) + 1e-9


@given(a=diagram_points(), dx=st.floats(-0.3, 0.3), dy=st.floats(-2, 2))
def test_shift_costs_its_length(a, dx, dy):
    shifted = (a[0] + dx, a[1] + dy)
    length = np.hypot(dx / 0.03, dy / 2)
    # 32 directions see a shift of any direction to 1/(6·32²) of its length or so.
    assert phase_diagram_distance(a, shifted) == pytest.approx(length, rel=2e-3, abs=1e-9)


def test_moving_a_share_costs_that_share_and_sizes_need_not_agree():
    still = (np.full(100, 0.2), np.full(100, 5.0))
    moved = (np.where(np.arange(100) < 25, 0.5, 0.2), np.full(100, 5.0))
    assert phase_diagram_distance(still, moved) == pytest.approx(0.25 * 10.0, rel=2e-3)
    doubled = tuple(np.repeat(part, 2) for part in moved)
    assert phase_diagram_distance(still, doubled) == pytest.approx(0.25 * 10.0, rel=2e-3)
    assert phase_diagram_distance(moved, doubled) == pytest.approx(0.0, abs=1e-12)


def test_truth_is_nearer_than_shuffled_elements(particle, rng):
    truth = phase_diagram(*particle)
    mask = truth.interior
    zn, co = (a.copy() for a in particle)
    for element in (zn, co):
        element[mask] = rng.permutation(element[mask])
    shuffled = phase_diagram(zn, co, interior=mask, erode=0)
    other_noise = phase_diagram(*(a + 0.05 * rng.standard_normal(a.shape) * (a > 0) for a in particle))
    assert phase_diagram_distance(truth, truth) == 0
    assert phase_diagram_distance(truth, other_noise) < 0.1 * phase_diagram_distance(truth, shuffled)


def test_the_particle_of_a_diagram_spares_the_other_verdicts_their_threshold(particle):
    diagram = phase_diagram(*particle)
    total = particle[0] + particle[1]
    assert diagram.threshold is not None
    np.testing.assert_array_equal(diagram.particle, total > diagram.threshold.threshold)
    assert not (diagram.interior & ~diagram.particle).any()
    handed, found = mixing_state(*particle, interior=diagram.particle), mixing_state(*particle)
    np.testing.assert_array_equal(handed.depth, found.depth)
    assert (handed.state, handed.confidence) == (found.state, found.confidence)
