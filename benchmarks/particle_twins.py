"""Twins of a particle: how far noise and the solver take a voxel, known without the truth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..forward import TiltSeries
from ..metrics import diagram_voxels, phase_diagram_distance
from ..recon import Reconstruction, twins
from .experiment import MAPPED_LINES


@dataclass(frozen=True, kw_only=True, eq=False)
class ParticleTwins:
    """Reconstructions of series that were simulated from a particle's reconstruction.

    Parameters
    ----------
    zn, co : ndarray of float32, shape (twin, z, y, x)
        Densities of every twin, atoms nm⁻³.
    model_zn, model_co : ndarray, shape (z, y, x)
        What the twins were simulated from: their truth.
    """

    zn: np.ndarray
    co: np.ndarray
    model_zn: np.ndarray
    model_co: np.ndarray

    @property
    def count(self) -> int:
        """Number of twins."""
        return len(self.zn)

    @property
    def replicates(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Pairs of Zn and Co densities, twin by twin."""
        return list(zip(self.zn, self.co, strict=True))

    def density_maps(self) -> tuple[np.ndarray, np.ndarray]:
        """Bias and noise (standard deviation) of the metal density of every voxel, atoms nm⁻³."""
        return _bias_and_noise(self.zn + self.co, self.model_zn + self.model_co)

    def fraction_maps(self) -> tuple[np.ndarray, np.ndarray]:
        """Bias and noise (standard deviation) of the zinc fraction of every voxel; NaN without metal."""
        return _bias_and_noise(zinc_fraction(self.zn, self.co), zinc_fraction(self.model_zn, self.model_co))

    def errors(self, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Errors of zinc fraction and metal density of some voxels, shape (twin, voxels).

        Bias and noise together: the root of their mean square is what a voxel may be off by.
        """
        zn, co = self.zn[:, inside], self.co[:, inside]
        model_zn, model_co = self.model_zn[inside], self.model_co[inside]
        fraction = zinc_fraction(zn, co) - zinc_fraction(model_zn, model_co)
        return fraction, zn + co - model_zn - model_co

    def distances(self, interior: np.ndarray) -> np.ndarray:
        """Distance of each twin's phase diagram to that of the model, shape (twin,).

        Parameters
        ----------
        interior : ndarray of bool, shape (z, y, x)
            The voxels of all these diagrams.
        """
        first = diagram_voxels(self.model_zn, self.model_co, interior=interior, erode=0)[:2]
        return np.array(
            [
                phase_diagram_distance(diagram_voxels(zn, co, interior=interior, erode=0)[:2], first)
                for zn, co in self.replicates
            ]
        )


def particle_twins(
    series: TiltSeries,
    metals: Reconstruction,
    *,
    count: int,
    rng: np.random.Generator,
    cross_section_barn: dict[str, float],
    callback: Callable[[int, float, float], None] | None = None,
    **options: float,
) -> ParticleTwins:
    """Make twins of a reconstructed particle; every one chooses its own λ, as the data did.

    Parameters
    ----------
    series : TiltSeries
        Counts of the mapped lines.
    metals : Reconstruction
        Made from them.
    count : int
        Twins, 2 at least: one has no scatter.
    rng : numpy.random.Generator
        Of their noise.
    cross_section_barn : dict
        As for the reconstruction.
    callback, **options
        As for `reconstruct`.

    Returns
    -------
    ParticleTwins
        Their scatter is known to a relative 1/√(2(count − 1)) a voxel, and far better over regions.
    """
    if count < 2:
        raise ValueError(f"`count` must be at least 2: one twin has no scatter, got {count}")
    method = str(metals.settings["method"])
    made = list(
        twins(
            series, metals.volume, method, count=count, rng=rng, cross_section_barn=cross_section_barn,
            callback=callback, **options,
        )
    )  # fmt: skip
    zn, co = (
        np.stack([one.channel(MAPPED_LINES[element]) for one in made]).astype(np.float32)
        for element in ("Zn", "Co")
    )
    return ParticleTwins(
        zn=zn,
        co=co,
        model_zn=metals.channel(MAPPED_LINES["Zn"]),
        model_co=metals.channel(MAPPED_LINES["Co"]),
    )


def zinc_fraction(zn: np.ndarray, co: np.ndarray) -> np.ndarray:
    """Zn/(Zn + Co), NaN where there is no metal."""
    total = zn + co
    return np.divide(zn, total, out=np.full(total.shape, np.nan, np.float32), where=total > 0)


def _bias_and_noise(values: np.ndarray, model: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = values.mean(axis=0, dtype=np.float64)
    return mean - model, values.std(axis=0, ddof=1, dtype=np.float64)
