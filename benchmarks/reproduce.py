"""The main job: the published experiment in simulation, from standards to phase diagrams."""

import json
import math
import resource
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import __version__
from ..forward import MICROSCOPES
from ..metrics import CrossSectionFit
from ..metrics.linearity import linearity_test
from .calibration import Calibration, calibrate, draw_standard, measure_standard, standard_names
from .compilation import compiled_kernels, warm_up
from .experiment import PARTICLES, Experiment
from .glass_particle import GlassParticle, study_particle
from .progress import Progress, Stage

_PACKAGES = ("numpy", "scipy", "numba", "odl", "pandas", "matplotlib", "scikit-image")


def reproduce(
    *,
    microscope: str = "osiris",
    size: int = 96,
    seed: int = 0,
    twins: int = 4,
    out: Path | str,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run the published experiment and write what it found.

    Calibrates the EDS cross-sections of both microscopes on four standards each, then simulates,
    reconstructs and judges the phase-segregated and the flux-melted particle on one microscope.

    Parameters
    ----------
    microscope : {"osiris", "titan"}
        The one that maps the particles.
    size : int
        Voxels along every edge, 32 to 192, even.
    seed : int
        Same seed, same bits.
    twins : int
        Twins of each particle, simulated from its reconstruction, that tell the uncertainty of its
        voxels; each costs as much as the reconstruction. 0 for none.
    out : path-like
        Folder that is filled with ``summary.json``, ``report.html``, ``figures/``, ``tables/`` and
        ``volumes/``; it must exist.
    progress : Progress, optional
        Told what is being done.

    Returns
    -------
    dict
        The content of ``summary.json``.

    Raises
    ------
    ValueError
        When a parameter is out of range, or a name unknown.
    """
    experiment = Experiment(microscope=microscope, size=size, seed=seed, twins=twins)
    progress = progress or Progress()
    with compiled_kernels(progress):
        return _run(experiment, Path(out), progress)


def _run(experiment: Experiment, out: Path, progress: Progress) -> dict[str, Any]:
    from .experiment_run import ExperimentRun
    from .results import write_results

    start = time.perf_counter()
    with progress.stage("load the kernels"):
        warm_up(("tv", "tv2"))
    calibrations = run_calibrations(experiment, progress)
    sections = calibrations[experiment.microscope].cross_section_barn
    particles = {}
    for name in PARTICLES:
        with progress.stage(f"particle: {name.replace('_', ' ')}") as stage:
            particles[name] = study_particle(experiment, name, sections, gap_note(stage))
    summary = summarise(experiment, calibrations, particles)
    run = ExperimentRun(
        experiment=experiment, calibrations=calibrations, particles=particles, summary=summary
    )
    with progress.stage("figures, tables, volumes and report"):
        seconds = time.perf_counter() - start
        write_results(out, run, summary=lambda: {**summary, "runtime": runtime(seconds)})
    # The time of the figures counts too: the file is written last, with the whole.
    summary["runtime"] = runtime(time.perf_counter() - start)
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return summary


def run_calibrations(experiment: Experiment, progress: Progress) -> dict[str, Calibration]:
    """Calibrate every microscope on the same four standards, each measured anew."""
    measured: dict[str, list] = {microscope: [] for microscope in MICROSCOPES}
    for name, element, material in standard_names():
        with progress.stage(f"standard: {name}") as stage:
            phantom = draw_standard(experiment, name, element)
            for microscope, standards in measured.items():
                note = gap_note(stage, f"{microscope}, ")
                standards.append(
                    measure_standard(experiment, phantom, microscope, name, element, material, note)
                )
    return {
        microscope: calibrate(experiment, microscope, tuple(standards))
        for microscope, standards in measured.items()
    }


def gap_note(stage: Stage, prefix: str = "") -> Callable[[int, float, float], None]:
    """Return a callback that shows how far a solve is."""

    def note(iteration: int, objective: float, relative_gap: float) -> None:
        stage.update(0, f"{prefix}iteration {iteration}, gap {relative_gap:.1e}")

    return note


def summarise(
    experiment: Experiment, calibrations: dict[str, Calibration], particles: dict[str, GlassParticle]
) -> dict[str, Any]:
    """Everything that ``summary.json`` holds but the runtime; unknown numbers are None."""
    calibration = {
        microscope: {
            line: {
                "true_barn": MICROSCOPES[microscope].cross_section_barn[line],
                "fit_barn": fit.cross_section_barn,
                "standard_error_barn": fit.standard_error_barn,
                "interval_barn": list(fit.interval_barn),
                "standard_errors_barn": dict(fit.standard_errors_barn),
                "linearity": linearity_summary(fit),
            }
            for line, fit in one.fits.items()
        }
        for microscope, one in calibrations.items()
    }
    settings = {
        "microscope": experiment.microscope,
        "size": experiment.size,
        "seed": experiment.seed,
        "spacing_nm": experiment.spacing_nm,
        "field_of_view_nm": experiment.field_of_view_nm,
        "beam_current_na": experiment.beam_current_na,
        "dwell_s": experiment.dwell_s("eds"),
        "adf_dwell_s": experiment.dwell_s("adf"),
        "eds_tilts_deg": list(experiment.eds_tilts.angles_deg),
        "adf_tilts_deg": list(experiment.adf_tilts.angles_deg),
        "gap": experiment.gap,
        "twins": experiment.twins,
    }
    return without_nan(
        {
            "settings": settings,
            "calibration": calibration,
            "particles": {name: particle.summary() for name, particle in particles.items()},
        }
    )


def linearity_summary(fit: CrossSectionFit) -> dict[str, float | bool]:
    """Whether the counts of a line are proportional to thickness, and what else would have been seen."""
    test = linearity_test(fit)
    return {
        "linear": test.linear,
        "p_value": test.p_value,
        "beyond_250_nm": test.beyond_250_nm,
        "detectable_beyond": test.detectable_beyond,
    }


def without_nan(value: Any) -> Any:
    """Replace numbers that JSON cannot hold by None, all the way down."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    if isinstance(value, float) or hasattr(value, "dtype"):
        number = value if isinstance(value, float) else value.item()
        return None if isinstance(number, float) and not math.isfinite(number) else number
    return value


def runtime(seconds: float) -> dict[str, Any]:
    """What the run took, and what it ran on."""
    import numba

    # Linux counts kibibytes, macOS bytes.
    unit = 1.0 if sys.platform == "darwin" else 1024.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    versions = {"glasstomo": __version__, "python": sys.version.split()[0]}
    versions |= {name: metadata.version(name) for name in _PACKAGES}
    return {
        "seconds": round(seconds, 1),
        "peak_rss_mb": round(peak),
        "threads": numba.get_num_threads(),
        "versions": versions,
    }
