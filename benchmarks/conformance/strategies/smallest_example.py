"""The simplest thing that a strategy draws with some property: what a counterexample would shrink to."""

import random
from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.strategies import SearchStrategy

Drawn = TypeVar("Drawn")


def smallest(
    strategy: SearchStrategy[Drawn],
    condition: Callable[[Drawn], object] = lambda drawn: True,
    *,
    max_examples: int = 2000,
) -> Drawn:
    """Return the simplest thing drawn that has a property, found by shrinking.

    Parameters
    ----------
    strategy : SearchStrategy
        What to draw from.
    condition : callable
        ``condition(drawn)`` is true of what is looked for; anything when omitted.
    max_examples : int
        Draws before giving up, shrinking not counted.

    Raises
    ------
    hypothesis.errors.NoSuchExample
        When no such thing was drawn.

    Notes
    -----
    As `hypothesis.find`, without its search for parts that may be varied, which takes minutes on large
    nouns, and with the same answer every time.

    Examples
    --------
    >>> from hypothesis import strategies as st
    >>> smallest(st.lists(st.integers()), lambda drawn: sum(drawn) >= 10)
    [10]
    """
    quick = settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.large_base_example,
        ],
    )
    return find(strategy, lambda drawn: bool(condition(drawn)), settings=quick, random=random.Random(0))
