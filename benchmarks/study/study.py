"""A study: designs that differ in a few fields, each simulated several times."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from ...phantoms.parameters import Parameters
from ..design.design import Design, stable_key
from ..design.scores import known_scores, scores_for
from ..design.sections import Inversion
from .columns import COLUMNS, Column

Level = float | str

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# What a table of levels may hold beside dotted fields.
_LABEL = "label"


class Factor(Parameters):
    """What is varied: one field of the design over several values, or several fields together.

    Parameters
    ----------
    field : str, optional
        Dotted field of the design, ``"tilts.count"``, for `values`.
    values : tuple, optional
        Its values, of one kind: numbers, words, truth values.
    name : str, optional
        Column of the table: lower case, digits and underscores. The field with underscores for dots when
        omitted; needed with `levels`.
    levels : tuple of dict, optional
        Instead of field and values: one table per level, with its ``label`` (a number or a word) and the
        dotted fields that it sets.
    label : str
        For figures; the name when empty.
    unit : str
        For figures.
    log : bool, optional
        Whether figures show it on a logarithmic axis; decided by its values when omitted.

    Examples
    --------
    >>> Factor(field="tilts.count", values=(15, 31)).settings
    {15: {'tilts.count': 15}, 31: {'tilts.count': 31}}
    >>> Factor(name="reach", levels=({"label": 60, "tilts.start_deg": -60.0, "tilts.stop_deg": 60.0},)).column
    'reach'
    """

    field: str | None = None
    values: tuple[Any, ...] = ()
    name: str | None = None
    levels: tuple[dict[str, Any], ...] = ()
    label: str = ""
    unit: str = ""
    log: bool | None = None

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str | None) -> str | None:
        if name is not None and (not _NAME.fullmatch(name) or name in COLUMNS):
            raise ValueError(
                "must be lower case letters, digits and underscores, and no column of the results themselves"
            )
        return name

    @model_validator(mode="after")
    def _check_together(self) -> "Factor":
        if (self.field is None) == (not self.levels):
            raise ValueError("give `field` with `values`, or `name` with `levels`")
        if self.field is not None and not self.values:
            raise ValueError(f"`values` of {self.field} must hold at least one value")
        if self.field is not None and (self.column in COLUMNS or not _NAME.fullmatch(self.column)):
            raise ValueError(
                f"`name` is needed: {self.column!r} is a column of the results, or no plain name"
            )
        if self.levels and self.name is None:
            raise ValueError("`name` is missing: levels need one")
        for index, level in enumerate(self.levels):
            if not isinstance(level.get(_LABEL), int | float | str):
                raise ValueError(f"`levels`: level {index} needs a `label`, a number or a word")
            if len(level) < 2:
                raise ValueError(f"`levels`: level {level[_LABEL]!r} sets no field")
        labels = list(self._labels())
        for index, label in enumerate(labels):
            if label in labels[:index]:
                raise ValueError(f"levels must differ: {label!r} stands there twice")
        if len({isinstance(label, str) for label in labels}) > 1:
            raise ValueError(f"levels must be all numbers or all words, got {labels}")
        return self

    def _labels(self) -> list[Level]:
        if self.levels:
            return [level[_LABEL] for level in self.levels]
        plain = all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)
        return [value if plain else _word(value) for value in self.values]

    @property
    def settings(self) -> dict[Level, dict[str, Any]]:
        """The fields that every level sets, by what stands in the table."""
        if self.levels:
            return {
                level[_LABEL]: {key: value for key, value in level.items() if key != _LABEL}
                for level in self.levels
            }
        return {
            label: {str(self.field): value} for label, value in zip(self._labels(), self.values, strict=True)
        }

    @property
    def column(self) -> str:
        """Name of its column."""
        return self.name if self.name is not None else str(self.field).replace(".", "_")

    @property
    def numeric(self) -> bool:
        """Whether its levels are numbers."""
        return not isinstance(self._labels()[0], str)

    @property
    def as_column(self) -> Column:
        """Its column of the table, whose label has the unit."""
        name = self.label or self.column.replace("_", " ")
        label = f"{name} ({self.unit})" if self.unit else name
        return Column(name=self.column, label=label, kind="number" if self.numeric else "text")


class MethodChoice(Parameters):
    """One method of reconstruction that the study compares.

    Parameters
    ----------
    label : str
        In the table's column ``method``.
    set : dict
        Fields of [reconstruction] that it sets.
    """

    label: Annotated[str, Field(min_length=1)]
    set: dict[str, Any] = Field(default_factory=dict)

    @field_validator("set")
    @classmethod
    def _known_fields(cls, fields: dict[str, Any]) -> dict[str, Any]:
        Inversion(**fields)
        return fields


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run of a study: a design under one setting of the factors, by one method, one replicate.

    Parameters
    ----------
    index : int
        Place in the study.
    key : str
        16 hexadecimal digits of what decides its result: the same in every study that holds it.
    levels : dict
        Factor column to level.
    method : str
        Label of the method.
    replicate, seed : int
    scores : tuple of str
    design : Design
    """

    index: int
    key: str
    levels: dict[str, Level]
    method: str
    replicate: int
    seed: int
    scores: tuple[str, ...]
    design: Design


class Study(Parameters):
    """Factors × methods × replicates of a design.

    Parameters
    ----------
    name : str
        Short, for folders and listings.
    title, question : str
        For readers: what the study is, and what it is to answer.
    design : Design
        What every cell starts from.
    factors : tuple of Factor
        All combinations of their levels are run.
    methods : tuple of MethodChoice
        Each takes the same data; the design's own method when empty.
    replicates : int
        Particles per setting.
    seed : int
        Of all random draws. Replicate k is the same particle with the same photons in every cell.
    scores : tuple of str
        Groups of scores, as `SCORES`; those that the design's wanted precisions need when empty.

    Examples
    --------
    >>> study = Study(name="tilts", factors=({"field": "tilts.count", "values": (15, 31)},), replicates=3)
    >>> len(study.cells()), study.cells()[1].levels, study.cells()[1].replicate
    (6, {'tilts_count': 31}, 0)
    """

    name: str = "study"
    title: str = ""
    question: str = ""
    design: Design = Design()
    factors: tuple[Factor, ...] = ()
    methods: tuple[MethodChoice, ...] = ()
    replicates: Annotated[int, Field(ge=1, le=100_000)] = 4
    seed: Annotated[int, Field(ge=0)] = 0
    scores: tuple[str, ...] = ()

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            raise ValueError("must be letters, digits, hyphens and underscores: it names folders")
        return name

    @field_validator("scores")
    @classmethod
    def _known_scores(cls, scores: tuple[str, ...]) -> tuple[str, ...]:
        return known_scores(scores)

    @model_validator(mode="after")
    def _check_together(self) -> "Study":
        for kind, names in (
            ("factors", [factor.column for factor in self.factors]),
            ("methods", [method.label for method in self.methods]),
        ):
            for index, name in enumerate(names):
                if name in names[:index]:
                    raise ValueError(f"`{kind}` must differ: {name!r} stands there twice")
        seen: dict[str, str] = {}
        for factor in self.factors:
            for path in {path for fields in factor.settings.values() for path in fields}:
                if path in seen:
                    raise ValueError(f"`{path}` is set by two factors: {seen[path]} and {factor.column}")
                seen[path] = factor.column
                if path.split(".")[0] in ("wanted", "confidence", "title", "description"):
                    raise ValueError(f"`{path}` moves no result: vary another field")
        # Every setting is validated before anything runs; combinations that a design refuses say so here.
        taken: dict[str, str] = {}
        for levels, method, design in self._designs():
            at = ", ".join([*(f"{name} = {value}" for name, value in levels.items()), f"method {method}"])
            if design.key in taken:
                raise ValueError(f"two settings are one and the same design: {taken[design.key]}; {at}")
            taken[design.key] = at
        return self

    @property
    def key(self) -> str:
        """Stable name, 16 hexadecimal digits, of everything that moves a result."""
        cells = self.cells()
        return stable_key(
            {
                "cells": [cell.key for cell in cells],
                "levels": [[str(value) for value in cell.levels.values()] for cell in cells],
                "columns": [factor.column for factor in self.factors],
                "methods": [cell.method for cell in cells],
            }
        )

    @property
    def score_groups(self) -> tuple[str, ...]:
        """Groups of scores that every cell has."""
        return self.scores or scores_for(self.design.wanted)

    def cells(self) -> tuple[Cell, ...]:
        """Return every cell: replicate by replicate, so that an unfinished study covers all settings."""
        settings = self._designs()
        scores = self.score_groups
        cells = []
        for replicate in range(self.replicates):
            for levels, method, design in settings:
                own = {"design": design.key, "replicate": replicate, "seed": self.seed, "scores": scores}
                cells.append(
                    Cell(
                        index=len(cells),
                        key=stable_key(own),
                        levels=levels,
                        method=method,
                        replicate=replicate,
                        seed=self.seed,
                        scores=scores,
                        design=design,
                    )
                )
        return tuple(cells)

    def _designs(self) -> list[tuple[dict[str, Level], str, Design]]:
        """Levels, method and design of every setting; the last factor varies fastest, methods faster."""
        methods = self.methods or (MethodChoice(label=self.design.reconstruction.method),)
        settings: list[tuple[dict[str, Level], dict[str, Any]]] = [({}, {})]
        for factor in self.factors:
            settings = [
                ({**levels, factor.column: label}, {**fields, **more})
                for levels, fields in settings
                for label, more in factor.settings.items()
            ]
        made = []
        for levels, fields in settings:
            for method in methods:
                chosen = {f"reconstruction.{name}": value for name, value in method.set.items()}
                try:
                    design = self.design.with_fields({**fields, **chosen})
                except ValueError as error:
                    at = ", ".join(f"{name} = {value}" for name, value in levels.items()) or "the design"
                    raise ValueError(f"at {at}, method {method.label}: {error}") from None
                made.append((levels, method.label, design))
        return made


def _word(value: Any) -> str:
    """Write a value that is no number as a word: truth values, tables, lists."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_word(item)}" for key, item in value.items())
    return str(value)
