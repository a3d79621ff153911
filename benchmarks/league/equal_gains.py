"""The sinograms of a problem for packages that know neither gains nor weights."""

from dataclasses import dataclass

import numpy as np

from ...recon import Problem
from ...recon.baselines.wbp import angular_weights

# Divided by a gain, noise grows by its inverse root: three times at this share of the largest.
_LEAST_GAIN = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class EqualGains:
    """Projections as a detector of gain one would have given them, less those that it hardly saw.

    Parameters
    ----------
    densities : ndarray of float32, shape (tilt, y, x)
        Areal densities: data over gain.
    angles_deg : ndarray of float64, shape (tilt,)
        Of the tilts kept.
    weights : ndarray of float32, shape (tilt, y, x)
        Inverse variances of `densities`.

    Examples
    --------
    >>> problem = Problem(
    ...     data=np.ones((3, 2, 1)), angles_deg=[-10.0, 0.0, 10.0], spacing_nm=1.0, gains=[1.0, 0.5, 0.01])
    >>> sinograms = EqualGains.of(problem)
    >>> sinograms.angles_deg, sinograms.densities[:, 0, 0], sinograms.weights[:, 0, 0]
    (array([-10.,   0.]), array([1., 2.], dtype=float32), array([1.  , 0.25], dtype=float32))
    """

    densities: np.ndarray
    angles_deg: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, problem: Problem) -> "EqualGains":
        """Take them from a problem; tilts whose gain is below a tenth of the largest are left out."""
        kept = seen_tilts(problem.gains)
        column = problem.gains[kept, None, None]
        return cls(
            densities=(problem.data[kept] / column).astype(np.float32),
            angles_deg=problem.angles_deg[kept],
            weights=(problem.weights[kept] * column**2).astype(np.float32),
        )

    def for_equal_steps(self) -> np.ndarray:
        """Densities times the range of angles that each tilt stands for, over the mean of a half circle.

        A filtered back projection that sums over its tilts times π over their number then integrates
        over the angles that were recorded.
        """
        tilts = self.angles_deg.size
        return (
            self.densities
            * (angular_weights(self.angles_deg) * tilts / np.pi).astype(np.float32)[:, None, None]
        )


def seen_tilts(gains: np.ndarray) -> np.ndarray:
    """Which tilts have a gain worth dividing by, bool (tilt,).

    Examples
    --------
    >>> seen_tilts(np.array([0.0, 0.05, 0.5, 1.0]))
    array([False, False,  True,  True])
    """
    return (gains > 0) & (gains >= _LEAST_GAIN * gains.max())
