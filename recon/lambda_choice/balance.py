"""Fields that balance a given slope exactly: Kᵀp = s by cosine transforms."""

import numpy as np
from scipy import fft

# Order of the components of a Hessian field: both axes of each, as in `hessian.hessian`.
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def balancing_field(slope: np.ndarray, regulariser: str, field: np.ndarray) -> np.ndarray:
    """Correction after which a field balances a slope: ``Rᵀ(field + correction) = slope``.

    Parameters
    ----------
    slope : ndarray, shape (z, y, x)
        s; orthogonal to constants (TV) or to affine volumes (TV²), else no field balances it.
    regulariser : {"tv", "tv2"}
        R: the forward differences of `gradient.gradient` or the second ones of `hessian.hessian`.
    field : ndarray of float64, shape (3 or 6, z, y, x)
        What there is already.

    Returns
    -------
    ndarray of float64, shape (3 or 6, z, y, x)
        For TV the shortest correction, ``∇ (∇ᵀ∇)⁻¹ (s − ∇ᵀp)``. For TV² a short one: the same formula
        gives the three components that the first differences have to balance, and, used once more
        on the staggered grid of each of them, the second differences. The type-II cosine
        transform diagonalises ∇ᵀ∇ on any box.

    Examples
    --------
    >>> x = np.arange(5.0) - 2
    >>> slope = np.broadcast_to(x, (3, 4, 5))
    >>> p = balancing_field(slope, "tv", np.zeros((3, 3, 4, 5)))
    >>> np.round(p[2, 0, 0], 12)  # the running sum of −s
    array([2., 3., 3., 2., 0.])
    """
    if regulariser == "tv":
        return _gradient_field(potential(slope - _gradient_transpose(field)))
    missing = potential(slope - _hessian_transpose(field))
    out = np.zeros((6, *slope.shape))
    for a in range(3):
        part = potential(np.diff(missing, axis=a))
        for index, pair in enumerate(PAIRS):
            if a not in pair:
                continue
            b = pair[1] if pair[0] == a else pair[0]
            target = out[index][stored(pair, slope.shape)]
            # A mixed component holds the mean of its two orders, times the √2 of its norm.
            target += np.diff(part, axis=b) * (1.0 if a == b else np.sqrt(0.5))
    return out


def balanced(field: np.ndarray, pull: np.ndarray, regulariser: str) -> np.ndarray:
    """Change a field as little as may be so that it balances a pull: ``Kᵀp = pull``.

    Parameters
    ----------
    field : ndarray of float64, shape (channel, component, z, y, x)
        p; its components are the 3 of ∇, the 6 of the Hessian, or both in this order.
    pull : ndarray of float64, shape (channel, z, y, x)
        Of each channel, orthogonal to the volumes to which the regulariser is blind.
    regulariser : {"tv", "tv2", "tv_tv2", "tgv2"}
        K. For "tv_tv2" the first differences take up what is missing. For "tgv2",
        ``K (x, v) = (∇x − v, E v)`` with E∇ the Hessian: a field of second differences q that balances
        the pull gives one of both, ``p = (Eᵀq, q)``, that also balances v.

    Returns
    -------
    ndarray of float64, shape of `field`
    """
    out = np.empty(field.shape)
    for part, target, into in zip(field, pull, out, strict=True):
        if regulariser == "tv_tv2":
            rest = target - _hessian_transpose(part[3:])
            into[:3] = part[:3] + balancing_field(rest, "tv", part[:3])
            into[3:] = part[3:]
        elif regulariser == "tgv2":
            into[3:] = part[3:] + balancing_field(target, "tv2", part[3:])
            into[:3] = _symmetrised_transpose(into[3:])
        else:
            into[:] = part + balancing_field(target, regulariser, part)
    return out


def potential(source: np.ndarray) -> np.ndarray:
    """Solve Poisson's equation ``∇ᵀ∇ u = source`` with insulated faces; the means are dropped.

    Parameters
    ----------
    source : ndarray of float64, shape (z, y, x)

    Returns
    -------
    ndarray of float64, shape (z, y, x)
    """
    if source.size == 0:
        return source
    spectrum = np.asarray(fft.dctn(source, norm="ortho"))
    stiffness = np.zeros(source.shape)
    for axis, n in enumerate(source.shape):
        shape = [1, 1, 1]
        shape[axis] = n
        stiffness += (2.0 - 2.0 * np.cos(np.pi * np.arange(n) / n)).reshape(shape)
    stiffness[0, 0, 0] = np.inf
    return np.asarray(fft.idctn(spectrum / stiffness, norm="ortho"))


def _gradient_field(volume: np.ndarray) -> np.ndarray:
    out = np.zeros((3, *volume.shape))
    for a in range(3):
        out[a][stored((a,), volume.shape)] = np.diff(volume, axis=a)
    return out


def _difference_transpose(part: np.ndarray, axis: int) -> np.ndarray:
    width = [(0, 0)] * 3
    width[axis] = (1, 1)
    return -np.diff(np.pad(part, width), axis=axis)


def _gradient_transpose(field: np.ndarray) -> np.ndarray:
    shape = field.shape[1:]
    parts = (_difference_transpose(field[a][stored((a,), shape)], a) for a in range(3))
    return sum(parts, np.zeros(shape))


def _hessian_transpose(field: np.ndarray) -> np.ndarray:
    shape = field.shape[1:]
    out = np.zeros(shape)
    for index, (a, b) in enumerate(PAIRS):
        part = field[index][stored((a, b), shape)] * (1.0 if a == b else np.sqrt(2.0))
        if part.size:
            out += _difference_transpose(_difference_transpose(part, b), a)
    return out


def _symmetrised_transpose(field: np.ndarray) -> np.ndarray:
    """Eᵀ of `symmetrised_gradient`, in float64."""
    shape = field.shape[1:]
    out = np.zeros((3, *shape))
    for index, (a, b) in enumerate(PAIRS):
        part = field[index][stored((a, b), shape)]
        if part.size == 0:
            continue
        if a == b:
            out[a][stored((a,), shape)] += _difference_transpose(part, a)
        else:
            out[a][stored((a,), shape)] += _difference_transpose(part, b) * np.sqrt(0.5)
            out[b][stored((b,), shape)] += _difference_transpose(part, a) * np.sqrt(0.5)
    return out


def stored(axes: tuple[int, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Where a field holds differences along `axes`: at the lower voxel, second ones at the middle one."""
    where = [slice(None)] * 3
    if len(axes) == 2 and axes[0] == axes[1]:
        n = shape[axes[0]]
        where[axes[0]] = slice(1, max(n - 1, 1))
        return tuple(where)
    for a in axes:
        where[a] = slice(0, shape[a] - 1)
    return tuple(where)
