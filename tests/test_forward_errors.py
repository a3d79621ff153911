"""Errors of an acquisition: what is accepted, and the statistics of what is drawn."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import acquisition_errors
from glasstomo.forward import TiltScheme
from glasstomo.forward.acquisition_errors import AcquisitionErrors
from glasstomo.forward.history import draw_history
from hypothesis import given
from hypothesis import strategies as st

# Enough draws that a standard deviation is known to about 1 %.
SCHEME = TiltScheme.uniform(-70, 70, 4001)
# A test statistic of a correct program leaves this many of its standard errors once in 1.7 million runs.
FIVE_SIGMA = 5.0


def drawn(rng=None, scheme=SCHEME, rows=1, **fields):
    return draw_history(scheme, fluence_e_nm2=1e6, rows=rows, errors=AcquisitionErrors(**fields), rng=rng)


def assert_mean_and_sigma(sample, mean, sigma):
    """Both within five standard errors; false alarm below 2e-6 for each."""
    count = np.size(sample)
    assert abs(np.mean(sample) - mean) < FIVE_SIGMA * sigma / np.sqrt(count)
    # The standard error of the standard deviation of a normal sample; a little more for log-normal ones.
    assert abs(np.std(sample) / sigma - 1) < 1.3 * FIVE_SIGMA / np.sqrt(2 * count)


def test_tilts_scatter_about_the_reading_plus_the_offset(rng):
    history = drawn(rng, tilt_sigma_deg=0.4, tilt_offset_deg=1.5)
    assert_mean_and_sigma(history.angles_deg - history.nominal_deg, 1.5, 0.4)


def test_shifts_scatter_alike_along_both_axes_and_are_independent(rng):
    shift = drawn(rng, shift_sigma_nm=3.0, axis_offset_nm=7.0).shift_nm
    assert_mean_and_sigma(shift[:, 0], 7.0, 3.0)
    assert_mean_and_sigma(shift[:, 1], 0.0, 3.0)
    for pair in (shift.T, (shift[1:, 0], shift[:-1, 0])):
        # The correlation of independent samples has a standard error of 1 / sqrt(n).
        assert abs(np.corrcoef(*pair)[0, 1]) < FIVE_SIGMA / np.sqrt(len(shift))


@pytest.mark.parametrize("sigma", [0.02, 0.3])
def test_current_scatters_about_its_nominal_value(rng, sigma):
    current = drawn(rng, current_sigma=sigma).current
    assert_mean_and_sigma(current, 1.0, sigma)
    assert current.min() > 0


def test_rows_of_the_scan_scatter(rng):
    offsets = drawn(rng, rows=50, scheme=TiltScheme.uniform(-60, 60, 40), scan_noise_nm=2.0).row_offsets_nm
    assert offsets.shape == (40, 50, 2)
    assert_mean_and_sigma(offsets, 0.0, 2.0)


@given(st.sampled_from(["increasing", "decreasing", "from_zero", "dose_symmetric"]), st.floats(-0.9, 2))
def test_current_drifts_in_the_order_of_acquisition(order, drift):
    scheme = TiltScheme.uniform(-60, 60, 7, order=order)
    current = drawn(scheme=scheme, current_drift=drift).current[list(scheme.acquisition_order)]
    np.testing.assert_allclose(current, np.linspace(1, 1 + drift, 7), rtol=1e-12)


def test_true_tilts_stop_at_90_degrees(rng):
    needle = TiltScheme.uniform(-90, 90, 19)
    angles = drawn(rng, needle, tilt_sigma_deg=0.1, tilt_offset_deg=2.0).angles_deg
    assert angles[-1] == 90
    np.testing.assert_allclose(angles[:-1], np.array(needle.angles_deg)[:-1] + 2.0, atol=0.6)


def test_a_single_tilt_does_not_drift():
    assert drawn(scheme=TiltScheme.uniform(0, 0, 1), current_drift=0.5).current.tolist() == [1.0]


def test_constant_errors_are_constant():
    history = drawn(axis_offset_nm=-4.0, axis_angle_deg=0.7, tilt_offset_deg=2.0)
    assert (history.shift_nm == (-4.0, 0.0)).all()
    assert (history.rotation_deg == 0.7).all()
    np.testing.assert_array_equal(history.angles_deg, history.nominal_deg + 2.0)


RANDOM = ("tilt_sigma_deg", "shift_sigma_nm", "current_sigma", "scan_noise_nm")
PART = {
    "tilt_sigma_deg": lambda history: history.angles_deg,
    "shift_sigma_nm": lambda history: history.shift_nm,
    "current_sigma": lambda history: history.current,
    "scan_noise_nm": lambda history: history.row_offsets_nm,
}


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("other", RANDOM)
def test_switching_one_error_on_leaves_the_others_as_they_were(name, other):
    scheme = TiltScheme.uniform(-60, 60, 5)
    alone = drawn(np.random.default_rng(5), scheme, 3, **{name: 0.2})
    both = drawn(np.random.default_rng(5), scheme, 3, **{name: 0.2, other: 0.2})
    np.testing.assert_array_equal(PART[name](alone), PART[name](both))
    if other != name:
        assert PART[other](both) is not None
        assert not np.array_equal(PART[other](both), PART[other](alone))


def test_the_generator_is_left_where_it_was(rng):
    before = rng.bit_generator.state
    drawn(rng, shift_sigma_nm=1.0, scan_noise_nm=1.0)
    assert rng.bit_generator.state == before


def test_the_same_seed_draws_the_same_and_the_next_call_does_not():
    first, again = (drawn(np.random.default_rng(3), shift_sigma_nm=1.0) for _ in range(2))
    np.testing.assert_array_equal(first.shift_nm, again.shift_nm)
    rng = np.random.default_rng(3)
    one, two = (drawn(rng, shift_sigma_nm=1.0).shift_nm for _ in range(2))
    assert not np.array_equal(one, two)


@given(acquisition_errors())
def test_errors_survive_their_own_fields(drawn_errors):
    assert AcquisitionErrors(**drawn_errors.model_dump(mode="json")) == drawn_errors
    assert eval(repr(drawn_errors)) == drawn_errors


def test_what_is_random_and_what_is_on():
    assert not AcquisitionErrors().any
    for name in AcquisitionErrors.model_fields:
        on = AcquisitionErrors(**{name: 0.1})
        assert on.any
        assert on.random == (name in RANDOM)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tilt_sigma_deg": -1}, "tilt_sigma_deg: Input should be greater than or equal to 0, got -1"),
        ({"shift_sigma_nm": float("nan")}, "shift_sigma_nm"),
        ({"current_drift": -1}, "current_drift: Input should be greater than -1"),
        ({"current_sigma": 2}, "current_sigma"),
        ({"axis_angle_deg": 46}, "axis_angle_deg"),
        ({"tilt_sigma": 1}, "did you mean 'tilt_sigma_deg'"),
    ],
)
def test_bad_errors_say_what_is_wrong(fields, message):
    with pytest.raises(ValueError, match=message) as caught:
        AcquisitionErrors(**fields)
    assert "\n" not in str(caught.value)


def test_random_errors_need_a_generator():
    with pytest.raises(ValueError, match="`rng` is needed: random errors are on"):
        drawn(shift_sigma_nm=1.0)
    with pytest.raises(TypeError, match=r"`rng` must be a numpy\.random\.Generator"):
        drawn(7, shift_sigma_nm=1.0)
    assert drawn(axis_offset_nm=1.0).shift_nm.any()
