"""Thresholds side by side: laws of each, and the table that compares them."""

import numpy as np
import pytest
from glasstomo.benchmarks.figures_threshold_comparison import figure_threshold_comparison
from glasstomo.benchmarks.threshold_comparison import KINDS, Sample, compare, main, markdown, two_to_one
from glasstomo.metrics.blur_loss import blur_loss_voxels
from glasstomo.metrics.thresholds import (
    THRESHOLDS,
    fixed_fraction_threshold,
    otsu_threshold,
    volume_matching_threshold,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

R = np.sqrt(sum((axis - 0.3) ** 2 for axis in np.mgrid[-14:15, -14:15, -14:15]))
FILL = np.clip(9.5 - R, 0, 1)
VOLUME = 4 * gaussian_filter(FILL, 0.9)


@pytest.mark.parametrize("name", list(THRESHOLDS))
def test_every_rule_finds_a_plain_ball(name):
    mask = THRESHOLDS[name](VOLUME, FILL.sum())
    # 3 σ²/R² = 3 % of blur, and faces of a ball of few voxels.
    assert abs(mask.sum() / FILL.sum() - 1) < (0.001 if name == "truth" else 0.06)


@pytest.mark.parametrize("name", list(THRESHOLDS))
@settings(max_examples=6)
@given(scale=st.floats(0.01, 100), shift=st.floats(-5, 5))
def test_rules_follow_the_units(name, scale, shift):
    one, other = THRESHOLDS[name](VOLUME, FILL.sum()), THRESHOLDS[name](scale * (VOLUME + shift), FILL.sum())
    assert other.sum() == pytest.approx(one.sum(), rel=0.02)


def test_otsu_agrees_with_scikit_image():
    filters = pytest.importorskip("skimage.filters")
    # Ours gives the edge of a bin, theirs its middle, of 256 bins.
    width = np.ptp(VOLUME) / 256
    assert otsu_threshold(VOLUME) == pytest.approx(filters.threshold_otsu(VOLUME), abs=1.01 * width)


@given(held=st.integers(1, 999))
def test_volume_matching_encloses_what_it_is_told(held):
    volume = np.random.default_rng(0).permutation(1000.0 * np.arange(1, 1001)).reshape(10, 10, 10)
    assert np.count_nonzero(volume > volume_matching_threshold(volume, held)) == held


@given(fraction=st.floats(0.01, 0.99))
def test_fixed_fraction_is_that_fraction(fraction):
    assert fixed_fraction_threshold(7 + 2 * (R < 9), fraction) == pytest.approx(7 + 2 * fraction)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
def test_blur_loss_is_that_of_a_blurred_ball(sigma):
    ball = np.clip(11.5 - R[1:, 1:, 1:], 0, 1)
    soft = gaussian_filter(np.pad(ball, 4), sigma)
    mask = soft > 0.5
    # A third-order term, (σ/R)⁴, and whole voxels: a tenth of the loss.
    missing = ball.sum() - mask.sum()
    assert blur_loss_voxels(soft, mask) == pytest.approx(missing, rel=0.25)
    assert abs(mask.sum() + blur_loss_voxels(soft, mask) - ball.sum()) < 0.3 * missing


def test_nothing_to_part_has_no_threshold():
    same = np.ones((5, 5, 5))
    assert np.isnan(otsu_threshold(same))
    assert np.isnan(fixed_fraction_threshold(same))
    for name in ("esf", "esf_level", "esf_regained", "otsu", "half"):
        assert not THRESHOLDS[name](same).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [(lambda: fixed_fraction_threshold(VOLUME, 1.0), "`fraction`"),
     (lambda: volume_matching_threshold(VOLUME, 0), "`true_volume_voxels`"),
     (lambda: volume_matching_threshold(VOLUME, float("nan")), "`true_volume_voxels`"),
     (lambda: volume_matching_threshold(VOLUME, VOLUME.size), "`true_volume_voxels`"),
     (lambda: THRESHOLDS["truth"](VOLUME), "missing"),
     (lambda: otsu_threshold(np.zeros((3, 3))), "must be a volume"),
     (lambda: THRESHOLDS["percentile"], "percentile")],
)  # fmt: skip
def test_mistakes_are_answered_in_one_line(call, message):
    with pytest.raises((ValueError, KeyError), match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_comparison_counts_what_is_found_and_draws(tmp_path):
    nothing = np.random.default_rng(0).standard_normal(FILL.shape)
    found = [
        Sample(kind="ball", volume=VOLUME, fill=FILL),
        Sample(kind="ball", volume=VOLUME + 0.01 * nothing, fill=FILL),
        Sample(kind="nothing", volume=nothing, fill=FILL),
    ]
    rows = {(row.kind, row.method): row for row in compare(found)}
    assert len(rows) == 2 * len(THRESHOLDS)
    assert rows["ball", "esf"].found == rows["ball", "esf"].particles == 2
    assert rows["nothing", "esf"].found == 0
    assert rows["ball", "truth"].volume_rms < 1e-3 < rows["ball", "otsu"].volume_rms
    assert rows["ball", "truth"].dice > 0.94
    assert "| nothing | esf | 0/1 | – | – | – |" in markdown(list(rows.values()))
    figure = figure_threshold_comparison(list(rows.values()), found)
    assert len(figure.axes) == 4
    figure.savefig(tmp_path / "figure.png", dpi=40)


def test_two_to_one_is_what_one_level_fails_at():
    assert "two_to_one" in KINDS
    sample = two_to_one(32, 1)
    rows = {row.method: row for row in compare([sample])}
    assert abs(rows["esf"].volume_error) < 0.04
    assert rows["half"].volume_error < -0.08
    assert rows["esf"].dice > rows["half"].dice


def test_command_prints_a_table():
    from click.testing import CliRunner

    result = CliRunner().invoke(main, ["--size", "32", "--replicates", "1", "--kind", "two_to_one"])
    assert result.exit_code == 0, result.output
    assert "| two phases, 1:2, blurred truth | otsu |" in result.output
