"""Total variation."""

import numpy as np

from . import gradient
from .field_clip import clip_field
from .regulariser import Regulariser


class TV(Regulariser):
    """Isotropic total variation ``Σ |∇x|``, forward differences per voxel.

    L. I. Rudin, S. Osher and E. Fatemi, Physica D 60 (1992) 259, doi 10.1016/0167-2789(92)90242-F.

    Examples
    --------
    >>> volume = np.zeros((3, 3, 3), np.float32)
    >>> volume[1:] = 2.0
    >>> TV().value(volume)  # a face of nine voxels, a step of two
    18.0
    """

    name = "tv"
    components = 3
    order = 1
    coarse_lambda = 4.0
    rows = 2.0
    columns = 6.0
    primal_weight = 4.0

    def dual_step(self, ahead, ahead_auxiliary, field, sigma, lam, relax):
        """See `Regulariser.dual_step`."""
        gradient.dual_step(ahead, field, np.float32(sigma / self.rows), lam, relax)

    def primal_step(self, volume, ahead, field, tau, lower, upper, relax):
        """See `Regulariser.primal_step`."""
        gradient.primal_step(volume, ahead, field, tau, lower, upper, relax)

    def adjoint(self, field, out):
        """See `Regulariser.adjoint`."""
        gradient.gradient_adjoint(field, out)

    def clip(self, field, lam):
        """See `Regulariser.clip`."""
        clip_field(field, lam)

    def value(self, volume, auxiliary=None):
        """See `Regulariser.value`."""
        return gradient.total_variation(np.ascontiguousarray(volume, np.float32))
