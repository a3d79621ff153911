"""Sums of random plane waves: analytic random fields that no grid enters."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Waves:
    """The field h(r) = Σ_m a_m cos(k_m · r + φ_m).

    Parameters
    ----------
    vectors : numpy.ndarray, shape (modes, 3)
        Wave vectors k (z, y, x), rad nm⁻¹.
    phases : numpy.ndarray, shape (modes,)
        Phases φ, rad.
    amplitudes : numpy.ndarray, shape (modes,)
        Amplitudes a, in the unit of the field.
    """

    vectors: np.ndarray
    phases: np.ndarray
    amplitudes: np.ndarray

    @property
    def steepest(self) -> float:
        """A bound of |∇h|, field unit per nm: Σ a |k|."""
        return float(np.abs(self.amplitudes) @ np.linalg.norm(self.vectors, axis=1))

    def value(self, z, y, x) -> np.ndarray:
        """Return the field at points (nm); arrays broadcast."""
        total = np.zeros(np.broadcast_shapes(np.shape(z), np.shape(y), np.shape(x)))
        for (kz, ky, kx), phase, amplitude in zip(self.vectors, self.phases, self.amplitudes, strict=True):
            total += amplitude * np.cos(_phase(z, y, x, kz, ky, kx, phase))
        return total

    def slope(self, z, y, x) -> np.ndarray:
        """|∇h| at points, field unit per nm."""
        shape = np.broadcast_shapes(np.shape(z), np.shape(y), np.shape(x))
        gradient = np.zeros((3, *shape))
        for vector, phase, amplitude in zip(self.vectors, self.phases, self.amplitudes, strict=True):
            kz, ky, kx = vector
            wave = amplitude * np.sin(_phase(z, y, x, kz, ky, kx, phase))
            for axis in range(3):
                gradient[axis] -= vector[axis] * wave
        return np.sqrt((gradient**2).sum(axis=0))


def _phase(z, y, x, kz, ky, kx, phase) -> np.ndarray:
    """Return k · r + φ in float32: its cosine is twenty times as fast, and right to 4e-6."""
    return np.add(kz * z + ky * y + phase, kx * x, dtype=np.float64).astype(np.float32)


def random_directions(count: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors with no preferred direction, shape (count, 3)."""
    vectors = rng.standard_normal((count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
