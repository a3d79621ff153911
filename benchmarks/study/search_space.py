"""What a search may vary: fields of a design with their ranges, on the unit interval each."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.trial import Trial

    from ..design.design import Design

Value = float | int | str
Setting = dict[str, Value]

# Fields of which a design takes one: varying one takes the other out of it.
_RIVALS = {"beam.total_fluence_e_nm2": "beam.dwell_s", "beam.dwell_s": "beam.total_fluence_e_nm2"}

_LABELS = {
    "tilts.count": "Tilts",
    "tilts.start_deg": "First tilt (°)",
    "tilts.stop_deg": "Last tilt (°)",
    "beam.total_fluence_e_nm2": "Total fluence (e nm⁻²)",
    "beam.dwell_s": "Dwell per pixel and tilt (s)",
    "beam.current_na": "Beam current (nA)",
    "instrument.holder": "Holder",
    "instrument.microscope": "Microscope",
    "reconstruction.method": "Solver",
}

_FORM = "write FIELD=LOW:HIGH, FIELD=LOW:HIGH:log or FIELD=ONE|OTHER, as in tilts.count=5:61"


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One thing that a search varies: a range of numbers or a choice of words, for one or more fields.

    Parameters
    ----------
    name : str
        Its name in tables: the fields as they were written.
    fields : tuple of (str, float)
        Dotted fields of a design, each with 1 or -1: the number is set, or its negative.
    low, high : float or int
        Ends of the range, both included; whole numbers make a range of whole numbers.
    log : bool
        Search the logarithm.
    choices : tuple of str
        The words or numbers to choose from, instead of a range.

    Examples
    --------
    >>> tilts = Dimension(name="tilts.count", fields=(("tilts.count", 1),), low=5, high=61)
    >>> tilts.at(0.5), tilts.place(33)
    (33, 0.5)
    """

    name: str
    fields: tuple[tuple[str, int], ...]
    low: float | int = 0
    high: float | int = 0
    log: bool = False
    choices: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        if self.choices:
            if any(sign < 0 for _, sign in self.fields) and any(isinstance(c, str) for c in self.choices):
                raise ValueError(f"{self.name}: a word has no negative, drop the minus before the field")
            if len(set(self.choices)) < 2:
                raise ValueError(f"{self.name}: a choice needs at least two different values, {_FORM}")
            return
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"{self.name}: LOW must lie below HIGH, got {self.low}:{self.high}; {_FORM}")
        if self.log and self.low <= 0:
            raise ValueError(f"{self.name}: a logarithmic range must start above 0, got {self.low}")

    @property
    def label(self) -> str:
        """Name for axes and heads of tables, with the unit."""
        return _LABELS.get(self.fields[0][0], self.name)

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are taken."""
        return not self.choices and isinstance(self.low, int) and isinstance(self.high, int)

    def at(self, place: float) -> Value:
        """Return the value at a place between 0 (the lower end, the first choice) and 1."""
        place = min(max(place, 0.0), 1.0)
        if self.choices:
            return self.choices[min(int(place * len(self.choices)), len(self.choices) - 1)]
        if place in (0.0, 1.0):
            return self.high if place else self.low
        if self.log:
            value = self.low * (self.high / self.low) ** place
        else:
            value = self.low + place * (self.high - self.low)
        return round(value) if self.whole else float(value)

    def place(self, value: Value) -> float:
        """Return where a value lies, between 0 and 1; choices lie in the middle of equal parts."""
        if self.choices:
            return (self.choices.index(value) + 0.5) / len(self.choices)
        number = float(value)
        if self.log:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def suggest(self, trial: "Trial") -> Value:
        """Let an Optuna trial choose."""
        if self.choices:
            names = [str(choice) for choice in self.choices]
            return self.choices[names.index(str(trial.suggest_categorical(self.name, names)))]
        if self.whole:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, log=self.log)

    def changes(self, value: Value) -> dict[str, Any]:
        """Return what a value sets: dotted field → value."""
        found: dict[str, Any] = {}
        for field, sign in self.fields:
            if field in _RIVALS:
                found[_RIVALS[field]] = None
            found[field] = value if sign > 0 else -value  # type: ignore[operator]
        return found

    def holds(self, value: Any) -> bool:
        """Whether a value lies in the range or among the choices."""
        if self.choices:
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and (not self.whole or float(value).is_integer())

    def __str__(self) -> str:
        if self.choices:
            return f"{self.name}={'|'.join(str(choice) for choice in self.choices)}"
        return f"{self.name}={self.low:g}:{self.high:g}{':log' if self.log else ''}"


def parse_dimension(text: str) -> Dimension:
    """Read one ``--vary``.

    Parameters
    ----------
    text : str
        ``"tilts.count=5:61"`` (whole numbers), ``"beam.total_fluence_e_nm2=1e6:1e10:log"``,
        ``"instrument.holder=blade|wall"``; several fields that move together are separated by commas,
        and a minus before a field sets the negative: ``"tilts.stop_deg,-tilts.start_deg=40:75"``.

    Raises
    ------
    ValueError
        When the text has another form.

    Examples
    --------
    >>> str(parse_dimension("tilts.stop_deg,-tilts.start_deg=40.0:75"))
    'tilts.stop_deg,-tilts.start_deg=40:75'
    >>> parse_dimension("instrument.holder=blade|wall").choices
    ('blade', 'wall')
    """
    name, equals, values = (part.strip() for part in text.partition("="))
    if not (name and equals and values):
        raise ValueError(f"--vary {text!r} is not understood; {_FORM}")
    fields = tuple(_signed_field(part.strip(), text) for part in name.split(","))
    if "|" in values:
        choices = tuple(_word(part.strip()) for part in values.split("|"))
        if "" in choices:
            raise ValueError(f"--vary {text!r} has an empty choice; {_FORM}")
        return Dimension(name=name, fields=fields, choices=choices)
    ends = [part.strip() for part in values.split(":")]
    log = len(ends) == 3 and ends[2] == "log"
    if len(ends) != (3 if log else 2):
        raise ValueError(f"--vary {text!r} is not understood; {_FORM}")
    low, high = (_number(end, text) for end in ends[:2])
    return Dimension(name=name, fields=fields, low=low, high=high, log=log)


def _signed_field(text: str, whole: str) -> tuple[str, int]:
    sign, field = (-1, text[1:].strip()) if text.startswith("-") else (1, text)
    if not field:
        raise ValueError(f"--vary {whole!r} names an empty field; {_FORM}")
    return field, sign


def _word(text: str) -> Value:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _number(text: str, whole: str) -> float | int:
    value = _word(text)
    if isinstance(value, str):
        raise ValueError(f"--vary {whole!r}: {text!r} is no number; {_FORM}")
    return value


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """All that a search varies, about one design.

    Parameters
    ----------
    design : Design
        What stays as it is, and where the search starts.
    dimensions : sequence of Dimension
        What varies.

    Raises
    ------
    ValueError
        When there is nothing to vary, two dimensions move one field, or an end of a range is refused by
        the design.
    """

    design: "Design"
    dimensions: tuple[Dimension, ...]

    def __post_init__(self) -> None:
        if not self.dimensions:
            raise ValueError(f"nothing to vary; {_FORM}")
        seen: set[str] = set()
        for dimension in self.dimensions:
            for field, _ in dimension.fields:
                if field in seen:
                    raise ValueError(f"{field} is varied twice; name it once")
                seen.add(field)
            # A design that is refused in the middle of a search says it too late; a value between the ends
            # tells whether numbers must be whole.
            for value in dimension.choices or (dimension.low, dimension.high, dimension.at(0.381)):
                self.design.with_fields(dimension.changes(value))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the dimensions, in order."""
        return tuple(dimension.name for dimension in self.dimensions)

    def design_at(self, setting: Mapping[str, Value]) -> "Design":
        """Return the design with the varied fields set."""
        changes: dict[str, Any] = {}
        for dimension in self.dimensions:
            changes |= dimension.changes(setting[dimension.name])
        return self.design.with_fields(changes)

    def setting_at(self, places: Sequence[float]) -> Setting:
        """Return the setting at a place of the unit cube."""
        return {d.name: d.at(float(place)) for d, place in zip(self.dimensions, places, strict=True)}

    def places(self, setting: Mapping[str, Value]) -> list[float]:
        """Return where a setting lies in the unit cube."""
        return [dimension.place(setting[dimension.name]) for dimension in self.dimensions]

    def start(self) -> Setting | None:
        """Return the design's own setting, or None when a field lies outside its range."""
        setting: Setting = {}
        for dimension in self.dimensions:
            field, sign = dimension.fields[0]
            value = _field(self.design, field)
            if sign < 0 and isinstance(value, int | float):
                value = -value
            if not dimension.holds(value):
                return None
            setting[dimension.name] = int(value) if dimension.whole else value
        return setting

    def corners(self, cost: Callable[["Design"], float]) -> tuple[Setting, Setting]:
        """Return the cheapest and the dearest corner, one dimension at a time.

        Costs that grow or fall along every dimension alone have their extremes there. Combinations that
        the design refuses are passed over.
        """

        def price(setting: Setting) -> float:
            try:
                return cost(self.design_at(setting))
            except ValueError:
                return math.nan

        ends = []
        for dearest in (False, True):
            setting: Setting = {d.name: d.at(0.0) for d in self.dimensions}
            for _ in range(2):
                for dimension in self.dimensions:
                    values = dimension.choices or (dimension.low, dimension.high)
                    costs = [(price({**setting, dimension.name: v}), v) for v in values]
                    known = [pair for pair in costs if not math.isnan(pair[0])]
                    if known:
                        best = (max if dearest else min)(known, key=lambda pair: pair[0])
                        setting[dimension.name] = best[1]
            ends.append(setting)
        return ends[0], ends[1]


def _field(design: "Design", path: str) -> Any:
    value: Any = design
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else getattr(value, step, None)
    if value is None and path in _RIVALS:
        # Not given, but it follows from its rival.
        value = getattr(design, path.removeprefix("beam."), None)
    return value
