"""Bias and noise of volumes, voxel by voxel, from replicates."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from ..metrics.replicate_maps import ReplicateMaps
from .figures_maps import particle_box
from .figures_style import DPI, PAGE_IN, finish_bar, placed, scale_bar, show_map, styled

_BIAS_MAP = "RdBu_r"
_NOISE_MAP = "magma"
# Inches: head with titles, row label, gap between panels, colour bar with its numbers and label.
_HEAD, _LABEL, _GAP, _BAR = 0.34, 0.2, 0.05, 0.62
_PANEL = (PAGE_IN - _LABEL - _GAP - 3 * _BAR) / 4


@styled
def figure_replicates(
    maps: Mapping[str, ReplicateMaps],
    truth: np.ndarray,
    *,
    spacing_nm: float,
    slice_x: int | None = None,
    unit: str = "Zn (nm$^{-3}$)",
) -> Figure:
    """Draw the mean, the bias and the noise of reconstructions in a slice across the tilt axis.

    Parameters
    ----------
    maps : mapping of str to ReplicateMaps
        By name, such as that of a method; one row each.
    truth : numpy.ndarray
        (z, y, x), atoms nm⁻³.
    spacing_nm : float
        Edge of a voxel.
    slice_x : int, optional
        Which slice; the one with the most atoms when omitted.
    unit : str
        Of the volumes, for the colour bars.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide; columns: truth, mean, bias (red where too much, blue where too little), noise (standard
        deviation between replicates, on a root scale). The beam at 0° runs downwards, y to the right; all
        rows share their colour scales.
    """
    if not maps:
        raise ValueError("`maps` must hold the replicates of one method or more")
    truth = np.asarray(truth, np.float64)
    where = int(np.argmax(truth.sum(axis=(0, 1)))) if slice_x is None else slice_x
    rows, columns = particle_box(truth)[:2]

    def cut(volume: np.ndarray) -> np.ndarray:
        # The beam travels along −z: up is +z.
        return volume[rows, columns, where][::-1]

    density = float(truth.max())
    biases = {name: cut(one.bias(truth)) for name, one in maps.items()}
    noises = {name: cut(one.noise) for name, one in maps.items()}
    most_bias = max(float(np.quantile(np.abs(bias), 0.99)) for bias in biases.values()) or 1.0
    most_noise = max(float(np.quantile(noise, 0.99)) for noise in noises.values()) or 1.0
    tall = _PANEL * cut(truth).shape[0] / cut(truth).shape[1]
    height = _HEAD + len(maps) * (tall + _GAP)
    figure = Figure(figsize=(PAGE_IN, height), dpi=DPI)
    lefts = [_LABEL, _LABEL + _PANEL + _GAP]
    lefts += [lefts[1] + (1 + i) * (_PANEL + _BAR) for i in range(2)]
    titles = ("Truth", "Mean", "Bias", "Noise")
    drawn = []
    for row, (name, one) in enumerate(maps.items()):
        top = _HEAD + row * (tall + _GAP)
        axes = [placed(figure, left, top, _PANEL, tall) for left in lefts]
        options = {"spacing_nm": spacing_nm, "bar": False}
        drawn = [
            show_map(axes[0], cut(truth), high=density, **options),
            show_map(axes[1], cut(one.mean), high=density, **options),
            show_map(axes[2], biases[name], colours=_BIAS_MAP, low=-most_bias, high=most_bias, **options),
            show_map(axes[3], noises[name], colours=_NOISE_MAP, high=most_noise, **options),
        ]
        # The square root shows the little noise of one method beside the much of another.
        drawn[3].set_norm(PowerNorm(0.5, vmin=0.0, vmax=most_noise, clip=True))
        axes[0].set_ylabel(name, fontweight="bold", labelpad=2)
        if row == 0:
            for ax, title in zip(axes, titles, strict=True):
                ax.set_title(title, pad=3)
            scale_bar(axes[0], *(spacing_nm * n for n in cut(truth).shape[::-1]))
    for image, left, label in zip(
        drawn[1:], lefts[1:], (unit, "Bias, nm$^{-3}$", "Noise, nm$^{-3}$"), strict=True
    ):
        bar = placed(figure, left + _PANEL + 0.05, _HEAD, 0.07, height - _HEAD - _GAP)
        finish_bar(figure.colorbar(image, cax=bar, label=label), image)
    return figure
