"""The studies that come with glasstomo, and the results that are kept of them."""

from pathlib import Path
from typing import TYPE_CHECKING

from ...phantoms.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from .study import Study

FOLDER = Path(__file__).resolve().parents[1] / "studies"
RESULTS_FILE = "results.parquet"

SHIPPED: Table[str] = Table(
    "study",
    {
        "smoke": "whether everything works, in under a minute",
        "dose_tilt": "how many electrons each verdict needs, and over how many tilts",
        "tilt_range": "what a missing wedge costs each verdict",
        "shadowing": "what shadowing does behind each holder, and which remedy is enough",
        "interface": "how narrow an interface can be told from a sharp one",
        "calibration": "what the standards must be measured with for cross-sections to be right",
        "sampling": "how the tilts that are needed grow with the complexity of the particle",
    },
)
"""What each study asks, by name, in the order in which they are best read."""


def shipped_path(name: str) -> Path:
    """Return the TOML file of a shipped study.

    Parameters
    ----------
    name : str
        In `SHIPPED`.

    Raises
    ------
    ValueError
        For an unknown name; the message lists the known ones.

    Examples
    --------
    >>> shipped_path("smoke").parts[-3:]
    ('studies', 'smoke', 'study.toml')
    """
    _ = SHIPPED[name]
    return FOLDER / name / "study.toml"


def shipped_study(name: str) -> "Study":
    """Return a shipped study.

    Parameters
    ----------
    name : str
        In `SHIPPED`.

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> len(shipped_study("smoke").cells())
    16
    """
    from .study import read_study

    return read_study(shipped_path(name))


def shipped_results(name: str) -> "pd.DataFrame":
    """Return the kept results of a shipped study, one row per cell in the order of its cells.

    They were computed once, by the version that their column ``versions`` names; other versions of the
    solvers give other digits.

    Parameters
    ----------
    name : str
        In `SHIPPED`.

    Raises
    ------
    ValueError
        For an unknown name.
    FileNotFoundError
        When no results are kept of this study; the message says how to compute them.
    """
    import pandas as pd

    path = shipped_path(name).with_name(RESULTS_FILE)
    if not path.exists():
        raise FileNotFoundError(
            f"no results are kept of the study {name!r}; run them: glasstomo study run {name} --out {name}"
        )
    return pd.read_parquet(path)
