"""Standards of arbitrary shape: drawn, measured on a microscope, reconstructed and segmented."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..forward import TiltScheme, TiltSeries, linearise_adf, simulate, subtract_background
from ..metrics import EsfThreshold, esf_threshold, thickness_map
from ..phantoms import MATERIALS, Phantom, SupportFilm, make_phantom
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
    material : str
        What it is made of, a name in `MATERIALS`.
    film : SupportFilm or None
        What it lies on.
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
        Along the beam at 0°, of the interpolated surface.
    volume_ratio : float
        Segmented over true volume: for the reader, unknown to the fit.
    """

    name: str
    element: str
    material: str
    film: SupportFilm | None
    density_nm3: float
    adf: np.ndarray
    eds: TiltSeries
    reconstruction: Reconstruction
    threshold: EsfThreshold
    thickness_nm: np.ndarray
    volume_ratio: float


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasuredThickness:
    """What the ADF series of a standard says: volume, surface, thickness.

    Attributes
    ----------
    adf : TiltSeries
        The series, linearised and without its film.
    reconstruction : Reconstruction
        By TV.
    threshold : EsfThreshold
        The surface.
    thickness_nm : ndarray, shape (y, x)
        Along the beam at 0°, of the interpolated surface.
    """

    adf: TiltSeries
    reconstruction: Reconstruction
    threshold: EsfThreshold
    thickness_nm: np.ndarray


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


def adf_series(
    experiment: Experiment, phantom: Phantom, microscope: str, name: str, **fields: Any
) -> TiltSeries:
    """Record an ADF series and bring it to a straight measure of thickness, film removed.

    Further `fields` go to `simulate`: ``probe=Probe(fwhm_nm=10)``.
    """
    raw = simulate(
        phantom,
        scheme=experiment.adf_tilts,
        microscope=microscope,
        signal="adf",
        beam_current_na=experiment.beam_current_na,
        dwell_s=experiment.dwell_s("adf"),
        rng=experiment.stream("adf", microscope, name),
        **fields,
    )
    return subtract_background(linearise_adf(raw))


def measure_adf(
    experiment: Experiment,
    phantom: Phantom,
    microscope: str,
    name: str,
    callback: Callable[[int, float, float], None] | None = None,
    **fields: Any,
) -> MeasuredThickness:
    """Simulate the ADF series of a body, reconstruct and segment it.

    Parameters
    ----------
    experiment : Experiment
        Tilts, dose and solver.
    phantom : Phantom
        The body, on the fine grid.
    microscope : str
        A name in `MICROSCOPES`.
    name : str
        Of the body; it has noise of its own.
    callback : callable, optional
        As for `reconstruct`.
    **fields
        As for `adf_series`.

    Returns
    -------
    MeasuredThickness

    Raises
    ------
    ValueError
        When no surface is found.
    """
    adf = adf_series(experiment, phantom, microscope, name, **fields)
    reconstruction = reconstruct(
        adf, "tv", gap=experiment.gap, max_iterations=experiment.max_iterations, callback=callback
    )
    threshold = esf_threshold(reconstruction.volume)
    if not np.isfinite(threshold.threshold):
        raise ValueError(f"no surface was found in the reconstruction of {name}: {threshold.status.value}")
    # Whole voxels would add their rounding, 0.4 voxels in every pixel, and nothing else.
    thickness = thickness_map(
        reconstruction.volume, threshold.threshold, spacing_nm=experiment.spacing_nm, subvoxel=True
    )
    return MeasuredThickness(
        adf=adf, reconstruction=reconstruction, threshold=threshold, thickness_nm=thickness
    )


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
    found = measure_adf(experiment, phantom, microscope, name, callback)
    true_volume = float(phantom.fill.sum(dtype=np.float64)) * phantom.grid.voxel_nm3
    return Standard(
        name=name,
        element=element,
        material=material,
        film=phantom.film,
        density_nm3=MATERIALS[material].number_density(element),
        adf=found.adf.data[int(np.argmin(np.abs(found.adf.angles_deg)))],
        eds=eds,
        reconstruction=found.reconstruction,
        threshold=found.threshold,
        thickness_nm=found.thickness_nm,
        volume_ratio=found.threshold.volume_voxels * experiment.spacing_nm**3 / true_volume,
    )


def radius_nm(standards: tuple[Standard, ...]) -> float:
    """Radius of a ball with the mean volume of the segmented standards, nm."""
    voxels = float(np.mean([standard.threshold.volume_voxels for standard in standards]))
    return (3 * voxels / (4 * np.pi)) ** (1 / 3) * standards[0].reconstruction.spacing_nm
