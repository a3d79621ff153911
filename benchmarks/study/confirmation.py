"""Confirming the finalist of a search with replicates that the search has not seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .candidates import State
from .row_book import RowBook

if TYPE_CHECKING:
    from ..design.design import Design


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What came of a confirmation.

    Parameters
    ----------
    state : State
        CONFIRMED, REFUTED or UNDECIDED.
    rows : list of dict
        The fresh replicates.
    verdict : dict
        The whole verdict, as JSON holds it.
    """

    state: State
    rows: list[dict[str, Any]]
    verdict: dict[str, Any]


Judge = Callable[["Design", RowBook, Callable[..., dict[str, Any]], int, float], Judgement]
"""Called with design, book, trial, seed and level."""


def check_judge(
    design: "Design", book: RowBook, trial: Callable[..., dict[str, Any]], seed: int, level: float
) -> Judgement:
    """Judge a design by `check_design` at a confidence level, on particles of a seed of their own."""
    raise NotImplementedError
