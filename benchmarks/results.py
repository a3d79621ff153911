"""What a run leaves behind: figures, tables, volumes and the report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..forward import save_volume
from .experiment_run import ExperimentRun
from .report import write_report
from .report_parts import ReportFigure, ReportTable, sorted_by_section
from .results_calibration import calibration_figures, calibration_tables
from .results_interfaces import interface_figures, interface_tables
from .results_particles import particle_figures, particle_tables
from .results_phases import phase_figures, phase_tables
from .results_run import run_tables
from .results_surfaces import surface_figures, surface_tables
from .results_verdicts import verdict_figures, verdict_tables
from .results_volumes import volume_figures, volume_tables

# Each section brings its own figures and tables; their order on the page is that of `SECTIONS`.
_FIGURES: tuple[Callable[[ExperimentRun], list[ReportFigure]], ...] = (
    calibration_figures,
    surface_figures,
    particle_figures,
    phase_figures,
    verdict_figures,
    interface_figures,
    volume_figures,
)
_TABLES: tuple[Callable[[ExperimentRun], list[ReportTable]], ...] = (
    calibration_tables,
    surface_tables,
    particle_tables,
    phase_tables,
    verdict_tables,
    interface_tables,
    volume_tables,
    run_tables,
)


def write_results(out: Path, run: ExperimentRun, *, summary: Callable[[], dict[str, Any]]) -> None:
    """Write all but ``summary.json`` into a folder.

    Parameters
    ----------
    out : pathlib.Path
        The folder; it must exist.
    run : ExperimentRun
        What was run and found.
    summary : callable
        Returns the summary for the report, runtime included; called last.
    """
    for name in ("figures", "tables", "volumes"):
        (out / name).mkdir(exist_ok=True)
    figures = sorted_by_section([figure for make in _FIGURES for figure in make(run)])
    for number, figure in enumerate(figures, start=1):
        # Files stand in the order of the page, under its numbers.
        (out / "figures" / f"{number:02d}_{figure.name}.png").write_bytes(figure.data)
    tables = [table for make in _TABLES for table in make(run)]
    for table in tables:
        pd.DataFrame(list(table.data or table.rows)).to_csv(out / "tables" / f"{table.name}.csv", index=False)
    write_volumes(out / "volumes", run)
    write_report(summary(), figures=figures, tables=tables, out=out / "report.html")


def write_volumes(folder: Path, run: ExperimentRun) -> None:
    """Write every particle's reconstructed and true metal densities, and its ADF volume."""
    spacing = run.spacing_nm
    for name, particle in run.particles.items():
        channels = particle.metals.channels
        save_volume(
            folder / f"{name}_metals.h5", particle.metals.volume, channels=channels, spacing_nm=spacing
        )
        truth = np.stack([particle.truth.density(line.partition("_")[0]) for line in channels])
        save_volume(folder / f"{name}_metals_true.h5", truth, channels=channels, spacing_nm=spacing)
        save_volume(
            folder / f"{name}_adf.h5", particle.adf.volume, channels=particle.adf.channels, spacing_nm=spacing
        )
