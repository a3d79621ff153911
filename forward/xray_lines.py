"""Characteristic X-ray lines by name: element, energy, shell and share of the shell's emission."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from ..phantoms.parameters import Parameters
from ..phantoms.table import Table
from .elements import atomic_number


class XrayLine(Parameters):
    """One characteristic line.

    Parameters
    ----------
    element : str
        Symbol of the element that emits it.
    energy_kev : float
        Photon energy, keV: that of the strongest component (Kα1, Kβ1).
    shell : str, optional
        Shell whose vacancies it fills: ``"K"``, ``"L1"``, ``"L2"`` or ``"L3"``. Needed for cross-sections
        from the model.
    share : float, optional
        Its share of the X-rays of that shell, in (0, 1].
    satellite : tuple of 2 floats, optional
        Energy (keV) and share of the line's photons of a second component that a detector does not
        resolve: Kα2. The line's other photons have `energy_kev`.

    Examples
    --------
    >>> LINES["Zn_Ka"].components
    ((8.63886, 0.661), (8.61578, 0.339))
    """

    element: str
    energy_kev: PositiveFloat
    shell: Literal["K", "L1", "L2", "L3"] | None = None
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    satellite: tuple[PositiveFloat, Annotated[float, Field(gt=0, lt=1)]] | None = None

    @property
    def components(self) -> tuple[tuple[float, float], ...]:
        """Energies (keV) of its unresolved components, each with its share of the line's photons."""
        if self.satellite is None:
            return ((self.energy_kev, 1.0),)
        energy, share = self.satellite
        return ((self.energy_kev, round(1.0 - share, 12)), (energy, share))


def _k_alpha(
    element: str, energy: float, share: float, second: tuple[float, float] | None = None
) -> XrayLine:
    return XrayLine(element=element, energy_kev=energy, shell="K", share=share, satellite=second)


def _line(element: str, energy: float, shell: Literal["K", "L1", "L2", "L3"], share: float) -> XrayLine:
    return XrayLine(element=element, energy_kev=energy, shell=shell, share=share)


LINES: Table[XrayLine] = Table(
    "X-ray line",
    {
        "C_Ka": _k_alpha("C", 0.277, 1.0),
        "N_Ka": _k_alpha("N", 0.3924, 1.0),
        "O_Ka": _k_alpha("O", 0.5249, 1.0),
        "Si_Ka": _k_alpha("Si", 1.73998, 0.973, (1.73938, 0.335)),
        "Si_Kb": _line("Si", 1.8359, "K", 0.027),
        "Cl_Ka": _k_alpha("Cl", 2.62239, 0.9253, (2.62078, 0.336)),
        "Cl_Kb": _line("Cl", 2.8156, "K", 0.0747),
        "Fe_Ka": _k_alpha("Fe", 6.40384, 0.8816, (6.39084, 0.338)),
        "Fe_Kb": _line("Fe", 7.05798, "K", 0.1184),
        "Fe_La": _line("Fe", 0.7050, "L3", 0.8980),
        "Fe_Lb1": _line("Fe", 0.7185, "L2", 0.9038),
        "Fe_Ll": _line("Fe", 0.6152, "L3", 0.0955),
        "Fe_Ln": _line("Fe", 0.6282, "L2", 0.0900),
        "Fe_Lb3": _line("Fe", 0.7921, "L1", 0.9729),
        "Co_Ka": _k_alpha("Co", 6.93032, 0.8810, (6.91530, 0.338)),
        "Co_Kb": _line("Co", 7.64943, "K", 0.1190),
        "Co_La": _line("Co", 0.7762, "L3", 0.9145),
        "Co_Lb1": _line("Co", 0.7914, "L2", 0.9199),
        "Co_Ll": _line("Co", 0.6779, "L3", 0.0803),
        "Co_Ln": _line("Co", 0.6929, "L2", 0.0751),
        "Co_Lb3": _line("Co", 0.8661, "L1", 0.9752),
        "Ni_Ka": _k_alpha("Ni", 7.47815, 0.8806, (7.46089, 0.339)),
        "Ni_Kb": _line("Ni", 8.26466, "K", 0.1194),
        "Ni_La": _line("Ni", 0.8515, "L3", 0.9267),
        "Ni_Lb1": _line("Ni", 0.8688, "L2", 0.9319),
        "Ni_Ll": _line("Ni", 0.7429, "L3", 0.0690),
        "Ni_Ln": _line("Ni", 0.7601, "L2", 0.0640),
        "Ni_Lb3": _line("Ni", 0.9400, "L1", 0.9768),
        "Cu_Ka": _k_alpha("Cu", 8.04778, 0.8819, (8.02783, 0.339)),
        "Cu_Kb": _line("Cu", 8.90529, "K", 0.1181),
        "Cu_La": _line("Cu", 0.9297, "L3", 0.9400),
        "Cu_Lb1": _line("Cu", 0.9498, "L2", 0.9448),
        "Cu_Ll": _line("Cu", 0.8113, "L3", 0.0585),
        "Cu_Ln": _line("Cu", 0.8312, "L2", 0.0538),
        "Cu_Lb3": _line("Cu", 1.0225, "L1", 0.9776),
        "Zn_Ka": _k_alpha("Zn", 8.63886, 0.8796, (8.61578, 0.339)),
        "Zn_Kb": _line("Zn", 9.5720, "K", 0.1204),
        "Zn_La": _line("Zn", 1.0117, "L3", 0.9435),
        "Zn_Lb1": _line("Zn", 1.0347, "L2", 0.9482),
        "Zn_Ll": _line("Zn", 0.8838, "L3", 0.0532),
        "Zn_Ln": _line("Zn", 0.9069, "L2", 0.0488),
        "Zn_Lb3": _line("Zn", 1.1070, "L1", 0.9789),
    },
)
"""Lines by name, as exspy names them.

Energies: J. A. Bearden, Rev. Mod. Phys. 39 (1967) 78, doi:10.1103/RevModPhys.39.78. Shares: the radiative
rates of xraylib 4.3 (T. Schoonjans et al., Spectrochim. Acta B 66 (2011) 776,
doi:10.1016/j.sab.2011.09.011); Lα joins Lα1 and Lα2, Lβ3 joins Lβ3 and Lβ4. The L lines of Si and Cl,
below 0.27 keV and with yields of 4e-4 and less, are left out, and so are lines that take
less than 3 % of their shell."""


def lines_of(element: str) -> tuple[str, ...]:
    """Names of the lines of an element, K before L, the strongest of each shell first.

    Parameters
    ----------
    element : str
        Symbol. An element without a line in `LINES` (hydrogen, say) gives none.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        When the symbol is not an element's.

    Examples
    --------
    >>> lines_of("Zn")
    ('Zn_Ka', 'Zn_Kb', 'Zn_La', 'Zn_Lb1', 'Zn_Ll', 'Zn_Ln', 'Zn_Lb3')
    """
    atomic_number(element)
    return tuple(name for name, line in LINES.items() if line.element == element)
