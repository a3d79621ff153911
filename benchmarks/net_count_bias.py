"""Bias and variance of net counts from spectra, against maps simulated in counts mode.

``python -m glasstomo.benchmarks.net_count_bias`` prints the table of docs/spectra.md.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..forward.acquisition import Acquisition, electrons_per_pixel
from ..forward.microscope import MICROSCOPES
from ..forward.rutherford import NM2_PER_BARN
from ..forward.spectra.line_extraction import net_counts
from ..forward.spectra.peak_fit import PeakFit
from ..forward.spectra.spectrum_simulation import simulate_spectra
from ..forward.spectra.system_peaks import SystemPeaks
from ..forward.tilt_scheme import TiltScheme
from ..phantoms import MATERIALS, Grid, Phantom

LINES = ("Co_Ka", "Zn_Ka")
METHODS: dict[str, dict[str, Any]] = {
    "fit, Kβ tied to Kα": {"method": "fit"},
    "fit, Kβ free": {"method": "fit", "fit": PeakFit(tied=False)},
    "windows": {"method": "windows"},
}
COPPER = {"no copper": 0.0, "copper grid": 1.0, "five times that": 5.0}
BEAM: dict[str, Any] = {"beam_current_na": 1.0, "dwell_s": 0.2}


def metal_slab(counts: float, *, pixels: int, microscope: str = "osiris") -> Phantom:
    """Slab of a ZIF whose every pixel gives as many Co Kα as Zn Kα counts.

    Parameters
    ----------
    counts : float
        Expected counts of either line in a pixel, at 1 nA and 0.2 s.
    pixels : int
        Recorded pixels along y and x.
    microscope : str, optional

    Returns
    -------
    Phantom
        Twice as fine as the pixels. C, N and H stand to the metals as in ZIF-4.
    """
    barn = MICROSCOPES[microscope].cross_section_barn
    electrons = electrons_per_pixel(**BEAM)
    areal = {line[:2]: counts / (electrons * barn[line] * NM2_PER_BARN) for line in LINES}
    zif = MATERIALS["ZIF-4-Co"]
    metals = sum(areal.values())
    ratio = metals / zif.number_density("Co")
    areal |= {element: ratio * zif.number_density(element) for element in ("C", "N", "H")}
    grid = Grid(shape=(2, 2 * pixels, 2 * pixels), spacing_nm=metals / zif.number_density("Co") / 2)
    depth_nm = 2 * grid.spacing_nm
    densities = np.stack([np.full(grid.shape, value / depth_nm, np.float32) for value in areal.values()])
    return Phantom(
        grid=grid,
        elements=tuple(areal),
        densities=densities,
        fill=np.ones(grid.shape, np.float32),
        labels=np.zeros(grid.shape, np.uint8),
        phase_names=(),
    )


def measure(
    counts: float, copper: float, *, pixels: int = 128, seed: int = 1
) -> Iterator[tuple[str, str, float, float, float]]:
    """Draw the same spectrum in every pixel and count it by each method.

    Parameters
    ----------
    counts : float
        Expected Kα counts of either metal.
    copper : float
        System peaks relative to `SystemPeaks()`.
    pixels : int, optional
        Draws along either side.
    seed : int, optional

    Yields
    ------
    method, line : str
    bias : float
        Mean net counts over the true ones, less 1.
    error : float
        Standard error of that bias.
    variance : float
        Variance of the net counts over that of counts mode, which is `counts`.
    """
    default = SystemPeaks()
    system = SystemPeaks(
        uniform={element: copper * level for element, level in default.uniform.items()},
        scattered={element: copper * level for element, level in default.scattered.items()},
    )
    acquisition = Acquisition(
        scheme=TiltScheme(angles_deg=(0.0,)), microscope=MICROSCOPES["osiris"], lines=LINES, **BEAM
    )
    with tempfile.TemporaryDirectory() as folder:
        spectra = simulate_spectra(
            metal_slab(counts, pixels=pixels),
            acquisition,
            path=Path(folder) / "spectra.h5",
            rng=np.random.default_rng(seed),
            system=system if copper else None,
        )
        for name, settings in METHODS.items():
            net = net_counts(spectra, **settings).data
            for line, values in zip(LINES, net, strict=True):
                variance = float(values.var(ddof=1))
                error = np.sqrt(variance / values.size) / counts
                yield name, line, float(values.mean() / counts - 1), float(error), variance / counts


def main() -> None:
    """Print the table in Markdown."""
    print("| Kα counts | grid | method | Co bias % | Zn bias % | Co variance | Zn variance |")
    print("|---|---|---|---|---|---|---|")
    for counts in (50, 500, 5000):
        for label, copper in COPPER.items():
            rows: dict[str, list[tuple[float, float, float]]] = {}
            for name, _, bias, error, variance in measure(counts, copper):
                rows.setdefault(name, []).append((bias, error, variance))
            for name, ((bias_co, error_co, var_co), (bias_zn, error_zn, var_zn)) in rows.items():
                print(
                    f"| {counts} | {label} | {name} | {100 * bias_co:+.2f} ± {100 * error_co:.2f} | "
                    f"{100 * bias_zn:+.2f} ± {100 * error_zn:.2f} | {var_co:.2f} | {var_zn:.2f} |"
                )


if __name__ == "__main__":
    main()
