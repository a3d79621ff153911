"""The history of a series: nominal when nothing is on, and the bookkeeping of fluence."""

from dataclasses import fields, replace

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import tilt_schemes
from glasstomo.forward import TiltScheme
from glasstomo.forward.acquisition_errors import AcquisitionErrors
from glasstomo.forward.beam_damage import BeamDamage
from glasstomo.forward.contamination import Contamination
from glasstomo.forward.history import draw_history, fluence_before
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SCHEME = TiltScheme.uniform(-60, 60, 5, order="dose_symmetric")


def history(**changes):
    return draw_history(SCHEME, **{"fluence_e_nm2": 1e6, "rows": 8} | changes)


@given(tilt_schemes(), st.floats(0, 1e9))
def test_nothing_on_is_nominal(scheme, fluence):
    empty = {"errors": AcquisitionErrors(), "damage": BeamDamage(), "contamination": Contamination()}
    for options in ({}, empty):
        drawn = draw_history(scheme, fluence_e_nm2=fluence, rows=4, **options)
        assert drawn.nominal
        assert drawn.count == scheme.count
        np.testing.assert_array_equal(drawn.angles_deg, scheme.angles_deg)
        assert (drawn.left("Zn") == 1).all()
        assert drawn.row_offsets_nm is None


@pytest.mark.parametrize(
    "options",
    [{"errors": AcquisitionErrors(**{name: 0.1})} for name in AcquisitionErrors.model_fields]
    + [
        {"damage": BeamDamage(contraction=0.1, contraction_fluence_e_nm2=1e6)},
        {"damage": BeamDamage(mass_loss={"N": 0.1}, mass_loss_fluence_e_nm2=1e6)},
        {"contamination": Contamination(adsorbed_nm=0.1, critical_fluence_e_nm2=1e6)},
    ],
    ids=str,
)
def test_anything_on_is_not_nominal(options, rng):
    assert not history(rng=rng, **options).nominal


@given(tilt_schemes(), st.data())
def test_fluence_adds_up_in_the_order_of_acquisition(scheme, data):
    each = data.draw(hnp.arrays(np.float64, scheme.count, elements=st.floats(0, 1e8)))
    drawn = draw_history(scheme, fluence_e_nm2=each, rows=4)
    np.testing.assert_array_equal(drawn.fluence_e_nm2, each)
    order = list(scheme.acquisition_order)
    before, after = drawn.fluence_before_e_nm2[order], (drawn.fluence_before_e_nm2 + each)[order]
    assert before[0] == 0
    np.testing.assert_allclose(before[1:], after[:-1], rtol=1e-12)
    # Added in another order, the total differs by rounding.
    np.testing.assert_allclose(after[-1], each.sum(), rtol=1e-12)
    np.testing.assert_array_equal(fluence_before(scheme, each), drawn.fluence_before_e_nm2)


@given(st.integers(1, 12), st.floats(1, 1e8))
def test_an_extreme_tilt_sees_least_or_most(count, fluence):
    """Of one sweep the last tilt has seen all the others; outwards from zero, the middle none."""
    up = TiltScheme.uniform(-60, 60, 2 * count + 1)
    each = np.full(up.count, fluence)
    np.testing.assert_allclose(fluence_before(up, each)[-1], 2 * count * fluence)
    outwards = up.replace(order="dose_symmetric")
    assert fluence_before(outwards, each)[count] == 0
    assert fluence_before(outwards, each)[[0, -1]].min() >= (2 * count - 1) * fluence * (1 - 1e-12)


def test_true_current_makes_true_fluence(rng):
    drawn = history(errors=AcquisitionErrors(current_sigma=0.2), rng=rng)
    np.testing.assert_allclose(drawn.fluence_e_nm2, 1e6 * drawn.current)
    np.testing.assert_allclose(
        drawn.fluence_before_e_nm2, fluence_before(SCHEME, 1e6 * drawn.current), rtol=1e-12
    )


def test_arrays_are_checked_copies():
    drawn = history()
    given_angles = np.zeros(5)
    made = replace(drawn, angles_deg=given_angles)
    given_angles[0] = 99
    assert made.angles_deg[0] == 0
    assert all(
        getattr(made, item.name).dtype == np.float64
        for item in fields(made)
        if isinstance(getattr(made, item.name), np.ndarray)
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"angles_deg": np.zeros(4)}, r"`angles_deg` must have shape \(5,\), got \(4,\)"),
        ({"shift_nm": np.zeros(5)}, r"`shift_nm` must have shape \(5, 2\)"),
        ({"current": np.zeros(5)}, "`current` must be positive"),
        ({"contraction": -np.ones(5)}, "`contraction` must be positive"),
        ({"rotation_deg": np.full(5, np.nan)}, "`rotation_deg` must be finite"),
        ({"mass_left": {"N": np.full(5, 1.5)}}, r"`mass_left\['N'\]` must lie in \[0, 1\]"),
        ({"row_offsets_nm": np.zeros((5, 8))}, "`row_offsets_nm` must have shape"),
    ],
)
def test_bad_histories_say_what_is_wrong(changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        replace(history(), **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fluence_e_nm2": [1e6, 1e6]}, "`fluence_e_nm2` must be one number or 5"),
        ({"fluence_e_nm2": -1.0}, "`fluence_e_nm2` must be finite and not negative"),
        ({"rows": 0}, "`rows` must be a whole number"),
    ],
)
def test_bad_requests_say_what_is_wrong(changes, message):
    with pytest.raises(ValueError, match=message):
        history(**changes)
    with pytest.raises(TypeError, match="`scheme` must be a TiltScheme, got tuple"):
        draw_history((0, 1), fluence_e_nm2=1.0, rows=1)
