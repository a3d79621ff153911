"""Total generalised variation of second order."""

import numpy as np
from numba import njit, prange

from . import gradient
from .field_clip import add_squares, advance_row, clip_field, relax_row, shrink_row
from .gradient import gradient_row
from .planes import padded_zeros, planes
from .regulariser import Regulariser
from .symmetrised_gradient import (
    converge_row,
    symmetrised_adjoint,
    symmetrised_gradient,
    symmetrised_row,
)

# `value` without v stops when its own gap is so small relative to R, or to TV, which rounding limits,
# or after so many iterations; the step of the duals was the fastest on particles and noise.
_GAP, _NOTHING, _CHECK, _MOST, _WEIGHT = 1e-4, 1e-6, 25, 20000, 5.0


class TGV2(Regulariser):
    """``min_v Σ |∇x − v| + α |E v|``: edges as in TV, slopes for the price of their curvature.

    E is the symmetrised gradient (Frobenius norm). K. Bredies, K. Kunisch and T. Pock, SIAM J. Imaging
    Sci. 3 (2010) 492, doi 10.1137/090769521; α = 2 is the usual choice (F. Knoll et al., Magn. Reson.
    Med. 65 (2011) 480, doi 10.1002/mrm.22595). TGV² is zero for affine volumes, and at most TV and at
    most α TV²; it grows with α, up to TV.

    The auxiliary volume v is a gradient per voxel of each channel; the dual field holds three
    components p of ``∇x − v`` and six q of ``E v``, in balls of radius λ and α λ.

    Parameters
    ----------
    ratio : float
        α > 0, in voxels: the shorter side of what counts as a slope.
    channels : int, optional
        Number of channels; none when omitted.
    channel_weights : array of float, shape (channel,), optional
        γ > 0; ones when omitted. Each of the two terms joins the channels.

    Raises
    ------
    ValueError
        When the ratio is not positive.

    Examples
    --------
    >>> z, y, x = np.indices((4, 4, 4), dtype=np.float32)
    >>> TGV2().value(x + 2 * y), round(TGV2().value((x > 1) * 1.0), 3)
    (0.0, 16.0)
    """

    name = "tgv2"
    components = 9
    auxiliary = 3
    order = 2
    coarse_lambda = 4.0
    # Rows of ∇x − v, and of E v; columns of ∇, and of v in both.
    block_rows = (3.0, 2.0 * np.sqrt(2.0))
    columns = 6.0
    auxiliary_columns = 3.0 + 2.0 * np.sqrt(2.0)
    primal_weight = 4.0

    def __init__(
        self,
        ratio: float = 2.0,
        channels: int | None = None,
        channel_weights: np.ndarray | None = None,
    ) -> None:
        super().__init__(channels, channel_weights)
        if not (ratio > 0 and np.isfinite(ratio)):
            raise ValueError(f"`ratio` must be a positive number, got {ratio}")
        self.ratio = float(ratio)

    def dual_step(self, ahead, ahead_auxiliary, field, sigma, lam, relax):
        """See `Regulariser.dual_step`."""
        radii = (np.float32(lam), np.float32(self.ratio * lam))
        sigmas = (self._block_sigma(sigma, 0), self._block_sigma(sigma, 1))
        flat = planes(self._checked(ahead_auxiliary))
        step_both_duals(self._by_channel(ahead), flat, planes(field), sigmas, radii, np.float32(relax))

    def primal_step(self, volume, ahead, field, tau, lower, upper, relax):
        """See `Regulariser.primal_step`."""
        self._primal_channels(gradient.step_primal, volume, ahead, field, tau, (lower, upper), relax)

    def auxiliary_step(self, auxiliary, ahead_auxiliary, field, tau, relax):
        """See `Regulariser.auxiliary_step`."""
        step_auxiliary(
            planes(auxiliary),
            planes(ahead_auxiliary),
            planes(field),
            field.shape[-3:],
            (self.gamma * tau).astype(np.float32),
            np.float32(relax),
        )

    def apply(self, volume, auxiliary, out):
        """See `Regulariser.apply`."""
        arrays = (self._by_channel(a) for a in (volume, self._checked(auxiliary), out))
        for part, vectors, target, gamma in zip(*arrays, self.gamma, strict=True):
            gradient.gradient(part, target[:3])
            for axis in range(3):
                # Behind the far face there is neither a difference nor a vector.
                inside = tuple(slice(0, -1) if a == axis else slice(None) for a in range(3))
                target[axis][inside] -= vectors[axis][inside]
            symmetrised_gradient(vectors, target[3:])
            target *= gamma

    def adjoint(self, field, out):
        """See `Regulariser.adjoint`."""
        parts = zip(self._by_channel(field), self._by_channel(out), self.gamma, strict=True)
        for part, target, gamma in parts:
            gradient.gradient_adjoint(part[:3], target)
            target *= gamma

    def auxiliary_adjoint(self, field, out):
        """See `Regulariser.auxiliary_adjoint`."""
        parts = zip(self._by_channel(field), self._by_channel(out), self.gamma, strict=True)
        for part, target, gamma in parts:
            symmetrised_adjoint(part[3:], target)
            for axis in range(3):
                inside = tuple(slice(0, -1) if a == axis else slice(None) for a in range(3))
                target[axis][inside] -= part[axis][inside]
            target *= gamma

    def clip(self, field, lam):
        """See `Regulariser.clip`."""
        clip_field(field, lam, 0, 3)
        clip_field(field, self.ratio * lam, 3, 6)

    def value(self, volume, auxiliary=None):
        """R of a volume in voxel units, float64; with `auxiliary`, the upper bound at that v.

        Without it v is found by iterations, to a certified relative gap of 1e-4; the result is the
        upper end of that gap.
        """
        volume = np.ascontiguousarray(volume, np.float32)
        if auxiliary is not None:
            return self._value_at(volume, auxiliary)
        return self.minimise(volume)[0]

    def _checked(self, auxiliary: np.ndarray | None) -> np.ndarray:
        if auxiliary is None:
            raise ValueError("TGV2 needs its auxiliary volume, ([channel,] 3, z, y, x); start with zeros")
        return auxiliary

    def _value_at(self, volume: np.ndarray, auxiliary: np.ndarray) -> float:
        sums = slice_sums(self._by_channel(volume), planes(auxiliary), self.gamma).sum(axis=0)
        return float(sums[0] + self.ratio * sums[1])

    def minimise(self, volume: np.ndarray) -> tuple[float, float, np.ndarray]:
        """Find v of a volume by the primal–dual method.

        Parameters
        ----------
        volume : ndarray of float32, shape ([channel,] z, y, x)

        Returns
        -------
        value, bound : float
            R at v, and a lower bound of R(volume).
        auxiliary : ndarray of float32, shape ([channel,] 3, z, y, x)
            v.

        Notes
        -----
        With q in its balls and ``p = Eᵀq`` brought into its own by a factor s ≤ 1 for both, every v has
        ``Σ |∇x − v| + α |E v| ≥ s ⟨p, ∇x⟩``, as v drops out.
        """
        differences = np.zeros((*volume.shape[:-3], 3, *volume.shape[-3:]), np.float32)
        for part, target in zip(self._by_channel(volume), self._by_channel(differences), strict=True):
            gradient.gradient(part, target)
        auxiliary = padded_zeros(differences.shape)
        ahead = padded_zeros(differences.shape)
        field = padded_zeros((*volume.shape[:-3], 9, *volume.shape[-3:]))
        steepest = float(np.abs(differences).max())
        # No v gives TV, and the gradient itself α TV²: zero for affine volumes.
        plain, best, bound = self._value_at(volume, auxiliary), self._value_at(volume, differences), 0.0
        if best < plain:
            auxiliary[...] = differences
            ahead[...] = differences
        best = min(plain, best)
        found = auxiliary.copy()
        # Duals are of the order of one, and v of the differences.
        sigma = _WEIGHT * self.rows / max(steepest * self._largest, 1e-30)
        tau = 1.0 / (sigma * self.auxiliary_columns)
        for iteration in range(1, _MOST + 1):
            if best - bound <= max(_GAP * best, _NOTHING * plain):
                break
            self.dual_step(volume, ahead, field, sigma, 1.0, 1.9)
            self.auxiliary_step(auxiliary, ahead, field, tau, 1.9)
            if iteration % _CHECK == 0:
                value = self._value_at(volume, auxiliary)
                if value < best:
                    best = value
                    found[...] = auxiliary
                bound = max(bound, self._bound(field, differences))
        return best, bound, found

    def _bound(self, field: np.ndarray, differences: np.ndarray) -> float:
        """Lower bound of R from q; see `minimise`."""
        feasible = np.array(field)
        clip_field(feasible, self.ratio, 3, 6)
        balance = np.empty_like(differences)
        for part, target in zip(self._by_channel(feasible), self._by_channel(balance), strict=True):
            symmetrised_adjoint(part[3:], target)
        pull = self._by_channel(balance)
        longest = float(np.sqrt(np.square(pull, dtype=np.float64).sum(axis=(0, 1)).max()))
        gamma = self.gamma.astype(np.float64)
        parts = zip(gamma, pull, self._by_channel(differences), strict=True)
        total = sum(g * np.einsum("kzyx,kzyx->", p, d, dtype=np.float64) for g, p, d in parts)
        return float(total) / max(longest, 1.0)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def step_both_duals(volume, vectors, field, sigmas, radii, relax):
    """Dual steps of ``∇x − v`` and ``E v`` for channels that share their balls.

    Parameters
    ----------
    volume : ndarray of float32, shape (channel, z, y, x)
    vectors : ndarray of float32, planes of (channel, 3, z, y, x)
    field : ndarray of float32, planes of (channel, 9, z, y, x)
    sigmas : two ndarrays of float32, shape (channel,)
        σ γ of each channel for the two blocks.
    radii : two floats
    relax : float
    """
    channels, nz, ny, nx = volume.shape
    shape = (nz, ny, nx)
    for z in prange(nz):
        firsts = np.empty((3, channels, nx), np.float32)
        seconds = np.empty((6, channels, nx), np.float32)
        square, square2 = np.empty(nx, np.float32), np.empty(nx, np.float32)
        for y in range(ny):
            start = (z * ny + y) * nx
            square[:] = np.float32(0.0)
            square2[:] = np.float32(0.0)
            for c in range(channels):
                rest_row(volume[c], vectors, 3 * c, z, y, firsts, c)
                advance_row(field, 9 * c, start, sigmas[0][c], firsts, c, square)
                symmetrised_row(vectors, 3 * c, z, y, shape, seconds, c)
                advance_row(field, 9 * c + 3, start, sigmas[1][c], seconds, c, square2)
            shrink_row(square, radii[0])
            shrink_row(square2, radii[1])
            for c in range(channels):
                relax_row(field, 9 * c, start, firsts, c, square, relax)
                relax_row(field, 9 * c + 3, start, seconds, c, square2, relax)


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def rest_row(volume, vectors, first, z, y, rows, c):
    """Row (z, y) of ``∇x − v`` into channel c of `rows` (3, channel, nx)."""
    nz, ny, nx = volume.shape
    gradient_row(volume, z, y, rows, c)
    start = (z * ny + y) * nx
    last = (z == nz - 1, y == ny - 1)
    for k in range(3):
        if k < 2 and last[k]:
            continue
        row, vector = rows[k, c], vectors[first + k, start : start + nx]
        for x in range(nx):
            row[x] -= vector[x]
    rows[2, c, nx - 1] = np.float32(0.0)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def step_auxiliary(vectors, ahead, field, shape, tau, relax):
    """Primal step of v: ``new ← v − τ (Eᵀq − p)``, ``ahead ← 2 new − v``, ``v ← v + ρ (new − v)``.

    `vectors` and `ahead` are planes of (channel, 3, z, y, x), `field` of (channel, 9, z, y, x), and
    `tau` holds τ γ of each channel.
    """
    nz, ny, nx = shape
    for z in prange(nz):
        spare = np.zeros((4, nx + 2), np.float32)
        rows = np.empty((3, nx), np.float32)
        for y in range(ny):
            start = (z * ny + y) * nx
            last = (z == nz - 1, y == ny - 1)
            for c in range(tau.size):
                converge_row(field, 9 * c + 3, z, y, shape, spare, rows)
                for k in range(3):
                    v, further = vectors[3 * c + k, start : start + nx], ahead[3 * c + k, start : start + nx]
                    row, p = rows[k], field[9 * c + k, start : start + nx]
                    # Behind the far faces v has no part in anything, and stays as it is.
                    step = np.float32(0.0) if k < 2 and last[k] else tau[c]
                    if k == 2:
                        row[nx - 1] = p[nx - 1]
                    for x in range(nx):
                        new = v[x] - step * (row[x] - p[x])
                        further[x] = new + new - v[x]
                        v[x] += relax * (new - v[x])


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def slice_sums(volume, vectors, gamma):
    """Sums of the joint lengths of ``∇x − v`` and of ``E v`` over each slice z, float64 (z, 2)."""
    channels, nz, ny, nx = volume.shape
    shape = (nz, ny, nx)
    sums = np.zeros((nz, 2))
    for z in prange(nz):
        firsts, seconds = np.empty((3, 1, nx), np.float32), np.empty((6, 1, nx), np.float32)
        square, square2 = np.empty(nx, np.float32), np.empty(nx, np.float32)
        columns, columns2 = np.zeros(nx), np.zeros(nx)
        for y in range(ny):
            square[:] = np.float32(0.0)
            square2[:] = np.float32(0.0)
            for c in range(channels):
                rest_row(volume[c], vectors, 3 * c, z, y, firsts, 0)
                add_squares(firsts, 0, gamma[c], square)
                symmetrised_row(vectors, 3 * c, z, y, shape, seconds, 0)
                add_squares(seconds, 0, gamma[c], square2)
            for x in range(nx):
                columns[x] += np.sqrt(square[x])
                columns2[x] += np.sqrt(square2[x])
        sums[z, 0] = columns.sum()
        sums[z, 1] = columns2.sum()
    return sums
