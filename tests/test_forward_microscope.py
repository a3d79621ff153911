"""Microscopes: the published cross-sections."""

import csv

import pytest
from glasstomo.forward import LINES, MICROSCOPES, Microscope


def test_cross_sections_are_the_published_ones(shared):
    with open(shared / "facts" / "cross_sections.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    table = {
        (name, microscope.accelerating_voltage_kv, line): barn
        for name, microscope in MICROSCOPES.items()
        for line, barn in microscope.cross_section_barn.items()
    }
    published = {
        (row["microscope"], float(row["accelerating_voltage_kv"]), row["line"]): float(
            row["cross_section_barn"]
        )
        for row in rows
    }
    assert table == published


def test_names_and_voltages():
    assert {microscope.name for microscope in MICROSCOPES.values()} == set(MICROSCOPES)
    assert all(microscope.convergence_mrad == 11.0 for microscope in MICROSCOPES.values())


def test_lines_name_their_element():
    for name, line in LINES.items():
        assert name.split("_")[0] == line.element
    # Moseley: within the K alpha lines the root of the energy grows with the atomic number.
    alphas = [
        LINES[f"{element}_Ka"].energy_kev
        for element in ("C", "N", "O", "Si", "Cl", "Fe", "Co", "Ni", "Cu", "Zn")
    ]
    assert alphas == sorted(alphas)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(
        ValueError, match=r"unknown microscope 'osirs'; did you mean 'osiris'\? known: osiris, titan"
    ):
        MICROSCOPES["osirs"]
    with pytest.raises(ValueError, match="unknown X-ray line 'Zn_K'"):
        Microscope(name="x", accelerating_voltage_kv=80, cross_section_barn={"Zn_K": 1.0})
    with pytest.raises(ValueError, match="accelerating_voltage_kv"):
        Microscope(name="x", accelerating_voltage_kv=-80, cross_section_barn={})


def test_another_voltage_is_one_line():
    changed = MICROSCOPES["titan"].replace(accelerating_voltage_kv=300.0)
    assert changed.accelerating_voltage_kv == 300.0
    assert changed.cross_section_barn == MICROSCOPES["titan"].cross_section_barn
