"""A factor of a study as a column of its table, and how its levels are written."""

from dataclasses import dataclass
from typing import Any

_NAMED = ("method", "reconstruction_method")
_WORDS = {"tv": "TV", "tv2": "TV²", "tv_tv2": "TV + TV²", "tgv2": "TGV²", "tv_joint": "joint TV"} | {
    name: name.upper() for name in ("wbp", "sirt", "cgls", "mlem", "osem")
}
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, kw_only=True)
class FactorColumn:
    """A factor of a study, as a column of its table.

    Attributes
    ----------
    name : str
        The column.
    label : str
        For axes and heads of tables, with the unit.
    levels : tuple
        Its values, numbers in increasing order, names in the study's order.
    numeric : bool
        The levels are numbers.
    log : bool
        They are best drawn on a logarithmic axis.
    given : bool
        It describes the specimen or what goes wrong with it: one cannot choose it at the microscope, and a
        design should hold for all its levels.
    """

    name: str
    label: str
    levels: tuple[Any, ...]
    numeric: bool
    log: bool
    given: bool

    def level_text(self, level: Any) -> str:
        """Write one level.

        Examples
        --------
        >>> tilts = FactorColumn(name="t", label="T", levels=(15.0,), numeric=True, log=False, given=False)
        >>> tilts.level_text(15.0), tilts.level_text(5e7), tilts.level_text(1e10)
        ('15', '5 × 10⁷', '10¹⁰')
        """
        if self.numeric:
            return level_number(float(level))
        plain = str(level).replace("_", " ")
        return _WORDS.get(str(level), plain) if self.name in _NAMED else plain


def level_number(value: float) -> str:
    """Write a number as a reader would, four digits at most.

    Examples
    --------
    >>> level_number(-70.0), level_number(0.05), level_number(12000.0), level_number(2.5e-4)
    ('−70', '0.05', '1.2 × 10⁴', '2.5 × 10⁻⁴')
    """
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.4g}".replace("-", "−")
    mantissa, _, power = f"{value:.3e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", "−")
    tens = f"10{str(int(power)).translate(_POWERS)}"
    return tens if mantissa == "1" else f"{mantissa} × {tens}"


def lower(text: str) -> str:
    """Begin with a small letter, unless the word is an acronym.

    Examples
    --------
    >>> lower("Zinc fraction"), lower("NRMSE")
    ('zinc fraction', 'NRMSE')
    """
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def sentence(text: str) -> str:
    """Begin with a capital letter, and leave the rest (units) alone."""
    return text[:1].upper() + text[1:]
