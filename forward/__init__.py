"""The physics: tilt schemes, microscopes, detectors, shadowing, projector, noise, tilt series.

Names load when they are first used, so importing this package stays light.
"""

import importlib
from typing import Any

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
    "load_volume": "volume_files",
    "read_tilt_series": "read_series",
    "rutherford_cross_section_barn": "rutherford",
    "save_volume": "volume_files",
    "simulate": "simulation",
    "subtract_background": "background",
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
