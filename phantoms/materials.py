"""The materials that the suite knows, from the papers named in their `source`."""

from .material import Material
from .table import Table

COLLINS = "Collins et al., APL Mater. 7 (2019) 091111, doi:10.1063/1.5120093"
SMIRNOVA = "Smirnova 2023, Table 1"

_ZIF_62 = {"Im": 1.75, "bIm": 0.25}
# Smirnova 2023 reports bIm : Im = 1 : 4.8; two linkers per metal.
_ZIF_62_SMIRNOVA = {"Im": 2 * 4.8 / 5.8, "bIm": 2 * 1.0 / 5.8}


def _zif_62(state: str, density_g_cm3: float) -> Material:
    return Material(
        name=f"ZIF-62 {state}",
        metal="Zn",
        linkers=_ZIF_62_SMIRNOVA,
        density_g_cm3=density_g_cm3,
        state=state,
        source=SMIRNOVA,
    )


_ALL = (
    Material(
        name="ZIF-4-Co",
        metal="Co",
        linkers={"Im": 2},
        density_g_cm3=1.56,
        state="amorphous (pycnometric)",
        source=COLLINS,
    ),
    Material(
        name="ZIF-62",
        metal="Zn",
        linkers=_ZIF_62,
        density_g_cm3=1.56,
        state="amorphous (pycnometric)",
        source=COLLINS,
    ),
    _zif_62("crystal (skeletal)", 1.4728),
    _zif_62("crystal (skeletal; corrected for 5.6 wt% guests)", 1.3903),
    _zif_62("glass not pressed (skeletal)", 1.4163),
    _zif_62("glass pressed (skeletal)", 1.5250),
    _zif_62("glass not pressed then tempered (skeletal)", 1.4248),
    _zif_62("glass pressed then tempered (skeletal)", 1.5316),
    _zif_62("glass not pressed (envelope)", 1.3469),
    _zif_62("glass pressed (envelope)", 1.4458),
    Material(
        name="ZIF-zni-Zn",
        metal="Zn",
        linkers={"Im": 2},
        density_g_cm3=1.56,
        state="crystal",
        source="Xue 2024",
    ),
    Material(
        name="ZIF-67",
        metal="Co",
        linkers={"mIm": 2},
        state="crystal",
        source=f"{COLLINS}; Longley 2019; formula only",
    ),
    Material(
        name="carbon",
        others={"C": 1},
        density_g_cm3=1.75,
        state="amorphous film",
        source="Wanner et al., Ultramicroscopy 106 (2006) 341, doi:10.1016/j.ultramic.2005.10.004",
    ),
)

MATERIALS: Table[Material] = Table("material", {material.name: material for material in _ALL})
