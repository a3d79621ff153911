"""The results of the league that come with glasstomo.

``python -m glasstomo.benchmarks.league.kept_league FOLDER`` keeps those of a finished run.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

KEPT_FILE = Path(__file__).resolve().parent / "kept_results.parquet"


def kept_rows() -> "pd.DataFrame":
    """Return the kept rows, one per solve.

    They were computed once, by the versions that their column ``versions`` names.

    Raises
    ------
    FileNotFoundError
        When none are kept; the message says how to compute them.
    """
    import pandas as pd

    if not KEPT_FILE.exists():
        raise FileNotFoundError(
            "no results of the league are kept; run it: glasstomo bench league --out league, then "
            "python -m glasstomo.benchmarks.league.kept_league league"
        )
    return pd.read_parquet(KEPT_FILE)


def keep_rows(folder: Path | str, path: Path = KEPT_FILE) -> Path:
    """Keep the rows of a finished run of the whole league.

    Parameters
    ----------
    folder : path-like
        The ``--out`` of the run.
    path : path-like
        File to write.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ValueError
        When the folder lacks a row of a problem and an entry that come with glasstomo.
    """
    from ..outputs import whole_file
    from .entries import ENTRIES
    from .league_rows import LeagueRows
    from .league_run import all_solves, chosen_rows
    from .problem_files import league_problems

    calls = all_solves(tuple(league_problems().values()), tuple(ENTRIES.values()))
    table = chosen_rows(LeagueRows(folder).table(), calls)
    if len(table) < len(calls):
        raise ValueError(
            f"{folder} lacks {len(calls) - len(table)} of {len(calls)} solves; "
            f"glasstomo bench league --out {folder} runs them"
        )
    with whole_file(path) as part:
        table.assign(finished_at=None).to_parquet(part, index=False, compression="zstd")
    return path


if __name__ == "__main__":
    print(keep_rows(sys.argv[1]))
