"""Mixing rule: a flux-melted glass with a miscibility limit."""

from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat, model_validator

from .materials import MATERIALS
from .parameters import Parameters

Fraction = Annotated[float, Field(ge=0, le=1)]


class FluxMelted(Parameters):
    """A mixed Co-rich phase, a Zn-rich phase and a remnant of pure zinc framework.

    The zinc fraction X = Zn/(Zn + Co) jumps at the interface across the miscibility limit. On the
    Co-rich side (negative distance) it falls from `co_rich_fraction[1]` at the interface to
    `co_rich_fraction[0]` deep inside; on the Zn-rich side it rises from `zn_rich_from` to 1.
    Where it exceeds `remnant_above`, the phase is called the remnant.

    Parameters
    ----------
    co_rich_fraction : tuple of float
        Zinc fraction of the Co-rich phase deep inside and at the interface.
    zn_rich_from : float
        Zinc fraction of the Zn-rich phase at the interface: the miscibility limit.
    remnant_above : float
        Zinc fraction above which the Zn-rich side is labelled as the remnant.
    co_rich_density_nm3, zn_rich_density_nm3 : float
        Metal atoms per nm³ on either side.
    co_rich_length_nm, zn_rich_length_nm : float
        Diffusion lengths 2√(D t) on either side, nm.
    co_material, zn_material : str
        Materials whose formula units carry Co and Zn.

    Notes
    -----
    Each side follows X(d) = X_i + (X_∞ − X_i) erf(|d|/ℓ), the solution for a half space whose
    surface is held at X_i (Crank, The Mathematics of Diffusion, 1975, eq. 3.13): exact for a plane
    interface that does not move. The default fractions and densities are those that Collins et al.,
    APL Mater. 7 (2019) 091111, doi:10.1063/1.5120093, measured in ag[(ZIF-67)0.2(ZIF-62)0.8]; the
    lengths are a choice.

    Examples
    --------
    >>> rule = FluxMelted()
    >>> rule.zinc_fraction([-500.0, -1e-9, 0.0, 500.0]).round(3)
    array([0.3 , 0.5 , 0.55, 1.  ])
    """

    mixing_state: ClassVar[str] = "interdiffused"
    has_interface: ClassVar[bool] = True

    kind: Literal["flux_melted"] = "flux_melted"
    co_rich_fraction: tuple[Fraction, Fraction] = (0.3, 0.5)
    zn_rich_from: Fraction = 0.55
    remnant_above: Fraction = 0.99
    co_rich_density_nm3: PositiveFloat = 6.0
    zn_rich_density_nm3: PositiveFloat = 4.0
    co_rich_length_nm: PositiveFloat = 40.0
    zn_rich_length_nm: PositiveFloat = 40.0
    co_material: str = "ZIF-67"
    zn_material: str = "ZIF-62"

    @model_validator(mode="after")
    def _rising(self) -> "FluxMelted":
        ladder = (*self.co_rich_fraction, self.zn_rich_from, self.remnant_above, 1.0)
        if any(high < low for low, high in pairwise(ladder)) or self.remnant_above == 1.0:
            raise ValueError(
                "zinc fractions must rise: co_rich_fraction[0] <= co_rich_fraction[1] <= zn_rich_from "
                f"<= remnant_above < 1, got {ladder[:4]}"
            )
        for field in ("co_material", "zn_material"):
            name, metal = getattr(self, field), field[:2].capitalize()
            if MATERIALS[name].metal != metal:
                raise ValueError(f"{field} must be a material of {metal}, got {name!r}")
        return self

    @property
    def phase_names(self) -> tuple[str, ...]:
        """Names of the three phases."""
        return "co_rich", "zn_rich", "remnant"

    @property
    def materials(self) -> tuple[str, ...]:
        """Materials whose formula units are counted."""
        return self.co_material, self.zn_material

    @property
    def remnant_beyond_nm(self) -> float:
        """Distance from the interface at which the remnant begins, nm."""
        from scipy.special import erfinv

        share = (self.remnant_above - self.zn_rich_from) / (1.0 - self.zn_rich_from)
        return self.zn_rich_length_nm * float(erfinv(share))

    @property
    def edges_nm(self) -> tuple[float, ...]:
        """Distances to the interface at which label or composition jump, nm."""
        return 0.0, self.remnant_beyond_nm

    @property
    def steepness_nm(self) -> float:
        """Width over which the composition grades where it is steepest, nm."""
        return min(self.co_rich_length_nm, self.zn_rich_length_nm)

    def zinc_fraction(self, distance_nm) -> np.ndarray:
        """Zn/(Zn + Co) at signed distances (nm) to the interface."""
        from scipy.special import erf

        distance = np.asarray(distance_nm, float)
        deep, edge = self.co_rich_fraction
        co_side = edge + (deep - edge) * erf(-distance / self.co_rich_length_nm)
        zn_side = self.zn_rich_from + (1.0 - self.zn_rich_from) * erf(distance / self.zn_rich_length_nm)
        return np.where(distance < 0, co_side, zn_side)

    def formula_units(self, distance_nm) -> np.ndarray:
        """Formula units per nm³ at signed distances (nm) to the interface, shape (2, ...)."""
        distance = np.asarray(distance_nm, float)
        metal = np.where(distance < 0, self.co_rich_density_nm3, self.zn_rich_density_nm3)
        zinc = self.zinc_fraction(distance)
        return np.stack([metal * (1.0 - zinc), metal * zinc])

    def labels(self, distance_nm) -> np.ndarray:
        """1 Co-rich, 2 Zn-rich, 3 remnant, uint8."""
        distance = np.asarray(distance_nm, float)
        return np.where(distance < 0, 1, np.where(distance < self.remnant_beyond_nm, 2, 3)).astype(np.uint8)
