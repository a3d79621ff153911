"""Materials against the measured table and published number densities."""

import csv
import re

import pytest
from glasstomo.phantoms import MATERIALS, Material, Phase, SupportFilm
from glasstomo.phantoms.material import LINKERS


def test_number_densities_of_the_published_standards():
    # The paper prints 4.87; 4.45 follows from a formula rounded there, hence 1 %.
    assert MATERIALS["ZIF-4-Co"].number_density("Co") == pytest.approx(4.87, abs=0.005)
    assert MATERIALS["ZIF-62"].number_density("Zn") == pytest.approx(4.45, rel=0.01)


@pytest.mark.parametrize(
    ("name", "molar_mass_g_mol"),
    [
        # Co(C3H3N2)2: 58.933 + 2 x 67.071; Zn(C3H3N2)1.75(C7H5N2)0.25; Co(C4H5N2)2.
        ("ZIF-4-Co", 193.075),
        ("ZIF-62", 65.38 + 1.75 * 67.071 + 0.25 * 117.131),
        ("ZIF-67", 58.933 + 2 * 81.098),
        ("carbon", 12.011),
    ],
)
def test_molar_masses(name, molar_mass_g_mol):
    assert MATERIALS[name].molar_mass_g_mol == pytest.approx(molar_mass_g_mol, abs=1e-3)


def test_linkers_carry_one_charge():
    # Even-electron anions: the neutral molecule has one hydrogen more and an even number of H + N + Cl.
    for name, atoms in LINKERS.items():
        assert (atoms["H"] + 1 + atoms["N"] + atoms.get("Cl", 0)) % 2 == 0, name


def _linkers_of(cell: str) -> dict[str, float]:
    if ratio := re.fullmatch(r"bIm to Im = 1 to ([\d.]+)", cell):
        many = float(ratio[1])
        return {"bIm": 2 / (1 + many), "Im": 2 * many / (1 + many)}
    return {name: float(count) for name, count in (part.split(":") for part in cell.split())}


def test_every_measured_density_is_there(shared):
    with (shared / "facts" / "zif.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["density_g_cm3"]]
    assert len(rows) == 11
    for row in rows:
        found = [
            material
            for material in MATERIALS.values()
            if material.metal == row["metal"]
            and material.density_g_cm3 == float(row["density_g_cm3"])
            and material.linkers == pytest.approx(_linkers_of(row["linkers"]))
            and material.state == row["state"]
        ]
        assert len(found) == 1, row


def test_entries_carry_their_own_name_and_a_source():
    for name, material in MATERIALS.items():
        assert material.name == name
        assert material.source


def test_without_a_density_the_cure_is_named():
    with pytest.raises(ValueError, match=r"'ZIF-67' has no density; give one with .*density_g_cm3") as raised:
        MATERIALS["ZIF-67"].number_densities()
    assert "\n" not in str(raised.value)
    assert MATERIALS["ZIF-67"].replace(density_g_cm3=1.2).number_density("Co") == pytest.approx(
        3.268, abs=1e-3
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "x", "metal": "Xx"}, "unknown metal 'Xx'; known: Fe, Co, Cu, Zn"),
        ({"name": "x", "metal": "Zn", "linkers": {"imi": 2}}, "unknown linker 'imi'; known: Im, mIm"),
        ({"name": "x", "others": {"Q": 1}}, "unknown element 'Q'"),
        ({"name": "x"}, "needs a metal, linkers or other atoms"),
        ({"name": "x", "metal": "Zn", "density_g_cm3": -1.0}, "density_g_cm3: .*greater than 0, got -1.0"),
        ({"name": "x", "metl": "Zn"}, "did you mean 'metal'"),
    ],
)
def test_bad_materials_are_refused_in_one_line(values, message):
    with pytest.raises(ValueError, match=message) as raised:
        Material(**values)
    assert "\n" not in str(raised.value)


def test_mixed_phase_adds_volumes_unless_a_density_is_given():
    shares = {"ZIF-4-Co": 0.25, "ZIF-62": 0.75}
    co, zn = MATERIALS["ZIF-4-Co"].number_density("Co"), MATERIALS["ZIF-62"].number_density("Zn")
    free = Phase(name="mix", formula_units=shares)
    total = sum(free.formula_unit_densities().values())
    assert total == pytest.approx(1 / (0.25 / co + 0.75 / zn))
    held = free.replace(metal_density_nm3=6.0).number_densities()
    assert (held["Co"], held["Zn"]) == pytest.approx((1.5, 4.5))


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"ZIF-62": 0.9}, "must sum to 1, got 0.9"),
        ({"ZIF-26": 1.0}, "unknown material 'ZIF-26'; .*known: ZIF-4-Co, ZIF-62"),
        ({"carbon": 1.0}, "'carbon' holds no metal"),
    ],
)
def test_bad_phases_are_refused(shares, message):
    with pytest.raises(ValueError, match=message):
        Phase(name="bad", formula_units=shares)


def test_film_areal_density_is_density_times_thickness():
    film = SupportFilm(thickness_nm=20.0, top_nm=0.0)
    # 1.75 g/cm3 / 12.011 g/mol x 602.214 = 87.74 C/nm3
    assert film.areal_densities()["C"] == pytest.approx(20 * 87.74, rel=1e-4)
    assert film.metals == ()
    with pytest.raises(ValueError, match="material must carry a density, 'ZIF-67' does not"):
        SupportFilm(material="ZIF-67", top_nm=0.0)
