"""Two domains interwoven at random: a thresholded Gaussian random field."""

from functools import cached_property
from statistics import NormalDist
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from .parameters import Parameters
from .waves import Waves

# Where the field is flat its distance to the threshold is unknown; the slope is held above this
# share of its root mean square so that the estimate stays finite.
LEAST_SLOPE = 0.2


class RandomTexture(Parameters):
    """A bicontinuous or droplet-like texture, as of spinodal decomposition.

    Parameters
    ----------
    volume_fraction : float
        Share of the first domain in an unbounded medium; a body of a few correlation lengths
        scatters about it.
    correlation_nm : float
        Correlation length ξ, nm: the field's covariance is exp(−r²/2ξ²).
    modes : int
        Number of plane waves.
    seed : int
        Seed.

    Notes
    -----
    The field f is a sum of plane waves with normal wave vectors, nearly Gaussian with unit variance
    (Cahn, J. Chem. Phys. 42 (1965) 93, doi:10.1063/1.1695731); the first domain is f < Φ⁻¹(share).
    `signed_distance` is (f − threshold)/|∇f|, the distance to first order: good near the interface,
    an estimate (not a bound) far from it.

    Examples
    --------
    >>> texture = RandomTexture(volume_fraction=0.3, correlation_nm=20.0, seed=4)
    >>> texture.signed_distance(0.0, [0.0, 10.0], 0.0).shape
    (2,)
    """

    kind: Literal["random_texture"] = "random_texture"
    volume_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.5
    correlation_nm: PositiveFloat
    modes: Annotated[int, Field(ge=8, le=500)] = 48
    seed: Annotated[int, Field(ge=0)] = 0

    @property
    def metric(self) -> bool:
        """Whether `signed_distance` is a distance: to first order."""
        return True

    def field(self, z, y, x) -> np.ndarray:
        """Return the random field at points (nm), of mean 0 and variance 1; arrays broadcast."""
        return self._waves.value(*(np.asarray(c, float) for c in (z, y, x)))

    def signed_distance(self, z, y, x) -> np.ndarray:
        """First-order signed distance to the interface, nm, negative in the first domain."""
        z, y, x = (np.asarray(c, float) for c in (z, y, x))
        threshold = NormalDist().inv_cdf(self.volume_fraction)
        # The root mean square slope of a unit field with this covariance is √3/ξ.
        least = LEAST_SLOPE * np.sqrt(3.0) / self.correlation_nm
        return (self._waves.value(z, y, x) - threshold) / np.maximum(self._waves.slope(z, y, x), least)

    @cached_property
    def _waves(self) -> Waves:
        rng = np.random.default_rng(self.seed)
        return Waves(
            vectors=rng.standard_normal((self.modes, 3)) / self.correlation_nm,
            phases=rng.uniform(0, 2 * np.pi, self.modes),
            amplitudes=np.full(self.modes, np.sqrt(2.0 / self.modes)),
        )
