"""Second-order total variation."""

import numpy as np

from . import hessian
from .field_clip import clip_field
from .regulariser import Regulariser


class TV2(Regulariser):
    """Frobenius norm of the Hessian, ``Σ |∇²x|``, second differences per voxel.

    S. Lefkimmiatis, A. Bourquard and M. Unser, IEEE Trans. Image Process. 21 (2012) 983,
    doi 10.1109/TIP.2011.2168232.

    Examples
    --------
    >>> volume = np.zeros((3, 3, 3), np.float32)
    >>> volume[1:] = 2.0
    >>> TV2().value(volume)  # only the middle plane has neighbours on both sides
    18.0
    """

    name = "tv2"
    components = 6
    order = 2
    coarse_lambda = 2.0
    rows = 4.0 * np.sqrt(2.0)
    columns = 12.0 + 12.0 * np.sqrt(2.0)
    primal_weight = 1.2

    def dual_step(self, ahead, ahead_auxiliary, field, sigma, lam, relax):
        """See `Regulariser.dual_step`."""
        hessian.dual_step2(ahead, field, np.float32(sigma / self.rows), lam, relax)

    def primal_step(self, volume, ahead, field, tau, lower, upper, relax):
        """See `Regulariser.primal_step`."""
        hessian.primal_step2(volume, ahead, field, tau, lower, upper, relax)

    def adjoint(self, field, out):
        """See `Regulariser.adjoint`."""
        hessian.hessian_adjoint(field, out)

    def clip(self, field, lam):
        """See `Regulariser.clip`."""
        clip_field(field, lam)

    def value(self, volume, auxiliary=None):
        """See `Regulariser.value`."""
        return hessian.second_variation(np.ascontiguousarray(volume, np.float32))
