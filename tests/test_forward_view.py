"""One view: geometry of the specimen at a tilt, against closed forms and the plain projector."""

import numpy as np
import pytest
from glasstomo.forward import Projector
from glasstomo.forward.view import View
from hypothesis import given
from hypothesis import strategies as st

angles = st.floats(-75, 75)


def gaussian_ball(size=24, spacing=2.0, width=5.0, centre=(1.0, -2.0, 3.0)):
    """Return a smooth blob that keeps clear of the edges; its moments are nearly exact on the voxels."""
    axis = (np.arange(size) - (size - 1) / 2) * spacing
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    radius2 = (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2
    return np.exp(-radius2 / (2 * width**2)).astype(np.float32)


def view(angle=20.0, **options):
    return View(shape=(24, 24, 24), spacing_nm=2.0, binning=2, angle_deg=angle, **options)


def moments(image, pixel=4.0):
    """Total, centre (y, x) and variances (y, x) of an image."""
    y, x = ((np.arange(n) - (n - 1) / 2) * pixel for n in image.shape)
    total = image.sum()
    centre = np.array([image.sum(axis=1) @ y, image.sum(axis=0) @ x]) / total
    second = np.array([image.sum(axis=1) @ y**2, image.sum(axis=0) @ x**2]) / total
    return total * pixel**2, centre, second - centre**2


@given(angles)
def test_a_plain_view_is_the_projector(angle):
    ball = gaussian_ball()
    binned = ball.reshape(24, 24, 12, 2).mean(axis=-1, dtype=np.float32)
    plain = view(angle)
    assert plain.whole_rows
    assert not plain.fine
    projector = Projector(shape=(24, 24), angles_deg=[angle], spacing_nm=2.0, bins=12, bin_nm=4.0)
    np.testing.assert_array_equal(plain.project(binned), projector.forward(binned)[0])


@given(angles, st.floats(-6, 6), st.floats(-6, 6))
def test_shifts_move_the_centre_of_mass(angle, dy, dx):
    ball = gaussian_ball()
    total, centre, spread = moments(view(angle).project(ball))
    moved_total, moved, moved_spread = moments(view(angle, shift_nm=(dy, dx)).project(ball))
    # Four deviations at least stay inside the field of view; pixels cut the blob another way.
    assert moved_total == pytest.approx(total, rel=2e-3)
    np.testing.assert_allclose(moved - centre, (dy, dx), atol=0.05)
    np.testing.assert_allclose(moved_spread, spread, rtol=0.05)


@given(angles, st.floats(0.7, 0.97))
def test_contraction_keeps_the_atoms_and_shrinks_every_length(angle, scale):
    ball = gaussian_ball()
    total, centre, _ = moments(view(angle).project(ball))
    after = moments(view(angle, contraction=scale).project(ball))
    assert after[0] == pytest.approx(total, rel=2e-3)
    np.testing.assert_allclose(after[1], scale * centre, atol=0.05)
    # Voxels of 2 nm and pixels of 4 nm add their width squared over 12 to each variance.
    np.testing.assert_allclose(after[2], scale**2 * (25 + 4 / 12) + 16 / 12, rtol=0.03)


def test_a_contracted_slab_is_denser_and_thinner(rng):
    slab = np.zeros((24, 24, 24), np.float32)
    slab[8:16] = 3.0
    image = view(0.0, contraction=0.8).project(slab)
    assert image[6, 6] == pytest.approx(3.0 * 16 / 0.8**2, rel=1e-6)


@given(st.floats(-75, 75))
def test_pixels_along_x_are_covered_exactly(angle):
    """Matter inside the field of view is shared among the pixels without loss."""
    options = view(angle, shift_nm=(0.0, 1.3), contraction=0.9)
    shares = options._along_x
    np.testing.assert_allclose(shares.sum(axis=1) * 4.0, 2.0 * 0.9, rtol=1e-12)


def test_the_film_grows_with_the_secant():
    assert view(60.0).secant == pytest.approx(2.0)


@pytest.mark.parametrize(
    "options",
    [
        {"fwhm_nm": 6.0},
        {"half_angle_mrad": 30.0},
        {"rotation_deg": 3.0},
        {"row_offsets_nm": np.ones((12, 2))},
    ],
    ids=["probe", "defocus", "rotation", "scan"],
)
def test_blur_and_distortion_keep_the_counts(options):
    ball = gaussian_ball()
    plain, changed = moments(view().project(ball)), moments(view(**options).project(ball))
    assert changed[0] == pytest.approx(plain[0], rel=5e-3)
    if "fwhm_nm" in options:
        grown = (6.0 / 2.3548) ** 2
        np.testing.assert_allclose(changed[2] - plain[2], grown, rtol=0.05)
    if "row_offsets_nm" in options:
        # Rows displaced by +1 nm record what lies 1 nm further: the image moves by -1 nm.
        np.testing.assert_allclose(np.abs(changed[1] - plain[1]), 1.0, atol=0.05)


def test_rotation_turns_x_towards_y():
    ball = gaussian_ball(centre=(0.0, 0.0, 12.0))
    _, centre, _ = moments(view(0.0, rotation_deg=20.0).project(ball))
    np.testing.assert_allclose(centre, 12.0 * np.array([np.sin(np.pi / 9), np.cos(np.pi / 9)]), atol=0.1)
