"""Errors of a volume, voxel by voxel: bias and noise as twins foretell them, beside the true error."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .figures_maps import particle_box
from .figures_style import PAGE_IN, new_figure, panel_letters, scale_bar, show_map, side_bar, styled

_TITLES = ("Reconstruction", "Bias, foretold", "Noise, foretold", "True error")
_SIGNED_MAP = "RdBu_r"
_NOISE_MAP = "magma"


@dataclass(frozen=True, kw_only=True, eq=False)
class VoxelErrors:
    """One volume with its errors, all of shape (z, y, x) and in atoms nm⁻³.

    Attributes
    ----------
    name : str
        Of the particle.
    volume : numpy.ndarray
        The reconstruction.
    bias, noise : numpy.ndarray
        Mean error and standard deviation over the twins.
    error : numpy.ndarray
        Reconstruction minus truth.
    """

    name: str
    volume: np.ndarray
    bias: np.ndarray
    noise: np.ndarray
    error: np.ndarray


@styled
def figure_errors(particles: Sequence[VoxelErrors], *, spacing_nm: float) -> Figure:
    """Draw foretold and true errors in a slice across the tilt axis.

    Parameters
    ----------
    particles : sequence of VoxelErrors
        One row each.
    spacing_nm : float
        Edge of a voxel, nm.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide. The slice with the most atoms, y to the right, z (the beam at 0°) upwards. Bias and true
        error share one scale, red where the density is too large.
    """
    rows = max(len(particles), 1)
    figure = new_figure(PAGE_IN, 0.3 + 1.55 * rows)
    axes = figure.subplots(rows, 4, squeeze=False)
    for row, particle in zip(axes, particles, strict=False):
        where = int(np.argmax(particle.volume.sum(axis=(0, 1))))
        box = particle_box(particle.volume)[:2]
        parts = (particle.volume, particle.bias, particle.noise, particle.error)
        # The beam travels along −z: up is +z.
        slices = [part[(*box, where)][::-1] for part in parts]
        most = float(np.quantile(np.abs(slices[3]), 0.98)) or 1.0
        scales: tuple[dict[str, Any], ...] = (
            {"high": float(np.quantile(slices[0], 0.998))},
            {"colours": _SIGNED_MAP, "low": -most, "high": most},
            {"colours": _NOISE_MAP, "high": float(np.quantile(slices[2], 0.99)) or 1.0},
            {"colours": _SIGNED_MAP, "low": -most, "high": most},
        )
        for column, (ax, image, scale) in enumerate(zip(row, slices, scales, strict=True)):
            drawn = show_map(ax, image, spacing_nm=spacing_nm, bar=False, **scale)
            side_bar(ax, drawn, "nm$^{-3}$" if column == 3 else "")
        scale_bar(row[0], *(spacing_nm * count for count in slices[0].shape[::-1]))
        row[0].set_ylabel(particle.name)
    for ax, title in zip(axes[0], _TITLES, strict=True):
        ax.set_title(title)
    panel_letters(list(axes[:, 0]))
    return figure
