"""Symmetrised differences of a vector field, and their transpose: the second half of TGV².

Kernels take fields as `planes`.
"""

import numpy as np
from numba import njit, prange

from .planes import planes

# A mixed component is the mean of two differences and stands twice in the Frobenius norm: √2 / 2.
_HALF = np.float32(np.sqrt(0.5))


def symmetrised_gradient(vectors: np.ndarray, out: np.ndarray) -> None:
    """Symmetrised gradient E v (zz, yy, xx, √2 zy, √2 zx, √2 yx) of a field of vectors.

    Parameters
    ----------
    vectors : ndarray of float32, shape (3, z, y, x)
        v, components along z, y, x, per voxel.
    out : ndarray of float32, shape (6, z, y, x)
        Overwritten.

    Notes
    -----
    v_a[i] lies between voxels i and i + e_a, as forward differences do; there is none behind the far
    face along a, and such entries are not read. Straight components are backward differences of v,
    ``zz[i] = v_z[i] − v_z[i − e_z]``, mixed ones forward:
    ``zy[i] = (v_z[i + e_y] − v_z[i] + v_y[i + e_z] − v_y[i]) / 2``; all are zero where one of their
    entries is missing. With this choice ``E ∇x`` *is* the Hessian of the project, at the faces too:
    affine volumes cost nothing, and TGV² ≤ α TV².

    References
    ----------
    K. Bredies, K. Kunisch and T. Pock, SIAM J. Imaging Sci. 3 (2010) 492, doi 10.1137/090769521.

    Examples
    --------
    >>> vectors = np.zeros((3, 1, 2, 2), np.float32)
    >>> vectors[2, 0, 1, 0] = 1.0  # a shear: v_x grows along y
    >>> out = np.empty((6, 1, 2, 2), np.float32)
    >>> symmetrised_gradient(vectors, out)
    >>> out[5, 0, 0, 0].round(3)  # √2 · ½
    np.float32(0.707)
    """
    fill_symmetrised(planes(vectors), planes(out), vectors.shape[-3:])


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def fill_symmetrised(vectors, out, shape):
    """Kernel of `symmetrised_gradient`."""
    nz, ny, nx = shape
    for z in prange(nz):
        rows = np.empty((6, 1, nx), np.float32)
        for y in range(ny):
            symmetrised_row(vectors, 0, z, y, shape, rows, 0)
            start = (z * ny + y) * nx
            for k in range(6):
                out[k, start : start + nx] = rows[k, 0]


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def symmetrised_row(vectors, first, z, y, shape, rows, c):
    """Row (z, y) of E v into channel c of `rows` (6, channel, nx); v are planes `first` to `first` + 2."""
    nz, ny, nx = shape
    i, up, side = (z * ny + y) * nx, ny * nx, nx
    has_z, has_y = z < nz - 1, y < ny - 1
    # Where an entry is missing, the row itself takes its place: the difference is exactly zero.
    below = i - up if 0 < z < nz - 1 else i
    behind = i - side if 0 < y < ny - 1 else i
    corner_y, corner_z = (i + side, i + up) if has_z and has_y else (i, i)
    vz, vz_below = vectors[first, i : i + nx], vectors[first, below : below + nx]
    vz_beside = vectors[first, corner_y : corner_y + nx]
    vy, vy_behind = vectors[first + 1, i : i + nx], vectors[first + 1, behind : behind + nx]
    vy_above = vectors[first + 1, corner_z : corner_z + nx]
    vx = vectors[first + 2, i : i + nx]
    above, beside = (i + up if has_z else i), (i + side if has_y else i)
    vx_above, vx_beside = vectors[first + 2, above : above + nx], vectors[first + 2, beside : beside + nx]
    half_z, half_y = _HALF if has_z else np.float32(0.0), _HALF if has_y else np.float32(0.0)
    zz, yy, xx = rows[0, c], rows[1, c], rows[2, c]
    zy, zx, yx = rows[3, c], rows[4, c], rows[5, c]
    for x in range(nx):
        zz[x] = vz[x] - vz_below[x]
        yy[x] = vy[x] - vy_behind[x]
        zy[x] = _HALF * ((vz_beside[x] - vz[x]) + (vy_above[x] - vy[x]))
    for x in range(nx - 1):
        zx[x] = half_z * ((vz[x + 1] - vz[x]) + (vx_above[x] - vx[x]))
        yx[x] = half_y * ((vy[x + 1] - vy[x]) + (vx_beside[x] - vx[x]))
    inner, after = xx[1:], vx[1:]
    for x in range(nx - 2):
        inner[x] = after[x] - vx[x]
    xx[0] = xx[nx - 1] = zx[nx - 1] = yx[nx - 1] = np.float32(0.0)


def symmetrised_adjoint(field: np.ndarray, out: np.ndarray) -> None:
    """Transpose of `symmetrised_gradient`; `field` is (6, z, y, x), `out` (3, z, y, x), overwritten."""
    fill_symmetrised_adjoint(planes(field), planes(out), field.shape[-3:])


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"}, error_model="numpy")
def fill_symmetrised_adjoint(field, out, shape):
    """Kernel of `symmetrised_adjoint`."""
    nz, ny, nx = shape
    for z in prange(nz):
        spare = np.zeros((4, nx + 2), np.float32)
        rows = np.empty((3, nx), np.float32)
        for y in range(ny):
            converge_row(field, 0, z, y, shape, spare, rows)
            start = (z * ny + y) * nx
            for k in range(3):
                out[k, start : start + nx] = rows[k]


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def converge_row(field, first, z, y, shape, spare, rows):
    """Row (z, y) of Eᵀq into `rows` (3, nx); q are planes `first` to `first` + 5.

    Entries of q whose difference does not exist are taken as zero. `spare` is (4, nx + 2): zeros, and
    rows whose ends are and stay zero.
    """
    nz, ny, nx = shape
    i, up, side = (z * ny + y) * nx, ny * nx, nx
    zero, straight, across_z, across_y = spare[0, :nx], spare[1], spare[2], spare[3]
    has_z, has_y = z < nz - 1, y < ny - 1
    q = field[first]
    zz = q[i : i + nx] if 0 < z < nz - 1 else zero
    zz_up = q[i + up : i + up + nx] if z + 1 < nz - 1 else zero
    q = field[first + 1]
    yy = q[i : i + nx] if 0 < y < ny - 1 else zero
    yy_up = q[i + side : i + side + nx] if y + 1 < ny - 1 else zero
    q = field[first + 3]
    zy = q[i : i + nx] if has_z and has_y else zero
    zy_z = q[i - up : i - up + nx] if z > 0 and has_y else zero
    zy_y = q[i - side : i - side + nx] if has_z and y > 0 else zero
    q = field[first + 4]
    zx = q[i : i + nx] if has_z else zero
    zx_z = q[i - up : i - up + nx] if z > 0 else zero
    q = field[first + 5]
    yx = q[i : i + nx] if has_y else zero
    yx_y = q[i - side : i - side + nx] if y > 0 else zero
    # Shifted copies: voxel x of these is at x + 1, as far as its difference exists.
    target_x, target_z, target_y = straight[2:], across_z[1:], across_y[1:]
    source = field[first + 2, i + 1 : i + nx]
    for x in range(nx - 2):
        target_x[x] = source[x]
    for x in range(nx - 1):
        target_z[x] = zx[x]
        target_y[x] = yx[x]
    keep_z, keep_y = np.float32(1.0 if has_z else 0.0), np.float32(1.0 if has_y else 0.0)
    out_z, out_y, out_x = rows[0], rows[1], rows[2]
    for x in range(nx):
        mixed = zy_y[x] - zy[x] + across_z[x] - across_z[x + 1]
        out_z[x] = keep_z * (zz[x] - zz_up[x] + _HALF * mixed)
        mixed = zy_z[x] - zy[x] + across_y[x] - across_y[x + 1]
        out_y[x] = keep_y * (yy[x] - yy_up[x] + _HALF * mixed)
        mixed = zx_z[x] - zx[x] + yx_y[x] - yx[x]
        out_x[x] = straight[x + 1] - straight[x + 2] + _HALF * mixed
    out_x[nx - 1] = np.float32(0.0)
