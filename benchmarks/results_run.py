"""The section on the run: how every reconstruction ended."""

from .experiment_run import ExperimentRun
from .labels import line_label, particle_name
from .report_parts import ReportTable

_SECTION = "run"


def run_tables(run: ExperimentRun) -> list[ReportTable]:
    """Status, gap and λ of every reconstruction."""
    standards = [
        {
            "of": f"{standard.name}, {microscope.capitalize()}",
            "signal": "ADF",
            "method": standard.reconstruction.settings["method"].upper(),
            "status": standard.reconstruction.status.value.replace("_", " "),
            "relative gap": standard.reconstruction.relative_gap,
            "iterations": standard.reconstruction.iterations,
            "λ": standard.reconstruction.lam[0],
        }
        for microscope, calibration in run.calibrations.items()
        for standard in calibration.standards
    ]
    particles = [
        {
            "of": particle_name(name),
            "signal": line_label(channel),
            "method": reconstruction.settings["method"].upper().replace("TV2", "TV²"),
            "status": reconstruction.status.value.replace("_", " "),
            "relative gap": reconstruction.relative_gap,
            "iterations": reconstruction.iterations,
            "λ": reconstruction.lam[index],
        }
        for name, particle in run.particles.items()
        for reconstruction in (particle.adf, particle.metals)
        for index, channel in enumerate(reconstruction.channels)
    ]
    note = "Iterations and gap of a reconstruction of several lines are those of all its lines together."
    return [
        ReportTable(
            title="Reconstructions",
            rows=standards + particles,
            section=_SECTION,
            name="reconstructions",
            note=note,
        )
    ]
