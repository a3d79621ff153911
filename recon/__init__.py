"""The inversion: problems, TV and TV² solvers, the choice of λ, and baselines.

Names load when they are first used, so importing this package stays light.
"""

import importlib
from typing import Any

_NAMES = {
    "METHODS": "methods",
    "Problem": "problem",
    "Reconstruction": "reconstruction",
    "Status": "reconstruction",
    "lambda_max": "lambda_choice.lambda_bracket",
    "reconstruct": "reconstruct_series",
    "solve_odl": "odl_engine",
    "solve_pdhg": "pdhg",
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
