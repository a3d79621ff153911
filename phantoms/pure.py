"""Mixing rule: one phase throughout."""

from typing import ClassVar, Literal

import numpy as np

from .parameters import Parameters
from .phase import Phase


class Pure(Parameters):
    """One homogeneous phase.

    Parameters
    ----------
    phase : Phase
        The phase.

    Examples
    --------
    >>> rule = Pure(phase=Phase(name="standard", formula_units={"ZIF-4-Co": 1.0}))
    >>> rule.formula_units(-5.0).round(2)
    array([4.87])
    """

    mixing_state: ClassVar[str] = "pure"
    has_interface: ClassVar[bool] = False

    kind: Literal["pure"] = "pure"
    phase: Phase

    @property
    def phase_names(self) -> tuple[str, ...]:
        """Name of the phase."""
        return (self.phase.name,)

    @property
    def materials(self) -> tuple[str, ...]:
        """Materials whose formula units are counted."""
        return tuple(self.phase.formula_units)

    @property
    def edges_nm(self) -> tuple[float, ...]:
        """Distances to the interface at which label or composition jump: none."""
        return ()

    @property
    def steepness_nm(self) -> float:
        """Width over which the composition grades where it is steepest, nm: endless."""
        return np.inf

    def formula_units(self, distance_nm) -> np.ndarray:
        """Formula units per nm³, shape (material, ...), whatever the distance to an interface."""
        units = list(self.phase.formula_unit_densities().values())
        return np.multiply.outer(np.array(units), np.ones(np.shape(distance_nm)))

    def labels(self, distance_nm) -> np.ndarray:
        """Label 1 everywhere, uint8."""
        return np.ones(np.shape(distance_nm), np.uint8)
