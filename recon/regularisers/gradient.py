"""Forward differences of a volume, their transpose, and the fused steps of a TV solver.

Kernels take fields as `planes`.
"""

import numpy as np
from numba import njit, prange

from .field_clip import add_squares, advance_row, relax_row, shrink_row
from .planes import planes


def gradient(volume: np.ndarray, out: np.ndarray) -> None:
    """Forward differences, zero at the far faces (Neumann).

    ``out[a][i] = volume[i + e_a] − volume[i]`` along a = z, y, x; per voxel, not per nm.

    Parameters
    ----------
    volume : ndarray of float32, shape (z, y, x)
    out : ndarray of float32, shape (3, z, y, x)
        Overwritten.
    """
    fill_gradient(volume, planes(out))


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def fill_gradient(volume, out):
    """Kernel of `gradient`."""
    nz, ny, nx = volume.shape
    for z in prange(nz):
        rows = np.empty((3, 1, nx), np.float32)
        for y in range(ny):
            gradient_row(volume, z, y, rows, 0)
            start = (z * ny + y) * nx
            for k in range(3):
                out[k, start : start + nx] = rows[k, 0]


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def gradient_row(volume, z, y, rows, c):
    """Row (z, y) of ∇volume into channel c of `rows` (3, channel, nx)."""
    nz, ny, nx = volume.shape
    here = volume[z, y]
    above = volume[min(z + 1, nz - 1), y]
    beside = volume[z, min(y + 1, ny - 1)]
    gz, gy, gx = rows[0, c], rows[1, c], rows[2, c]
    for x in range(nx):
        gz[x] = above[x] - here[x]
        gy[x] = beside[x] - here[x]
    for x in range(nx - 1):
        gx[x] = here[x + 1] - here[x]
    gx[nx - 1] = np.float32(0.0)


def gradient_adjoint(field: np.ndarray, out: np.ndarray) -> None:
    """Transpose of `gradient` (the negative divergence).

    ``out[i] = Σ_a field[a][i − e_a] − field[a][i]``, where a term whose difference does not exist
    (the far face, or outside) is left out.

    Parameters
    ----------
    field : ndarray of float32, shape (3, z, y, x)
    out : ndarray of float32, shape (z, y, x)
        Overwritten.
    """
    fill_gradient_adjoint(planes(field), out)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def fill_gradient_adjoint(field, out):
    """Kernel of `gradient_adjoint`."""
    nz, ny, nx = out.shape
    for z in prange(nz):
        spare = np.zeros((2, nx + 1), np.float32)
        for y in range(ny):
            slope_row(field, 0, z, y, out.shape, spare, out[z, y])


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def slope_row(field, first, z, y, shape, spare, out):
    """One row of ∇ᵀp, p being the components `first` and following of a field in planes.

    `spare` is (2, nx + 1): zeros, and a row whose ends are and stay zero.
    """
    nz, ny, nx = shape
    start = (z * ny + y) * nx
    nothing, along = spare[0, :nx], spare[1]
    pz = field[first, start : start + nx] if z < nz - 1 else nothing
    pz_below = field[first, start - ny * nx : start - ny * nx + nx] if z > 0 else nothing
    py = field[first + 1, start : start + nx] if y < ny - 1 else nothing
    py_below = field[first + 1, start - nx : start] if y > 0 else nothing
    px = field[first + 2, start : start + nx]
    # One shifted copy leaves every other access aligned, and no edge to treat.
    target = along[1:]
    for x in range(nx - 1):
        target[x] = px[x]
    for x in range(nx):
        out[x] = pz_below[x] - pz[x] + py_below[x] - py[x] + along[x] - along[x + 1]


def dual_step(volume: np.ndarray, field: np.ndarray, sigma: float, radius: float, relax: float) -> None:
    """Fused dual step of TV: ``field ← field + ρ (project(field + σ ∇volume) − field)``, in place.

    Parameters
    ----------
    volume : ndarray of float32, shape (z, y, x)
    field : ndarray of float32, shape (3, z, y, x)
    sigma, radius, relax : float
        σ, the bound of |field| at every voxel, and ρ.
    """
    step_dual(volume, planes(field), np.float32(sigma), np.float32(radius), np.float32(relax))


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def step_dual(volume, field, sigma, radius, relax):
    """Kernel of `dual_step`; each slice z is one iteration."""
    nz, ny, nx = volume.shape
    one = np.float32(1.0)
    for z in prange(nz):
        for y in range(ny):
            start = (z * ny + y) * nx
            here = volume[z, y]
            above = volume[min(z + 1, nz - 1), y]
            beside = volume[z, min(y + 1, ny - 1)]
            pz, py = field[0, start : start + nx], field[1, start : start + nx]
            px = field[2, start : start + nx]
            for x in range(nx - 1):
                a = pz[x] + sigma * (above[x] - here[x])
                b = py[x] + sigma * (beside[x] - here[x])
                c = px[x] + sigma * (here[x + 1] - here[x])
                norm = np.sqrt(a * a + b * b + c * c)
                shrink = radius / norm if norm > radius else one
                pz[x] += relax * (a * shrink - pz[x])
                py[x] += relax * (b * shrink - py[x])
                px[x] += relax * (c * shrink - px[x])
            last = nx - 1
            a = pz[last] + sigma * (above[last] - here[last])
            b = py[last] + sigma * (beside[last] - here[last])
            norm = np.sqrt(a * a + b * b)
            shrink = radius / norm if norm > radius else one
            pz[last] += relax * (a * shrink - pz[last])
            py[last] += relax * (b * shrink - py[last])


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def step_joint_dual(volume, field, sigma, radius, relax):
    """Dual step of TV for channels that share one ball per voxel.

    Parameters
    ----------
    volume : ndarray of float32, shape (channel, z, y, x)
    field : ndarray of float32, planes of (channel, 3, z, y, x)
    sigma : ndarray of float32, shape (channel,)
        σ γ of each channel.
    radius, relax : float
    """
    channels, nz, ny, nx = volume.shape
    for z in prange(nz):
        rows = np.empty((3, channels, nx), np.float32)
        square = np.empty(nx, np.float32)
        for y in range(ny):
            start = (z * ny + y) * nx
            square[:] = np.float32(0.0)
            for c in range(channels):
                gradient_row(volume[c], z, y, rows, c)
                advance_row(field, 3 * c, start, sigma[c], rows, c, square)
            shrink_row(square, radius)
            for c in range(channels):
                relax_row(field, 3 * c, start, rows, c, square, relax)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def step_primal(volume, ahead, field, first, tau, bounds, relax, gamma):
    """Fused primal step of TV with over-relaxation, for one channel.

    `ahead` holds the back projection of the data dual on entry: one array serves both.
    ``new ← clip(volume − τ (ahead + γ ∇ᵀp), bounds)``, then ``ahead ← 2 new − volume`` and
    ``volume ← volume + ρ (new − volume)`` with ρ = `relax`. `tau` has one step per voxel; p are the
    components `first` to `first` + 2 of the field, in planes.
    """
    nz, ny, nx = volume.shape
    lower, upper = bounds
    nothing = np.zeros(nx, np.float32)
    for z in prange(nz):
        along = np.zeros(nx + 1, np.float32)
        target = along[1:]
        for y in range(ny):
            start = (z * ny + y) * nx
            pz = field[first, start : start + nx] if z < nz - 1 else nothing
            pz_below = field[first, start - ny * nx : start - ny * nx + nx] if z > 0 else nothing
            py = field[first + 1, start : start + nx] if y < ny - 1 else nothing
            py_below = field[first + 1, start - nx : start] if y > 0 else nothing
            px = field[first + 2, start : start + nx]
            for x in range(nx - 1):
                target[x] = px[x]
            old, moved, step = volume[z, y], ahead[z, y], tau[z, y]
            for x in range(nx):
                slope = pz_below[x] - pz[x] + py_below[x] - py[x] + along[x] - along[x + 1]
                new = old[x] - step[x] * (moved[x] + gamma * slope)
                new = new if new > lower else lower
                new = new if new < upper else upper
                moved[x] = new + new - old[x]
                old[x] += relax * (new - old[x])


def total_variation(volume: np.ndarray) -> float:
    """Isotropic total variation ``Σ |∇volume|`` in voxel units, float64."""
    return joint_variation(volume[None], np.ones(1, np.float32))


def joint_variation(volume: np.ndarray, gamma: np.ndarray) -> float:
    """Vectorial total variation ``Σ √(Σ_c γ_c² |∇volume_c|²)`` of a volume (channel, z, y, x)."""
    # Summed outside the kernel, where no number of threads can change the order.
    return float(slice_sums(volume, gamma).sum())


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def slice_sums(volume, gamma):
    """Sum of the joint lengths over each slice z, float64."""
    channels, nz, ny, nx = volume.shape
    sums = np.zeros(nz)
    for z in prange(nz):
        rows = np.empty((3, 1, nx), np.float32)
        square = np.empty(nx, np.float32)
        columns = np.zeros(nx)
        for y in range(ny):
            square[:] = np.float32(0.0)
            for c in range(channels):
                gradient_row(volume[c], z, y, rows, 0)
                add_squares(rows, 0, gamma[c], square)
            for x in range(nx):
                columns[x] += np.sqrt(square[x])
        sums[z] = columns.sum()
    return sums
