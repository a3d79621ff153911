"""Corrections of shadowing: constant totals, modelled gains, and dwells that make up for it."""

import numpy as np
import pytest
from glasstomo.forward import (
    HOLDERS,
    MICROSCOPES,
    EDSDetector,
    TiltScheme,
    TiltSeries,
    expected_counts,
    simulate,
)
from glasstomo.forward.compensating_dwell import compensating_dwell_s
from glasstomo.forward.constant_total import constant_total_gains
from glasstomo.forward.gain_correction import modelled_gains, with_gains
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from .small_phantoms import ball_phantom

OSIRIS = MICROSCOPES["osiris"]
SCHEME = TiltScheme.uniform(-60, 60, 7)
LINES = ("Co_Ka", "Zn_Ka")
gain_curves = hnp.arrays(np.float64, st.integers(1, 9), elements=st.floats(0.05, 2))


def noiseless(**fields) -> TiltSeries:
    return expected_counts(
        ball_phantom(), **({"scheme": SCHEME, "microscope": "osiris", "lines": LINES} | fields)
    )


@pytest.mark.parametrize("holder", ["wall", "blade"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_constant_totals_recover_the_gains_of_a_particle_in_the_field(holder, per_channel):
    series = noiseless(holder=holder)
    scaled = constant_total_gains(with_gains(series, None), per_channel=per_channel)
    # The projector keeps mass to the rounding of float32; the gains span a fifth or more.
    np.testing.assert_allclose(scaled.gains, series.gains, rtol=1e-5)
    assert np.ptp(series.gains) > 0.15
    np.testing.assert_array_equal(scaled.data, series.data)


@pytest.mark.parametrize("per_channel", [False, True])
def test_segments_apart_have_gains_that_add_up(per_channel):
    series = noiseless(holder="wall", segments="separate", scheme=TiltScheme.uniform(-70, 70, 7))
    scaled = constant_total_gains(with_gains(series, None), per_channel=per_channel)
    # A segment that the wall hides has a gain of 0, which is no reason to refuse the tilt.
    assert (series.gains == 0).any()
    np.testing.assert_allclose(scaled.gains, series.gains, rtol=1e-5, atol=1e-9)
    whole = scaled.summed_segments()
    np.testing.assert_allclose(whole.gains[:, 3], 1)
    np.testing.assert_allclose(
        whole.gains, constant_total_gains(whole, per_channel=per_channel).gains, rtol=1e-12
    )


def test_constant_totals_know_the_exposure():
    dwell = tuple(np.linspace(0.1, 0.4, SCHEME.count))
    series = noiseless(holder="wall", dwell_s=dwell)
    assert series.exposure is not None
    np.testing.assert_allclose(constant_total_gains(series).gains, series.gains, rtol=1e-5)


def test_constant_totals_keep_counts_counts(rng):
    counts = simulate(ball_phantom(), scheme=SCHEME, microscope="osiris", holder="wall", rng=rng)
    scaled = constant_total_gains(counts)
    assert scaled.data.dtype == counts.data.dtype
    np.testing.assert_array_equal(scaled.data, counts.data)
    totals = counts.data.sum(axis=(0, 2, 3))
    # Each total has the relative error 1/sqrt(T); so does its reference: five of both together.
    error = 5 * np.sqrt(1 / totals + 1 / totals[3])
    assert (np.abs(scaled.gains[0] / counts.gains[0] - 1) <= error).all()


@given(gain_curves, st.data())
def test_scaled_totals_are_equal_and_the_reference_is_one(curve, data):
    angles = np.linspace(-50, 60, len(curve))
    series = TiltSeries(
        data=np.broadcast_to(curve[:, None, None], (2, len(curve), 3, 4)) * [[[[1.0]]], [[[5.0]]]],
        angles_deg=angles,
        spacing_nm=5.0,
        channels=LINES,
        signal="EDS_TEM",
    )
    per_channel = data.draw(st.booleans())
    gains = constant_total_gains(series, per_channel=per_channel).gains
    totals = (series.stack / gains[:, :, None, None]).sum(axis=(2, 3))
    np.testing.assert_allclose(totals, np.broadcast_to(totals[:, :1], totals.shape))
    assert (gains[:, np.argmin(np.abs(angles))] == 1).all()
    mean = constant_total_gains(series, per_channel=per_channel, reference="mean").gains
    np.testing.assert_allclose(mean.mean(axis=1), 1)
    np.testing.assert_allclose(mean / mean[:, :1], gains / gains[:, :1])


def test_a_film_or_a_cut_off_particle_is_taken_for_gain():
    """What the method cannot know: stated in the docs, seen here."""
    series = noiseless()
    cut = TiltSeries(
        data=series.data[:, :, 4:6],
        angles_deg=series.angles_deg,
        spacing_nm=20.0,
        channels=LINES,
        signal="EDS_TEM",
    )
    assert np.ptp(constant_total_gains(cut).gains) > 0.01


def test_constant_totals_need_counts_everywhere():
    data = np.ones((2, 3, 4, 4), int)
    data[0, 1] = 0
    series = TiltSeries(
        data=data, angles_deg=[-30.0, 0.0, 30.0], spacing_nm=5.0, channels=LINES, signal="EDS_TEM"
    )
    assert constant_total_gains(series).gains[0, 0] == 2.0
    with pytest.raises(
        ValueError, match=r"total of Co_Ka at tilt index 1 \(0 degrees\) must be positive, got 0"
    ):
        constant_total_gains(series, per_channel=True)
    with pytest.raises(ValueError, match="total of all channels at tilt index 1"):
        constant_total_gains(series.channel("Co_Ka"))
    with pytest.raises(ValueError, match="`reference` must be 'zero' or 'mean', got 'max'"):
        constant_total_gains(series, reference="max")


@pytest.mark.parametrize("segments", ["sum", "separate"])
def test_modelled_gains_are_those_of_the_simulation(segments):
    series = noiseless(holder="wall", segments=segments)
    gains = modelled_gains(series, detector=OSIRIS.eds, holder="wall")
    np.testing.assert_allclose(gains, series.gains, rtol=1e-12)
    np.testing.assert_array_equal(with_gains(with_gains(series, None), gains).gains, gains)


def test_modelled_gains_of_named_segments():
    named = EDSDetector(
        segments=tuple(s.replace(name=n) for s, n in zip(OSIRIS.eds.segments, "abcd", strict=True))
    )
    series = TiltSeries(
        data=np.ones((2, 1, 1, 1)),
        angles_deg=[30.0],
        spacing_nm=5.0,
        channels=("Zn_Ka@b", "Zn_Ka@2"),
        signal="EDS_TEM",
    )
    by_name, by_number = modelled_gains(series, detector=named, holder="wall")
    np.testing.assert_array_equal(by_name, by_number)
    apart = named.relative_gain([30.0], holder="wall", energy_kev=8.63, separate=True)
    np.testing.assert_allclose(by_name, apart[1], rtol=1e-3)
    assert abs(apart[1] - apart[0]) > 0.05
    with pytest.raises(ValueError, match="'Zn_Ka@b': the detector has no such segment; it has 1, 2, 3, 4"):
        modelled_gains(series, detector=OSIRIS.eds)


def test_gains_are_checked():
    series = noiseless()
    assert with_gains(series, np.ones(7)).gains.shape == (2, 7)
    with pytest.raises(ValueError, match=r"`gains` must have shape \(channel, tilt\) = \(2, 7\)"):
        with_gains(series, np.ones(6))
    with pytest.raises(ValueError, match="not negative"):
        with_gains(series, -np.ones(7))


@given(gain_curves, st.floats(1e-3, 100))
def test_compensating_dwells_make_counts_equal(curve, seconds):
    for choice, known in (("total_s", sum), ("minimum_s", min)):
        dwell = compensating_dwell_s(curve, **{choice: seconds})
        np.testing.assert_allclose(known(dwell), seconds)
        counts = np.array(dwell) * curve
        np.testing.assert_allclose(counts, counts[0])
    # Never more counts in all than evenly spent time would give.
    even = seconds * curve.mean()
    assert np.dot(compensating_dwell_s(curve, total_s=seconds), curve) <= even * (1 + 1e-12)


def test_compensating_dwells_make_a_simulated_series_even():
    gains = OSIRIS.eds.relative_gain(SCHEME.angles_deg, holder=HOLDERS["wall"])
    dwell = compensating_dwell_s(gains, total_s=SCHEME.count * 0.2)
    even, uneven = noiseless(holder="wall", dwell_s=dwell), noiseless(holder="wall")
    totals = even.data.sum(axis=(0, 2, 3))
    np.testing.assert_allclose(totals, totals[0], rtol=1e-5)
    assert np.ptp(uneven.data.sum(axis=(0, 2, 3))) > 0.2 * totals[0]
    # The dose is the same, the counts are fewer.
    np.testing.assert_allclose(even.electrons.sum(), uneven.electrons.sum())
    assert even.data.sum() < uneven.data.sum()


def test_channels_are_averaged():
    assert compensating_dwell_s([[1.0, 0.4], [1.0, 0.6]], minimum_s=1.0) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 0.0],), "`gains` must be positive: 0.0 at index 1; no dwell makes up"),
        (([1.0, np.nan],), "`gains` must be positive: nan at index 1"),
        (([],), "`gains` must have shape"),
        ((np.ones((2, 2, 2)),), "`gains` must have shape"),
    ],
)
def test_bad_gains_have_no_dwell(arguments, message):
    with pytest.raises(ValueError, match=message):
        compensating_dwell_s(*arguments, total_s=1.0)


def test_exactly_one_time_is_given():
    for times in ({}, {"total_s": 1.0, "minimum_s": 1.0}):
        with pytest.raises(ValueError, match="one of `total_s` and `minimum_s`"):
            compensating_dwell_s([1.0], **times)
    with pytest.raises(ValueError, match="`total_s` must be a positive number of seconds, got 0"):
        compensating_dwell_s([1.0], total_s=0)
