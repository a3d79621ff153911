"""Laws of the norm that an author states for an operator."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from ..drawn_array import DrawnArray, arrays
from ..finding import Finding
from ..law import law
from ..linear_map import LinearMap
from .operator_rounding import length, rounding

_STEPS = 8
_DENSE = 512


def _no_bound(op: LinearMap) -> str | None:
    return "it states no bound of its norm" if op.norm_bound is None else None


def _not_the_norm(op: LinearMap) -> str | None:
    if op.norm_bound is not None and "norm" in op.claims:
        return None
    return 'it states no norm, only a bound or none ("norm")'


@law(
    kind="operator",
    formula="‖A x‖ ≤ L ‖x‖ for the stated L",
    tolerance="(16 + √n) ε L: rounding of the image",
    cases=lambda op: st.fixed_dictionaries({"x": arrays(op.domain)}),
    excuse=_no_bound,
    cost=4.0,
)
def norm_bound(op: LinearMap, x: DrawnArray) -> Finding:
    """No array is stretched by more than the stated bound of the norm.

    Notes
    -----
    With an adjoint, eight steps of the power method turn the drawn array towards those that are stretched
    most; steps of primal-dual methods that rest on too small a bound diverge: A. Chambolle and T. Pock,
    J. Math. Imaging Vis. 40 (2011) 120, doi 10.1007/s10851-010-0251-1.
    """
    bound = float(op.norm_bound or 0.0)
    vector, found = x.array("float64"), 0.0
    for _ in range(_STEPS if op.adjoint is not None else 1):
        size = length(vector, op.domain_weight)
        if size == 0 or not np.isfinite(size):
            break
        image = op.apply(vector / size)
        given = length((vector / size).astype(op.dtype), op.domain_weight)
        found = max(found, length(image, op.range_weight) / given)
        if op.adjoint is not None:
            vector = op.apply_adjoint(image)
    note = f"an array is stretched by {found:.9g}, where {bound:.9g} is stated"
    return Finding(max(found - bound, 0.0), rounding(op, bound), note)


@law(
    kind="operator",
    formula="|L − ‖A‖| ≤ 0.001 ‖A‖ for the stated norm L",
    tolerance="0.001 ‖A‖: norms come from the power method, which stops when it stalls; a thousandth costs "
    "nothing",
    cases=lambda op: st.just({}),
    excuse=_not_the_norm,
    cost=20.0,
)
def norm(op: LinearMap) -> Finding:
    """What an author states to be the norm is the largest singular value.

    Notes
    -----
    Operators of up to 512 unknowns are written out as a matrix, whose largest singular value is the norm;
    for larger ones only arrays that are stretched further are looked for.
    """
    stated = float(op.norm_bound or 0.0)
    if np.prod(op.domain) > _DENSE:
        return norm_bound(replace(op, norm_bound=1.001 * stated), x=DrawnArray(op.domain, seed=0))
    true = float(np.linalg.svd(matrix(op), compute_uv=False)[0])
    return Finding(abs(stated - true), 1e-3 * true, f"the norm is {true:.9g}, where {stated:.9g} is stated")


def matrix(op: LinearMap) -> np.ndarray:
    """Matrix of an operator between its weighted spaces, column by column.

    Parameters
    ----------
    op : LinearMap

    Returns
    -------
    ndarray of float64, shape (size of the range, size of the domain)
        ``W_r^½ A W_d^−½`` with the weights of the inner products: its singular values are those of A.

    Examples
    --------
    >>> twice = LinearMap(name="twice", domain=(2,), range=(2,), forward=lambda x: 2 * x)
    >>> matrix(twice)
    array([[2., 0.],
           [0., 2.]])
    """
    size = int(np.prod(op.domain))
    rows = np.sqrt(np.broadcast_to(op.range_weight, op.range)).reshape(-1)
    columns = np.sqrt(np.broadcast_to(op.domain_weight, op.domain)).reshape(-1)
    entries = [
        op.apply(column.reshape(op.domain)).reshape(-1) * rows / columns[index]
        for index, column in enumerate(np.eye(size))
    ]
    return np.stack(entries, axis=1).astype(np.float64)
