"""How X-rays escape from the specimen: transmission from each voxel to the detectors, at every tilt."""

from typing import TYPE_CHECKING

import numpy as np

from ..phantoms.materials import MATERIALS
from .absorption import mean_transmission
from .acquisition import Acquisition
from .attenuation import linear_attenuation_per_nm, material_attenuation_per_nm
from .exit_rays import RayCount
from .film_absorption import film_transmission
from .history import History
from .view import View

if TYPE_CHECKING:
    from ..phantoms import Phantom


class Escape:
    """What X-rays cross on their way out: number densities on voxels as large as the pixels.

    The support film counts where rays go down; carbon that the beam builds up counts everywhere, half of
    it on each face.

    Parameters
    ----------
    phantom : Phantom
        The specimen, on the fine grid.
    acquisition : Acquisition
        Its binning, detector and absorption.
    history : History
        What the beam has left of each element at each tilt.

    Raises
    ------
    ValueError
        When the binning leaves voxels over along z.
    """

    def __init__(self, phantom: "Phantom", acquisition: Acquisition, history: History) -> None:
        self._history = history
        self._detector = acquisition.microscope.eds
        self._rays: RayCount = 1 if acquisition.absorption is None else acquisition.absorption.rays
        self._film = {} if phantom.film is None else phantom.film.number_densities()
        self._film_nm = 0.0 if phantom.film is None else phantom.film.thickness_nm
        factor = acquisition.binning
        if phantom.grid.shape[0] % factor:
            raise ValueError(
                f"`binning` of {factor} must divide nz = {phantom.grid.shape[0]} too when X-rays are absorbed"
            )
        self._spacing_nm = phantom.grid.spacing_nm * factor
        self._density = {
            element: block_mean(phantom.density(element), factor) for element in phantom.elements
        }

    def transmission(self, energy_kev: float, view: View, tilt: int, shares: np.ndarray) -> np.ndarray:
        """Transmission summed over the segments, each with its share.

        Parameters
        ----------
        energy_kev : float
            Photon energy, keV.
        view : View
            Of the tilt: its angle and contraction.
        tilt : int
            Index of the tilt.
        shares : ndarray of float64, shape (segment,)
            Weight of each segment.

        Returns
        -------
        ndarray of float32, shape (z, y, x), of voxels as large as the pixels
        """
        per_nm = np.zeros(next(iter(self._density.values())).shape, np.float32)
        for element, density in self._density.items():
            left = float(self._history.left(element)[tilt])
            weight = linear_attenuation_per_nm({element: left}, energy_kev) / view.contraction**3
            per_nm += density * np.float32(weight)
        grown_nm = float(self._history.contamination_nm[tilt])
        if grown_nm > 0:
            shares = shares * film_transmission(
                self._detector,
                tilt_deg=view.angle_deg,
                film_per_nm=material_attenuation_per_nm(MATERIALS["carbon"], energy_kev),
                film_nm=grown_nm / 2,
                side="both",
            )
        film_per_nm = linear_attenuation_per_nm(self._film, energy_kev) if self._film else 0.0
        return mean_transmission(
            per_nm,
            tilt_deg=view.angle_deg,
            detector=self._detector,
            shares=shares,
            spacing_nm=self._spacing_nm * view.contraction,
            rays=self._rays,
            film_per_nm=film_per_nm,
            film_nm=self._film_nm,
        )


def block_mean(volume: np.ndarray, factor: int) -> np.ndarray:
    """Mean over cubes of `factor` voxels, float32."""
    total = np.zeros(tuple(length // factor for length in volume.shape), np.float32)
    for offsets in np.ndindex(factor, factor, factor):
        total += volume[tuple(slice(offset, None, factor) for offset in offsets)]
    return total / np.float32(factor**3)


def spread(volume: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Multiply a volume by a coarser one that covers the same box; each axis a whole multiple."""
    split: list[int] = []
    for fine, few in zip(volume.shape, coarse.shape, strict=True):
        split += [few, fine // few]
    a, _, b, _, c, _ = split
    return (volume.reshape(split) * coarse.reshape(a, 1, b, 1, c, 1)).reshape(volume.shape)
