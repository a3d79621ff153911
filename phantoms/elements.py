"""The elements that occur in the materials: atomic numbers and standard atomic weights."""

# Abridged standard atomic weights 2021, IUPAC: Prohaska et al., Pure Appl. Chem. 94 (2022) 573,
# doi:10.1515/pac-2019-0603.
ATOMIC_WEIGHTS = {
    "H": 1.008,
    "C": 12.011,
    "N": 14.007,
    "O": 15.999,
    "Cl": 35.45,
    "Fe": 55.845,
    "Co": 58.933,
    "Cu": 63.546,
    "Zn": 65.38,
}

ATOMIC_NUMBERS = {"H": 1, "C": 6, "N": 7, "O": 8, "Cl": 17, "Fe": 26, "Co": 27, "Cu": 29, "Zn": 30}

METALS = ("Fe", "Co", "Cu", "Zn")


def known_element(symbol: str) -> str:
    """Return the symbol, or raise a `ValueError` that lists the known elements."""
    if symbol not in ATOMIC_WEIGHTS:
        raise ValueError(f"unknown element {symbol!r}; known: {', '.join(ATOMIC_WEIGHTS)}")
    return symbol


def in_order(symbols: set[str]) -> tuple[str, ...]:
    """Metals first, by atomic number, then the rest by atomic number."""
    return tuple(sorted(symbols, key=lambda s: (s not in METALS, ATOMIC_NUMBERS[known_element(s)])))
