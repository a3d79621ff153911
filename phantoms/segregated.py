"""Mixing rule: two phases side by side."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import NonNegativeFloat

from .couple import Couple

# An error-function profile erfc(d/ℓ)/2 falls from 90 to 10 % over 1.8124 ℓ.
WIDTH_PER_LENGTH = 1.8123876


class Segregated(Couple):
    """Two phases that do not mix.

    Parameters
    ----------
    first, second : Phase
        The phases on the negative and the positive side of the interface.
    width_nm : float
        10–90 % width of the interface, nm; 0 is sharp. The profile is an error function.

    Examples
    --------
    >>> from glasstomo.phantoms import Phase
    >>> rule = Segregated(
    ...     first=Phase(name="co", formula_units={"ZIF-4-Co": 1.0}, metal_density_nm3=5.0),
    ...     second=Phase(name="zn", formula_units={"ZIF-62": 1.0}, metal_density_nm3=6.0),
    ... )
    >>> rule.formula_units([-1.0, 1.0])
    array([[5., 0.],
           [0., 6.]])
    """

    mixing_state: ClassVar[str] = "segregated"

    kind: Literal["segregated"] = "segregated"
    width_nm: NonNegativeFloat = 0.0

    @property
    def erf_length_nm(self) -> float:
        """Length ℓ of the error function, nm."""
        return float(np.divide(self.width_nm, WIDTH_PER_LENGTH))
