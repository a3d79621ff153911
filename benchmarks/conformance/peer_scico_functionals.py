"""Functionals of SCICO, and the laws that they are known to break."""

from collections.abc import Callable
from typing import Any

from .adapters.adaption import adapt
from .drawn_array import DrawnArray
from .peer_component import KnownBreak, PeerComponent

_INDICATOR: dict[str, Any] = {"claims": frozenset({"indicator"})}


def _one(n: int, value: float = 1.0, index: int = 0) -> DrawnArray:
    return DrawnArray((n,), ((index, value),))


_SPHERE_CASES: dict[str, dict[str, Any] | None] = {
    "prox_minimises": {"x": _one(6, 0.5), "z": _one(6, 0.5), "step": 1.0},
    "short_steps_stay": {"x": _one(6, 0.5), "step": 1.0},
    "firm_nonexpansiveness": {"x": _one(6, 0.5), "y": _one(6, 0.25, 1), "step": 1.0},
    "longer_steps_go_further": None,
    "conjugate_firm_nonexpansiveness": None,
    "conjugate_steps_agree": None,
    "conjugate_prox_minimises": None,
    "steps_agree": None,
    "moreau_identity": None,
    "prox_is_odd": None,
    "projection_lies_inside": None,
    "projection_is_idempotent": None,
    "projection_ignores_the_step": None,
    "determinism": None,
}
_SPHERE = {
    law: KnownBreak(
        kind="defect",
        cause="it scales every array to the radius, those inside the ball too, and zero to NaN: it projects "
        "onto the sphere",
        source="https://github.com/lanl/scico/blob/main/scico/functional/_indicator.py",
        case=case,
    )
    for law, case in _SPHERE_CASES.items()
}
_SHRINKAGE = {
    law: KnownBreak(
        kind="approximation",
        cause="`prox` is one pass of shrinkage in shifted Haar bases; its documentation calls it approximate",
        source="https://scico.readthedocs.io/en/latest/_autosummary/scico.functional.html",
        reported=True,
        case=case,
    )
    for law, case in {
        "prox_minimises": {
            "x": DrawnArray((4, 4), ((0, 1.0),)),
            "z": DrawnArray((4, 4), ((0, 0.25),)),
            "step": 1.0,
        },
        "short_steps_stay": None,
        "steps_agree": {"x": DrawnArray((4, 4), ((0, 1.0),)), "step": 1.0, "share": 0.5},
        "conjugate_steps_agree": None,
        "firm_nonexpansiveness": None,
        "conjugate_firm_nonexpansiveness": None,
        "longer_steps_go_further": None,
        "moreau_identity": None,
    }.items()
}


def _of_scico(
    summary: str, make: Callable[[Any], Any], breaks: dict[str, KnownBreak] | None = None, **options: Any
) -> PeerComponent:
    def made() -> Any:
        from scico import functional  # pyright: ignore[reportMissingImports]

        return adapt(make(functional), **options)

    return PeerComponent(
        summary=summary,
        modules=("scico",),
        install="pip install scico",
        build=made,
        breaks=breaks or {},
        versions="scico 0.0.7",
    )


SCICO_FUNCTIONALS: dict[str, PeerComponent] = {
    "scico_l1": _of_scico("L1Norm", lambda f: f.L1Norm(), closed_form="l1"),
    "scico_l21": _of_scico("L21Norm", lambda f: f.L21Norm(), shape=(2, 3), closed_form="l21"),
    "scico_huber": _of_scico("HuberNorm", lambda f: f.HuberNorm(delta=0.5)),
    "scico_nonnegative": _of_scico(
        "NonNegativeIndicator", lambda f: f.NonNegativeIndicator(), closed_form="nonnegative", **_INDICATOR
    ),
    "scico_l2_ball": _of_scico(
        "L2BallIndicator", lambda f: f.L2BallIndicator(1.0), breaks=_SPHERE, **_INDICATOR
    ),
    "scico_anisotropic_tv": _of_scico(
        "AnisotropicTVNorm", lambda f: f.AnisotropicTVNorm(), breaks=_SHRINKAGE, shape=(4, 4)
    ),
}
