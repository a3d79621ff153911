"""The judgement: thresholds, cross-section fits, phase diagrams and image quality.

Every metric works on plain arrays, one per file; what needs the truth says so by asking for a
phantom or a `truth`. `METRICS` lists them.
"""

import importlib
from typing import TYPE_CHECKING, Any

_NAMES = {
    "METRICS": "registry",
    "Metric": "registry",
    "esf_threshold": "threshold",
    "EsfThreshold": "threshold",
    "EsfStatus": "threshold",
    "thickness_map": "thickness",
    "fit_cross_section": "cross_section",
    "CrossSectionFit": "cross_section",
    "phase_diagram": "diagram",
    "PhaseDiagram": "diagram",
    "particle_mask": "diagram",
    "diagram_voxels": "diagram",
    "Phase": "phases",
    "find_phases": "phases",
    "phase_diagram_distance": "distance",
    "resolution_voxels": "resolution",
    "mixing_state": "mixing",
    "MixingState": "mixing",
    "interface_width": "diffuse_interface",
    "InterfaceWidth": "diffuse_interface",
    "miscibility_limit": "miscibility",
    "MiscibilityLimit": "miscibility",
    "precision": "single_phase",
    "Precision": "single_phase",
    "nrmse": "volumes",
    "dice": "volumes",
    "ssim": "volumes",
}
if TYPE_CHECKING:
    from .cross_section import CrossSectionFit, fit_cross_section
    from .diagram import PhaseDiagram, diagram_voxels, particle_mask, phase_diagram
    from .diffuse_interface import InterfaceWidth, interface_width
    from .distance import phase_diagram_distance
    from .miscibility import MiscibilityLimit, miscibility_limit
    from .mixing import MixingState, mixing_state
    from .phases import Phase, find_phases
    from .registry import METRICS, Metric
    from .resolution import resolution_voxels
    from .single_phase import Precision, precision
    from .thickness import thickness_map
    from .threshold import EsfStatus, EsfThreshold, esf_threshold
    from .volumes import dice, nrmse, ssim

__all__ = [
    "METRICS",
    "CrossSectionFit",
    "EsfStatus",
    "EsfThreshold",
    "InterfaceWidth",
    "Metric",
    "MiscibilityLimit",
    "MixingState",
    "Phase",
    "PhaseDiagram",
    "Precision",
    "diagram_voxels",
    "dice",
    "esf_threshold",
    "find_phases",
    "fit_cross_section",
    "interface_width",
    "miscibility_limit",
    "mixing_state",
    "nrmse",
    "particle_mask",
    "phase_diagram",
    "phase_diagram_distance",
    "precision",
    "resolution_voxels",
    "ssim",
    "thickness_map",
]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f".{_NAMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
