"""Atomic numbers by symbol."""

import difflib

_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr "
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu "
    "Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U"
)
SYMBOLS = tuple(_SYMBOLS.split())
_NUMBER = {symbol: number for number, symbol in enumerate(SYMBOLS, start=1)}


def atomic_number(symbol: str) -> int:
    """Return the atomic number of an element from hydrogen to uranium.

    Examples
    --------
    >>> atomic_number("Zn")
    30
    """
    try:
        return _NUMBER[symbol]
    except KeyError:
        near = difflib.get_close_matches(str(symbol).capitalize(), SYMBOLS, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown element {symbol!r}, symbols run from 'H' to 'U'{hint}") from None
