"""SSIM and Dice against other implementations and by hand."""

import numpy as np
import pytest
from glasstomo.metrics import dice, ssim
from scipy.ndimage import uniform_filter
from scipy.spatial.distance import dice as dice_dissimilarity
from skimage.metrics import adapted_rand_error


def ssim_by_hand(volume: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Wang et al. (2004) with cubes of seven voxels, written out."""
    n = 7**3
    span = truth.max() - truth.min()
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    mean_v, mean_t = uniform_filter(volume, 7), uniform_filter(truth, 7)
    unbiased = n / (n - 1)
    var_v = unbiased * (uniform_filter(volume**2, 7) - mean_v**2)
    var_t = unbiased * (uniform_filter(truth**2, 7) - mean_t**2)
    both = unbiased * (uniform_filter(volume * truth, 7) - mean_v * mean_t)
    return ((2 * mean_v * mean_t + c1) * (2 * both + c2)) / (
        (mean_v**2 + mean_t**2 + c1) * (var_v + var_t + c2)
    )


@pytest.fixture
def pair(rng):
    """Return a noisy volume and the particle in it."""
    truth = np.zeros((20, 22, 24))
    truth[6:14, 5:16, 7:18] = 5.0
    return truth + rng.normal(size=truth.shape), truth


def test_ssim_by_hand(pair):
    volume, truth = pair
    expected = ssim_by_hand(volume, truth)
    assert ssim(volume, truth) == pytest.approx(expected[3:-3, 3:-3, 3:-3].mean(), abs=1e-9)
    mask = truth > 0
    assert ssim(volume, truth, mask=mask) == pytest.approx(expected[mask].mean(), abs=1e-9)


def test_vacuum_flatters_ssim_and_a_mask_does_not(pair, rng):
    _, truth = pair
    wide = np.pad(truth, 12)
    # Nothing of the particle but its vacuum.
    empty = np.zeros_like(wide)
    mask = wide > 0
    assert ssim(empty, wide) > 0.7
    assert ssim(empty, wide, mask=mask) < 0.05
    assert ssim(wide, wide, mask=mask) == pytest.approx(1.0)


def test_ssim_has_no_unit(pair):
    volume, truth = pair
    assert ssim(1e3 * volume, 1e3 * truth) == pytest.approx(ssim(volume, truth))
    assert ssim(np.flip(volume, 0), np.flip(truth, 0)) == pytest.approx(ssim(volume, truth))
    assert ssim(volume.transpose(2, 0, 1), truth.transpose(2, 0, 1)) == pytest.approx(ssim(volume, truth))


def test_shuffled_voxels_score_nothing_inside(pair, rng):
    _, truth = pair
    shuffled = rng.permutation(truth.ravel()).reshape(truth.shape)
    assert abs(ssim(shuffled, truth, mask=truth > 0)) < 0.1


def test_ssim_refuses_what_it_cannot_judge(pair):
    volume, truth = pair
    with pytest.raises(ValueError, match="some voxels"):
        ssim(volume, truth, mask=np.zeros(truth.shape, dtype=bool))
    with pytest.raises(TypeError, match="booleans"):
        ssim(volume, truth, mask=truth)
    with pytest.raises(ValueError, match="7 voxels"):
        ssim(volume[:6], truth[:6])


def test_dice_agrees_with_scipy_and_scikit_image(rng):
    for share in (0.02, 0.3, 0.9):
        one, other = rng.random((2, 12, 12, 12)) < share
        assert dice(one, other) == pytest.approx(1 - dice_dissimilarity(one.ravel(), other.ravel()))
    # Voxels as clusters: precision and recall of scikit-image combine to Dice when each mask is one pair.
    one, other = np.zeros((2, 6, 6, 6), dtype=bool)
    one[1:4], other[2:5] = True, True
    assert dice(one, other) == pytest.approx(2 / 3)
    assert adapted_rand_error(one.astype(int), one.astype(int))[0] == 0


def test_dice_of_nothing():
    empty, full = np.zeros((3, 3, 3), dtype=bool), np.ones((3, 3, 3), dtype=bool)
    assert dice(empty, empty) == 1
    assert dice(empty, full) == dice(full, empty) == 0
