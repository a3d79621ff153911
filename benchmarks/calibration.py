"""Cross-sections from standards of arbitrary shape: measure, reconstruct, segment, fit."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..forward import MICROSCOPES, TiltScheme, TiltSeries, linearise_adf, simulate, subtract_background
from ..metrics import CrossSectionFit, EsfThreshold, esf_threshold, fit_cross_section, thickness_map
from ..phantoms import MATERIALS, Phantom, make_phantom
from ..recon import Reconstruction, reconstruct
from .experiment import LINES, STANDARDS, STANDARDS_EACH, Experiment


@dataclass(frozen=True, kw_only=True, eq=False)
class Standard:
    """One standard on one microscope, as measured.

    Parameters
    ----------
    name : str
        Of the standard, numbered.
    element : str
        The metal that it calibrates.
    density_nm3 : float
        Known number density of that metal.
    adf : ndarray, shape (y, x)
        ADF micrograph at the tilt nearest to 0°.
    eds : TiltSeries
        EDS maps at 0°.
    reconstruction : Reconstruction
        From the ADF series, by TV.
    threshold : EsfThreshold
        The surface.
    thickness_nm : ndarray, shape (y, x)
        Along the beam at 0°.
    volume_ratio : float
        Segmented over true volume: for the reader, unknown to the fit.
    """

    name: str
    element: str
    density_nm3: float
    adf: np.ndarray
    eds: TiltSeries
    reconstruction: Reconstruction
    threshold: EsfThreshold
    thickness_nm: np.ndarray
    volume_ratio: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """Cross-sections of one microscope, fitted on its standards."""

    microscope: str
    standards: tuple[Standard, ...]
    fits: dict[str, CrossSectionFit]

    @property
    def cross_section_barn(self) -> dict[str, float]:
        """Line to fitted cross-section, barn."""
        return {line: fit.cross_section_barn for line, fit in self.fits.items()}


def standard_names() -> list[tuple[str, str, str]]:
    """Name, element and material of every standard, in the order in which they are measured."""
    return [
        (f"{material} {number}", element, material)
        for element, (_, material) in STANDARDS.items()
        for number in range(1, STANDARDS_EACH + 1)
    ]


def draw_standard(experiment: Experiment, name: str, element: str) -> Phantom:
    """Draw one standard on the fine grid; both microscopes measure the same four."""
    builder, _ = STANDARDS[element]
    return make_phantom(builder, experiment.fine_grid, rng=experiment.stream("standard", name))


def adf_series(experiment: Experiment, phantom: Phantom, microscope: str, name: str) -> TiltSeries:
    """Record an ADF series and bring it to a straight measure of thickness, film removed."""
    raw = simulate(
        phantom,
        scheme=experiment.adf_tilts,
        microscope=microscope,
        signal="adf",
        beam_current_na=experiment.beam_current_na,
        dwell_s=experiment.dwell_s("adf"),
        rng=experiment.stream("adf", microscope, name),
    )
    return subtract_background(linearise_adf(raw))


def measure_standard(
    experiment: Experiment,
    phantom: Phantom,
    microscope: str,
    name: str,
    element: str,
    material: str,
    callback: Callable[[int, float, float], None] | None = None,
) -> Standard:
    """Simulate, reconstruct and segment one standard on one microscope."""
    adf = adf_series(experiment, phantom, microscope, name)
    eds = simulate(
        phantom,
        scheme=TiltScheme(angles_deg=(0.0,)),
        microscope=microscope,
        signal="eds",
        lines=tuple(line for line in LINES if line.startswith(element)),
        beam_current_na=experiment.beam_current_na,
        dwell_s=experiment.dwell_s("eds"),
        rng=experiment.stream("eds", microscope, name),
    )
    reconstruction = reconstruct(
        adf, "tv", gap=experiment.gap, max_iterations=experiment.max_iterations, callback=callback
    )
    threshold = esf_threshold(reconstruction.volume)
    if not np.isfinite(threshold.threshold):
        raise ValueError(f"no surface was found in the reconstruction of {name}: {threshold.status.value}")
    true_volume = float(phantom.fill.sum(dtype=np.float64)) * phantom.grid.voxel_nm3
    return Standard(
        name=name,
        element=element,
        density_nm3=MATERIALS[material].number_density(element),
        adf=adf.data[int(np.argmin(np.abs(adf.angles_deg)))],
        eds=eds,
        reconstruction=reconstruction,
        threshold=threshold,
        thickness_nm=thickness_map(
            reconstruction.volume, threshold.threshold, spacing_nm=experiment.spacing_nm
        ),
        volume_ratio=threshold.volume_voxels * experiment.spacing_nm**3 / true_volume,
    )


def calibrate(experiment: Experiment, microscope: str, standards: tuple[Standard, ...]) -> Calibration:
    """Fit every line on the standards that hold its element.

    What all thicknesses of a standard may be off by together is taken as half a voxel
    (`fit_cross_section`).
    """
    fits = {}
    for line in LINES:
        held = [standard for standard in standards if line.startswith(standard.element)]
        fits[line] = fit_cross_section(
            [standard.eds.channel(line).data[0] for standard in held],
            [standard.thickness_nm for standard in held],
            [standard.density_nm3 for standard in held],
            [float(standard.eds.electrons_per_pixel or np.nan) for standard in held],
            line=line,
            thickness_standard_error_nm=0.5 * experiment.spacing_nm,
        )
    if set(fits) != set(MICROSCOPES[microscope].cross_section_barn):
        raise ValueError(f"`LINES` and the cross-sections of {microscope} name different lines")
    return Calibration(microscope=microscope, standards=standards, fits=fits)
