"""Profiles fitted to counts: widths and places come back, errors cover, bends are no widths."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.forward import Projector, TiltSeries
from glasstomo.recon.profile_fit import fit_profile
from scipy.special import ndtr

SIZE, FINER = 24, 3
ANGLES = np.linspace(-70.0, 70.0, 9)
NORMAL = np.array([0.5, 0.6, 0.6245])
LEVELS = (50.0, 0.0, 0.0, 60.0)


def grid(finer: int) -> np.ndarray:
    """(3, z, y, x) places in voxels from the middle."""
    return (np.indices((SIZE * finer,) * 3) + 0.5) / finer - SIZE / 2


def body(finer: int) -> np.ndarray:
    return (np.sum(grid(finer) ** 2, axis=0) < 81) * 1.0


def step(theta: np.ndarray, distance: np.ndarray) -> np.ndarray:
    share = ndtr(distance / np.sqrt(theta[0] + 1 / 12))
    return np.stack([theta[k] + (theta[k + 1] - theta[k]) * share for k in (1, 3)])


def series(variance: float, place: float = 0.3, normal: np.ndarray = NORMAL) -> TiltSeries:
    """Expected counts of a step, from voxels a third as wide."""
    d = np.einsum("i,i...", normal, grid(FINER)) - place
    share = ndtr(d / np.sqrt(variance)) if variance else (d > 0) * 1.0
    densities = [body(FINER) * (a + (b - a) * share) for a, b in (LEVELS[:2], LEVELS[2:])]
    P = Projector(shape=(SIZE * FINER,) * 2, angles_deg=ANGLES, spacing_nm=1 / FINER, bins=SIZE, bin_nm=1.0)
    counts = [P.forward(v.reshape(*v.shape[:2], SIZE, FINER).mean(axis=3)) for v in densities]
    return TiltSeries(
        data=np.stack(counts).astype(np.float64), angles_deg=ANGLES, spacing_nm=1.0,
        channels=("Co_Ka", "Zn_Ka"), signal="EDS_TEM",
    )  # fmt: skip


def filled() -> np.ndarray:
    return body(FINER).reshape(SIZE, FINER, SIZE, FINER, SIZE, FINER).mean(axis=(1, 3, 5))


def fit(data: TiltSeries, distance: np.ndarray | None = None, **options):
    distance = np.einsum("i,i...", NORMAL, grid(1)) - 0.3 if distance is None else distance
    options = {"bend_voxels": 12.0, "blur_voxels2": 1 / 12} | options
    return fit_profile(
        data, distance, filled(), step, [1.0, 40.0, 1.0, 1.0, 40.0], lower=[-0.06, *[-9.0] * 4], **options
    )


@pytest.mark.parametrize("variance", [0.0, 0.6, 2.4, 9.6])
def test_a_variance_comes_back_whatever_the_voxels_do(variance):
    found = fit(series(variance))
    assert found.converged
    # A twentieth of a voxel squared: the body's voxels, and sharpening to second order where it is sharp.
    assert found.unbounded[0] == pytest.approx(variance, rel=0.02, abs=0.06)
    np.testing.assert_allclose(found.parameters[[1, 4]], [50, 60], rtol=0.02)


@pytest.mark.parametrize("normal", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)])
def test_a_voxel_blurs_no_axis_more_than_another(normal):
    normal = np.array(normal)
    distance = np.einsum("i,i...", normal, grid(1)) - 0.3
    found = fit(series(1.0, normal=normal), distance)
    # Without its share of 1/12 for a square and 1/12 for a mean an axis would be off by a sixth.
    assert found.unbounded[0] == pytest.approx(1.0, abs=0.1)


def test_an_interface_in_the_wrong_place_is_moved_and_not_widened():
    d = np.einsum("i,i...", NORMAL, grid(1))
    true = d - 0.3
    bowl = 0.02 * np.sum((grid(1) - d * NORMAL[:, None, None, None]) ** 2, axis=0)
    wrong = true + 0.8 - bowl
    found = fit(series(1.0), wrong)
    near = (np.abs(true) < 1.5) & (filled() > 0.5)
    left = (wrong + found.bends - true)[near]
    assert np.abs((wrong - true)[near]).mean() > 0.4
    assert np.abs(left).mean() < 0.1
    assert found.unbounded[0] == pytest.approx(1.0, abs=0.15)
    # Without bends the width takes the blame.
    assert fit(series(1.0), wrong, bend_voxels=0.0).unbounded[0] > 1.2


def test_the_error_covers_the_scatter_of_counts():
    mean = series(1.0)
    rng = np.random.default_rng(5)
    base = fit(mean).unbounded[0]
    fits = [fit(replace(mean, data=rng.poisson(mean.data).astype(np.int32))) for _ in range(16)]
    misses = [(one.unbounded[0] - base) / np.sqrt(one.covariance[0, 0]) for one in fits]
    # Sixteen draws know their spread to 18 %, their mean to a quarter; three times that.
    assert 0.5 < np.std(misses) < 1.6
    assert abs(np.mean(misses)) < 0.75


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="distance"):
        fit(series(1.0), np.zeros((SIZE, SIZE, 4)))
