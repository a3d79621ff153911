"""The results that are kept of the studies that come with glasstomo.

``python -m glasstomo.benchmarks.study.kept_results NAME FOLDER`` keeps those of a finished run.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .shipped import FOLDER, named_study, shipped_studies

if TYPE_CHECKING:
    import pandas as pd

RESULTS_FILE = "results.parquet"


def kept_results(name: str) -> "pd.DataFrame":
    """Return the kept results of a shipped study, one row per cell in the order of its cells.

    They were computed once, by the versions that their column ``versions`` names; others give other digits.

    Parameters
    ----------
    name : str
        Of a shipped study.

    Raises
    ------
    ValueError
        When no study of this name comes with glasstomo.
    FileNotFoundError
        When no results are kept of it; the message says how to compute them.
    """
    import pandas as pd

    known = [study["name"] for study in shipped_studies()]
    if name not in known:
        raise ValueError(f"no study {name!r} comes with glasstomo; known: {', '.join(known)}")
    path = FOLDER / name / RESULTS_FILE
    if not path.exists():
        raise FileNotFoundError(
            f"no results are kept of the study {name!r}; run it: glasstomo study run {name} --out {name}"
        )
    return pd.read_parquet(path)


def keep_results(name: str, folder: Path | str) -> Path:
    """Keep the results of a finished run of a shipped study.

    Parameters
    ----------
    name : str
        Of the study.
    folder : path-like
        The ``--out`` of its run.

    Returns
    -------
    pathlib.Path
        The file, without the columns that say where and when a cell ran.

    Raises
    ------
    ValueError
        When the folder holds another study, or cells without a row.
    """
    from ..outputs import whole_file
    from .store import ResultStore

    study, store = named_study(name), ResultStore(folder)
    if store.description()["key"] != study.key:
        raise ValueError(f"{folder} holds another study than {name} is now; run it again")
    table = store.table().assign(worker=None, finished_at=None)
    missing = len(study.cells()) - len(table)
    if missing:
        raise ValueError(f"{folder}: {missing} cells have no result; glasstomo study resume {folder}")
    path = FOLDER / name / RESULTS_FILE
    with whole_file(path) as part:
        table.to_parquet(part, index=False, compression="zstd")
    return path


if __name__ == "__main__":
    print(keep_results(sys.argv[1], sys.argv[2]))
