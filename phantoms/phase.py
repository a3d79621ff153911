"""A phase: formula units of one or more materials at a metal density."""

from typing import Annotated

from pydantic import Field, PositiveFloat, model_validator

from .materials import MATERIALS
from .parameters import Parameters

# Rounding of fractions typed with a few decimals.
SUM_TOLERANCE = 1e-6


class Phase(Parameters):
    """A homogeneous mixture of formula units.

    Parameters
    ----------
    name : str
        Name of the phase.
    formula_units : dict of str to float
        Share of each material (a name in `MATERIALS` with a metal) in the formula units; the
        shares sum to one.
    metal_density_nm3 : float or None
        Metal atoms per nm³ (one per formula unit). None: from the densities of the materials,
        their volumes added.

    Examples
    --------
    >>> phase = Phase(name="zn_rich", formula_units={"ZIF-62": 1.0}, metal_density_nm3=6.0)
    >>> phase.formula_unit_densities()
    {'ZIF-62': 6.0}
    >>> pure = Phase(name="co", formula_units={"ZIF-4-Co": 1.0})
    >>> round(pure.number_densities()["Co"], 2)
    4.87
    """

    name: str
    formula_units: dict[str, Annotated[float, Field(ge=0, le=1)]]
    metal_density_nm3: PositiveFloat | None = None

    @model_validator(mode="after")
    def _mixture(self) -> "Phase":
        for material in self.formula_units:
            if MATERIALS[material].metal is None:
                raise ValueError(f"formula_units: {material!r} holds no metal; a phase counts metal atoms")
        total = sum(self.formula_units.values())
        if abs(total - 1.0) > SUM_TOLERANCE:
            raise ValueError(f"formula_units must sum to 1, got {total:g} from {self.formula_units}")
        return self

    def formula_unit_densities(self) -> dict[str, float]:
        """Formula units of each material per nm³."""
        units = self.metal_density_nm3
        if units is None:
            units = 1.0 / sum(
                share / MATERIALS[name].formula_unit_density for name, share in self.formula_units.items()
            )
        return {name: share * units for name, share in self.formula_units.items()}

    def number_densities(self) -> dict[str, float]:
        """Atoms of each element per nm³."""
        total: dict[str, float] = {}
        for name, units in self.formula_unit_densities().items():
            for element, atoms in MATERIALS[name].formula.items():
                total[element] = total.get(element, 0.0) + units * atoms
        return total
