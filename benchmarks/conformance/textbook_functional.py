"""Closed forms as functionals, for the laws and for tests."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .closed_forms import closed_form
from .functional import Functional

_CLAIMS = {
    "zero": {"homogeneous", "even"},
    "linear": {"homogeneous"},
    "l1": {"homogeneous", "even"},
    "l2_norm": {"homogeneous", "even"},
    "linf_norm": {"homogeneous", "even"},
    "huber": {"even"},
    "l21": {"homogeneous", "even"},
    "box": {"indicator"},
    "nonnegative": {"indicator", "homogeneous"},
    "l2_ball": {"indicator"},
    "l1_ball": {"indicator", "even"},
    "simplex": {"indicator"},
    "l2_balls": {"indicator", "even"},
    "tv": {"homogeneous", "even"},
    "tv2": {"homogeneous", "even"},
}


def textbook_functional(
    name: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    domain: tuple[int, ...] = (2, 3),
    dtype: str = "float64",
    weight: float | np.ndarray = 1.0,
    **fields: Any,
) -> Functional:
    """Return a textbook functional as a component: one that keeps every law.

    Parameters
    ----------
    name : str
        Of `CLOSED_FORMS`.
    parameters : mapping, optional
        Numbers and arrays of it.
    domain : tuple of int
        Shape of its argument.
    dtype : str
        Type of the arrays that it is given; it computes in float64.
    weight : float or ndarray
        Weights of the inner product.
    **fields
        Of `Functional`, to replace what this makes.

    Raises
    ------
    ValueError
        When the name is unknown.

    Examples
    --------
    >>> shrink = textbook_functional("l1", {"lam": 0.5}, domain=(2,))
    >>> shrink.proximal(np.array([2.0, -0.25]), 1.0)
    array([ 1.5, -0. ])
    """
    form = closed_form(name, parameters, weight)
    made: dict[str, Any] = {
        "name": name,
        "domain": domain,
        "value": form.value,
        "prox": form.prox,
        "conjugate": form.conjugate,
        "conjugate_prox": form.conjugate_step if form.prox else None,
        "dtype": dtype,
        "weight": weight,
        "closed_form": name,
        "parameters": dict(parameters or {}),
        "claims": frozenset(_CLAIMS.get(name, set())),
    }
    return Functional(**{**made, **fields})
