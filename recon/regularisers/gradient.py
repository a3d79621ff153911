"""Forward differences of a volume, their transpose, and the fused steps of a TV solver."""

import numpy as np
from numba import njit, prange


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def gradient(volume, out):
    """Forward differences, zero at the far faces (Neumann).

    ``out[a][i] = volume[i + e_a] − volume[i]`` along a = z, y, x; per voxel, not per nm.

    Parameters
    ----------
    volume : ndarray of float32, shape (z, y, x)
    out : ndarray of float32, shape (3, z, y, x)
        Overwritten.
    """
    nz, ny, nx = volume.shape
    for z in prange(nz):
        for y in range(ny):
            here = volume[z, y]
            above = volume[min(z + 1, nz - 1), y]
            beside = volume[z, min(y + 1, ny - 1)]
            gz, gy, gx = out[0, z, y], out[1, z, y], out[2, z, y]
            for x in range(nx):
                gz[x] = above[x] - here[x]
                gy[x] = beside[x] - here[x]
            for x in range(nx - 1):
                gx[x] = here[x + 1] - here[x]
            gx[nx - 1] = np.float32(0.0)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def gradient_adjoint(field, out):
    """Transpose of `gradient` (the negative divergence).

    ``out[i] = Σ_a field[a][i − e_a] − field[a][i]``, where a term whose difference does not exist
    (the far face, or outside) is left out.

    Parameters
    ----------
    field : ndarray of float32, shape (3, z, y, x)
    out : ndarray of float32, shape (z, y, x)
        Overwritten.
    """
    nz, ny, nx = out.shape
    nothing = np.zeros(nx, np.float32)
    for z in prange(nz):
        for y in range(ny):
            pz = field[0, z, y] if z < nz - 1 else nothing
            pz_below = field[0, z - 1, y] if z > 0 else nothing
            py = field[1, z, y] if y < ny - 1 else nothing
            py_below = field[1, z, y - 1] if y > 0 else nothing
            px = field[2, z, y]
            row = out[z, y]
            for x in range(nx):
                row[x] = pz_below[x] - pz[x] + py_below[x] - py[x]
            for x in range(nx - 1):
                row[x] -= px[x]
                row[x + 1] += px[x]


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def dual_step(volume, field, sigma, radius, relax):
    """Fused dual step of TV: ``field ← field + ρ (project(field + σ ∇volume) − field)``.

    The projection is onto |field| ≤ radius per voxel, ρ = `relax`. Each slice z is one iteration;
    the field is updated in place.
    """
    nz, ny, nx = volume.shape
    one = np.float32(1.0)
    for z in prange(nz):
        for y in range(ny):
            here = volume[z, y]
            above = volume[min(z + 1, nz - 1), y]
            beside = volume[z, min(y + 1, ny - 1)]
            pz, py, px = field[0, z, y], field[1, z, y], field[2, z, y]
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


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def primal_step(volume, ahead, field, tau, lower, upper, relax):
    """Fused primal step of TV with over-relaxation.

    `ahead` holds the back projection of the data dual on entry: one array serves both.
    ``new ← clip(volume − τ (ahead + ∇ᵀfield), lower, upper)``, then ``ahead ← 2 new − volume`` and
    ``volume ← volume + ρ (new − volume)`` with ρ = `relax`. `tau` has one step per voxel.
    """
    nz, ny, nx = volume.shape
    nothing = np.zeros(nx, np.float32)
    for z in prange(nz):
        for y in range(ny):
            pz = field[0, z, y]
            pz_below = field[0, z - 1, y] if z > 0 else nothing
            py = field[1, z, y]
            py_below = field[1, z, y - 1] if y > 0 else nothing
            px = field[2, z, y]
            old, moved, step = volume[z, y], ahead[z, y], tau[z, y]
            for x in range(1, nx):
                slope = moved[x] + pz_below[x] - pz[x] + py_below[x] - py[x] + px[x - 1] - px[x]
                new = old[x] - step[x] * slope
                new = new if new > lower else lower
                new = new if new < upper else upper
                moved[x] = new + new - old[x]
                old[x] += relax * (new - old[x])
            slope = moved[0] + pz_below[0] - pz[0] + py_below[0] - py[0] - px[0]
            new = old[0] - step[0] * slope
            new = new if new > lower else lower
            new = new if new < upper else upper
            moved[0] = new + new - old[0]
            old[0] += relax * (new - old[0])


def total_variation(volume: np.ndarray) -> float:
    """Isotropic total variation ``Σ |∇volume|`` in voxel units, float64, summed slice by slice."""
    # Summed outside the kernel, where no number of threads can change the order.
    return float(slice_sums(volume).sum())


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def slice_sums(volume):
    """Sum over each slice z, float64."""
    nz, ny, nx = volume.shape
    sums = np.zeros(nz)
    for z in prange(nz):
        slice_sum = 0.0
        for y in range(ny):
            here = volume[z, y]
            above = volume[min(z + 1, nz - 1), y]
            beside = volume[z, min(y + 1, ny - 1)]
            row_sum = np.float32(0.0)
            for x in range(nx):
                a = above[x] - here[x]
                b = beside[x] - here[x]
                c = here[min(x + 1, nx - 1)] - here[x]
                row_sum += np.sqrt(a * a + b * b + c * c)
            slice_sum += row_sum
        sums[z] = slice_sum
    return sums
