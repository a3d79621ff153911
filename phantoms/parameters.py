"""The base of every noun that holds parameters only: frozen, keyword-only, validated."""

import difflib
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

# Failures that a message names; a typing slip at the top of a file can cause dozens.
_SAID = 3


class ParameterError(ValueError):
    """What is wrong with the parameters of a noun, on one line that names the first few failures.

    Parameters
    ----------
    noun : str
        Name of the noun.
    problems : list of tuple of str
        Dotted field (empty for the noun as a whole) and what is wrong with it.
    """

    def __init__(self, noun: str, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        said = [f"{field or 'the whole'}{rule}" for field, rule in problems[:_SAID]]
        more = len(problems) - len(said)
        super().__init__(f"{noun}: " + "; ".join(said) + (f" (and {more} more)" if more else ""))
        self.noun = noun

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process boundaries, where the default would call this class with the message.
        return type(self), (self.noun, self.problems)


class Parameters(BaseModel):
    """Validated, immutable, keyword-only parameters.

    Every noun that holds parameters and no arrays derives from this class, so that Python and a
    TOML file are checked by the same rules. A bad value raises one `ValueError` of one line that
    names the field, the rule and the value; an unknown field names the nearest known one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ParameterError(type(self).__name__, _problems(type(self), error)) from None

    def __eq__(self, other: object) -> bool:
        # By fields alone: pydantic also compares what a cached property left behind, and arrays of
        # more than one element have no truth value.
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in type(self).model_fields)

    def __hash__(self) -> int:
        return hash((type(self), *(_hashable(getattr(self, name)) for name in type(self).model_fields)))

    def replace(self, **changes: Any):
        """Return a copy with some fields changed, validated anew."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **changes})


def _hashable(value: Any) -> Any:
    """Take the items of a dictionary, in no order, for the dictionary, however deep it lies."""
    if isinstance(value, dict):
        return frozenset((key, _hashable(item)) for key, item in value.items())
    return tuple(_hashable(item) for item in value) if isinstance(value, list | tuple) else value


def _problems(noun: type[BaseModel], error: ValidationError) -> list[tuple[str, str]]:
    """Dotted field and rule with value of every failure, those of nouns within this one included."""
    found = []
    for item in error.errors(include_url=False):
        field = ".".join(str(step) for step in item["loc"])
        inner = item.get("ctx", {}).get("error")
        if isinstance(inner, ParameterError):
            prefix = f"{field}." if field else ""
            found += [(f"{prefix}{name}" if name else field, rule) for name, rule in inner.problems]
        elif item["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(item["loc"][-1]), noun.model_fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known fields: {', '.join(noun.model_fields)}"
            found.append((field, f" is not a field of {noun.__name__}; {hint}"))
        elif item["type"] == "missing":
            found.append((field, " is missing"))
        else:
            rule = item["msg"].removeprefix("Value error, ")
            value = "" if item["loc"] == () else f", got {_short(item['input'])}"
            found.append((field, f": {rule}{value}"))
    return found


def _short(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
