"""The Fourier coefficients of two volumes side by side, ready to be summed over shells and cones."""

from dataclasses import dataclass

import numpy as np

# Mean power of a coefficient below which a shell holds rounding errors only, relative to all.
_ROUNDING = 1e-26


@dataclass(frozen=True, kw_only=True, eq=False)
class FourierTerms:
    """What two volumes have in common and have at all, coefficient by coefficient.

    Only one of each pair of conjugate coefficients is held; `copies` says for how many it stands.

    Attributes
    ----------
    size : int
        Voxels along the shortest edge.
    shell : numpy.ndarray
        (n,) number of the shell of each coefficient, from 1.
    wave : numpy.ndarray
        (3, n) direction of each wave vector, a unit vector (z, y, x).
    cross, power, other_power : numpy.ndarray
        (n,) real part of F₁F₂*, and |F₁|² and |F₂|².
    copies : numpy.ndarray
        (n,) 1 or 2.
    """

    size: int
    shell: np.ndarray
    wave: np.ndarray
    cross: np.ndarray
    power: np.ndarray
    other_power: np.ndarray
    copies: np.ndarray

    @property
    def shells(self) -> int:
        """Shells up to the Nyquist frequency."""
        return self.size // 2

    def in_cone(self, axis: tuple[float, float, float], half_angle_deg: float) -> np.ndarray:
        """Coefficients whose direction, or its opposite, is within an angle of an axis (z, y, x)."""
        unit = np.asarray(axis, np.float64) / np.linalg.norm(axis)
        # Rounding must not drop coefficients that lie on the edge of a cone on one side only.
        return np.abs(unit @ self.wave) >= np.cos(np.radians(half_angle_deg)) - 1e-12

    def correlation(
        self, chosen: np.ndarray | None = None, *, width: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Correlation of each shell, and how many coefficients it has, pairs counted as two.

        Shells are summed with their neighbours to an odd `width`, fewer of them at either end.
        A shell in which neither volume has any power is NaN, one in which only one of them has is 0.
        """
        take = slice(None) if chosen is None else chosen
        shell, copies = self.shell[take], self.copies[take]

        def summed(values: np.ndarray) -> np.ndarray:
            single = np.bincount(shell, values[take] * copies, minlength=self.shells + 1)[1:]
            return sum_of_neighbours(single, width)

        count = sum_of_neighbours(np.bincount(shell, copies, minlength=self.shells + 1)[1:], width)
        cross, one, other = summed(self.cross), summed(self.power), summed(self.other_power)
        empty_one = one <= _ROUNDING * count * self._mean(self.power)
        empty_other = other <= _ROUNDING * count * self._mean(self.other_power)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(empty_one | empty_other, 0.0, cross / np.sqrt(one * other))
        value[empty_one & empty_other] = np.nan
        # Rounding alone takes a perfect shell above one.
        return np.clip(value, -1.0, 1.0), count

    def _mean(self, power: np.ndarray) -> float:
        return float(np.average(power, weights=self.copies))


def sum_of_neighbours(values: np.ndarray, width: int) -> np.ndarray:
    """Sums over windows of an odd width about each value; what lies beyond the ends is left out.

    Examples
    --------
    >>> sum_of_neighbours(np.array([1.0, 2.0, 3.0, 4.0]), 3).tolist()
    [3.0, 6.0, 9.0, 7.0]
    """
    reach = width // 2
    padded = np.pad(values, reach)
    return np.sum([padded[i : i + values.size] for i in range(width)], axis=0)


def fourier_terms(volume: np.ndarray, other: np.ndarray) -> FourierTerms:
    """Transform two volumes (z, y, x) of one shape.

    Shells are one step of the shortest edge wide: shell i lies at i/n cycles per voxel.
    """
    from scipy.fft import rfftn

    one, two = (np.asarray(rfftn(part.astype(np.float64))) for part in (volume, other))
    shape = volume.shape
    size = min(shape)
    steps = [np.fft.fftfreq(shape[0]), np.fft.fftfreq(shape[1]), np.fft.rfftfreq(shape[2])]
    z, y, x = np.meshgrid(*steps, indexing="ij")
    length = np.sqrt(z**2 + y**2 + x**2)
    shell = np.rint(length * size).astype(np.int64)
    held = (shell >= 1) & (shell <= size // 2)
    alone = np.zeros(x.shape, dtype=bool)
    alone[..., 0] = True
    if shape[2] % 2 == 0:
        alone[..., -1] = True
    first, second = one[held], two[held]
    return FourierTerms(
        size=size,
        shell=shell[held],
        wave=np.stack([part[held] for part in (z, y, x)]) / length[held],
        cross=np.real(first * np.conj(second)),
        power=np.abs(first) ** 2,
        other_power=np.abs(second) ** 2,
        copies=np.where(alone[held], 1.0, 2.0),
    )
