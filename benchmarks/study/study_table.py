"""A table of results with what its columns mean: which are factors, which of them one can choose."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..labels import quantity_label
from .factor_column import FactorColumn, sentence
from .score_rules import SCORE_RULES, Frame, check_wanted

if TYPE_CHECKING:
    from .study import Study

# Columns of a study that are no factor and that no trial writes.
_BOOKKEEPING = ("cell", "index", "replicate", "status", "reason", "versions", "study_key", "worker")
_NEEDED = ("replicate", "status")
# Columns of the tables that are made of the rows: a factor of such a name gets an underscore behind it.
_RESERVED = (
    *("score", "values", "mean", "sd", "standard_error", "low", "high", "median", "done", "failed", "wanted"),
    *("judged", "met", "share", "share_low", "share_high", "affordable", "standing", "excess", "complete"),
    *("front", "front_share"),
)
# Factors that describe what lies in the beam or goes wrong: nobody chooses them at the microscope.
_GIVEN = ("specimen", "imperfections", "particle", "errors", "interface", "texture", "wavelength")
# From this ratio of largest to smallest level on, an axis is logarithmic.
_DECADES = 8.0

_LABELS = {
    "tilts_count": "Tilts",
    "beam_total_fluence_e_nm2": "Total fluence (e nm⁻²)",
    "beam_dwell_s": "Dwell per pixel and tilt (s)",
    "beam_current_na": "Beam current (nA)",
    "tilts_start_deg": "First tilt (°)",
    "tilts_stop_deg": "Last tilt (°)",
    "specimen_particle": "Particle",
    "instrument_holder": "Holder",
    "instrument_microscope": "Microscope",
    "reconstruction_method": "Solver",
    "reconstruction_gains": "Gains",
    "calibration_adf_tilts": "ADF tilts",
    "method": "Method",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyTable:
    """Rows of a study, finished or not, with what they mean.

    Attributes
    ----------
    rows : pandas.DataFrame
        One row per finished or failed cell; factor columns hold numbers or words, no gaps.
    factors : tuple of FactorColumn
        Those with at least one level; the method is one of them.
    constants : dict
        Factors with a single level, and that level.
    name, title, question : str
        Of the study.
    planned : int or None
        Cells of the whole study, where known.
    wanted : dict
        Score to bound.
    unmeasured : tuple of str
        Scores that were wanted and that no row holds.
    """

    rows: Frame
    factors: tuple[FactorColumn, ...]
    name: str = ""
    title: str = ""
    question: str = ""
    planned: int | None = None
    wanted: Mapping[str, float] = field(default_factory=dict)
    unmeasured: tuple[str, ...] = ()

    @property
    def varied(self) -> tuple[FactorColumn, ...]:
        """Factors with two levels or more."""
        return tuple(one for one in self.factors if len(one.levels) > 1)

    @property
    def constants(self) -> dict[str, Any]:
        """Label and level of the factors with a single one."""
        return {one.label: one.level_text(one.levels[0]) for one in self.factors if len(one.levels) == 1}

    @property
    def choices(self) -> tuple[FactorColumn, ...]:
        """Varied factors that are decided at the microscope, or after it."""
        return tuple(one for one in self.varied if not one.given)

    @property
    def given(self) -> tuple[FactorColumn, ...]:
        """Varied factors that are not."""
        return tuple(one for one in self.varied if one.given)

    @property
    def scores(self) -> tuple[str, ...]:
        """Scores that at least one row holds, those wanted first."""
        held = [name for name, rule in SCORE_RULES.items() if self.holds(rule.column)]
        return tuple(sorted(held, key=lambda name: name not in self.wanted))

    @property
    def failed(self) -> int:
        """Cells that failed."""
        return int((self.rows["status"] != "done").sum())

    def holds(self, column: str) -> bool:
        """Whether there is a number in that column."""
        return column in self.rows and bool(self.rows[column].notna().any())

    def factor(self, name: str) -> FactorColumn:
        """Return a factor by its column.

        Raises
        ------
        ValueError
            If there is none.
        """
        for one in self.factors:
            if one.name == name:
                return one
        raise ValueError(f"no factor {name!r}; this study has {', '.join(one.name for one in self.factors)}")


def study_table(
    rows: Frame,
    *,
    factors: Iterable[str] | None = None,
    labels: Mapping[str, str] | None = None,
    log: Mapping[str, bool] | None = None,
    given: Iterable[str] | None = None,
    wanted: Mapping[str, float] | None = None,
    name: str = "",
    title: str = "",
    question: str = "",
    planned: int | None = None,
) -> StudyTable:
    """Make sense of a table of results.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per cell, with at least ``replicate`` and ``status``.
    factors : iterable of str, optional
        Its factor columns, apart from ``method``; by default every column that no trial writes. One that is
        called as a statistic is (``mean``) gets an underscore behind its name.
    labels : mapping, optional
        Factor to its label with unit.
    log : mapping, optional
        Factor to whether its axis is logarithmic; by default where its levels are positive and span a
        factor of eight.
    given : iterable of str, optional
        Factors that nobody can choose; by default those of the specimen and of the imperfections, told by
        their names.
    wanted : mapping, optional
        Score to bound, as in the table [wanted] of a design.
    name, title, question : str
        Of the study.
    planned : int, optional
        Cells of the whole study.

    Raises
    ------
    ValueError
        If there are no rows or no column that is needed, a factor is missing, a cell stands there twice, or
        a wanted bound breaks its rule.
    """
    import pandas as pd

    wanted = check_wanted(wanted or {})
    for column in _NEEDED:
        if column not in rows:
            raise ValueError(f"the table has no column {column!r}: it is no table of a study")
    if not len(rows):
        raise ValueError("the table has no rows yet: no cell has finished")
    names = [*(factor_names(rows.columns) if factors is None else factors)]
    if "method" in rows and "method" not in names:
        names.append("method")
    absent = [one for one in names if one not in rows]
    if absent:
        raise ValueError(f"the table has no column of the factor {absent[0]!r}")
    taken = {one: f"{one}_" for one in names if one in _RESERVED}
    rows = rows.rename(columns=taken)
    names = [taken.get(one, one) for one in names]
    labels = {taken.get(one, one): label for one, label in (labels or {}).items()}
    log = {taken.get(one, one): scale for one, scale in (log or {}).items()}
    given = None if given is None else {taken.get(one, one) for one in given}
    rows = rows.sort_values("index", kind="stable") if "index" in rows else rows
    rows = rows.reset_index(drop=True)
    written = {one: factor_levels(rows[one]) for one in names}
    rows = rows.assign(**written, **numeric_scores(rows, names))
    twice = rows.duplicated([*names, "replicate"])
    if twice.any():
        raise ValueError(f"{int(twice.sum())} cells stand in the table twice: it mixes several studies")
    columns = [
        factor_column(
            one,
            rows[one],
            label=labels.get(one),
            log=log.get(one),
            given=is_given(one) if given is None else one in given,
        )
        for one in names
    ]
    held = {one: bound for one, bound in wanted.items() if rows_hold(rows, SCORE_RULES[one].column)}
    return StudyTable(
        rows=pd.DataFrame(rows),
        factors=tuple(columns),
        name=name,
        title=title,
        question=question,
        planned=planned,
        wanted=held,
        unmeasured=tuple(one for one in wanted if one not in held),
    )


def factor_names(columns: Iterable[str]) -> list[str]:
    """Return the columns that neither a trial nor the runner writes."""
    known = {*_BOOKKEEPING, *result_columns()}
    # pandas calls a nameless column, as an index written to CSV has it, "Unnamed: 0".
    return [one for one in columns if one not in known and not one.startswith(("seconds", "Unnamed: "))]


def result_columns() -> set[str]:
    """Return the names of the columns that every study has."""
    from .columns import COLUMNS

    return set(COLUMNS)


def is_given(name: str) -> bool:
    """Whether a factor describes the specimen or what goes wrong, by its name.

    Examples
    --------
    >>> is_given("specimen_particle"), is_given("tilts_count")
    (True, False)
    """
    return name.split("_")[0] in _GIVEN


def rows_hold(rows: Frame, column: str) -> bool:
    """Whether a column is there and not empty."""
    return column in rows and bool(rows[column].notna().any())


def factor_levels(values: Frame) -> Frame:
    """Return a factor's column as numbers where all are numbers, else as words; a gap is a level too."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(values):
        return values.map({True: "yes", False: "no"}).astype(object)
    numbers: Frame = pd.to_numeric(values, errors="coerce")
    if numbers.notna().all() and not any(isinstance(one, bool) for one in values):
        return numbers.astype(float)
    return values.map(lambda one: "none" if is_gap(one) else str(one)).astype(object)


def is_gap(value: Any) -> bool:
    """Whether nothing stands there."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def numeric_scores(rows: Frame, factors: Sequence[str]) -> dict[str, Frame]:
    """Return the columns of scores and costs as float64, NaN where unknown or infinite."""
    import numpy as np
    import pandas as pd

    from .score_rules import COSTS

    scores = {column for rule in SCORE_RULES.values() for column in (rule.column, *rule.of)}
    wanted = {*scores, *COSTS} - set(factors)
    read: Any = pd.to_numeric
    return {
        one: read(rows[one], errors="coerce").astype(float).replace([np.inf, -np.inf], np.nan)
        for one in sorted(wanted)
        if one in rows
    }


def factor_column(
    name: str, values: Frame, *, label: str | None, log: bool | None, given: bool
) -> FactorColumn:
    """Describe a factor by its column."""
    import pandas as pd

    numeric = bool(pd.api.types.is_float_dtype(values))
    levels = tuple(pd.unique(values).tolist())
    if numeric:
        levels = tuple(sorted(levels))
    positive = numeric and levels[0] > 0
    spread = positive and levels[-1] / levels[0] >= _DECADES
    return FactorColumn(
        name=name,
        label=label or _LABELS.get(name) or sentence(quantity_label(name.rstrip("_"))),
        levels=levels,
        numeric=numeric,
        log=bool(spread if log is None else positive and log),
        given=given,
    )


def table_of_study(rows: Frame, study: "Study", *, wanted: Mapping[str, float] | None = None) -> StudyTable:
    """Make sense of the table of a study that is at hand.

    Parameters
    ----------
    rows : pandas.DataFrame
        Its results, all or some.
    study : Study
        Says what the factors are called, which of them belong to the specimen, what is wanted and how many
        cells there are.
    wanted : mapping, optional
        Instead of what the study's design wants of the scores that the study has.
    """
    own = {one.column: one for one in study.factors}
    given = {
        name
        for name, one in own.items()
        if all(path.split(".")[0] in _GIVEN for fields in one.settings.values() for path in fields)
    }
    methods = max(len(study.methods), 1)
    settings = math.prod(len(one.settings) for one in study.factors) * methods
    return study_table(
        rows,
        factors=list(own),
        labels={name: sentence(one.as_column.label) for name, one in own.items() if one.label},
        log={name: one.log for name, one in own.items() if one.log is not None},
        given=given,
        wanted=scored_wanted(study) if wanted is None else wanted,
        name=study.name,
        title=study.title,
        question=study.question,
        planned=settings * study.replicates,
    )


def scored_wanted(study: "Study") -> dict[str, float]:
    """Return what the study's design wants, as far as the study has scores for it."""
    from ..design.scores import SCORES

    columns = {column for group in study.score_groups for column in SCORES[group]}
    return {
        name: bound
        for name, bound in study.design.wanted.given.items()
        if SCORE_RULES[name].column in columns
    }


def read_rows(path: Path) -> Frame:
    """Read a table of results.

    Parameters
    ----------
    path : pathlib.Path
        ``.parquet`` or ``.csv``.

    Raises
    ------
    ValueError
        If it is neither.
    """
    import pandas as pd

    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".csv":
        return pd.read_csv(path)
    raise ValueError(f"a table of results is .parquet or .csv, got {path.name!r}")
