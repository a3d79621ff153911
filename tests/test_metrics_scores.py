"""Precision against the truth, volume scores, and the table of metrics."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from glasstomo import metrics
from glasstomo.metrics import METRICS, dice, nrmse, precision, ssim
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def truth():
    """Return a stand-in for a phantom: two slabs of single phases in vacuum."""
    labels = np.zeros((20, 20, 24), dtype=np.uint8)
    labels[2:18, 2:18, 2:12] = 1
    labels[2:18, 2:18, 12:22] = 2
    zn = np.select([labels == 1, labels == 2], [1.0, 4.0], 0.0).astype(np.float32)
    co = np.select([labels == 1, labels == 2], [5.0, 0.5], 0.0).astype(np.float32)
    total = zn + co
    fraction = np.divide(zn, total, out=np.full(zn.shape, np.nan, np.float32), where=total > 0)
    return SimpleNamespace(
        labels=labels, phase_names=("first", "second"), density=lambda e: zn if e == "Zn" else co,
        fraction=lambda numerator, denominator: fraction,
    )  # fmt: skip


def test_truth_has_no_error(truth):
    found = precision(truth.density("Zn"), truth.density("Co"), truth)
    assert list(found.as_dict().values()) == pytest.approx([0, 0, 0, 0], abs=1e-6)
    # Voxels deeper than 3 in a slab of 10 × 16 × 16: 4 × 10 × 10.
    assert found.voxels == 2 * 4 * 10 * 10
    assert set(found.phases) == {"first", "second"}


def test_known_noise_and_bias_come_back(truth, rng):
    zn, co = (truth.density(e) + 0.1 * rng.standard_normal(truth.labels.shape) for e in ("Zn", "Co"))
    found = precision(zn + 0.5 * truth.density("Zn"), co + 0.5 * truth.density("Co"), truth)
    # 800 voxels: a standard deviation to 2.5 %, a mean to 0.005.
    assert found.phases["first"].density_2sigma == pytest.approx(2 * 0.1 * np.sqrt(2), rel=0.15)
    assert found.phases["first"].density_bias == pytest.approx(0.5 * 6.0, abs=0.04)
    assert found.phases["second"].density_bias == pytest.approx(0.5 * 4.5, abs=0.04)
    assert found.zn_fraction_bias == pytest.approx(0, abs=2e-3)


def test_errors_at_edges_do_not_count(truth):
    zn, co = truth.density("Zn").copy(), truth.density("Co").copy()
    zn[:, :, 10:14] = 99.0
    zn[:4] = 7.0
    assert precision(zn, co, truth).density_2sigma == pytest.approx(0, abs=1e-6)


def test_regions_too_thin_give_nan_not_zero(truth):
    found = precision(truth.density("Zn"), truth.density("Co"), truth, depth=50)
    assert found.voxels == 0
    assert np.isnan(found.zn_fraction_2sigma)
    with pytest.raises(ValueError, match="shapes must agree"):
        precision(np.ones((2, 2, 2)), np.ones((2, 2, 2)), truth)


volumes = st.integers(0, 1000).map(lambda s: np.random.default_rng(s).random((8, 8, 8)))


@given(volume=volumes, truth=volumes, scale=st.floats(0.01, 100))
def test_nrmse_laws(volume, truth, scale):
    assert nrmse(truth, truth) == 0
    assert nrmse(np.zeros_like(truth), truth) == pytest.approx(1)
    assert nrmse(scale * volume, scale * truth) == pytest.approx(nrmse(volume, truth))
    assert nrmse(np.flip(volume, 1), np.flip(truth, 1)) == pytest.approx(nrmse(volume, truth))
    assert nrmse(truth + scale * (volume - truth), truth) == pytest.approx(scale * nrmse(volume, truth))


@given(volume=volumes, truth=volumes)
def test_dice_laws(volume, truth):
    one, other = volume > 0.6, truth > 0.3
    assert dice(one, other) == dice(other, one)
    assert 0 <= dice(one, other) <= 1
    assert dice(other, other) == 1
    assert dice(other, ~other) == 0


def test_chance_scores_chance(rng):
    one, other = rng.random((2, 32, 32, 32)) < 0.25
    # Independent masks of share p overlap in p² of the voxels: Dice p; 32³ voxels leave ±0.004.
    assert dice(one, other) == pytest.approx(0.25, abs=0.015)
    truth = rng.random((24, 24, 24))
    assert ssim(truth, truth) == pytest.approx(1)
    assert abs(ssim(rng.permutation(truth.ravel()).reshape(truth.shape), truth)) < 0.05


def test_bad_volumes_are_refused():
    with pytest.raises(ValueError, match="no scale"):
        nrmse(np.ones((2, 2, 2)), np.zeros((2, 2, 2)))
    with pytest.raises(TypeError, match="mask of booleans"):
        dice(np.ones((2, 2, 2)), np.ones((2, 2, 2), dtype=bool))
    with pytest.raises(ValueError, match="7 voxels"):
        ssim(np.zeros((8, 8, 8)), np.zeros((8, 8, 8)))


def test_table_lists_every_metric_and_names_the_nearest():
    for name, metric in METRICS.items():
        assert metric.function is getattr(metrics, name)
        assert metric.summary
        assert "\n" not in metric.summary
    assert METRICS["dice"](np.ones((1, 1, 1), dtype=bool), np.ones((1, 1, 1), dtype=bool)) == 1
    with pytest.raises(KeyError, match="did you mean 'nrmse'"):
        METRICS["nrms"]


def test_every_public_name_resolves_and_unknown_ones_do_not():
    for name in metrics.__all__:
        assert getattr(metrics, name) is not None
    with pytest.raises(AttributeError, match="no attribute"):
        metrics.nothing  # noqa: B018


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("scipy", "skimage", "numba", "odl")
    code = f"import sys, glasstomo.metrics; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
