"""The section on phase diagrams: what phases were found, where, and how sure that is."""

from collections.abc import Sequence

import numpy as np

from ..metrics import Phase
from .experiment_run import ExperimentRun
from .figures_phase import PhaseMark, figure_phase_diagram
from .glass_particle import GlassParticle
from .labels import particle_name, particle_title
from .phase_centres import phase_centres
from .report_parts import ReportFigure, ReportTable, report_figure

_SECTION = "phases"


def phase_figures(run: ExperimentRun) -> list[ReportFigure]:
    """The phase diagram of each particle, reconstructed and true."""
    found = []
    for name, particle in run.particles.items():
        truth, diagram = particle.true_diagram, particle.diagram
        figure = figure_phase_diagram(
            reconstructed=(diagram.fraction, diagram.density),
            true=(truth.fraction, truth.density),
            phases=phase_marks(diagram.phases),
            true_phases=phase_marks(truth.phases),
            limit=particle.limit.limit if np.isfinite(particle.limit.limit) else None,
            limit_true=particle.true_limit,
            name=particle_title(name),
        )
        caption = (
            f"Phase diagram of the {particle_name(name).lower()} particle, reconstructed and true: zinc "
            "fraction against metal density of the interior voxels. Crosses: the phases found, ±2σ of their "
            "voxels."
        )
        found.append(report_figure(figure, caption, _SECTION, f"phase_diagram_{name}"))
    return found


def phase_marks(phases: Sequence[Phase]) -> list[PhaseMark]:
    """Return the phases of a diagram as the figure draws them, named by their richer metal."""
    names = phase_names(phases)
    marks = []
    for name, phase in zip(names, phases, strict=True):
        fraction_sigma, density_sigma = np.sqrt(np.diag(phase.covariance))
        marks.append(
            PhaseMark(
                name=name,
                fraction=phase.fraction,
                density=phase.density,
                fraction_2sigma=2.0 * float(fraction_sigma),
                density_2sigma=2.0 * float(density_sigma),
            )
        )
    return marks


def phase_names(phases: Sequence[Phase]) -> list[str]:
    """Name phases by their richer metal, with numbers where several share one."""
    names = ["Zn-rich" if phase.fraction > 0.5 else "Co-rich" for phase in phases]
    return [
        f"{name} {names[: index + 1].count(name)}" if names.count(name) > 1 else name
        for index, name in enumerate(names)
    ]


def phase_tables(run: ExperimentRun) -> list[ReportTable]:
    """Phases found and true, and how sure the centres are."""
    rows = [row for particle in run.particles.values() for row in particle_rows(particle)]
    true = [
        {
            "particle": particle_name(name),
            "true phase": label,
            "zinc fraction": f"{phase.fraction:.4f}",
            "metal density (nm⁻³)": f"{phase.density:.3f}",
            "share (%)": round(100 * phase.share, 1),
        }
        for name, particle in run.particles.items()
        for label, phase in zip(
            phase_names(particle.true_diagram.phases), particle.true_diagram.phases, strict=True
        )
    ]
    twins = any(particle.twins is not None for particle in run.particles.values())
    note = (
        "± is the standard error of the centre over the twins; the shift is what the reconstruction adds to "
        "the centre, as the twins foretell it (it is not taken off). “True there” is the mean of the truth "
        "over the same voxels."
        if twins
        else "“True there” is the mean of the truth over the same voxels."
    )
    return [
        ReportTable(title="Phases found", rows=rows, section=_SECTION, name="phases", note=note),
        ReportTable(
            title="Phases of the true diagrams",
            rows=true,
            section=_SECTION,
            name="phases_true",
            note="Found in the true densities by the same search: a long diffusion zone can count as "
            "several.",
        ),
    ]


def particle_rows(particle: GlassParticle) -> list[dict[str, object]]:
    """One row for each phase of a particle's diagram."""
    diagram = particle.diagram
    rows = []
    for label, centre in zip(phase_names(diagram.phases), phase_centres(particle), strict=True):
        row: dict[str, object] = {
            "particle": particle_name(particle.name),
            "phase": label,
            "share (%)": round(100 * centre.share, 1),
            "zinc fraction": plus_minus(centre.fraction, centre.fraction_error, 4),
            "true there": f"{centre.true_fraction:.4f}",
            "metal density (nm⁻³)": plus_minus(centre.density, centre.density_error, 3),
            "density true there": f"{centre.true_density:.3f}",
        }
        if particle.twins is not None:
            row["foretold shift"] = f"{centre.fraction_shift:+.4f}, {centre.density_shift:+.3f}".replace(
                "-", "−"
            )
        rows.append(row)
    return rows


def plus_minus(value: float, error: float, decimals: int) -> str:
    """Write a value with its standard error where there is one.

    Examples
    --------
    >>> plus_minus(0.5, 0.0012, 3), plus_minus(0.5, float("nan"), 3)
    ('0.500 ± 0.001', '0.500')
    """
    text = f"{value:.{decimals}f}"
    return f"{text} ± {error:.{decimals}f}" if np.isfinite(error) else text
