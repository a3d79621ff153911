"""How far rounding may move the image of an array: what the laws of operators measure errors by."""

from dataclasses import replace

import numpy as np

from ..linear_map import LinearMap

# Roundings of the argument, of the weights and of what is done to them before and after they are summed up.
_FEW = 16.0


def length(values: np.ndarray, weight: float | np.ndarray = 1.0) -> float:
    """Norm ``√(Σ w |v|²)`` in double precision.

    Parameters
    ----------
    values : ndarray
    weight : float or ndarray
        Of a shape that broadcasts with the values.

    Examples
    --------
    >>> length(np.array([3.0, 4.0], np.float32)), length(np.ones(2), 2.0)
    (5.0, 2.0)
    """
    return float(np.sqrt(np.sum(np.square(np.abs(values).astype(np.float64)) * weight)))


def wide(values: np.ndarray) -> np.ndarray:
    """Copy in double precision, real or complex."""
    return np.asarray(values).astype(np.complex128 if np.iscomplexobj(values) else np.float64)


def probe(shape: tuple[int, ...]) -> np.ndarray:
    """Fixed normal noise of a shape: an array without structure."""
    return np.random.default_rng(0).standard_normal(shape)


def gain(op: LinearMap, *arrays: np.ndarray) -> float:
    """Largest stretch ``‖A v‖ / ‖v‖`` (with the weights) of normal noise and of the arrays given.

    For noise the stretch is near ``‖A‖_F / √n``, the typical size of an entry times the root of the number of
    rows: what an entry of A v is rounded by where its terms cancel.

    Parameters
    ----------
    op : LinearMap
    *arrays : ndarray, shape of the domain
        Those at hand; zero ones are passed over.

    Returns
    -------
    float
        No less than zero; NaN where the image of one is not finite.

    Examples
    --------
    >>> twice = LinearMap(name="twice", domain=(3,), range=(3,), forward=lambda x: 2 * x)
    >>> round(gain(twice), 6)
    2.0
    """
    stretches = [0.0]
    for array in (probe(op.domain), *arrays):
        size = length(array, op.domain_weight)
        if size > 0:
            stretches.append(length(op.apply(array), op.range_weight) / size)
    return float(np.max(stretches))


def rounding(op: LinearMap, size: float, *, scale: float = 1.0) -> float:
    """What 16 + √n roundings of an image of a given size come to, n the unknowns or data, whichever are more.

    Parameters
    ----------
    op : LinearMap
        Its precision is that of the roundings.
    size : float
        Of the image, as ``gain · ‖x‖`` says.
    scale : float
        What the image was multiplied by after it was computed: so is what was lost below the smallest
        normal number.

    Notes
    -----
    Roundings of n terms that are summed up come to about √n of them: N. J. Higham and T. Mary, SIAM J. Sci.
    Comput. 41 (2019) A2815, doi 10.1137/18M1226312. Few sums have as many terms as there are unknowns.

    Examples
    --------
    >>> twice = LinearMap(name="twice", domain=(3,), range=(3,), forward=lambda x: 2 * x)
    >>> 1.0 < rounding(twice, 1.0) / (17 * twice.epsilon) < 1.1
    True
    """
    terms = max(np.prod(op.domain, dtype=float), np.prod(op.range, dtype=float))
    lost = float(np.finfo(op.precision or op.dtype).tiny) * terms * scale
    return float((_FEW + np.sqrt(terms)) * (op.epsilon * size + lost))


def transposed(op: LinearMap) -> LinearMap:
    """Return the adjoint as an operator of its own, with the weights exchanged.

    Raises
    ------
    ValueError
        When it has none.
    """
    if op.adjoint is None:
        raise ValueError(f"`{op.name}` has no adjoint")
    return replace(
        op,
        name=f"adjoint of {op.name}",
        domain=op.range,
        range=op.domain,
        forward=op.adjoint,
        adjoint=op.forward,
        domain_weight=op.range_weight,
        range_weight=op.domain_weight,
    )
