"""A part of a holder that X-rays cross: soft lines are absorbed, hard ones pass."""

from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, field_validator, model_validator

from ...phantoms.parameters import Parameters
from ..elements import atomic_number

CM_PER_MM = 0.1


class HolderFilter(Parameters):
    """A band of elevation in which photons cross a thickness of one element.

    Parameters
    ----------
    low_deg, high_deg : float
        The band of elevation over the holder plane, degrees.
    element : str
        What is crossed.
    density_g_cm3 : float
        Its mass density.
    thickness_mm : tuple of (float, float)
        Way through it along the ray, mm, at the low and at the high end of the band; linear
        between them.
    hard_kev : float or None, optional
        Energy from which on the holder's opaque bands hold all that is lost, keV: a band fitted to
        hard lines has their absorption in it already. None: the filter acts in full at all energies.

    Raises
    ------
    ValueError
        When a field is out of range or the element unknown.

    Notes
    -----
    T = exp(−max(0, μ(E) − μ(E_hard)) t), with μ = ρ (μ/ρ) from the tables of Elam et al. (see
    `mass_attenuation_cm2_g`) and μ(E_hard) = 0 where `hard_kev` is None: T is continuous in E and
    exactly 1 from `hard_kev` on. Scattered and fluorescent photons of the filter are left out.

    Examples
    --------
    >>> carrier = HolderFilter(
    ...     low_deg=0, high_deg=10, element="Be", density_g_cm3=1.848, thickness_mm=(0.1, 0.1)
    ... )
    >>> [round(float(carrier.transmission(np.array(5.0), kev)), 3) for kev in (0.28, 1.74, 8.64)]
    [0.0, 0.121, 0.983]
    """

    low_deg: Annotated[float, Field(ge=-90, le=90)]
    high_deg: Annotated[float, Field(ge=-90, le=90)]
    element: str
    density_g_cm3: PositiveFloat
    thickness_mm: tuple[NonNegativeFloat, NonNegativeFloat]
    hard_kev: Annotated[float, Field(ge=0.1, le=500)] | None = None

    @field_validator("element")
    @classmethod
    def _check_element(cls, element: str) -> str:
        atomic_number(element)
        return element

    @model_validator(mode="after")
    def _check_band(self) -> "HolderFilter":
        if not self.low_deg < self.high_deg:
            raise ValueError(f"low_deg must be less than high_deg, got {self.low_deg} and {self.high_deg}")
        return self

    def transmission(self, elevation_deg: np.ndarray, energy_kev: float) -> np.ndarray:
        """Share of photons that pass at an elevation over the holder plane.

        Parameters
        ----------
        elevation_deg : ndarray
            Elevations, degrees.
        energy_kev : float
            Photon energy, keV.

        Returns
        -------
        ndarray of float64
            In [0, 1], of the same shape; 1 outside the band.
        """
        elevation = np.asarray(elevation_deg, dtype=np.float64)
        per_mm = self.attenuation_per_mm(energy_kev)
        if per_mm == 0:
            return np.ones(elevation.shape)
        at_low, at_high = self.thickness_mm
        inside = (elevation > self.low_deg) & (elevation < self.high_deg)
        along = np.where(inside, elevation - self.low_deg, 0.0) / (self.high_deg - self.low_deg)
        way_mm = np.where(inside, at_low + (at_high - at_low) * along, 0.0)
        return np.exp(-per_mm * way_mm)

    def attenuation_per_mm(self, energy_kev: float) -> float:
        """Attenuation beyond that of hard lines, mm⁻¹."""
        if self.hard_kev is not None and energy_kev >= self.hard_kev:
            return 0.0
        from ..attenuation import mass_attenuation_cm2_g

        per_g = mass_attenuation_cm2_g(self.element, energy_kev)
        if self.hard_kev is not None:
            per_g = max(0.0, per_g - mass_attenuation_cm2_g(self.element, self.hard_kev))
        return per_g * self.density_g_cm3 * CM_PER_MM
