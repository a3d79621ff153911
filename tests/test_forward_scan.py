"""Rotated images and rows of the scan out of place."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import seeds
from glasstomo.forward.scan_distortion import jitter_rows, rotate_images
from hypothesis import given
from hypothesis import strategies as st

from .small_problems import in_one_and_two_threads, one_thread  # noqa: F401

shapes = st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9))
angles = st.floats(-45, 45)


def images_of(shape, seed, dtype=np.float64):
    return np.random.default_rng(seed).random(shape).astype(dtype)


def blob(n, y, x, width):
    """Draw a Gaussian at (y, x) pixels from the middle of an image."""
    c = np.arange(n) - (n - 1) / 2
    return np.exp(-((c[:, None] - y) ** 2 + (c - x) ** 2) / (2 * width**2))


@given(shapes, seeds(), st.sampled_from([np.float32, np.float64]))
def test_nothing_out_of_place_leaves_the_bits_alone(shape, seed, dtype):
    images = images_of(shape, seed, dtype)
    before = images.copy()
    for found in (
        rotate_images(images, np.zeros(shape[0]), 2.0),
        jitter_rows(images, np.zeros((*shape[:2], 2)), 2.0),
    ):
        assert found.dtype == dtype
        assert (found == before).all()
        found += 1  # a copy
        assert (images == before).all()


@given(shapes, seeds(), st.data())
def test_constants_stay_and_nothing_turns_negative(shape, seed, data):
    turns = data.draw(st.lists(angles, min_size=shape[0], max_size=shape[0]))
    offsets = np.random.default_rng(seed).normal(0, 5, (*shape[:2], 2))
    images = images_of(shape, seed)
    for distort in (lambda a: rotate_images(a, turns, 2.0), lambda a: jitter_rows(a, offsets, 2.0)):
        np.testing.assert_allclose(distort(np.full(shape, 7.0)), 7.0, rtol=1e-12)
        found = distort(images)
        assert found.min() >= images.min() - 1e-12
        assert found.max() <= images.max() + 1e-12


@given(angles, seeds())
def test_rotation_keeps_mass(angle, seed):
    """To rounding, as long as the matter stays inside."""
    image = np.zeros((1, 31, 33))
    image[0, 9:22, 10:23] = images_of((13, 13), seed)
    turned = rotate_images(image, [angle], 1.0)
    assert turned.sum() == pytest.approx(image.sum(), rel=1e-12)


@given(angles, st.floats(-8, 8), st.floats(-8, 8))
def test_rotation_carries_points_from_x_towards_y(angle, y, x):
    image = blob(65, y, x, 3.0)[None]
    turned = rotate_images(image, [angle])[0]
    c = np.arange(65) - 32.0
    centre = np.array([np.sum(turned * c[:, None]), np.sum(turned * c)]) / turned.sum()
    a = np.deg2rad(angle)
    expected = [y * np.cos(a) + x * np.sin(a), x * np.cos(a) - y * np.sin(a)]
    np.testing.assert_allclose(centre, expected, atol=1e-3)  # the tail of the blob at the edge
    # The blob is round, so its rotated image is the blob elsewhere, a little blurred.
    np.testing.assert_allclose(turned, blob(65, *expected, 3.0), atol=0.05)


def test_there_and_back_blurs_no_more_than_stated():
    image = blob(65, 5.0, -7.0, 4.0)[None]
    back = rotate_images(rotate_images(image, [10.0]), [-10.0])[0]
    c = np.arange(65) - 32.0
    for axis, bound in ((0, 2 * 0.25), (1, 2 * 0.5)):
        profiles = [picture.sum(axis=1 - axis) for picture in (image[0], back)]
        variances = [np.sum(p * c**2) / p.sum() - (np.sum(p * c) / p.sum()) ** 2 for p in profiles]
        assert 0 < variances[1] - variances[0] < bound


@given(seeds(), st.floats(0.5, 10))
def test_displacement_along_rows_keeps_their_sums(seed, spacing):
    rng = np.random.default_rng(seed)
    image = np.zeros((2, 6, 40))
    image[..., 15:25] = rng.random((2, 6, 10))
    offsets = np.zeros((2, 6, 2))
    offsets[..., 1] = rng.uniform(-10, 10, (2, 6)) * spacing
    found = jitter_rows(image, offsets, spacing)
    np.testing.assert_allclose(found.sum(axis=-1), image.sum(axis=-1), rtol=1e-12)


@given(seeds(), st.integers(-3, 3), st.integers(-3, 3))
def test_whole_pixels_are_read_where_the_beam_is(seed, dy, dx):
    image = images_of((1, 12, 13), seed)
    offsets = np.broadcast_to([5.0 * dy, 5.0 * dx], (1, 12, 2))
    found = jitter_rows(image, offsets, 5.0)[0]
    y, x = np.arange(12)[:, None] + dy, np.arange(13) + dx
    expected = image[0][np.clip(y, 0, 11), np.clip(x, 0, 12)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(seeds())
def test_a_linear_image_shows_the_displacement(seed):
    """Bilinear interpolation is exact there: each row reads the ramp where it is."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:20.0, :30.0]
    image = (2 * y + 3 * x + 1)[None]
    offsets = rng.uniform(-8, 8, (1, 20, 2))
    found = jitter_rows(image, offsets, 4.0)[0]
    place = np.arange(20) + offsets[0, :, 0] / 4
    rows = (place >= 0) & (place <= 19)
    expected = image[0] + (2 * offsets[0, :, 0] + 3 * offsets[0, :, 1])[:, None] / 4
    np.testing.assert_allclose(found[rows, 3:-3], expected[rows, 3:-3], rtol=1e-12)


def test_displacement_across_rows_keeps_the_mass_on_average():
    image = blob(41, 0, 0, 4.0)[None]
    rng = np.random.default_rng(1)
    sums = []
    for _ in range(300):
        offsets = np.zeros((1, 41, 2))
        offsets[..., 0] = rng.normal(0, 0.5, (1, 41))
        sums.append(jitter_rows(image, offsets, 1.0).sum() / image.sum())
    assert np.std(sums) > 1e-3  # single images gain or lose
    assert abs(np.mean(sums) - 1) < 5 * np.std(sums) / np.sqrt(300)


def test_threads_do_not_change_the_bits():
    images = images_of((3, 20, 21), 2)
    offsets = np.random.default_rng(3).normal(0, 2, (3, 20, 2))
    for distort in (
        lambda: rotate_images(images, [1.0, -3.0, 20.0]),
        lambda: jitter_rows(images, offsets, 1.5),
    ):
        one, two = in_one_and_two_threads(distort)
        assert (one == two).all()


def test_counts_become_floats():
    counts = np.arange(12, dtype=np.int32).reshape(1, 3, 4)
    assert rotate_images(counts, [5.0]).dtype == np.float64
    assert jitter_rows(counts, np.zeros((1, 3, 2)), 1.0).dtype == np.float64


A = np.zeros((2, 3, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rotate_images(A[0], [0.0]), "`images` must have axes"),
        (lambda: rotate_images(A, [0.0]), "one angle per image"),
        (lambda: rotate_images(A, [0.0, 46.0]), "46.0 at index 1"),
        (lambda: rotate_images(A, [0.0, np.nan]), "nan at index 1"),
        (lambda: rotate_images(A, [0.0, 1.0], 0.0), "`spacing_nm`"),
        (lambda: jitter_rows(A, np.zeros((2, 3)), 1.0), "`offsets_nm` must have shape"),
        (lambda: jitter_rows(A, np.full((2, 3, 2), np.nan), 1.0), "must be finite"),
        (lambda: jitter_rows(A, np.zeros((2, 3, 2)), -1.0), "`spacing_nm`"),
    ],
)
def test_bad_input_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
