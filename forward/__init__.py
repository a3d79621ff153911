"""The physics: tilt schemes, microscopes, detectors, shadowing, projector, noise, tilt series.

Names load when they are first used, so importing this package stays light.
"""

import importlib
from typing import TYPE_CHECKING, Any

_NAMES = {
    "ADFDetector": "adf_detector",
    "Absorption": "absorption",
    "Acquisition": "acquisition",
    "AcquisitionErrors": "acquisition_errors",
    "BeamDamage": "beam_damage",
    "Contamination": "contamination",
    "EDSDetector": "eds_detector",
    "Emitter": "emission",
    "HOLDERS": "holder",
    "History": "history",
    "Holder": "holder",
    "LINES": "xray_lines",
    "MICROSCOPES": "microscope",
    "Microscope": "microscope",
    "Probe": "probe",
    "Projector": "projector",
    "SavedVolume": "volume_files",
    "Segment": "eds_detector",
    "SupportGrid": "support_grid",
    "TiltScheme": "tilt_scheme",
    "TiltSeries": "tilt_series",
    "XrayLine": "xray_lines",
    "draw_counts": "noise",
    "electrons_per_pixel": "acquisition",
    "emission_images": "emission",
    "expected_counts": "expectation",
    "history_of": "emission",
    "linearise_adf": "linearise",
    "load_volume": "volume_files",
    "read_tilt_series": "read_series",
    "rotate_in_plane": "dual_axis",
    "rutherford_cross_section_barn": "rutherford",
    "save_volume": "volume_files",
    "simulate": "simulation",
    "subtract_background": "background",
}

if TYPE_CHECKING:
    from .absorption import Absorption
    from .acquisition import Acquisition, electrons_per_pixel
    from .acquisition_errors import AcquisitionErrors
    from .adf_detector import ADFDetector
    from .background import subtract_background
    from .beam_damage import BeamDamage
    from .contamination import Contamination
    from .dual_axis import rotate_in_plane
    from .eds_detector import EDSDetector, Segment
    from .emission import Emitter, emission_images, history_of
    from .expectation import expected_counts
    from .history import History
    from .holder import HOLDERS, Holder
    from .linearise import linearise_adf
    from .microscope import MICROSCOPES, Microscope
    from .noise import draw_counts
    from .probe import Probe
    from .projector import Projector
    from .read_series import read_tilt_series
    from .rutherford import rutherford_cross_section_barn
    from .simulation import simulate
    from .support_grid import SupportGrid
    from .tilt_scheme import TiltScheme
    from .tilt_series import TiltSeries
    from .volume_files import SavedVolume, load_volume, save_volume
    from .xray_lines import LINES, XrayLine

__all__ = [
    "HOLDERS",
    "LINES",
    "MICROSCOPES",
    "ADFDetector",
    "Absorption",
    "Acquisition",
    "AcquisitionErrors",
    "BeamDamage",
    "Contamination",
    "EDSDetector",
    "Emitter",
    "History",
    "Holder",
    "Microscope",
    "Probe",
    "Projector",
    "SavedVolume",
    "Segment",
    "SupportGrid",
    "TiltScheme",
    "TiltSeries",
    "XrayLine",
    "draw_counts",
    "electrons_per_pixel",
    "emission_images",
    "expected_counts",
    "history_of",
    "linearise_adf",
    "load_volume",
    "read_tilt_series",
    "rotate_in_plane",
    "rutherford_cross_section_barn",
    "save_volume",
    "simulate",
    "subtract_background",
]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted(_NAMES)
