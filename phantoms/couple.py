"""Two phases that grade into each other across an interface by an error function."""

from typing import ClassVar

import numpy as np
from pydantic import model_validator

from .parameters import Parameters
from .phase import Phase

# A point belongs to a phase when the other contributes at most this share; erfc(1.6450) / 2.
PURE_WITHIN = 0.01
PURE_BEYOND = 1.6449764  # times the length of the error function

MIXED = 255


class Couple(Parameters):
    """Base of `Segregated` and `Interdiffused`: share of the first phase erfc(d/ℓ)/2.

    Parameters
    ----------
    first, second : Phase
        The phases on the negative and the positive side of the interface.
    """

    has_interface: ClassVar[bool] = True

    first: Phase
    second: Phase

    @model_validator(mode="after")
    def _two_names(self) -> "Couple":
        if self.first.name == self.second.name:
            raise ValueError(f"first and second need different names, both are {self.first.name!r}")
        return self

    @property
    def erf_length_nm(self) -> float:
        """Length ℓ of the error function, nm; 0 for a sharp interface."""
        raise NotImplementedError

    @property
    def phase_names(self) -> tuple[str, ...]:
        """Names of both phases, the first the one at negative distances."""
        return self.first.name, self.second.name

    @property
    def materials(self) -> tuple[str, ...]:
        """Materials whose formula units are counted."""
        return tuple(dict.fromkeys([*self.first.formula_units, *self.second.formula_units]))

    @property
    def edges_nm(self) -> tuple[float, ...]:
        """Distances to the interface at which label or composition jump, nm."""
        margin = PURE_BEYOND * self.erf_length_nm
        return (0.0,) if margin == 0.0 else (-margin, 0.0, margin)

    @property
    def steepness_nm(self) -> float:
        """Width over which the composition grades where it is steepest, nm."""
        return self.erf_length_nm

    def first_share(self, distance_nm) -> np.ndarray:
        """Share of the first phase at signed distances (nm) to the interface."""
        from scipy.special import erfc

        distance = np.asarray(distance_nm, float)
        if self.erf_length_nm == 0.0:
            return (distance < 0).astype(float)
        return 0.5 * erfc(distance / self.erf_length_nm)

    def formula_units(self, distance_nm) -> np.ndarray:
        """Formula units per nm³ at signed distances (nm) to the interface, shape (material, ...)."""
        share = self.first_share(distance_nm)
        first, second = (phase.formula_unit_densities() for phase in (self.first, self.second))
        return np.stack(
            [
                second.get(name, 0.0) + share * (first.get(name, 0.0) - second.get(name, 0.0))
                for name in self.materials
            ]
        )

    def labels(self, distance_nm) -> np.ndarray:
        """1 and 2 where one phase holds at least 99 %, 255 between, uint8."""
        distance = np.asarray(distance_nm, float)
        margin = PURE_BEYOND * self.erf_length_nm
        label = np.full(distance.shape, MIXED, np.uint8)
        label[distance >= margin] = 2
        label[distance < -margin] = 1
        return label
