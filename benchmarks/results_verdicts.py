"""The section on verdicts: every number that a run claims, with its interval, beside the truth."""

from typing import Any

import numpy as np

from .experiment_run import ExperimentRun
from .figures_verdicts import Estimate, figure_verdicts
from .glass_particle import GlassParticle
from .labels import line_label, particle_name
from .report_answers import interval_barn, percent
from .report_parts import ReportFigure, ReportTable, report_figure

_SECTION = "verdicts"
_NAN = float("nan")


def verdict_figures(run: ExperimentRun) -> list[ReportFigure]:
    """Cross-sections over the truth, miscibility limits and interface widths, with their intervals."""
    panels = [
        ("Cross-section over true", cross_section_estimates(run.summary)),
        ("Miscibility limit (zinc fraction)", limit_estimates(run.summary)),
        ("Interface width (nm)", width_estimates(run.summary)),
    ]
    caption = (
        "What the run claims, with 95 % intervals, and the truth (crosses): cross-sections relative to the "
        "truth, the zinc fraction at which the phases part, and the width of the interface where they have "
        "not mixed, the last two from the reconstructed volume and fitted straight to the counts. Blue "
        "intervals hold the truth, red ones do not; one of twenty may not."
    )
    return [report_figure(figure_verdicts(panels), caption, _SECTION, "verdicts")]


def cross_section_estimates(summary: dict[str, Any]) -> list[Estimate]:
    """Fitted over true cross-sections of all microscopes."""
    found = []
    for microscope, lines in summary["calibration"].items():
        for line, one in lines.items():
            low, high = interval_barn(one)
            true = one["true_barn"]
            name = f"{microscope.capitalize()} {line_label(line)}"
            found.append(
                Estimate(name=name, value=one["fit_barn"] / true, low=low / true, high=high / true, true=1.0)
            )
    return found


def limit_estimates(summary: dict[str, Any]) -> list[Estimate]:
    """Miscibility limits of the particles that have one, or were said to, from volumes and from counts."""
    found = []
    for name, particle in summary["particles"].items():
        for key, how in (("miscibility_limit", "volume"), ("miscibility_limit_from_counts", "counts")):
            limit, error = (number(particle.get(one)) for one in (key, f"{key}_standard_error"))
            if np.isfinite(limit):
                low, high = limit - 1.96 * error, limit + 1.96 * error
                true = number(particle.get("miscibility_limit_true"))
                label = f"{particle_name(name)}, {how}"
                found.append(Estimate(name=label, value=limit, low=low, high=high, true=true))
    return found


def width_estimates(summary: dict[str, Any]) -> list[Estimate]:
    """Interface widths of the particles whose phases have not mixed, from volumes and from counts."""
    found = []
    for name, particle in summary["particles"].items():
        for key, how in (("interface_width", "volume"), ("interface_width_from_counts", "counts")):
            true, value = (number(particle.get(one)) for one in ("interface_width_true_nm", f"{key}_nm"))
            if np.isfinite(true) and np.isfinite(value):
                low, high = (number(end) for end in particle[f"{key}_interval_nm"])
                label = f"{particle_name(name)}, {how}"
                found.append(Estimate(name=label, value=value, low=low, high=high, true=true))
    return found


def number(value: float | None) -> float:
    """Take what is not known for NaN."""
    return _NAN if value is None else float(value)


def foretold_distance(particle: GlassParticle) -> float | None:
    """Mean distance of the twins' diagrams to that of their model."""
    twins = particle.twins
    return None if twins is None else round(float(np.mean(twins.distances(particle.diagram.interior))), 3)


def verdict_tables(run: ExperimentRun) -> list[ReportTable]:
    """Mixing states with their confidence, and the evidence behind them."""
    states = [
        {
            "particle": particle_name(name),
            "state": particle.mixing.state,
            "likeliest": f"{particle.mixing.likeliest}, {percent(particle.mixing.confidence)}",
            "true": None if particle.truth.particle is None else particle.truth.particle.mixing_state,
            "mixed share (%)": round(100 * particle.mixing.mixed_share, 1),
            "thick mixed share (%)": round(100 * particle.mixing.thick_share, 1),
            "blur (voxels)": round(particle.mixing.resolution_voxels, 1),
        }
        for name, particle in run.particles.items()
    ]
    undecided = [
        f" {particle_name(name)}: {particle.mixing.reason}."
        for name, particle in run.particles.items()
        if particle.mixing.reason
    ]
    distances = [
        {
            "particle": particle_name(name),
            "to the true diagram": round(particle.distance, 3),
            "over the same voxels": round(particle.same_voxels_distance(particle.diagram), 3),
            "foretold by twins": foretold_distance(particle),
            "once corrected": None
            if particle.corrected is None
            else round(particle.same_voxels_distance(particle.corrected), 3),
        }
        for name, particle in run.particles.items()
    ]
    return [
        ReportTable(
            title="Mixing states",
            rows=states,
            section=_SECTION,
            name="mixing_states",
            note="A blurred sharp interface makes a thin sheet of mixed voxels; regions of mixed voxels "
            "that are thicker than the blur allows are the evidence for mixing." + "".join(undecided),
        ),
        ReportTable(
            title="Distances of the phase diagrams",
            rows=distances,
            section=_SECTION,
            name="distances",
            note="In published precisions: a diagram displaced by 0.03 in zinc fraction or by 2 nm⁻³ lies "
            "at a distance of 1. The true diagram holds every voxel that the body fills; over the same "
            "voxels only what the reconstruction gets wrong counts, and that is what "
            "twins foretell, and what their corrections should lessen.",
        ),
    ]
