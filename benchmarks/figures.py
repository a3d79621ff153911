"""Every figure of the report, in one place: arrays in, a matplotlib figure out."""

from .figures_calibration import CrossSection, LineCalibration, figure_counts, figure_cross_sections
from .figures_esf import figure_esf
from .figures_maps import figure_maps
from .figures_phase import PhaseMark, figure_phase_diagram
from .figures_render import figure_rendering
from .figures_standard import figure_standard
from .figures_style import png_bytes

__all__ = [
    "CrossSection",
    "LineCalibration",
    "PhaseMark",
    "figure_counts",
    "figure_cross_sections",
    "figure_esf",
    "figure_maps",
    "figure_phase_diagram",
    "figure_rendering",
    "figure_standard",
    "png_bytes",
]
