"""The support film that a particle lies on."""

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from .bodies import Body
from .elements import METALS
from .materials import MATERIALS
from .parameters import Parameters

# Points along each axis of the search for the lowest point of a body.
SEARCH = 48


class SupportFilm(Parameters):
    """An infinite flat slab below the particle, normal to the beam at 0° tilt.

    It stands in no voxel: its areal density at tilt α is number density × thickness / cos α
    everywhere in the image.

    Parameters
    ----------
    material : str
        Name in `MATERIALS`, with a density.
    thickness_nm : float
        Thickness, nm.
    top_nm : float
        Position z of its upper face, nm.

    Examples
    --------
    >>> film = SupportFilm(thickness_nm=20.0, top_nm=-150.0)
    >>> round(film.areal_densities()["C"])
    1755
    """

    material: str = "carbon"
    thickness_nm: PositiveFloat = 20.0
    top_nm: float

    @model_validator(mode="after")
    def _has_density(self) -> "SupportFilm":
        if MATERIALS[self.material].density_g_cm3 is None:
            raise ValueError(f"material must carry a density, {self.material!r} does not")
        return self

    @classmethod
    def below(
        cls,
        body: Body,
        *,
        gap_nm: NonNegativeFloat = 0.0,
        thickness_nm: PositiveFloat = 20.0,
        material: str = "carbon",
    ) -> "SupportFilm":
        """Return the film that a body rests on, its lowest point found to about 1 % of its size."""
        return cls(material=material, thickness_nm=thickness_nm, top_nm=lowest_nm(body) - gap_nm)

    @property
    def metals(self) -> tuple[str, ...]:
        """Metals that the film adds to the X-ray maps (none for carbon)."""
        return tuple(metal for metal in METALS if metal in MATERIALS[self.material].formula)

    def number_densities(self) -> dict[str, float]:
        """Atoms of each element per nm³ of film."""
        return MATERIALS[self.material].number_densities()

    def areal_densities(self) -> dict[str, float]:
        """Atoms of each element per nm² of film seen along its normal."""
        return {element: n * self.thickness_nm for element, n in self.number_densities().items()}


def lowest_nm(body: Body) -> float:
    """Return z of the lowest point of a body, nm, on a lattice of about 1/24 of its radius."""
    radius = body.bounding_radius_nm
    axis = np.linspace(-radius, radius, SEARCH)
    inside = body.signed_distance(axis[:, None, None], axis[None, :, None], axis[None, None, :]) < 0
    rows = np.flatnonzero(inside.any(axis=(1, 2)))
    if rows.size == 0:
        return -radius
    # Within the slab below the lowest row that the lattice hits, look again eight times as fine.
    low = axis[max(rows[0] - 1, 0)]
    fine = np.linspace(low, axis[rows[0]], 9)
    hit = body.signed_distance(fine[:, None, None], axis[None, :, None], axis[None, None, :]) < 0
    return float(fine[np.flatnonzero(hit.any(axis=(1, 2)))[0]])
