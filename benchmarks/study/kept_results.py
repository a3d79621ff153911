"""The results that are kept of the studies that come with glasstomo."""

from typing import TYPE_CHECKING

from .shipped import FOLDER, shipped_studies

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
