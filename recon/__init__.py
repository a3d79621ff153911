"""The inversion: problems, variational solvers with certificates, the choice of λ, and baselines.

Names load when they are first used, so importing this package stays light.
"""

import importlib
from typing import Any

_NAMES = {
    "METHODS": "methods",
    "CountsProfile": "profile_fit",
    "Problem": "problem",
    "Reconstruction": "reconstruction",
    "RegionDensities": "region_fit",
    "Status": "reconstruction",
    "cross_validation": "lambda_choice.held_out",
    "drawn": "twin",
    "expected_series": "twin",
    "fit_profile": "profile_fit",
    "fit_regions": "region_fit",
    "lambda_max": "lambda_choice.lambda_bracket",
    "odl_problem": "odl_pieces",
    "oracle": "lambda_choice.oracle",
    "reconstruct": "reconstruct_series",
    "regularisation_path": "lambda_choice.path",
    "solve_odl": "odl_engine",
    "solve_pdhg": "pdhg",
    "twins": "twin",
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
