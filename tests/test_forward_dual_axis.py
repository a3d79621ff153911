"""Dual-axis pairs: exact quarter turns, and series that are those of a turned specimen."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import phantoms
from glasstomo.forward import Acquisition, Projector, TiltScheme, expected_counts
from glasstomo.forward.beam_damage import BeamDamage
from glasstomo.forward.contamination import Contamination
from glasstomo.forward.dual_axis import dual_axis_pair, rotate_in_plane
from glasstomo.forward.history import draw_history
from hypothesis import given
from hypothesis import strategies as st

from .small_phantoms import ball_phantom

SCHEME = TiltScheme.uniform(-60, 60, 5)


def acquisition(**fields):
    return Acquisition(**({"scheme": SCHEME, "microscope": "osiris", "lines": ("Zn_Ka",)} | fields))


def test_x_goes_to_y():
    """A rod along +x from the centre comes to lie along +y, one along +y along -x."""
    volume = np.zeros((3, 5, 7))
    volume[1, 2, 3:] = [1, 2, 3, 4]
    turned = rotate_in_plane(volume)
    assert turned.shape == (3, 7, 5)
    np.testing.assert_array_equal(turned[1, 3:, 2], [1, 2, 3, 4])
    assert turned.sum() == 10
    along_y = np.zeros((5, 7))
    along_y[2:, 3] = [1, 2, 3]
    np.testing.assert_array_equal(rotate_in_plane(along_y)[3, :3], [3, 2, 1])


@given(st.integers(-4, 4), st.integers(-4, 4))
def test_turns_add_up(first, second):
    volume = np.arange(24.0).reshape(2, 3, 4)
    twice = rotate_in_plane(rotate_in_plane(volume, 90 * first), 90 * second)
    np.testing.assert_array_equal(twice, rotate_in_plane(volume, 90 * (first + second)))
    np.testing.assert_array_equal(rotate_in_plane(volume, 360), volume)


def test_coordinates_turn_with_the_voxels():
    """(x, y) goes to (-y, x): checked on coordinates stored in the voxels themselves."""
    phantom = ball_phantom(8)
    _, y, x = phantom.grid.points_nm()
    shape = phantom.grid.shape
    np.testing.assert_array_equal(rotate_in_plane(np.broadcast_to(x, shape)), np.broadcast_to(y, shape))
    np.testing.assert_array_equal(rotate_in_plane(np.broadcast_to(y, shape)), np.broadcast_to(-x, shape))


@given(phantoms(), st.sampled_from([-90, 90, 180, 270]))
def test_a_phantom_turns_as_a_whole_and_loses_nothing(phantom, angle):
    turned = rotate_in_plane(phantom, angle)
    for element in phantom.elements:
        np.testing.assert_array_equal(
            turned.density(element), rotate_in_plane(phantom.density(element), angle)
        )
        assert turned.atoms(element) == pytest.approx(phantom.atoms(element), rel=1e-12)
    assert turned.grid.shape == turned.fill.shape
    assert turned.film == phantom.film
    assert turned.particle is None
    back = rotate_in_plane(turned, -angle)
    np.testing.assert_array_equal(back.densities, phantom.densities)
    np.testing.assert_array_equal(back.labels, phantom.labels)
    assert back.grid == phantom.grid


def test_the_second_series_is_that_of_the_turned_specimen():
    phantom = ball_phantom()
    first, second = dual_axis_pair(acquisition())
    np.testing.assert_array_equal(
        expected_counts(phantom, second).data, expected_counts(rotate_in_plane(phantom), first).data
    )


def test_both_series_see_the_same_map_at_zero_tilt():
    phantom = ball_phantom()
    first, second = (expected_counts(phantom, one) for one in dual_axis_pair(acquisition()))
    zero = SCHEME.angles_deg.index(0.0)
    # The same voxels are added up in another order, in float32.
    np.testing.assert_allclose(
        second.data[0, zero], rotate_in_plane(first.data[0, zero]), rtol=1e-5, atol=1e-4
    )


def test_the_second_axis_is_y_of_the_specimen():
    """A tilt of the turned specimen by +a turns its top surface towards its own -x: by projection."""
    phantom = ball_phantom()
    series = expected_counts(phantom, dual_axis_pair(acquisition())[1])
    z, _, x = phantom.grid.points_nm()
    density = phantom.density("Zn").astype(float)
    centre = {name: (density * axis).sum() / density.sum() for name, axis in (("x", x), ("z", z))}
    v = (np.arange(series.data.shape[2]) - (series.data.shape[2] - 1) / 2) * series.spacing_nm
    found = (series.data[0].sum(axis=2) * v).sum(axis=1) / series.data[0].sum(axis=(1, 2))
    angle = np.deg2rad(series.angles_deg)
    # y of the turned specimen is its old x. Pixels of 40 nm move matter by up to 20 nm to their centres,
    # which averages out over the ball; the other sign of x would be 20 nm off.
    np.testing.assert_allclose(found, centre["x"] * np.cos(angle) + centre["z"] * np.sin(angle), atol=0.5)


def test_a_volume_reconstructed_from_the_second_series_turns_back():
    volume = ball_phantom(8).density("Zn")
    turned = rotate_in_plane(volume)
    projector = Projector(shape=turned.shape[:2], angles_deg=[0.0], spacing_nm=20.0)
    np.testing.assert_allclose(
        rotate_in_plane(projector.forward(turned)[0], -90), volume.sum(axis=0) * 20.0, rtol=1e-5
    )


def test_damage_goes_on_in_the_second_series():
    damage = BeamDamage(contraction=0.1, contraction_fluence_e_nm2=1e9, prior_fluence_e_nm2=5.0)
    layer = Contamination(adsorbed_nm=3.0, critical_fluence_e_nm2=1e8)
    first, second = dual_axis_pair(acquisition(damage=damage, contamination=layer), pixel_nm=5.0)
    given_e_nm2 = first.fluence_e_nm2(5.0)
    assert second.damage.prior_fluence_e_nm2 == pytest.approx(5.0 + given_e_nm2.sum())
    one, two = (
        draw_history(
            each.scheme,
            fluence_e_nm2=given_e_nm2,
            rows=4,
            damage=each.damage,
            contamination=each.contamination,
        )
        for each in (first, second)
    )
    assert two.contraction.max() < one.contraction.min()
    assert two.contamination_nm.min() > one.contamination_nm.max()


def test_the_second_series_may_have_tilts_of_its_own():
    other = TiltScheme.uniform(-50, 50, 3)
    first, second = dual_axis_pair(acquisition(), second_scheme=other)
    assert (first.scheme, second.scheme) == (SCHEME, other)
    assert (first.in_plane_deg, second.in_plane_deg) == (0, 90)


def test_what_makes_no_pair_is_refused():
    with pytest.raises(ValueError, match="in_plane_deg=0, got 90"):
        dual_axis_pair(acquisition(in_plane_deg=90))
    with pytest.raises(ValueError, match="`pixel_nm` is needed: the second series goes on with the damage"):
        dual_axis_pair(acquisition(damage=BeamDamage()))
    with pytest.raises(ValueError, match="multiple of 90, got 45"):
        rotate_in_plane(np.zeros((2, 2)), 45)
    with pytest.raises(ValueError, match=r"axes \(..., y, x\)"):
        rotate_in_plane(np.zeros(3))
