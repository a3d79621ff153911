"""The league: solvers ranked on frozen problems whose truth they do not see.

Names load when they are first used, so importing this package stays light.
"""

import importlib
from typing import Any

_NAMES = {
    "ENTRIES": "entries",
    "LeagueAnswer": "league_answer",
    "LeagueData": "league_data",
    "LeagueEntry": "league_entry",
    "LeagueProblem": "league_problem",
    "LeagueResults": "league_results",
    "kept_results": "league_docs",
    "league_problems": "problem_files",
    "outside_entry": "entries",
    "play_league": "league_results",
    "read_problem": "problem_files",
    "run_league": "league_run",
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
