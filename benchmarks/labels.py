"""How names of the code are written for a reader."""

PARTICLE_NAMES = {"segregated": "Phase-segregated", "flux_melted": "Flux-melted"}

_UNITS = {"nm": "nm", "na": "nA", "s": "s", "deg": "°", "mb": "MB", "barn": "barn", "nm3": "nm⁻³", "kv": "kV"}


def particle_name(name: str) -> str:
    """Write the name of a particle.

    Examples
    --------
    >>> particle_name("flux_melted")
    'Flux-melted'
    """
    return PARTICLE_NAMES.get(name, name.replace("_", " "))


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
