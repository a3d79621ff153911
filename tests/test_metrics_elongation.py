"""Elongation along the beam: wedges, blurs and lengths whose answers are known."""

import numpy as np
import pytest
from glasstomo.metrics.stretch import elongation, radermacher_elongation
from hypothesis import given
from hypothesis import strategies as st


def filtered(volume: np.ndarray, transfer) -> np.ndarray:
    """Multiply every (z, y) slice's spectrum by a function of (kz, ky), cycles per voxel."""
    kz, ky = np.meshgrid(*(np.fft.fftfreq(n) for n in volume.shape[:2]), indexing="ij")
    return np.fft.ifft2(np.fft.fft2(volume, axes=(0, 1)) * transfer(kz, ky)[..., None], axes=(0, 1)).real


@pytest.fixture(scope="module")
def white() -> np.ndarray:
    """Return a truth that has the same power at every frequency."""
    return np.random.default_rng(3).normal(size=(64, 64, 16))


@pytest.fixture(scope="module")
def box() -> np.ndarray:
    """Return a compact particle with faces across the axes."""
    truth = np.zeros((48, 48, 32))
    truth[14:33, 12:35, 5:27] = 5.0
    return truth


def test_radermacher_limits():
    assert radermacher_elongation(90.0) == 1.0
    # Midgley and Weyland (2003): 1.3 at ±70°, 1.55 at ±60°.
    assert radermacher_elongation(70.0) == pytest.approx(1.31, abs=0.005)
    assert radermacher_elongation(60.0) == pytest.approx(1.55, abs=0.005)
    # Small α: sin α cos α ≈ α − 2α³/3, so that e ≈ √3/α.
    assert radermacher_elongation(1.0) == pytest.approx(np.sqrt(3) / np.radians(1.0), rel=1e-3)
    for wrong in (0.0, 91.0, float("nan")):
        with pytest.raises(ValueError, match="largest_tilt_deg"):
            radermacher_elongation(wrong)


@pytest.mark.parametrize("largest", [80.0, 70.0, 60.0, 50.0])
def test_a_missing_wedge_gives_radermachers_factor(white, largest):
    volume = filtered(white, lambda z, y: np.degrees(np.arctan2(np.abs(z), np.abs(y))) <= largest)
    found = elongation(volume, white)
    # The edge of the wedge runs through pixels of Fourier space: a percent or two on 64 of them.
    assert found.edges == pytest.approx(radermacher_elongation(largest), rel=0.02)
    assert found.edges_standard_error < 0.01


def test_a_compact_particle_in_a_wedge_comes_near_it(box):
    volume = filtered(box, lambda z, y: np.degrees(np.arctan2(np.abs(z), np.abs(y))) <= 60.0)
    found = elongation(volume, box)
    # A box has its power along the axes: the bins that the wedge cuts are weighted by it.
    assert found.edges == pytest.approx(radermacher_elongation(60.0), rel=0.12)


@pytest.mark.parametrize(("along", "across"), [(1.5, 1.0), (1.0, 1.0), (0.8, 1.2)])
def test_blurs_give_the_ratio_of_their_curvatures(white, along, across):
    def blur(z: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.exp(-2 * np.pi**2 * (along**2 * z**2 + across**2 * y**2))

    k = np.fft.fftfreq(64)
    z, y = np.meshgrid(k, k, indexing="ij")
    top = bottom = 0.0
    for band in range(8):
        held = (np.hypot(z, y) > band / 16) & (np.hypot(z, y) <= (band + 1) / 16)
        transfer = blur(z, y)[held]
        # Correlation of a blurred white spectrum with itself.
        weight = transfer.mean() ** 2 / np.mean(transfer**2)
        top += weight * np.sum(transfer * y[held] ** 2)
        bottom += weight * np.sum(transfer * z[held] ** 2)
    found = elongation(filtered(white, blur), white)
    # Bins of 6°, of which the mean transfer counts; the power of a band of white noise differs by 1 %.
    assert found.edges == pytest.approx(np.sqrt(top / bottom), rel=0.03)
    # Between no elongation and the ratio of the widths, which bands of equal weight would give.
    assert abs(np.log(found.edges)) <= abs(np.log(along / across)) + 0.03
    assert abs(np.log(found.edges)) >= 0.6 * abs(np.log(along / across))


def test_the_truth_scores_one(white, box):
    for truth in (white, box, box[:30], box[:, :40, :11]):
        found = elongation(truth, truth, blocks=5)
        assert found.edges == pytest.approx(1.0, abs=1e-12)
        assert found.particle == pytest.approx(1.0, abs=1e-12)
        assert found.edges_standard_error == pytest.approx(0.0, abs=1e-9)


def test_a_truth_without_power_in_some_directions(white):
    # No detail along z beyond a quarter of a cycle: the blur there is unknown, and must not
    # count for y either.
    truth = filtered(white, lambda z, y: (np.abs(z) < np.abs(y)) | (np.hypot(z, y) < 0.25))
    volume = filtered(truth, lambda z, y: np.exp(-20 * (z**2 + y**2)))
    assert elongation(volume, truth).edges == pytest.approx(1.0, abs=0.01)


def test_a_longer_particle_is_longer():
    truth, longer = np.zeros((2, 40, 40, 16))
    truth[15:25, 10:30] = 5.0
    longer[13:28, 10:30] = 5.0
    # Uniform lengths: standard deviations go as √(n² − 1).
    assert elongation(longer, truth).particle == pytest.approx(np.sqrt((15**2 - 1) / (10**2 - 1)))
    assert elongation(longer.transpose(1, 0, 2), truth.transpose(1, 0, 2)).particle == pytest.approx(
        np.sqrt((10**2 - 1) / (15**2 - 1))
    )


@given(
    scale=st.floats(0.1, 10),
    shift=st.tuples(st.integers(-4, 4), st.integers(-4, 4)),
    seed=st.integers(0, 99),
)
def test_invariances(scale, shift, seed):
    rng = np.random.default_rng(seed)
    truth = np.zeros((24, 24, 8))
    truth[8:16, 7:17] = 4.0
    volume = filtered(truth, lambda z, y: np.exp(-8 * (z**2 + y**2))) + 0.1 * rng.normal(size=truth.shape)
    plain = elongation(volume, truth)
    moved = [np.flip(np.roll(scale * part, shift, axis=(0, 1)), (0, 2)) for part in (volume, truth)]
    found = elongation(*moved)
    assert found.edges == pytest.approx(plain.edges, rel=1e-9)
    assert found.particle == pytest.approx(plain.particle, rel=1e-9)
    turned = elongation(volume.transpose(1, 0, 2), truth.transpose(1, 0, 2))
    assert turned.edges == pytest.approx(1 / plain.edges, rel=1e-9)
    assert turned.particle == pytest.approx(1 / plain.particle, rel=1e-9)


def test_standard_errors_are_those_of_repeats(box):
    found = []
    for seed in range(24):
        noise = np.random.default_rng(seed).normal(size=box.shape)
        found.append(elongation(box + 2.0 * noise, box))
    for name in ("edges", "particle"):
        spread = np.std([getattr(one, name) for one in found], ddof=1)
        claimed = np.mean([getattr(one, f"{name}_standard_error") for one in found])
        # 24 repeats know their spread to 15 %, eight blocks an error to 27 %, less for means.
        assert 0.5 < spread / claimed < 1.7


def test_nothing_like_the_truth_has_no_elongation(white, rng):
    for volume in (rng.normal(size=white.shape), np.zeros_like(white), -white):
        found = elongation(volume, white)
        assert np.isnan(found.edges)
    assert np.isnan(elongation(np.zeros_like(white), white).particle)


def test_wrong_input_is_refused(box):
    with pytest.raises(ValueError, match="shapes must agree"):
        elongation(box, box[1:])
    with pytest.raises(ValueError, match="must vary"):
        elongation(box, np.ones_like(box))
    for blocks in (1, 33):
        with pytest.raises(ValueError, match="blocks"):
            elongation(box, box, blocks=blocks)
