"""Total variation, of one channel or of several that share their edges."""

import numpy as np

from . import gradient
from .field_clip import clip_field
from .planes import planes
from .regulariser import Regulariser


class TV(Regulariser):
    """Isotropic total variation ``Σ |∇x|``, forward differences per voxel.

    L. I. Rudin, S. Osher and E. Fatemi, Physica D 60 (1992) 259, doi 10.1016/0167-2789(92)90242-F. With
    channels the Frobenius norm of their gradients, ``Σ √(Σ_c γ_c² |∇x_c|²)``: X. Bresson and
    T. F. Chan, Inverse Probl. Imaging 2 (2008) 455, doi 10.3934/ipi.2008.2.455.

    Examples
    --------
    >>> volume = np.zeros((3, 3, 3), np.float32)
    >>> volume[1:] = 2.0
    >>> TV().value(volume)  # a face of nine voxels, a step of two
    18.0
    >>> TV(channels=2).value(np.stack([1.5 * volume, 2.0 * volume]))  # one face: steps of three and four
    45.0
    """

    name = "tv"
    components = 3
    order = 1
    coarse_lambda = 4.0
    block_rows = (2.0,)
    columns = 6.0
    stiffness = (0.5, 0.0)
    primal_weight = 4.0

    def dual_step(self, ahead, ahead_auxiliary, field, sigma, lam, relax):
        """See `Regulariser.dual_step`."""
        steps, lam, relax = self._block_sigma(sigma, 0), np.float32(lam), np.float32(relax)
        ahead = self._by_channel(ahead)
        if len(ahead) == 1:
            gradient.step_dual(ahead[0], planes(field), steps[0], lam, relax)
        else:
            gradient.step_joint_dual(ahead, planes(field), steps, lam, relax)

    def primal_step(self, volume, ahead, field, tau, lower, upper, relax):
        """See `Regulariser.primal_step`."""
        self._primal_channels(gradient.step_primal, volume, ahead, field, tau, (lower, upper), relax)

    def apply(self, volume, auxiliary, out):
        """See `Regulariser.apply`."""
        parts = zip(self._by_channel(volume), self._by_channel(out), self.gamma, strict=True)
        for part, target, gamma in parts:
            gradient.gradient(part, target)
            target *= gamma

    def adjoint(self, field, out):
        """See `Regulariser.adjoint`."""
        parts = zip(self._by_channel(field), self._by_channel(out), self.gamma, strict=True)
        for part, target, gamma in parts:
            gradient.gradient_adjoint(part, target)
            target *= gamma

    def clip(self, field, lam):
        """See `Regulariser.clip`."""
        clip_field(field, lam)

    def value(self, volume, auxiliary=None):
        """See `Regulariser.value`."""
        volume = self._by_channel(np.ascontiguousarray(volume, np.float32))
        return gradient.joint_variation(volume, self.gamma)
