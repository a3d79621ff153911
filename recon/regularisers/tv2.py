"""Second-order total variation, of one channel or of several that share their edges."""

import numpy as np

from . import hessian
from .field_clip import clip_field
from .planes import planes
from .regulariser import Regulariser


class TV2(Regulariser):
    """Frobenius norm of the Hessian, ``Σ |∇²x|``, second differences per voxel.

    S. Lefkimmiatis, A. Bourquard and M. Unser, IEEE Trans. Image Process. 21 (2012) 983,
    doi 10.1109/TIP.2011.2168232. With channels ``Σ √(Σ_c γ_c² |∇²x_c|²)``.

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
    block_rows = (4.0 * np.sqrt(2.0),)
    columns = 12.0 + 12.0 * np.sqrt(2.0)
    stiffness = (0.0, 0.25 / np.sqrt(2.0))
    primal_weight = 1.2

    def dual_step(self, ahead, ahead_auxiliary, field, sigma, lam, relax):
        """See `Regulariser.dual_step`."""
        steps, lam, relax = self._block_sigma(sigma, 0), np.float32(lam), np.float32(relax)
        ahead = self._by_channel(ahead)
        if len(ahead) == 1:
            hessian.step_dual2(ahead[0], planes(field), steps[0], lam, relax)
        else:
            hessian.step_joint_dual2(ahead, planes(field), steps, lam, relax)

    def primal_step(self, volume, ahead, field, tau, lower, upper, relax):
        """See `Regulariser.primal_step`."""
        self._primal_channels(hessian.step_primal2, volume, ahead, field, tau, (lower, upper), relax)

    def apply(self, volume, auxiliary, out):
        """See `Regulariser.apply`."""
        parts = zip(self._by_channel(volume), self._by_channel(out), self.gamma, strict=True)
        for part, target, gamma in parts:
            hessian.hessian(part, target)
            target *= gamma

    def adjoint(self, field, out):
        """See `Regulariser.adjoint`."""
        parts = zip(self._by_channel(field), self._by_channel(out), self.gamma, strict=True)
        for part, target, gamma in parts:
            hessian.hessian_adjoint(part, target)
            target *= gamma

    def clip(self, field, lam):
        """See `Regulariser.clip`."""
        clip_field(field, lam)

    def value(self, volume, auxiliary=None):
        """See `Regulariser.value`."""
        volume = self._by_channel(np.ascontiguousarray(volume, np.float32))
        return hessian.joint_second_variation(volume, self.gamma)
