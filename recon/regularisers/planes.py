"""Dual fields as planes: one row of memory per component, padded so that rows do not collide in cache."""

import numpy as np

# Volumes of 2ⁿ voxels put voxel i of all components on the same few lines of the first cache. With
# 11 lines more, six components lie evenly over its 64 sets: the steps of TV² then take a
# sixth less time at 96³ and 128³.
_SETS, _SHIFT = 1024, 176


def padded_zeros(shape: tuple[int, ...]) -> np.ndarray:
    """Zeros of shape ([channel,] component, z, y, x), float32, with room between the components.

    Kernels take any field whose components are contiguous; those of such a field run faster.

    Examples
    --------
    >>> field = padded_zeros((3, 4, 5, 6))
    >>> field.shape, field[0].flags.c_contiguous, field.flags.c_contiguous
    ((3, 4, 5, 6), True, False)
    """
    size = int(np.prod(shape[-3:]))
    stride = -(-size // _SETS) * _SETS + _SHIFT
    return np.zeros((*shape[:-3], stride), np.float32)[..., :size].reshape(shape)


def planes(field: np.ndarray) -> np.ndarray:
    """View a field as (channel · component, voxel + padding), contiguous; what the kernels take.

    Parameters
    ----------
    field : ndarray of float32, shape ([channel,] component, z, y, x)
        With contiguous components at equal distances.

    Returns
    -------
    ndarray of float32, shape (channel · component, stride)
        Entry ``(z ny + y) nx + x`` of a row is voxel (z, y, x). What follows the last voxel is not
        to be touched.

    Raises
    ------
    ValueError
        When the field is no such array.

    Examples
    --------
    >>> planes(np.zeros((2, 3, 4, 5, 6), np.float32)).shape
    (6, 120)
    """
    if (
        field.dtype != np.float32
        or field.ndim not in (4, 5)
        or not field[(0,) * (field.ndim - 3)].flags.c_contiguous
    ):
        raise ValueError(
            "a field must be float32 of shape ([channel,] component, z, y, x) with contiguous "
            f"components, got {field.dtype} {field.shape}; copy it with numpy.ascontiguousarray"
        )
    count = int(np.prod(field.shape[:-3]))
    size = int(np.prod(field.shape[-3:]))
    leading = [(n, step // 4) for n, step in zip(field.shape[:-3], field.strides, strict=False) if n > 1]
    stride = leading[-1][1] if leading else size
    even = len(leading) < 2 or leading[0][1] == stride * leading[1][0]
    if stride < size or not even:
        raise ValueError(
            "a field must hold its components at equal distances; copy it with numpy.ascontiguousarray"
        )
    return np.lib.stride_tricks.as_strided(field, (count, stride), (4 * stride, 4))
