"""The probe: Gaussian blur, discs out of focus, and the projection of a convergent beam."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import seeds
from glasstomo.forward import Projector
from glasstomo.forward.defocus import defocused_projection
from glasstomo.forward.disc_kernel import covered_shares, disc_kernel, kernel_variance
from glasstomo.forward.probe import FWHM_PER_SIGMA, Probe, blur, gaussian_kernel
from hypothesis import given
from hypothesis import strategies as st

from .small_problems import in_one_and_two_threads, one_thread  # noqa: F401

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
radii = st.floats(0, 6)


def random_volume(shape, seed):
    rng = np.random.default_rng(seed)
    return (rng.random(shape) * (rng.random(shape) < 0.6)).astype(np.float32)


def spread(image, spacing):
    """Variance of an image along (y, x), nm²."""
    total = image.sum()
    found = []
    for axis in (0, 1):
        profile = image.sum(axis=1 - axis) / total
        place = np.arange(profile.size) * spacing
        found.append(np.sum(profile * place**2) - np.sum(profile * place) ** 2)
    return np.array(found)


# --- the Gaussian -----------------------------------------------------------------------------------------


@given(st.floats(0, 8))
def test_discrete_gaussian_has_its_variance_and_no_negative_part(sigma):
    kernel = gaussian_kernel(sigma)
    n = np.arange(kernel.size) - kernel.size // 2
    assert (kernel >= 0).all()
    assert kernel.sum() == pytest.approx(1, abs=1e-12)
    assert (kernel == kernel[::-1]).all()
    assert np.sum(kernel * n**2) == pytest.approx(sigma**2, rel=1e-6, abs=1e-9)  # the tail that is cut


def test_wide_discrete_gaussian_is_the_gaussian():
    n = np.arange(-40, 41)
    kernel = gaussian_kernel(5.0)
    kernel = np.pad(kernel, (n.size - kernel.size) // 2) if kernel.size < n.size else kernel
    expected = np.exp(-(n**2) / 50) / np.sqrt(50 * np.pi)
    np.testing.assert_allclose(kernel, expected, atol=0.01 * expected.max())


@given(shapes, st.floats(0, 20), seeds())
def test_blur_keeps_mass_and_constants_and_sign(shape, fwhm, seed):
    images = np.random.default_rng(seed).random((2, *shape))
    found = blur(images, spacing_nm=2.0, fwhm_nm=fwhm)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), images.sum(axis=(1, 2)), rtol=1e-9)
    np.testing.assert_allclose(blur(np.full(shape, 3.0), spacing_nm=2.0, fwhm_nm=fwhm), 3.0, rtol=1e-12)
    assert (found >= 0).all()


@given(shapes, seeds())
def test_no_width_changes_nothing(shape, seed):
    images = np.random.default_rng(seed).random(shape)
    assert (blur(images, spacing_nm=1.0, fwhm_nm=0.0) == images).all()


@given(st.floats(0.1, 6), st.floats(0.1, 6))
def test_two_blurs_are_one_of_the_summed_variance(a, b):
    point = np.zeros((81, 81))
    point[40, 40] = 1
    twice = blur(blur(point, spacing_nm=1, fwhm_nm=a), spacing_nm=1, fwhm_nm=b)
    once = blur(point, spacing_nm=1, fwhm_nm=np.hypot(a, b))
    np.testing.assert_allclose(twice, once, atol=1e-9)


@pytest.mark.parametrize("fwhm", [0.5, 3.0, 20.0])
def test_blur_has_the_width_asked_for(fwhm):
    point = np.zeros((101, 101))
    point[50, 50] = 1
    sigma = fwhm / FWHM_PER_SIGMA
    np.testing.assert_allclose(spread(blur(point, spacing_nm=2.0, fwhm_nm=fwhm), 2.0), sigma**2, rtol=1e-6)
    # Pixels that are not square: the same nm along both axes.
    oblong = blur(point, spacing_nm=(2.0, 1.0), fwhm_nm=fwhm)
    assert spread(oblong, 2.0)[0] == pytest.approx(sigma**2, rel=1e-6)
    assert spread(oblong, 1.0)[1] == pytest.approx(sigma**2, rel=1e-6)
    if fwhm == 20.0:  # ten pixels wide: the half maximum is where it should be
        profile = blur(point, spacing_nm=2.0, fwhm_nm=fwhm)[50]
        assert np.interp(10.0, np.arange(51) * 2.0, profile[50:] / profile[50]) == pytest.approx(
            0.5, abs=0.01
        )


# --- the disc ---------------------------------------------------------------------------------------------


@given(radii, radii)
def test_disc_kernel_is_exact_in_sum_variance_and_sign(radius_y, radius_x):
    radius_x = radius_y * (0.7 + 0.1 * radius_x)  # pixels of other shapes: 0.7 to 1.3
    kernel = disc_kernel((radius_y, radius_x))
    assert (kernel >= 0).all()
    assert kernel.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-12)
    wanted = np.array([radius_y, radius_x]) ** 2 / 4
    np.testing.assert_allclose(kernel_variance(kernel), wanted, rtol=1e-6, atol=1e-9)


def test_disc_kernel_is_a_disc_when_it_is_wide():
    kernel = disc_kernel((20.0, 20.0))
    n = kernel.shape[0] // 2
    y, x = np.ogrid[-n : n + 1, -n : n + 1]
    distance = np.hypot(y, x)
    np.testing.assert_allclose(kernel[distance < 19], 1 / (np.pi * 400), rtol=0.002)
    assert kernel[distance > 21].max() < 1e-15


@given(st.floats(0.1, 5), st.floats(0.1, 5))
def test_covered_shares_are_areas(a, b):
    """Against counting points of a fine lattice."""
    shares = covered_shares(a, b)
    y = (np.arange(600) + 0.5) / 600 * 2 - 1
    inside = y[:, None] ** 2 + y**2 < 1
    middle = np.array(shares.shape) // 2
    rows, columns = (np.rint(y * r).astype(int) + m for r, m in zip((a, b), middle, strict=True))
    counted = np.zeros(shares.shape)
    np.add.at(counted, tuple(np.meshgrid(rows, columns, indexing="ij")), inside)
    np.testing.assert_allclose(shares, counted / inside.sum(), atol=0.01)


def test_disc_kernel_refuses_nonsense():
    with pytest.raises(ValueError, match="`radii` must be"):
        disc_kernel((-1.0, 1.0))


# --- the projection ---------------------------------------------------------------------------------------


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5)),
    st.floats(-90, 90),
    st.floats(0.7, 1.5),
    st.floats(-3, 3),
    seeds(),
)
def test_parallel_beam_is_the_projector_to_the_bit(shape, angle, bin_nm, offset, seed):
    volume = random_volume(shape, seed)
    sharp = Projector(
        shape=shape[:2], angles_deg=[angle], spacing_nm=1.0, bins=7, bin_nm=bin_nm, offsets_nm=[offset]
    ).forward(volume)[0]
    found = defocused_projection(
        volume, angle_deg=angle, spacing_nm=1.0, bins=7, bin_nm=bin_nm, offset_nm=offset, half_angle_mrad=0
    )
    assert (found == sharp).all()


@given(
    st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 4)),
    st.floats(-90, 90),
    st.floats(1, 150),
    st.floats(-20, 20),
    st.floats(0, 3),
    st.none() | st.integers(2, 6),
    seeds(),
)
def test_convergent_beam_keeps_mass_and_sign(shape, angle, half_angle, focus, fwhm, levels, seed):
    volume = np.pad(random_volume(shape, seed), ((0, 0), (0, 0), (8, 8)))
    found = defocused_projection(
        volume,
        angle_deg=angle,
        spacing_nm=2.0,
        bins=40,
        bin_nm=2.0,
        half_angle_mrad=half_angle,
        focus_nm=focus,
        fwhm_nm=fwhm,
        levels=levels,
    )
    assert found.shape == (40, volume.shape[2])
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.sum(dtype=np.float64) * 4 == pytest.approx(volume.sum(dtype=np.float64) * 8, rel=2e-6)


@given(st.integers(0, 60), st.integers(0, 20), st.floats(-89, 89), st.floats(2, 60), st.floats(-40, 40))
def test_a_point_has_the_variance_of_its_disc(z, y, angle, half_angle, focus):
    """R²/4 on top of the shadow of its voxel, however few levels there are."""
    volume = np.zeros((61, 21, 21), np.float32)
    volume[z, y, 10] = 1.0
    volume[z - 1 if z else 1, y, 10] = 1e-30  # more than one depth, so that levels are shared
    common = {"angle_deg": angle, "spacing_nm": 2.0, "bins": 101, "bin_nm": 2.0}
    sharp = defocused_projection(volume, **common, half_angle_mrad=0)
    found = defocused_projection(volume, **common, half_angle_mrad=half_angle, focus_nm=focus)
    radians = np.deg2rad(angle)
    height = 2.0 * ((z - 30) * np.cos(radians) - (y - 10) * np.sin(radians))
    radius = abs(height - focus) * np.tan(half_angle * 1e-3)
    added = spread(found.astype(np.float64), 2.0) - spread(sharp.astype(np.float64), 2.0)
    np.testing.assert_allclose(added, radius**2 / 4, rtol=1e-3, atol=1e-3)


@given(seeds(), st.floats(-80, 80), st.floats(-10, 10))
def test_over_and_under_focus_look_the_same(seed, angle, focus):
    """Upside down, seen from the back and with the focus on the other side."""
    volume = np.pad(random_volume((9, 9, 3), seed), ((0, 0), (0, 0), (6, 6)))
    common = {"spacing_nm": 2.0, "bins": 21, "bin_nm": 2.0, "half_angle_mrad": 80.0}
    found = defocused_projection(volume, angle_deg=angle, focus_nm=focus, **common)
    turned = defocused_projection(volume[::-1, ::-1], angle_deg=angle, focus_nm=-focus, **common)
    np.testing.assert_allclose(turned[::-1], found, atol=2e-5 * max(found.max(), 1))


def test_matter_in_focus_stays_sharp():
    volume = np.zeros((64, 32, 32), np.float32)
    volume[40] = random_volume((32, 32), 1)
    common = {"angle_deg": 0, "spacing_nm": 2.0, "bins": 32, "bin_nm": 2.0, "half_angle_mrad": 11}
    in_focus = defocused_projection(volume, focus_nm=2.0 * (40 - 31.5), **common)
    np.testing.assert_allclose(in_focus, 2.0 * volume[40], rtol=1e-5, atol=1e-6)
    out_of_focus = defocused_projection(volume, focus_nm=-200.0, **common)
    assert out_of_focus.std() < 0.8 * in_focus.std()


@pytest.mark.parametrize("levels", [None, 2, 3, 7])
def test_a_single_depth_needs_no_levels(levels):
    """One voxel in focus: all levels of radius fall together."""
    found = defocused_projection(
        np.ones((1, 1, 3), np.float32),
        angle_deg=0,
        spacing_nm=2.0,
        bins=1,
        bin_nm=2.0,
        half_angle_mrad=11,
        levels=levels,
    )
    np.testing.assert_allclose(found, 2.0, rtol=1e-6)


def smooth_volume(n):
    c = (np.arange(n) + 0.5) / n - 0.5
    z, y, x = c[:, None, None], c[None, :, None], c[None, None, :]
    bead = 10.0 * ((z + 0.25) ** 2 + (y - 0.1) ** 2 + (x - 0.05) ** 2 < 0.06**2)
    return (4.0 * (z**2 + 1.3 * y**2 + x**2 < 0.36**2) + bead).astype(np.float32)


def test_levels_converge_and_pixels_do_too():
    """At 0°, where the strip model itself is exact, against voxels four times as fine."""
    n, fine = 24, 4
    volume = smooth_volume(n * fine)
    coarse = volume.reshape(n, fine, n, fine, n, fine).mean(axis=(1, 3, 5))
    common = {"angle_deg": 0, "half_angle_mrad": 160}  # discs of up to two pixels
    reference = defocused_projection(volume, spacing_nm=2.5, bins=n * fine, bin_nm=2.5, **common)
    reference = reference.reshape(n, fine, n, fine).mean(axis=(1, 3))
    geometry = {"spacing_nm": 10.0, "bins": n, "bin_nm": 10.0}
    images = {
        levels: defocused_projection(coarse, levels=levels, **geometry, **common) for levels in (None, 2, 60)
    }
    peak = reference.max()
    sharp = defocused_projection(coarse, angle_deg=0, half_angle_mrad=0, **geometry)
    # Measured: 0.8 % from the pixels, where leaving the cone out makes 7 %.
    assert np.abs(images[60] - reference).max() < 0.01 * peak
    assert np.abs(sharp - reference).max() > 0.06 * peak
    assert np.abs(images[None] - images[60]).max() < 1e-3 * peak
    assert np.abs(images[None] - images[60]).max() < np.abs(images[2] - images[60]).max()


def test_matter_outside_the_field_is_blurred_into_it():
    """A wall that goes on beyond the field of view: its image stays flat up to the last bin."""
    volume = np.ones((41, 41, 81), np.float32)
    found = defocused_projection(
        volume, angle_deg=0, spacing_nm=5.0, bins=21, bin_nm=5.0, half_angle_mrad=200, fwhm_nm=0
    )
    np.testing.assert_allclose(found[:, 40], 41 * 5.0, rtol=1e-5)


def test_threads_do_not_change_the_bits():
    volume = random_volume((20, 20, 12), 4)
    one, two = in_one_and_two_threads(
        lambda: defocused_projection(
            volume, angle_deg=33, spacing_nm=5, bins=20, bin_nm=5, half_angle_mrad=40, fwhm_nm=3
        )
    )
    assert (one == two).all()


def test_probe_is_off_by_default():
    assert Probe() == Probe(fwhm_nm=0.0, depth_of_field=False, focus_nm=0.0)
    assert Probe(**Probe(fwhm_nm=1, depth_of_field=True, focus_nm=-3).model_dump()) == Probe(
        fwhm_nm=1, depth_of_field=True, focus_nm=-3
    )


SMALL = {"angle_deg": 0, "spacing_nm": 1, "bins": 2, "bin_nm": 1, "half_angle_mrad": 1}
V = np.zeros((2, 2, 2), np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Probe(fwhm_nm=-1), "fwhm_nm"),
        (lambda: Probe(focus_nm=np.inf), "focus_nm"),
        (lambda: blur(V, spacing_nm=0, fwhm_nm=1), "`spacing_nm`"),
        (lambda: blur(V, spacing_nm=1, fwhm_nm=-1), "`fwhm_nm`"),
        (lambda: blur(V[0, 0], spacing_nm=1, fwhm_nm=1), "`images` must have axes"),
        (
            lambda: defocused_projection(V, **{**SMALL, "half_angle_mrad": -1}),
            "`half_angle_mrad` must be finite",
        ),
        (lambda: defocused_projection(V, **{**SMALL, "half_angle_mrad": 1600}), "below a right angle"),
        (lambda: defocused_projection(V, **{**SMALL, "focus_nm": np.nan}), "`focus_nm`"),
        (lambda: defocused_projection(V, **{**SMALL, "fwhm_nm": -2}), "`fwhm_nm`"),
        (lambda: defocused_projection(V, **{**SMALL, "levels": 1}), "`levels`"),
        (lambda: defocused_projection(V[0], **SMALL), "`volume` must have axes"),
        (lambda: defocused_projection(V, **{**SMALL, "spacing_nm": 0}), "`spacing_nm`"),
    ],
)
def test_bad_input_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
