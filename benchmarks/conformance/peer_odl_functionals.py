"""Functionals of ODL, and the laws that they are known to break."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .adapters.adaption import adapt
from .adapters.of_odl import odl_functional
from .drawn_array import DrawnArray
from .peer_component import KnownBreak, PeerComponent, same_break

# All that take a proximal step.
LAWS_OF_THE_STEP = (
    *("convexity", "short_steps_stay", "firm_nonexpansiveness", "steps_agree", "longer_steps_go_further"),
    *("prox_scales", "prox_is_odd", "moreau_identity", "fenchel_young", "fenchel_young_equality"),
    *("conjugate_fenchel_young_equality", "conjugate_convexity", "conjugate_prox_minimises"),
    *(
        "conjugate_firm_nonexpansiveness",
        "conjugate_steps_agree",
        "gradient_at_prox",
        "projection_lies_inside",
    ),
    *("projection_is_idempotent", "projection_ignores_the_step", "closed_form_prox"),
    *("closed_form_conjugate_prox", "input_unchanged", "determinism"),
)
_INDICATOR: dict[str, Any] = {"claims": frozenset({"indicator"})}
_TREE = "https://github.com/odlgroup/odl/blob/master/odl/"
_PROXES = f"{_TREE}solvers/nonsmooth/proximal_operators.py"
_FUNCTIONALS = f"{_TREE}functionals/default_functionals.py"
# Priors and points where the counterexamples show.
_PRIOR = (0.0, 1.0, 2.0, 0.5, 3.0)


def _odl(make: Callable[[Any], Any], **options: Any) -> Callable[[], Any]:
    """Make the component from ODL, imported so that numpy prints as before."""

    def made() -> Any:
        from ...recon.odl_operators import odl

        return adapt(make(odl), **options)

    return made


def _plane(odl: Any) -> Any:
    """Space whose weight is no 1."""
    return odl.uniform_discr([0, 0], [2, 1], (3, 2), dtype="float64")


def _one(n: int, value: float = 1.0, index: int = 0) -> DrawnArray:
    return DrawnArray((n,), ((index, value),))


def _crash(
    error: str, cause: str, source: str, case: dict[str, Any], reported: bool = False
) -> dict[str, KnownBreak]:
    """Break every law of the proximal step: it raises."""
    known = KnownBreak(kind="defect", cause=cause, source=source, reported=reported, raises=error, case=case)
    return {**dict.fromkeys(LAWS_OF_THE_STEP, same_break(known)), "prox_minimises": known}


_OVERFLOWING = (
    *("prox_minimises", "short_steps_stay", "firm_nonexpansiveness", "longer_steps_go_further"),
    *("moreau_identity", "fenchel_young_equality", "conjugate_prox_minimises", "conjugate_steps_agree"),
    *("conjugate_firm_nonexpansiveness", "conjugate_fenchel_young_equality"),
)
_STEP = {"x": _one(5, 3.0), "z": _one(5), "step": 1.0}

_ON_SIMPLEX = _crash(
    "RuntimeError",
    "`proj_simplex` calls numpy.cumsum on an element of ODL, which ODL 1.0 refuses to turn into an array",
    _PROXES,
    _STEP,
)
_ON_SUM = _crash(
    "AttributeError",
    "`ProximalSum` reads `self.sum_value`, which is a field of the functional around it",
    _FUNCTIONALS,
    _STEP,
)
_HUBER_VECTORS = _crash(
    "TypeError",
    "the step picks entries with an element of ODL as index, which ODL 1.0 refuses",
    "https://github.com/odlgroup/odl/issues/1469",
    {"x": DrawnArray((2, 3, 2), ((0, 1.0),)), "z": DrawnArray((2, 3, 2), ((0, 1.0),)), "step": 1.0},
    reported=True,
)
_BELOW_ZERO = KnownBreak(
    kind="defect",
    cause="where the prior is 0, its value at x < 0 is x itself, and not infinite as documented",
    source=_FUNCTIONALS,
    case={"x": DrawnArray((5,), seed=0), "z": _one(5), "step": 1.0},
)
_LAMBERT = KnownBreak(
    kind="defect",
    cause="exp(x / step) overflows before Lambert's W takes its logarithm: infinite where x / step > 709",
    source=_PROXES,
    case={"x": _one(5, 89.0), "step": 0.125, "share": 0.5},
)


def _of_odl(summary: str, make: Callable[[], Any], **more: Any) -> PeerComponent:
    return PeerComponent(
        summary=summary, modules=("odl",), install="pip install odl", build=make, versions="odl 1.0.0", **more
    )


def _kullback_leibler() -> Any:
    from ...recon.odl_operators import odl

    space = odl.rn(5)
    # Its gradient has poles: no functional that is smooth everywhere.
    return odl_functional(odl.functionals.KullbackLeibler(space, prior=space.element(_PRIOR)), smooth=False)


def _cross_entropy() -> Any:
    from ...recon.odl_operators import odl

    space = odl.rn(5)
    prior = space.element([1.0, 2.0, 0.5, 3.0, 1.0])
    return odl_functional(odl.functionals.KullbackLeiblerCrossEntropy(space, prior=prior), smooth=False)


ODL_FUNCTIONALS: dict[str, PeerComponent] = {
    "odl_l1": _of_odl(
        "L1Norm on cells of area ⅓", _odl(lambda odl: odl.functionals.L1Norm(_plane(odl)), closed_form="l1")
    ),
    "odl_l2": _of_odl(
        "L2Norm on cells of area ⅓",
        _odl(lambda odl: odl.functionals.L2Norm(_plane(odl)), closed_form="l2_norm"),
    ),
    "odl_group_l1": _of_odl(
        "GroupL1Norm of fields of two components",
        _odl(lambda odl: odl.functionals.GroupL1Norm(_plane(odl) ** 2), closed_form="l21"),
    ),
    "odl_box": _of_odl(
        "IndicatorBox",
        _odl(
            lambda odl: odl.functionals.IndicatorBox(_plane(odl), -1, 2),
            closed_form="box",
            parameters={"lower": -1.0, "upper": 2.0},
            **_INDICATOR,
        ),
    ),
    "odl_huber": _of_odl("Huber", _odl(lambda odl: odl.functionals.Huber(_plane(odl), 0.5))),
    "odl_huber_of_vectors": _of_odl(
        "Huber of fields of two components",
        _odl(lambda odl: odl.functionals.Huber(_plane(odl) ** 2, 0.5)),
        breaks=_HUBER_VECTORS,
    ),
    "odl_linf": _of_odl(
        "LpNorm of exponent infinity",
        _odl(lambda odl: odl.functionals.LpNorm(odl.rn(5), np.inf)),
        breaks=_ON_SIMPLEX,
    ),
    "odl_l1_ball": _of_odl(
        "IndicatorLpUnitBall of exponent 1",
        _odl(lambda odl: odl.functionals.IndicatorLpUnitBall(odl.rn(5), 1), **_INDICATOR),
        breaks=_ON_SIMPLEX,
    ),
    "odl_simplex": _of_odl(
        "IndicatorSimplex",
        _odl(lambda odl: odl.functionals.IndicatorSimplex(odl.rn(5)), **_INDICATOR),
        breaks=_ON_SIMPLEX,
    ),
    "odl_sum": _of_odl(
        "IndicatorSumConstraint",
        _odl(lambda odl: odl.functionals.IndicatorSumConstraint(odl.rn(5)), **_INDICATOR),
        breaks=_ON_SUM,
    ),
    "odl_kullback_leibler": _of_odl(
        "KullbackLeibler with a zero in the prior",
        _kullback_leibler,
        breaks={"prox_minimises": _BELOW_ZERO},
    ),
    "odl_cross_entropy": _of_odl(
        "KullbackLeiblerCrossEntropy",
        _cross_entropy,
        breaks={"steps_agree": _LAMBERT, **dict.fromkeys(_OVERFLOWING, same_break(_LAMBERT))},
    ),
}
