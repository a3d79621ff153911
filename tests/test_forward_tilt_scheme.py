"""Tilt schemes: what is accepted, and the orders of acquisition."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import tilt_schemes
from glasstomo.forward import TiltScheme
from hypothesis import given
from hypothesis import strategies as st


@given(tilt_schemes())
def test_every_order_visits_each_tilt_once(scheme):
    assert sorted(scheme.acquisition_order) == list(range(scheme.count))
    assert sorted(scheme.acquired_deg) == list(scheme.angles_deg)


@given(tilt_schemes())
def test_scheme_survives_its_own_fields(scheme):
    assert TiltScheme(**scheme.model_dump()) == scheme


@given(st.integers(2, 200), st.floats(1, 90))
def test_uniform_is_symmetric_and_even(count, reach):
    angles = np.array(TiltScheme.uniform(-reach, reach, count).angles_deg)
    assert len(angles) == count
    assert (angles[0], angles[-1]) == (-reach, reach)
    # linspace rounds each angle once, to 90 * 2^-53 or so.
    np.testing.assert_allclose(angles, -angles[::-1], atol=1e-12)
    np.testing.assert_allclose(np.diff(angles), 2 * reach / (count - 1), atol=1e-12)


@pytest.mark.parametrize(
    ("order", "acquired"),
    [
        ("increasing", (-60, -30, 0, 30, 60)),
        ("decreasing", (60, 30, 0, -30, -60)),
        ("from_zero", (0, 30, 60, -30, -60)),
        ("dose_symmetric", (0, 30, -30, 60, -60)),
    ],
)
def test_orders(order, acquired):
    assert TiltScheme(angles_deg=(-60, -30, 0, 30, 60), order=order).acquired_deg == acquired


def test_one_tilt():
    assert TiltScheme.uniform(0, 0, 1).angles_deg == (0.0,)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TiltScheme(angles_deg=(0, 14, 12)), "12.0 follows 14.0 at index 2"),
        (lambda: TiltScheme(angles_deg=(0, 0)), "must increase"),
        (lambda: TiltScheme(angles_deg=(-91, 0)), "-91.0 at index 0"),
        (lambda: TiltScheme(angles_deg=()), "at least one angle"),
        (lambda: TiltScheme(angles_deg=(float("nan"),)), "finite"),
        (lambda: TiltScheme(angles_deg=(0,), order="random"), "order"),
        (lambda: TiltScheme(angle_deg=(0,)), "did you mean 'angles_deg'"),
        (lambda: TiltScheme.uniform(-60, 60, 0), "`count`"),
        (lambda: TiltScheme.uniform(60, -60, 5), "`stop_deg` must be above"),
        (lambda: TiltScheme.uniform(-60, 60, 1), "`count` of 1"),
    ],
)
def test_bad_schemes_say_what_is_wrong(build, message):
    with pytest.raises(ValueError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)


# Saxton's angles as another program lists them, rounded to 0.1 degree after a first step of "9.5".
SAXTON_TABLE = (9.5, 19, 28, 36.4, 44.1, 51, 57, 62.2, 66.6, 70.4, 73.6, 76.3, 78.6, 80.5)


@given(st.floats(0.5, 60), st.floats(0, 89), st.floats(0, 89))
def test_saxton_steps_shrink_with_the_cosine_within_the_range(step, low, high):
    angles = np.array(TiltScheme.saxton(-low, high, step_deg=step).angles_deg)
    assert -low <= angles[0]
    assert angles[-1] <= high
    assert 0.0 in angles
    up, down = angles[angles >= 0], -angles[angles <= 0][::-1]
    for side, reach in ((up, high), (down, low)):
        # The law holds to rounding, but for a last tilt that lay within 1e-9 degrees of the end.
        np.testing.assert_allclose(
            np.sin(np.deg2rad(np.diff(side))),
            np.sin(np.deg2rad(step)) * np.cos(np.deg2rad(side[:-1])),
            atol=1e-10,
        )
        following = np.deg2rad(side[-1])
        following += np.arcsin(np.sin(np.deg2rad(step)) * np.cos(following))
        assert np.rad2deg(following) > reach


@given(st.integers(1, 40), st.floats(1, 89))
def test_saxton_of_a_number_reaches_both_ends(half, reach):
    scheme = TiltScheme.saxton(-reach, reach, count=2 * half + 1)
    angles = np.array(scheme.angles_deg)
    assert (len(angles), angles[0], angles[-1]) == (2 * half + 1, -reach, reach)
    steps = np.deg2rad(np.diff(angles[half:]))
    ratio = np.sin(steps) / np.cos(np.deg2rad(angles[half:-1]))
    # The step is found to the last bit; what is left is the rounding of the sum of the steps.
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def test_saxton_agrees_with_a_listed_scheme():
    angles = TiltScheme.saxton(0, 81, step_deg=9.55).angles_deg[-14:]
    # The list is rounded to 0.1 degree, and so is its first step.
    np.testing.assert_allclose(angles, SAXTON_TABLE, atol=0.11)


@given(st.integers(1, 300), st.floats(-90, 60), st.floats(1, 30))
def test_golden_ratio_leaves_two_or_three_lengths_of_gap(count, start, span):
    scheme = TiltScheme.golden_ratio(start, start + span, count)
    angles = np.array(scheme.angles_deg)
    assert len(angles) == count
    assert angles[0] >= start
    assert angles[-1] <= start + span
    gaps = np.diff([*angles, angles[0] + span]) / span
    # The three-gap theorem: every gap is a power of the golden section, in at most three lengths.
    powers = np.log(gaps) / np.log((np.sqrt(5) - 1) / 2)
    np.testing.assert_allclose(powers, powers.round(), atol=1e-6)
    assert len(set(powers.round())) <= 3
    assert gaps.max() * count < 1 + 2 / np.sqrt(5)
    # Uniform sampling would leave 1; nothing below that is possible.
    assert gaps.max() * count >= 1 - 1e-9


@given(st.integers(2, 60), st.data())
def test_a_golden_ratio_series_broken_off_is_a_shorter_one(count, data):
    kept = data.draw(st.integers(1, count))
    assert TiltScheme.golden_ratio(-70, 70, count).first(kept) == TiltScheme.golden_ratio(-70, 70, kept)


@given(tilt_schemes(), st.data())
def test_the_first_tilts_are_those_that_were_taken_first(scheme, data):
    kept = data.draw(st.integers(1, scheme.count))
    assert scheme.first(kept).acquired_deg == scheme.acquired_deg[:kept]


def test_golden_ratio_starts_where_it_is_told():
    assert TiltScheme.golden_ratio(-70, 70, 9).acquired_deg[0] == 0.0
    assert TiltScheme.golden_ratio(10, 70, 9).acquired_deg[0] == 10.0
    assert TiltScheme.golden_ratio(-70, 70, 9, first_deg=-20).acquired_deg[0] == -20.0


@given(st.permutations(range(7)))
def test_any_order_can_be_spelt_out(order):
    scheme = TiltScheme(angles_deg=range(7), order=order)
    assert scheme.acquisition_order == tuple(order)
    assert scheme.acquired_deg == tuple(float(index) for index in order)
    again = TiltScheme(**scheme.model_dump(mode="json"))
    assert again == scheme
    assert hash(again) == hash(scheme)
    assert eval(repr(scheme)) == scheme


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TiltScheme(angles_deg=(0, 1, 2), order=(0, 1)), "every index from 0 to 2 once, got"),
        (lambda: TiltScheme(angles_deg=(0, 1, 2), order=(0, 1, 1)), "every index from 0 to 2 once"),
        (lambda: TiltScheme(angles_deg=(0, 1), order=(0.0, 1.0)), "order: must be one of increasing"),
        (lambda: TiltScheme(angles_deg=(0, 1), order=3), "order: must be one of increasing"),
        (lambda: TiltScheme(angles_deg=(0, 1), order="random"), "dose_symmetric, or every index once"),
        (lambda: TiltScheme.golden_ratio(-70, 70, 0), "`count`"),
        (lambda: TiltScheme.golden_ratio(70, -70, 3), "`stop_deg` must be above"),
        (lambda: TiltScheme.golden_ratio(-70, 70, 3, first_deg=70), "`first_deg`"),
        (lambda: TiltScheme.golden_ratio(-100, 70, 30), "within -90 and 90"),
        (lambda: TiltScheme.saxton(10, 70, step_deg=5), "`start_deg` 10"),
        (lambda: TiltScheme.saxton(-90, 90, step_deg=5), "stay within"),
        (lambda: TiltScheme.saxton(-70, 70), "one of `step_deg` and `count`"),
        (lambda: TiltScheme.saxton(-70, 70, step_deg=5, count=15), "one of `step_deg` and `count`"),
        (lambda: TiltScheme.saxton(-70, 70, step_deg=0), "`step_deg` must lie within"),
        (lambda: TiltScheme.saxton(-70, 70, count=14), "odd number"),
        (lambda: TiltScheme.saxton(-70, 60, count=15), "symmetric range"),
        (lambda: TiltScheme.saxton(-70, 70, count=1), "symmetric range"),
        (lambda: TiltScheme.uniform(-60, 60, 5).first(6), "at most the 5 tilts"),
        (lambda: TiltScheme.uniform(-60, 60, 5).first(0), "`count`"),
    ],
)
def test_bad_schemes_beyond_uniform_say_what_is_wrong(build, message):
    with pytest.raises(ValueError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)
