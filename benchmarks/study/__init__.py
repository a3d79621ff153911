"""Studies: sweeps of designs, run on workers, kept in tables, reported.

Names load when they are first used, so importing this package stays light.
"""

import importlib
from typing import Any

_NAMES = {
    "Cell": "study",
    "Factor": "study",
    "MethodChoice": "study",
    "ResultStore": "store",
    "Study": "study",
    "kept_results": "kept_results",
    "least_level": "answers",
    "mean_table": "answers",
    "named_study": "shipped",
    "open_workers": "workers",
    "parse_dimension": "search_space",
    "plan_of": "plan",
    "read_study": "study_file",
    "read_table": "store",
    "write_study_report": "study_report",
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
