"""PyProximal's operators as functionals."""

from typing import Any

import numpy as np

from ..functional import Functional

_ANY_SIZE = (6,)


def pyproximal_functional(
    operator: Any,
    *,
    shape: tuple[int, ...] | None = None,
    name: str | None = None,
    accuracy: float = 0.0,
) -> Functional:
    """Turn a ``pyproximal.ProxOperator`` into a functional of arrays, which it sees as flat vectors.

    Parameters
    ----------
    operator : pyproximal.ProxOperator
        Convex.
    shape : tuple of int, optional
        Of the arrays; six values when omitted.
    name : str, optional
        How reports call it, its class when omitted.
    accuracy : float
        `Functional.prox_accuracy`, for those that compute their step by iteration.

    Raises
    ------
    ValueError
        When it does not take arrays of that shape.

    Notes
    -----
    Indicators of PyProximal return whether a point is inside, True or False; here that is 0 or infinity.
    ``grad`` is taken where ``hasgrad`` says that it is a gradient, and not one of the Moreau envelope.

    Examples
    --------
    >>> class Square:
    ...     hasgrad = False
    ...     def __call__(self, x): return 0.5 * float(x @ x)
    ...     def prox(self, x, tau): return x / (1 + tau)
    ...     def proxdual(self, x, tau): return x / (1 + tau)
    >>> pyproximal_functional(Square(), shape=(2, 1)).prox(np.array([[2.0], [4.0]]), 1.0).tolist()
    [[1.0], [2.0]]
    """
    title = name or f"pyproximal.{type(operator).__name__}"
    domain = _ANY_SIZE if shape is None else tuple(shape)

    def value(x: np.ndarray) -> float:
        found = operator(np.array(x).ravel())
        if isinstance(found, bool | np.bool_):
            return 0.0 if found else float("inf")
        return float(found)

    def arrow(function: Any) -> Any:
        def call(x: np.ndarray, *step: float) -> np.ndarray:
            return np.asarray(function(np.array(x).ravel(), *step)).reshape(domain)

        return call

    try:
        value(np.zeros(domain))
        operator.prox(np.zeros(domain).ravel(), 1.0)
    except NotImplementedError:
        value_or_none = None
    except (ValueError, IndexError, TypeError) as error:
        raise ValueError(f"`shape` must suit {title}, which refuses {domain}: {error}") from error
    else:
        value_or_none = value
    return Functional(
        name=title,
        domain=domain,
        value=value_or_none,
        prox=arrow(operator.prox),
        conjugate_prox=arrow(operator.proxdual),
        gradient=arrow(operator.grad) if operator.hasgrad else None,
        dtype="float64",
        prox_accuracy=accuracy,
    )
