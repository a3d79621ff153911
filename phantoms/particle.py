"""A particle: body × domain × mixing rule, as closed formulas of position."""

from functools import cached_property

import numpy as np
from pydantic import model_validator

from .bodies import Body
from .domains import Domain
from .elements import in_order
from .materials import MATERIALS
from .mixing import Mixing
from .parameters import Parameters
from .support_film import SupportFilm
from .whole import Whole


class Particle(Parameters):
    """The analytic truth about a specimen.

    Parameters
    ----------
    body : Ellipsoid, FacetedCrystal or RoughShard
        Where there is matter.
    domain : Sheet, Embedded, RandomTexture or Whole
        Where the two parts meet.
    mixing : Pure, Segregated, Interdiffused or FluxMelted
        What the parts are made of.
    film : SupportFilm or None
        What the particle lies on.

    Examples
    --------
    >>> from glasstomo.phantoms import Phase, Pure, Sphere
    >>> phase = Phase(name="standard", formula_units={"ZIF-4-Co": 1.0})
    >>> particle = Particle(body=Sphere(radius_nm=50.0), mixing=Pure(phase=phase))
    >>> particle.elements
    ('Co', 'H', 'C', 'N')
    >>> particle.densities([0.0, 60.0], 0.0, 0.0)[0].round(2)
    array([4.87, 0.  ])
    >>> Particle.model_validate_json(particle.model_dump_json()) == particle
    True
    """

    body: Body
    domain: Domain = Whole()
    mixing: Mixing
    film: SupportFilm | None = None

    @model_validator(mode="after")
    def _fitting(self) -> "Particle":
        if self.mixing.has_interface and isinstance(self.domain, Whole):
            raise ValueError(f"mixing {self.mixing.kind!r} needs a domain with an interface, got Whole()")
        if not self.mixing.has_interface and not isinstance(self.domain, Whole):
            raise ValueError(f"mixing 'pure' has no interface; drop the domain {self.domain.kind!r}")
        if self.mixing.steepness_nm > 0.0 and not self.domain.metric:
            raise ValueError(
                f"mixing {self.mixing.kind!r} grades with the distance to the interface, which a rough "
                "embedded shard only bounds; set its roughness_nm=0, or take a sharp Segregated(width_nm=0)"
            )
        return self

    @property
    def mixing_state(self) -> str:
        """``"pure"``, ``"segregated"`` or ``"interdiffused"`` (a flux-melted glass counts as such)."""
        return self.mixing.mixing_state

    @property
    def phase_names(self) -> tuple[str, ...]:
        """Names of the phases, in the order of their labels 1, 2, ..."""
        return self.mixing.phase_names

    @cached_property
    def elements(self) -> tuple[str, ...]:
        """Elements of the particle, metals first."""
        return in_order({e for name in self.mixing.materials for e in MATERIALS[name].formula})

    @cached_property
    def atoms_per_unit(self) -> np.ndarray:
        """Atoms per formula unit, shape (element, material)."""
        formulas = [MATERIALS[name].formula for name in self.mixing.materials]
        return np.array([[formula.get(element, 0.0) for formula in formulas] for element in self.elements])

    def formula_unit_densities(self, z, y, x) -> dict[str, np.ndarray]:
        """Formula units of each material per nm³ at points (nm); zero outside the body."""
        inside = self.body.signed_distance(z, y, x) < 0
        units = self.mixing.formula_units(self.domain.signed_distance(z, y, x)) * inside
        return dict(zip(self.mixing.materials, units, strict=True))

    def densities(self, z, y, x) -> np.ndarray:
        """Atoms of each element per nm³ at points (nm), shape (element, ...); zero outside."""
        units = np.stack(list(self.formula_unit_densities(z, y, x).values()))
        return np.tensordot(self.atoms_per_unit, units, axes=1)
