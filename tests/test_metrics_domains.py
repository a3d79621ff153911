"""Domains of the phases, against shapes whose domains are known, and the models of twins."""

import numpy as np
import pytest
from glasstomo.metrics import phase_diagram
from glasstomo.metrics.domains import connected_domains
from glasstomo.metrics.phase_model import particle_model, particle_shares, phase_volume
from scipy.ndimage import gaussian_filter

AXIS = np.arange(40) - 19.5
BALL = AXIS[:, None, None] ** 2 + AXIS[:, None] ** 2 + AXIS**2 < 17**2


def diagram_of(second, **options):
    """Diagram of a ball of 5 Co nm⁻³ with a region of 4 Zn nm⁻³."""
    zn, co = 4.0 * (BALL & second), 5.0 * (BALL & ~second)
    return phase_diagram(zn, co, interior=BALL, **options)


def ball(centre, radius):
    return (
        sum((a - c) ** 2 for a, c in zip(np.meshgrid(AXIS, AXIS, AXIS, indexing="ij"), centre, strict=True))
        < radius**2
    )


def test_embedded_balls_are_counted_placed_and_measured():
    places = [((-7.5, 0.5, 0.5), 4.0), ((5.5, -5.5, 0.5), 5.0)]
    inner = [ball(*place) for place in places]
    found = connected_domains(diagram_of(inner[0] | inner[1]), spacing_nm=3.0)
    zinc = sorted((d for d in found.domains if d.fraction > 0.5), key=lambda d: d.volume_nm3)
    cobalt = [d for d in found.domains if d.fraction < 0.5]
    assert len(zinc) == 2
    assert len(cobalt) == 1
    assert cobalt[0].spanning
    assert not any(d.spanning for d in zinc)
    for domain, (centre, radius), mask in zip(zinc, places, inner, strict=True):
        assert domain.voxels == np.count_nonzero(mask)
        assert domain.centre_nm == pytest.approx(tuple(3.0 * c for c in centre), abs=0.2)
        # Voxels of a small ball: its volume is right to some per cent, the diameter to a third of that.
        assert domain.equivalent_diameter_nm == pytest.approx(6.0 * radius, rel=0.03)
        assert domain.density == pytest.approx(4.0)
    assert sum(d.voxels for d in found.domains) == np.count_nonzero(BALL)
    assert sum(d.share_of_phase for d in zinc) == pytest.approx(1.0)
    np.testing.assert_array_equal(np.unique(found.labels[~BALL]), [0])


def test_pieces_smaller_than_the_resolution_join_their_surroundings():
    specks = np.zeros_like(BALL)
    specks[20, 20, 12] = specks[15:17, 20, 20] = True
    diagram = diagram_of(ball((8.5, 0.5, 0.5), 5.0) | specks)
    found = connected_domains(diagram, spacing_nm=1.0)
    assert len(found.domains) == 2
    assert (found.small_pieces, found.small_voxels) == (2, 3)
    assert found.smallest_voxels == pytest.approx(8.0, rel=0.01)  # the sharpest resolution there is
    assert len(connected_domains(diagram, spacing_nm=1.0, smallest_voxels=1).domains) == 4
    none = connected_domains(diagram, spacing_nm=1.0, smallest_voxels=1e6)
    assert none.domains == ()
    assert not none.labels.any()


def test_domains_do_not_depend_on_the_scale_but_for_their_size():
    diagram = diagram_of(ball((0.5, 0.5, 0.5), 6.0))
    one, ten = (connected_domains(diagram, spacing_nm=s).domains for s in (1.0, 10.0))
    for small, large in zip(one, ten, strict=True):
        assert large.volume_nm3 == pytest.approx(1000 * small.volume_nm3)
        assert large.centre_nm == pytest.approx(tuple(10 * c for c in small.centre_nm))


def test_a_layer_spans_and_touching_by_an_edge_is_apart():
    layers = (np.abs(AXIS) > 10)[None, None, :] & np.ones_like(BALL)
    found = connected_domains(diagram_of(layers), spacing_nm=1.0)
    assert [d.spanning for d in found.domains if d.fraction < 0.5] == [True]
    assert [d.spanning for d in found.domains if d.fraction > 0.5] == [False, False]
    quarters = ((AXIS > 0)[:, None] ^ (AXIS > 0))[None] & np.ones_like(BALL)
    assert len(connected_domains(diagram_of(quarters), spacing_nm=1.0).domains) == 4


def test_every_voxel_of_the_particle_has_a_phase():
    diagram = diagram_of(ball((0.5, 0.5, 0.5), 8.0), erode=3.0)
    volume = phase_volume(diagram)
    np.testing.assert_array_equal(volume > 0, BALL)
    np.testing.assert_array_equal(volume[diagram.interior], diagram.labels + 1)


def test_models_of_twins_are_sharp_where_they_say_so():
    second = ball((0.5, 0.5, 0.5), 9.0)
    zn, co = (gaussian_filter(v, 1.0) for v in (4.0 * (BALL & second), 5.0 * (BALL & ~second)))
    diagram = phase_diagram(zn, co)
    as_found = particle_model(zn, co, diagram)
    sharp = particle_model(zn, co, diagram, interfaces="sharp")
    for model in (as_found, sharp):
        total = model[0] + model[1]
        assert not total[~diagram.particle].any()
        assert total[diagram.particle].min() > 3.5
    mixed = [np.count_nonzero((m[0] > 0.4) & (m[0] < 3.6)) for m in (as_found, sharp)]
    assert mixed[0] > 1000
    assert mixed[1] == 0
    three = particle_model(
        zn, np.stack([0.5 * co, 0.5 * co]), phase_diagram(zn, np.stack([0.5 * co, 0.5 * co]))
    )
    assert three[1].shape == (2, *BALL.shape)
    np.testing.assert_allclose(three[1].sum(axis=0), as_found[1], rtol=1e-12)
    with pytest.raises(ValueError, match="`interfaces` must be"):
        particle_model(zn, co, diagram, interfaces="wide")


def test_bad_sizes_are_refused():
    diagram = diagram_of(ball((0.5, 0.5, 0.5), 6.0))
    with pytest.raises(ValueError, match="`spacing_nm` must be positive"):
        connected_domains(diagram, spacing_nm=0.0)
    with pytest.raises(ValueError, match="`smallest_voxels` must be positive"):
        connected_domains(diagram, spacing_nm=1.0, smallest_voxels=0)


def test_shares_of_the_particle_count_the_voxels_between_phases(rng):
    # Oblique and noisy: layers of a plane along the voxels would each be a phase of their own.
    second = 0.36 * AXIS[:, None, None] + 0.48 * AXIS[:, None] + 0.8 * AXIS > 4
    truth = np.count_nonzero(BALL & second) / np.count_nonzero(BALL)
    zn, co = (
        gaussian_filter(v, 1.2) + 0.1 * gaussian_filter(rng.standard_normal(BALL.shape), 0.7)
        for v in (4.0 * (BALL & second), 5.0 * (BALL & ~second))
    )
    diagram = phase_diagram(zn, co)
    assert len(diagram.phases) == 2
    zinc = next(i for i, p in enumerate(diagram.phases) if p.fraction > 0.5)
    shares = particle_shares(diagram)
    assert sum(shares) == pytest.approx(1.0)
    # Half a voxel of interface is 2 % of this ball; the labelled voxels alone are further off.
    assert shares[zinc] == pytest.approx(truth, abs=0.02)
    assert abs(shares[zinc] - truth) < abs(diagram.phases[zinc].share - truth)
    one = np.ones((2, 2, 2))
    assert particle_shares(phase_diagram(one, one, interior=one > 0, erode=0)) == (1.0,)
