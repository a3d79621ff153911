"""Annular dark field: the Rutherford cross-section, and what the detector expects of a slab."""

import contextlib
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from glasstomo.forward import (
    MICROSCOPES,
    ADFDetector,
    Projector,
    TiltScheme,
    TiltSeries,
    draw_counts,
    expected_counts,
    linearise_adf,
    rutherford_cross_section_barn,
    simulate,
    subtract_background,
)
from glasstomo.forward.elements import SYMBOLS, atomic_number
from glasstomo.phantoms import SupportFilm
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from .small_phantoms import ball_phantom, phantom_of

elements = st.sampled_from(SYMBOLS)


def elsepa(shared):
    return np.loadtxt(shared / "facts" / "elsepa.csv", delimiter=",", skiprows=2)


def deviation(row) -> float:
    number, energy, inner, outer, cm2 = row
    barn = rutherford_cross_section_barn(
        SYMBOLS[int(number) - 1], voltage_kv=energy, inner_mrad=inner, outer_mrad=outer
    )
    return barn * 1e-24 / cm2 - 1


def test_gold_annulus_agrees_with_elsepa(shared):
    annuli = [row for row in elsepa(shared) if row[2] > 0]
    assert len(annuli) == 2
    assert max(abs(deviation(row)) for row in annuli) < 0.25
    assert [deviation(row) for row in annuli] == pytest.approx([-0.18, -0.19], abs=0.01)  # as documented


def test_total_cross_sections_are_low_as_documented(shared):
    total = [(row[1], deviation(row)) for row in elsepa(shared) if row[2] == 0]
    at_80, at_200 = ([value for energy, value in total if energy == kv] for kv in (80, 200))
    assert (max(at_80), min(at_80)) == pytest.approx((-0.25, -0.47), abs=0.01)
    assert (max(at_200), min(at_200)) == pytest.approx((-0.53, -0.68), abs=0.01)


def test_page_prints_every_deviation(shared):
    """What docs/adf.md shows is what its code prints, for every row of the reference data."""
    page = (Path(__file__).parents[1] / "docs" / "adf.md").read_text(encoding="utf-8")
    names: dict = {}
    shown = re.findall(r"^```python\n(.*?)^```\n```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(shown) == 2
    for code, text in shown:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        assert printed.getvalue() == text
    rows = [(atomic_number(element), *rest) for element, *rest in names["ELSEPA"]]
    np.testing.assert_array_equal(rows, elsepa(shared))
    deviations = [deviation(row) for row in elsepa(shared)]
    assert [f"{value:+.1%}" for value in deviations] == re.findall(r"[+-][\d.]+%$", shown[1][1], re.MULTILINE)


@given(elements, st.floats(30, 300), st.floats(0, 100), st.floats(1, 400))
def test_closed_form_equals_the_integral(element, voltage, inner, width):
    outer = inner + width
    number = atomic_number(element)
    delta = (0.117 * number ** (1 / 3) / voltage**0.5 / 2) ** 2

    def differential(theta):
        return 2 * np.pi * np.sin(theta) / (np.sin(theta / 2) ** 2 + delta) ** 2

    angle = np.array([inner, outer]) * 1e-3
    peak = min(max(2 * delta**0.5, angle[0]), angle[1])
    integral = sum(quad(differential, a, b, epsrel=1e-10)[0] for a, b in ((angle[0], peak), (peak, angle[1])))
    whole = rutherford_cross_section_barn(element, voltage_kv=voltage, inner_mrad=0, outer_mrad=1000 * np.pi)
    part = rutherford_cross_section_barn(element, voltage_kv=voltage, inner_mrad=inner, outer_mrad=outer)
    assert part / whole == pytest.approx(integral / (4 * np.pi * (1 / delta - 1 / (1 + delta))), rel=1e-7)


@given(elements, st.floats(30, 300))
def test_annuli_add_up(element, voltage):
    def sigma(a, b):
        return rutherford_cross_section_barn(element, voltage_kv=voltage, inner_mrad=a, outer_mrad=b)

    assert sigma(30, 90) + sigma(90, 250) == pytest.approx(sigma(30, 250), rel=1e-9)


def test_slab_saturates_as_one_minus_exp():
    """A slab of zinc as wide as the field, of three thicknesses, at 0 degrees."""
    detector = MICROSCOPES["osiris"].adf
    sigma = detector.cross_sections_barn(["Zn"], voltage_kv=80)["Zn"] * 1e-10
    expected = []
    for layers in (1, 8, 16):
        zinc = np.zeros((16, 4, 4))
        zinc[:layers] = 5.0
        phantom = phantom_of({"Zn": zinc}, 20.0)
        series = expected_counts(
            phantom, scheme=TiltScheme(angles_deg=(0,)), microscope="osiris", signal="adf"
        )
        probability = -np.expm1(-sigma * 5.0 * 20.0 * layers)
        # The projector works in float32.
        np.testing.assert_allclose(series.data, series.electrons_per_pixel * probability, rtol=1e-6)
        expected.append(series.data[0, 0, 0])
    assert 8 * expected[0] > expected[1] > expected[2] / 2


def share_scattered(density, layers, spacing_nm, element="Zn"):
    """Share of the beam on the detector, for a slab that is wider than the field."""
    matter = np.zeros((64, 2, 2))
    matter[:layers] = density
    series = expected_counts(
        phantom_of({element: matter}, spacing_nm),
        scheme=TiltScheme(angles_deg=(0,)),
        microscope="osiris",
        signal="adf",
    )
    return float(series.data[0, 0, 0]) / series.electrons_per_pixel


@given(st.integers(1, 32), st.integers(1, 32), st.floats(0.01, 60), st.floats(0.5, 20))
def test_slabs_on_top_of_each_other_add_up_but_for_what_both_scatter(first, second, density, spacing):
    """1 − exp(−a − b) = p + r − p r: additive when thin, never more than the beam."""
    p, r = (share_scattered(density, n, spacing) for n in (first, second))
    both = share_scattered(density, first + second, spacing)
    assert both == pytest.approx(p + r - p * r, rel=1e-5, abs=1e-7)
    assert max(p, r) <= both <= 1
    if p + r < 0.01:
        assert both == pytest.approx(p + r, rel=0.006)


def test_thick_copper_saturates():
    sigma = MICROSCOPES["osiris"].adf.cross_sections_barn(["Cu"], voltage_kv=80)["Cu"] * 1e-10
    shares = [share_scattered(84.9, layers, 100.0, "Cu") for layers in (1, 8, 32, 64)]
    np.testing.assert_allclose(shares, -np.expm1(-sigma * 84.9 * 100 * np.array([1, 8, 32, 64])), rtol=1e-5)
    assert shares[2] > 0.99
    assert shares[3] - shares[2] < 0.01


def with_offset(offset):
    microscope = MICROSCOPES["osiris"]
    return microscope.replace(adf=microscope.adf.replace(offset=offset, gain=3.0))


@given(st.floats(-1e5, 1e5))
def test_offset_comes_on_top_and_linearising_takes_it_off(offset):
    phantom = ball_phantom(8, film=SupportFilm(thickness_nm=20.0, top_nm=-150.0))
    scheme = TiltScheme(angles_deg=(-40, 0, 30))
    plain, shifted = (
        expected_counts(phantom, scheme=scheme, microscope=with_offset(value), signal="adf")
        for value in (0.0, offset)
    )
    np.testing.assert_allclose(shifted.data, plain.data + offset, rtol=1e-12)
    straight, found = linearise_adf(plain).data, linearise_adf(shifted).data
    np.testing.assert_allclose(found, straight, rtol=1e-6, atol=1e-4)
    assert (linearise_adf(shifted, offset=offset).data == found).all()
    ignored = linearise_adf(shifted, offset=0.0).data
    if abs(offset) > 100:
        assert np.abs(ignored - straight).max() > 0.9 * abs(offset)
    # The background takes the offset off together with the film, saturated or not.
    cleaned, clean = subtract_background(shifted, border=1).data, subtract_background(plain, border=1).data
    np.testing.assert_allclose(cleaned, clean, atol=0.05)


def test_offset_carries_no_shot_noise(rng):
    vacuum = phantom_of({"Zn": np.zeros((4, 64, 64))}, 10.0)
    microscope = with_offset(1e4)
    series = simulate(
        vacuum, scheme=TiltScheme(angles_deg=(0,)), microscope=microscope, signal="adf", rng=rng
    )
    read_out = microscope.adf.gain * microscope.adf.read_noise_electrons
    assert series.data.mean() == pytest.approx(1e4, abs=6 * read_out / 32)
    assert series.data.std() == pytest.approx(read_out, rel=6 / np.sqrt(2 * 32**2))


def test_linearising_knows_the_electrons_of_each_tilt():
    q = 0.5
    exposure = np.array([1.0, 2.5])
    data = 1000 * exposure[:, None, None] * -np.expm1(-np.full((2, 1, 1), q)) + 7
    series = TiltSeries(
        data=data,
        angles_deg=[0, 30],
        spacing_nm=1,
        channels=("ADF",),
        signal="ADF",
        electrons_per_pixel=1000.0,
        exposure=exposure,
    )
    found = linearise_adf(series, gain=1.0, offset=7.0)
    np.testing.assert_allclose(found.data[:, 0, 0], 1000 * q * exposure, rtol=1e-6)
    with pytest.raises(ValueError, match=r"at index \(1, 0, 0\) .* whole beam of 2500"):
        linearise_adf(replace(series, data=data * [[[1]], [[3]]]), gain=1.0, offset=7.0)


def test_linearising_stretches_a_known_variance():
    """By the square of the slope of -log(1 - s): read off two neighbouring signals."""
    signal, step = 400.0, 1e-2
    pair = TiltSeries(
        data=np.array([[[signal, signal + step]]]),
        variance=np.full((1, 1, 2), 30.0),
        angles_deg=[0],
        spacing_nm=1,
        channels=("ADF",),
        signal="ADF",
        electrons_per_pixel=1000.0,
    )
    found = linearise_adf(pair, gain=1.0)
    slope = float(np.diff(found.data[0, 0].astype(np.float64))[0]) / step
    # The data are float32: their step of 0.0167 is known to 0.4 %.
    assert found.variance[0, 0, 0] == pytest.approx(30.0 * slope**2, rel=0.01)


def test_film_adds_a_constant_at_each_tilt():
    film = SupportFilm(thickness_nm=30.0, top_nm=-100.0)
    vacuum = phantom_of({"Zn": np.zeros((4, 4, 4))}, 10.0, film)
    scheme = TiltScheme(angles_deg=(-60, 0, 45))
    series = expected_counts(vacuum, scheme=scheme, microscope="titan", signal="adf")
    sigma = MICROSCOPES["titan"].adf.cross_sections_barn(["C"], voltage_kv=80)["C"] * 1e-10
    depth = film.areal_densities()["C"] / np.cos(np.deg2rad(scheme.angles_deg))
    level = series.electrons_per_pixel * -np.expm1(-sigma * depth)
    np.testing.assert_allclose(
        series.data, np.broadcast_to(level[:, None, None], series.data.shape), rtol=1e-12
    )


def test_background_subtraction_takes_the_film_off():
    film = SupportFilm(thickness_nm=20.0, top_nm=-150.0)
    scheme = TiltScheme.uniform(-60, 60, 5)
    with_film, without = (
        expected_counts(
            ball_phantom(32, spacing_nm=10, film=f), scheme=scheme, microscope="osiris", signal="adf"
        )
        for f in (film, None)
    )
    cleaned = subtract_background(with_film)
    levels = np.array(cleaned.metadata["background"])
    outside = without.data == 0
    # Beside the particle nothing is left; below it the film is screened by at most p * level (see the Notes).
    assert np.abs(cleaned.data[outside]).max() < 1e-3 * levels.min()
    screened = without.data / without.electrons_per_pixel * levels[:, None, None]
    np.testing.assert_allclose(cleaned.data, without.data - screened, atol=1e-5 * without.data.max())


def test_linearised_signal_is_proportional_and_the_film_comes_off_exactly():
    film = SupportFilm(thickness_nm=20.0, top_nm=-150.0)
    phantom = ball_phantom(32, spacing_nm=10, film=film)
    scheme = TiltScheme.uniform(-60, 60, 5)
    series = expected_counts(phantom, scheme=scheme, microscope="osiris", signal="adf")
    cleaned = subtract_background(linearise_adf(series)).data
    barn = MICROSCOPES["osiris"].adf.cross_sections_barn(phantom.elements, voltage_kv=80)
    volume = sum(1e-10 * barn[element] * phantom.density(element) for element in phantom.elements)
    projector = Projector(shape=(32, 32), angles_deg=scheme.angles_deg, spacing_nm=10, bins=16, bin_nm=20)
    areal = projector.forward(volume.reshape(32, 32, 16, 2).mean(axis=-1))
    assert areal.max() > 0.2  # saturation matters here
    np.testing.assert_allclose(
        cleaned, series.electrons_per_pixel * areal, atol=1e-5 * series.electrons_per_pixel
    )


def test_linearising_says_what_it_lacks():
    def series(**changes):
        fields = {"data": np.full((1, 1, 1), 5.0), "angles_deg": [0], "spacing_nm": 1, "channels": ("ADF",)}
        return TiltSeries(**{**fields, "signal": "ADF", "electrons_per_pixel": 10.0, **changes})

    for given_series, gain, message in (
        (series(signal="EDS_TEM"), 1.0, "must be ADF"),
        (series(electrons_per_pixel=None), 1.0, "`electrons_per_pixel` is not known"),
        (series(), None, "`gain` must be"),
        (series(), 0.5, r"at index \(0, 0, 0\) is 5, the whole beam of 5"),
        (series(metadata={"background": [1.0]}), 1.0, "linearise it first"),
        (series(metadata={"linearised": True}), 1.0, "linearised already"),
    ):
        with pytest.raises(ValueError, match=message):
            linearise_adf(given_series, gain=gain)


def test_background_of_noise_is_unbiased(rng):
    film = SupportFilm(thickness_nm=20.0, top_nm=-150.0)
    scheme = TiltScheme.uniform(-30, 30, 3)
    vacuum = phantom_of({"Zn": np.zeros((8, 64, 64))}, 10.0, film)
    series = simulate(vacuum, scheme=scheme, microscope="osiris", signal="adf", rng=rng)
    cleaned = subtract_background(series).data.mean(axis=(1, 2))
    # The median of 240 border pixels scatters by 1.25 sigma / sqrt(240); beyond five of its deviations
    # lies a chance of 1e-6 per tilt.
    sigma = np.sqrt(series.data.mean(axis=(1, 2)))
    assert (np.abs(cleaned) < 5 * 1.25 * sigma / np.sqrt(240)).all()


@given(st.floats(0, 50), st.floats(0.2, 5), st.floats(1, 1e4), st.integers(0, 2**32 - 1))
def test_adf_draws_have_the_expected_mean_and_variance(noise, gain, electrons, seed):
    """Each bound is six standard errors, so that a false alarm has a chance below 1e-7 (mean: 2e-9)."""
    expected = TiltSeries(
        data=np.full((1, 64, 64), gain * electrons),
        angles_deg=[0],
        spacing_nm=1,
        channels=("ADF",),
        signal="ADF",
    )
    detector = ADFDetector(read_noise_electrons=noise, gain=gain)
    drawn = draw_counts(expected, rng=np.random.default_rng(seed), detector=detector).data.astype(np.float64)
    variance = gain**2 * (electrons + noise**2)
    assert abs(drawn.mean() - gain * electrons) < 6 * np.sqrt(variance / drawn.size)
    # Kurtosis of a Poisson variable is 3 + 1/mean, so Var(s2) is at most variance^2 (2 + 1/mean) / n.
    assert abs(drawn.var() / variance - 1) < 6 * np.sqrt((2 + 1 / electrons) / drawn.size)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ADFDetector(inner_mrad=60, outer_mrad=60), "`inner_mrad` must be below"),
        (lambda: ADFDetector(read_noise_electrons=-1), "read_noise_electrons"),
        (
            lambda: rutherford_cross_section_barn("Zz", voltage_kv=80, inner_mrad=1, outer_mrad=2),
            "unknown element",
        ),
        (
            lambda: rutherford_cross_section_barn("C", voltage_kv=0, inner_mrad=1, outer_mrad=2),
            "`voltage_kv`",
        ),
        (
            lambda: rutherford_cross_section_barn("C", voltage_kv=80, inner_mrad=5, outer_mrad=2),
            "below `outer_mrad`",
        ),
    ],
)
def test_bad_input_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_background_wants_an_adf_series_and_a_border(rng):
    scheme = TiltScheme(angles_deg=(0,))
    eds = simulate(ball_phantom(8), scheme=scheme, microscope="osiris", rng=rng)
    with pytest.raises(ValueError, match="must be ADF"):
        subtract_background(eds)
    adf = simulate(ball_phantom(8), scheme=scheme, microscope="osiris", signal="adf", rng=rng)
    with pytest.raises(ValueError, match="`border`"):
        subtract_background(adf, border=2)
    with pytest.raises(ValueError, match="`detector` is needed"):
        draw_counts(adf, rng=rng)
