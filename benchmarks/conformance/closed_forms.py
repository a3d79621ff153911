"""Textbook functionals by name."""

from collections.abc import Callable, Mapping
from typing import Any

from ...phantoms.table import Table
from .closed_data import kullback_leibler, least_squares
from .closed_form import ClosedForm
from .closed_norms import huber, l1, l2_balls, l2_norm, l21, linear, linf_norm, squared_l2, zero
from .closed_sets import box, l1_ball, l2_ball, nonnegative, simplex
from .closed_variations import tv, tv2

CLOSED_FORMS: Table[Callable[..., ClosedForm]] = Table(
    "closed form",
    {
        "zero": zero,
        "linear": linear,
        "l1": l1,
        "l2_norm": l2_norm,
        "linf_norm": linf_norm,
        "squared_l2": squared_l2,
        "huber": huber,
        "l21": l21,
        "box": box,
        "nonnegative": nonnegative,
        "l2_ball": l2_ball,
        "l1_ball": l1_ball,
        "simplex": simplex,
        "l2_balls": l2_balls,
        "least_squares": least_squares,
        "kullback_leibler": kullback_leibler,
        "tv": tv,
        "tv2": tv2,
    },
)


def closed_form(name: str, parameters: Mapping[str, Any] | None = None, weight: Any = 1.0) -> ClosedForm:
    """Return a textbook functional.

    Parameters
    ----------
    name : str
        Of `CLOSED_FORMS`.
    parameters : mapping, optional
        Numbers and arrays of it, by the keywords of its function.
    weight : float or ndarray
        Weights of the inner product.

    Raises
    ------
    ValueError
        When the name is unknown.

    Examples
    --------
    >>> closed_form("l1", {"lam": 2.0}).value(np.array([1.0, -3.0]))
    8.0
    """
    return CLOSED_FORMS[name](**dict(parameters or {}), weight=weight)
