"""A domain with the shape of a body, embedded in the other."""

from typing import Literal

import numpy as np

from .bodies import Body
from .parameters import Parameters
from .rough_shard import RoughShard


class Embedded(Parameters):
    """The first domain fills a body, the second what lies around it.

    Parameters
    ----------
    body : Ellipsoid, FacetedCrystal or RoughShard
        The inner domain; its signed distance is the distance to the interface (exact for an
        ellipsoid; see the others for where theirs is a bound).

    Examples
    --------
    >>> from glasstomo.phantoms import Sphere
    >>> float(Embedded(body=Sphere(radius_nm=30.0)).signed_distance(0.0, 50.0, 0.0))
    20.0
    """

    kind: Literal["embedded"] = "embedded"
    body: Body

    @property
    def metric(self) -> bool:
        """Whether `signed_distance` is a distance, and not just a bound: false for a rough shard."""
        return not (isinstance(self.body, RoughShard) and self.body.roughness_nm > 0.0)

    def signed_distance(self, z, y, x) -> np.ndarray:
        """Signed distance to the interface, nm, negative in the inner domain; arrays broadcast."""
        return self.body.signed_distance(z, y, x)
