"""The section on volumes: their resolution by direction, and their bias and noise."""

import numpy as np

from ..metrics.fourier_resolution import FourierResolution, ResolutionStatus
from ..metrics.resolution_by_direction import DirectionalResolution, directional_resolution
from ..metrics.shell_correlation import FourierShell, fourier_shell
from ..metrics.volumes import nrmse, ssim
from .experiment_run import ExperimentRun
from .figures_errors import VoxelErrors, figure_errors
from .figures_resolution import figure_resolution
from .glass_particle import GlassParticle, rms
from .labels import particle_name
from .report_parts import ReportFigure, ReportTable, report_figure

_SECTION = "volumes"


def volume_figures(run: ExperimentRun) -> list[ReportFigure]:
    """Correlation with the truth, by direction, and errors in a slice."""
    found = []
    pairs = [
        (f"{particle_name(name)}, {element}", particle, element)
        for name, particle in run.particles.items()
        for element in ("Co", "Zn")
    ]
    if pairs:
        figure = figure_resolution(
            {label: element_shell(particle, element) for label, particle, element in pairs},
            {label: element_resolution(particle, element) for label, particle, element in pairs},
            spacing_nm=run.spacing_nm,
            largest_tilt_deg=float(np.abs(run.experiment.eds_tilts.angles_deg).max()),
        )
        caption = (
            "Left: Fourier-shell correlation of the reconstructed metals with the truth, from coarse detail "
            "to fine; where it falls below the threshold detail is lost. Right: the period at which that "
            "happens, by direction across the tilt axis; far from the centre is coarse. Grey: directions "
            "that no tilt recorded. The dotted circle is two voxels, the finest period that "
            "voxels hold."
        )
        found.append(report_figure(figure, caption, _SECTION, "resolution"))
    errors = [one for particle in run.particles.values() if (one := voxel_errors(particle)) is not None]
    if errors:
        figure = figure_errors(errors, spacing_nm=run.spacing_nm)
        caption = (
            "Errors of the metal density in the slice with the most atoms, y to the right and the beam (z) "
            "upwards: bias and noise as the twins foretell them without the truth, and what the "
            "reconstruction truly gets wrong. Bias and error share one scale."
        )
        found.append(report_figure(figure, caption, _SECTION, "errors"))
    return found


def voxel_errors(particle: GlassParticle) -> VoxelErrors | None:
    """Maps of one particle's errors; None without twins."""
    if particle.twins is None:
        return None
    bias, noise = particle.twins.density_maps()
    volume = particle.zn + particle.co
    return VoxelErrors(
        name=particle_name(particle.name),
        volume=volume,
        bias=bias,
        noise=noise,
        error=volume - particle.truth.density("Zn") - particle.truth.density("Co"),
    )


def volume_tables(run: ExperimentRun) -> list[ReportTable]:
    """Resolution along each axis and agreement with the truth of every element; errors foretold by twins."""
    resolutions = [
        resolution_row(particle, element)
        for particle in run.particles.values()
        for element in particle.truth.elements
        if element in ("Co", "Zn")
    ]
    errors = [row for particle in run.particles.values() for row in error_rows(particle)]
    return [
        ReportTable(
            title="Resolution against the truth",
            rows=resolutions,
            section=_SECTION,
            name="resolution",
            note="Full period at which the Fourier-shell correlation with the truth falls to one half; ≤ "
            "says that two voxels are the limit. NRMSE: 0 is perfect, 1 an empty volume. SSIM: 1 is perfect.",
        ),
        ReportTable(
            title="Errors of a voxel, foretold by twins and true",
            rows=errors,
            section=_SECTION,
            name="voxel_errors",
            note="Root mean squares over the interior voxels. Twins split the error into bias, which they "
            "share, and noise, in which they differ.",
        ),
    ]


def resolution_row(particle: GlassParticle, element: str) -> dict[str, object]:
    """Resolution and agreement of one element."""
    volume = particle.zn if element == "Zn" else particle.co
    true = particle.truth.density(element)
    shell = element_shell(particle, element)
    by_direction = element_resolution(particle, element)
    return {
        "particle": particle_name(particle.name),
        "element": element,
        "all directions (nm)": resolution_text(shell.resolution()),
        **{f"along {axis} (nm)": resolution_text(by_direction.along(axis)) for axis in "xyz"},
        "NRMSE": round(nrmse(volume, true), 3),
        "SSIM": round(ssim(volume, true), 3),
    }


def element_shell(particle: GlassParticle, element: str) -> FourierShell:
    """Correlation of one element with its truth, all directions together."""
    volume = particle.zn if element == "Zn" else particle.co
    return fourier_shell(volume, particle.truth.density(element), spacing_nm=particle.metals.spacing_nm)


def element_resolution(particle: GlassParticle, element: str) -> DirectionalResolution:
    """Correlation of one element with its truth, by direction."""
    volume = particle.zn if element == "Zn" else particle.co
    return directional_resolution(
        volume, particle.truth.density(element), spacing_nm=particle.metals.spacing_nm
    )


def resolution_text(found: FourierResolution) -> str:
    """Write a resolution in nm, and what kept it from being found."""
    if found.status is ResolutionStatus.UNRESOLVED:
        return "not resolved"
    return f"{'≤ ' if found.status is ResolutionStatus.PIXEL_LIMITED else ''}{found.nm:.1f}"


def error_rows(particle: GlassParticle) -> list[dict[str, object]]:
    """Bias, noise and both together as twins foretell them, and the true error; nothing without twins."""
    twins = particle.twins
    if twins is None:
        return []
    inside = particle.diagram.interior
    rows = []
    for name, foretold, true in zip(
        ("zinc fraction", "metal density (nm⁻³)"),
        twins.errors(inside),
        particle.errors(inside),
        strict=True,
    ):
        noise = rms(np.std(foretold, axis=0, ddof=1))
        whole = rms(foretold)
        rows.append(
            {
                "particle": particle_name(particle.name),
                "quantity": name,
                "bias": f"{float(np.sqrt(max(whole**2 - noise**2, 0.0))):.4f}",
                "noise": f"{noise:.4f}",
                "foretold": f"{whole:.4f}",
                "true": f"{rms(true):.4f}",
            }
        )
    return rows
