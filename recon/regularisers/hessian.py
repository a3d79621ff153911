"""Second differences of a volume, their transpose, and the fused steps of a TV² solver."""

import numpy as np
from numba import njit, prange

# The mixed second differences stand twice in the Frobenius norm: √2 once is the same.
_ROOT2 = np.float32(np.sqrt(2.0))


@njit(cache=True)
def hessian(volume, out):
    """Second differences (zz, yy, xx, √2 zy, √2 zx, √2 yx), zero where a neighbour is missing.

    ``zz[i] = v[i + e_z] − 2 v[i] + v[i − e_z]`` and
    ``zy[i] = v[i + e_z + e_y] − v[i + e_z] − v[i + e_y] + v[i]``; affine volumes give exactly zero.

    Parameters
    ----------
    volume : ndarray of float32, shape (z, y, x)
    out : ndarray of float32, shape (6, z, y, x)
        Overwritten.
    """
    out[:] = np.float32(0.0)
    # A dual step of unit length with no bound on the radius adds exactly the Hessian.
    dual_step2(volume, out, np.float32(1.0), np.float32(np.inf), np.float32(1.0))


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def hessian_adjoint(field, out):
    """Transpose of `hessian`; `field` is (6, z, y, x), `out` (z, y, x), overwritten."""
    nz, ny, nx = out.shape
    for z in prange(nz):
        rows = np.empty(nx, np.float32)
        for y in range(ny):
            slope_row(field, z, y, rows)
            out[z, y] = rows


@njit(cache=True, inline="never", fastmath={"contract", "nsz"})
def slope_row(field, z, y, out):
    """One row of ∇²ᵀ field; entries whose difference does not exist are taken as zero."""
    _, nz, ny, nx = field.shape
    zero = np.zeros(nx, np.float32)
    zz = field[0, z, y] if 0 < z < nz - 1 else zero
    zz_up = field[0, z + 1, y] if z + 1 < nz - 1 else zero
    zz_down = field[0, z - 1, y] if z - 1 > 0 else zero
    yy = field[1, z, y] if 0 < y < ny - 1 else zero
    yy_up = field[1, z, y + 1] if y + 1 < ny - 1 else zero
    yy_down = field[1, z, y - 1] if y - 1 > 0 else zero
    has_z, has_y = z < nz - 1, y < ny - 1
    zy = field[3, z, y] if has_z and has_y else zero
    zy_z = field[3, z - 1, y] if z > 0 and has_y else zero
    zy_y = field[3, z, y - 1] if has_z and y > 0 else zero
    zy_zy = field[3, z - 1, y - 1] if z > 0 and y > 0 else zero
    for x in range(nx):
        straight = zz_up[x] - zz[x] - zz[x] + zz_down[x] + yy_up[x] - yy[x] - yy[x] + yy_down[x]
        out[x] = straight + _ROOT2 * (zy[x] - zy_z[x] - zy_y[x] + zy_zy[x])
    xx = field[2, z, y]
    zx = field[4, z, y] if has_z else zero
    zx_z = field[4, z - 1, y] if z > 0 else zero
    yx = field[5, z, y] if has_y else zero
    yx_y = field[5, z, y - 1] if y > 0 else zero
    for x in range(1, nx - 1):
        out[x - 1] += xx[x]
        out[x] -= xx[x] + xx[x]
        out[x + 1] += xx[x]
    for x in range(nx - 1):
        mixed = _ROOT2 * (zx[x] - zx_z[x] + yx[x] - yx_y[x])
        out[x] += mixed
        out[x + 1] -= mixed


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def dual_step2(volume, field, sigma, radius, relax):
    """Fused dual step of TV²: ``field ← field + ρ (project(field + σ ∇²volume) − field)``."""
    nz, ny, nx = volume.shape
    mixed_sigma = sigma * _ROOT2
    last = nx - 1
    for z in prange(nz):
        for y in range(ny):
            here = volume[z, y]
            # Where a neighbour is missing, rows are chosen so that the difference is exactly zero.
            inner_z, inner_y = 0 < z < nz - 1, 0 < y < ny - 1
            up_z = volume[z + 1, y] if inner_z else here
            down_z = volume[z - 1, y] if inner_z else here
            up_y = volume[z, y + 1] if inner_y else here
            down_y = volume[z, y - 1] if inner_y else here
            next_z, next_y = min(z + 1, nz - 1), min(y + 1, ny - 1)
            above, beside, corner = volume[next_z, y], volume[z, next_y], volume[next_z, next_y]
            pzz, pyy, pxx = field[0, z, y], field[1, z, y], field[2, z, y]
            pzy, pzx, pyx = field[3, z, y], field[4, z, y], field[5, z, y]
            for x in range(1, last):
                twice = here[x] + here[x]
                along = here[x + 1] - here[x]
                zz = pzz[x] + sigma * (up_z[x] + down_z[x] - twice)
                yy = pyy[x] + sigma * (up_y[x] + down_y[x] - twice)
                xx = pxx[x] + sigma * (here[x + 1] + here[x - 1] - twice)
                zy = pzy[x] + mixed_sigma * ((corner[x] - beside[x]) - (above[x] - here[x]))
                zx = pzx[x] + mixed_sigma * (above[x + 1] - above[x] - along)
                yx = pyx[x] + mixed_sigma * (beside[x + 1] - beside[x] - along)
                square = zz * zz + yy * yy + xx * xx + zy * zy + zx * zx + yx * yx
                norm = np.sqrt(square)
                shrink = radius / norm if norm > radius else np.float32(1.0)
                pzz[x] += relax * (zz * shrink - pzz[x])
                pyy[x] += relax * (yy * shrink - pyy[x])
                pxx[x] += relax * (xx * shrink - pxx[x])
                pzy[x] += relax * (zy * shrink - pzy[x])
                pzx[x] += relax * (zx * shrink - pzx[x])
                pyx[x] += relax * (yx * shrink - pyx[x])
            for x in (0, last):
                twice = here[x] + here[x]
                after = min(x + 1, last)
                along = here[after] - here[x]
                zz = pzz[x] + sigma * (up_z[x] + down_z[x] - twice)
                yy = pyy[x] + sigma * (up_y[x] + down_y[x] - twice)
                zy = pzy[x] + mixed_sigma * ((corner[x] - beside[x]) - (above[x] - here[x]))
                zx = pzx[x] + mixed_sigma * (above[after] - above[x] - along)
                yx = pyx[x] + mixed_sigma * (beside[after] - beside[x] - along)
                norm = np.sqrt(zz * zz + yy * yy + zy * zy + zx * zx + yx * yx)
                shrink = radius / norm if norm > radius else np.float32(1.0)
                pzz[x] += relax * (zz * shrink - pzz[x])
                pyy[x] += relax * (yy * shrink - pyy[x])
                pzy[x] += relax * (zy * shrink - pzy[x])
                pzx[x] += relax * (zx * shrink - pzx[x])
                pyx[x] += relax * (yx * shrink - pyx[x])
                if last == 0:
                    break


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def primal_step2(volume, ahead, field, tau, lower, upper, relax):
    """Fused primal step of TV² with over-relaxation; see `gradient.primal_step`."""
    nz, ny, nx = volume.shape
    for z in prange(nz):
        slope = np.empty(nx, np.float32)
        for y in range(ny):
            slope_row(field, z, y, slope)
            old, moved, step = volume[z, y], ahead[z, y], tau[z, y]
            for x in range(nx):
                new = old[x] - step[x] * (moved[x] + slope[x])
                new = new if new > lower else lower
                new = new if new < upper else upper
                moved[x] = new + new - old[x]
                old[x] += relax * (new - old[x])


def second_variation(volume: np.ndarray) -> float:
    """Second-order total variation ``Σ |∇²volume|`` (Frobenius) in voxel units, float64."""
    # Summed outside the kernel, where no number of threads can change the order.
    return float(slice_sums(volume).sum())


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def slice_sums(volume):
    """Sum over each slice z, float64."""
    nz, ny, nx = volume.shape
    sums = np.zeros(nz)
    last = nx - 1
    for z in prange(nz):
        slice_sum = 0.0
        for y in range(ny):
            here = volume[z, y]
            inner_z, inner_y = 0 < z < nz - 1, 0 < y < ny - 1
            up_z = volume[z + 1, y] if inner_z else here
            down_z = volume[z - 1, y] if inner_z else here
            up_y = volume[z, y + 1] if inner_y else here
            down_y = volume[z, y - 1] if inner_y else here
            next_z, next_y = min(z + 1, nz - 1), min(y + 1, ny - 1)
            above, beside, corner = volume[next_z, y], volume[z, next_y], volume[next_z, next_y]
            row_sum = np.float32(0.0)
            for x in range(nx):
                after = min(x + 1, last)
                before = x - 1 if 0 < x < last else x
                beyond = x + 1 if 0 < x < last else x
                twice = here[x] + here[x]
                along = here[after] - here[x]
                zz = up_z[x] + down_z[x] - twice
                yy = up_y[x] + down_y[x] - twice
                xx = here[beyond] + here[before] - twice
                zy = (corner[x] - beside[x]) - (above[x] - here[x])
                zx = above[after] - above[x] - along
                yx = beside[after] - beside[x] - along
                square = zz * zz + yy * yy + xx * xx
                mixed = zy * zy + zx * zx + yx * yx
                row_sum += np.sqrt(square + mixed + mixed)
            slice_sum += row_sum
        sums[z] = slice_sum
    return sums
