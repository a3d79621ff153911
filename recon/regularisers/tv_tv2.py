"""Total variation of first and of second order together, in one pass over the volume."""

import numpy as np
from numba import njit, prange

from . import gradient, hessian
from .field_clip import advance_row, clip_field, move_row, relax_row, shrink_row
from .gradient import gradient_row, slope_row
from .hessian import hessian_row, slope_row2
from .planes import planes
from .regulariser import Regulariser


class TVTV2(Regulariser):
    """``(1 − β) TV + β TV²``: flat regions from the first, without its staircases on slopes.

    K. Papafitsoros and C.-B. Schönlieb, J. Math. Imaging Vis. 48 (2014) 308,
    doi 10.1007/s10851-013-0445-4. The dual field holds the three components of TV and then the six of
    TV², in balls of radius (1 − β) λ and β λ.

    Parameters
    ----------
    second_order_share : float
        β, between 0 and 1.
    channels : int, optional
        Number of channels; none when omitted.
    channel_weights : array of float, shape (channel,), optional
        γ > 0; ones when omitted. Each of the two terms joins the channels.

    Raises
    ------
    ValueError
        When β does not lie between 0 and 1.

    Examples
    --------
    >>> volume = np.zeros((3, 3, 3), np.float32)
    >>> volume[1:] = 2.0
    >>> volume[2:] = 5.0
    >>> TVTV2(second_order_share=0.25).value(volume)  # nine columns, steps of 2 and 3
    36.0
    """

    name = "tv_tv2"
    components = 9
    order = 1
    block_rows = (2.0, 4.0 * np.sqrt(2.0))
    columns = 18.0 + 12.0 * np.sqrt(2.0)
    stiffness = (0.5, 0.25 / np.sqrt(2.0))
    primal_weight = 1.5

    def __init__(
        self,
        second_order_share: float = 0.5,
        channels: int | None = None,
        channel_weights: np.ndarray | None = None,
    ) -> None:
        super().__init__(channels, channel_weights)
        if not 0.0 < second_order_share < 1.0:
            raise ValueError(
                f"`second_order_share` must lie between 0 and 1, got {second_order_share}; "
                "at its ends use TV or TV2"
            )
        self.shares = (1.0 - second_order_share, second_order_share)
        self.coarse_lambda = 4.0 * self.shares[0] + 2.0 * self.shares[1]

    def dual_step(self, ahead, ahead_auxiliary, field, sigma, lam, relax):
        """See `Regulariser.dual_step`."""
        radii = (np.float32(self.shares[0] * lam), np.float32(self.shares[1] * lam))
        sigmas = (self._block_sigma(sigma, 0), self._block_sigma(sigma, 1))
        step_both_duals(self._by_channel(ahead), planes(field), sigmas, radii, np.float32(relax))

    def primal_step(self, volume, ahead, field, tau, lower, upper, relax):
        """See `Regulariser.primal_step`."""
        self._primal_channels(step_primal_of_both, volume, ahead, field, tau, (lower, upper), relax)

    def apply(self, volume, auxiliary, out):
        """See `Regulariser.apply`."""
        parts = zip(self._by_channel(volume), self._by_channel(out), self.gamma, strict=True)
        for part, target, gamma in parts:
            gradient.gradient(part, target[:3])
            hessian.hessian(part, target[3:])
            target *= gamma

    def adjoint(self, field, out):
        """See `Regulariser.adjoint`."""
        second = np.empty(out.shape[-3:], np.float32)
        parts = zip(self._by_channel(field), self._by_channel(out), self.gamma, strict=True)
        for part, target, gamma in parts:
            gradient.gradient_adjoint(part[:3], target)
            hessian.hessian_adjoint(part[3:], second)
            target += second
            target *= gamma

    def clip(self, field, lam):
        """See `Regulariser.clip`."""
        clip_field(field, self.shares[0] * lam, 0, 3)
        clip_field(field, self.shares[1] * lam, 3, 6)

    def value(self, volume, auxiliary=None):
        """See `Regulariser.value`."""
        volume = self._by_channel(np.ascontiguousarray(volume, np.float32))
        first = gradient.joint_variation(volume, self.gamma)
        return self.shares[0] * first + self.shares[1] * hessian.joint_second_variation(volume, self.gamma)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def step_both_duals(volume, field, sigmas, radii, relax):
    """Dual steps of TV and TV² for channels that share their balls.

    Parameters
    ----------
    volume : ndarray of float32, shape (channel, z, y, x)
    field : ndarray of float32, planes of (channel, 9, z, y, x)
    sigmas : two ndarrays of float32, shape (channel,)
        σ γ of each channel, for first and for second differences.
    radii : two floats
    relax : float
    """
    channels, nz, ny, nx = volume.shape
    for z in prange(nz):
        firsts = np.empty((3, channels, nx), np.float32)
        seconds = np.empty((6, channels, nx), np.float32)
        square, square2 = np.empty(nx, np.float32), np.empty(nx, np.float32)
        for y in range(ny):
            start = (z * ny + y) * nx
            square[:] = np.float32(0.0)
            square2[:] = np.float32(0.0)
            for c in range(channels):
                gradient_row(volume[c], z, y, firsts, c)
                advance_row(field, 9 * c, start, sigmas[0][c], firsts, c, square)
                hessian_row(volume[c], z, y, seconds, c)
                advance_row(field, 9 * c + 3, start, sigmas[1][c], seconds, c, square2)
            shrink_row(square, radii[0])
            shrink_row(square2, radii[1])
            for c in range(channels):
                relax_row(field, 9 * c, start, firsts, c, square, relax)
                relax_row(field, 9 * c + 3, start, seconds, c, square2, relax)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def step_primal_of_both(volume, ahead, field, first, tau, bounds, relax, gamma):
    """Fused primal step of TV + TV² with over-relaxation, for one channel; see `gradient.step_primal`."""
    nz, ny, nx = volume.shape
    for z in prange(nz):
        slope, slope2 = np.empty(nx, np.float32), np.empty(nx, np.float32)
        spare, spare2 = np.zeros((2, nx + 1), np.float32), np.zeros((3, nx + 2), np.float32)
        for y in range(ny):
            slope_row(field, first, z, y, volume.shape, spare, slope)
            slope_row2(field, first + 3, z, y, volume.shape, spare2, slope2)
            for x in range(nx):
                slope[x] += slope2[x]
            move_row(volume[z, y], ahead[z, y], tau[z, y], slope, bounds, relax, gamma)
