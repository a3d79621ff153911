"""Tilt schemes: what is accepted, and the orders of acquisition."""

import numpy as np
import pytest
from glasstomo.forward import TiltScheme
from hypothesis import given
from hypothesis import strategies as st

from .strategies_forward import schemes


@given(schemes)
def test_every_order_visits_each_tilt_once(scheme):
    assert sorted(scheme.acquisition_order) == list(range(scheme.count))
    assert sorted(scheme.acquired_deg) == list(scheme.angles_deg)


@given(schemes)
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
