"""A phantom: number densities on a grid, with what is known about them."""

from dataclasses import dataclass, replace

import numpy as np

from .elements import METALS, known_element
from .grid import Grid
from .particle import Particle
from .support_film import SupportFilm

BOUNDARY = 255


@dataclass(frozen=True, kw_only=True, eq=False)
class Phantom:
    """Number densities averaged over voxels.

    Parameters
    ----------
    grid : Grid
        The voxels.
    elements : tuple of str
        Elements, metals first.
    densities : numpy.ndarray, shape (element, z, y, x), float32
        Atoms per nm³, averaged over each voxel, vacuum included.
    fill : numpy.ndarray, shape (z, y, x), float32
        Share of each voxel inside the body, 0 to 1.
    labels : numpy.ndarray, shape (z, y, x), uint8
        0 vacuum; k where the whole voxel lies in phase ``phase_names[k - 1]``; 255 elsewhere
        (surface, interface, diffusion zone).
    phase_names : tuple of str
        Names of the phases.
    particle : Particle or None
        The analytic truth behind the arrays.
    film : SupportFilm or None
        The support film; it stands in no voxel.
    """

    grid: Grid
    elements: tuple[str, ...]
    densities: np.ndarray
    fill: np.ndarray
    labels: np.ndarray
    phase_names: tuple[str, ...]
    particle: Particle | None = None
    film: SupportFilm | None = None

    def __post_init__(self) -> None:
        for element in self.elements:
            known_element(element)
        shape = self.grid.shape
        expected = {"densities": (len(self.elements), *shape), "fill": shape, "labels": shape}
        for name, wanted in expected.items():
            if getattr(self, name).shape != wanted:
                raise ValueError(f"`{name}` must have shape {wanted}, got {getattr(self, name).shape}")

    def density(self, element: str) -> np.ndarray:
        """Atoms of one element per nm³, shape (z, y, x); zeros where the phantom holds none."""
        if element in self.elements:
            return self.densities[self.elements.index(element)]
        known_element(element)
        return np.zeros(self.grid.shape, self.densities.dtype)

    def metal_density(self) -> np.ndarray:
        """Metal atoms per nm³, shape (z, y, x)."""
        metals = [i for i, element in enumerate(self.elements) if element in METALS]
        return self.densities[metals].sum(axis=0)

    def fraction(
        self, numerator: str = "Zn", denominator_elements: tuple[str, ...] = ("Zn", "Co")
    ) -> np.ndarray:
        """Share of one element among several, by atoms, shape (z, y, x); NaN where there is none."""
        part = self.density(numerator)
        total = sum(self.density(element) for element in denominator_elements)
        out = np.full(self.grid.shape, np.nan, np.float32)
        np.divide(part, total, out=out, where=np.asarray(total) > 0)
        return out

    def atoms(self, element: str) -> float:
        """Atoms of one element in the whole phantom."""
        return float(self.density(element).sum(dtype=np.float64)) * self.grid.voxel_nm3

    @property
    def volume_nm3(self) -> float:
        """Volume of the body, nm³."""
        return float(self.fill.sum(dtype=np.float64)) * self.grid.voxel_nm3

    def downsampled(self, factor: int) -> "Phantom":
        """Return the phantom on voxels `factor` times as coarse, by exact block means.

        A coarse voxel keeps a label only where all its fine voxels carry it.
        """
        if factor < 1 or any(count % factor for count in self.grid.shape):
            raise ValueError(f"`factor` must divide every axis of {self.grid.shape}, got {factor}")
        nz, ny, nx = (count // factor for count in self.grid.shape)
        grid = Grid(shape=(nz, ny, nx), spacing_nm=self.grid.spacing_nm * factor)
        blocks = _blocks(self.labels, factor)
        low, high = blocks.min(axis=(1, 3, 5)), blocks.max(axis=(1, 3, 5))
        return replace(
            self,
            grid=grid,
            densities=np.stack([_mean(density, factor) for density in self.densities]),
            fill=_mean(self.fill, factor),
            labels=np.where(low == high, low, np.uint8(BOUNDARY)),
        )


def _blocks(volume: np.ndarray, factor: int) -> np.ndarray:
    """View of a volume with each axis split into (coarse, fine)."""
    nz, ny, nx = (count // factor for count in volume.shape)
    return volume.reshape(nz, factor, ny, factor, nx, factor)


def _mean(volume: np.ndarray, factor: int) -> np.ndarray:
    return _blocks(volume, factor).mean(axis=(1, 3, 5), dtype=np.float64).astype(volume.dtype)
