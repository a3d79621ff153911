"""The section on the particles: what was recorded, what was reconstructed, and what both look like."""

import numpy as np

from .experiment_run import ExperimentRun
from .figures_maps import figure_maps
from .figures_render import figure_rendering
from .labels import particle_name, particle_title
from .report_parts import ReportFigure, ReportTable, report_figure

_SECTION = "particles"


def particle_figures(run: ExperimentRun) -> list[ReportFigure]:
    """Maps, reprojections and slices of each particle, and renderings of all."""
    found = []
    sections = run.calibrations[run.experiment.microscope].cross_section_barn
    for name, particle in run.particles.items():
        maps = {line: particle.eds.channel(line).data for line in particle.eds.channels}
        middle = int(np.argmin(np.abs(particle.eds.angles_deg)))
        figure = figure_maps(
            counts={line: data[middle] for line, data in maps.items()},
            reprojected=particle.reprojected(sections),
            densities={line: particle.metals.channel(line) for line in maps},
            spacing_nm=run.spacing_nm,
            name=particle_title(name),
        )
        caption = (
            f"The {particle_name(name).lower()} particle: recorded counts at 0°, the counts that the TV² "
            "reconstruction predicts there, and three slices through it, all slices on one colour scale."
        )
        found.append(report_figure(figure, caption, _SECTION, f"maps_{name}"))
    pairs = {particle_name(name): (particle.zn, particle.co) for name, particle in run.particles.items()}
    if pairs:
        figure = figure_rendering(pairs, spacing_nm=run.spacing_nm)
        caption = "The particles rendered from their reconstructed Co and Zn, whole and cut open."
        found.append(report_figure(figure, caption, _SECTION, "rendering"))
    return found


def particle_tables(run: ExperimentRun) -> list[ReportTable]:
    """Spread and bias inside the single phases of the truth."""
    rows = [
        {
            "particle": particle_name(name),
            "phase": phase.replace("_", " "),
            "voxels": one.voxels,
            "zinc fraction, ±2σ": one.zn_fraction_2sigma,
            "zinc fraction, bias": one.zn_fraction_bias,
            "density, ±2σ (nm⁻³)": one.density_2sigma,
            "density, bias (nm⁻³)": one.density_bias,
        }
        for name, particle in run.particles.items()
        for phase, one in {"all": particle.spread, **particle.spread.phases}.items()
    ]
    return [
        ReportTable(
            title="Inside single phases, against the truth",
            rows=rows,
            section=_SECTION,
            name="precision",
            note="Voxels at least three voxels inside a phase of the truth. The regulariser gives nearly "
            "exact zeros, so that pure phases are all but free of noise.",
        )
    ]
