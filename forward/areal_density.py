"""Weighted areal densities of a phantom and its support film, binned to recorded pixels."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .projector import Projector

if TYPE_CHECKING:
    from ..phantoms import Phantom


def areal_density(
    phantom: "Phantom",
    *,
    angles_deg: Sequence[float] | np.ndarray,
    weights: Sequence[Mapping[str, float]],
    binning: int,
) -> np.ndarray:
    """Project weighted sums of elements onto the recorded pixels.

    Parameters
    ----------
    phantom : Phantom
        Densities in atoms nm⁻³ on the fine grid; left untouched.
    angles_deg : sequence of float, length tilt
        Stage tilts, degrees.
    weights : sequence of dict
        One dictionary element → weight per image wanted: ``{"Zn": 1.0}`` for atoms of zinc,
        cross-sections for the probability of scattering. Elements that the phantom lacks count in
        the film only.
    binning : int
        Fine voxels per recorded pixel, along y and x; it must divide both.

    Returns
    -------
    ndarray of float64, shape (image, tilt, y, x)
        Σ weight × areal density, averaged over the recorded pixel: atoms nm⁻² for weights of 1.

    Raises
    ------
    ValueError
        When `binning` does not divide the grid.

    Notes
    -----
    Elements are summed before they are projected (the projection is linear), pixels are binned along
    x before and along y by projecting onto bins of `binning` voxels: exact, and one projection per
    image. The support film is an infinite flat slab, which adds n t / cos α everywhere.
    """
    nz, ny, nx = phantom.grid.shape
    checked_binning(phantom, binning)
    projector = Projector(
        shape=(nz, ny),
        angles_deg=angles_deg,
        spacing_nm=phantom.grid.spacing_nm,
        bins=ny // binning,
        bin_nm=phantom.grid.spacing_nm * binning,
    )
    secant = 1 / np.cos(np.deg2rad(np.asarray(angles_deg, dtype=np.float64)))
    images = np.empty((len(weights), len(secant), ny // binning, nx // binning))
    for image, elements in zip(images, weights, strict=True):
        volume = mixture(phantom, elements, binning)
        image[...] = 0.0 if volume is None else projector.forward(volume)
        film = film_areal_density(phantom, elements)
        if film:
            image += (film * secant)[:, None, None]
    return images


def checked_binning(phantom: "Phantom", binning: int) -> None:
    """Refuse a binning that leaves part of a pixel over."""
    _, ny, nx = phantom.grid.shape
    if int(binning) != binning or binning < 1 or ny % binning or nx % binning:
        raise ValueError(
            f"`binning` must be a whole number that divides ny = {ny} and nx = {nx}, got {binning}"
        )


def film_areal_density(phantom: "Phantom", weights: Mapping[str, float]) -> float:
    """Weighted areal density of the support film at 0° tilt, atoms nm⁻²; 0 without a film."""
    if phantom.film is None:
        return 0.0
    atoms = phantom.film.areal_densities()
    return float(sum(weight * atoms.get(element, 0.0) for element, weight in weights.items()))


def mixture(phantom: "Phantom", weights: Mapping[str, float], binning: int) -> np.ndarray | None:
    """Weighted sum of densities, binned along x; float32 (z, y, x), None when no element is present."""
    total = None
    for element, weight in weights.items():
        if element not in phantom.elements:
            continue
        density = phantom.density(element)
        # Adding strided rows is many times as fast as numpy's mean over a short last axis.
        binned = density[..., ::binning] * np.float32(weight / binning)
        for offset in range(1, binning):
            binned += density[..., offset::binning] * np.float32(weight / binning)
        total = binned if total is None else np.add(total, binned, out=total)
    return total
