"""Detector response, bremsstrahlung, system peaks and the spectrum model."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import eds_responses
from glasstomo.forward import LINES, MICROSCOPES, rutherford_cross_section_barn
from glasstomo.forward.attenuation import mass_attenuation_cm2_g
from glasstomo.forward.spectra.bremsstrahlung import (
    bremsstrahlung_anisotropy,
    bremsstrahlung_cross_section_barn_kev,
)
from glasstomo.forward.spectra.eds_response import EDSResponse
from glasstomo.forward.spectra.ionisation import emission_cross_section_barn
from glasstomo.forward.spectra.partial_cross_section import cross_section_scale
from glasstomo.forward.spectra.spectrum_model import SpectrumModel
from glasstomo.forward.spectra.system_peaks import SystemPeaks
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

ZIF = ("C", "H", "N", "Co", "Zn")
OSIRIS = MICROSCOPES["osiris"]
# 250 nm of ZIF-62, Zn(C3H3N2)1.75(C7H5N2)0.25 with 4.45 Zn nm⁻³.
SLAB_ATOMS_NM2 = {"C": 7786.0, "H": 7230.0, "N": 4450.0, "Zn": 1112.5}

# --- response


def test_width_follows_the_law_of_fano():
    response = EDSResponse()
    assert response.fwhm_kev(5.89875) == pytest.approx(0.130, rel=1e-12)
    slope = response.fwhm_kev(9.0) ** 2 - response.fwhm_kev(4.0) ** 2
    assert slope == pytest.approx((2.3548 * 1e-3) ** 2 * 0.115 * 3.65 * 5.0 * 1e3, rel=1e-4)
    # HyperSpy's law for any detector has 2.5 eV of squared width per eV, this one 2.33.
    hyperspy = np.sqrt(2.5 * (8638.86 - 5898.75) + 130**2) / 1e3
    assert response.fwhm_kev(8.63886) == pytest.approx(hyperspy, rel=0.012)
    with pytest.raises(ValueError, match=r"must be at least 117\.2 eV, which charge statistics alone give"):
        EDSResponse(fwhm_mn_ka_ev=100)


@given(response=eds_responses(), place=st.floats(-0.2, 1.2))
def test_shape_is_an_integrated_gaussian(response, place):
    low, high = response.edges_kev[[0, -1]]
    energy = max(low + place * (high - low), 0.01)
    shape = response.line_shape(energy)
    sigma = response.fwhm_kev(energy) / (2 * np.sqrt(2 * np.log(2)))
    gaussian = norm(energy, sigma)
    assert (shape >= 0).all()
    np.testing.assert_allclose(shape, np.diff(gaussian.cdf(response.edges_kev)), rtol=0, atol=1e-15)
    assert shape.sum() == pytest.approx(gaussian.cdf(high) - gaussian.cdf(low), abs=1e-12)


def test_moments_of_a_peak():
    response = EDSResponse()
    shape, energies = response.line_shape(8.6373), response.energies_kev
    assert shape.sum() == pytest.approx(1, abs=1e-12)
    mean = energies @ shape
    # Sampling a Gaussian in channels of 10 eV shifts its mean by far less than this.
    assert mean == pytest.approx(8.6373, abs=1e-9)
    variance = (energies - mean) ** 2 @ shape
    sigma = response.fwhm_kev(8.6373) / (2 * np.sqrt(2 * np.log(2)))
    assert variance == pytest.approx(sigma**2 + 0.01**2 / 12, rel=1e-9)
    edge = EDSResponse(channels=864)  # the last channel ends at 8.635 keV
    assert edge.line_shape(8.635).sum() == pytest.approx(0.5, abs=1e-12)


def test_efficiency_is_the_product_of_its_layers():
    response = EDSResponse(carbon_nm=20.0)
    for energy in (0.277, 1.0117, 1.9, 8.64, 15.0):
        lost = sum(
            mass_attenuation_cm2_g(element, energy) * density * thickness_nm * 1e-7
            for element, density, thickness_nm in (("Si", 2.33, 30), ("Al", 2.70, 30), ("C", 2.0, 20))
        )
        stopped = mass_attenuation_cm2_g("Si", energy) * 2.33 * 0.045
        assert response.efficiency(energy) == pytest.approx(np.exp(-lost) * (1 - np.exp(-stopped)), rel=1e-12)
    energies = np.linspace(0.1, 20, 50)
    assert response.efficiency(energies).shape == (50,)
    assert (response.efficiency(energies) <= EDSResponse().efficiency(energies)).all()
    with pytest.raises(ValueError, match=r"must lie within 0\.1 and 500"):
        response.efficiency(0.05)


@given(response=eds_responses(), share=st.floats(0, 0.999))
def test_dead_time_can_be_undone(response, share):
    busiest = {"non-paralysable": 50.0, "paralysable": 1.0}[response.dead_time_model]
    per_pulse = response.dead_time_us * 1e-6 / response.processors
    rate = share * busiest / per_pulse if per_pulse > 1e-12 else share * 1e5
    live = response.live_fraction(rate)
    assert 0 < live <= 1
    # Where a paralysable processor counts most the inverse is a square root: half the figures.
    assert response.true_rate(rate * live) == pytest.approx(rate, rel=1e-5)


def test_live_fractions_by_hand():
    one = EDSResponse(dead_time_us=10, processors=1)
    np.testing.assert_allclose(one.live_fraction(np.array([0.0, 1e5])), [1.0, 0.5])
    assert one.replace(processors=4).live_fraction(4e5) == pytest.approx(0.5)
    assert one.replace(dead_time_model="paralysable").live_fraction(1e5) == pytest.approx(np.exp(-1))
    assert EDSResponse().live_fraction(1e9) == 1
    with pytest.raises(ValueError, match=r"must stay below 1e\+05 per second, the most that 1 processors"):
        one.true_rate(1.01e5)
    with pytest.raises(ValueError, match=r"`rate_hz` must be finite and not negative, got -3\.0"):
        one.live_fraction(np.array([1.0, -3.0]))


def test_paralysable_pulses_counted_one_by_one(rng):
    response = EDSResponse(dead_time_us=4, processors=1)
    arrivals = np.sort(rng.uniform(0, 1, 200_000))
    counted, free = 0, 0.0
    for arrival in arrivals:
        if arrival >= free:
            counted, free = counted + 1, arrival + 4e-6
    paralysed = 1 + np.count_nonzero(np.diff(arrivals) > 4e-6)
    rate = 200_000.0
    # 200 000 pulses: the shares scatter by about 0.1 %.
    assert counted / rate == pytest.approx(response.live_fraction(rate), rel=0.01)
    other = response.replace(dead_time_model="paralysable")
    assert paralysed / rate == pytest.approx(other.live_fraction(rate), rel=0.01)


def test_a_range_below_zero_is_refused():
    with pytest.raises(ValueError, match="ends below 0 keV; raise the offset"):
        EDSResponse(channels=10, offset_kev=-1.0)


# --- bremsstrahlung


def test_continuum_meets_the_table_of_seltzer_and_berger():
    # NIST's table for Z = 30: 9.532 mb at 80 keV and 4 keV, 9.486 mb at 200 keV and 20 keV.
    for voltage, energy, scaled in ((80, 4.0, 9.532), (200, 20.0, 9.486), (80, 8.0, 9.132)):
        beta2 = 1 - 1 / (1 + voltage / 510.999) ** 2
        found = bremsstrahlung_cross_section_barn_kev("Zn", energy, voltage_kv=voltage)
        assert found == pytest.approx(1e-3 * scaled * 900 / beta2 / energy, rel=1e-5)
    nitrogen = bremsstrahlung_cross_section_barn_kev("N", 8.0, voltage_kv=80)
    beta2 = 1 - 1 / (1 + 80 / 510.999) ** 2
    assert nitrogen * beta2 * 8.0 / 49 == pytest.approx(10.056e-3, rel=1e-5)
    energies = np.array([79.9, 80.1])
    assert (bremsstrahlung_cross_section_barn_kev("Co", energies, voltage_kv=80) > 0).tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize("voltage_kv", [60, 80, 200, 300])
def test_directions_average_to_one(voltage_kv):
    def ring(angle):
        return bremsstrahlung_anisotropy(np.rad2deg(angle), voltage_kv=voltage_kv) * np.sin(angle) / 2

    assert quad(ring, 0, np.pi)[0] == pytest.approx(1, abs=1e-9)


def soft_photons(element_number, voltage_kv, angles_deg):
    """Soft-photon limit: radiation of all elastic deflections in a screened Coulomb field."""
    gamma = 1 + voltage_kv / 510.999
    beta = np.sqrt(1 - 1 / gamma**2)
    screening = element_number ** (1 / 3) / 137.036 / 0.885
    turn = np.exp(np.linspace(np.log(1e-4), np.log(np.pi), 1500))
    scattered = (1 - beta**2 * np.sin(turn / 2) ** 2) * np.sin(turn) * np.gradient(turn)
    scattered /= ((2 * gamma * beta * np.sin(turn / 2)) ** 2 + screening**2) ** 2
    around = (np.arange(32) + 0.5) / 32 * 2 * np.pi
    after = beta * np.stack(
        [
            np.sin(turn)[:, None] * np.cos(around),
            np.sin(turn)[:, None] * np.sin(around),
            np.cos(turn)[:, None] * np.ones_like(around),
        ],
        axis=-1,
    )

    def radiated(angle):
        towards = np.array([np.sin(angle), 0.0, np.cos(angle)])
        before = np.array([0.0, 0.0, beta])
        change = after / (1 - after @ towards)[..., None] - before / (1 - beta * towards[2])
        return np.sum(np.sum(np.cross(towards, change) ** 2, axis=-1).mean(axis=1) * scattered)

    grid = np.linspace(0, np.pi, 49)
    mean = np.trapezoid([radiated(angle) * np.sin(angle) for angle in grid], grid) / 2
    return np.array([radiated(angle) / mean for angle in np.deg2rad(angles_deg)])


@pytest.mark.parametrize(("voltage_kv", "apart"), [(80, 0.06), (300, 0.12)])
@pytest.mark.parametrize("number", [6, 30])
def test_direction_is_that_of_soft_photons(voltage_kv, apart, number):
    angles = [95.0, 108.0, 120.0]
    found = bremsstrahlung_anisotropy(np.array(angles), voltage_kv=voltage_kv)
    limit = soft_photons(number, voltage_kv, angles)
    # The docstring says by how much the dipole across the beam stays below.
    assert (found < limit).all()
    np.testing.assert_allclose(found, limit, rtol=apart + 0.03)
    assert found[1] == pytest.approx(limit[1], rel=apart)


def test_continuum_errors():
    with pytest.raises(ValueError, match="must lie within 60 and 300, where bremsstrahlung is tabulated"):
        bremsstrahlung_cross_section_barn_kev("Zn", 8.0, voltage_kv=20)
    with pytest.raises(ValueError, match="`energies_kev` must be positive and finite, got 0"):
        bremsstrahlung_cross_section_barn_kev("Zn", np.array([0.0, 1.0]), voltage_kv=80)


@pytest.mark.parametrize(("voltage_kv", "least", "most"), [(100, 5000, 7500), (300, 9000, 14000)])
def test_peak_to_background_is_that_of_a_thin_foil(voltage_kv, least, most):
    microscope = OSIRIS.replace(accelerating_voltage_kv=float(voltage_kv), cross_section_barn={})
    model = SpectrumModel(microscope=microscope, elements=("Ni",))
    peak = next(c.weights["Ni"] for c in model.components if c.name == "Ni_Ka")
    channel = round(LINES["Ni_Ka"].energy_kev / 0.01)
    background = model.components[-1].weights["Ni"] * model.templates[-1, channel]
    # Fiori's definition: all of the peak over the continuum in 10 eV.
    assert least < peak / background < most


# --- system peaks


def test_tilt_law():
    peaks = SystemPeaks(tilt_power=2.0)
    np.testing.assert_allclose(peaks.tilt_factor([-60, 0, 60]), [4, 1, 4])
    assert peaks.tilt_factor([90])[0] == pytest.approx(10)
    assert SystemPeaks(tilt_power=0.0).tilt_factor([90])[0] == 1
    with pytest.raises(ValueError, match="must lie within -90 and 90"):
        peaks.tilt_factor([91])


def test_system_lines_of_unknown_elements_are_refused():
    with pytest.raises(ValueError, match="Be has no K alpha line in LINES; leave it out"):
        SystemPeaks(uniform={"Be": 1e-7})


def test_uniform_part_in_counts():
    system = SystemPeaks(uniform={"Cu": 1e-7, "Co": 2e-8}, scattered={}, soft_share=0.0)
    model = SpectrumModel(microscope=OSIRIS, elements=ZIF, system=system)
    found = model.system_counts([0, 60])
    assert found.shape == (2, 2048)
    # Kα and Kβ; the ratio of the lines is the model's, 0.135 less what the efficiency takes.
    assert found[0].sum() == pytest.approx(1.2e-7 * 1.134, rel=2e-3)
    np.testing.assert_allclose(found[1], 2 * found[0])
    assert {c.name for c in model.components if c.kind == "system"} >= {"system:Cu_Ka", "system:Co_Kb"}
    assert all(sum(c.weights.values()) == 0 for c in model.components if c.kind == "system")
    assert not SpectrumModel(microscope=OSIRIS, elements=ZIF).system_counts([0, 60]).any()


def test_scattered_part_follows_the_matter():
    system = SystemPeaks(uniform={}, scattered={"Cu": 1e-6}, soft_share=0.25)
    model = SpectrumModel(microscope=OSIRIS, elements=("C", "Zn"), system=system)
    parts = {c.name: c.weights for c in model.components if c.kind == "system"}
    beyond = {"voltage_kv": 80, "inner_mrad": 100, "outer_mrad": 1000 * np.pi}
    for element in ("C", "Zn"):
        expected = 1e-16 * rutherford_cross_section_barn(element, **beyond)
        assert parts["system:Cu_Ka"][element] == pytest.approx(expected, rel=1e-12)
        alpha = emission_cross_section_barn("Cu_Ka", 80) * EDSResponse().efficiency(8.04778)
        soft = emission_cross_section_barn("Cu_La", 80) * EDSResponse().efficiency(0.9297)
        found = parts["system:Cu_La"][element] / parts["system:Cu_Ka"][element]
        assert found == pytest.approx(0.25 * soft / alpha, rel=1e-9)
    assert not model.system_counts([0.0]).any()


def test_default_copper_is_a_share_of_the_zinc_in_a_glass():
    model = SpectrumModel(microscope=OSIRIS, elements=tuple(SLAB_ATOMS_NM2), system=SystemPeaks())
    parts = {
        c.name: sum(c.weights[e] * a for e, a in SLAB_ATOMS_NM2.items() if e in c.weights)
        for c in model.components
    }
    copper = parts["system:Cu_Ka"] + 1e-7
    assert copper / parts["Zn_Ka"] == pytest.approx(0.6, abs=0.06)  # as the docstring says


# --- the model


def test_lines_add_up_to_the_counts_mode():
    model = SpectrumModel(microscope=OSIRIS, elements=ZIF)
    assert model.templates.shape == (len(model.components), 2048)
    for component, template in zip(model.components, model.templates, strict=True):
        if component.kind == "line":
            (weight,) = component.weights.values()
            counts = OSIRIS.partial_cross_section_barn(component.name) * 1e-10
            assert weight * template.sum() == pytest.approx(counts, rel=1e-9)


def test_what_falls_outside_is_lost_and_nothing_else():
    response = EDSResponse(channels=958)  # ends at 9.575 keV, within Zn Kβ
    model = SpectrumModel(microscope=OSIRIS, elements=("Zn",), response=response)
    row = model.templates[[c.name for c in model.components].index("Zn_Kb")]
    sigma = response.fwhm_kev(9.572) / 2.3548
    assert row.sum() == pytest.approx(norm.cdf(0.003 / sigma), abs=1e-5)
    assert (
        "Zn_Kb"
        not in SpectrumModel(
            microscope=OSIRIS, elements=("Zn",), response=EDSResponse(channels=900)
        ).line_names
    )


def test_every_line_of_every_element_is_there():
    model = SpectrumModel(microscope=OSIRIS, elements=("Cl", "Co", "Zn"))
    kinds = [name for name in LINES if LINES[name].element in ("Cl", "Co", "Zn")]
    assert set(model.line_names) == set(kinds)
    assert SpectrumModel(microscope=OSIRIS, elements=ZIF, lines=("Zn_Ka",)).line_names == ("Zn_Ka",)


def test_peaks_stand_where_they_overlap():
    model = SpectrumModel(microscope=OSIRIS, elements=ZIF, system=SystemPeaks())
    rows = {c.name: t for c, t in zip(model.components, model.templates, strict=True)}
    energies = model.response.energies_kev
    for name in ("Co_Kb", "system:Cu_Ka", "Zn_Ka", "system:Cu_Kb", "Zn_La"):
        line = LINES[name.removeprefix("system:")]
        mean = sum(energy * share for energy, share in line.components)
        assert energies @ rows[name] == pytest.approx(mean, abs=1e-6)

    def overlap(one, other):
        return rows[one] @ rows[other] / np.sqrt((rows[one] @ rows[one]) * (rows[other] @ rows[other]))

    # Gaussians of width σ at a distance d overlap by exp(−d²/4σ²).
    for one, other in (("system:Cu_Kb", "Zn_Ka"), ("system:Cu_La", "Zn_La"), ("Co_Kb", "system:Cu_Ka")):
        low, high = (energies @ rows[name] for name in (one, other))
        sigma = model.response.fwhm_kev((low + high) / 2) / 2.3548
        # Kα2 widens Kα by 3 %, which counts for more in the far tails.
        expected = np.exp(-((low - high) ** 2) / (4 * sigma**2))
        assert overlap(one, other) == pytest.approx(expected, rel=0.5)
    assert overlap("system:Cu_La", "Zn_La") > 0.1
    assert overlap("Co_Ka", "Zn_Ka") < 1e-6


def test_continuum_adds_up_however_it_is_split():
    whole = SpectrumModel(microscope=OSIRIS, elements=ZIF, lines=())
    split = whole.replace(continuum_kev=(0.3, 1.0, 3.0, 7.5))
    assert [c.energy_kev for c in split.components] == [0.3, 1.0, 3.0, 7.5]
    atoms = dict.fromkeys(ZIF, 1.0)

    def spectrum(model):
        return sum(
            sum(component.weights[element] * atoms[element] for element in ZIF) * template
            for component, template in zip(model.components, model.templates, strict=True)
        )

    np.testing.assert_allclose(spectrum(split), spectrum(whole), rtol=1e-12, atol=1e-30)
    none = whole.replace(continuum_kev=(), lines=("Zn_Ka",))
    assert [component.name for component in none.components] == ["Zn_Ka"]


def test_continuum_has_the_units_it_says():
    model = SpectrumModel(microscope=OSIRIS, elements=("Zn",), lines=())
    (component,) = model.components
    channel = 700
    found = component.weights["Zn"] * model.templates[0, channel]
    barn = bremsstrahlung_cross_section_barn_kev("Zn", 7.0, voltage_kv=80) * 0.01
    seen = OSIRIS.eds.solid_angle_sr / (4 * np.pi) * bremsstrahlung_anisotropy(108.0, voltage_kv=80)
    seen *= EDSResponse().efficiency(7.0) * cross_section_scale(OSIRIS)
    assert found == pytest.approx(barn * seen * 1e-10, rel=1e-9)


def test_soft_lines_are_as_strong_as_they_should_be():
    # Vacancies in L3 are 56 times those in K of zinc, its yield is 40 times less.
    ratio = emission_cross_section_barn("Zn_La", 80) / emission_cross_section_barn("Zn_Ka", 80)
    assert 1.0 < ratio < 2.0
    model = SpectrumModel(microscope=OSIRIS, elements=tuple(SLAB_ATOMS_NM2))
    parts = {
        c.name: sum(c.weights[e] * a for e, a in SLAB_ATOMS_NM2.items() if e in c.weights)
        for c in model.components
    }
    assert parts["C_Ka"] > parts["Zn_Ka"] > parts["Zn_Kb"]


def test_a_model_survives_plain_values():
    model = SpectrumModel(
        microscope=OSIRIS, elements=ZIF, system=SystemPeaks(), response=EDSResponse(dead_time_us=3.0)
    )
    again = SpectrumModel(**model.model_dump(mode="json"))
    assert again == model
    np.testing.assert_array_equal(again.templates, model.templates)


def test_wrong_models_are_refused():
    for fields, message in (
        ({"elements": ()}, "at least 1 item"),
        ({"elements": ("Zn", "Zn")}, "must name each element once"),
        ({"elements": ("Zn",), "lines": ("Co_Ka",)}, "Co_Ka needs Co among elements"),
        ({"elements": ("Zn",), "lines": ("Zn_K",)}, "unknown X-ray line 'Zn_K'"),
        ({"elements": ("Zn",), "lines": ("Zn_Ka", "Zn_Ka")}, "must name each line once"),
        ({"elements": ("Zn",), "continuum_kev": (7.0, 1.0)}, "must increase and lie within 0.1 and 500 keV"),
    ):
        with pytest.raises(ValueError, match=message):
            SpectrumModel(microscope=OSIRIS, **fields)
