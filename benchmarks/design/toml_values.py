"""Write values as TOML, on one line each."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any


def toml_value(value: Any) -> str:
    """Write a value as TOML.

    Parameters
    ----------
    value : bool, int, float, str, sequence or mapping
        Tables become inline tables, without the keys whose value is None.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> toml_value({"film": False, "width_nm": 10.0, "names": ["a", "b"], "none": None})
    '{ film = false, width_nm = 10.0, names = ["a", "b"] }'
    >>> toml_value(7.5e8), toml_value(2e-5), toml_value(15)
    ('7.5e8', '2e-5', '15')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which JSON lets pass.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        parts = [f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items() if item is not None]
        return f"{{ {', '.join(parts)} }}" if parts else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    raise TypeError(f"no value of a design file: {value!r}")


def toml_key(key: str) -> str:
    """Write a key, in quotes where it has to be."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml_value(key)


def _number(value: float) -> str:
    """The shortest digits that read back as the same number."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    digits = repr(value)
    if "e" not in digits and abs(value) < 1e5:
        return digits
    mantissa, _, power = f"{value:e}".partition("e")
    for places in range(17):
        mantissa, _, power = f"{value:.{places}e}".partition("e")
        if float(f"{mantissa}e{power}") == value:
            break
    return f"{mantissa}e{int(power)}"
