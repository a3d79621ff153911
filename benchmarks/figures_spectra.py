"""A spectrum with its lines, what the fit makes of it, and what the windows catch.

``python -m glasstomo.benchmarks.figures_spectra docs/img/spectrum.png`` draws the figure of
docs/spectra.md.
"""

import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from ..forward.acquisition import Acquisition
from ..forward.microscope import MICROSCOPES
from ..forward.spectra.eds_response import EDSResponse
from ..forward.spectra.fit_design import fit_design
from ..forward.spectra.line_extraction import net_counts
from ..forward.spectra.peak_fit import PeakFit, fit_kernels
from ..forward.spectra.spectrum_series import SpectrumSeries
from ..forward.spectra.spectrum_simulation import simulate_spectra
from ..forward.spectra.system_peaks import SystemPeaks
from ..forward.spectra.window_counts import CountWindows
from ..forward.tilt_scheme import TiltScheme
from ..forward.xray_lines import LINES
from .figures_style import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    ORANGE,
    PAGE_IN,
    VERMILLION,
    new_figure,
    panel_letters,
    png_bytes,
    styled,
)
from .net_count_bias import BEAM, metal_slab

COLOURS = {"Co": BLUE, "Zn": ORANGE, "Cu": VERMILLION}
PEAKS = ("Co_Ka", "Cu_Ka", "Zn_Ka")
COUNTS = 500.0
# Pixels summed in the overview: one alone has too few soft counts for a logarithmic axis.
SUMMED = 8
# Where the names stand: shift in keV, height over the peak.
LABELS = {
    "C_Ka": ("C K", -0.06, 1.5),
    "N_Ka": ("N K", 0.14, 1.5),
    "Co_La": ("Co L", -0.08, 1.5),
    "Zn_La": ("Cu, Zn L", 0.24, 1.5),
    "Co_Ka": ("Co Kα", 0.0, 1.5),
    "Co_Kb": ("Co Kβ", 0.0, 1.5),
    "Cu_Ka": ("Cu Kα", 0.0, 1.5),
    "Zn_Ka": ("Zn Kα", 0.0, 1.5),
    "Cu_Kb": ("Cu Kβ", 0.2, 1.4),
    "Zn_Kb": ("Zn Kβ", 0.0, 1.5),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedSpectrum:
    """One pixel's spectrum and the model that the fit makes of it.

    Parameters
    ----------
    energies_kev, counts, expected : ndarray, shape (channel,)
    parts : dict of ndarray, shape (channel,)
        Fitted counts of each element, and ``"background"``.
    net : dict of str to (float, float)
        Net counts of each peak and their standard error.
    """

    energies_kev: np.ndarray
    counts: np.ndarray
    expected: np.ndarray
    parts: dict[str, np.ndarray]
    net: dict[str, tuple[float, float]]


def spectra_of_a_slab(folder: Path) -> tuple[SpectrumSeries, SpectrumSeries]:
    """Simulate draws and the expectation of one spectrum: 500 Kα counts of either metal, on a copper grid."""
    acquisition = Acquisition(
        scheme=TiltScheme(angles_deg=(0.0,)), microscope=MICROSCOPES["osiris"], lines=PEAKS[::2], **BEAM
    )
    settings: dict[str, Any] = {"response": EDSResponse(), "system": SystemPeaks()}
    phantom = metal_slab(COUNTS, pixels=SUMMED)
    draw = simulate_spectra(
        phantom, acquisition, path=folder / "draw.h5", rng=np.random.default_rng(5), **settings
    )
    return draw, simulate_spectra(phantom, acquisition, path=folder / "mean.h5", **settings)


def fit_of_a_pixel(draw: SpectrumSeries, expectation: SpectrumSeries) -> FittedSpectrum:
    """Fit one pixel with all amplitudes, not only those of the lines wanted."""
    channels = slice(600, 1000)
    design = fit_design(
        PEAKS,
        parts=draw.parts,
        templates=draw.templates,
        part_gains={},
        channels=channels,
        fit=PeakFit(),
    )
    mean = draw.total()[0] / (draw.shape[1] * draw.shape[2])
    kernels = fit_kernels(replace(design, wanted=len(design.names)), mean[channels])
    counts = draw.tilt(0)[0, 0].astype(np.float64)[channels]
    amplitudes = kernels @ counts
    curves = design.columns * amplitudes
    parts = {name.partition("_")[0]: curve for name, curve in zip(design.names, curves.T, strict=True)}
    parts["background"] = curves[:, len(PEAKS) :].sum(axis=1)
    series = net_counts(draw, PEAKS)
    net = {
        line: (float(series.data[i, 0, 0, 0]), float(np.sqrt(series.variance[i, 0, 0, 0])))
        for i, line in enumerate(PEAKS)
        if series.variance is not None
    }
    return FittedSpectrum(
        energies_kev=draw.energies_kev[channels],
        counts=counts,
        expected=expectation.tilt(0)[0, 0].astype(np.float64)[channels],
        parts={name: parts[name] for name in ("background", "Co", "Cu", "Zn")},
        net=net,
    )


@styled
def figure_spectrum(draw: SpectrumSeries, expectation: SpectrumSeries) -> Figure:
    """Draw overview, fit and windows.

    Parameters
    ----------
    draw, expectation : SpectrumSeries
        As `spectra_of_a_slab` makes them.

    Returns
    -------
    matplotlib.figure.Figure
        7 in wide.
    """
    figure = new_figure(PAGE_IN, 4.5)
    grid = figure.add_gridspec(2, 2, width_ratios=(1.35, 1), height_ratios=(1, 1.1))
    overview = figure.add_subplot(grid[0, :])
    fit, windows = figure.add_subplot(grid[1, 0]), figure.add_subplot(grid[1, 1])
    _overview(overview, draw, expectation)
    fitted = fit_of_a_pixel(draw, expectation)
    _fit(fit, fitted)
    _windows(windows, expectation)
    panel_letters([overview, fit, windows])
    return figure


def _overview(ax: Axes, draw: SpectrumSeries, expectation: SpectrumSeries) -> None:
    """Whole spectrum on a logarithmic axis, with its lines named."""
    energies = draw.energies_kev
    total = draw.total()[0]
    mean = expectation.total()[0]
    shown = (energies > 0.1) & (energies < 10.6)
    ax.step(
        energies[shown],
        np.maximum(total[shown], 0.3),
        where="mid",
        color="#A0A0A0",
        linewidth=0.6,
        label=f"draw, sum of {SUMMED**2} pixels",
    )
    ax.plot(energies[shown], mean[shown], color=BLACK, linewidth=0.8, label="expectation")
    ax.set_yscale("log")
    ax.set_xlim(0, 10.6)
    ax.set_ylim(4, 10 * mean.max())
    for name, (label, shift, height) in LABELS.items():
        energy = LINES[name].energy_kev
        top = mean[np.abs(energies - energy) < 0.03].max()
        colour = BLACK if "," in label else COLOURS.get(label[:2], BLACK)
        ax.text(energy + shift, height * top, label, ha="center", va="bottom", fontsize=6.5, color=colour)
    ax.set_xlabel("Photon energy (keV)")
    ax.set_ylabel("Counts per 10 eV")
    ax.xaxis.set_major_locator(MultipleLocator(1))
    ax.legend(loc="upper center", ncols=2)
    ax.text(3.6, 2.0 * mean[360], "bremsstrahlung", ha="center", fontsize=6.5, color=GREY)


def _fit(ax: Axes, fitted: FittedSpectrum) -> None:
    """One pixel: draw, expectation, and the fitted parts on top of each other."""
    energies = fitted.energies_kev
    base = np.zeros_like(energies)
    colours = {"background": LIGHT, **COLOURS}
    for name, curve in fitted.parts.items():
        ax.fill_between(energies, base, base + curve, color=colours[name], alpha=0.55, linewidth=0)
        base = base + curve
    ax.step(energies, fitted.counts, where="mid", color=GREY, linewidth=0.5, label="draw, one pixel")
    ax.plot(energies, base, color=BLACK, linewidth=0.9, label="fit")
    ax.legend(loc="upper right")
    ax.set_xlim(6.2, 10.0)
    top = 1.4 * fitted.counts.max()
    ax.set_ylim(0, top)
    for line, (value, error) in fitted.net.items():
        energy = LINES[line].energy_kev
        peak = fitted.counts[np.abs(energies - energy) < 0.1].max()
        label = f"{line.replace('_Ka', ' Kα')}\n{value:.0f} ± {error:.0f}"
        ax.text(energy, peak + 0.03 * top, label, ha="center", va="bottom", fontsize=6.5, color=BLACK)
    ax.set_xlabel("Photon energy (keV)")
    ax.set_ylabel("Counts per 10 eV")
    ax.xaxis.set_major_locator(MultipleLocator(1))


_NAMES = ("background", "peak", "background")


def _windows(ax: Axes, expectation: SpectrumSeries) -> None:
    """Expectation around zinc Kα: what of copper stands in its windows."""
    energies = expectation.energies_kev
    spectrum = expectation.tilt(0)[0, 0].astype(np.float64)
    response = EDSResponse(**expectation.metadata["response"])
    energy = LINES["Zn_Ka"].energy_kev
    edges = CountWindows().edges_kev(energy, response.fwhm_kev(energy))
    shown = (energies > 7.7) & (energies < 9.7)
    curves = _lines_in(expectation, spectrum)
    for name, curve in curves.items():
        colour = COLOURS[name.partition("_")[0]]
        ax.fill_between(energies[shown], curve[shown], color=colour, alpha=0.55, linewidth=0)
    ax.plot(energies[shown], spectrum[shown], color=BLACK, linewidth=0.9)
    top = 6.0
    ax.set_ylim(0, top)
    ax.set_xlim(7.85, 9.5)
    inside = [(energies > low) & (energies < high) for low, high in edges]
    for (low, high), colour, label in zip(edges, (GREY, ORANGE, GREY), _NAMES, strict=True):
        ax.axvspan(low, high, color=colour, alpha=0.16, linewidth=0)
        ax.text((low + high) / 2, 1.01 * top, label, ha="center", va="bottom", fontsize=6, color=GREY)
    middles = edges.mean(axis=1)
    levels = [spectrum[inside[0]].mean(), spectrum[inside[2]].mean()]
    ax.plot(middles[[0, 2]], levels, color=BLACK, linewidth=0.9, linestyle=(0, (3, 2)))
    ax.plot(middles[[0, 2]], levels, "o", color=BLACK, markersize=2.5)
    net = float(net_counts(expectation, "Zn_Ka", method="windows").data[0, 0, 0])
    for position, height, text, colour in (
        (8.045, 0.45, "Cu Kα", "#8A3C00"),
        (8.64, 0.45, "Zn Kα", "#6E4B00"),
        (8.91, 0.46, "Cu Kβ", "#8A3C00"),
        (9.29, 0.80, f"net {net:.0f}\nof {COUNTS:.0f}", BLACK),
    ):
        ax.text(position, height * top, text, ha="center", color=colour, fontsize=6.5)
    ax.set_xlabel("Photon energy (keV)")
    ax.set_ylabel("Expected counts per 10 eV")
    ax.xaxis.set_major_locator(MultipleLocator(0.5))


def _lines_in(expectation: SpectrumSeries, spectrum: np.ndarray) -> dict[str, np.ndarray]:
    """Expected spectrum of each line near zinc Kα."""
    names = ("Co_Kb", "Cu_Ka", "Cu_Kb", "Zn_Ka", "Zn_Kb")
    shapes = {part.name: t for part, t in zip(expectation.parts, expectation.templates, strict=True)}
    counts = net_counts(expectation, names).data[:, 0, 0, 0]
    return {name: value * shapes[name] for name, value in zip(names, counts, strict=True)}


def main(path: str) -> None:
    """Draw the figure into a PNG file."""
    with tempfile.TemporaryDirectory() as folder:
        draw, expectation = spectra_of_a_slab(Path(folder))
        Path(path).write_bytes(png_bytes(figure_spectrum(draw, expectation)))


if __name__ == "__main__":
    main(sys.argv[1])
