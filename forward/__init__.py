"""The physics: tilt schemes, microscopes, detectors, shadowing, projector, noise, tilt series.

Names load when they are first used, so importing this package stays light.
"""

import importlib
from typing import TYPE_CHECKING, Any

_NAMES = {
    "ADFDetector": "adf_detector",
    "EDSDetector": "eds_detector",
    "HOLDERS": "holder",
    "Holder": "holder",
    "LINES": "xray_lines",
    "MICROSCOPES": "microscope",
    "Microscope": "microscope",
    "Projector": "projector",
    "SavedVolume": "volume_files",
    "Segment": "eds_detector",
    "TiltScheme": "tilt_scheme",
    "TiltSeries": "tilt_series",
    "XrayLine": "xray_lines",
    "draw_counts": "noise",
    "electrons_per_pixel": "expectation",
    "expected_counts": "expectation",
    "linearise_adf": "linearise",
    "load_volume": "volume_files",
    "read_tilt_series": "read_series",
    "rutherford_cross_section_barn": "rutherford",
    "save_volume": "volume_files",
    "simulate": "simulation",
    "subtract_background": "background",
}

if TYPE_CHECKING:
    from .adf_detector import ADFDetector
    from .background import subtract_background
    from .eds_detector import EDSDetector, Segment
    from .expectation import electrons_per_pixel, expected_counts
    from .holder import HOLDERS, Holder
    from .linearise import linearise_adf
    from .microscope import MICROSCOPES, Microscope
    from .noise import draw_counts
    from .projector import Projector
    from .read_series import read_tilt_series
    from .rutherford import rutherford_cross_section_barn
    from .simulation import simulate
    from .tilt_scheme import TiltScheme
    from .tilt_series import TiltSeries
    from .volume_files import SavedVolume, load_volume, save_volume
    from .xray_lines import LINES, XrayLine

__all__ = [
    "HOLDERS",
    "LINES",
    "MICROSCOPES",
    "ADFDetector",
    "EDSDetector",
    "Holder",
    "Microscope",
    "Projector",
    "SavedVolume",
    "Segment",
    "TiltScheme",
    "TiltSeries",
    "XrayLine",
    "draw_counts",
    "electrons_per_pixel",
    "expected_counts",
    "linearise_adf",
    "load_volume",
    "read_tilt_series",
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
