"""The section on surfaces: how a threshold is found, and how well its surface fits the true one."""

import numpy as np

from ..metrics import dice
from .experiment_run import ExperimentRun
from .figures_esf import figure_esf
from .figures_surfaces import Surface, figure_surfaces
from .labels import particle_name
from .report_parts import ReportFigure, ReportTable, report_figure

_SECTION = "surfaces"


def surface_figures(run: ExperimentRun) -> list[ReportFigure]:
    """The edge-spread fit of one standard, and the outlines of the particles."""
    standard = next(iter(run.calibrations.values())).standards[0]
    threshold = standard.threshold
    figure = figure_esf(
        thresholds=threshold.thresholds,
        volumes=threshold.volumes,
        differences=threshold.differences,
        fitted=threshold.fitted,
        threshold=threshold.threshold,
        standard_error=threshold.standard_error,
        levels=(threshold.low, threshold.high),
        unit="electrons nm$^{-1}$",
        voxel_nm3=run.spacing_nm**3,
    )
    caption = (
        f"How the surface of {standard.name} is found: the volume above a threshold, its slope, and the "
        "fit of an edge-spread function, whose steepest point is the threshold (dashed). Dotted: the levels "
        "of background and particle that the fit finds."
    )
    found = [report_figure(figure, caption, _SECTION, "threshold")]
    surfaces = [surface for surface in map(particle_surface, run.particles.values()) if surface is not None]
    if surfaces:
        figure = figure_surfaces(surfaces, spacing_nm=run.spacing_nm)
        caption = (
            "Slices through the reconstructed metal density of the particles, with the surface at the "
            "edge-spread threshold (orange) and the true one (blue, dashed), which half fills its voxels."
        )
        found.append(report_figure(figure, caption, _SECTION, "surfaces"))
    return found


def particle_surface(particle) -> Surface | None:
    """Metal density, threshold and truth of one particle; None if its mask did not come from a threshold."""
    threshold = particle.diagram.threshold
    if threshold is None:
        return None
    return Surface(
        name=particle_name(particle.name),
        volume=particle.zn + particle.co,
        threshold=threshold.threshold,
        fill=particle.truth.fill,
    )


def surface_tables(run: ExperimentRun) -> list[ReportTable]:
    """Volumes inside the surfaces over the true ones, of the standards and of the particles."""
    standards = [
        {
            "microscope": microscope.capitalize(),
            "standard": standard.name,
            "volume over true": round(standard.volume_ratio, 3),
            "threshold over plateau": round(standard.threshold.threshold / standard.threshold.high, 3),
            "thickest (nm)": round(float(standard.thickness_nm.max()), 1),
            "fit": standard.threshold.status.name.lower().replace("_", " "),
        }
        for microscope, calibration in run.calibrations.items()
        for standard in calibration.standards
    ]
    particles = []
    for particle in run.particles.values():
        true = particle.truth.fill > 0.5
        adf = particle.adf.volume > particle.adf_threshold.threshold
        for signal, mask in (("metals (EDS)", particle.diagram.particle), ("ADF", adf)):
            ratio = np.count_nonzero(mask) / float(particle.truth.fill.sum(dtype=np.float64))
            particles.append(
                {
                    "particle": particle_name(particle.name),
                    "volume from": signal,
                    "volume over true": round(ratio, 3),
                    "Dice overlap": round(dice(mask, true), 3),
                }
            )
    return [
        ReportTable(title="Standards", rows=standards, section=_SECTION, name="standards"),
        ReportTable(
            title="Particles",
            rows=particles,
            section=_SECTION,
            name="surfaces",
            note="Dice overlap: twice the shared volume over the sum of both; 1 is perfect.",
        ),
    ]
