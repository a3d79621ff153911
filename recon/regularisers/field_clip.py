"""The projection that makes a dual field feasible."""

import numpy as np
from numba import njit, prange


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def clip_field(field, radius):
    """Project a field (component, z, y, x) onto |field| ≤ radius per voxel, in place."""
    components, nz, ny, nx = field.shape
    for z in prange(nz):
        for y in range(ny):
            for x in range(nx):
                square = np.float32(0.0)
                for c in range(components):
                    square += field[c, z, y, x] * field[c, z, y, x]
                norm = np.sqrt(square)
                if norm > radius:
                    shrink = radius / norm
                    for c in range(components):
                        field[c, z, y, x] *= shrink
