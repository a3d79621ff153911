"""What a run leaves behind: figures, tables, volumes and the report."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..forward import MICROSCOPES, save_volume
from ..metrics import Phase
from .calibration import Calibration
from .experiment import Experiment
from .figures_calibration import CrossSection, LineCalibration, figure_counts, figure_cross_sections
from .figures_esf import figure_esf
from .figures_maps import figure_maps
from .figures_phase import PhaseMark, figure_phase_diagram
from .figures_render import figure_rendering
from .figures_standard import figure_standard
from .figures_style import png_bytes
from .glass_particle import GlassParticle
from .report import ReportFigure, ReportTable, write_report

_TITLES = {
    "segregated": "Phase-segregated (a$_T$ZIF-4-Co)$_{0.5}$(a$_g$ZIF-62)$_{0.5}$",
    "flux_melted": "Flux-melted a$_g$[(ZIF-67)$_{0.2}$(ZIF-62)$_{0.8}$]",
}
_PLAIN = {"segregated": "phase-segregated", "flux_melted": "flux-melted"}


def write_results(
    out: Path,
    experiment: Experiment,
    calibrations: dict[str, Calibration],
    particles: dict[str, GlassParticle],
    summary: Callable[[], dict[str, Any]],
) -> None:
    """Write all but ``summary.json`` into a folder.

    Parameters
    ----------
    out : pathlib.Path
        The folder; it must exist.
    experiment, calibrations, particles
        What was run and found.
    summary : callable
        Returns the summary for the report, runtime included; called last.
    """
    for name in ("figures", "tables", "volumes"):
        (out / name).mkdir(exist_ok=True)
    figures = [
        *standard_figures(calibrations, experiment.spacing_nm),
        *calibration_figures(calibrations),
        *particle_figures(experiment, calibrations[experiment.microscope], particles),
    ]
    for name, figure in figures:
        (out / "figures" / f"{name}.png").write_bytes(figure.data)
    tables = all_tables(calibrations, particles)
    for name, table in tables.items():
        pd.DataFrame(list(table.rows)).to_csv(out / "tables" / f"{name}.csv", index=False)
    write_volumes(out / "volumes", experiment, particles)
    write_report(
        summary(),
        figures=[figure for _, figure in figures],
        tables=list(tables.values()),
        out=out / "report.html",
    )


def standard_figures(
    calibrations: dict[str, Calibration], spacing_nm: float
) -> list[tuple[str, ReportFigure]]:
    """Micrograph, surface and thickness of one standard of each metal, and how a surface is found."""
    standards = next(iter(calibrations.values())).standards
    shown = {standard.element: standard for standard in reversed(standards)}
    found = []
    for standard in sorted(shown.values(), key=lambda one: one.element):
        figure = figure_standard(
            adf=standard.adf,
            volume=standard.reconstruction.volume,
            threshold=standard.threshold.threshold,
            thickness_nm=standard.thickness_nm,
            spacing_nm=spacing_nm,
            name=standard.name,
        )
        caption = (
            f"The standard {standard.name}: ADF micrograph at 0° (film level removed), surface of its TV "
            "reconstruction at the edge-spread threshold, and thickness along the beam at 0°. "
            f"Segmented over true volume: {standard.volume_ratio:.3f}."
        )
        found.append((f"1_standard_{standard.element}", figure_report(figure, caption, "calibration")))
    threshold = standards[0].threshold
    figure = figure_esf(
        thresholds=threshold.thresholds,
        volumes=threshold.volumes,
        differences=threshold.differences,
        fitted=threshold.fitted,
        threshold=threshold.threshold,
        standard_error=threshold.standard_error,
        levels=(threshold.low, threshold.high),
        unit="electrons nm$^{-1}$",
        voxel_nm3=spacing_nm**3,
    )
    caption = (
        f"How the surface of {standards[0].name} is found: the volume above a threshold, its slope, and the "
        "fit of an edge-spread function, whose steepest point is the threshold (dashed). Dotted: the levels "
        "of background and particle that the fit finds."
    )
    found.append(("1_threshold", figure_report(figure, caption, "reconstruction")))
    return found


def calibration_figures(calibrations: dict[str, Calibration]) -> list[tuple[str, ReportFigure]]:
    """Counts against thickness of each microscope, and all cross-sections beside the truth."""
    found = []
    for microscope, calibration in calibrations.items():
        lines = [line_calibration(calibration, line) for line in calibration.fits]
        caption = (
            f"Counts per pixel against thickness at 0° on {microscope}, both standards of each metal. "
            "Line: eq. (1) with the fitted cross-section."
        )
        figure = figure_counts(lines, microscope=microscope.capitalize())
        found.append((f"2_counts_{microscope}", figure_report(figure, caption, "calibration")))
    sections = [
        CrossSection(
            microscope=microscope,
            line=line,
            true_barn=MICROSCOPES[microscope].cross_section_barn[line],
            fit_barn=fit.cross_section_barn,
            standard_error_barn=fit.standard_error_barn,
        )
        for microscope, calibration in calibrations.items()
        for line, fit in calibration.fits.items()
    ]
    caption = "Fitted over true cross-sections of both microscopes; bars are 95 % intervals."
    figure = figure_cross_sections(sections)
    found.append(("2_cross_sections", figure_report(figure, caption, "calibration")))
    return found


def line_calibration(calibration: Calibration, line: str) -> LineCalibration:
    """Points and fitted slope of one line, per nm of its metal's standards."""
    fit = calibration.fits[line]
    thickness = np.concatenate([points.thickness_nm for points in fit.particles])
    fitted = np.concatenate([points.fitted_counts for points in fit.particles])
    slope = float(fitted.sum() / thickness.sum())
    return LineCalibration(
        line=line,
        thickness_nm=thickness,
        counts=np.concatenate([points.counts for points in fit.particles]),
        slope_per_nm=slope,
        slope_standard_error=slope * fit.standard_error_barn / fit.cross_section_barn,
    )


def particle_figures(
    experiment: Experiment, calibration: Calibration, particles: dict[str, GlassParticle]
) -> list[tuple[str, ReportFigure]]:
    """Maps and slices, renderings, and phase diagrams of the particles."""
    found = []
    for name, particle in particles.items():
        maps = {line: particle.eds.channel(line).data for line in particle.eds.channels}
        middle = int(np.argmin(np.abs(particle.eds.angles_deg)))
        figure = figure_maps(
            counts={line: data[middle] for line, data in maps.items()},
            reprojected=particle.reprojected(calibration.cross_section_barn),
            densities={line: particle.metals.channel(line) for line in maps},
            spacing_nm=experiment.spacing_nm,
            name=_TITLES[name],
        )
        caption = (
            f"The {_PLAIN[name]} particle: recorded counts at 0°, the counts that the TV² reconstruction "
            "predicts there, and three slices through it, all slices on one colour scale."
        )
        found.append((f"3_maps_{name}", figure_report(figure, caption, "particles")))
    pairs = {_PLAIN[name].capitalize(): (particle.zn, particle.co) for name, particle in particles.items()}
    figure = figure_rendering(pairs, spacing_nm=experiment.spacing_nm)
    caption = "Both particles rendered from their reconstructed Co and Zn, whole and cut open."
    found.append(("4_rendering", figure_report(figure, caption, "particles")))
    for number, (name, particle) in enumerate(particles.items(), start=5):
        truth, diagram = particle.true_diagram, particle.diagram
        figure = figure_phase_diagram(
            reconstructed=(diagram.fraction, diagram.density),
            true=(truth.fraction, truth.density),
            phases=phase_marks(diagram.phases),
            true_phases=phase_marks(truth.phases),
            limit=particle.limit.limit if np.isfinite(particle.limit.limit) else None,
            limit_true=particle.true_limit,
            name=_TITLES[name],
        )
        caption = (
            f"Phase diagram of the {_PLAIN[name]} particle, reconstructed and true: zinc fraction against "
            "metal density of the interior voxels. Crosses: the phases found, ±2σ."
        )
        found.append((f"{number}_phase_diagram_{name}", figure_report(figure, caption, "phases")))
    return found


def phase_marks(phases: Sequence[Phase]) -> list[PhaseMark]:
    """Return the phases of a diagram as the figure draws them, named by their richer metal."""
    names = ["Zn-rich" if phase.fraction > 0.5 else "Co-rich" for phase in phases]
    marks = []
    for index, (name, phase) in enumerate(zip(names, phases, strict=True)):
        number = f" {names[: index + 1].count(name)}" if names.count(name) > 1 else ""
        fraction_sigma, density_sigma = np.sqrt(np.diag(phase.covariance))
        marks.append(
            PhaseMark(
                name=name + number,
                fraction=phase.fraction,
                density=phase.density,
                fraction_2sigma=2.0 * float(fraction_sigma),
                density_2sigma=2.0 * float(density_sigma),
            )
        )
    return marks


def figure_report(figure: Any, caption: str, section: str) -> ReportFigure:
    """Render a figure, and close the door on its memory."""
    return ReportFigure(image=png_bytes(figure), caption=caption, section=section)


def all_tables(
    calibrations: dict[str, Calibration], particles: dict[str, GlassParticle]
) -> dict[str, ReportTable]:
    """Tables by file name."""
    cross_sections, standards = [], []
    for microscope, calibration in calibrations.items():
        for line, fit in calibration.fits.items():
            cross_sections.append(
                {
                    "microscope": microscope,
                    "line": line,
                    "true (barn)": MICROSCOPES[microscope].cross_section_barn[line],
                    "fit (barn)": fit.cross_section_barn,
                    "standard error (barn)": fit.standard_error_barn,
                    "curvature (per µm)": fit.curvature_per_um,
                    "its standard error": fit.curvature_standard_error,
                    "residual beyond 250 nm": fit.beyond_250_nm[0],
                    "pixels": fit.n_pixels,
                    "reduced χ²": fit.reduced_chi2,
                }
            )
        for standard in calibration.standards:
            standards.append(
                {
                    "microscope": microscope,
                    "standard": standard.name,
                    "volume over true": standard.volume_ratio,
                    "thickest (nm)": float(standard.thickness_nm.max()),
                    "status": standard.reconstruction.status.value,
                    "relative gap": standard.reconstruction.relative_gap,
                    "iterations": standard.reconstruction.iterations,
                }
            )
    phases = [
        {
            "particle": name,
            "diagram": kind,
            "phase": index + 1,
            "zinc fraction": phase.fraction,
            "metal density (nm⁻³)": phase.density,
            "share": phase.share,
        }
        for name, particle in particles.items()
        for kind, diagram in (("reconstructed", particle.diagram), ("true", particle.true_diagram))
        for index, phase in enumerate(diagram.phases)
    ]
    solves = [
        {
            "particle": name,
            "signal": channel,
            "method": reconstruction.settings["method"],
            "status": reconstruction.status.value,
            "relative gap": reconstruction.relative_gap,
            "λ": reconstruction.lam[index],
        }
        for name, particle in particles.items()
        for reconstruction in (particle.adf, particle.metals)
        for index, channel in enumerate(reconstruction.channels)
    ]
    return {
        "cross_sections": ReportTable(
            title="Linearity of the calibration", rows=cross_sections, section="calibration"
        ),
        "standards": ReportTable(title="Standards", rows=standards, section="reconstruction"),
        "phases": ReportTable(title="Phases found", rows=phases, section="phases"),
        "reconstructions": ReportTable(title="Reconstructions", rows=solves, section="reconstruction"),
    }


def write_volumes(folder: Path, experiment: Experiment, particles: dict[str, GlassParticle]) -> None:
    """Write every particle's reconstructed and true metal densities, and its ADF volume."""
    for name, particle in particles.items():
        spacing = experiment.spacing_nm
        channels = particle.metals.channels
        save_volume(
            folder / f"{name}_metals.h5", particle.metals.volume, channels=channels, spacing_nm=spacing
        )
        truth = np.stack([particle.truth.density(line.partition("_")[0]) for line in channels])
        save_volume(folder / f"{name}_metals_true.h5", truth, channels=channels, spacing_nm=spacing)
        save_volume(
            folder / f"{name}_adf.h5", particle.adf.volume, channels=particle.adf.channels, spacing_nm=spacing
        )
