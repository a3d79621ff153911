"""A `Problem` taken apart into ODL operators and functionals, for any of ODL's solvers."""

from typing import Any, NamedTuple

import numpy as np

from .odl_functionals import BoxIndicator, GroupNorm, KullbackLeiblerFunctional, LeastSquaresFunctional
from .odl_operators import (
    GradientOperator,
    HessianOperator,
    ProjectionOperator,
    SymmetrisedGradientOperator,
    odl,
    volume_space,
)
from .problem import Problem

_DATA_FUNCTIONALS = {"least_squares": LeastSquaresFunctional, "kullback_leibler": KullbackLeiblerFunctional}


class ODLProblem(NamedTuple):
    """``min f(x) + Σ g_i(L_i x)``, as ODL's solvers take it."""

    f: Any
    g: list[Any]
    L: list[Any]


def odl_problem(problem: Problem, *, whitened: bool = False) -> ODLProblem:
    """Take a problem apart into ODL functionals and operators.

    Parameters
    ----------
    problem : Problem
        What to minimise.
    whitened : bool
        Multiply the rows of L[0] by the root of the data term's curvature, and let g[0] divide by it:
        the same function of x, better conditioned for solvers with one step size.

    Returns
    -------
    f : odl.functionals.Functional
        Indicator of the bounds.
    g : list of odl.functionals.Functional
        The data term, then the norms of the regulariser times λ: one, for TV + TV² and TGV² two.
    L : list of odl.Operator
        ``g·P``, then the differences. All spaces have weighting one: adjoints are transposes.

    Notes
    -----
    The domain is `volume_space` of the problem's shape; with TGV² the product of that and of the space
    of the vector field v, and the differences are ``(x, v) ↦ ∇x − v`` and ``(x, v) ↦ E v``.

    Examples
    --------
    >>> problem = Problem(data=np.full((2, 4, 3), 2.0), angles_deg=[0.0, 90.0], spacing_nm=1.0, lam=0.5)
    >>> f, g, L = odl_problem(problem)
    >>> x = L[0].domain.one()
    >>> f(x) + sum(gi(Li(x)) for gi, Li in zip(g, L)) == problem.objective(np.ones((4, 4, 3)))
    True
    >>> odl.solvers.douglas_rachford_pd(x, f, g, L, niter=200, tau=0.1, sigma=[0.5, 1.0])
    >>> round(float(x.asarray().mean()), 3)  # all of the four voxels in the way of a ray
    0.5
    """
    volumes = volume_space(problem.shape, problem.spacing_nm)
    projection = ProjectionOperator(problem.projector, volumes, problem.gains)
    series = projection.range
    data = _DATA_FUNCTIONALS[problem.data_term](series, problem.data, problem.weights, problem.background)
    if whitened:
        root = np.sqrt(problem.fidelity.curvature)
        root[root == 0] = 1.0
        projection = odl.MultiplyOperator(series.element(root), domain=series, range=series) @ projection
        data = data.dilated(1.0 / root.astype(np.float64))
    box = BoxIndicator(volumes, problem.lower, problem.upper)
    differences, shares = _regulariser(problem, volumes)
    norms = [GroupNorm(D.range, problem.lam * share) for D, share in zip(differences, shares, strict=True)]
    if problem.auxiliary_shape is None:
        return ODLProblem(box, [data, *norms], [projection, *differences])
    domain = differences[0].domain
    free = odl.functionals.ZeroFunctional(domain[1])
    to_volume = odl.ComponentProjection(domain, 0)
    f = odl.functionals.SeparableSum(box, free)
    return ODLProblem(f, [data, *norms], [projection @ to_volume, *differences])


def _regulariser(problem: Problem, volumes: Any) -> tuple[list[Any], list[float]]:
    """Difference operators of R, and the factor of the norm of each."""
    gamma = problem.channel_weights
    if problem.regulariser == "tv":
        return [GradientOperator(volumes, gamma)], [1.0]
    if problem.regulariser == "tv2":
        return [HessianOperator(volumes, gamma)], [1.0]
    if problem.regulariser == "tv_tv2":
        share = problem.second_order_share
        return [GradientOperator(volumes, gamma), HessianOperator(volumes, gamma)], [1.0 - share, share]
    if problem.regulariser == "tgv2":
        return _tgv2(volumes, gamma), [1.0, problem.tgv_ratio]
    raise ValueError(f"`problem.regulariser` {problem.regulariser!r} has no ODL form")


def _tgv2(volumes: Any, gamma: np.ndarray | None) -> list[Any]:
    """``∇x − v`` and ``E v`` on the product of the volumes and the vector fields."""
    gradient: Any = GradientOperator(volumes, gamma)
    fields = gradient.range
    domain = odl.ProductSpace(volumes, fields)
    to_volume, to_field = odl.ComponentProjection(domain, 0), odl.ComponentProjection(domain, 1)
    weights = np.repeat(np.ones(1) if gamma is None else gamma, 3)
    weighted = odl.DiagonalOperator(*[odl.ScalingOperator(fields[0], float(w)) for w in weights])
    first = gradient @ to_volume - weighted @ to_field
    return [first, SymmetrisedGradientOperator(fields, gamma) @ to_field]
