"""The conformance kit: laws of operators, projectors, functionals and solvers, put to any component.

Names load when they are first used, so importing this package stays light. `strategies` is a package of its
own: ``from glasstomo.benchmarks.conformance.strategies import problems``.
"""

import importlib
from typing import Any

_NAMES = {
    "Answer": "solver",
    "BeamGeometry": "beam_geometry",
    "CLOSED_FORMS": "closed_forms",
    "ConformanceReport": "conformance_report",
    "Counterexample": "counterexample",
    "DrawnArray": "drawn_array",
    "DrawnProblem": "drawn_problem",
    "Finding": "finding",
    "Functional": "functional",
    "LAWS": "laws.tables",
    "Law": "law",
    "LawBrokenError": "counterexample_search",
    "LawResult": "counterexample_search",
    "LawsBrokenError": "law_checks",
    "LinearMap": "linear_map",
    "ProjectorFamily": "projector_family",
    "Solver": "solver",
    "adapt": "adapters.adaption",
    "check_laws": "law_checks",
    "check_mutants": "mutation_check",
    "conform": "conformity",
    "counterexamples": "counterexample",
    "examine": "counterexample_search",
    "law_names": "law_checks",
    "read_counterexample": "counterexample",
    "replay": "counterexample",
    "save_counterexample": "counterexample",
    "write_junit": "junit",
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
