"""Phases of two and three metals, and the climbing of peaks against a plain reference."""

import numpy as np
import pytest
from glasstomo.metrics import find_phases, phase_diagram
from glasstomo.metrics.density_peaks import _basins, density_peaks
from hypothesis import given, settings
from hypothesis import strategies as st


def plain_basins(smooth, histogram, variance_factor, smallest, significance=5.0):
    """ToMATo with sets and dictionaries, one cell after the other: root cell of every cell."""
    parent, mass = {}, {}

    def root(cell):
        while parent[cell] != cell:
            cell = parent[cell]
        return cell

    for flat in np.argsort(smooth, axis=None, kind="stable")[::-1]:
        cell = tuple(int(i) for i in np.unravel_index(int(flat), smooth.shape))
        box = [range(i - 1, i + 2) for i in cell]
        near = {root(n) for n in _product(box) if n in parent}
        if not near:
            parent[cell], mass[cell] = cell, histogram[cell]
            continue
        highest = max(near, key=lambda n: smooth[n])
        for other in near - {highest}:
            noise = np.sqrt((smooth[other] + smooth[cell]) * variance_factor)
            if smooth[other] - smooth[cell] < significance * noise or mass[other] < smallest:
                parent[other] = highest
                mass[highest] += mass[other]
        parent[cell] = highest
        mass[highest] += histogram[cell]
    return {cell: root(cell) for cell in parent}


def _product(ranges):
    return [()] if not ranges else [(i, *rest) for i in ranges[0] for rest in _product(ranges[1:])]


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), axes=st.integers(1, 3), factor=st.sampled_from([1e-6, 1e-2, 0.3]))
def test_peaks_climb_as_the_plain_algorithm_says(seed, axes, factor):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(3, 7, axes))
    smooth = rng.permutation(np.prod(shape)).reshape(shape) + 1.0  # no two alike
    histogram = rng.integers(0, 5, shape).astype(float)
    basins, peaks = _basins(smooth, histogram, factor * smooth.max(), 3.0)
    expected = plain_basins(smooth, histogram, factor * smooth.max(), 3.0)
    for index in np.ndindex(*shape):
        assert np.unravel_index(peaks[basins[index]], shape) == expected[index]


def ternary(rng, centres, counts, spread=(0.03, 0.03, 0.25)):
    parts = [rng.normal(c, spread, (n, 3)) for c, n in zip(centres, counts, strict=True)]
    points = np.concatenate(parts).T
    return points[:2], points[2]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_phases_of_three_metals_are_found(number, rng):
    # The second and third differ in the split of the last two metals alone: no plane of zinc
    # against density shows them apart.
    centres = [(0.7, 0.2, 4.5), (0.2, 0.7, 5.0), (0.2, 0.1, 5.0)][:number]
    fractions, density = ternary(rng, centres, [9000, 6000, 4000][:number])
    phases, labels = find_phases(fractions, density)
    assert len(phases) == number
    for phase, centre in zip(phases, centres, strict=True):
        assert phase.fractions == pytest.approx((*centre[:2], 1 - sum(centre[:2])), abs=0.01)
        assert phase.fraction == phase.fractions[0]
        assert phase.density == pytest.approx(centre[2], abs=0.05)
        assert phase.covariance.shape == (3, 3)
        assert phase.spread[1] == pytest.approx(0.25, rel=0.2)
    if number == 3:
        assert len(find_phases(fractions[0], density)[0]) == 2
    assert set(np.unique(labels)) <= set(range(-1, number))


@pytest.mark.parametrize("number", [3, 4, 5])
def test_phases_that_share_their_density_are_found(number, rng):
    centres = np.linspace(0.1, 0.9, number)
    fraction = np.repeat(centres, 20_000 // number) + 0.015 * rng.standard_normal(20_000 // number * number)
    phases = find_phases(fraction, rng.normal(5.0, 0.3, fraction.size))[0]
    assert sorted(p.fraction for p in phases) == pytest.approx(centres, abs=0.005)


def test_an_even_spread_of_fractions_is_one_phase():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        assert len(find_phases(rng.uniform(0, 1, 20_000), rng.normal(5.0, 0.3, 20_000))[0]) == 1


def test_one_ternary_phase_stays_one_over_many_draws():
    for seed in range(6):
        fractions, density = ternary(np.random.default_rng(seed), [(0.3, 0.3, 5.0)], [20_000])
        assert len(find_phases(fractions, density)[0]) == 1


def test_a_particle_of_three_metals_has_its_three_phases(rng):
    axis = np.arange(40) - 19.5
    ball = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 < 16**2
    third = np.digitize(axis, [-5.0, 5.0])[None, None, :] * ball
    table = {"Zn": (4.0, 1.0, 1.0), "Co": (0.5, 4.0, 1.0), "Cu": (0.5, 0.0, 3.0)}
    metals = np.array([np.choose(third, values) * ball for values in table.values()], dtype=float)
    metals += 0.08 * rng.standard_normal(metals.shape) * ball
    diagram = phase_diagram(metals[0], metals[1:], interior=ball, names=tuple(table))
    assert diagram.names == ("Zn", "Co", "Cu")
    np.testing.assert_allclose(diagram.fractions.sum(axis=0), 1.0, atol=1e-12)
    np.testing.assert_array_equal(diagram.fraction, diagram.fractions[0])
    wanted = {(0.8, 0.1, 0.1), (0.2, 0.8, 0.0), (0.2, 0.2, 0.6)}
    assert len(diagram.phases) == 3
    for phase in diagram.phases:
        gap = min(np.abs(np.subtract(phase.fractions, w)).max() for w in wanted)
        assert gap < 0.01
        assert phase.density == pytest.approx(5.0, abs=0.05)


@settings(max_examples=3)
@given(seed=st.integers(0, 1000))
def test_exchanging_two_of_three_metals_exchanges_their_fractions(seed):
    rng = np.random.default_rng(seed)
    fractions, density = ternary(rng, [(0.7, 0.2, 4.5), (0.2, 0.6, 5.0)], [4000, 3000])
    one = find_phases(fractions, density)[0]
    other = find_phases(fractions[::-1], density)[0]
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.fractions == pytest.approx((b.fractions[1], b.fractions[0], b.fractions[2]), abs=2e-3)


def test_bad_clouds_are_refused(rng):
    with pytest.raises(ValueError, match="finite"):
        find_phases(np.array([0.1, np.nan] * 8), np.ones(16))
    with pytest.raises(ValueError, match="two to 4 metals"):
        find_phases(np.zeros((4, 20)), np.ones(20))
    volume = np.zeros((12, 12, 12))
    volume[3:9, 3:9, 3:9] = 1.0
    with pytest.raises(ValueError, match="two to 4 metals, got 5"):
        phase_diagram(volume, np.stack([volume] * 4), erode=0)
    with pytest.raises(ValueError, match="must name all 3 metals, got 2"):
        phase_diagram(volume, np.stack([volume] * 2), erode=0, names=("Zn", "Co"))
    assert phase_diagram(volume, np.stack([volume] * 2), erode=0).names == ("metal 1", "metal 2", "metal 3")


def test_points_outside_the_grid_are_assigned_to_its_edge(rng):
    points = np.stack([rng.normal(0.5, 0.02, 3000), rng.normal(5.0, 0.2, 3000)])
    peaks = density_peaks(points, correlation=1.0, smallest_share=0.02, floor=0.05)
    assert peaks.assign(np.array([[0.5], [5.0]])).tolist() == [0]
    assert peaks.assign(np.array([[9.0], [99.0]])).tolist() == [-1]
