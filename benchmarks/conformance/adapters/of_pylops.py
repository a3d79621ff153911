"""PyLops' linear operators."""

from typing import Any

from ..linear_map import LinearMap
from .matrix_like import in_shape, matrix_like


def pylops_operator(
    operator: Any, *, shape: tuple[int, ...] | None = None, name: str | None = None
) -> LinearMap:
    """Turn a ``pylops.LinearOperator`` into an operator of arrays of its ``dims`` and ``dimsd``.

    Parameters
    ----------
    operator : pylops.LinearOperator
        Real or complex; complex ones become operators of pairs (real, imaginary).
    shape : tuple of int, optional
        In which its flat vectors are seen, ``operator.dims`` when omitted.
    name : str, optional
        How reports call it, its class when omitted.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> twice = SimpleNamespace(shape=(4, 4), dims=(2, 2), dimsd=(2, 2), dtype="float32",
    ...                         matvec=lambda x: 2 * x, rmatvec=lambda y: 2 * y)
    >>> pylops_operator(twice).apply(np.ones((2, 2))).tolist()
    [[2.0, 2.0], [2.0, 2.0]]
    """
    title = name or f"pylops.{type(operator).__name__}"
    rows, columns = operator.shape
    seen = shape or tuple(getattr(operator, "dims", (columns,)))
    return matrix_like(
        name=title,
        columns=in_shape(seen, columns, title),
        rows=tuple(getattr(operator, "dimsd", (rows,))),
        dtype=operator.dtype,
        times=operator.matvec,
        adjoint_times=operator.rmatvec,
    )
