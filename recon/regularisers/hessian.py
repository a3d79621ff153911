"""Second differences of a volume, their transpose, and the fused steps of a TV² solver.

Kernels take fields as `planes`.
"""

import numpy as np
from numba import njit, prange

from .field_clip import add_squares, advance_row, move_row, relax_row, shrink_row
from .planes import planes

# The mixed second differences stand twice in the Frobenius norm: √2 once is the same.
_ROOT2 = np.float32(np.sqrt(2.0))


def hessian(volume: np.ndarray, out: np.ndarray) -> None:
    """Second differences (zz, yy, xx, √2 zy, √2 zx, √2 yx), zero where a neighbour is missing.

    ``zz[i] = v[i + e_z] − 2 v[i] + v[i − e_z]`` and
    ``zy[i] = v[i + e_z + e_y] − v[i + e_z] − v[i + e_y] + v[i]``; affine volumes give exactly zero.

    Parameters
    ----------
    volume : ndarray of float32, shape (z, y, x)
    out : ndarray of float32, shape (6, z, y, x)
        Overwritten.
    """
    fill_hessian(volume, planes(out))


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def fill_hessian(volume, out):
    """Kernel of `hessian`."""
    nz, ny, nx = volume.shape
    for z in prange(nz):
        rows = np.empty((6, 1, nx), np.float32)
        for y in range(ny):
            hessian_row(volume, z, y, rows, 0)
            start = (z * ny + y) * nx
            for k in range(6):
                out[k, start : start + nx] = rows[k, 0]


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def hessian_row(volume, z, y, rows, c):
    """Row (z, y) of ∇²volume into channel c of `rows` (6, channel, nx)."""
    nz, ny, nx = volume.shape
    here = volume[z, y]
    # Where a neighbour is missing, rows are chosen so that the difference is exactly zero.
    inner_z, inner_y = 0 < z < nz - 1, 0 < y < ny - 1
    up_z = volume[z + 1, y] if inner_z else here
    down_z = volume[z - 1, y] if inner_z else here
    up_y = volume[z, y + 1] if inner_y else here
    down_y = volume[z, y - 1] if inner_y else here
    next_z, next_y = min(z + 1, nz - 1), min(y + 1, ny - 1)
    above, beside, corner = volume[next_z, y], volume[z, next_y], volume[next_z, next_y]
    zz, yy, xx = rows[0, c], rows[1, c], rows[2, c]
    zy, zx, yx = rows[3, c], rows[4, c], rows[5, c]
    for x in range(nx):
        twice = here[x] + here[x]
        zz[x] = up_z[x] + down_z[x] - twice
        yy[x] = up_y[x] + down_y[x] - twice
        zy[x] = _ROOT2 * ((corner[x] - beside[x]) - (above[x] - here[x]))
    for x in range(nx - 1):
        along = here[x + 1] - here[x]
        zx[x] = _ROOT2 * (above[x + 1] - above[x] - along)
        yx[x] = _ROOT2 * (beside[x + 1] - beside[x] - along)
    # Views instead of x − 1: an index that might be negative would keep the loop from vectorising.
    inner, centre, right = xx[1:], here[1:], here[2:]
    for x in range(nx - 2):
        inner[x] = right[x] + here[x] - centre[x] - centre[x]
    xx[0] = xx[nx - 1] = zx[nx - 1] = yx[nx - 1] = np.float32(0.0)


def hessian_adjoint(field: np.ndarray, out: np.ndarray) -> None:
    """Transpose of `hessian`; `field` is (6, z, y, x), `out` (z, y, x), overwritten."""
    fill_hessian_adjoint(planes(field), out)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def fill_hessian_adjoint(field, out):
    """Kernel of `hessian_adjoint`."""
    nz, ny, nx = out.shape
    for z in prange(nz):
        spare = np.zeros((3, nx + 2), np.float32)
        for y in range(ny):
            slope_row2(field, 0, z, y, out.shape, spare, out[z, y])


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def slope_row2(field, first, z, y, shape, spare, out):
    """One row of ∇²ᵀp, p being the components `first` and following of a field in planes.

    Entries whose difference does not exist are taken as zero. `spare` is (3, nx + 2): zeros, and two
    rows whose ends are and stay zero.
    """
    nz, ny, nx = shape
    i, up, side = (z * ny + y) * nx, ny * nx, nx
    zero = spare[0, :nx]
    has_z, has_y = z < nz - 1, y < ny - 1
    p = field[first]
    zz = p[i : i + nx] if 0 < z < nz - 1 else zero
    zz_up = p[i + up : i + up + nx] if z + 1 < nz - 1 else zero
    zz_down = p[i - up : i - up + nx] if z - 1 > 0 else zero
    p = field[first + 1]
    yy = p[i : i + nx] if 0 < y < ny - 1 else zero
    yy_up = p[i + side : i + side + nx] if y + 1 < ny - 1 else zero
    yy_down = p[i - side : i - side + nx] if y - 1 > 0 else zero
    p = field[first + 3]
    zy = p[i : i + nx] if has_z and has_y else zero
    zy_z = p[i - up : i - up + nx] if z > 0 and has_y else zero
    zy_y = p[i - side : i - side + nx] if has_z and y > 0 else zero
    zy_zy = p[i - up - side : i - up - side + nx] if z > 0 and y > 0 else zero
    p = field[first + 4]
    zx = p[i : i + nx] if has_z else zero
    zx_z = p[i - up : i - up + nx] if z > 0 else zero
    p = field[first + 5]
    yx = p[i : i + nx] if has_y else zero
    yx_y = p[i - side : i - side + nx] if y > 0 else zero
    # Copies shifted along x leave every other access aligned, and no edge to treat: voxel x of the
    # straight difference is at x + 1, and so is the mixed one between x and x + 1.
    straight, mixed = spare[1], spare[2]
    target, source = straight[2:], field[first + 2, i + 1 : i + nx]
    for x in range(nx - 2):
        target[x] = source[x]
    target = mixed[1:]
    for x in range(nx - 1):
        target[x] = zx[x] - zx_z[x] + yx[x] - yx_y[x]
    for x in range(nx):
        total = zz_up[x] - zz[x] - zz[x] + zz_down[x] + yy_up[x] - yy[x] - yy[x] + yy_down[x]
        total += straight[x] - straight[x + 1] - straight[x + 1] + straight[x + 2]
        across = zy[x] - zy_z[x] - zy_y[x] + zy_zy[x] + mixed[x + 1] - mixed[x]
        out[x] = total + _ROOT2 * across


def dual_step2(volume: np.ndarray, field: np.ndarray, sigma: float, radius: float, relax: float) -> None:
    """Fused dual step of TV²: ``field ← field + ρ (project(field + σ ∇²volume) − field)``, in place.

    `volume` is (z, y, x), `field` (6, z, y, x), both float32; see `gradient.dual_step`.
    """
    step_dual2(volume, planes(field), np.float32(sigma), np.float32(radius), np.float32(relax))


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def step_dual2(volume, field, sigma, radius, relax):
    """Kernel of `dual_step2`; each slice z is one iteration."""
    nz, ny, nx = volume.shape
    mixed_sigma = sigma * _ROOT2
    for z in prange(nz):
        # What looks along x is prepared: the long loop then has aligned rows and no edges.
        spare = np.zeros((3, nx), np.float32)
        curve, slope_z, slope_y = spare[0], spare[1], spare[2]
        inner = curve[1:]
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
            i = (z * ny + y) * nx
            pzz, pyy, pxx = field[0, i : i + nx], field[1, i : i + nx], field[2, i : i + nx]
            pzy, pzx, pyx = field[3, i : i + nx], field[4, i : i + nx], field[5, i : i + nx]
            centre, right = here[1:], here[2:]
            for x in range(nx - 1):
                along = here[x + 1] - here[x]
                slope_z[x] = above[x + 1] - above[x] - along
                slope_y[x] = beside[x + 1] - beside[x] - along
            for x in range(nx - 2):
                inner[x] = right[x] + here[x] - centre[x] - centre[x]
            for x in range(nx):
                twice = here[x] + here[x]
                zz = pzz[x] + sigma * (up_z[x] + down_z[x] - twice)
                yy = pyy[x] + sigma * (up_y[x] + down_y[x] - twice)
                xx = pxx[x] + sigma * curve[x]
                zy = pzy[x] + mixed_sigma * ((corner[x] - beside[x]) - (above[x] - here[x]))
                zx = pzx[x] + mixed_sigma * slope_z[x]
                yx = pyx[x] + mixed_sigma * slope_y[x]
                norm = np.sqrt(zz * zz + yy * yy + xx * xx + zy * zy + zx * zx + yx * yx)
                shrink = radius / norm if norm > radius else np.float32(1.0)
                pzz[x] += relax * (zz * shrink - pzz[x])
                pyy[x] += relax * (yy * shrink - pyy[x])
                pxx[x] += relax * (xx * shrink - pxx[x])
                pzy[x] += relax * (zy * shrink - pzy[x])
                pzx[x] += relax * (zx * shrink - pzx[x])
                pyx[x] += relax * (yx * shrink - pyx[x])


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def step_joint_dual2(volume, field, sigma, radius, relax):
    """Dual step of TV² for channels that share one ball per voxel; see `gradient.step_joint_dual`."""
    channels, nz, ny, nx = volume.shape
    for z in prange(nz):
        rows = np.empty((6, channels, nx), np.float32)
        square = np.empty(nx, np.float32)
        for y in range(ny):
            start = (z * ny + y) * nx
            square[:] = np.float32(0.0)
            for c in range(channels):
                hessian_row(volume[c], z, y, rows, c)
                advance_row(field, 6 * c, start, sigma[c], rows, c, square)
            shrink_row(square, radius)
            for c in range(channels):
                relax_row(field, 6 * c, start, rows, c, square, relax)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def step_primal2(volume, ahead, field, first, tau, bounds, relax, gamma):
    """Fused primal step of TV² with over-relaxation, for one channel; see `gradient.step_primal`."""
    nz, ny, nx = volume.shape
    for z in prange(nz):
        slope = np.empty(nx, np.float32)
        spare = np.zeros((3, nx + 2), np.float32)
        for y in range(ny):
            slope_row2(field, first, z, y, volume.shape, spare, slope)
            move_row(volume[z, y], ahead[z, y], tau[z, y], slope, bounds, relax, gamma)


def second_variation(volume: np.ndarray) -> float:
    """Second-order total variation ``Σ |∇²volume|`` (Frobenius) in voxel units, float64."""
    return joint_second_variation(volume[None], np.ones(1, np.float32))


def joint_second_variation(volume: np.ndarray, gamma: np.ndarray) -> float:
    """Vectorial form ``Σ √(Σ_c γ_c² |∇²volume_c|²)`` of a volume (channel, z, y, x)."""
    # Summed outside the kernel, where no number of threads can change the order.
    return float(slice_sums(volume, gamma).sum())


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def slice_sums(volume, gamma):
    """Sum of the joint lengths over each slice z, float64."""
    channels, nz, ny, nx = volume.shape
    sums = np.zeros(nz)
    for z in prange(nz):
        rows = np.empty((6, 1, nx), np.float32)
        square = np.empty(nx, np.float32)
        columns = np.zeros(nx)
        for y in range(ny):
            square[:] = np.float32(0.0)
            for c in range(channels):
                hessian_row(volume[c], z, y, rows, 0)
                add_squares(rows, 0, gamma[c], square)
            for x in range(nx):
                columns[x] += np.sqrt(square[x])
        sums[z] = columns.sum()
    return sums
