"""How many cases each law gets: few while one writes, a thousand at night."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...phantoms.table import Table
from .law import Law


@dataclass(frozen=True)
class Profile:
    """How many cases each law is put to.

    Parameters
    ----------
    summary : str
        What it is for.
    examples : mapping of str to int
        Cases for each law, by the kind of component.
    fewest : int
        No law gets fewer, however costly it is.
    by_cost : bool
        Whether costly laws get fewer: examples are divided by `Law.cost`.

    Examples
    --------
    >>> from .laws.operator import linearity
    >>> PROFILES["nightly"].examples_of(linearity)
    1000
    """

    summary: str
    examples: Mapping[str, int]
    fewest: int = 5
    by_cost: bool = True

    def examples_of(self, law: Law) -> int:
        """Return the number of cases that a law gets."""
        asked = self.examples[law.kind]
        return max(round(asked / law.cost), self.fewest) if self.by_cost else asked


PROFILES = Table(
    "profile",
    {
        "quick": Profile(
            "while one writes, and on every push",
            {"operator": 25, "projector": 15, "functional": 25, "solver": 10},
        ),
        "default": Profile(
            "for a verdict one can rely on",
            {"operator": 200, "projector": 60, "functional": 200, "solver": 40},
            fewest=15,
        ),
        "nightly": Profile(
            "rare cases too: as many for every law, whatever it costs",
            {"operator": 1000, "projector": 1000, "functional": 1000, "solver": 1000},
            by_cost=False,
        ),
    },
)
