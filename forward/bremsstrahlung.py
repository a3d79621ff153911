"""Bremsstrahlung of single atoms in a thin specimen."""

import numpy as np

from .elements import atomic_number
from .ionisation import REST_KEV

SCALED_MB = 5.61
"""Kramers' scaled cross-section, 16π/(3√3) α r_e², mb."""


def bremsstrahlung_cross_section_barn_kev(
    element: str, energies_kev: np.ndarray, *, voltage_kv: float
) -> np.ndarray:
    """Cross-section for the emission of bremsstrahlung into all directions, per keV of photon energy."""
    number = atomic_number(element)
    energies = np.asarray(energies_kev, dtype=np.float64)
    beta2 = 1 - 1 / (1 + voltage_kv / REST_KEV) ** 2
    return np.where(energies < voltage_kv, 1e-3 * SCALED_MB * number * (number + 1) / (beta2 * energies), 0.0)
