"""A material: one metal atom with its linkers, and a mass density."""

from typing import Annotated

from pydantic import Field, PositiveFloat, model_validator

from .elements import ATOMIC_WEIGHTS, METALS, in_order, known_element
from .parameters import Parameters

# Atoms of each linker as it stands in the framework: deprotonated, charge -1.
LINKERS: dict[str, dict[str, float]] = {
    "Im": {"C": 3, "H": 3, "N": 2},  # imidazolate
    "mIm": {"C": 4, "H": 5, "N": 2},  # 2-methylimidazolate
    "nIm": {"C": 3, "H": 2, "N": 3, "O": 2},  # 2-nitroimidazolate
    "bIm": {"C": 7, "H": 5, "N": 2},  # benzimidazolate
    "mbIm": {"C": 8, "H": 7, "N": 2},  # 5-methylbenzimidazolate
    "ClbIm": {"C": 7, "H": 4, "Cl": 1, "N": 2},  # 5-chlorobenzimidazolate
}

Atoms = Annotated[float, Field(gt=0)]

# Avogadro's constant (exact since 2019) times 1e-21 cm3/nm3: formula units per nm3 are this times
# density (g/cm3) over molar mass (g/mol).
UNITS_PER_NM3 = 602.214076


class Material(Parameters):
    """A compound with a formula and, where it was measured, a mass density.

    Parameters
    ----------
    name : str
        Name in `MATERIALS`.
    metal : str or None
        The metal of the framework, one atom per formula unit; None for a material without one.
    linkers : dict of str to float
        Linkers per formula unit; names as in `LINKERS`.
    others : dict of str to float
        Further atoms per formula unit, by element.
    density_g_cm3 : float or None
        Mass density, g cm⁻³. None: only the formula is known, and number densities raise.
    state : str
        Crystal, glass, amorphous..., and how the density was measured.
    source : str
        Where the numbers come from.

    Notes
    -----
    Number density of an element = ρ N_A / M × its atoms per formula unit.

    Examples
    --------
    >>> zif4 = Material(name="ZIF-4-Co", metal="Co", linkers={"Im": 2}, density_g_cm3=1.56)
    >>> round(zif4.number_density("Co"), 2)
    4.87
    >>> zif4.formula
    {'Co': 1.0, 'H': 6.0, 'C': 6.0, 'N': 4.0}
    """

    name: str
    metal: str | None = None
    linkers: dict[str, Atoms] = Field(default_factory=dict)
    others: dict[str, Atoms] = Field(default_factory=dict)
    density_g_cm3: PositiveFloat | None = None
    state: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _known_parts(self) -> "Material":
        for linker in self.linkers:
            if linker not in LINKERS:
                raise ValueError(f"unknown linker {linker!r}; known: {', '.join(LINKERS)}")
        if self.metal is not None and self.metal not in METALS:
            raise ValueError(f"unknown metal {self.metal!r}; known: {', '.join(METALS)}")
        for element in self.others:
            known_element(element)
        if not self.formula:
            raise ValueError("a material needs a metal, linkers or other atoms, got none")
        return self

    @property
    def formula(self) -> dict[str, float]:
        """Atoms per formula unit, by element; metals first."""
        atoms: dict[str, float] = dict(self.others)
        if self.metal is not None:
            atoms[self.metal] = atoms.get(self.metal, 0.0) + 1.0
        for linker, count in self.linkers.items():
            for element, number in LINKERS[linker].items():
                atoms[element] = atoms.get(element, 0.0) + count * number
        return {element: atoms[element] for element in in_order(set(atoms))}

    @property
    def molar_mass_g_mol(self) -> float:
        """Mass of a mole of formula units, g mol⁻¹."""
        return sum(number * ATOMIC_WEIGHTS[element] for element, number in self.formula.items())

    @property
    def formula_unit_density(self) -> float:
        """Formula units per nm³; a `ValueError` where the density is not known."""
        if self.density_g_cm3 is None:
            raise ValueError(
                f"material {self.name!r} has no density; give one with "
                f"MATERIALS[{self.name!r}].replace(density_g_cm3=...)"
            )
        return UNITS_PER_NM3 * self.density_g_cm3 / self.molar_mass_g_mol

    def number_density(self, element: str) -> float:
        """Atoms of one element per nm³ (0 for an element that the formula does not hold)."""
        return self.formula_unit_density * self.formula.get(known_element(element), 0.0)

    def number_densities(self) -> dict[str, float]:
        """Atoms per nm³ of every element of the formula."""
        units = self.formula_unit_density
        return {element: units * number for element, number in self.formula.items()}
