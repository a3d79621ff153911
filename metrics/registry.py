"""The table of metrics."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..phantoms.table import Table


@dataclass(frozen=True)
class Metric:
    """One entry of the table: a function, loaded when it is first called, and what it tells.

    Attributes
    ----------
    name, module : str
        Name of the function and of the module of this package that holds it.
    summary : str
        One line.
    """

    name: str
    module: str
    summary: str

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself."""
        return getattr(importlib.import_module(f".{self.module}", __package__), self.name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)


_ROWS = (
    Metric("esf_threshold", "threshold", "threshold at the steepest point of the particle's edge, from V(t)"),
    Metric("thickness_map", "thickness", "thickness along the beam above a threshold, nm"),
    Metric(
        "interface_width",
        "diffuse_interface",
        "10-90 % width of the zinc fraction across an interface, freed of the volume's blur, nm",
    ),
    Metric("resolution_voxels", "resolution", "blur (FWHM) at the particle's surface, voxels"),
    Metric("fit_cross_section", "cross_section", "partial cross-section from counts against thickness, barn"),
    Metric(
        "phase_diagram",
        "diagram",
        "element fraction against total density of interior voxels, with its phases",
    ),
    Metric("find_phases", "phases", "peaks of a phase diagram, found without being told how many"),
    Metric(
        "phase_diagram_distance",
        "distance",
        "sliced Wasserstein distance of two diagrams, published precisions",
    ),
    Metric(
        "exact_diagram_distance",
        "exact_distance",
        "exact 2-D Wasserstein distance of two diagrams",
    ),
    Metric(
        "jensen_shannon_divergence",
        "jensen_shannon",
        "what one voxel tells two diagrams apart, bits",
    ),
    Metric("phase_share_errors", "share_errors", "phases of two diagrams matched: shares, missed"),
    Metric("connected_domains", "domains", "pieces of each phase: number, volume, place, composition"),
    Metric("linearity_test", "linearity", "whether counts stay proportional to thickness, with its power"),
    Metric("fourier_shell", "shell_correlation", "Fourier-shell correlation and its resolution"),
    Metric("directional_resolution", "resolution_by_direction", "resolution along each direction"),
    Metric("elongation", "stretch", "elongation along the beam, of edges and of the particle"),
    Metric("statistical_efficiency", "efficiency", "Cramér-Rao bound over observed variance of region means"),
    Metric("mixing_state", "mixing", "segregated, interdiffused, pure or undecided, with confidence"),
    Metric(
        "miscibility_limit", "miscibility", "lowest zinc fraction of the zinc-rich phase at its interface"
    ),
    Metric("precision", "single_phase", "±2σ and bias inside single phases of the truth"),
    Metric("nrmse", "volumes", "root-mean-square error over that of the truth"),
    Metric("dice", "volumes", "overlap of two masks"),
    Metric("ssim", "volumes", "structural similarity of two volumes"),
)
METRICS = Table("metric", {row.name: row for row in _ROWS})
