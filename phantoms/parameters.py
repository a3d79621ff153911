"""The base of every noun that holds parameters only: frozen, keyword-only, validated."""

import difflib
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


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
            raise ValueError(_one_line(type(self), error)) from None

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
    """Take the items of a dictionary, in no order, for the dictionary."""
    return (
        frozenset((key, _hashable(item)) for key, item in value.items()) if isinstance(value, dict) else value
    )


def _one_line(noun: type[BaseModel], error: ValidationError) -> str:
    """Field, rule and value of the first few failures, on one line."""
    parts = []
    for item in error.errors(include_url=False)[:3]:
        field = ".".join(str(step) for step in item["loc"]) or "the whole"
        if item["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(item["loc"][-1]), noun.model_fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known fields: {', '.join(noun.model_fields)}"
            parts.append(f"{field} is not a field of {noun.__name__}; {hint}")
        elif item["type"] == "missing":
            parts.append(f"{field} is missing")
        else:
            rule = item["msg"].removeprefix("Value error, ")
            value = "" if item["loc"] == () else f", got {_short(item['input'])}"
            parts.append(f"{field}: {rule}{value}")
    more = error.error_count() - len(parts)
    return f"{noun.__name__}: " + "; ".join(parts) + (f" (and {more} more)" if more > 0 else "")


def _short(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
