"""What has a shape (rows, columns), multiplies flat vectors and may be complex, as an operator."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..linear_map import LinearMap
from .complex_pairs import pair, whole


def matrix_like(
    *,
    name: str,
    columns: tuple[int, ...],
    rows: tuple[int, ...],
    dtype: Any,
    times: Callable[[np.ndarray], Any],
    adjoint_times: Callable[[np.ndarray], Any] | None = None,
    complex_in: bool | None = None,
    complex_out: bool | None = None,
) -> LinearMap:
    """Make an operator of arrays from one of flat vectors.

    A complex operator becomes a real one of pairs (real, imaginary), of shape ``(2, *columns)`` and
    ``(2, *rows)``, with the inner product ``Re Σ conj(x) x'``; its adjoint there is the conjugate transpose.

    Parameters
    ----------
    name : str
        How reports call it.
    columns, rows : tuple of int
        Shapes of what goes in and what comes out.
    dtype : dtype
        That of the vectors; integers and booleans become float64.
    times, adjoint_times : callable
        Flat vector to flat vector, and back.
    complex_in, complex_out : bool, optional
        Whether vectors are complex; as `dtype` when omitted.

    Examples
    --------
    >>> turn = matrix_like(name="i x", columns=(1,), rows=(1,), dtype=complex, times=lambda x: 1j * x)
    >>> turn.domain, turn.apply(np.array([[1.0], [2.0]])).ravel().tolist()
    ((2, 1), [-2.0, 1.0])
    """
    kind = floating(dtype)
    complex_kind = np.dtype(kind).kind == "c"
    into = complex_kind if complex_in is None else complex_in
    out = complex_kind if complex_out is None else complex_out
    real = np.dtype(kind).type(0).real.dtype.name

    def arrow(function: Callable[[np.ndarray], Any], into: bool, out: bool, shape: tuple[int, ...]) -> Any:
        def call(values: np.ndarray) -> np.ndarray:
            vector = (whole(values) if into else values).ravel()
            found = np.asarray(function(vector))
            if found.size != prod(shape):
                raise ValueError(f"{name} returned {found.size} values where {prod(shape)} belong")
            found = found.reshape(shape)
            return pair(found) if out else found

        return call

    return LinearMap(
        name=name,
        domain=(2, *columns) if into else columns,
        range=(2, *rows) if out else rows,
        forward=arrow(times, into, out, rows),
        adjoint=None if adjoint_times is None else arrow(adjoint_times, out, into, columns),
        dtype=real,
    )


def floating(dtype: Any) -> str:
    """Name of the floating type that arrays of a type are given in; float64 for integers or none.

    Examples
    --------
    >>> floating("int32"), floating("complex64"), floating(None)
    ('float64', 'complex64', 'float64')
    """
    if dtype is None:
        return "float64"
    kind = np.dtype(dtype)
    return kind.name if kind.kind in "fc" else "float64"


def in_shape(shape: tuple[int, ...] | None, size: int, name: str) -> tuple[int, ...]:
    """Return the shape that flat vectors of a size are seen in.

    Raises
    ------
    ValueError
        When the shape has another size.
    """
    if shape is None:
        return (size,)
    if prod(shape) != size:
        raise ValueError(f"`shape` must hold the {size} values that {name} takes, got {tuple(shape)}")
    return tuple(shape)
