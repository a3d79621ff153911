"""Designs: an acquisition described in a file, judged by simulated replicates before it is booked.

Names load when they are first used, so importing this package stays light.
"""

import importlib
from typing import Any

_NAMES = {
    "Decision": "decision",
    "Design": "design",
    "SCORES": "scores",
    "Specimen": "sections",
    "TRIAL_COLUMNS": "trial",
    "Verdict": "verdict",
    "Wanted": "sections",
    "check_design": "check",
    "draw_truth": "trial",
    "find_remedies": "remedies",
    "json_schema": "design_schema",
    "read_design": "design_file",
    "run_trial": "trial",
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
