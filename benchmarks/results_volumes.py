"""The section on volumes: their resolution by direction, and their bias and noise."""

import numpy as np

from ..metrics.directional_resolution import DirectionalResolution, directional_resolution
from ..metrics.fourier_resolution import FourierResolution, ResolutionStatus
from ..metrics.fourier_shell import fourier_shell
from ..metrics.volumes import nrmse, ssim
from .experiment_run import ExperimentRun
from .glass_particle import GlassParticle, rms
from .labels import particle_name
from .report_parts import ReportTable

_SECTION = "volumes"


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
    spacing = particle.metals.spacing_nm
    shell = fourier_shell(volume, true, spacing_nm=spacing)
    by_direction = element_resolution(particle, element)
    return {
        "particle": particle_name(particle.name),
        "element": element,
        "all directions (nm)": resolution_text(shell.resolution()),
        **{f"along {axis} (nm)": resolution_text(by_direction.along(axis)) for axis in "xyz"},
        "NRMSE": round(nrmse(volume, true), 3),
        "SSIM": round(ssim(volume, true), 3),
    }


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
                "bias": float(np.sqrt(max(whole**2 - noise**2, 0.0))),
                "noise": noise,
                "foretold": whole,
                "true": rms(true),
            }
        )
    return rows
