"""What a design costs: electrons, minutes at the microscope, or both in given proportions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..design.design import Design

# Name → property of a design, and its unit.
COSTS: Mapping[str, tuple[str, str]] = {
    "dose": ("total_fluence_e_nm2", "e nm⁻²"),
    "minutes": ("minutes", "min"),
}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """A cost to be made small.

    Parameters
    ----------
    weights : dict
        ``"dose"`` and ``"minutes"`` → weight. A single one is the quantity itself, in its unit. Two are
        added as Σ w q/q₀, relative to the design that the search starts from.
    start : Design
        The design q₀ is taken from.

    Raises
    ------
    ValueError
        When a name is unknown or a weight not positive.
    """

    weights: tuple[tuple[str, float], ...]
    start: "Design"

    def __post_init__(self) -> None:
        names = [name for name, _ in self.weights]
        for name, weight in self.weights:
            if name not in COSTS:
                raise ValueError(f"--cost {name!r} is unknown; known: {', '.join(COSTS)}")
            if not 0 < weight < float("inf"):
                raise ValueError(f"--cost {name}: the weight must be a positive number, got {weight}")
            if names.count(name) > 1:
                raise ValueError(f"--cost names {name} twice")
        if not names:
            raise ValueError(f"--cost must name at least one of {', '.join(COSTS)}")

    def __call__(self, design: "Design") -> float:
        """Return the cost of a design."""
        if len(self.weights) == 1:
            return self.quantity(self.weights[0][0], design)
        return sum(
            weight * self.quantity(name, design) / self.quantity(name, self.start)
            for name, weight in self.weights
        )

    @staticmethod
    def quantity(name: str, design: "Design") -> float:
        """Return the dose or the minutes of a design."""
        return float(getattr(design, COSTS[name][0]))

    @property
    def label(self) -> str:
        """Name and unit."""
        if len(self.weights) == 1:
            name = self.weights[0][0]
            return {"dose": "Total fluence", "minutes": "Time at the microscope"}[
                name
            ] + f" ({COSTS[name][1]})"
        return "Cost (" + " + ".join(f"{weight:g} × relative {name}" for name, weight in self.weights) + ")"

    def __str__(self) -> str:
        if len(self.weights) == 1:
            return self.weights[0][0]
        return ",".join(f"{name}={weight:g}" for name, weight in self.weights)


def parse_cost(text: str, start: "Design") -> Cost:
    """Read ``"dose"``, ``"minutes"`` or a weighted sum, ``"dose=1,minutes=2"``.

    Parameters
    ----------
    text : str
        What ``--cost`` was given.
    start : Design
        The design to which a weighted sum is relative.

    Raises
    ------
    ValueError
        When the text has another form, a name is unknown or a weight not positive.
    """
    weights = []
    for part in text.split(","):
        name, equals, weight = (piece.strip() for piece in part.partition("="))
        try:
            weights.append((name, float(weight) if equals else 1.0))
        except ValueError:
            raise ValueError(f"--cost {text!r}: {weight!r} is no number; write dose=1,minutes=2") from None
    return Cost(weights=tuple(weights), start=start)
