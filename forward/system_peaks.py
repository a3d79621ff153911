"""System peaks: lines that the microscope, holder and grid add to every spectrum."""

from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeFloat, field_validator

from ..phantoms.parameters import Parameters
from .xray_lines import lines_of


class SystemPeaks(Parameters):
    """Lines of elements that are not in the specimen."""

    uniform: dict[str, NonNegativeFloat] = Field(default_factory=lambda: {"Cu": 1e-7})
    scattered: dict[str, NonNegativeFloat] = Field(default_factory=lambda: {"Cu": 1e-4})
    tilt_power: NonNegativeFloat = 1.0
    soft_share: Annotated[float, Field(ge=0, le=1)] = 0.5

    @field_validator("uniform", "scattered")
    @classmethod
    def _check_elements(cls, table: dict[str, float]) -> dict[str, float]:
        for element in table:
            if not lines_of(element):
                raise ValueError(f"element {element!r} has no X-ray line here; add it to LINES or drop it")
        return table

    @property
    def elements(self) -> tuple[str, ...]:
        """Elements whose lines appear."""
        return tuple(dict.fromkeys((*self.uniform, *self.scattered)))

    def tilt_factor(self, tilts_deg: np.ndarray) -> np.ndarray:
        """Growth with tilt, sec(α)^p, against tilt."""
        return np.cos(np.deg2rad(np.asarray(tilts_deg, dtype=np.float64))) ** -self.tilt_power
