"""SciPy's linear operators and sparse matrices, and numpy's matrices, as operators."""

from typing import Any

import numpy as np

from ..linear_map import LinearMap
from .matrix_like import floating, in_shape, matrix_like


def scipy_operator(
    operator: Any, *, shape: tuple[int, ...] | None = None, name: str | None = None
) -> LinearMap:
    """Turn a ``scipy.sparse.linalg.LinearOperator`` into an operator.

    Its adjoint is ``rmatvec``, where it has one.

    Parameters
    ----------
    operator : scipy.sparse.linalg.LinearOperator
        Of shape (rows, columns).
    shape : tuple of int, optional
        In which its flat vectors are seen, (columns,) when omitted.
    name : str, optional
        How reports call it, its class when omitted.

    Examples
    --------
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> scipy_operator(aslinearoperator(np.eye(2, 3))).apply(np.array([1.0, 2.0, 3.0])).tolist()
    [1.0, 2.0]
    """
    title = name or type(operator).__name__
    rows, columns = operator.shape
    return matrix_like(
        name=title,
        columns=in_shape(shape, columns, title),
        rows=(rows,),
        dtype=operator.dtype,
        times=operator.matvec,
        adjoint_times=operator.rmatvec if _goes_back(operator) else None,
    )


def _goes_back(operator: Any) -> bool:
    """Whether it has an adjoint: SciPy raises NotImplementedError where none was given."""
    try:
        operator.rmatvec(np.zeros(operator.shape[0], floating(operator.dtype)))
    except NotImplementedError:
        return False
    except Exception:
        # One that fails otherwise is there, and broken: that is for the laws to say.
        return True
    return True


def matrix(values: Any, *, shape: tuple[int, ...] | None = None, name: str | None = None) -> LinearMap:
    """Turn a matrix, dense or sparse, into an operator; its adjoint is the conjugate transpose.

    Parameters
    ----------
    values : ndarray of two axes, or scipy.sparse array or matrix
        The matrix.
    shape : tuple of int, optional
        In which its flat vectors are seen, (columns,) when omitted.
    name : str, optional
        How reports call it, its class when omitted.

    Raises
    ------
    ValueError
        When it has not two axes, or no numbers.

    Examples
    --------
    >>> matrix(np.array([[1.0, 2.0]])).apply_adjoint(np.array([3.0])).tolist()
    [3.0, 6.0]
    """
    title = name or type(values).__name__
    if values.ndim != 2 or np.dtype(values.dtype).kind not in "bifuc":
        raise ValueError(
            f"a matrix must have two axes and hold numbers, got {values.dtype} of shape {values.shape}"
        )
    # Products with the floating type keep the precision that the component is given in.
    entries = values.astype(floating(values.dtype))
    back = entries.conj().T
    rows, columns = values.shape
    return matrix_like(
        name=title,
        columns=in_shape(shape, columns, title),
        rows=(rows,),
        dtype=entries.dtype,
        times=lambda x: entries @ x,
        adjoint_times=lambda y: back @ y,
    )
