"""Edge-spread threshold and resolution: known volumes, blurred, noisy and regularised."""

import numpy as np
import pytest
from glasstomo.metrics import EsfStatus, esf_threshold, resolution_voxels
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

CENTRE = (0.3, -0.2, 0.4)


def ball(size: int, radius: float, fine: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Fill fractions of a ball by partial volume, and the distance from its centre."""
    axis = (np.arange(size * fine) - (size * fine - 1) / 2) / fine
    z, y, x = axis[:, None, None] - CENTRE[0], axis[:, None] - CENTRE[1], axis - CENTRE[2]
    r = np.sqrt(z * z + y * y + x * x)

    def blocks(a):
        return a.reshape(size, fine, size, fine, size, fine).mean(axis=(1, 3, 5))

    return blocks(np.clip(0.5 + (radius - r) * fine, 0, 1)), blocks(r)


BALL, RADIUS = ball(64, 20.0)
VOLUME = 4 / 3 * np.pi * 20.0**3


def grain(rng, correlation):
    noise = gaussian_filter(rng.standard_normal(BALL.shape), correlation)
    return noise / noise.std()


def degraded(kind: str, rng: np.random.Generator) -> np.ndarray:
    soft = gaussian_filter(5 * BALL, 1.06)
    if kind == "sharp":
        return 5 * BALL
    if kind == "blurred":
        return soft
    if kind == "noisy":
        return soft + 0.4 * rng.standard_normal(BALL.shape)
    if kind == "clipped":
        return np.maximum(soft + 0.4 * grain(rng, 0.8), 0)
    if kind == "like TV":
        return np.maximum(gaussian_filter(5 * BALL, 0.7) - 0.1, 0) * (1 + 0.05 * grain(rng, 1.5))
    if kind == "rings":
        rings = 0.25 * np.sin(1.3 * RADIUS) * np.exp(-np.abs(RADIUS - 20) / 10)
        return np.maximum(soft + rings + 0.1 * rng.standard_normal(BALL.shape), 0)
    phases = np.where(np.arange(64)[:, None] > 32, 6.0, 4.0)
    return gaussian_filter(BALL * phases, 1.06) + 0.3 * rng.standard_normal(BALL.shape)


# Blur of σ = 1.06 voxels alone takes 3 σ²/R² = 0.84 % of the volume away, at any threshold.
@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [("sharp", 0.003), ("blurred", 0.018), ("noisy", 0.018), ("clipped", 0.018), ("like TV", 0.012),
     ("rings", 0.02), ("two phases", 0.02)],
)  # fmt: skip
def test_volume_of_a_degraded_ball_is_recovered(kind, tolerance, rng):
    found = esf_threshold(degraded(kind, rng))
    assert found.status is (EsfStatus.PHASES if kind == "two phases" else EsfStatus.FITTED)
    assert abs(found.volume_voxels / VOLUME - 1) < tolerance


def test_threshold_is_the_middle_of_a_logistic_edge():
    found = esf_threshold(1.0 + 4.0 / (1 + np.exp((RADIUS - 20) / 0.7)))
    # The mode of the far background is reached only exponentially, hence not to rounding.
    assert found.threshold == pytest.approx(3.0, abs=0.06)
    assert found.low == pytest.approx(1.0, abs=0.1)
    assert found.high == pytest.approx(5.0, abs=0.1)


def test_curve_is_consistent_and_the_fit_follows_it(rng):
    found = esf_threshold(degraded("blurred", rng))
    assert (np.diff(found.volumes) <= 0).all()
    # Voxels that equal an edge are counted on one side or the other.
    np.testing.assert_allclose(-np.diff(found.volumes), found.differences, atol=3)
    assert np.corrcoef(found.fitted, found.differences)[0, 1] > 0.9
    assert found.window[0] < found.threshold < found.window[1]


@pytest.mark.parametrize("radius", [6.4, 10.0])
def test_small_balls_filling_few_per_cent_get_a_status_and_a_sane_volume(radius, rng):
    small, _ = ball(32, radius)
    found = esf_threshold(
        np.maximum(gaussian_filter(4 * small, 0.8) + 0.1 * rng.standard_normal(small.shape), 0)
    )
    assert found.status is not EsfStatus.FAILED
    assert abs(found.volume_voxels / (4 / 3 * np.pi * radius**3) - 1) < 3.5 * 0.64 / radius**2 + 0.02


def test_without_a_particle_the_status_says_so_and_the_threshold_is_nan(rng):
    noise = rng.standard_normal((32, 32, 32))
    for nothing in (np.zeros((9, 9, 9)), noise, np.maximum(noise, 0), rng.random((32, 32, 32)),
                    gaussian_filter(noise, 3)):  # fmt: skip
        found = esf_threshold(nothing)
        assert found.status is EsfStatus.FAILED
        assert np.isnan(found.threshold)
        assert "threshold" in found.status.message


def test_midpoint_is_the_fallback_where_no_plateau_is_left():
    small, _ = ball(48, 5.0)
    found = esf_threshold(gaussian_filter(5 * small, 1.06))
    assert found.status is EsfStatus.MIDPOINT
    assert found.threshold == pytest.approx(0.5 * (found.low + found.high))


@settings(max_examples=10)
@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-5, 5))
def test_threshold_follows_the_units(scale, shift):
    volume = gaussian_filter(5 * BALL[::2, ::2, ::2], 0.8)
    one, other = esf_threshold(volume), esf_threshold(scale * (volume + shift))
    # Bins fall on rounding, so a few voxels may change theirs.
    assert other.threshold / scale - shift == pytest.approx(one.threshold, rel=2e-2, abs=1e-6)


@settings(max_examples=10)
@given(axes=st.sets(st.integers(0, 2)), order=st.permutations(range(3)))
def test_threshold_ignores_flips_and_the_order_of_axes(axes, order):
    volume = gaussian_filter(5 * BALL[::2, ::2, ::2], 0.8)
    turned = np.flip(volume, tuple(axes)).transpose(order)
    assert esf_threshold(turned).threshold == pytest.approx(esf_threshold(volume).threshold, rel=2e-3)


def test_resolution_is_the_blur_of_the_surface(rng):
    for sigma in (1.2, 1.8, 2.5):
        volume = gaussian_filter(4.0 * BALL, sigma)
        # Voxels beside the surface, not on it, see a slope lower by exp(-1/(8 σ²)) or so; central
        # differences widen by 1/3 voxel² or so.
        assert resolution_voxels(volume, volume > 2.0) == pytest.approx(2.3548 * sigma, rel=0.3)
        noisy = volume + 0.2 * grain(rng, 0.8)
        assert resolution_voxels(noisy, volume > 2.0) == pytest.approx(2.3548 * sigma, rel=0.35)


@pytest.mark.parametrize(
    ("bad", "message"),
    [(np.zeros((3, 3)), "must be a volume"), (np.full((3, 3, 3), np.nan), "must be finite"),
     (np.zeros((3, 0, 3)), "must be a volume")],
)  # fmt: skip
def test_bad_volumes_are_refused_in_one_line(bad, message):
    with pytest.raises(ValueError, match=message) as error:
        esf_threshold(bad)
    assert "\n" not in str(error.value)
