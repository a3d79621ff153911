"""Dose: bookkeeping of fluence and time, and the stopping power behind the absorbed dose."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import tilt_schemes
from glasstomo.forward import Acquisition, TiltScheme
from glasstomo.forward.dose import dose_table
from glasstomo.forward.stopping_power import absorbed_dose_mgy, collision_stopping_power_mev_cm2_g
from hypothesis import given
from hypothesis import strategies as st

# NIST ESTAR, liquid water: collision stopping power, MeV cm2/g, by energy in keV.
ESTAR_WATER = {20: 13.17, 50: 6.603, 80: 4.757, 100: 4.115, 200: 2.793, 300: 2.355, 500: 2.034}


@pytest.mark.parametrize(("voltage_kv", "listed"), ESTAR_WATER.items())
def test_stopping_power_of_water_is_that_of_estar(voltage_kv, listed):
    found = collision_stopping_power_mev_cm2_g({"H": 2, "O": 1}, voltage_kv=voltage_kv)
    # ESTAR's mean excitation energy of water, 75.0 eV, is measured; that of its elements adds up to 75.3.
    assert found == pytest.approx(listed, rel=1e-3)


def test_an_electron_per_square_angstrom_is_3_7_megagray_in_a_cryo_microscope():
    assert absorbed_dose_mgy(100.0, {"H": 2, "O": 1}, voltage_kv=300) == pytest.approx(3.7, abs=0.1)


@given(st.floats(10, 400), st.floats(1.1, 2))
def test_faster_electrons_lose_less(voltage_kv, factor):
    slow, fast = (
        collision_stopping_power_mev_cm2_g("ZIF-4-Co", voltage_kv=kv)
        for kv in (voltage_kv, voltage_kv * factor)
    )
    assert slow > fast


def test_stopping_power_adds_up_by_electrons_and_not_by_scale():
    one = collision_stopping_power_mev_cm2_g({"C": 1, "H": 2}, voltage_kv=80)
    assert collision_stopping_power_mev_cm2_g({"C": 10, "H": 20}, voltage_kv=80) == pytest.approx(one)
    carbon = collision_stopping_power_mev_cm2_g({"C": 1}, voltage_kv=80)
    hydrogen = collision_stopping_power_mev_cm2_g({"H": 1}, voltage_kv=80)
    # Bragg's rule: losses add up by mass.
    share = 2 * 1.008 / (2 * 1.008 + 12.011)
    assert one == pytest.approx(share * hydrogen + (1 - share) * carbon)


def acquisition(scheme, **fields):
    return Acquisition(scheme=scheme, microscope="osiris", **fields)


@given(tilt_schemes(), st.floats(1, 50), st.data())
def test_a_table_adds_up_in_the_order_of_acquisition(scheme, pixel_nm, data):
    dwell = data.draw(st.lists(st.floats(1e-3, 10), min_size=scheme.count, max_size=scheme.count))
    table = dose_table(
        acquisition(scheme, dwell_s=tuple(dwell)), pixel_nm=pixel_nm, pixels=(3, 5), overhead_s=7
    )
    assert tuple(table.index) == scheme.acquisition_order
    assert tuple(table["angle_deg"]) == scheme.acquired_deg
    np.testing.assert_allclose(table["after_e_nm2"], table["fluence_e_nm2"].cumsum(), rtol=1e-12)
    np.testing.assert_allclose(
        table["before_e_nm2"], table["after_e_nm2"].shift(fill_value=0.0), rtol=1e-12, atol=1e-6
    )
    # 1 nA is 1e-9 / 1.602176634e-19 electrons per second.
    np.testing.assert_allclose(
        table["fluence_e_nm2"] * pixel_nm**2, table["dwell_s"] * 1e-9 / 1.602176634e-19, rtol=1e-12
    )
    np.testing.assert_allclose(table["time_after_s"].iloc[-1], 15 * sum(dwell) + 7 * scheme.count)


def test_columns_come_when_they_are_asked_for():
    series = acquisition(TiltScheme.uniform(-60, 60, 3))
    plain = dose_table(series, pixel_nm=5.0)
    assert not {"dose_mgy", "time_s"} & set(plain.columns)
    full = dose_table(series, pixel_nm=5.0, pixels=(4, 4), formula="ZIF-62")
    np.testing.assert_allclose(
        full["dose_after_mgy"], absorbed_dose_mgy(full["after_e_nm2"], "ZIF-62", voltage_kv=80)
    )
    np.testing.assert_allclose(full["dose_mgy"].sum(), full["dose_after_mgy"].iloc[-1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pixel_nm": 0}, "`pixel_nm` must be a positive"),
        ({"pixel_nm": 5, "overhead_s": -1}, "`overhead_s`"),
        ({"pixel_nm": 5, "pixels": (4,)}, "`pixels` must be two whole numbers"),
        ({"pixel_nm": 5, "pixels": (4, 0)}, "`pixels` must be two whole numbers"),
        ({"pixel_nm": 5, "formula": "ZIF-5-Co"}, "ZIF-5-Co"),
        ({"pixel_nm": 5, "formula": {"Pu": 1}}, "unknown element 'Pu'"),
        ({"pixel_nm": 5, "formula": {}}, "`formula` must hold"),
    ],
)
def test_bad_requests_say_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        dose_table(acquisition(TiltScheme.uniform(-60, 60, 3)), **arguments)


def test_voltages_out_of_range_are_refused():
    for voltage_kv in (1.0, 2000.0, float("nan")):
        with pytest.raises(ValueError, match="`voltage_kv` must lie within 10 and 1000"):
            collision_stopping_power_mev_cm2_g({"C": 1}, voltage_kv=voltage_kv)
