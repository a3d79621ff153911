"""Functionals of PyProximal, and the laws that they are known to break."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .adapters.adaption import adapt
from .drawn_array import DrawnArray
from .peer_component import KnownBreak, PeerComponent, same_break

_INDICATOR: dict[str, Any] = {"claims": frozenset({"indicator"})}
_PYPROXIMAL_TREE = "https://github.com/PyLops/pyproximal/blob/main/pyproximal/proximal/"


def _one(n: int, value: float = 1.0, index: int = 0) -> DrawnArray:
    return DrawnArray((n,), ((index, value),))


_HUBER = {
    law: KnownBreak(
        kind="defect",
        cause="it takes the step of x²/2α for |x| ≤ α and that of |x| beyond; the border is at α + step",
        source="https://github.com/PyLops/pyproximal/issues/189",
        reported=True,
        case=case,
    )
    for law, case in {
        "prox_minimises": {"x": _one(6, 1.5), "z": _one(6, 0.75), "step": 1.0},
        "short_steps_stay": None,
        "steps_agree": {"x": _one(6, 1.5), "step": 1.0, "share": 0.5},
        "conjugate_steps_agree": None,
        "longer_steps_go_further": None,
        "firm_nonexpansiveness": None,
        "conjugate_firm_nonexpansiveness": None,
    }.items()
}
_EARLY = KnownBreak(
    kind="defect",
    cause="it stops where the objective changes little from one iteration to the next, which it may do far "
    "from the minimum: [4, 0, 0, 0] with step 1 gives [3, 1, 0, 0] for any `niter` and any `rtol` > 0, "
    "where [3, ⅓, ⅓, ⅓] is right",
    source=f"{_PYPROXIMAL_TREE}TV.py",
    case={
        "x": _one(4, 4.0),
        "z": DrawnArray((4,), ((0, 3.0), (1, 0.333), (2, 0.333), (3, 0.333))),
        "step": 1.0,
    },
)
_OF_AN_EARLY_STEP = (
    *(
        "short_steps_stay",
        "firm_nonexpansiveness",
        "steps_agree",
        "longer_steps_go_further",
        "moreau_identity",
    ),
    *("conjugate_firm_nonexpansiveness", "conjugate_steps_agree", "conjugate_prox_minimises"),
    *("prox_is_odd", "prox_scales", "fenchel_young_equality", "conjugate_fenchel_young_equality"),
)
_ENVELOPE = KnownBreak(
    kind="defect",
    cause="`hasgrad` says that it is differentiable, but `grad` is that of the Moreau envelope",
    source=f"{_PYPROXIMAL_TREE}TV.py",
    case={"x": _one(4), "direction": _one(4)},
)
_AT_ZERO = KnownBreak(
    kind="defect",
    cause="`hasgrad` says that it is differentiable everywhere, but at zero `grad` is 0 / 0",
    source=f"{_PYPROXIMAL_TREE}Euclidean.py",
    case={"x": _one(6), "step": 4.0},
)
_NOT_CONJUGATE = {
    law: KnownBreak(
        kind="defect",
        cause="`.H` swaps the proximal steps, but its value is still that of the norm, not of its conjugate",
        source="https://github.com/PyLops/pyproximal/blob/main/pyproximal/ProxOperator.py",
        case=case,
    )
    for law, case in {
        "prox_minimises": {"x": _one(6), "z": _one(6, 0.5), "step": 1.0},
        "short_steps_stay": {"x": _one(6, 2.0), "step": 1.0},
    }.items()
}
_MEMBERSHIP = KnownBreak(
    kind="defect",
    cause="it bisects to `xtol` = 1e-8 per entry, but accepts sums to 1e-8: projections lie outside the set",
    source=f"{_PYPROXIMAL_TREE}Simplex.py",
    case={"x": DrawnArray((6,), seed=74956), "step": 1.0},
)


def _of_pyproximal(
    summary: str, make: Callable[[Any], Any], breaks: dict[str, KnownBreak] | None = None, **options: Any
) -> PeerComponent:
    def made() -> Any:
        import pyproximal  # pyright: ignore[reportMissingImports]

        return adapt(make(pyproximal), **options)

    return PeerComponent(
        summary=summary,
        modules=("pylops", "pyproximal"),
        install="pip install pyproximal",
        build=made,
        breaks=breaks or {},
        versions="pyproximal 0.13.0",
    )


PYPROXIMAL_FUNCTIONALS: dict[str, PeerComponent] = {
    "pyproximal_l1": _of_pyproximal(
        "L1 of weight 2", lambda p: p.L1(2.0), closed_form="l1", parameters={"lam": 2.0}
    ),
    "pyproximal_l2": _of_pyproximal(
        "L2 about [0, 1, 2, 3, 4, 5], of weight 2",
        lambda p: p.L2(b=np.arange(6.0), sigma=2.0),
        closed_form="squared_l2",
        parameters={"lam": 2.0, "center": np.arange(6.0)},
        scale=5.0,
    ),
    "pyproximal_l21": _of_pyproximal(
        "L21 of two components",
        lambda p: p.L21(ndim=2, sigma=1.5),
        shape=(2, 3),
        closed_form="l21",
        parameters={"lam": 1.5},
    ),
    "pyproximal_box": _of_pyproximal(
        "Box",
        lambda p: p.Box(-1, 2),
        closed_form="box",
        parameters={"lower": -1.0, "upper": 2.0},
        **_INDICATOR,
    ),
    "pyproximal_huber_circular": _of_pyproximal("HuberCircular", lambda p: p.HuberCircular(1.0)),
    "pyproximal_huber": _of_pyproximal("Huber", lambda p: p.Huber(1.0), breaks=_HUBER),
    "pyproximal_tv": _of_pyproximal(
        "TV in one dimension, 500 iterations, `rtol` of 1e-12",
        lambda p: p.TV((4,), niter=500, rtol=1e-12),
        shape=(4,),
        prox_accuracy=1e-3,
        breaks={
            "prox_minimises": _EARLY,
            **dict.fromkeys(_OF_AN_EARLY_STEP, same_break(_EARLY)),
            "gradient_supports": _ENVELOPE,
            "gradient_at_prox": same_break(_ENVELOPE),
        },
    ),
    "pyproximal_euclidean": _of_pyproximal(
        "Euclidean",
        lambda p: p.Euclidean(1.5),
        closed_form="l2_norm",
        parameters={"lam": 1.5},
        breaks={
            "gradient_at_prox": _AT_ZERO,
            "gradient_supports": same_break(_AT_ZERO),
        },
    ),
    "pyproximal_l1_conjugate": _of_pyproximal("L1().H", lambda p: p.L1().H, breaks=_NOT_CONJUGATE),
    "pyproximal_simplex": _of_pyproximal(
        "Simplex",
        lambda p: p.Simplex(6, 1.0),
        # Bisection to 1e-8 in every entry.
        prox_accuracy=1e-6,
        breaks={
            "projection_lies_inside": _MEMBERSHIP,
            **dict.fromkeys(("prox_minimises", "short_steps_stay"), same_break(_MEMBERSHIP)),
        },
        **_INDICATOR,
    ),
}
