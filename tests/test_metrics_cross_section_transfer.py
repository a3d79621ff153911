"""Cross-sections carried to another instrument: exact ratios, errors that add, intervals that cover."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.metrics.cross_section import fit_cross_section
from glasstomo.metrics.cross_section_transfer import (
    ScaleFactor,
    count_ratio,
    solid_angle_ratio,
    transfer_cross_sections,
)
from hypothesis import given
from hypothesis import strategies as st

POSITIVE = st.floats(1e-3, 1e3)
RELATIVE = st.floats(0, 0.2)


def factor(value: float, relative: float) -> ScaleFactor:
    return ScaleFactor(value=value, standard_error=value * relative)


@given(a=POSITIVE, b=POSITIVE, e=RELATIVE, f=RELATIVE)
def test_product_of_factors_adds_relative_errors_in_squares_and_commutes(a, b, e, f):
    one, other = factor(a, e).times(factor(b, f)), factor(b, f).times(factor(a, e))
    assert one.value == pytest.approx(a * b)
    assert one.relative_error == pytest.approx(np.hypot(e, f))
    assert (one.value, one.standard_error) == pytest.approx((other.value, other.standard_error))
    low, high = one.interval
    assert low * high == pytest.approx(one.value**2)
    assert low <= one.value <= high


@given(gain=POSITIVE, reference=POSITIVE, e=RELATIVE, f=RELATIVE)
def test_there_and_back_is_one(gain, reference, e, f):
    there = solid_angle_ratio(gain, reference, gain_error=e * gain, reference_gain_error=f * reference)
    back = solid_angle_ratio(reference, gain, gain_error=f * reference, reference_gain_error=e * gain)
    assert there.value * back.value == pytest.approx(1)
    assert there.relative_error == pytest.approx(back.relative_error) == pytest.approx(np.hypot(e, f))


@given(seed=st.integers(0, 2**32 - 1))
def test_ratio_of_noiseless_counts_is_exact_whatever_the_shape(seed):
    rng = np.random.default_rng(seed)
    areal = rng.gamma(1.0, 800.0, (9, 7)) * (rng.random((9, 7)) > 0.4) + 1e-3
    ratio = count_ratio(
        2e9 * 1.7e-10 * areal, 5e9 * 3.1e-10 * areal, electrons_ratio=2 / 5, variance_per_count=0.0
    )
    assert ratio.value == pytest.approx(1.7 / 3.1, rel=1e-12)
    assert ratio.standard_error == 0


def test_intervals_of_a_carried_cross_section_cover():
    # The second instrument sees one particle that need not be a standard. Expected coverage 95 %; four
    # binomial standard deviations of 400 draws are allowed.
    barn, elsewhere, covered, draws = 3.4, 2.5, 0, 400
    rng = np.random.default_rng(5)
    fit = fit_cross_section(
        np.full((12, 12), 400.0), np.full((12, 12), 200.0), 5.0, 1e9, edge_pixels=0, line="Co_Ka"
    )

    for _ in range(draws):
        here = replace(fit, cross_section_barn=barn * (1 + 0.02 * rng.standard_normal()),
                       standard_error_barn=0.02 * barn)  # fmt: skip
        areal = rng.gamma(2.0, 300.0, 60)
        ratio = count_ratio(
            rng.poisson(1e8 * elsewhere * 1e-10 * areal),
            rng.poisson(2e8 * barn * 1e-10 * areal),
            # The beam current is known to 1 %.
            electrons_ratio=0.5 * (1 + 0.01 * rng.standard_normal()),
            electrons_ratio_error=0.005,
        )
        covered += transfer_cross_sections({"Co_Ka": here}, ratio)["Co_Ka"].covers(elsewhere)
    assert covered / draws == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / draws))


def test_parts_add_up_and_lines_without_a_ratio_stay_behind():
    fit = fit_cross_section(
        np.full((12, 12), 400.0), np.full((12, 12), 200.0), 5.0, 1e9, edge_pixels=0, line="Co_Ka"
    )
    carried = transfer_cross_sections({"Co_Ka": fit, "Co_Kb": fit}, {"Co_Ka": factor(0.8, 0.03)})
    assert list(carried) == ["Co_Ka"]
    there = carried["Co_Ka"]
    squares = sum(part**2 for part in there.standard_errors_barn.values())
    assert np.sqrt(squares) == pytest.approx(there.standard_error_barn)
    assert there.standard_errors_barn["ratio"] == pytest.approx(0.03 * there.cross_section_barn)
    assert list(transfer_cross_sections({"Co_Ka": fit, "Co_Kb": fit}, factor(1.0, 0.0))) == ["Co_Ka", "Co_Kb"]


@pytest.mark.parametrize(
    ("call", "message"),
    [(lambda: factor(0.0, 0.1), "`value` must be positive"),
     (lambda: ScaleFactor(value=1.0, standard_error=-1.0), "`standard_error` must be"),
     (lambda: count_ratio(np.zeros(3), np.ones(3)), "`counts` must be finite with a positive sum"),
     (lambda: count_ratio(np.ones(3), np.array([np.nan])), "`reference_counts`"),
     (lambda: count_ratio(np.ones(3), np.ones(3), variance_per_count=-1.0), "`variance_per_count`"),
     (lambda: solid_angle_ratio(1.0, 0.0), "`value` must be positive"),
     (lambda: transfer_cross_sections({}, {"Co_Ka": factor(1.0, 0.0)}), "`ratios` must name")],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
