"""The section on phase diagrams: what phases were found, where, and how sure that is."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..metrics import Phase, PhaseDiagram, phase_diagram
from ..metrics.domains import connected_domains
from .experiment_run import ExperimentRun
from .figures_domains import figure_domains
from .figures_phase import PhaseMark, figure_phase_diagram
from .figures_phase_errors import figure_phase_errors
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
        if particle.corrected is not None:
            figure = figure_phase_errors(
                {
                    "Reconstructed": diagram,
                    "Corrected": particle.corrected,
                    "True, same voxels": same_voxels(particle),
                },
                name=particle_title(name),
            )
            caption = (
                f"The {particle_name(name).lower()} particle's phases with their errors. Thin ellipses hold "
                "95 % of a phase's voxels were they Gaussian, dashed ones without their noise, filled ones "
                "the centre; the cross is the noise of one voxel, ±2σ. Corrected: every voxel less the bias "
                "that the twins show, and every cloud narrowed by their noise. True: the truth in the same "
                "voxels."
            )
            found.append(report_figure(figure, caption, _SECTION, f"phase_errors_{name}"))
        domains = connected_domains(diagram, spacing_nm=run.spacing_nm)
        if domains.domains:
            figure = figure_domains(diagram, domains, spacing_nm=run.spacing_nm, name=particle_title(name))
            caption = (
                f"Connected domains of the phases of the {particle_name(name).lower()} particle: a colour is "
                "a phase, its tints are the phase's domains, paler voxels lie outside the interior and took "
                "the phase of their neighbours. Pieces smaller than the resolution cubed join what "
                "surrounds them."
            )
            found.append(report_figure(figure, caption, _SECTION, f"domains_{name}"))
    return found


def same_voxels(particle: GlassParticle) -> PhaseDiagram:
    """Return the diagram of the truth over the voxels of the reconstructed one, which has no errors."""
    truth = particle.truth
    found = phase_diagram(
        truth.density("Zn"), truth.density("Co"), interior=particle.diagram.interior, erode=0
    )
    exact = [replace(phase, centre_covariance=None, share_error=float("nan")) for phase in found.phases]
    return replace(found, phases=tuple(exact))


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
        "± is a standard error, over the twins; the shift is what the reconstruction adds to the centre, as "
        "the twins foretell it (it is not taken off). “True there” is the mean of the truth "
        "over the same voxels."
        if twins
        else "“True there” is the mean of the truth over the same voxels."
    )
    return [
        ReportTable(
            title="Phases found",
            rows=rows,
            section=_SECTION,
            name="phases",
            note=note,
            data=[row for particle in run.particles.values() for row in phase_numbers(particle)],
        ),
        ReportTable(
            title="Connected domains",
            rows=[row for particle in run.particles.values() for row in domain_rows(particle)],
            section=_SECTION,
            name="domains",
            note="Spanning: reaching from one end of the particle to the other.",
        ),
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
    names = phase_names(diagram.phases)
    for label, phase, centre in zip(names, diagram.phases, phase_centres(particle), strict=True):
        row: dict[str, object] = {
            "particle": particle_name(particle.name),
            "phase": label,
            "share (%)": plus_minus(100 * phase.share, 100 * phase.share_error, 2),
            "zinc fraction": plus_minus(phase.fraction, phase.fraction_error, 4),
            "true there": f"{centre.true_fraction:.4f}",
            "metal density (nm⁻³)": plus_minus(phase.density, phase.density_error, 3),
            "density true there": f"{centre.true_density:.3f}",
        }
        if particle.twins is not None:
            row["foretold shift"] = f"{centre.fraction_shift:+.4f}, {centre.density_shift:+.3f}".replace(
                "-", "−"
            )
        rows.append(row)
    return rows


def phase_numbers(particle: GlassParticle) -> list[dict[str, object]]:
    """One row for each phase of a particle's diagram, in numbers."""
    diagram = particle.diagram
    return [
        {
            "particle": particle.name,
            "phase": label,
            "share": phase.share,
            "share_error": phase.share_error,
            "zn_fraction": phase.fraction,
            "zn_fraction_error": phase.fraction_error,
            "density_nm3": phase.density,
            "density_error_nm3": phase.density_error,
            "zn_fraction_shift": centre.fraction_shift,
            "density_shift_nm3": centre.density_shift,
            "zn_fraction_true": centre.true_fraction,
            "density_true_nm3": centre.true_density,
        }
        for label, phase, centre in zip(
            phase_names(diagram.phases), diagram.phases, phase_centres(particle), strict=True
        )
    ]


def domain_rows(particle: GlassParticle, most: int = 6) -> list[dict[str, object]]:
    """One row for each of the largest domains of a particle."""
    diagram = particle.diagram
    names = phase_names(diagram.phases)
    domains = connected_domains(diagram, spacing_nm=particle.metals.spacing_nm)
    return [
        {
            "particle": particle_name(particle.name),
            "phase": names[domain.phase],
            "share of its phase (%)": round(100 * domain.share_of_phase, 1),
            "volume (10⁶ nm³)": round(1e-6 * domain.volume_nm3, 3),
            "diameter (nm)": round(domain.equivalent_diameter_nm, 1),
            "zinc fraction": f"{domain.fraction:.3f}",
            "density (nm⁻³)": f"{domain.density:.2f}",
            "spanning": "yes" if domain.spanning else "no",
        }
        for domain in domains.domains[:most]
    ]


def plus_minus(value: float, error: float, decimals: int) -> str:
    """Write a value with its standard error where there is one.

    Examples
    --------
    >>> plus_minus(0.5, 0.0012, 3), plus_minus(0.5, float("nan"), 3)
    ('0.500 ± 0.001', '0.500')
    """
    text = f"{value:.{decimals}f}"
    return f"{text} ± {error:.{decimals}f}" if np.isfinite(error) else text
