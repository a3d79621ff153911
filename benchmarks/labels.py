"""How names and numbers of the code are written for a reader."""

import math
from typing import TypeGuard

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

PARTICLE_NAMES = {"segregated": "Phase-segregated", "flux_melted": "Flux-melted"}

_PARTICLE_TITLES = {
    "segregated": "Phase-segregated (a$_T$ZIF-4-Co)$_{0.5}$(a$_g$ZIF-62)$_{0.5}$",
    "flux_melted": "Flux-melted a$_g$[(ZIF-67)$_{0.2}$(ZIF-62)$_{0.8}$]",
}

_UNITS = {"nm": "nm", "na": "nA", "s": "s", "deg": "°", "mb": "MB", "barn": "barn", "nm3": "nm⁻³", "kv": "kV"}


def particle_name(name: str) -> str:
    """Write the name of a particle.

    Examples
    --------
    >>> particle_name("flux_melted")
    'Flux-melted'
    """
    return PARTICLE_NAMES.get(name, name.replace("_", " "))


def particle_title(name: str) -> str:
    """Write the name of a particle with its composition, for a figure."""
    return _PARTICLE_TITLES.get(name, particle_name(name))


def line_label(line: str) -> str:
    """Write the name of an X-ray line.

    Examples
    --------
    >>> line_label("Co_Ka")
    'Co Kα'
    """
    element, _, shell = line.partition("_")
    return f"{element} {shell.replace('a', 'α').replace('b', 'β')}"


def quantity_label(key: str) -> str:
    """Write a name that ends in its unit.

    Examples
    --------
    >>> quantity_label("beam_current_na"), quantity_label("eds_tilts")
    ('beam current (nA)', 'eds tilts')
    """
    stem, _, unit = key.rpartition("_")
    return f"{stem.replace('_', ' ')} ({_UNITS[unit]})" if stem and unit in _UNITS else key.replace("_", " ")


def known(value: float | None) -> TypeGuard[float]:
    """Whether there is a number."""
    return value is not None and math.isfinite(value)


def number(value: float | None, digits: int = 3) -> str:
    """Write a number to significant digits, and what is not there as a dash.

    Examples
    --------
    >>> number(3.38123), number(None), number(12345.6), number(2.3e-5, 2)
    ('3.38', '–', '12346', '2.3 × 10⁻⁵')
    """
    if not known(value):
        return "–"
    if 0 < abs(value) < 1e-3:
        return scientific(value, digits)
    return f"{value:.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def scientific(value: float, digits: int = 2) -> str:
    """Write a number as a mantissa of significant digits times a power of ten.

    Examples
    --------
    >>> scientific(5e7), scientific(-2.34e-5)
    ('5.0 × 10⁷', '-2.3 × 10⁻⁵')
    """
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa} × 10{str(int(power)).translate(_SUPERSCRIPTS)}"


def signed(value: float | None, decimals: int) -> str:
    """Write a deviation with its sign; none where it rounds to zero.

    Examples
    --------
    >>> signed(0.0123, 3), signed(-0.5, 1), signed(-0.0001, 2)
    ('+0.012', '−0.5', '0.00')
    """
    if not known(value):
        return "–"
    text = f"{value:+.{decimals}f}".replace("-", "−")
    return text if any(digit in text for digit in "123456789") else text[1:]
