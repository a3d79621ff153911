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
    "fit_cross_sections": "cross_section",
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
    "FourierShell": "shell_correlation",
    "fourier_shell": "shell_correlation",
    "FourierResolution": "fourier_resolution",
    "ResolutionStatus": "fourier_resolution",
    "DirectionalResolution": "resolution_by_direction",
    "directional_resolution": "resolution_by_direction",
    "Elongation": "stretch",
    "elongation": "stretch",
    "radermacher_elongation": "stretch",
    "ReplicateMaps": "replicate_maps",
    "ErrorBudget": "replicate_maps",
    "Efficiency": "efficiency",
    "statistical_efficiency": "efficiency",
    "soft_mask": "soft_edge",
    "THRESHOLDS": "thresholds",
    "otsu_threshold": "thresholds",
    "fixed_fraction_threshold": "thresholds",
    "volume_matching_threshold": "thresholds",
    "regained_threshold": "blur_loss",
    "interior_depth_voxels": "interior",
    "VoxelErrors": "voxel_covariance",
    "voxel_errors": "voxel_covariance",
    "CORRECTIONS": "corrections",
    "particle_model": "phase_model",
    "particle_shares": "phase_model",
    "Domain": "domains",
    "Domains": "domains",
    "connected_domains": "domains",
    "TransportDistance": "exact_distance",
    "exact_diagram_distance": "exact_distance",
    "jensen_shannon_divergence": "jensen_shannon",
    "ShareErrors": "share_errors",
    "phase_share_errors": "share_errors",
    "true_phases": "share_errors",
    "LinearityTest": "linearity",
    "linearity_test": "linearity",
    "ScaleFactor": "cross_section_transfer",
    "count_ratio": "cross_section_transfer",
    "solid_angle_ratio": "cross_section_transfer",
    "transfer_cross_sections": "cross_section_transfer",
    "TransferredCrossSection": "cross_section_transfer",
    "Reliability": "reliability_curve",
    "reliability": "reliability_curve",
    "InterfaceGeometry": "interface_shape",
    "interface_geometry": "interface_shape",
}
if TYPE_CHECKING:
    from .blur_loss import regained_threshold
    from .corrections import CORRECTIONS
    from .cross_section import CrossSectionFit, fit_cross_section, fit_cross_sections
    from .cross_section_transfer import (
        ScaleFactor,
        TransferredCrossSection,
        count_ratio,
        solid_angle_ratio,
        transfer_cross_sections,
    )
    from .diagram import PhaseDiagram, diagram_voxels, particle_mask, phase_diagram
    from .diffuse_interface import InterfaceWidth, interface_width
    from .distance import phase_diagram_distance
    from .domains import Domain, Domains, connected_domains
    from .efficiency import Efficiency, statistical_efficiency
    from .exact_distance import TransportDistance, exact_diagram_distance
    from .fourier_resolution import FourierResolution, ResolutionStatus
    from .interface_shape import InterfaceGeometry, interface_geometry
    from .interior import interior_depth_voxels
    from .jensen_shannon import jensen_shannon_divergence
    from .linearity import LinearityTest, linearity_test
    from .miscibility import MiscibilityLimit, miscibility_limit
    from .mixing import MixingState, mixing_state
    from .phase_model import particle_model, particle_shares
    from .phases import Phase, find_phases
    from .registry import METRICS, Metric
    from .reliability_curve import Reliability, reliability
    from .replicate_maps import ErrorBudget, ReplicateMaps
    from .resolution import resolution_voxels
    from .resolution_by_direction import DirectionalResolution, directional_resolution
    from .share_errors import ShareErrors, phase_share_errors, true_phases
    from .shell_correlation import FourierShell, fourier_shell
    from .single_phase import Precision, precision
    from .soft_edge import soft_mask
    from .stretch import Elongation, elongation, radermacher_elongation
    from .thickness import thickness_map
    from .threshold import EsfStatus, EsfThreshold, esf_threshold
    from .thresholds import THRESHOLDS, fixed_fraction_threshold, otsu_threshold, volume_matching_threshold
    from .volumes import dice, nrmse, ssim
    from .voxel_covariance import VoxelErrors, voxel_errors

__all__ = [
    "CORRECTIONS",
    "METRICS",
    "THRESHOLDS",
    "CrossSectionFit",
    "DirectionalResolution",
    "Domain",
    "Domains",
    "Efficiency",
    "Elongation",
    "ErrorBudget",
    "EsfStatus",
    "EsfThreshold",
    "FourierResolution",
    "FourierShell",
    "InterfaceGeometry",
    "InterfaceWidth",
    "LinearityTest",
    "Metric",
    "MiscibilityLimit",
    "MixingState",
    "Phase",
    "PhaseDiagram",
    "Precision",
    "Reliability",
    "ReplicateMaps",
    "ResolutionStatus",
    "ScaleFactor",
    "ShareErrors",
    "TransferredCrossSection",
    "TransportDistance",
    "VoxelErrors",
    "connected_domains",
    "count_ratio",
    "diagram_voxels",
    "dice",
    "directional_resolution",
    "elongation",
    "esf_threshold",
    "exact_diagram_distance",
    "find_phases",
    "fit_cross_section",
    "fit_cross_sections",
    "fixed_fraction_threshold",
    "fourier_shell",
    "interface_geometry",
    "interface_width",
    "interior_depth_voxels",
    "jensen_shannon_divergence",
    "linearity_test",
    "miscibility_limit",
    "mixing_state",
    "nrmse",
    "otsu_threshold",
    "particle_mask",
    "particle_model",
    "particle_shares",
    "phase_diagram",
    "phase_diagram_distance",
    "phase_share_errors",
    "precision",
    "radermacher_elongation",
    "regained_threshold",
    "reliability",
    "resolution_voxels",
    "soft_mask",
    "solid_angle_ratio",
    "ssim",
    "statistical_efficiency",
    "thickness_map",
    "transfer_cross_sections",
    "true_phases",
    "volume_matching_threshold",
    "voxel_errors",
]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f".{_NAMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
