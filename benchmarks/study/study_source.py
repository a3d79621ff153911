"""Where a report finds its study: the folder of a run, a kept study, or a bare table."""

from collections.abc import Mapping
from pathlib import Path

from .shipped import FOLDER
from .study_table import StudyTable, read_rows, study_table, table_of_study

_TABLES = ("results.parquet", "results.csv")


def read_study_table(source: Path | str, *, wanted: Mapping[str, float] | None = None) -> StudyTable:
    """Read the results of a study, finished or not.

    Parameters
    ----------
    source : path-like
        The ``--out`` of a run, also while it runs; a folder with ``results.parquet`` (or .csv) and, as a
        rule, ``study.toml``; the name of a study that comes with glasstomo and whose table is kept; or a
        table of results, .parquet or .csv.
    wanted : mapping, optional
        Score to bound, instead of what the study's design wants.

    Raises
    ------
    ValueError
        If it is none of these, or no cell has finished.
    OSError
        If it cannot be read.
    """
    source = Path(source)
    kept = FOLDER / source.name
    if not source.exists() and str(source) == source.name and kept.is_dir():
        source = kept
    if not source.exists():
        raise FileNotFoundError(None, "no such file or folder", str(source))
    if source.is_file():
        return study_table(checked_rows(source), wanted=wanted, name=source.stem)
    from .store import STUDY_FILE

    if (source / STUDY_FILE).exists():
        return running_study(source, wanted)
    tables = [source / name for name in _TABLES if (source / name).exists()]
    if not tables:
        raise ValueError(f"{source} holds no study: neither {STUDY_FILE} nor {' nor '.join(_TABLES)}")
    if (source / "study.toml").exists():
        from .study_file import read_study

        return table_of_study(checked_rows(tables[0]), read_study(source / "study.toml"), wanted=wanted)
    return study_table(checked_rows(tables[0]), wanted=wanted, name=source.resolve().name)


def running_study(folder: Path, wanted: Mapping[str, float] | None) -> StudyTable:
    """Read the folder of a run."""
    from .store import ResultStore
    from .study import Study

    store = ResultStore(folder)
    about = store.description()
    rows = store.table()
    if about.get("study"):
        return table_of_study(rows, Study(**about["study"]), wanted=wanted)
    return study_table(
        rows,
        factors=[factor["name"] for factor in about["factors"]],
        labels={factor["name"]: factor["label"] for factor in about["factors"]},
        wanted=wanted,
        name=about["name"],
        planned=about["cells"],
    )


def checked_rows(path: Path):
    """Read a table, and say in one line what is wrong with it.

    Raises
    ------
    ValueError
        If it is damaged, empty or no table.
    """
    try:
        return read_rows(path)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        # Each reader has errors of its own: pyarrow's, pandas', those of text encodings.
        raise ValueError(f"{path} cannot be read as a table: {str(error).splitlines()[0]}") from None
