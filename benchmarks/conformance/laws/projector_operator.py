"""The laws of linear operators, asked of a projector at any geometry that it takes."""

import inspect
from typing import Any

from hypothesis import strategies as st

from ....phantoms.table import Table
from ..beam_geometry import BeamGeometry
from ..drawn_array import DrawnArray
from ..finding import Finding
from ..law import Law
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily
from . import operator, operator_calls, operator_claims, operator_norm
from .projector_cases import built, folded, geometries, probe_operator


def at_any_geometry(inner: Law) -> Law:
    """Make a law of projectors of a law of operators: the geometry is drawn too.

    Parameters
    ----------
    inner : Law
        Of kind "operator".

    Returns
    -------
    Law
        Of kind "projector", with the same name, formula and tolerance.

    Examples
    --------
    >>> at_any_geometry(operator.adjoint)
    <law adjoint of projectors: The adjoint is the exact transpose, at any geometry.>
    """

    def check(family: ProjectorFamily, geometry: BeamGeometry, **case: Any) -> Finding:
        op = built(family, geometry)
        reason = inner.excuse(op)
        return Finding(0.0, 0.0, reason) if reason is not None else inner.check(op, **case)

    def cases(family: ProjectorFamily) -> st.SearchStrategy:
        return st.builds(_refitted, geometries(family), inner.cases(_standing_for(family)))

    def excuse(family: ProjectorFamily) -> str | None:
        probe = probe_operator(family)
        return "it declines every geometry of this law" if probe is None else inner.excuse(probe)

    check.__name__ = inner.name
    check.__doc__ = _anywhere(inspect.cleandoc(inner.check.__doc__ or ""))
    return Law(
        check=check,
        kind="projector",
        formula=inner.formula,
        tolerance=inner.tolerance,
        cases=cases,
        excuse=excuse,
        cost=2 * inner.cost if inner.cost > 1 else 1.0,
    )


def _anywhere(doc: str) -> str:
    """Add to the first line of a docstring that the geometry is any."""
    sentence, _, rest = doc.partition("\n")
    return f"{sentence.rstrip('.')}, at any geometry.\n{rest}"


_DOMAIN, _RANGE = (7, 7, 3), (3, 9, 3)


def _standing_for(family: ProjectorFamily) -> LinearMap:
    """Return an operator of the claims of a family, which computes nothing."""
    return LinearMap(
        name=family.name, domain=_DOMAIN, range=_RANGE, forward=lambda x: x, claims=family.claims
    )


def _refitted(geometry: BeamGeometry, case: dict[str, Any]) -> dict[str, Any]:
    """Fold the arrays of a case to the shapes of a geometry."""
    shapes: dict[tuple[int, ...], tuple[int, ...]] = {_DOMAIN: geometry.shape, _RANGE: geometry.series_shape}
    return {
        "geometry": geometry,
        **{
            name: folded(value, shapes[value.shape]) if isinstance(value, DrawnArray) else value
            for name, value in case.items()
        },
    }


OPERATOR_LAWS_OF_PROJECTORS: Table[Law] = Table(
    "law of projectors",
    {
        law.name: at_any_geometry(law)
        for law in (
            operator.linearity,
            operator.homogeneity,
            operator.zero_to_zero,
            operator.adjoint,
            operator.adjoint_linearity,
            operator_norm.norm_bound,
            operator_norm.norm,
            operator_calls.finite_output,
            operator_calls.input_unchanged,
            operator_calls.determinism,
            operator_calls.result_kept,
            operator_calls.any_layout,
            operator_claims.positive,
        )
    },
)
