"""Simulated EDS series: eq. (1), the laws it must obey, and the statistics of the draws."""

import json

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import phantoms, tilt_schemes
from glasstomo.forward import (
    HOLDERS,
    MICROSCOPES,
    Acquisition,
    BeamDamage,
    TiltScheme,
    draw_counts,
    electrons_per_pixel,
    expected_counts,
    history_of,
    simulate,
    simulate_spectra,
)
from glasstomo.phantoms import Grid, make_phantom
from hypothesis import given
from hypothesis import strategies as st

from .small_phantoms import ball_phantom, phantom_of

LINES = ("Co_Ka", "Co_Kb", "Zn_Ka", "Zn_Kb")
# The projector sums float32 products over a few dozen voxels per line of sight.
FLOAT32 = 1e-5


def close(actual, desired):
    np.testing.assert_allclose(actual, desired, rtol=0, atol=FLOAT32 * max(np.abs(desired).max(), 1e-30))


@pytest.mark.parametrize("name", MICROSCOPES)
def test_slab_gives_equation_one(name):
    zinc, cobalt = np.full((8, 4, 6), 4.45), np.full((8, 4, 6), 4.87)
    phantom = phantom_of({"Zn": zinc, "Co": cobalt}, 25.0)
    series = expected_counts(phantom, scheme=TiltScheme(angles_deg=(0,)), microscope=name, lines=LINES)
    assert series.data.shape == (4, 1, 2, 3)
    electrons = 1e-9 * 0.2 / 1.602176634e-19
    for line, data in zip(LINES, series.data, strict=True):
        areal = (4.45 if line.startswith("Zn") else 4.87) * 8 * 25.0
        np.testing.assert_allclose(
            data, electrons * MICROSCOPES[name].cross_section_barn[line] * 1e-10 * areal, rtol=1e-6
        )
    np.testing.assert_allclose(
        series.areal_density(MICROSCOPES[name].cross_section_barn)[3], 4.45 * 200, rtol=1e-6
    )


def test_default_dose_is_the_documented_one():
    """1 nA and 0.2 s per pixel of 5 nm: 1.25e9 electrons, 500 Co K alpha counts in 250 nm of ZIF-4-Co."""
    electrons = electrons_per_pixel(beam_current_na=1.0, dwell_s=0.2)
    assert electrons == pytest.approx(1.25e9, rel=0.002)
    assert electrons * 3.38e-10 * 4.87 * 250 == pytest.approx(500, rel=0.05)


@given(phantoms(), tilt_schemes(), st.sampled_from(["eds", "adf"]), st.sampled_from(sorted(HOLDERS)))
def test_mirror_symmetry(phantom, scheme, signal, holder):
    """Flipping y and the sign of the tilt flips the images along y."""
    flipped = phantom_of(
        dict(zip(phantom.elements, phantom.densities[:, :, ::-1], strict=True)), phantom.grid.spacing_nm
    )
    opposite = TiltScheme(angles_deg=tuple(-angle for angle in reversed(scheme.angles_deg)))
    options = {"microscope": "osiris", "signal": signal, "holder": holder}
    series = expected_counts(phantom, scheme=scheme, **options)
    mirrored = expected_counts(flipped, scheme=opposite, **options)
    close(mirrored.data[..., ::-1, ::-1, :], series.data)


@given(phantoms(), tilt_schemes())
def test_counts_are_conserved_under_binning(phantom, scheme):
    """At one fluence, the counts of a coarse pixel are those of the fine pixels in it."""
    ny, nx = phantom.grid.shape[1:]
    fine = expected_counts(
        phantom, scheme=scheme, microscope="titan", binning=1, inverse_crime=True, dwell_s=0.1
    ).data
    coarse = expected_counts(phantom, scheme=scheme, microscope="titan", binning=2, dwell_s=0.4).data
    close(coarse, fine.reshape(4, -1, ny // 2, 2, nx // 2, 2).sum(axis=(3, 5)))


@given(phantoms(), tilt_schemes())
def test_total_counts_do_not_depend_on_tilt(phantom, scheme):
    """The matter stays inside the field of view, so each projection holds all of it."""
    series = expected_counts(phantom, scheme=scheme, microscope="titan", lines=("Zn_Ka",))
    atoms = phantom.atoms("Zn")
    counts = series.electrons_per_pixel * 2.51e-10 * atoms / series.spacing_nm**2
    np.testing.assert_allclose(series.data.sum(axis=(0, 2, 3)), counts, rtol=FLOAT32)


@given(phantoms(), st.floats(0.01, 10), st.floats(1e-3, 1))
def test_expectation_is_linear_in_dose(phantom, current, dwell):
    scheme = TiltScheme.uniform(-60, 60, 3)
    one = expected_counts(phantom, scheme=scheme, microscope="osiris", beam_current_na=1, dwell_s=1)
    other = expected_counts(
        phantom, scheme=scheme, microscope="osiris", beam_current_na=current, dwell_s=dwell
    )
    np.testing.assert_allclose(other.data, one.data * current * dwell, rtol=1e-12)
    assert other.electrons_per_pixel == pytest.approx(one.electrons_per_pixel * current * dwell)


@given(phantoms(), st.integers(0, 2**32 - 1))
def test_the_phantom_is_never_touched(phantom, seed):
    before = phantom.densities.copy()
    phantom.densities.flags.writeable = False
    for signal in ("eds", "adf"):
        simulate(
            phantom,
            scheme=TiltScheme(angles_deg=(0, 30)),
            microscope="osiris",
            signal=signal,
            rng=np.random.default_rng(seed),
        )
    np.testing.assert_array_equal(before, phantom.densities)


@given(phantoms(), st.integers(0, 2**32 - 1), st.floats(0.01, 3))
def test_counts_are_poisson(phantom, seed, dwell):
    """Mean and dispersion of the draws, pooled over a series.

    The summed counts are Poisson: six deviations plus six counts are exceeded with a chance below 1e-8
    at any mean. The dispersion sum (n - m)^2 / m over pixels with m > 1 has the mean of their number and
    a variance of sum (2 + 1/m); six deviations plus six leave a chance below 1e-5.
    """
    scheme = TiltScheme.uniform(-60, 60, 5)
    expected = expected_counts(phantom, scheme=scheme, microscope="osiris", dwell_s=dwell)
    drawn = draw_counts(expected, rng=np.random.default_rng(seed))
    assert drawn.data.dtype == np.int32
    total = expected.data.sum()
    assert abs(drawn.data.sum() - total) < 6 * np.sqrt(total) + 6
    assert (drawn.data[expected.data == 0] == 0).all()
    mean = expected.data[expected.data > 1]
    dispersion = ((drawn.data[expected.data > 1] - mean) ** 2 / mean).sum()
    assert abs(dispersion - mean.size) < 6 * np.sqrt((2 + 1 / mean).sum()) + 6


def test_same_seed_same_counts():
    phantom, scheme = ball_phantom(), TiltScheme.uniform(-60, 60, 5)
    draws = [
        simulate(phantom, scheme=scheme, microscope="osiris", rng=np.random.default_rng(seed)).data
        for seed in (7, 7, 8)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


def test_shadowing_scales_each_tilt():
    phantom, scheme = ball_phantom(), TiltScheme.uniform(-60, 60, 7)
    free, walled = (
        expected_counts(phantom, scheme=scheme, microscope="osiris", holder=holder)
        for holder in ("none", "wall")
    )
    assert (free.gains == 1.0).all()
    assert walled.gains.shape == (4, 7)
    assert walled.gains[0, 3] == 1.0
    np.testing.assert_allclose(walled.data, free.data * walled.gains[:, :, None, None], rtol=1e-12)
    np.testing.assert_allclose(
        walled.areal_density(MICROSCOPES["osiris"].cross_section_barn),
        free.areal_density(MICROSCOPES["osiris"].cross_section_barn),
        rtol=1e-12,
    )


def test_one_line_by_name_gives_three_axes():
    scheme = TiltScheme(angles_deg=(0, 10))
    one = expected_counts(ball_phantom(), scheme=scheme, microscope="osiris", lines="Zn_Ka")
    listed = expected_counts(ball_phantom(), scheme=scheme, microscope="osiris", lines=("Zn_Ka",))
    assert one.data.shape == (2, 8, 8)
    np.testing.assert_array_equal(one.data, listed.data[0])


def test_absent_element_counts_nothing():
    zinc = phantom_of({"Zn": np.ones((4, 4, 4))}, 10.0)
    series = expected_counts(
        zinc, scheme=TiltScheme(angles_deg=(0,)), microscope="osiris", lines=("Co_Ka", "Zn_Ka")
    )
    assert (series.data[0] == 0).all()
    assert (series.data[1] > 0).all()


def test_metadata_tells_how_and_nothing_of_the_truth(rng):
    phantom = make_phantom("segregated", Grid.cube(16, spacing_nm=30.0), rng=rng)
    scheme = TiltScheme.uniform(-30, 30, 3, order="from_zero")
    for signal in ("eds", "adf"):
        series = simulate(phantom, scheme=scheme, microscope="titan", signal=signal, holder="wall", rng=rng)
        assert series.metadata["microscope"] == "titan"
        assert series.metadata["acquisition_order"] == [1, 2, 0]
        assert series.metadata["noise"].startswith("poisson")
        assert series.spacing_nm == 60.0
        text = str(series.metadata)
        assert not any(word in text for word in ("cross_section", "segregated", "phase", "densit"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"microscope": "osirs"}, "unknown microscope"),
        ({"holder": "walls"}, "unknown holder"),
        ({"signal": "haadf"}, "signal: Input should be 'eds' or 'adf', got 'haadf'"),
        ({"lines": ("Zn_Ka", "Zn_K")}, "unknown X-ray line 'Zn_K'"),
        ({"lines": ("Zn_Ka", "Zn_Ka")}, "'Zn_Ka' stands there twice"),
        ({"lines": ()}, "at least one X-ray line"),
        ({"beam_current_na": 0}, "beam_current_na: Input should be greater than 0"),
        ({"dwell_s": float("nan")}, "dwell_s"),
        ({"dwell_s": 1e9}, "lower the beam current or the dwell"),
        ({"binning": 1}, "inverse_crime=True"),
        ({"binning": 3}, "`binning` must be a whole number that divides"),
        ({"binning": 0}, "binning: Input should be greater than or equal to 1"),
        ({"dwell_s": (1.0, 2.0)}, "2 dwells for 1 tilts"),
        ({"holder_name": "wall"}, "holder_name is not a field of Acquisition; did you mean 'holder'"),
        ({"scheme": [0, 10]}, "scheme: Input should be a valid dictionary or instance of TiltScheme"),
    ],
)
def test_bad_input_says_what_is_wrong(options, message, rng):
    defaults = {"scheme": TiltScheme(angles_deg=(0,)), "microscope": "osiris", "rng": rng}
    with pytest.raises(ValueError, match=message) as caught:
        simulate(ball_phantom(8), **{**defaults, **options})
    assert "\n" not in str(caught.value)


def test_wrong_types_say_what_is_wrong(rng):
    acquisition = Acquisition(scheme=TiltScheme(angles_deg=(0,)), microscope="osiris")
    phantom = ball_phantom(8)
    with pytest.raises(TypeError, match="`rng` must be"):
        simulate(phantom, acquisition, rng=7)
    with pytest.raises(TypeError, match="`acquisition` must be an Acquisition, got TiltScheme"):
        simulate(phantom, acquisition.scheme, rng=rng)
    with pytest.raises(TypeError, match="'histroy' is no argument; did you mean 'history'"):
        simulate(phantom, acquisition, histroy=None, rng=rng)
    with pytest.raises(TypeError, match="'sytem' is no argument; did you mean 'system'"):
        simulate_spectra(phantom, acquisition, sytem=None, path="spectra.h5")
    with pytest.raises(TypeError, match="`phantom` must be a Phantom"):
        simulate(phantom.densities, acquisition, rng=rng)
    with pytest.raises(TypeError, match="`history` must be a History"):
        simulate(phantom, acquisition, history=3, rng=rng)
    with pytest.raises(TypeError, match="not both: holder"):
        simulate(phantom, acquisition, holder="wall", rng=rng)


def test_a_history_must_fit(rng):
    phantom = ball_phantom(8)
    acquisition = Acquisition(
        scheme=TiltScheme(angles_deg=(0, 30)), microscope="osiris", errors={"scan_noise_nm": 1.0}
    )
    history = history_of(phantom, acquisition, rng=rng)
    with pytest.raises(ValueError, match="drawn for 2 tilts that are not the 2 of the scheme"):
        simulate(
            phantom, acquisition.replace(scheme=TiltScheme(angles_deg=(0, 31))), history=history, rng=rng
        )
    with pytest.raises(ValueError, match="displaces 4 rows of the scan, the images have 8"):
        simulate(ball_phantom(16), acquisition, history=history, rng=rng)


@given(phantoms(), st.sampled_from(["eds", "adf"]), st.integers(0, 2**32 - 1))
def test_an_acquisition_and_its_fields_are_the_same(phantom, signal, seed):
    fields = {
        "scheme": TiltScheme.uniform(-60, 60, 3),
        "microscope": "titan",
        "signal": signal,
        "holder": "wall",
    }
    one = simulate(phantom, Acquisition(**fields), rng=np.random.default_rng(seed))
    other = simulate(phantom, **fields, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(one.data, other.data)
    assert one.metadata == other.metadata


def test_an_acquisition_survives_plain_values():
    acquisition = Acquisition(
        scheme=TiltScheme.uniform(-60, 60, 3),
        microscope="titan",
        holder="wall",
        dwell_s=[0.1, 0.2, 0.3],
        absorption=True,
        damage=BeamDamage(mass_loss={"N": 0.3}, mass_loss_fluence_e_nm2=1e6),
        lines=["Zn_Ka"],
    )
    again = Acquisition(**json.loads(acquisition.model_dump_json()))
    assert again == acquisition
    assert hash(again) == hash(acquisition)
    assert len({acquisition, again, acquisition.replace(binning=3)}) == 2


def test_dwell_per_tilt_scales_counts_and_exposure():
    phantom = ball_phantom(8)
    common = {"scheme": TiltScheme.uniform(-60, 60, 3), "microscope": "titan"}
    one = expected_counts(phantom, **common, dwell_s=0.2)
    other = expected_counts(phantom, **common, dwell_s=(0.1, 0.2, 0.6))
    np.testing.assert_allclose(other.data, one.data * np.array([0.5, 1, 3])[:, None, None], rtol=1e-12)
    np.testing.assert_allclose(other.electrons, one.electrons * [0.5, 1, 3], rtol=1e-12)
    barn = MICROSCOPES["titan"].cross_section_barn
    np.testing.assert_allclose(other.areal_density(barn), one.areal_density(barn), rtol=1e-12)
    assert one.exposure is None


@given(phantoms(), tilt_schemes(), st.sampled_from(["none", "wall", "blade"]))
def test_segments_add_up_to_the_sum(phantom, scheme, holder):
    common = {"scheme": scheme, "microscope": "osiris", "holder": holder, "lines": ("Co_Ka", "Zn_Ka")}
    whole = expected_counts(phantom, **common)
    parts = expected_counts(phantom, **common, segments="separate")
    assert parts.channels[:5] == ("Co_Ka@1", "Co_Ka@2", "Co_Ka@3", "Co_Ka@4", "Zn_Ka@1")
    summed = parts.summed_segments()
    assert summed.channels == whole.channels
    close(summed.data, whole.data)
    np.testing.assert_allclose(summed.gains, whole.gains, rtol=1e-12)
