"""Characteristic X-ray lines by name: the element they come from and their energy."""

from pydantic import PositiveFloat

from ..phantoms.parameters import Parameters
from ..phantoms.table import Table


class XrayLine(Parameters):
    """One characteristic line.

    Parameters
    ----------
    element : str
        Symbol of the element that emits it.
    energy_kev : float
        Photon energy, keV: that of the strongest component (Kα1, Kβ1).
    """

    element: str
    energy_kev: PositiveFloat


LINES: Table[XrayLine] = Table(
    "X-ray line",
    {
        "C_Ka": XrayLine(element="C", energy_kev=0.277),
        "N_Ka": XrayLine(element="N", energy_kev=0.3924),
        "O_Ka": XrayLine(element="O", energy_kev=0.5249),
        "Si_Ka": XrayLine(element="Si", energy_kev=1.73998),
        "Cl_Ka": XrayLine(element="Cl", energy_kev=2.62239),
        "Cl_Kb": XrayLine(element="Cl", energy_kev=2.8156),
        "Fe_Ka": XrayLine(element="Fe", energy_kev=6.40384),
        "Fe_Kb": XrayLine(element="Fe", energy_kev=7.05798),
        "Co_Ka": XrayLine(element="Co", energy_kev=6.93032),
        "Co_Kb": XrayLine(element="Co", energy_kev=7.64943),
        "Ni_Ka": XrayLine(element="Ni", energy_kev=7.47815),
        "Ni_Kb": XrayLine(element="Ni", energy_kev=8.26466),
        "Cu_Ka": XrayLine(element="Cu", energy_kev=8.04778),
        "Cu_Kb": XrayLine(element="Cu", energy_kev=8.90529),
        "Zn_Ka": XrayLine(element="Zn", energy_kev=8.63886),
        "Zn_Kb": XrayLine(element="Zn", energy_kev=9.5720),
    },
)
"""Lines by name. Energies: J. A. Bearden, Rev. Mod. Phys. 39 (1967) 78,
doi:10.1103/RevModPhys.39.78."""
